"""`Authorization: Token …`: who gets in, what is said to who does not, what it costs."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts import services
from accounts.models import ApiToken
from accounts.roles import Capability, Scope
from tests.factories.accounts import UserFactory, plain_token


class Echo(APIView):
    """Reading needs leads:read; writing also the capability that leadership lacks."""

    capabilities = {"GET": Capability.READ, "POST": Capability.EDIT_LEADS}
    scopes = {"GET": Scope.LEADS_READ, "POST": Scope.LEADS_WRITE}

    def get(self, request):
        return Response({"user": request.user.email})

    def post(self, request):
        return Response({"user": request.user.email})

    def put(self, request):
        return Response({})


urlpatterns = [path("echo/", Echo.as_view()), path("", include("sla_portal.urls"))]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def clock(now):
    with time_machine.travel(now, tick=False):
        yield


def ask(plain, method="get", prefix="Token"):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{prefix} {plain}")
    return getattr(client, method)("/echo/", format="json")


def problem(response):
    return response.status_code, response.headers["Content-Type"], response.json()["detail"]


def test_a_token_acts_for_its_person():
    mia = UserFactory()
    _, plain = plain_token(mia)
    assert ask(plain).json() == {"user": mia.email}
    assert ask(plain, prefix="token").status_code == 200


def test_the_first_request_notes_the_use_and_the_next_costs_one_query(now, django_assert_num_queries):
    _, plain = plain_token(UserFactory())
    with django_assert_num_queries(2):
        ask(plain)
    assert ApiToken.objects.get().last_used_at == now
    with django_assert_num_queries(1):
        ask(plain)


def test_without_a_token_401_names_the_scheme():
    response = APIClient().get("/echo/")
    assert problem(response)[:2] == (401, "application/problem+json")
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("plain", ["sla_0000", "x" * 5000, "sla_ünïcode", "\x00"])
def test_an_unknown_token_is_refused(plain):
    assert problem(ask(plain))[0] == 401
    assert "no such token" in problem(ask(plain))[2]


def test_half_a_header_is_refused():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token")
    assert problem(client.get("/echo/"))[0] == 401


def test_a_revoked_token_is_refused(now):
    token, plain = plain_token(UserFactory())
    services.revoke_api_token(token=token, now=now, actor=None)
    assert problem(ask(plain)) == (
        401,
        "application/problem+json",
        "This token was revoked. Settings, API tokens makes a new one.",
    )


def test_an_expired_token_is_refused_from_its_instant_on_and_kept(now):
    token, plain = plain_token(UserFactory())
    ApiToken.objects.update(expiry=now + timedelta(seconds=1))
    assert ask(plain).status_code == 200
    ApiToken.objects.update(expiry=now)
    assert problem(ask(plain))[2] == "This token has expired. Settings, API tokens makes a new one."
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_the_token_of_somebody_deactivated_is_refused(now):
    mia = UserFactory()
    _, plain = plain_token(mia)
    services.deactivate_user(user=mia, now=now, actor=None)
    assert problem(ask(plain))[0] == 401


def test_a_token_cannot_do_more_than_its_scopes():
    _, plain = plain_token(UserFactory(), Scope.LEADS_READ)
    assert ask(plain).status_code == 200
    assert problem(ask(plain, "post"))[:2] == (403, "application/problem+json")


def test_a_token_cannot_do_more_than_its_person():
    _, plain = plain_token(UserFactory(leadership=True))
    assert ask(plain).status_code == 200
    assert ask(plain, "post").status_code == 403


def test_a_method_that_a_view_does_not_name_is_refused():
    _, plain = plain_token(UserFactory(admin=True))
    assert ask(plain, "put").status_code == 403


def test_head_and_options_count_as_reading():
    _, plain = plain_token(UserFactory(), Scope.LEADS_READ)
    assert ask(plain, "head").status_code == 200
    assert ask(plain, "options").status_code == 200


def test_somebody_logged_in_may_read_and_needs_the_csrf_token_to_write():
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(UserFactory())
    assert client.get("/echo/").status_code == 200
    assert problem(client.post("/echo/", {}, format="json"))[0] == 403


def test_the_schema_describes_the_token():
    response = APIClient().get("/api/v1/schema/?format=json")
    assert response.json()["components"]["securitySchemes"]["token"]["description"]
