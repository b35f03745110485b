"""Leads as the REST API shows them."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agreements.selectors import cite
from leads.extensions import Fact
from leads.models import Company, ExternalRef, Lead

OBJECT_OR_NULL = {"type": "object", "nullable": True, "additionalProperties": True}


class CompanySerializer(serializers.ModelSerializer[Company]):
    class Meta:
        model = Company
        fields = ["name", "domain", "industry", "employees", "country"]


class ExternalRefSerializer(serializers.ModelSerializer[ExternalRef]):
    id = serializers.CharField(source="external_id")

    class Meta:
        model = ExternalRef
        fields = ["system", "id"]


class LeadSerializer(serializers.ModelSerializer[Lead]):
    """The context holds what other apps say of the leads, as `extras`: name → lead id → value."""

    id = serializers.CharField(source="pk", read_only=True)
    external_refs = ExternalRefSerializer(many=True)
    company = CompanySerializer(allow_null=True)
    owner = serializers.EmailField(source="owner.email", allow_null=True, default=None)
    agreement = serializers.SlugField(source="agreement.slug", allow_null=True, default=None)
    score = serializers.SerializerMethodField()
    handoff = serializers.SerializerMethodField()

    class Meta:
        model = Lead
        fields = [
            "id",
            "external_refs",
            "email",
            "first_name",
            "last_name",
            "job_title",
            "phone",
            "company",
            "source",
            "time_zone",
            "email_consent",
            "do_not_call",
            "attributes",
            "stage",
            "stage_entered_at",
            "score",
            "handoff",
            "value",
            "owner",
            "agreement",
            "created_at",
            "last_activity_at",
            "updated_at",
        ]

    @extend_schema_field(OBJECT_OR_NULL)
    def get_score(self, lead: Lead) -> Any:
        return self._extra("score", lead)

    @extend_schema_field(OBJECT_OR_NULL)
    def get_handoff(self, lead: Lead) -> Any:
        return self._extra("handoff", lead)

    def _extra(self, name: str, lead: Lead) -> Any:
        return self.context["extras"].get(name, {}).get(lead.pk)


class ClauseSerializer(serializers.Serializer[Any]):
    """The clause that caused it."""

    key = serializers.CharField()
    reference = serializers.CharField(help_text="Chapter and number, such as 4.2.")
    words = serializers.CharField(source="title")
    version = serializers.IntegerField(source="number")
    url = serializers.CharField()


class FactSerializer(serializers.Serializer[Fact]):
    """One line of a lead's timeline."""

    at = serializers.DateTimeField()
    kind = serializers.CharField(help_text="activity, stage, score, handoff, attempt, deadline, breach …")
    title = serializers.CharField()
    detail = serializers.CharField()
    actor = serializers.CharField(help_text="Who did it; empty where the agreement did.")
    side = serializers.CharField(help_text="marketing, sales, or empty.")
    clause = serializers.SerializerMethodField()
    data = serializers.DictField()  # type: ignore[assignment]

    @extend_schema_field(ClauseSerializer(allow_null=True))
    def get_clause(self, fact: Fact) -> Any:
        found = cite(fact.version_id, fact.clause_key)
        return cast(Any, ClauseSerializer(found).data) if found else None


class TimelineSerializer(serializers.Serializer[Any]):
    results = FactSerializer(many=True)
