"""Where upper apps say no to an e-mail before it goes out. They register in `AppConfig.ready`."""

from collections.abc import Callable, Mapping, Sequence

from outbox.models import Message

Veto = Callable[[Sequence[Message]], Mapping[int, str]]
"""E-mails about to be sent → message id → why it must not be, in words. Asked for many at once, in a fixed number
of queries."""

vetoes: list[Veto] = []
