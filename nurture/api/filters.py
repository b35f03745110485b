"""What a list of enrolments may be narrowed to."""

import django_filters as filters

from nurture.models import EndedWhy, Enrolment, EnrolmentState, Hold


class EnrolmentFilter(filters.FilterSet):  # type: ignore[misc]
    lead = filters.NumberFilter(field_name="lead", help_text="Id of the lead.")
    track = filters.CharFilter(field_name="track__key", help_text="Key of the track’s clause.")
    handoff = filters.NumberFilter(field_name="handoff", help_text="Id of the return that led there.")
    state = filters.MultipleChoiceFilter(choices=EnrolmentState.choices)
    hold = filters.MultipleChoiceFilter(choices=[choice for choice in Hold.choices if choice[0]])
    ended_why = filters.MultipleChoiceFilter(choices=EndedWhy.choices)
    updated_since = filters.IsoDateTimeFilter(
        field_name="updated_at",
        lookup_expr="gte",
        help_text="Changed then or later. Overlap by a minute: writes under way bear earlier instants.",
    )

    class Meta:
        model = Enrolment
        fields: list[str] = []
