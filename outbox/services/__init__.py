"""Everything the portal tells someone: written in the transaction of the act, delivered by a worker."""

from outbox.services.acts import (
    queue_trial,
    retry_mails,
    retry_server,
    retry_stuck,
    send_waiting,
    withhold_mails,
)
from outbox.services.delivery import deliver_mails
from outbox.services.emptying import empty_old_mails
from outbox.services.keeping import answer_kept, keeping_mails
from outbox.services.mails import Mail, queue_mails
from outbox.services.notices import Tell, mark_read, mark_unread, tell

__all__ = [
    "Mail",
    "Tell",
    "answer_kept",
    "deliver_mails",
    "empty_old_mails",
    "keeping_mails",
    "mark_read",
    "mark_unread",
    "queue_mails",
    "queue_trial",
    "retry_mails",
    "retry_server",
    "retry_stuck",
    "send_waiting",
    "tell",
    "withhold_mails",
]
