"""Nurture as the REST API shows it, and what its acts take."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agreements.selectors import cite
from handoffs.api.serializers import LeadOfHandoffSerializer
from leads.api.serializers import ClauseSerializer
from nurture.models import Delivery, Enrolment, Step, Track
from nurture.selectors.wording import subject_of


def clause(version_id: int | None, key: str) -> Any:
    found = cite(version_id, key)
    return ClauseSerializer(found).data if found else None


class StepSerializer(serializers.ModelSerializer[Step]):
    wait = serializers.CharField(help_text="After enrolment, or after the e-mail before.")

    class Meta:
        model = Step
        fields = ["position", "wait", "subject", "body", "offer_name", "offer_url"]


class TrackSerializer(serializers.ModelSerializer[Track]):
    id = serializers.CharField(source="pk")
    agreement = serializers.SlugField(source="agreement.slug")
    revision = serializers.IntegerField(help_text="Number of the newest revision; the steps are its.")
    lasts_days = serializers.IntegerField()
    inside = serializers.IntegerField(help_text="How many leads are in it.")
    steps = StepSerializer(many=True)

    class Meta:
        model = Track
        fields = ["id", "agreement", "key", "name", "is_active", "revision", "lasts_days", "inside", "steps"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    position = serializers.IntegerField(source="step.position")
    subject = serializers.SerializerMethodField(help_text="As the lead read it.")
    state = serializers.CharField(source="message.state", allow_null=True, default=None)

    class Meta:
        model = Delivery
        fields = [
            "position",
            "subject",
            "address",
            "state",
            "queued_at",
            "sent_at",
            "refused_at",
            "clicked_at",
            "unsubscribed_at",
        ]

    def get_subject(self, delivery: Delivery) -> str:
        return subject_of(delivery)


class EnrolmentSerializer(serializers.ModelSerializer[Enrolment]):
    id = serializers.CharField(source="pk")
    lead = LeadOfHandoffSerializer()
    track = serializers.SlugField(source="track.key")
    revision = serializers.IntegerField(source="revision.number")
    handoff = serializers.CharField(source="handoff_id", allow_null=True)
    enrolled_by = serializers.EmailField(source="enrolled_by.email", allow_null=True, default=None)
    clause = serializers.SerializerMethodField(help_text="What caused it.")
    hold = serializers.CharField(
        help_text="Why nothing is sent: paused, no_email, no_consent; empty where the next step will be."
    )
    deliveries = DeliverySerializer(many=True)

    class Meta:
        model = Enrolment
        fields = [
            "id",
            "lead",
            "track",
            "revision",
            "state",
            "cause",
            "clause",
            "handoff",
            "enrolled_by",
            "note",
            "started_at",
            "position",
            "due_at",
            "hold",
            "ended_at",
            "ended_why",
            "deliveries",
            "updated_at",
        ]

    @extend_schema_field(ClauseSerializer(allow_null=True))
    def get_clause(self, enrolment: Enrolment) -> Any:
        return clause(enrolment.version_id, enrolment.clause_key)


class EnrolSerializer(serializers.Serializer[Any]):
    lead = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Id of the lead.")
    track = serializers.SlugField(max_length=80, help_text="Key of the track’s clause.")
    note = serializers.CharField(max_length=300, allow_blank=True, default="")


class LeaveSerializer(serializers.Serializer[Any]):
    """The act says everything."""
