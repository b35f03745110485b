"""Everything the portal tells someone, written in the transaction of the act that causes it (law 1)."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In the portal")
    EMAIL = "email", _("E-mail")


class MessageState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    SENT = "sent", _("Sent")
    STUCK = "stuck", _("Stuck")
    REFUSED = "refused", _("Refused")
    WITHHELD = "withheld", _("Withheld")
    KEPT = "kept", _("Not sent")


TRIED_AGAIN = (MessageState.STUCK, MessageState.REFUSED, MessageState.WITHHELD)
"""States out of which a person may have an e-mail tried again."""


class MessageQuerySet(models.QuerySet["Message"]):
    def mails(self) -> "MessageQuerySet":
        return self.filter(channel=Channel.EMAIL)

    def waiting(self, *, now: datetime) -> "MessageQuerySet":
        """Those whose next delivery is due."""
        return self.filter(state=MessageState.PENDING, next_attempt_at__lte=now)

    def stuck(self) -> "MessageQuerySet":
        return self.filter(state=MessageState.STUCK)


class Message(models.Model):
    """One thing told to one recipient on one channel, ever: channel and deduplication key say which.

    What is told in the portal is sent as it is written. An e-mail waits (`PENDING`) until `next_attempt_at`.
    Then it is `SENT`; `STUCK` when it was tried too often, and waits for a person; `REFUSED` when the server
    will never take it for this address; `WITHHELD` when somebody who may (`extensions.vetoes`, or a person)
    said no before it went out. Without a mail server it is `KEPT` from the start, for reading in Settings.
    `last_error` says why it is not sent, in words. The text of an old e-mail is removed (`emptied_at`).
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
    to = models.CharField(max_length=320, default="", db_default="", blank=True)
    to_name = models.CharField(max_length=200, default="", db_default="", blank=True)
    subject = models.CharField(max_length=250, default="", db_default="", blank=True)
    text = models.TextField(default="", db_default="", blank=True)
    html = models.TextField(default="", db_default="", blank=True)
    headers = models.JSONField(
        default=dict, db_default=models.Value({}, output_field=models.JSONField()), blank=True
    )
    message_id = models.CharField(max_length=255, default="", db_default="", blank=True)
    last_error = models.CharField(max_length=500, default="", db_default="", blank=True)
    emptied_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "dedup_key"], name="message_told_once"),
            models.CheckConstraint(
                condition=models.Q(state=MessageState.SENT, sent_at__isnull=False)
                | (~models.Q(state=MessageState.SENT) & models.Q(sent_at=None)),
                name="message_sent_has_time",
            ),
            models.UniqueConstraint(
                fields=["message_id"], name="message_id_once", condition=~models.Q(message_id="")
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="message_waiting",
                condition=models.Q(state=MessageState.PENDING),
            ),
            models.Index(fields=["id"], name="message_stuck", condition=models.Q(state=MessageState.STUCK)),
            models.Index(
                fields=["state", "-id"], name="message_mails", condition=models.Q(channel=Channel.EMAIL)
            ),
            models.Index(
                fields=["-id"], name="message_mails_newest", condition=models.Q(channel=Channel.EMAIL)
            ),
            models.Index(
                Upper("to"),
                models.F("id").desc(),
                name="message_mails_of_address",
                condition=models.Q(channel=Channel.EMAIL),
            ),
            models.Index(
                fields=["created_at"],
                name="message_to_empty",
                condition=models.Q(channel=Channel.EMAIL, emptied_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id} by {self.channel}"

    @property
    def is_stuck(self) -> bool:
        return self.state == MessageState.STUCK

    @property
    def may_be_tried_again(self) -> bool:
        return self.state in TRIED_AGAIN and self.emptied_at is None


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


class MailServer(models.Model):
    """How the mail server answered last, in one row that exists once it failed.

    That a server does not answer is no e-mail's fault: nothing is sent until `next_try_at`, which moves
    further away with every failure, and no e-mail's tries are used up meanwhile.
    """

    ONLY = 1

    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="mail_server_only_one")]

    def __str__(self) -> str:
        return self.last_error or "answers"
