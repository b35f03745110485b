"""What happened: handoffs, attempts, deadlines, breaches, waivers."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from agreements.models import CalendarRevision, Version
from handoffs.models.clauses import Channel
from handoffs.models.pools import Pool
from leads.models import APPEND_ONLY, Lead


class HandoffState(models.TextChoices):
    UNASSIGNED = "unassigned", _("Waiting for an owner")
    OFFERED = "offered", _("Waiting to be accepted")
    ACCEPTED = "accepted", _("Being worked")
    QUALIFIED = "qualified", _("Qualified (SQL)")
    DISQUALIFIED = "disqualified", _("Disqualified")
    RETURNED = "returned", _("Returned")
    REJECTED = "rejected", _("Rejected")


OPEN_STATES = (HandoffState.UNASSIGNED, HandoffState.OFFERED, HandoffState.ACCEPTED)


class HandoffQuerySet(models.QuerySet["Handoff"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)


class Handoff(models.Model):
    """A lead in the hands of sales, under the version in force when it was created. One open handoff per lead
    (law 5).
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="handoffs")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    trigger_key = models.CharField(max_length=80)
    urgent = models.BooleanField(default=False)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="handoffs")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="handoffs"
    )
    state = models.CharField(max_length=12, choices=HandoffState)
    missing = models.JSONField(
        default=list, help_text=_("Required information the lead did not have at handoff.")
    )
    note = models.TextField(blank=True, help_text=_("What the one who handed it over wants sales to know."))
    lead_acted_at = models.DateTimeField(
        help_text=_("The lead’s act that led to it: where speed to lead counts from.")
    )
    created_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    first_attempt_at = models.DateTimeField(null=True)
    last_attempt_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(
        null=True, help_text=_("The attempt that the lead first answered: no further one is asked for.")
    )
    attempts_made = models.PositiveSmallIntegerField(default=0)
    snoozed_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason_key = models.CharField(max_length=80, blank=True)
    reason_note = models.TextField(blank=True)
    cool_down_until = models.DateTimeField(
        null=True, help_text=_("Before that a score alone does not hand the lead over again.")
    )
    disputed_at = models.DateTimeField(
        null=True, help_text=_("Marketing disputes the return or rejection; none once that is settled.")
    )
    updated_at = models.DateTimeField()

    objects = HandoffQuerySet.as_manager()

    class Meta:
        verbose_name = _("handoff")
        verbose_name_plural = _("handoffs")
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=models.Q(state__in=OPEN_STATES), name="one_open_handoff_per_lead"
            ),
            models.CheckConstraint(
                condition=models.Q(state=HandoffState.UNASSIGNED, owner=None)
                | (~models.Q(state__in=[HandoffState.UNASSIGNED]) & models.Q(owner__isnull=False))
                | ~models.Q(state__in=OPEN_STATES),
                name="open_handoff_is_owned_unless_unassigned",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner", "created_at"],
                name="handoff_open_of_owner",
                condition=models.Q(state__in=OPEN_STATES),
            ),
            models.Index(
                fields=["pool", "created_at"],
                name="handoff_unassigned",
                condition=models.Q(state=HandoffState.UNASSIGNED),
            ),
            models.Index(fields=["updated_at", "id"], name="handoff_updated"),
            models.Index(fields=["created_at"], name="handoff_created"),
            models.Index(
                fields=["ended_at"], name="handoff_ended", condition=models.Q(ended_at__isnull=False)
            ),
            models.Index(
                fields=["lead", "cool_down_until"],
                name="handoff_cooling_down",
                condition=models.Q(cool_down_until__isnull=False),
            ),
            models.Index(
                fields=["disputed_at"], name="handoff_disputed", condition=models.Q(disputed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Handoff {self.pk} of {self.lead_id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class HeldBack(models.Model):
    """A conversion that handed nobody over, because the agreement leaves such leads out. Append-only.

    `conditions` are those of the clause's that the lead met then.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="held_back")
    activity_id = models.BigIntegerField(unique=True)
    activity_type = models.SlugField(max_length=60, db_index=False)
    at = models.DateTimeField()
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    clause_key = models.CharField(max_length=80)
    conditions = models.JSONField()

    class Meta:
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.activity_type} of {self.lead_id} held back by {self.clause_key}"


class Outcome(models.TextChoices):
    CONNECTED = "connected", _("Talked")
    MEETING_BOOKED = "meeting_booked", _("Meeting booked")
    REPLIED = "replied", _("Replied")
    SENT = "sent", _("Sent")
    VOICEMAIL = "voicemail", _("Left a voicemail")
    NO_ANSWER = "no_answer", _("No answer")
    WRONG_CONTACT = "wrong_contact", _("Wrong number or address")


_WRITTEN = (Outcome.SENT, Outcome.REPLIED, Outcome.MEETING_BOOKED, Outcome.WRONG_CONTACT)
OUTCOMES_BY = {
    Channel.PHONE: (
        Outcome.CONNECTED,
        Outcome.MEETING_BOOKED,
        Outcome.VOICEMAIL,
        Outcome.NO_ANSWER,
        Outcome.WRONG_CONTACT,
    ),
    Channel.EMAIL: _WRITTEN,
    Channel.VIDEO: _WRITTEN,
    Channel.SOCIAL: _WRITTEN,
    Channel.MEETING: (Outcome.CONNECTED, Outcome.MEETING_BOOKED, Outcome.NO_ANSWER),
}
"""What people choose from, the likely one first. Other systems have their own ideas and may send any pair."""

ANSWERS = (Outcome.CONNECTED, Outcome.MEETING_BOOKED, Outcome.REPLIED)
"""Outcomes by which the lead is reached: they end the cadence, not the handoff."""


class Attempt(models.Model):
    """A person tried to reach the lead. Append-only; automation never writes here (law 10)."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(help_text=_("From 1 within the handoff."))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attempts")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome)
    note = models.TextField(_("note"), blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=200, null=True, unique=True, help_text=_("Idempotency key."))

    class Meta:
        ordering = ["handoff", "number"]
        constraints = [models.UniqueConstraint(fields=["handoff", "number"], name="attempts_are_numbered")]
        indexes = [models.Index(fields=["at"], name="attempt_at")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"Attempt {self.number} on handoff {self.handoff_id}"


class DeadlineKind(models.TextChoices):
    ASSIGN = "assign", _("Find an owner")
    ACCEPT = "accept", _("Accept")
    FIRST_ATTEMPT = "first_attempt", _("First attempt")
    NEXT_ATTEMPT = "next_attempt", _("Next attempt")


class DeadlineOutcome(models.TextChoices):
    OPEN = "open", _("Open")
    MET = "met", _("Met")
    MET_LATE = "met_late", _("Met late")
    CANCELLED = "cancelled", _("No longer needed")


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def open(self) -> Self:
        return self.filter(outcome=DeadlineOutcome.OPEN)

    def with_waiver(self) -> Self:
        """Each says in `is_waived` whether a manager excused its breach."""
        return self.annotate(is_waived=_waived())

    def pressing(self) -> Self:
        """Open clocks that may still be missed or were: those whose breach is waived press nobody."""
        return self.open().filter(~_waived())

    def due(self, *, now: datetime) -> Self:
        """Open clocks that want something done: a reminder, a breach, an escalation, a reassignment.

        Whatever happens at the very instant is in time, so an instant is past when `now` lies after it.
        """
        return self.open().filter(next_action_at__lt=now)


def _waived() -> models.Exists:
    return models.Exists(Waiver.objects.filter(breach__deadline=models.OuterRef("pk")))


class Deadline(models.Model):
    """One obligation and its clock, computed once when it starts (law 3), for the person it binds.

    `next_action_at` is the earliest of remind, due, escalate and reassign that is not done yet; none once all
    are, or once the breach is waived: then nothing follows from it.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="deadlines")
    kind = models.CharField(max_length=15, choices=DeadlineKind)
    step = models.PositiveSmallIntegerField(
        default=0, help_text=_("Number of the attempt it asks for; 0 for none.")
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deadlines")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    clause_key = models.CharField(max_length=80)
    calendar = models.ForeignKey(CalendarRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    reassign_at = models.DateTimeField(null=True)
    next_action_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=DeadlineOutcome, default=DeadlineOutcome.OPEN)
    ended_at = models.DateTimeField(null=True)
    took = models.DurationField(
        null=True, help_text=_("Business time from start to the act that met it, by its calendar.")
    )

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "kind"],
                condition=models.Q(outcome=DeadlineOutcome.OPEN),
                name="one_open_deadline_per_kind",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_action_at"],
                name="deadline_next_action",
                condition=models.Q(outcome=DeadlineOutcome.OPEN),
            ),
            models.Index(
                fields=["owner", "due_at"],
                name="deadline_open_of_owner",
                condition=models.Q(outcome=DeadlineOutcome.OPEN),
            ),
            models.Index(fields=["due_at"], name="deadline_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of handoff {self.handoff_id} by {self.due_at:%Y-%m-%d %H:%M}"


class Breach(models.Model):
    """An obligation was missed: a fact, once per deadline (law 4), against the person it bound then."""

    deadline = models.OneToOneField(Deadline, on_delete=models.PROTECT, related_name="breach")
    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="breaches")
    kind = models.CharField(max_length=15, choices=DeadlineKind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="breaches")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    clause_key = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-due_at"]
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        indexes = [models.Index(fields=["due_at"], name="breach_by_due")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"Breach of {self.clause_key} on handoff {self.handoff_id}"


class Waiver(models.Model):
    """A manager excuses a breach, with a reason; the breach stays on record. Append-only."""

    breach = models.OneToOneField(Breach, on_delete=models.PROTECT, related_name="waiver")
    reason = models.CharField(max_length=300)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return self.reason


class EventKind(models.TextChoices):
    CREATED = "created", _("Handed over")
    ASSIGNED = "assigned", _("Assigned")
    UNASSIGNED = "unassigned", _("Nobody was free")
    ACCEPTED = "accepted", _("Accepted")
    REMINDED = "reminded", _("Reminded")
    ESCALATED = "escalated", _("Escalated")
    REASSIGNED = "reassigned", _("Reassigned")
    SNOOZED = "snoozed", _("Snoozed")
    QUALIFIED = "qualified", _("Qualified")
    DISQUALIFIED = "disqualified", _("Disqualified")
    RETURNED = "returned", _("Returned")
    REJECTED = "rejected", _("Rejected")
    DISPUTED = "disputed", _("Disputed")
    RULED = "ruled", _("Dispute settled")
    CONVERTED = "converted", _("Converted again")


class HandoffEvent(models.Model):
    """One line of a handoff's history. Append-only. `data` holds what the kind needs, such as the owners."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=15, choices=EventKind)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    clause_key = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.kind} on handoff {self.handoff_id}"
