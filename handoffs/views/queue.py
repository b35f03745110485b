"""The queue of a rep, or of a manager: what do I do next?"""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import whole_number
from handoffs.selectors.brief import brief_of
from handoffs.selectors.pools import workers_with_load
from handoffs.selectors.queue import Section, all_handoffs, queue_of, rows_of
from handoffs.views.acts import opened_form


@requires(Capability.WORK_HANDOFFS)
def queue(request: PortalRequest) -> HttpResponse:
    """The whole page, or to htmx the list alone."""
    now, tz = timezone.now(), timezone.get_current_timezone()
    owner = _owner(request)
    words = request.GET.get("q", "").strip()
    rows = queue_of(owner.pk, now=now, tz=tz, words=words)
    template = "handoffs/_queue.html" if request.htmx else "handoffs/queue.html"
    response = render(
        request,
        template,
        {
            "owner": owner,
            "is_own": owner == request.user,
            "colleagues": _colleagues(request.user),
            "sections": [(Section(key), rows[key]) for key in Section],
            "first": next((row for section in Section for row in rows[section]), None),
            "total": sum(map(len, rows.values())),
            "query": words,
            "may_manage": request.user.can(Capability.MANAGE_HANDOFFS),
            "now": now,
        },
    )
    if request.htmx and request.htmx.trigger == "queue-search":
        response["HX-Replace-Url"] = _address(request, words)
    return response


@requires(Capability.WORK_HANDOFFS)
def pane(request: PortalRequest, pk: int) -> HttpResponse:
    """The right pane: the lead in brief, and what may be done. `?act=` opens that act's form in it."""
    now, tz = timezone.now(), timezone.get_current_timezone()
    row = rows_of([get_object_or_404(all_handoffs(), pk=pk)], now=now, tz=tz)[0]
    brief = brief_of(row.handoff, now=now, tz=tz)
    form = opened_form(request, row.handoff, request.GET.get("act", ""))
    return render(request, "handoffs/_pane.html", form | {"row": row, "brief": brief, "now": now})


def _address(request: PortalRequest, words: str) -> str:
    """The page as it is searched now, so that loading it again shows the same; nothing of a search given up."""
    asked = {"owner": request.GET.get("owner", ""), "q": words}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{request.path}?{query}" if query else request.path


def _owner(request: PortalRequest) -> User:
    """Whose queue: one's own; managers may look at anybody's."""
    wanted = whole_number(request.GET.get("owner"))
    if wanted is not None and request.user.can(Capability.MANAGE_HANDOFFS):
        return get_object_or_404(User, pk=wanted)
    return request.user


def _colleagues(user: User) -> Any:
    return workers_with_load() if user.can(Capability.MANAGE_HANDOFFS) else ()
