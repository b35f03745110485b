"""What lists of handoffs, deadlines and breaches may be narrowed to."""

import django_filters as filters
from django.db.models import QuerySet

from handoffs.models import (
    OPEN_STATES,
    Breach,
    Deadline,
    DeadlineKind,
    DeadlineOutcome,
    Handoff,
    HandoffState,
)

OPEN = "open"


class OwnedFilter(filters.FilterSet):  # type: ignore[misc]
    owner = filters.CharFilter(field_name="owner__email", lookup_expr="iexact", help_text="E-mail address.")


class HandoffFilter(OwnedFilter):
    lead = filters.NumberFilter(field_name="lead", help_text="Id of the lead.")
    state = filters.MultipleChoiceFilter(
        choices=[*HandoffState.choices, (OPEN, "open")],
        method="in_states",
        help_text="May be repeated; “open” stands for unassigned, offered and accepted.",
    )
    updated_since = filters.IsoDateTimeFilter(
        field_name="updated_at",
        lookup_expr="gte",
        help_text="Changed then or later. Overlap by a minute: writes under way bear earlier instants.",
    )

    class Meta:
        model = Handoff
        fields: list[str] = []

    def in_states(self, handoffs: QuerySet[Handoff], name: str, states: list[str]) -> QuerySet[Handoff]:
        wanted = {*states} - {OPEN} | ({*OPEN_STATES} if OPEN in states else set())
        return handoffs.filter(state__in=wanted) if states else handoffs


class DeadlineFilter(OwnedFilter):
    handoff = filters.NumberFilter(field_name="handoff", help_text="Id of the handoff.")
    kind = filters.MultipleChoiceFilter(choices=DeadlineKind.choices)
    outcome = filters.MultipleChoiceFilter(choices=DeadlineOutcome.choices)

    class Meta:
        model = Deadline
        fields: list[str] = []


class BreachFilter(OwnedFilter):
    handoff = filters.NumberFilter(field_name="handoff", help_text="Id of the handoff.")
    kind = filters.MultipleChoiceFilter(choices=DeadlineKind.choices)
    due_since = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="gte")

    class Meta:
        model = Breach
        fields: list[str] = []
