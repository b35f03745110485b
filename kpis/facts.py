"""The facts that measures count: one population is one table read by a range of its instants.

No statement here costs more because of leads outside the range (docs/decisions/0013-measures-from-facts.md): every
population names the index it is read by.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery

from agreements.models import Agreement
from handoffs.models import Attempt, Breach, Deadline, Handoff
from kpis.models import TrafficDay
from kpis.scopes import Scope
from leads.models import Lead, StageChange
from leads.stages import BEFORE_DECIDED, Stage

Rows = QuerySet[Any]

CONCLUDED_WITHIN = timedelta(days=30)
"""How long sales has to come to an outcome before a handoff is judged by it."""


@dataclass(frozen=True, eq=False)
class Population:
    """One kind of fact. Paths are the ORM's, from the fact; an empty one means that it has none of that.

    `at` is the instant that places a fact in a month. `dimensions` are what it may be broken down by, besides
    source, person and team.
    """

    key: str
    model: type[Model]
    at: str
    lead: str | None = "lead__"
    """What stands before the fields of the lead; empty where the fact is a lead, None where it has none."""
    agreement: str = "version__agreement"
    owner: str = "owner"
    team: str = "owner__team"
    version: str = ""
    narrowed: Callable[[Rows], Rows] = lambda rows: rows
    shift: timedelta = timedelta(0)
    """How much earlier than the scope the instants are looked for."""
    dimensions: Mapping[str, str] = field(default_factory=dict)

    def rows(self, scope: Scope, now: datetime) -> Rows:
        """The facts of a scope, unordered."""
        rows = self.narrowed(self.model._default_manager.order_by())
        rows = rows.filter(self.in_time(scope), self._of(scope))
        return rows.filter((f"{self.at}__lt", now - self.shift)) if self.shift else rows

    def in_time(self, scope: Scope) -> Q:
        """The range of instants, or days, that an index finds."""
        if self.model is TrafficDay:
            return Q(day__gte=scope.starts_on, day__lte=scope.ends_on)
        return Q((f"{self.at}__gte", scope.start - self.shift), (f"{self.at}__lt", scope.end - self.shift))

    def _of(self, scope: Scope) -> Q:
        wanted = Q(*self._filters(scope))
        if self.model is TrafficDay and scope.agreement_id is not None:
            wanted &= _of_agreement(scope.agreement_id)
        return wanted

    def _filters(self, scope: Scope) -> Iterator[tuple[str, Any]]:
        if self.agreement and scope.agreement_id is not None:
            yield self.agreement, scope.agreement_id
        if self.team and scope.team_id is not None:
            yield self.team, scope.team_id
        if scope.source is not None:
            yield self.path("source"), scope.source

    def can_tell(self, scope: Scope) -> bool:
        """Whether these facts know what the scope asks for: visitors are of no team."""
        return bool(self.team) or scope.team_id is None

    def path(self, by: str) -> str:
        """The ORM path of a dimension; empty if these facts have no such dimension."""
        own = {"person": self.owner, "team": self.team, "agreement": self.agreement}
        if by == "source" and self.lead is not None:
            return f"{self.lead}source"
        return self.dimensions.get(by) or own.get(by, "")


def _of_agreement(agreement_id: int) -> Q:
    """Visitors of this agreement; the default one's are also those whom nobody told apart."""
    is_default = Exists(Agreement.objects.filter(pk=agreement_id, is_default=True))
    return Q(agreement=agreement_id) | (Q(agreement=None) & Q(is_default))


# --- Leads on the ladder: indexes lead_became_lead, lead_became_mql, …; decisions by stage_change_that_ends ------


def _leads(key: str, became: str) -> Population:
    """Leads by when they first reached a stage: each once, ever."""
    return Population(key, Lead, at=became, lead="", agreement="agreement", owner="owner", team="owner__team")


DECIDED = Q(to_stage=Stage.CUSTOMER) | Q(
    to_stage__in=(Stage.LOST, Stage.DISQUALIFIED), from_stage__in=(Stage.SQL, Stage.OPPORTUNITY)
)
"""A sales qualified lead was won or given up."""
TAKEN_BACK = Q(from_stage__in=(Stage.CUSTOMER, Stage.LOST), to_stage__in=BEFORE_DECIDED)
"""A win or a loss was a mistake: the lead is undecided again."""


def _decisions(rows: Rows) -> Rows:
    """By lead the last decision alone, if it was not taken back: who was lost and then won is a customer."""
    decisions = StageChange.objects.filter(DECIDED | TAKEN_BACK, lead=OuterRef("lead"))
    last = decisions.order_by("-at", "-pk").values("pk")[:1]
    return rows.filter(
        DECIDED, pk=Subquery(last), to_stage__in=(Stage.CUSTOMER, Stage.LOST, Stage.DISQUALIFIED)
    )


LEADS = _leads("leads", "became_lead_at")
MQLS = _leads("mqls", "became_mql_at")
SQLS = _leads("sqls", "became_sql_at")
WINS = _leads("wins", "became_customer_at")
DECISIONS = Population(
    "decisions",
    StageChange,
    at="at",
    agreement="lead__agreement",
    owner="lead__owner",
    team="lead__owner__team",
    version="version",
    narrowed=_decisions,
    dimensions={"reason": "clause_key"},
)

# --- Handoffs -----------------------------------------------------------------------------------------------

_OF_HANDOFF = {"trigger": "trigger_key", "reason": "reason_key", "tries": "attempts_made"}
HANDOFFS = Population("handoffs", Handoff, at="created_at", version="version", dimensions=_OF_HANDOFF)
"""By index handoff_created."""
AGED = Population(
    "aged",
    Handoff,
    at="created_at",
    version="version",
    shift=CONCLUDED_WITHIN,
    dimensions=_OF_HANDOFF,
)
"""Handoffs whose time to come to an outcome ran out in the scope, and by now."""
ENDED = Population("ended", Handoff, at="ended_at", version="version", dimensions=_OF_HANDOFF)
"""By index handoff_ended."""
CLOCKS = Population(
    "clocks",
    Deadline,
    at="due_at",
    lead="handoff__lead__",
    version="version",
    dimensions={"clause": "clause_key", "kind": "kind"},
)
"""By index deadline_due."""
BREACHES = Population(
    "breaches",
    Breach,
    at="due_at",
    lead="handoff__lead__",
    team="team",
    version="version",
    dimensions={"clause": "clause_key", "kind": "kind"},
)
"""By index breach_by_due."""
ATTEMPTS = Population(
    "attempts",
    Attempt,
    at="at",
    lead="handoff__lead__",
    agreement="handoff__version__agreement",
    owner="user",
    team="user__team",
    dimensions={"channel": "channel", "outcome": "outcome", "number": "number"},
)
"""By index attempt_at."""

# --- Visitors -----------------------------------------------------------------------------------------------

TRAFFIC = Population(
    "traffic",
    TrafficDay,
    at="day",
    lead=None,
    agreement="",
    owner="",
    team="",
    dimensions={"source": "source"},
)
"""By the natural key (day, source)."""
