"""What the agreement says of nurture, the tracks that run it, who is in them, and what they were sent."""

from datetime import datetime
from typing import Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from agreements.fields import SpanField
from agreements.models import Agreement, Clause, Component, Version
from handoffs.models import Handoff
from leads.models import APPEND_ONLY, Lead
from outbox.models import Message, MessageState


class BuyerStage(models.TextChoices):
    AWARENESS = "awareness", _("Awareness")
    CONSIDERATION = "consideration", _("Consideration")
    DECISION = "decision", _("Decision")


class NurtureTrack(Clause):
    """A track that marketing promises to run: for which buyer stage, with which offers, who gets in and out."""

    component = Component.NURTURE

    buyer_stage = models.CharField(max_length=15, choices=BuyerStage)
    offers = models.JSONField(default=list, help_text=_("What is offered, in order."))
    enrols = models.CharField(max_length=300, help_text=_("Who gets in."))
    leaves = models.CharField(max_length=300, help_text=_("How one gets out."))


# --- Tracks: operational, not part of the signed document ---------------------------------------------------


@pghistory.track()
class Track(models.Model):
    """What runs a clause of the agreement. `key` is the clause's; versions come and go, the track stays.

    While it does not run, people are enrolled and wait. `ran_at` is when it was first started: until then
    those who wait always stand on the newest revision.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="tracks")
    key = models.SlugField(max_length=80)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("runs"), default=False)
    ran_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("track")
        verbose_name_plural = _("tracks")
        constraints = [models.UniqueConstraint(fields=["agreement", "key"], name="one_track_per_clause")]

    def __str__(self) -> str:
        return self.name


class TrackRevision(models.Model):
    """One immutable state of a track. Who is in the track stays on the revision they began with.

    `step_count` is fixed with it: the database takes no step beyond, nor any that comes later.
    """

    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    lasts_days = models.PositiveSmallIntegerField(
        _("days in the track"),
        help_text=_("From enrolment. Whoever has not qualified by then leaves."),
    )
    step_count = models.PositiveSmallIntegerField()
    note = models.CharField(_("what changed"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["track", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["track", "number"], name="one_track_revision_per_number"),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.track} r{self.number}"


STEPS_BELONG = pgtrigger.Trigger(
    name="belongs_from_the_start",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func="""
        IF NEW.position > (SELECT step_count FROM nurture_trackrevision WHERE id = NEW.revision_id) THEN
            RAISE EXCEPTION 'A revision of a track takes no further steps.' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)


class Step(models.Model):
    """One e-mail of a revision: how long after enrolment or the step before, what it says, what it offers."""

    revision = models.ForeignKey(TrackRevision, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField(help_text=_("From 1."))
    wait = SpanField(_("wait"), help_text=_("After enrolment, or after the e-mail before."))
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    offer_name = models.CharField(_("offer"), max_length=120, blank=True)
    offer_url = models.URLField(_("address of the offer"), max_length=500, blank=True)

    class Meta:
        ordering = ["revision", "position"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "position"], name="steps_are_numbered"),
            models.CheckConstraint(condition=models.Q(position__gte=1), name="steps_count_from_one"),
        ]
        triggers = [APPEND_ONLY, STEPS_BELONG]

    def __str__(self) -> str:
        return f"{self.position}. {self.subject}"


# --- Who is in ----------------------------------------------------------------------------------------------


class EnrolmentState(models.TextChoices):
    ACTIVE = "active", _("In the track")
    ENDED = "ended", _("Left")


class Cause(models.TextChoices):
    RETURN = "handoff", _("Sales gave the lead back")
    HAND = "rep", _("Enrolled by hand")
    RULE = "rule", _("By a rule")


class Hold(models.TextChoices):
    """Why nothing is sent to somebody who is in a track."""

    NONE = "", _("None")
    PAUSED = "paused", _("The track does not run")
    NO_EMAIL = "no_email", _("Cannot be written to: no e-mail address")
    NO_CONSENT = "no_consent", _("Cannot be written to: no consent to e-mail")


OUT_OF_REACH = (Hold.NO_EMAIL, Hold.NO_CONSENT)
"""Holds that lie with the lead."""


class EndedWhy(models.TextChoices):
    QUALIFIED = "qualified", _("Qualified again")
    WON = "won", _("Became a customer")
    LOST = "lost", _("The deal was lost")
    DISQUALIFIED = "disqualified", _("Disqualified")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    WITHDRAWN = "withdrawn", _("Withdrew consent to e-mail")
    SUPPRESSED = "suppressed", _("Must not be written to")
    BOUNCED = "bounced", _("The address refuses our mail")
    MOVED = "moved", _("Moved, or enrolled anew")
    FINISHED = "finished", _("Came to the end")
    BY_HAND = "by_hand", _("Taken out by hand")


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def active(self) -> Self:
        return self.filter(state=EnrolmentState.ACTIVE)

    def held(self) -> Self:
        """In a track, and nothing is sent."""
        return self.active().exclude(hold=Hold.NONE)

    def unreachable(self) -> Self:
        """In a track, and no e-mail may reach them, whether or not it runs."""
        return self.active().filter(hold__in=OUT_OF_REACH)

    def left_since(self, at: datetime) -> Self:
        return self.filter(state=EnrolmentState.ENDED, ended_at__gte=at)

    def due(self, *, now: datetime) -> Self:
        """Whose next step's instant has come."""
        return self.active().filter(next_at__lte=now)


class Enrolment(models.Model):
    """A lead in a track, on the revision it began with. A lead is in one track at a time.

    `due_at` is when the next step comes by the plan, or the end once all were sent; `next_at` is the same
    where something will be sent, and none while a `hold` says why not: the sweep looks at `next_at` alone.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="enrolments")
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="enrolments", db_index=False)
    revision = models.ForeignKey(TrackRevision, on_delete=models.PROTECT, related_name="enrolments")
    state = models.CharField(max_length=8, choices=EnrolmentState, default=EnrolmentState.ACTIVE)
    cause = models.CharField(max_length=10, choices=Cause)
    handoff = models.ForeignKey(
        Handoff,
        null=True,
        on_delete=models.PROTECT,
        related_name="enrolments",
        help_text=_("The return that led here."),
    )
    enrolled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    version = models.ForeignKey(
        Version, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    clause_key = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()
    position = models.PositiveSmallIntegerField(default=1, help_text=_("Of the next step."))
    due_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    hold = models.CharField(max_length=12, choices=Hold, default=Hold.NONE, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=12, choices=EndedWhy, blank=True)
    updated_at = models.DateTimeField()

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=models.Q(state=EnrolmentState.ACTIVE), name="one_track_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["handoff"], condition=models.Q(handoff__isnull=False), name="one_enrolment_per_return"
            ),
            models.CheckConstraint(
                condition=models.Q(state=EnrolmentState.ACTIVE, ended_at=None, ended_why="")
                | (models.Q(state=EnrolmentState.ENDED, ended_at__isnull=False) & ~models.Q(ended_why="")),
                name="enrolment_ended_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(hold=Hold.NONE) | models.Q(next_at=None), name="held_is_not_due"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                name="enrolment_due",
                condition=models.Q(state=EnrolmentState.ACTIVE, next_at__isnull=False),
            ),
            models.Index(fields=["track", "state", "-started_at"], name="enrolment_of_track"),
            models.Index(fields=["started_at"], name="enrolment_started"),
            models.Index(
                fields=["ended_at"], name="enrolment_ended", condition=models.Q(state=EnrolmentState.ENDED)
            ),
        ]

    def __str__(self) -> str:
        return f"Enrolment {self.pk} of {self.lead_id}"

    @property
    def is_active(self) -> bool:
        return self.state == EnrolmentState.ACTIVE


NOT_OUT = (MessageState.WITHHELD, MessageState.REFUSED)
"""States of a message that its reader did not get and will not."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def went_out(self) -> Self:
        """Those that their readers got, or will."""
        return self.filter(~models.Q(message__state__in=NOT_OUT) | models.Q(message=None))

    def followed(self) -> Self:
        """Those whose reader went on to the offer."""
        return self.filter(clicked_at__isnull=False)


class Delivery(models.Model):
    """A step sent to somebody: once per enrolment and step, ever, whatever sweeps.

    `address` is where it went. `fetched_at`: something, perhaps a scanner, looked at the offer's page.
    `clicked_at`: a person went on to the offer (law 10).
    """

    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="deliveries")
    message = models.OneToOneField(
        Message, null=True, on_delete=models.SET_NULL, related_name="nurture_delivery"
    )
    address = models.EmailField()
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-queued_at", "-pk"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "step"], name="one_delivery_per_step"),
        ]
        indexes = [models.Index(fields=["queued_at"], name="delivery_queued")]
        triggers = [pgtrigger.Protect(name="is_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"Step {self.step_id} to {self.address}"


class SuppressedWhy(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    BOUNCED = "bounced", _("The address refuses our mail")
    BY_HAND = "by_hand", _("Asked a person here")


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def in_force(self) -> Self:
        return self.filter(lifted_at=None)


class Suppression(models.Model):
    """An address that is not written to. It is never deleted; lifting it is on record."""

    address = models.EmailField()
    why = models.CharField(max_length=12, choices=SuppressedWhy)
    detail = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_why = models.CharField(max_length=300, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("address not written to")
        verbose_name_plural = _("addresses not written to")
        constraints = [
            models.UniqueConstraint(
                fields=["address"],
                condition=models.Q(lifted_at=None),
                name="one_suppression_per_address",
            ),
            models.CheckConstraint(
                condition=models.Q(address=Lower("address")), name="suppressed_address_lower_case"
            ),
        ]
        indexes = [models.Index(fields=["at"], name="suppression_at")]
        triggers = [pgtrigger.Protect(name="is_kept", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.address
