"""What upper apps say on a person's page, without `accounts` knowing them. They register in `AppConfig.ready`."""

from collections.abc import Callable

from accounts.models import User

Leaving = Callable[[User], str]
"""What becomes of a person's work when they may no longer do it: one sentence, or nothing."""

leaving: list[Leaving] = []


def what_follows(user: User) -> str:
    """All that happens besides when somebody leaves, as running text."""
    return " ".join(filter(None, (say(user) for say in leaving)))
