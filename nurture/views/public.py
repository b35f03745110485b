"""Where the links of e-mails lead: no log-in, and nothing happens by looking (law 10).

Mail programs, scanners and previews fetch links. So a GET shows a page with one button and changes nothing that
counts; the POST of the button, or of a mail program's own button (RFC 8058), does it.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from nurture.models import Delivery
from nurture.services import follow_offer, note_fetch, read_token, unsubscribe
from nurture.services.letters import OFFER, UNSUBSCRIBE

ANYWHERE = {"form-action": ["'self'", "https:", "http:"]}
"""A browser asks the page's policy about every redirect that follows its form; an offer may redirect further."""


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """One button. Pressed, or POSTed by a mail program, nothing is written to that address any more."""
    delivery = read_token(token, UNSUBSCRIBE)
    if delivery is None:
        return _unknown(request)
    if request.method == "POST":
        delivery = unsubscribe(delivery_id=delivery.pk, now=timezone.now())
    context = {"address": _veiled(delivery.address), "is_done": request.method == "POST"}
    return _quiet(render(request, "nurture/unsubscribe.html", context))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def offer_page(request: HttpRequest, token: str) -> HttpResponse:
    """On to the offer: a person's browser goes on by itself, or by the button; that is what counts."""
    delivery = read_token(token, OFFER)
    if delivery is None or not delivery.step.offer_url:
        return _unknown(request)
    if request.method == "POST":
        address = follow_offer(delivery_id=delivery.pk, now=timezone.now())
        return _quiet(redirect(address))
    return _ask(request, delivery)


def _ask(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    note_fetch(delivery_id=delivery.pk, now=timezone.now())
    response = render(request, "nurture/offer.html", {"offer": delivery.step.offer_name})
    response._csp_replace = ANYWHERE  # type: ignore[attr-defined]
    return _quiet(response)


def _unknown(request: HttpRequest) -> HttpResponse:
    return _quiet(render(request, "nurture/unknown_link.html", status=404))


def _quiet(response: HttpResponse) -> HttpResponse:
    """No search engine keeps it, and no page behind it learns the address."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _veiled(address: str) -> str:
    """Enough to recognise one's own address by: a forwarded link does not tell it to others."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :]}"
