"""Leads and what belongs to them, written past the services: for tests of what reads them."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from leads.models import Activity, ChangeSource, Company, ExternalRef, Lead, StageChange
from leads.stages import Stage

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
    class Meta:
        model = StageChange

    lead = factory.SubFactory(LeadFactory)
    from_stage = Stage.CONTACT
    to_stage = Stage.LEAD
    at = NOW
    recorded_at = factory.SelfAttribute("at")
    source = ChangeSource.RULE
