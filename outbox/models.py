"""Everything the portal tells someone, written in the transaction of the act that causes it (law 1)."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In the portal")
    EMAIL = "email", _("E-mail")


class MessageState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    SENT = "sent", _("Sent")
    STUCK = "stuck", _("Stuck")


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self, *, now: datetime) -> "MessageQuerySet":
        """Those whose next delivery is due."""
        return self.filter(state=MessageState.PENDING, next_attempt_at__lte=now)

    def stuck(self) -> "MessageQuerySet":
        return self.filter(state=MessageState.STUCK)


class Message(models.Model):
    """One thing told to one recipient on one channel, ever: channel and deduplication key say which.

    What is told in the portal is sent as it is written. On a channel to the outside world it waits
    (`PENDING`) until `next_attempt_at`; a delivery tried too often is `STUCK` and waits for a person.
    """

    channel = models.CharField(max_length=10, choices=Channel)
    dedup_key = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    kind = models.CharField(max_length=60)
    context = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "dedup_key"], name="message_told_once"),
            models.CheckConstraint(
                condition=models.Q(state=MessageState.SENT, sent_at__isnull=False)
                | (~models.Q(state=MessageState.SENT) & models.Q(sent_at=None)),
                name="message_sent_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="message_waiting",
                condition=models.Q(state=MessageState.PENDING),
            ),
            models.Index(fields=["id"], name="message_stuck", condition=models.Q(state=MessageState.STUCK)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id} by {self.channel}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at=None)

    def unread_first(self) -> "NoticeQuerySet":
        is_read = models.ExpressionWrapper(models.Q(read_at__isnull=False), models.BooleanField())
        return self.order_by(is_read, "-created_at", "-pk")


class Notice(models.Model):
    """A message as its reader sees it in the portal."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="notice")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    title = models.CharField(max_length=200)
    body = models.CharField(max_length=500, blank=True)
    url = models.CharField(max_length=300, blank=True)
    urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notice_of_user"),
            models.Index(fields=["user"], name="notice_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title
