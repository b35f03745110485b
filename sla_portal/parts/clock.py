"""The clock chip and the relative time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from sla_portal.humanize import (
    clock_words,
    describe_due,
    say_exactly,
    say_instant,
    say_length,
    say_time_of_day,
    say_when,
)


@dataclass(frozen=True)
class Face:
    """How one state of a clock looks, and its word."""

    icon: str
    word: str | Promise


FACES = {
    "later": Face("clock", gettext_lazy("Later")),
    "today": Face("calendar-event", gettext_lazy("Today")),
    "due_soon": Face("hourglass", gettext_lazy("Due soon")),
    "overdue": Face("alert-triangle", gettext_lazy("Overdue")),
    "missed": Face("x", gettext_lazy("Missed")),
    "met": Face("check", gettext_lazy("Met")),
    "met_late": Face("check", gettext_lazy("Met late")),
    "paused": Face("player-pause", gettext_lazy("Paused")),
    "waived": Face("ban", gettext_lazy("Waived")),
}
TICKING = {"later", "today", "due_soon", "overdue"}


def clock(
    state: str,
    due: datetime,
    now: datetime,
    calendar_name: str = "",
    soon_at: datetime | None = None,
    done_at: datetime | None = None,
    left: timedelta | None = None,
) -> dict[str, Any]:
    """The clock chip of one obligation.

    `state` is a key of FACES. `soon_at` is when it turns amber in an open page; `done_at` is when it was met;
    `left` is what remains while it is paused. Raises KeyError for an unknown state.
    """
    ticking = state in TICKING
    state = "overdue" if ticking and now > due else state
    face, tz = FACES[state], timezone.get_current_timezone()
    words, at = _running(due, now) if ticking else _stopped(state, due, now, done_at, left)
    exact = describe_due(due, now, tz).exact
    return {
        "state": state,
        "face": face,
        "words": words,
        "at": at,
        "exact": " · ".join(part for part in (f"{face.word}: {exact}", calendar_name) if part),
        "due": instant(due),
        "soon": instant(soon_at) if soon_at else "",
        "today": instant(due.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0)),
        "ticking": ticking,
    }


def _running(due: datetime, now: datetime) -> tuple[str, str]:
    """What a clock that runs says, and the instant beside it."""
    words = describe_due(due, now, timezone.get_current_timezone())
    return words.relative, words.at


def _stopped(
    state: str, due: datetime, now: datetime, done_at: datetime | None, left: timedelta | None
) -> tuple[str, str]:
    """What a clock says that was met, paused or waived, and the instant or the rest beside it."""
    at = say_instant(done_at or due, now, timezone.get_current_timezone())
    if state == "met_late":
        late = max(done_at - due, timedelta(0)) if done_at else None
        return gettext("met late by %(length)s") % {"length": say_length(late)} if late else gettext(
            "met late"
        ), at
    if state == "paused":
        return gettext("paused"), gettext("%(length)s left") % {"length": say_length(left)} if left else ""
    if state == "missed":
        return gettext("missed"), say_instant(due, now, timezone.get_current_timezone())
    return (gettext("met") if state == "met" else gettext("waived")), at


def when(at: datetime, now: datetime) -> dict[str, Any]:
    """A fact's instant as people say it; an open page keeps it true."""
    tz = timezone.get_current_timezone()
    return {
        "at": instant(at),
        "words": say_when(at, now, tz),
        "day": say_time_of_day(at, now, tz),
        "settled": say_instant(at, now, tz),
        "exact": say_exactly(at, tz),
    }


def instant(at: datetime) -> str:
    """The UTC instant for a `datetime` attribute and for the page's clock."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def shell_words() -> dict[str, Any]:
    """Every word the page's own scripts say, keyed by script."""
    return {
        "clock": clock_words()
        | {"states": {key: str(face.word) for key, face in FACES.items()}}
        | {"icons": {key: face.icon for key, face in FACES.items()}},
        "toast": {
            "close": gettext("Close"),
            "away": gettext(
                "The portal does not answer at the moment. This page goes on by itself when it does."
            ),
            "unreachable": gettext("The portal did not answer. Check your connection and try again."),
            "failed": gettext("That did not work. Nothing was saved; try again."),
            "forbidden": gettext("You may not do that. Ask an administrator if you should."),
            "gone": gettext("That is no longer here. Reload the page to see what is."),
        },
        "keys": {
            "row": gettext("In the selected row"),
            "page": gettext("On this page"),
            "everywhere": gettext("Everywhere"),
            "next": gettext("Next row"),
            "previous": gettext("Previous row"),
            "open": gettext("Open the row"),
            "then": gettext("then"),
        },
    }
