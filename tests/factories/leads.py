"""Leads and what belongs to them, written past the services: for tests of what reads them."""

from datetime import UTC, datetime
from typing import Any

import factory
from django.db.models import Value
from django.db.models.functions import Least
from factory.django import DjangoModelFactory

from leads.models import Activity, ChangeSource, Company, ExternalRef, Lead, StageChange
from leads.stages import FIRST_ENTRIES, Stage, first_entries_of

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


class CompanyFactory(DjangoModelFactory):
    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"Company {n}")
    domain = factory.Sequence(lambda n: f"company-{n}.example")
    industry = "Manufacturing"
    employees = 250
    country = "DE"
    created_at = NOW
    updated_at = NOW


class LeadFactory(DjangoModelFactory):
    class Meta:
        model = Lead

    email = factory.Sequence(lambda n: f"lead-{n}@company.example")
    first_name = "Ada"
    last_name = factory.Sequence(lambda n: f"King {n}")
    job_title = "CFO"
    company = factory.SubFactory(CompanyFactory)
    source = "paid_search"
    stage = Stage.LEAD
    created_at = NOW
    stage_entered_at = factory.SelfAttribute("created_at")
    updated_at = factory.SelfAttribute("created_at")


class ExternalRefFactory(DjangoModelFactory):
    class Meta:
        model = ExternalRef

    lead = factory.SubFactory(LeadFactory)
    system = "crm"
    external_id = factory.Sequence(str)


class ActivityFactory(DjangoModelFactory):
    class Meta:
        model = Activity

    lead = factory.SubFactory(LeadFactory)
    type = "page_view"
    occurred_at = NOW
    recorded_at = factory.SelfAttribute("occurred_at")
    source = "web"
    payload = factory.LazyFunction(dict)


class StageChangeFactory(DjangoModelFactory):
    """The lead learns of the entry, as it does from the services."""

    class Meta:
        model = StageChange
        skip_postgeneration_save = True

    lead = factory.SubFactory(LeadFactory)
    from_stage = Stage.CONTACT
    to_stage = Stage.LEAD
    at = NOW
    recorded_at = factory.SelfAttribute("at")
    source = ChangeSource.RULE

    @factory.post_generation
    def told(self: StageChange, create: bool, extracted: object, **_: object) -> None:
        earliest: dict[str, Any] = {
            field: Least(field, Value(self.at)) for field in first_entries_of(self.to_stage)
        }
        if self.to_stage == Stage.CUSTOMER:
            earliest["won_value"] = Value(self.value)
        if create and earliest:
            Lead.objects.filter(pk=self.lead_id).update(**earliest)


def first_entries_told() -> bool:
    """Whether every lead says of its first entries what its stage changes say."""
    earliest: dict[tuple[int, str], datetime] = {}
    for lead_id, stage, at in StageChange.objects.order_by("-at").values_list("lead", "to_stage", "at"):
        earliest |= {(lead_id, field): at for field in first_entries_of(stage)}
    return all(
        getattr(lead, field) == earliest.get((lead.pk, field))
        for lead in Lead.objects.all()
        for field in FIRST_ENTRIES
    )
