"""Browser security: headers, cookies, TLS, and pages that keep to the content security policy."""

import re
from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import lockout
from tests.factories.accounts import PASSWORD, UserFactory

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.name != "mail.html")
"""Pages; what goes out by e-mail has its styles in it, for mail readers take no others."""
OWN_FILES = sorted(path for kind in ("css", "js") for path in (ROOT / "static" / kind).rglob(f"*.{kind}"))
INLINE = {
    "a script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "htmx code": re.compile(r"\shx-on|\bjs:|\bjavascript:", re.IGNORECASE),
}
ELSEWHERE = re.compile(
    r"""(?:src|href|action)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|import ["']http""", re.IGNORECASE
)


@pytest.fixture
def production(settings):
    """TLS ends at the balancer."""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    return Client(headers={"X-Forwarded-Proto": "https"})


def directives(response):
    policy = response.headers["Content-Security-Policy"]
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_nothing_that_the_policy_forbids(path):
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    assert {what for what, pattern in INLINE.items() if pattern.search(text)} == set()


@pytest.mark.parametrize("path", [*TEMPLATES, *OWN_FILES], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_fetched_from_elsewhere(path):
    assert ELSEWHERE.findall(path.read_text()) == []


@pytest.mark.django_db
def test_pages_carry_the_policy_and_the_other_headers(client):
    response = client.get(reverse("login"))
    assert directives(response) == {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    assert {name: response.headers[name] for name in ("X-Frame-Options", "X-Content-Type-Options")} == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
    }
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_page_about_the_api_keeps_to_the_same_policy(client):
    page = client.get(reverse("api-docs"))
    assert directives(page) == directives(client.get("/login/"))
    text = page.content.decode()
    assert {what for what, pattern in INLINE.items() if pattern.search(text)} == set()
    assert ELSEWHERE.findall(text) == []


def test_its_script_is_served_from_here_and_tells_nobody_of_the_schema(client):
    script = client.get(reverse("api-docs"), {"script": ""})
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert '"validatorUrl": null' in script.content.decode()


@pytest.mark.django_db
def test_cookies_are_safe(production):
    UserFactory(email="mia@example.com")
    production.get(reverse("login"))
    production.post(reverse("login"), {"username": "mia@example.com", "password": PASSWORD})
    flags = ("secure", "httponly", "samesite")
    assert {name: [cookie[flag] for flag in flags] for name, cookie in production.cookies.items()} == {
        "csrftoken": [True, True, "Lax"],
        "sla_session": [True, True, "Lax"],
    }


@pytest.mark.django_db
def test_plain_http_is_sent_to_tls_except_for_the_balancers_question(production):
    plain = Client()
    assert plain.get("/login/")["Location"] == "https://testserver/login/"
    assert plain.get(reverse("alive")).status_code == 200
    assert production.get("/login/").status_code == 200


@pytest.mark.django_db
def test_browsers_are_told_to_stay_on_tls(production):
    assert production.get("/login/").headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_another_host_is_refused(client):
    refused = client.get("/login/", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "The portal cannot read this" in refused.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "203.0.113.9, 198.51.100.4", "198.51.100.4"),
        (2, "203.0.113.9, 198.51.100.4", "203.0.113.9"),
        (2, "198.51.100.4", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_failed_log_ins_are_counted_by_an_address_nobody_can_invent(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    assert lockout.address(request) == address
