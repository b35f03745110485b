"""The agreement, its versions and signatures, and the clauses that every app adds to the document."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pghistory
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.roles import Side
from agreements.business_time import Schedule
from agreements.fields import SpanField
from agreements.rules import Funnel, FunnelError, plan_funnel
from agreements.triggers import (
    APPEND_ONLY,
    CLAUSES_ONLY_IN_DRAFT,
    KEEPS_ITS_CURRENCY,
    KEEPS_ITS_WORD,
    SIGNS_WHAT_IS_PROPOSED,
)
from agreements.wording import fill

__all__ = ["SpanField"]


# --- Calendars ----------------------------------------------------------------------------------------------


@pghistory.track()
class BusinessCalendar(models.Model):
    """When people work.

    What it says may change; every change is a new revision, and a running deadline keeps its own.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")

    def __str__(self) -> str:
        return self.name


class CalendarRevision(models.Model):
    """One immutable state of a calendar: zone, weekly slots, public holidays, own dates off."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    zone = models.CharField(max_length=64)
    week = models.JSONField(default=dict, help_text=_('For example {"mon": [["09:00", "17:00"]]}.'))
    always_open = models.BooleanField(default=False)
    country = models.CharField(max_length=2, blank=True, help_text=_("ISO 3166-1, for public holidays."))
    region = models.CharField(
        max_length=10, blank=True, help_text=_("ISO 3166-2 subdivision without the country.")
    )
    closed_on = models.JSONField(default=list, help_text=_("Own dates off, ISO 8601."))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["calendar", "-number"]
        constraints = [models.UniqueConstraint(fields=["calendar", "number"], name="one_revision_per_number")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.calendar} r{self.number}"

    @cached_property
    def schedule(self) -> Schedule:
        from agreements.calendars import schedule_of

        return schedule_of(self)


# --- Agreement, version, signature --------------------------------------------------------------------------


@pghistory.track()
class Agreement(models.Model):
    """A promise between marketing and sales.

    A lead is under exactly one: the first whose `covers` holds, else the default.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=120)
    covers = models.JSONField(
        _("covers"),
        default=list,
        blank=True,
        help_text=_("Conditions a lead must meet to be under this agreement."),
    )
    is_default = models.BooleanField(_("default"), default=False)
    position = models.PositiveIntegerField(default=0)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="agreements")

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_agreement"
            )
        ]
        triggers = [KEEPS_ITS_CURRENCY]

    def __str__(self) -> str:
        return self.name


class VersionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Proposed")
    ACTIVE = "active", _("Active")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class VersionQuerySet(models.QuerySet["Version"]):
    def active(self) -> Self:
        return self.filter(state=VersionState.ACTIVE)


class Version(models.Model):
    """One text of an agreement.

    Only a draft can be changed; what is signed is covered by `content_hash` (law 6).
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.DRAFT)
    title = models.CharField(max_length=160)
    preamble = models.TextField(blank=True)
    change_note = models.TextField(_("what changed and why"), blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text=_("When it was superseded or withdrawn."))

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["agreement", "-number"]
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["agreement"], condition=models.Q(state=VersionState.ACTIVE), name="one_active_version"
            ),
            models.UniqueConstraint(
                fields=["agreement"],
                condition=models.Q(state__in=[VersionState.DRAFT, VersionState.PROPOSED]),
                name="one_open_draft",
            ),
        ]
        triggers = [KEEPS_ITS_WORD]

    def __str__(self) -> str:
        return f"{self.agreement} v{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("agreements:version", args=[self.agreement.slug, self.number])

    @property
    def is_draft(self) -> bool:
        return self.state == VersionState.DRAFT


class Signature(models.Model):
    """One side's signature under the content whose hash it repeats."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=10, choices=Side)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures")
    content_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["signed_at"]
        constraints = [models.UniqueConstraint(fields=["version", "side"], name="one_signature_per_side")]
        triggers = [APPEND_ONLY, SIGNS_WHAT_IS_PROPOSED]

    def __str__(self) -> str:
        return f"{self.user} for {self.side}, {self.version}"


# --- Clauses ------------------------------------------------------------------------------------------------


class Component(models.IntegerChoices):
    """The seven components of the document, by their chapter number."""

    GOALS = 1, _("Shared goals")
    DEFINITIONS = 2, _("Definitions")
    QUALIFICATION = 3, _("Lead qualification")
    HANDOFFS = 4, _("Handoffs, both ways")
    NURTURE = 5, _("Nurture")
    FOLLOW_UP = 6, _("Follow-up")
    KPIS = 7, _("KPIs and monthly review")


class Clause(models.Model):
    """One numbered sentence of the document, with the fields that make it run.

    `key` is unique within its version across all kinds of clause and stays the same from version to version;
    `position` counts within the component, across kinds, so that `reference` ("4.2") is what people read.
    Clauses refer to each other by key, never by foreign key: so clone, diff, export, import and hash are
    generic (`agreements.document`). The database refuses any change unless the version is a draft.
    """

    component: ClassVar[Component]
    references: ClassVar[Mapping[str, str]] = {}
    """Fields that hold the key of another clause, and the kind of clause it must be (`kind_of`)."""
    joined_by: ClassVar[Mapping[str, str]] = {}
    """Fields whose list reads as alternatives: "or". All others read as "and"."""
    added_later: ClassVar[frozenset[str]] = frozenset()
    """Fields that documents were signed without. At its default such a field says nothing, so that what was signed
    keeps its hash.
    """

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    key = models.SlugField(max_length=80)
    position = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=120)
    words = models.TextField(_("words"), blank=True, help_text=_("The clause as people read it."))

    class Meta:
        abstract = True
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="%(app_label)s_%(class)s_key"),
        ]
        triggers = [CLAUSES_ONLY_IN_DRAFT]

    def __str__(self) -> str:
        return f"§{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """Chapter and number, as in "§4.2" without the sign."""
        return f"{self.component.value}.{self.position}"

    @property
    def clause_kind(self) -> str:
        return kind_of(type(self))

    @property
    def text(self) -> str:
        """The words with their placeholders filled.

        Clauses it refers to are named in `Document.text` only.
        """
        return fill(self, {})

    def unit_of(self, field: str) -> str:
        """What a decimal field is counted in: a `Unit`, or "share" for a rate from 0 to 1."""
        return Unit.COUNT


def kind_of(model: type[Clause]) -> str:
    """What the document calls a kind of clause: `response_policy` for `ResponsePolicy`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()


class Unit(models.TextChoices):
    """What a goal or a commitment is counted in."""

    MONEY = "money", _("money")
    COUNT = "count", _("count")
    PERCENT = "percent", _("percent")


class Goal(Clause):
    """A SMART goal both sides share."""

    component = Component.GOALS

    measure = models.SlugField(
        max_length=60, help_text=_("Key of the measure that tells whether it is reached.")
    )
    unit = models.CharField(max_length=10, choices=Unit)
    target = models.DecimalField(max_digits=16, decimal_places=2)
    baseline = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField()
    owner = models.CharField(max_length=120, help_text=_("Who answers for it, by office."))

    class Meta(Clause.Meta):
        constraints = [
            *Clause.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(ends_on__gt=models.F("starts_on")), name="goal_ends_after_it_starts"
            ),
        ]

    def clean(self) -> None:
        if self.ends_on <= self.starts_on:
            raise ValidationError({"ends_on": _("It must end after it starts.")})

    def unit_of(self, field: str) -> str:
        return self.unit


class FunnelPlan(Clause):
    """From revenue back to visitors a month: the arithmetic is `agreements.rules.plan_funnel`."""

    component = Component.GOALS

    revenue_a_month = models.DecimalField(max_digits=16, decimal_places=2)
    marketing_sourced_share = models.DecimalField(max_digits=6, decimal_places=4, help_text=_("0 to 1."))
    deal_size = models.DecimalField(max_digits=16, decimal_places=2)
    sql_to_customer = models.DecimalField(max_digits=6, decimal_places=4, help_text=_("Rate, 0 to 1."))
    mql_to_sql = models.DecimalField(max_digits=6, decimal_places=4, help_text=_("Rate, 0 to 1."))
    lead_to_mql = models.DecimalField(max_digits=6, decimal_places=4, help_text=_("Rate, 0 to 1."))
    visitor_to_lead = models.DecimalField(max_digits=6, decimal_places=4, help_text=_("Rate, 0 to 1."))
    hours_per_mql = models.DecimalField(
        max_digits=6, decimal_places=2, help_text=_("Rep hours one MQL takes.")
    )
    reps = models.PositiveIntegerField()
    follow_up_hours_per_rep = models.DecimalField(
        max_digits=6, decimal_places=2, help_text=_("Hours a month a rep has for follow-up.")
    )

    @property
    def figures(self) -> Funnel:
        """What the plan asks of a month.

        Raises `FunnelError`, never for a plan that was checked by `clean`.
        """
        return plan_funnel(
            revenue_a_month=self.revenue_a_month,
            marketing_sourced_share=self.marketing_sourced_share,
            deal_size=self.deal_size,
            sql_to_customer=self.sql_to_customer,
            mql_to_sql=self.mql_to_sql,
            lead_to_mql=self.lead_to_mql,
            visitor_to_lead=self.visitor_to_lead,
            hours_per_mql=self.hours_per_mql,
            reps=self.reps,
            follow_up_hours_per_rep=self.follow_up_hours_per_rep,
        )

    def clean(self) -> None:
        try:
            self.figures  # noqa: B018
        except FunnelError as error:
            raise ValidationError({error.field: error.in_words(gettext)}) from error

    def unit_of(self, field: str) -> str:
        if field in ("revenue_a_month", "deal_size"):
            return Unit.MONEY
        return Unit.COUNT if field in ("hours_per_mql", "follow_up_hours_per_rep") else "share"


class DefinitionKind(models.TextChoices):
    """What a definition defines: a stage of the lifecycle the software enforces, or just a word."""

    CONTACT = "contact", _("Contact")
    LEAD = "lead", _("Lead")
    MQL = "mql", _("Marketing qualified lead (MQL)")
    SQL = "sql", _("Sales qualified lead (SQL)")
    OPPORTUNITY = "opportunity", _("Opportunity")
    CUSTOMER = "customer", _("Customer")
    SALES_STAGE = "sales_stage", _("Sales stage")
    TERM = "term", _("Term")


class Definition(Clause):
    """What a word means here, and for a stage the criteria a lead must meet to enter it."""

    component = Component.DEFINITIONS

    kind = models.CharField(max_length=12, choices=DefinitionKind)
    criteria = models.JSONField(
        default=list, help_text=_("Conditions on the lead, all of which must hold to enter the stage.")
    )


class Comparator(models.TextChoices):
    AT_LEAST = "at_least", _("at least")
    AT_MOST = "at_most", _("at most")


class Commitment(Clause):
    """What one side promises, as a measure and a target a month."""

    component = Component.KPIS

    side = models.CharField(max_length=10, choices=Side)
    measure = models.SlugField(max_length=60)
    comparator = models.CharField(max_length=10, choices=Comparator, default=Comparator.AT_LEAST)
    target = models.DecimalField(max_digits=16, decimal_places=2)
    unit = models.CharField(max_length=10, choices=Unit, default=Unit.COUNT)
    owner = models.CharField(max_length=120)

    def unit_of(self, field: str) -> str:
        return self.unit


def clause_models() -> list[type[Clause]]:
    """Every kind of clause that any installed app adds, by component and then by declaration."""
    from django.apps import apps

    kinds: list[type[Any]] = [model for model in apps.get_models() if issubclass(model, Clause)]
    return sorted(kinds, key=lambda kind: kind.component)
