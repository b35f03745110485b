"""Pages of no single app: the way in, settings, health."""

from datetime import datetime

from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found, server_error
from django_prometheus.exports import ExportToDjangoView
from redis import RedisError

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from sla_portal.health import check_health
from sla_portal.problems import API, problem
from sla_portal.shell import settings_pages


@requires(Capability.READ)
def start(request: PortalRequest) -> HttpResponse:
    """Where a day starts: a rep’s in the queue, everybody else’s on Home."""
    works_only = request.user.can(Capability.WORK_HANDOFFS) and not request.user.can(Capability.READ_BOARD)
    return redirect("handoffs:queue" if works_only else "kpis:home")


@requires(Capability.READ)
def settings_home(request: PortalRequest) -> HttpResponse:
    return render(request, "sla_portal/settings.html", {"pages": settings_pages(request.user)})


@requires(Capability.ADMINISTER)
def health(request: PortalRequest) -> HttpResponse:
    now: datetime = timezone.now()
    checks = check_health(now=now)
    failed = sum(not check.ok for check in checks)
    template = "sla_portal/_health.html" if request.headers.get("HX-Request") else "sla_portal/health.html"
    return render(request, template, {"checks": checks, "failed": failed, "now": now})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A page for people, problem details for programs."""
    if request.path.startswith(API):
        return problem(404, _("There is nothing at this address. /api/v1/docs/ lists those there are."))
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """The same for what went wrong here."""
    if request.path.startswith(API):
        return problem(
            500, _("Something failed here. Send it again later: what was saved already is not done twice.")
        )
    return server_error(request)


def admin_login(request: HttpRequest) -> HttpResponseBase:
    """There is one way in: Django's admin sends people to it, and refuses who is in but no administrator."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", reverse("admin:index")))


def alive(request: HttpRequest) -> JsonResponse:
    """For a balancer: 200 when this process reaches its database and cache, 503 when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        cache.get("alive")
    except (DatabaseError, RedisError):
        return JsonResponse({"status": "unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


@requires(Capability.ADMINISTER)
def metrics(request: PortalRequest) -> HttpResponseBase:
    return ExportToDjangoView(request)  # type: ignore[no-any-return]
