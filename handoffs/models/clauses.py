"""The clauses of chapters 4 (handoffs, both ways) and 6 (follow-up)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.fields import SpanField
from agreements.models import Clause, Component


class TriggerKind(models.TextChoices):
    SCORE = "score", _("The lead qualifies by score")
    CONVERSION = "conversion", _("A bottom-of-funnel conversion")
    MANUAL = "manual", _("By hand")


class HandoffTrigger(Clause):
    """What hands a lead to sales, what marketing must tell, who gets it, and under which clocks.

    Of several that fire at once the one with the lowest position wins. Refers to clauses and a pool by key.
    """

    component = Component.HANDOFFS
    references = {"response_policy": "response_policy", "cadence": "cadence"}
    joined_by = {"activity_types": "or"}

    kind = models.CharField(max_length=10, choices=TriggerKind)
    activity_types = models.JSONField(
        default=list, blank=True, help_text=_("For a conversion: which activities.")
    )
    required_information = models.JSONField(
        default=list,
        help_text=_('Fields of the lead that sales must see, such as ["phone", "company.name"].'),
    )
    pool = models.SlugField(max_length=60)
    response_policy = models.SlugField(max_length=80)
    cadence = models.SlugField(max_length=80)
    urgent = models.BooleanField(
        default=False, help_text=_("Told loudly, and first in the queue among equals.")
    )

    class Meta(Clause.Meta):
        constraints = [
            *Clause.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(kind=TriggerKind.CONVERSION) | ~models.Q(activity_types=[]),
                name="conversion_names_activities",
            ),
        ]


class ResponsePolicy(Clause):
    """How fast sales answers a handoff, and what follows when it does not. Spans count from assignment or
    from the due instant.
    """

    component = Component.HANDOFFS

    assign_within = SpanField(help_text=_("From the handoff, while nobody owns it: the manager’s clock."))
    accept_within = SpanField(help_text=_("From assignment."))
    first_attempt_within = SpanField(help_text=_("From assignment."))
    remind_after = models.PositiveSmallIntegerField(
        default=75, help_text=_("Remind when this per cent of the time between start and due has passed.")
    )
    escalate_after = SpanField(null=True, blank=True, help_text=_("From the breach: the manager is told."))
    reassign_after = SpanField(
        null=True,
        blank=True,
        help_text=_("From the breach of acceptance or first attempt: somebody else gets it."),
    )


class Channel(models.TextChoices):
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    VIDEO = "video", _("Video message")
    SOCIAL = "social", _("Social network")
    MEETING = "meeting", _("Meeting")


class Cadence(Clause):
    """How persistently sales follows up; its steps say channel and spacing."""

    component = Component.FOLLOW_UP

    minimum_attempts = models.PositiveSmallIntegerField(
        help_text=_("Attempts before a lead may be returned for not answering.")
    )


class CadenceStep(Clause):
    """One attempt of a cadence, in the order of position. The first step's clock is the response policy's."""

    component = Component.FOLLOW_UP
    references = {"cadence": "cadence"}

    cadence = models.SlugField(max_length=80, help_text=_("Key of the cadence."))
    channel = models.CharField(max_length=10, choices=Channel)
    within = SpanField(
        null=True, blank=True, help_text=_("From the attempt before; none for the first step.")
    )


class ReturnReason(Clause):
    """A documented reason why a lead does not progress: sales rejects, returns or disqualifies it, or loses
    it later.

    `needs_attempts`: only after the cadence's minimum. `track`: the nurture track a return leads to.
    `cool_down`: how long a score alone does not hand the lead over again (a conversion does).
    `stops_contact`: nobody writes to or calls the lead, unless it asks to talk again.
    """

    component = Component.HANDOFFS
    references = {"track": "nurture_track"}
    added_later = frozenset({"stops_contact"})

    class Act(models.TextChoices):
        REJECT = "reject", _("Reject")
        RETURN = "return", _("Return")
        DISQUALIFY = "disqualify", _("Disqualify")
        LOSE = "lose", _("Lose")

    act = models.CharField(max_length=10, choices=Act)
    needs_attempts = models.BooleanField(default=False)
    track = models.SlugField(max_length=80, blank=True)
    cool_down = SpanField(null=True, blank=True)
    stops_contact = models.BooleanField(default=False)
