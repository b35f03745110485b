"""What becomes of somebody's work when they leave, said before they do."""

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from handoffs.models import Handoff, Pool


def what_moves(user: User) -> str:
    """Their open handoffs and the pools they lead; nothing where they have none. Two statements."""
    return " ".join(filter(None, (_handoffs(user), _pools(user))))


def _handoffs(user: User) -> str:
    count = Handoff.objects.open().filter(owner=user).count()
    if not count:
        return ""
    words = ngettext(
        "%(count)d open handoff goes to somebody else in its pool, or waits for the pool’s manager.",
        "%(count)d open handoffs go to others in their pools, or wait for the pools’ managers.",
        count,
    )
    return words % {"count": count}


def _pools(user: User) -> str:
    names = [pool.name for pool in Pool.objects.filter(manager=user)]
    if not names:
        return ""
    return _("Another manager takes over %(pools)s.") % {"pools": get_text_list(names, _("and"))}
