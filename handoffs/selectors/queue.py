"""What somebody does next: the open handoffs of one person, and for a pool's manager those that wait for an
owner, each with the clock that runs out first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import reduce
from operator import or_

from django.db.models import Prefetch, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from handoffs.models import CadenceStep, Deadline, Handoff, HandoffState, HandoffTrigger, Pool
from handoffs.models.facts import HandoffQuerySet
from handoffs.rules import Act, legal_acts, next_step
from handoffs.selectors.brief import clock_of
from handoffs.selectors.information import missing_information, say_field
from handoffs.terms import terms_of

__all__ = ["QueueRow", "Section", "all_handoffs", "open_handoffs", "queue_of", "rows_of", "search"]


class Section(TextChoices):
    NOW = "now", _("Now")
    TODAY = "today", _("Today")
    LATER = "later", _("Later")
    WAITING = "waiting", _("Waiting")


NOW_WITHIN = timedelta(hours=1)
"""What is due so soon is for now. The sections follow what is due alone, not when reminders come: read from top
to bottom, a queue is in due order."""
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class QueueRow:
    """One handoff as the queue shows it.

    `clock` is the one that runs out first, of those whose breach is waived only where no other runs; none
    once the lead answered or every step is done. `missing` is what marketing must tell and the lead still
    lacks, in people's words.
    """

    handoff: Handoff
    clock: Deadline | None
    state: str
    section: Section
    trigger: HandoffTrigger | None
    step: CadenceStep | None
    steps_total: int
    missing: list[str]

    @property
    def acts(self) -> frozenset[Act]:
        return legal_acts(self.handoff.state)

    @property
    def attempt_number(self) -> int:
        return self.handoff.attempts_made + 1

    @property
    def to_decide(self) -> bool:
        """Every attempt the cadence asks for is made, and nobody answered."""
        return self.clock is None and self.handoff.answered_at is None

    @property
    def is_overdue(self) -> bool:
        return self.state == "overdue"

    @property
    def order(self) -> tuple[datetime, bool, int]:
        due_at = self.clock.due_at if self.clock and self.state != "waived" else NEVER
        return due_at, not self.handoff.urgent, self.handoff.pk


def open_handoffs() -> QuerySet[Handoff]:
    """Open handoffs with everything a row shows: two statements whatever their number."""
    return all_handoffs().open()


def all_handoffs() -> HandoffQuerySet:
    """Handoffs with everything a row shows: two statements whatever their number."""
    clocks = Deadline.objects.open().with_waiver().select_related("calendar__calendar", "owner")
    return Handoff.objects.select_related(
        "lead__company", "lead__score", "owner", "pool", "version__agreement"
    ).prefetch_related(Prefetch("deadlines", queryset=clocks, to_attr="open_clocks"))


def search(handoffs: QuerySet[Handoff], words: str) -> QuerySet[Handoff]:
    """Those whose lead or company has every word in its name or address."""
    for word in words.split():
        fields = ("lead__first_name", "lead__last_name", "lead__email", "lead__company__name")
        handoffs = handoffs.filter(reduce(or_, (Q(**{f"{field}__icontains": word}) for field in fields)))
    return handoffs


def queue_of(user_id: int, *, now: datetime, tz: tzinfo, words: str = "") -> Mapping[Section, list[QueueRow]]:
    """A person's queue by section, in due order, urgent first among equals. Three statements."""
    rows = rows_of(search(_to_do(user_id), words), now=now, tz=tz)
    queue: dict[Section, list[QueueRow]] = {section: [] for section in Section}
    for row in sorted(rows, key=lambda row: row.order):
        queue[row.section].append(row)
    return queue


def _to_do(user_id: int) -> QuerySet[Handoff]:
    """What the person owns, and what waits for an owner in the pools that the person manages.

    The pools are read first: so each part is found by its own index.
    """
    pools = list(Pool.objects.filter(manager=user_id).values_list("pk", flat=True))
    own = Q(owner=user_id)
    waiting = Q(state=HandoffState.UNASSIGNED, pool__in=pools)
    return open_handoffs().filter(own | waiting if pools else own)


def rows_of(handoffs: Iterable[Handoff], *, now: datetime, tz: tzinfo) -> list[QueueRow]:
    """Rows of handoffs read by `open_handoffs`, in the same order. No further statement once the agreement's
    versions were read in this process."""
    return [_row(handoff, now, tz) for handoff in handoffs]


def _row(handoff: Handoff, now: datetime, tz: tzinfo) -> QueueRow:
    terms = terms_of(handoff.version_id)
    clocks: list[Deadline] = getattr(handoff, "open_clocks", [])
    clock = min(clocks, key=_precedence, default=None)
    trigger = terms.triggers.get(handoff.trigger_key)
    steps = terms.steps_of(handoff.trigger_key)
    state = clock_of(clock, now=now, tz=tz).state if clock else ""
    missing = missing_information(handoff.lead, trigger.required_information) if trigger else []
    return QueueRow(
        handoff=handoff,
        clock=clock,
        state=state,
        section=_section(handoff, clock, state, now=now, tz=tz),
        trigger=trigger,
        step=next_step(steps, handoff.attempts_made),
        steps_total=len(steps),
        missing=[say_field(field) for field in missing],
    )


def _precedence(clock: Deadline) -> tuple[bool, datetime]:
    return getattr(clock, "is_waived", False), clock.due_at


def _section(handoff: Handoff, clock: Deadline | None, state: str, *, now: datetime, tz: tzinfo) -> Section:
    if state == "overdue":
        return Section.NOW
    if handoff.snoozed_until and handoff.snoozed_until > now:
        return Section.WAITING
    if clock is None:
        return Section.WAITING if handoff.answered_at else Section.NOW
    if state == "waived":
        return Section.TODAY
    if clock.due_at <= now + NOW_WITHIN:
        return Section.NOW
    is_today = clock.due_at.astimezone(tz).date() <= now.astimezone(tz).date()
    return Section.TODAY if is_today else Section.LATER
