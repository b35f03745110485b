"""What GET /api/v1/leads/ may be narrowed to."""

import django_filters as filters
from django.db.models import QuerySet

from leads.models import Lead
from leads.selectors.finding import search
from leads.stages import Stage


class LeadFilter(filters.FilterSet):  # type: ignore[misc]
    stage = filters.MultipleChoiceFilter(choices=Stage.choices)
    owner = filters.CharFilter(field_name="owner__email", lookup_expr="iexact", help_text="E-mail address.")
    source = filters.CharFilter()
    agreement = filters.CharFilter(field_name="agreement__slug", help_text="Slug of the agreement.")
    grade = filters.CharFilter(field_name="score__grade", lookup_expr="iexact", help_text="Such as B2.")
    email = filters.CharFilter(lookup_expr="iexact")
    external_ref = filters.CharFilter(method="by_external_ref", help_text="Such as crm:42.")
    updated_since = filters.IsoDateTimeFilter(
        field_name="updated_at",
        lookup_expr="gte",
        help_text="Changed then or later. Overlap by a minute: writes under way bear earlier instants.",
    )
    q = filters.CharFilter(method="by_words", help_text="Words in name, e-mail address and company.")

    class Meta:
        model = Lead
        fields: list[str] = []

    def by_external_ref(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        system, _, external_id = value.partition(":")
        return leads.filter(external_refs__system=system, external_refs__external_id=external_id)

    def by_words(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return search(leads, value)
