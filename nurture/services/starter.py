"""The tracks that come with the portal, and a track for every clause that names one."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import User
from agreements.models import Version
from agreements.selectors import active_versions, clauses, document
from agreements.yaml_files import parse
from nurture.models import NurtureTrack, Track
from nurture.rules import TemplateError, check_address, is_placeholder, moved_to
from nurture.services.refusals import TrackInvalid, TrackProblem
from nurture.services.tracks import (
    StepDraft,
    check_track,
    drafts_of,
    lock_tracks,
    newest_revision,
    save_track,
    start_track,
    write_revision,
)

FILE = Path(__file__).resolve().parent.parent / "data" / "tracks.yaml"
UNWRITTEN_LASTS_DAYS = 90
"""How long one stays in a track that nobody has written yet."""


@dataclass(frozen=True)
class Written:
    """A track of the file."""

    lasts_days: int
    steps: tuple[StepDraft, ...]


@cache
def starter_tracks() -> Mapping[str, Written]:
    """By key of the clause what the file says. Raises `TrackInvalid` for a file that could not be saved."""
    data = parse(FILE.read_text("utf-8")).data
    tracks = {key: _written(given, data["site"]) for key, given in data["tracks"].items()}
    for key, track in tracks.items():
        if problems := check_track(name=key, lasts_days=track.lasts_days, steps=track.steps):
            raise TrackInvalid(problems)
    return tracks


def _written(given: Mapping[str, Any], site: str) -> Written:
    steps = (
        StepDraft(
            wait=step["wait"],
            subject=step["subject"],
            body=unwrapped(step["body"]),
            offer_name=step["offer"],
            offer_url=f"{site}{step['path']}",
        )
        for step in given["emails"]
    )
    return Written(given["lasts_days"], tuple(steps))


def unwrapped(text: str) -> str:
    """The file breaks lines where they are long; an e-mail does not. Points of a list keep their lines."""
    return re.sub(r"(?<!\n)\n(?!\n|– )", " ", text.strip())


@transaction.atomic
def ensure_tracks(version_id: int, keys: Collection[str] | None, *, now: datetime) -> dict[str, Track]:
    """By key a track for each of the version's clauses with these keys, or for all; those missing are made.

    A new track says what the file says under its key, or nothing yet, and waits to be started: nobody is
    written to by a text that nobody here has read. Keys without a clause in the version are left out.
    """
    named = {
        clause.key: clause
        for clause in clauses(version_id, NurtureTrack)
        if keys is None or clause.key in keys
    }
    if not named:
        return {}
    agreement = document(version_id).version.agreement
    known = Track.objects.select_related("agreement").filter(agreement=agreement, key__in=named)
    tracks = {track.key: track for track in known}
    for key, clause in named.items():
        if key not in tracks:
            tracks[key] = _make(clause, document(version_id).version, now=now)
    return tracks


def _make(clause: NurtureTrack, version: Version, *, now: datetime) -> Track:
    track, is_new = Track.objects.get_or_create(
        agreement=version.agreement, key=clause.key, defaults={"name": clause.title, "created_at": now}
    )
    if is_new:
        written = starter_tracks().get(clause.key, Written(UNWRITTEN_LASTS_DAYS, ()))
        write_revision(
            track, 1, lasts_days=written.lasts_days, steps=written.steps, note="", now=now, actor=None
        )
    return track


@transaction.atomic
def adopt_everywhere(*, site: str, now: datetime, actor: User | None) -> list[Track]:
    """`adopt_starter_tracks` for every agreement in force: all of them or none.

    Raises `TrackInvalid` for an address that is none.
    """
    _check_site(site)
    versions = sorted(active_versions(), key=attrgetter("agreement_id"))
    return _adopt(versions, site, now=now, actor=actor)


@transaction.atomic
def adopt_starter_tracks(*, agreement_id: int, site: str, now: datetime, actor: User | None) -> list[Track]:
    """Let the offers of an agreement's tracks lead to a website instead of the placeholder, and start them.

    Tracks that the agreement names and nobody made yet are made; those without a placeholder stay as they are.
    Returns those started, by id. Raises `TrackInvalid` for an address that is none, and `Version.DoesNotExist`
    where no version is in force.
    """
    _check_site(site)
    return _adopt([Version.objects.active().get(agreement=agreement_id)], site, now=now, actor=actor)


def _adopt(versions: Sequence[Version], site: str, *, now: datetime, actor: User | None) -> list[Track]:
    """The tracks of an agreement need not have ids in a row, so all are there before the first is locked."""
    track_ids = [
        track.pk for version in versions for track in ensure_tracks(version.pk, None, now=now).values()
    ]
    return [
        start_track(track_id=track.pk, now=now, actor=actor)
        for track in lock_tracks(track_ids)
        if _move_offers(track, site, now=now, actor=actor)
    ]


def _move_offers(track: Track, site: str, *, now: datetime, actor: User | None) -> bool:
    """Whether there was an offer that led to the placeholder."""
    revision = newest_revision(track)
    drafts = drafts_of(revision)
    if not any(is_placeholder(step.offer_url) for step in drafts):
        return False
    save_track(
        track_id=track.pk,
        name=track.name,
        lasts_days=revision.lasts_days,
        steps=[replace(step, offer_url=moved_to(step.offer_url, site)) for step in drafts],
        now=now,
        actor=actor,
    )
    return True


def _check_site(site: str) -> None:
    try:
        check_address(site)
    except TemplateError as error:
        raise TrackInvalid([TrackProblem(0, "site", error.in_words(gettext))]) from error
    if is_placeholder(site):
        raise TrackInvalid([TrackProblem(0, "site", gettext("Give the address of your own website."))])
