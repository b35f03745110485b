"""Leads, their companies, what they did, and the stages they went through."""

from datetime import UTC, datetime

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Coalesce, Concat, Lower, Upper
from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, Version
from leads.stages import FIRST_ENTRIES, Stage

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Company(models.Model):
    """Known by its domain, or where that is missing by its name."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=253, null=True, blank=True, unique=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166-1 alpha-2."))
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=models.Q(domain=None), name="company_by_name"),
        ]
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="company_search")]

    def __str__(self) -> str:
        return self.name


class Consent(models.TextChoices):
    UNKNOWN = "unknown", _("Unknown")
    GIVEN = "given", _("Given")
    WITHDRAWN = "withdrawn", _("Withdrawn")


NEVER = datetime(1970, 1, 1, tzinfo=UTC)
SEARCHED = Upper(
    Concat(
        "first_name",
        models.Value(" "),
        "last_name",
        models.Value(" "),
        models.F("email"),
        output_field=models.TextField(),
    )
)
"""A lead's name and address as the search reads them."""
BY_NAME = Lower(Concat("last_name", models.Value(" "), "first_name", output_field=models.TextField()))
LAST_ACTIVE = Coalesce("last_activity_at", models.Value(NEVER, models.DateTimeField()))


class Lead(models.Model):
    """A person, known by e-mail or by an external id.

    `became_…_at` are when the lead first reached a stage, or one above it (leads.stages.FIRST_ENTRIES), `won_value`
    what the win itself said it is worth. Stage changes tell the same; here a month's are found without asking each lead
    for its earlier ones.
    """

    email = models.EmailField(_("e-mail"), null=True, blank=True, help_text=_("Lower case; unique."))
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    company = models.ForeignKey(
        Company,
        verbose_name=_("company"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="leads",
        db_index=False,
    )
    source = models.CharField(_("source"), max_length=60, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    attributes = models.JSONField(_("further attributes"), default=dict, blank=True)
    email_consent = models.CharField(
        _("consent to e-mail"), max_length=10, choices=Consent, default=Consent.UNKNOWN
    )
    do_not_call = models.BooleanField(_("do not call"), default=False)

    stage = models.CharField(_("stage"), max_length=12, choices=Stage, default=Stage.CONTACT)
    stage_entered_at = models.DateTimeField()
    value = models.DecimalField(
        _("deal value"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("In the agreement’s currency."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="leads",
        db_index=False,
    )
    agreement = models.ForeignKey(Agreement, null=True, on_delete=models.PROTECT, related_name="leads")
    created_at = models.DateTimeField(
        _("created"), help_text=_("When the lead first became known to the company.")
    )
    became_lead_at = models.DateTimeField(null=True, editable=False)
    became_mql_at = models.DateTimeField(null=True, editable=False)
    became_sql_at = models.DateTimeField(null=True, editable=False)
    became_customer_at = models.DateTimeField(null=True, editable=False)
    won_value = models.DecimalField(max_digits=14, decimal_places=2, null=True, editable=False)
    last_activity_at = models.DateTimeField(_("last activity"), null=True)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            # Rather than `unique=True`, which would bring an index for LIKE besides: the search has its own.
            models.UniqueConstraint(fields=["email"], name="one_lead_per_email"),
            models.CheckConstraint(
                condition=models.Q(email=None) | models.Q(email=Lower("email")), name="lead_email_lower_case"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="lead_newest"),
            models.Index(fields=["updated_at", "id"], name="lead_updated"),
            models.Index(fields=["stage", "-created_at"], name="lead_stage"),
            models.Index(fields=["owner", "-created_at"], name="lead_owner"),
            models.Index(fields=["company"], name="lead_company"),
            models.Index(fields=["source", "-created_at"], name="lead_source"),
            models.Index(LAST_ACTIVE.desc(), models.F("id").desc(), name="lead_last_active"),
            models.Index(BY_NAME, "id", name="lead_by_name"),
            GinIndex(OpClass(SEARCHED, name="gin_trgm_ops"), name="lead_search"),
            *(
                models.Index(
                    fields=[field],
                    include=["agreement"],
                    condition=models.Q((f"{field}__isnull", False)),
                    name=f"lead_{field.removesuffix('_at')}",
                )
                for field in FIRST_ENTRIES
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What to call the lead: the name, else the e-mail, else the number."""
        return (
            f"{self.first_name} {self.last_name}".strip() or self.email or str(_("Lead %d")) % (self.pk or 0)
        )


class ExternalRef(models.Model):
    """What another system calls the lead."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="external_refs")
    system = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "external_id"], name="one_lead_per_external_id")
        ]

    def __str__(self) -> str:
        return f"{self.system}:{self.external_id}"


class Activity(models.Model):
    """Something the lead did. Append-only; the largest table.

    `human` is false while a machine may have caused it (an e-mail scanner's open); such activities do not score
    (law 10).
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="activities", db_index=False)
    type = models.SlugField(max_length=60, db_index=False)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=200, null=True, unique=True, help_text=_("Idempotency key."))
    human = models.BooleanField(default=True)
    payload = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        # With `human` in it, scoring needs nothing but the index.
        indexes = [
            models.Index(fields=["lead", "type", "occurred_at"], include=["human"], name="activity_by_lead")
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.type} of {self.lead_id}"


class ChangeSource(models.TextChoices):
    RULE = "rule", _("Agreement")
    PERSON = "person", _("Person")
    IMPORT = "import", _("Import")
    API = "api", _("REST client")


class StageChange(models.Model):
    """A lead entered a stage. Append-only. `version` and `clause_key` cite what allowed it (law 7)."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="stage_changes", db_index=False)
    from_stage = models.CharField(max_length=12, choices=Stage, blank=True)
    to_stage = models.CharField(max_length=12, choices=Stage)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=ChangeSource)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # No constraint in the database: every lead that comes in would lock the version's row, and what is signed is never
    # deleted anyway.
    version = models.ForeignKey(
        Version, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    clause_key = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["lead", "to_stage", "at", "id"], name="stage_change_by_lead"),
            models.Index(
                fields=["to_stage", "at"],
                condition=models.Q(to_stage__in=[Stage.CUSTOMER, Stage.LOST, Stage.DISQUALIFIED]),
                name="stage_change_that_ends",
            ),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.from_stage} → {self.to_stage}"


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("Columns to map")
    WAITING = "waiting", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class ImportJobQuerySet(models.QuerySet["ImportJob"]):
    def to_do(self) -> "ImportJobQuerySet":
        """What a worker has still to work on; the one that waited longest for its turn first."""
        return self.filter(state__in=[ImportState.WAITING, ImportState.RUNNING]).order_by(
            models.F("worked_at").asc(nulls_first=True), "id"
        )


class ImportJob(models.Model):
    """One file of leads on its way in.

    `position` and `line` are how far it is committed, so that a killed worker's job goes on exactly there.
    """

    file = models.FileField(upload_to="imports/%Y/%m/", max_length=300, blank=True)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(default=0, help_text=_("In bytes."))
    encoding = models.CharField(max_length=20, default="utf-8")
    encoding_is_sure = models.BooleanField(default=True)
    delimiter = models.CharField(max_length=1, default=",")
    has_header = models.BooleanField(default=True)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict, help_text=_("See leads.importing.mapping."))
    notes = models.JSONField(default=list, help_text=_("What was noticed about the file, in words."))
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    rows_total = models.PositiveIntegerField(default=0, help_text=_("An estimate until the import is done."))
    rows_done = models.PositiveIntegerField(default=0)
    position = models.PositiveBigIntegerField(
        default=0, help_text=_("The byte at which the next row begins.")
    )
    line = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    warned = models.PositiveIntegerField(default=0)
    troubles = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often in a row a piece of work could not be finished.")
    )
    message = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [
            models.Index(
                fields=["worked_at", "id"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="import_to_do",
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_open(self) -> bool:
        """Whether a worker has still to work on it."""
        return self.state in {ImportState.WAITING, ImportState.RUNNING}

    @property
    def may_go_on(self) -> bool:
        """Whether it was stopped or failed on its way, and its file is still here."""
        is_halted = self.state in {ImportState.STOPPED, ImportState.FAILED}
        return is_halted and self.started_at is not None and bool(self.file)


class RowError(models.Model):
    """What is wrong with a row, or odd: line in the file, column, reason, and the row itself for the error file.

    A row with an error was not imported; one with a warning was, as it is.
    """

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="errors", db_index=False)
    is_warning = models.BooleanField(default=False)
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)
    row = models.JSONField(default=list)

    class Meta:
        ordering = ["line", "id"]
        indexes = [models.Index(fields=["job", "is_warning", "line", "id"], name="row_error_of_job")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"

    @property
    def excerpt(self) -> str:
        """The beginning of the row."""
        return " · ".join(cell for cell in self.row if cell)[:160]


class ImportKey(models.Model):
    """A lead, or a fact about a company, that a running import has seen; gone when it ends.

    `digest` is the lead's id or stands for a company's field (leads.services.imports.seen), `told` for what
    the row said.
    """

    pk = models.CompositePrimaryKey("job_id", "digest")
    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="keys", db_index=False)
    digest = models.BigIntegerField()
    told = models.BigIntegerField()
    line = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.job_id}: line {self.line}"


class ImportMapping(models.Model):
    """How columns were mapped the last time a file had these headers."""

    fingerprint = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of the headers."))
    mapping = models.JSONField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.fingerprint
