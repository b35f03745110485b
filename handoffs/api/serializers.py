"""Handoffs as the REST API shows them, and what its acts take."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agreements.selectors import cite
from handoffs.models import Attempt, Breach, Channel, Deadline, Handoff, Outcome, Waiver
from handoffs.terms import terms_of
from leads.api.serializers import ClauseSerializer
from leads.models import Lead

MOST_WORDS = 5000
LONGEST_KEY = 200


def clause(version_id: int, key: str) -> Any:
    found = cite(version_id, key)
    return cast(Any, ClauseSerializer(found).data) if found else None


class CitingSerializer(serializers.ModelSerializer[Any]):
    """Says which clause is behind it."""

    clause = serializers.SerializerMethodField()

    @extend_schema_field(ClauseSerializer(allow_null=True))
    def get_clause(self, row: Any) -> Any:
        return clause(row.version_id, row.clause_key)


class LeadOfHandoffSerializer(serializers.ModelSerializer[Lead]):
    id = serializers.CharField(source="pk")
    name = serializers.CharField()

    class Meta:
        model = Lead
        fields = ["id", "email", "name", "stage"]


class HandoffSerializer(serializers.ModelSerializer[Handoff]):
    id = serializers.CharField(source="pk")
    lead = LeadOfHandoffSerializer()
    trigger = serializers.SerializerMethodField()
    pool = serializers.SlugField(source="pool.slug")
    owner = serializers.EmailField(source="owner.email", allow_null=True, default=None)
    attempts_needed = serializers.SerializerMethodField(
        help_text="Attempts before the lead may be returned for not answering."
    )
    due_at = serializers.DateTimeField(
        allow_null=True, help_text="When the clock that runs out first does; null where none runs."
    )

    class Meta:
        model = Handoff
        fields = [
            "id",
            "lead",
            "state",
            "urgent",
            "trigger",
            "pool",
            "owner",
            "missing",
            "note",
            "lead_acted_at",
            "created_at",
            "assigned_at",
            "accepted_at",
            "first_attempt_at",
            "last_attempt_at",
            "answered_at",
            "attempts_made",
            "attempts_needed",
            "due_at",
            "snoozed_until",
            "ended_at",
            "reason_key",
            "reason_note",
            "cool_down_until",
            "disputed_at",
            "updated_at",
        ]

    @extend_schema_field(ClauseSerializer(allow_null=True))
    def get_trigger(self, handoff: Handoff) -> Any:
        return clause(handoff.version_id, handoff.trigger_key)

    def get_attempts_needed(self, handoff: Handoff) -> int:
        cadence = terms_of(handoff.version_id).cadence_of(handoff.trigger_key)
        return cadence.minimum_attempts if cadence else 0


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    id = serializers.CharField(source="pk")
    handoff = serializers.CharField(source="handoff_id")
    user = serializers.EmailField(source="user.email")

    class Meta:
        model = Attempt
        fields = ["id", "handoff", "number", "user", "channel", "outcome", "note", "at", "recorded_at", "key"]


class DeadlineSerializer(CitingSerializer):
    id = serializers.CharField(source="pk")
    handoff = serializers.CharField(source="handoff_id")
    owner = serializers.EmailField(source="owner.email")
    calendar = serializers.CharField(source="calendar.calendar.slug")
    calendar_revision = serializers.IntegerField(source="calendar.number")
    is_breached = serializers.BooleanField()
    took = serializers.DurationField(
        allow_null=True, help_text="Business time until it was met: [days ]hours:minutes:seconds."
    )

    class Meta:
        model = Deadline
        fields = [
            "id",
            "handoff",
            "kind",
            "step",
            "owner",
            "clause",
            "calendar",
            "calendar_revision",
            "started_at",
            "remind_at",
            "due_at",
            "escalate_at",
            "reassign_at",
            "outcome",
            "ended_at",
            "took",
            "is_breached",
        ]


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    user = serializers.EmailField(source="user.email")

    class Meta:
        model = Waiver
        fields = ["reason", "user", "at"]


class BreachSerializer(CitingSerializer):
    id = serializers.CharField(source="pk")
    deadline = serializers.CharField(source="deadline_id")
    handoff = serializers.CharField(source="handoff_id")
    owner = serializers.EmailField(source="owner.email")
    team = serializers.CharField(source="team.name", allow_null=True, default=None)
    waiver = WaiverSerializer(allow_null=True, default=None)

    class Meta:
        model = Breach
        fields = [
            "id",
            "deadline",
            "handoff",
            "kind",
            "owner",
            "team",
            "clause",
            "due_at",
            "recorded_at",
            "waiver",
        ]


# --- What acts take -----------------------------------------------------------------------------------------


class NothingSerializer(serializers.Serializer[Any]):
    """The act says everything."""


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.SlugField(help_text="Key of a reason that the agreement documents for this act.")
    note = serializers.CharField(max_length=MOST_WORDS, allow_blank=True, default="")


class QualifySerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=MOST_WORDS, allow_blank=True, default="")
    value = serializers.DecimalField(
        max_digits=14,
        decimal_places=2,
        min_value=0,
        allow_null=True,
        default=None,
        help_text="Expected worth of the deal, in the agreement’s currency.",
    )


class LogAttemptSerializer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(Channel.choices)
    outcome = serializers.ChoiceField(Outcome.choices)
    note = serializers.CharField(max_length=MOST_WORDS, allow_blank=True, default="")
    at = serializers.DateTimeField(allow_null=True, default=None, help_text="When it was; now, if left out.")
    key = serializers.CharField(
        max_length=LONGEST_KEY,
        allow_null=True,
        default=None,
        help_text="Makes it safe to repeat: the same key again answers the first attempt.",
    )
