"""Plays the demo company's months: visitors come, reps work, time passes. Only services write (law 8)."""

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from django.db import connection, transaction

from accounts.models import User
from agreements.business_time import Schedule
from agreements.models import Version
from agreements.selectors import current_revision
from agreements.services import activate_version, load_agreement
from handoffs.models import Breach, Handoff
from handoffs.services import dispute_ending, sweep_deadlines, waive_breach
from kpis.services import TrafficItem, upsert_traffic
from leads.models import ChangeSource
from leads.services import append_activities, upsert_leads
from nurture.models import Delivery
from nurture.services import adopt_starter_tracks, send_steps
from outbox.services import answer_kept, keeping_mails, mark_read
from scoring.services import rescore_stale
from sla_portal.demo import cast
from sla_portal.demo.market import Visit, Visitor, business_time_before, visitors, visitors_of
from sla_portal.demo.promise import promise
from sla_portal.demo.readers import BOUNCED, Readers
from sla_portal.demo.reps import Desk

DAYS = 64
VISITORS = 190
SEED = 20_261
WEBSITE = f"https://www.{cast.DOMAIN}"
QUARTERS_START = (1, 4, 7, 10)
AWAY = timedelta(hours=2)
"""Business time that nobody worked at the end, so that whoever logs in finds something to do."""
TICKS_A_DAY = (8, 14)
"""UTC hours at which what only browses is synced in a batch, as a nightly job of a CRM would."""

Progress = Callable[[float], None]


class Event(NamedTuple):
    at: datetime
    number: int
    run: Callable[[datetime], None]


class Story:
    """A queue of things that will happen, played in the order of their instants up to `end`."""

    def __init__(self, *, end: datetime) -> None:
        self.end = end
        self.start = (end - timedelta(days=DAYS)).replace(hour=6, minute=0, second=0, microsecond=0)
        self.random = Random(SEED)
        self.numbers = count()
        self.events: list[Event] = []
        self.known: list[Visitor] = []
        self.visits: list[Visit] = []
        self.last_handoff = 0
        self.last_delivery = 0

    def plan(self, at: datetime, run: Callable[[datetime], None]) -> None:
        if at < self.end:
            heapq.heappush(self.events, Event(at, next(self.numbers), run))

    def play(self, progress: Progress) -> None:
        self._set_the_stage()
        span = self.end - self.start
        while self.events:
            at, _, run = heapq.heappop(self.events)
            run(at)
            progress((at - self.start) / span)
        self._sync(self.end)
        self._decay(self.end)
        self._sweep(self.end)
        self._settle(self.end)
        answer_kept(now=self.end)
        progress(1.0)

    # --- before the first day ---

    def _set_the_stage(self) -> None:
        before = self.start - timedelta(hours=2)
        self.people = cast.hire(now=before)
        agreement = self._agree(before).agreement
        cast.open_pool(self.people, agreement=agreement, until=self.end, now=before)
        self.schedule: Schedule = current_revision(agreement.calendar_id).schedule
        left_at = business_time_before(self.schedule, self.end, AWAY)
        self.desk = Desk(self.random, self.schedule, self.people, until=left_at)
        self.readers = Readers(self.random, self.desk.readiness)
        adopt_starter_tracks(
            agreement_id=agreement.pk, site=WEBSITE, now=before, actor=self.people["marketing"]
        )
        self._plan_days()
        self._plan_visitors()

    def _agree(self, now: datetime, change_note: str = "") -> Version:
        """Both sides sign the starter agreement, with the goals of the quarter they are in."""
        share = rest_of_quarter(now.date())
        version = load_agreement(
            source=promise(change_note, share=share), now=now, actor=self.people["admin"]
        )
        signers = [self.people["marketing"], self.people["sales"]]
        return activate_version(version=version, signers=signers, now=now, actor=self.people["admin"])

    def _agree_anew(self, now: datetime) -> None:
        self._agree(now, "Goals for the new quarter; everything else stays as it was agreed.")
        rescore_stale(now=now, actor=None)

    def _plan_days(self) -> None:
        for day in range(DAYS + 1):
            for hour in TICKS_A_DAY:
                self.plan(self.start + timedelta(days=day, hours=hour - 6), self._tick)
            midnight = (self.start + timedelta(days=day)).replace(hour=0)
            if midnight.weekday() == 0:
                self.plan(midnight + timedelta(hours=3), self._decay)
            if midnight.day == 1 and midnight.month in QUARTERS_START:
                self.plan(midnight + timedelta(hours=9), self._agree_anew)
            self.plan(midnight + timedelta(hours=26), self._count_visitors(midnight.date(), day / DAYS))
        self.plan(self.end - timedelta(hours=20), self._read_notices)

    def _plan_visitors(self) -> None:
        for visitor in visitors(self.random, self.schedule, start=self.start, end=self.end, count=VISITORS):
            self.plan(visitor.known_at, self._meet(visitor))

    # --- what happens ---

    def _meet(self, visitor: Visitor) -> Callable[[datetime], None]:
        def meet(now: datetime) -> None:
            self.known.append(visitor)
            for visit in visitor.visits:
                self.plan(visit.at, self._see(visit))

        return meet

    def _see(self, visit: Visit) -> Callable[[datetime], None]:
        def see(now: datetime) -> None:
            self.visits.append(visit)
            if visit.is_conversion:
                self._sync(now)

        return see

    def _tick(self, now: datetime) -> None:
        self._sync(now)
        self._write_letters(now)
        self._sweep(now)

    def _sync(self, now: datetime) -> None:
        """What the website's forms and tracker send: all leads and visits since the last time, in two calls."""
        leads, self.known = self.known, []
        visits, self.visits = self.visits, []
        if leads:
            items = [visitor.item for visitor in leads]
            upsert_leads(items, now=now, actor=None, source=ChangeSource.API)
            self.desk.remember({str(visitor.item.email): visitor.readiness for visitor in leads})
        if visits:
            append_activities([visit.item for visit in visits], now=now, actor=None, source=ChangeSource.API)
        self._give_to_reps(now)

    def _count_visitors(self, day: date, progress: float) -> Callable[[datetime], None]:
        """What the website's statistics send the morning after."""
        items = [
            TrafficItem(day=day, source=source, visitors=visitors)
            for source, visitors in visitors_of(self.random, day, progress).items()
        ]

        def count_them(now: datetime) -> None:
            upsert_traffic(items, now=now, actor=None)

        return count_them

    def _decay(self, now: datetime) -> None:
        rescore_stale(now=now, actor=None)
        self._give_to_reps(now)

    def _sweep(self, now: datetime) -> None:
        while sweep_deadlines(now=now):
            pass

    def _write_letters(self, now: datetime) -> None:
        while send_steps(now=now):
            pass
        new = list(Delivery.objects.filter(pk__gt=self.last_delivery).order_by("pk"))
        refused = {delivery.pk: delivery for delivery in new if self.readers.bounces(delivery)}
        answer_kept(refused={each.message_id or 0: BOUNCED for each in refused.values()}, now=now)
        for delivery in new:
            self.last_delivery = delivery.pk
            if delivery.pk not in refused and (reaction := self.readers.receive(delivery)):
                self.plan(reaction.at, self._then_give_to_reps(reaction.run))

    def _then_give_to_reps(self, run: Callable[[datetime], None]) -> Callable[[datetime], None]:
        """What a reader does may hand the lead to sales again."""

        def act(now: datetime) -> None:
            run(now)
            self._give_to_reps(now)

        return act

    def _give_to_reps(self, now: datetime) -> None:
        for handoff in Handoff.objects.filter(pk__gt=self.last_handoff).order_by("pk"):
            self.last_handoff = handoff.pk
            self.plan(self.desk.first_look(handoff, now), self._work(handoff.pk))

    def _work(self, handoff_id: int) -> Callable[[datetime], None]:
        def work(now: datetime) -> None:
            again = self.desk.work(handoff_id, now)
            if again is not None:
                self.plan(again, self._work(handoff_id))

        return work

    # --- what people did last ---

    def _read_notices(self, now: datetime) -> None:
        for person in self.people.values():
            mark_read(user=person, now=now)

    def _settle(self, now: datetime) -> None:
        """A few breaches of the last days are waived, and marketing disputes one return."""
        manager, marketing = self.people["sales"], self.people["marketing"]
        recent = Breach.objects.filter(recorded_at__gt=now - timedelta(days=12)).order_by("pk")
        for breach in list(recent[:40:9]):
            waive_breach(
                breach_id=breach.pk, reason="The whole team was at the trade fair.", now=now, actor=manager
            )
        returned = (
            Handoff.objects.filter(ended_at__gt=now - timedelta(days=9), state="returned")
            .order_by("-pk")
            .first()
        )
        if returned is not None:
            dispute_ending(
                handoff_id=returned.pk,
                note="She told us at the fair that they decide this quarter. Please try once more.",
                now=now,
                actor=marketing,
            )


def rest_of_quarter(day: date) -> float:
    """How much of its quarter is left on a day, that day included: 1 on its first."""
    first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    following = date(first.year + first.month // 10, first.month % 12 + 3 if first.month < 10 else 1, 1)
    return (following - day) / (following - first)


def tell_story(*, now: datetime, progress: Progress) -> dict[str, User]:
    """Play everything up to `now` in one transaction, so that a broken start leaves nothing; returns the people.

    No e-mail of it leaves the portal, whatever server is set up: what was sent was sent in the story.
    """
    with transaction.atomic(), keeping_mails():
        story = Story(end=now.astimezone(UTC).replace(microsecond=0))
        story.play(progress)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return story.people


def logins() -> Iterator[tuple[str, str, str]]:
    """Role, e-mail and password of one person per role."""
    for person in cast.PEOPLE:
        if person.main:
            yield str(person.role.label), person.email, cast.PASSWORD
