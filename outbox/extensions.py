"""Where upper apps say no, or not yet, to an e-mail before it goes out. They register in `AppConfig.ready`."""

from collections.abc import Callable, Mapping, Sequence

from outbox.models import Message


class NotYet(str):
    """Why an e-mail has to wait: it is asked for again later, and loses no try meanwhile."""


Veto = Callable[[Sequence[Message]], Mapping[int, str]]
"""E-mails about to be sent → message id → why it must not be, in words; `NotYet` where it only has to wait. Asked
for many at once, in a fixed number of queries, and in the transaction that puts off those that have to wait: a veto
that says `NotYet` locks what it goes by against whoever ends the waiting and calls `send_waiting`."""

vetoes: list[Veto] = []
