"""What people are told about handoffs: each fact once, in their own language and zone, many at once as one
notice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext_lazy, override
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Capability, Side
from agreements.selectors import cite
from handoffs.services.refusals import said
from outbox.services import Tell, tell

TOLD_APART = 3
"""So many notices of one kind to one reader are told one by one; more of them become one."""


@dataclass(frozen=True)
class Words:
    """How a kind of notice reads for one lead and for many."""

    one: str | Promise
    many: Any
    page: str
    """Where many are found."""


class NoteKind(Enum):
    """What a notice is about."""

    OFFERED = Words(
        _("%(lead)s is yours: accept by %(due)s"),
        ngettext_lazy("%(count)s new handoff is yours", "%(count)s new handoffs are yours", "count"),
        "handoffs:queue",
    )
    WAITING = Words(
        _("%(lead)s waits for an owner: assign by %(due)s"),
        ngettext_lazy("%(count)s lead waits for an owner", "%(count)s leads wait for an owner", "count"),
        "handoffs:board",
    )
    MOVED_ON = Words(
        _("%(lead)s is no longer yours"),
        ngettext_lazy(
            "%(count)s handoff is no longer yours", "%(count)s handoffs are no longer yours", "count"
        ),
        "handoffs:queue",
    )
    REMINDER = Words(
        _("%(duty)s due %(due)s: %(lead)s"),
        ngettext_lazy(
            "%(count)s deadline of yours is close", "%(count)s deadlines of yours are close", "count"
        ),
        "handoffs:queue",
    )
    MISSED = Words(
        _("%(duty)s missed, due %(due)s: %(lead)s"),
        ngettext_lazy("You missed %(count)s deadline", "You missed %(count)s deadlines", "count"),
        "handoffs:queue",
    )
    ESCALATED = Words(
        _("%(person)s is late: %(duty)s, due %(due)s: %(lead)s"),
        ngettext_lazy(
            "%(count)s late handoff was escalated to you",
            "%(count)s late handoffs were escalated to you",
            "count",
        ),
        "handoffs:board",
    )
    RETURNED = Words(
        _("%(person)s returned %(lead)s: %(reason)s"),
        ngettext_lazy("%(count)s handoff was returned", "%(count)s handoffs were returned", "count"),
        "handoffs:board",
    )
    REJECTED = Words(
        _("%(person)s rejected %(lead)s: %(reason)s"),
        ngettext_lazy("%(count)s handoff was rejected", "%(count)s handoffs were rejected", "count"),
        "handoffs:board",
    )
    CONVERTED = Words(
        _("%(lead)s asks again: %(reason)s"),
        ngettext_lazy("%(count)s lead of yours asks again", "%(count)s leads of yours ask again", "count"),
        "handoffs:queue",
    )
    HELD_BACK = Words(
        _("%(lead)s asks and is not handed over: %(reason)s"),
        ngettext_lazy(
            "%(count)s lead asks and is not handed over",
            "%(count)s leads ask and are not handed over",
            "count",
        ),
        "leads:list",
    )
    DISPUTED = Words(
        _("%(person)s disputes the end of %(lead)s’s handoff"),
        ngettext_lazy("%(count)s handoff is disputed", "%(count)s handoffs are disputed", "count"),
        "handoffs:board",
    )
    UPHELD = Words(
        _("The end of %(lead)s’s handoff stands: %(reason)s"),
        ngettext_lazy("%(count)s dispute was settled", "%(count)s disputes were settled", "count"),
        "handoffs:board",
    )
    REOPENED = Words(
        _("%(lead)s was handed over again: %(reason)s"),
        ngettext_lazy("%(count)s dispute was settled", "%(count)s disputes were settled", "count"),
        "handoffs:board",
    )
    WAIVED = Words(
        _("%(person)s waived your breach on %(lead)s: %(reason)s"),
        ngettext_lazy(
            "%(count)s breach of yours was waived", "%(count)s breaches of yours were waived", "count"
        ),
        "handoffs:queue",
    )

    @property
    def slug(self) -> str:
        return f"handoff-{self.name.lower().replace('_', '-')}"


@dataclass(frozen=True)
class Note:
    """One thing for one reader. `fact_id` is the row it is about: with kind and reader it makes the thing
    unique.

    `version_id` and `clause_key` cite what caused it; `due`, `duty`, `person` and `reason` are what its words
    need.
    """

    reader_id: int
    kind: NoteKind
    fact_id: int
    lead_id: int
    lead: str
    urgent: bool = False
    version_id: int | None = None
    clause_key: str = ""
    due: datetime | None = None
    duty: str | Promise = ""
    person: str = field(default="")
    reason: str | Promise = ""
    left: str = ""
    """Who worked it before and left: why it comes."""


def tell_all(notes: Iterable[Note], *, now: datetime) -> None:
    """Tell each reader who may log in, in the transaction of the act. Two statements for any number."""
    ordered = sorted(notes, key=_bundle)
    reading = User.objects.active().in_bulk({note.reader_id for note in ordered}) if ordered else {}
    tells: list[Tell] = []
    for (reader_id, *_rest), bundle in groupby(ordered, key=_bundle):
        if reader_id in reading:
            tells += _say(list(bundle), reading[reader_id])
    tell(tells, now=now)


def marketing_managers() -> list[User]:
    """Those who answer for the quality of what marketing hands over."""
    able = User.objects.able_to(Capability.EDIT_AGREEMENT)
    return [user for user in able if user.side == Side.MARKETING]


def _bundle(note: Note) -> tuple[int, str, bool]:
    return note.reader_id, note.kind.name, note.urgent


def _say(notes: Sequence[Note], reader: User) -> list[Tell]:
    with override(reader.language), timezone.override(ZoneInfo(reader.time_zone)):
        return [_one(note) for note in notes] if len(notes) <= TOLD_APART else [_many(notes)]


def _one(note: Note) -> Tell:
    words = {
        "lead": note.lead,
        "due": said(note.due) if note.due else "–",
        "duty": note.duty,
        "person": note.person,
        "reason": note.reason,
    }
    clause = cite(note.version_id, note.clause_key)
    return Tell(
        user_id=note.reader_id,
        kind=note.kind.slug,
        title=str(note.kind.value.one) % words,
        body=" · ".join(filter(None, (f"§{clause.reference} {clause.title}" if clause else "", _left(note)))),
        url=reverse("leads:detail", args=[note.lead_id]),
        urgent=note.urgent,
        language=get_language(),
        dedup_key=f"{note.kind.slug}:{note.fact_id}:{note.reader_id}",
    )


def _many(notes: Sequence[Note]) -> Tell:
    first = notes[0]
    names = ", ".join(note.lead for note in notes[:TOLD_APART])
    return Tell(
        user_id=first.reader_id,
        kind=first.kind.slug,
        title=first.kind.value.many % {"count": len(notes)},
        body=" · ".join(filter(None, (f"{names}, …", _left(first) if _all_left(notes) else ""))),
        url=reverse(first.kind.value.page),
        urgent=first.urgent,
        language=get_language(),
        dedup_key=f"{first.kind.slug}s:{min(note.fact_id for note in notes)}:{first.reader_id}",
    )


def _all_left(notes: Sequence[Note]) -> bool:
    return len({note.left for note in notes}) == 1


def _left(note: Note) -> str:
    return gettext("%(person)s works it no more") % {"person": note.left} if note.left else ""
