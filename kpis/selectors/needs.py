"""What waits for one person now, by what that person may do: counts, each with the page where it is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.roles import Capability, Side
from agreements.models import Agreement, Version, VersionState
from handoffs.models import Deadline, Handoff, HandoffState
from handoffs.selectors.board import Scope as BoardScope
from handoffs.selectors.board import Show, figures
from kpis.scopes import ALL, DAY, Scope
from kpis.selectors.behind import behind
from kpis.selectors.standing import zone_of
from leads.models import ImportJob, ImportState
from nurture.models import Enrolment
from nurture.selectors.tracks import CANNOT, resting
from outbox.models import Message

LATELY = timedelta(days=7)
"""How far back returns and failed imports are still news."""
GIVEN_BACK = "returns-by-reason"
"""The measure of what sales gave back, and nobody overruled."""


@dataclass(frozen=True)
class Need:
    """`tone` is a clock state; `key` names it for tests and addresses."""

    key: str
    count: int
    words: str
    url: str
    icon: str
    tone: str = ""


def needs_of(user: User, *, now: datetime, tz: tzinfo) -> list[Need]:
    """What there is to do, the most urgent first; what nothing waits in is left out."""
    found = [
        *_own(user, now),
        *_of_manager(user, now, tz),
        *_of_nurture(user),
        *_of_marketing(user, now),
        *_to_sign(user),
        *_of_administrator(user),
    ]
    return [need for need in found if need.count]


def _own(user: User, now: datetime) -> Iterator[Need]:
    """One's own handoffs; a manager or administrator has few or none, and sees them all the same."""
    if not user.can(Capability.WORK_HANDOFFS):
        return
    queue = reverse("handoffs:queue")
    clocks = Deadline.objects.pressing().filter(handoff__owner=user)
    late = clocks.filter(due_at__lt=now).values("handoff").distinct().count()
    soon = clocks.filter(due_at__gte=now, remind_at__lte=now).values("handoff").distinct().count()
    offered = Handoff.objects.filter(owner=user, state=HandoffState.OFFERED).count()
    words = ngettext("of your handoffs is late", "of your handoffs are late", late)
    yield Need("own-late", late, words, queue, "alert-triangle", "overdue")
    words = ngettext("of your handoffs is due soon", "of your handoffs are due soon", soon)
    yield Need("own-soon", soon, words, queue, "hourglass", "due_soon")
    words = ngettext("handoff waits for your answer", "handoffs wait for your answer", offered)
    yield Need("own-offered", offered, words, queue, "inbox", "today")


BOARD = (
    (Show.RISK, "alert-triangle", "overdue"),
    (Show.UNASSIGNED, "user-x", "overdue"),
    (Show.DISPUTED, "scale", "due_soon"),
    (Show.UNTOUCHED, "clock-pause", "due_soon"),
    (Show.TOO_FEW, "repeat", "due_soon"),
)


def _of_manager(user: User, now: datetime, tz: tzinfo) -> Iterator[Need]:
    if not user.can(Capability.MANAGE_HANDOFFS):
        return
    counts = figures(BoardScope(), now=now, tz=tz)
    for show, icon, tone in BOARD:
        words = _say(show, counts[show])
        yield Need(
            show.value, counts[show], words, f"{reverse('handoffs:board')}?show={show.value}", icon, tone
        )


def _say(show: Show, count: int) -> str:
    said = {
        Show.RISK: ngettext("handoff is late or due soon", "handoffs are late or due soon", count),
        Show.UNASSIGNED: ngettext("handoff has no owner", "handoffs have no owner", count),
        Show.DISPUTED: ngettext("dispute to settle", "disputes to settle", count),
        Show.UNTOUCHED: ngettext("handoff untouched for 24 h", "handoffs untouched for 24 h", count),
        Show.TOO_FEW: ngettext(
            "handoff with too few attempts in 14 days", "handoffs with too few attempts in 14 days", count
        ),
    }
    return said[show]


def _of_marketing(user: User, now: datetime) -> Iterator[Need]:
    if not user.can(Capability.IMPORT_LEADS) or user.side == Side.SALES:
        return
    returned, url = _given_back(now)
    words = ngettext("lead given back in the last 7 days", "leads given back in the last 7 days", returned)
    failed = ImportJob.objects.filter(state=ImportState.FAILED, created_at__gte=now - LATELY).count()
    said = ngettext("import failed in the last 7 days", "imports failed in the last 7 days", failed)
    yield Need("imports", failed, said, reverse("leads:imports"), "file-import", "overdue")
    yield Need("returned", returned, words, url, "arrow-back-up", "due_soon")


def _given_back(now: datetime) -> tuple[int, str]:
    """How many handoffs of all agreements sales gave back today and on the six days before, and the list of them.

    Days are those of the default agreement's zone, whoever looks: so the page that lists them reads the address.
    """
    zone = zone_of(Agreement.objects.filter(is_default=True).first())
    today = now.astimezone(zone).date()
    scope = Scope(today - LATELY + DAY, today, zone)
    query = {
        "agreement": ALL,
        "from": scope.starts_on,
        "to": scope.ends_on,
        "measure": GIVEN_BACK,
    }
    return len(behind(GIVEN_BACK, "numerator", scope, now)), f"{reverse('kpis:behind')}?{urlencode(query)}"


def _of_nurture(user: User) -> Iterator[Need]:
    """Returned leads whom nobody looks after: their track does not run, or no e-mail may reach them."""
    if not user.can(Capability.RUN_NURTURE):
        return
    still = resting()
    words = ngettext("track of the agreement does not run", "tracks of the agreement do not run", still)
    yield Need("tracks", still, words, reverse("nurture:home"), "route", "overdue")
    held = Enrolment.objects.active().filter(hold__in=CANNOT).count()
    said = ngettext("person in nurture cannot be written to", "people in nurture cannot be written to", held)
    yield Need("unreachable", held, said, reverse("nurture:behind", args=["held"]), "ban", "due_soon")


def _of_administrator(user: User) -> Iterator[Need]:
    if not user.can(Capability.ADMINISTER):
        return
    stuck = Message.objects.stuck().count()
    words = ngettext("message is stuck", "messages are stuck", stuck)
    yield Need("stuck", stuck, words, f"{reverse('outbox:mails')}?state=stuck", "mail", "overdue")


def _to_sign(user: User) -> Iterator[Need]:
    if not user.can(Capability.EDIT_AGREEMENT) or user.side is None:
        return
    waiting = Version.objects.filter(state=VersionState.PROPOSED).exclude(signatures__side=user.side)
    for version in waiting.select_related("agreement"):
        words = _("version to sign: %(version)s") % {"version": version}
        yield Need(f"sign-{version.pk}", 1, words, version.get_absolute_url(), "signature", "today")
