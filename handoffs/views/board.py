"""The manager's board: who is about to breach or has?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import whole_number
from agreements.selectors import ClauseRef, cite
from handoffs.forms import DisputeForm, ReassignForm, RulingForm, WaiveForm
from handoffs.models import Breach, Handoff, Pool
from handoffs.selectors.board import Scope, Show, figures, listed, rep_lines
from handoffs.selectors.disputes import disputes_of
from handoffs.selectors.pools import workers_with_load
from handoffs.selectors.queue import QueueRow, rows_of
from handoffs.services import Refused, dispute_ending, reassign_handoffs, rule_on_dispute, waive_breach
from handoffs.views.act_page import About, ActPage, Values, data_of, perform
from handoffs.views.answers import done, not_done

A_PAGE = 50


@requires(Capability.READ_BOARD)
def board(request: PortalRequest) -> HttpResponse:
    """The figures, the reps, and the handoffs behind the chosen figure."""
    now, tz = timezone.now(), timezone.get_current_timezone()
    scope, show = _scope(request), _show(request)
    counts = figures(scope, now=now, tz=tz)
    page = Paginator(listed(show, scope, now=now, tz=tz), A_PAGE).get_page(request.GET.get("page"))
    rows = rows_of(page.object_list, now=now, tz=tz)
    breaches, disputes = _missed(rows), disputes_of([row.handoff for row in rows])
    reps = rep_lines(scope, now=now, tz=tz)
    context = {
        "show": show,
        "tiles": [(each, counts[each], each == show) for each in Show],
        "counts": {each.value: count for each, count in counts.items()},
        "reps": reps,
        "owners": sorted((line.user for line in reps), key=lambda user: user.name),
        "rows": [
            (row, breaches.get(row.handoff.pk), _clause(row), disputes.get(row.handoff.pk)) for row in rows
        ],
        "page": page,
        "pools": Pool.objects.all(),
        "takers": workers_with_load(),
        "chips": _chips(scope),
        "may_manage": request.user.can(Capability.MANAGE_HANDOFFS),
        "now": now,
    }
    return render(request, "handoffs/_board.html" if request.htmx else "handoffs/board.html", context)


@require_POST
@requires(Capability.MANAGE_HANDOFFS)
def reassign(request: PortalRequest) -> HttpResponse:
    """Give the chosen handoffs to somebody."""
    form = ReassignForm(request.POST, takers=workers_with_load())
    if not form.is_valid():
        return not_done(request, _("Choose handoffs, and who takes them."), back=_board())
    taker: User = form.cleaned_data["to"]
    try:
        count = reassign_handoffs(
            handoff_ids=form.cleaned_data["handoff"],
            to_user_id=taker.pk,
            now=timezone.now(),
            actor=request.user,
        )
    except Refused as refusal:
        return not_done(request, refusal.message, back=_board())
    words = ngettext("%(count)d handoff given to %(name)s.", "%(count)d handoffs given to %(name)s.", count)
    return done(request, words % {"count": count, "name": taker}, back=_board())


def _waive(breach: Breach, values: Values, now: datetime, actor: User) -> object:
    return waive_breach(breach_id=breach.pk, reason=values["reason"], now=now, actor=actor)


def _dispute(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    return dispute_ending(handoff_id=handoff.pk, note=values["note"], now=now, actor=actor)


def _rule(handoff: Handoff, values: Values, now: datetime, actor: User) -> object:
    reopen = values["ruling"] == RulingForm.REOPEN
    return rule_on_dispute(handoff_id=handoff.pk, reopen=reopen, note=values["note"], now=now, actor=actor)


def _about_breach(breach: Breach) -> Iterator[About]:
    """Which promise, whose, and when it was due."""
    clause = cite(breach.version_id, breach.clause_key)
    yield About(gettext_lazy("Missed"), breach.get_kind_display(), clause=clause)
    yield About(gettext_lazy("By"), str(breach.owner))
    yield About(gettext_lazy("Due"), at=breach.due_at)


def _about_ending(handoff: Handoff) -> Iterator[About]:
    """How it ended, and why that is disputed."""
    ended = About(handoff.get_state_display(), str(handoff.owner or ""), at=handoff.ended_at)
    dispute = disputes_of([handoff]).get(handoff.pk)
    if dispute is None:
        clause = cite(handoff.version_id, handoff.reason_key)
        yield replace(ended, clause=clause, said=handoff.reason_note)
        return
    yield replace(ended, clause=dispute.reason, said=dispute.note)
    yield About(gettext_lazy("Disputed"), str(dispute.by or ""), at=dispute.at, said=dispute.words)


WAIVE: ActPage[Breach] = ActPage(
    gettext_lazy("Waive the breach"),
    gettext_lazy("Waive"),
    gettext_lazy("breach waived; it stays on record."),
    lambda breach, request: WaiveForm(data_of(request)),
    _waive,
    about=lambda breach: list(_about_breach(breach)),
)
DISPUTE: ActPage[Handoff] = ActPage(
    gettext_lazy("Dispute the ending"),
    gettext_lazy("Dispute"),
    gettext_lazy("disputed. The sales manager settles it."),
    lambda handoff, request: DisputeForm(data_of(request)),
    _dispute,
    about=lambda handoff: list(_about_ending(handoff)),
)
RULE: ActPage[Handoff] = ActPage(
    gettext_lazy("Settle the dispute"),
    gettext_lazy("Settle"),
    gettext_lazy("dispute settled."),
    lambda handoff, request: RulingForm(data_of(request)),
    _rule,
    about=lambda handoff: list(_about_ending(handoff)),
)


@requires(Capability.MANAGE_HANDOFFS)
def waive(request: PortalRequest, pk: int) -> HttpResponse:
    """Excuse a breach, with a reason; it stays on record."""
    breach = get_object_or_404(Breach.objects.select_related("handoff__lead", "owner"), pk=pk)
    return perform(request, WAIVE, breach, lead=breach.handoff.lead, back=_board())


@requires(Capability.READ_BOARD)
def dispute(request: PortalRequest, pk: int) -> HttpResponse:
    """Marketing says that a return or a rejection was wrong."""
    handoff = get_object_or_404(Handoff.objects.select_related("lead", "owner"), pk=pk)
    back = reverse("leads:detail", args=[handoff.lead_id])
    return perform(request, DISPUTE, handoff, lead=handoff.lead, back=back)


@requires(Capability.MANAGE_HANDOFFS)
def rule(request: PortalRequest, pk: int) -> HttpResponse:
    """Settle a dispute: hand the lead over again, or let the ending stand."""
    handoff = get_object_or_404(Handoff.objects.select_related("lead", "owner"), pk=pk)
    return perform(request, RULE, handoff, lead=handoff.lead, back=_board())


def _board() -> str:
    return reverse("handoffs:board")


def _scope(request: PortalRequest) -> Scope:
    pool_id, owner_id = (whole_number(request.GET.get(name)) for name in ("pool", "owner"))
    return Scope(pool_id=pool_id, owner_id=owner_id)


def _show(request: PortalRequest) -> Show:
    wanted = request.GET.get("show", "")
    return Show(wanted) if wanted in Show else Show.RISK


def _chips(scope: Scope) -> list[dict[str, str]]:
    chips = []
    if scope.pool_id is not None and (pool := Pool.objects.filter(pk=scope.pool_id).first()):
        chips.append({"label": _("Pool"), "value": pool.name, "param": "pool"})
    if scope.owner_id is not None and (owner := User.objects.filter(pk=scope.owner_id).first()):
        chips.append({"label": _("Owner"), "value": owner.name, "param": "owner"})
    return chips


def _clause(row: QueueRow) -> ClauseRef | None:
    return cite(row.clock.version_id, row.clock.clause_key) if row.clock else None


def _missed(rows: Sequence[QueueRow]) -> dict[int, Breach]:
    """By handoff the breach that its row shows and waives, of those that nobody waived: that of the clock
    shown, else the newest.
    """
    clocks = {row.clock.pk for row in rows if row.clock}
    handoffs = [row.handoff for row in rows]
    breaches = Breach.objects.filter(handoff__in=handoffs, waiver=None).select_related("owner")
    in_order = sorted(breaches, key=lambda breach: (breach.deadline_id in clocks, breach.due_at))
    return {breach.handoff_id: breach for breach in in_order}
