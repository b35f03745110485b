"""The page of notices, and the bell that every page carries."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from outbox import selectors, services
from outbox.models import Notice

PAGE_SIZE = 50
SHOWN_UP_TO = "notices_shown_up_to"
"""Session key: the newest notice when the bell last rang; later urgent ones are shown over the page."""


@requires(Capability.READ)
@require_safe
def notices_list(request: PortalRequest) -> HttpResponse:
    only_unread = request.GET.get("state") == "unread"
    found = selectors.notices(request.user, only_unread=only_unread)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    unread_count = selectors.unread(request.user).count
    context = {
        "page": page,
        "only_unread": only_unread,
        "unread_count": unread_count,
        "unread_words": ngettext("%(count)d unread", "%(count)d unread", unread_count)
        % {"count": unread_count},
        "now": timezone.now(),
    }
    return render(request, "outbox/notices.html", context)


@requires(Capability.READ)
@require_safe
@never_cache
def bell(request: PortalRequest) -> HttpResponse:
    """The inside of the bell; 204 when it would look as the page already shows it (`?seen=`)."""
    unread = selectors.unread(request.user)
    if request.GET.get("seen") == unread.mark:
        return HttpResponse(status=204)
    return _render_bell(request, unread)


@requires(Capability.READ)
@require_safe
def open_notice(request: PortalRequest, pk: int) -> HttpResponse:
    """Mark a notice read and go where it leads."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    services.mark_read(user=request.user, notice_ids=[pk], now=timezone.now())
    if url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None):
        return redirect(notice.url)
    return redirect("outbox:notices")


@requires(Capability.READ)
@require_POST
def read(request: PortalRequest, pk: int) -> HttpResponse:
    services.mark_read(user=request.user, notice_ids=[pk], now=timezone.now())
    return _row(request, pk)


@requires(Capability.READ)
@require_POST
def unread(request: PortalRequest, pk: int) -> HttpResponse:
    services.mark_unread(user=request.user, notice_ids=[pk])
    return _row(request, pk)


@requires(Capability.READ)
@require_POST
def read_all(request: PortalRequest) -> HttpResponse:
    services.mark_read(user=request.user, now=timezone.now())
    if request.headers.get("HX-Request"):
        return _render_bell(request, selectors.unread(request.user))
    return redirect("outbox:notices")


def _row(request: PortalRequest, pk: int) -> HttpResponse:
    """The changed row for htmx, which also tells the bell; the whole list for a browser without scripts."""
    if not request.headers.get("HX-Request"):
        return redirect("outbox:notices")
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    response = render(request, "outbox/_notice.html", {"notice": notice, "now": timezone.now()})
    response["HX-Trigger"] = "notices"
    return response


def _render_bell(request: PortalRequest, unread: selectors.Unread) -> HttpResponse:
    context = {
        "unread": unread,
        "latest": selectors.latest(request.user),
        "urgent": _newly_urgent(request, unread),
        "now": timezone.now(),
    }
    return render(request, "outbox/_bell.html", context)


def _newly_urgent(request: PortalRequest, unread: selectors.Unread) -> list[Notice]:
    """Urgent notices that came since the bell last rang in this session: each is shown over the page once."""
    shown: int | None = request.session.get(SHOWN_UP_TO)
    if shown is not None and unread.newest <= shown:
        return []
    request.session[SHOWN_UP_TO] = unread.newest
    return [] if shown is None else selectors.urgent_since(request.user, shown)
