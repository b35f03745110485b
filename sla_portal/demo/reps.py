"""How the demo company's reps work a handoff: when they look, what they try, how it ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from accounts.models import User
from agreements.business_time import Schedule
from handoffs.models import Channel, Deadline, Handoff, HandoffState, Outcome
from handoffs.services import (
    Refused,
    accept_handoff,
    disqualify_handoff,
    log_attempt,
    mark_lost,
    mark_won,
    open_opportunity,
    qualify_handoff,
    reassign_handoffs,
    reject_handoff,
    return_handoff,
)
from handoffs.terms import terms_of
from leads.models import Lead
from leads.stages import Stage
from sla_portal.demo.cast import HABITS, Habit

TALKED = {Outcome.CONNECTED, Outcome.MEETING_BOOKED, Outcome.REPLIED}
SILENCE = {
    Channel.PHONE: (Outcome.NO_ANSWER, Outcome.VOICEMAIL),
    Channel.EMAIL: (Outcome.SENT,),
    Channel.VIDEO: (Outcome.SENT,),
    Channel.SOCIAL: (Outcome.SENT,),
    Channel.MEETING: (Outcome.NO_ANSWER,),
}
ANSWER = {
    Channel.PHONE: (Outcome.CONNECTED, Outcome.MEETING_BOOKED),
    Channel.MEETING: (Outcome.CONNECTED,),
}
NOTES = {
    Outcome.CONNECTED: (
        "Good talk, wants prices for two sites.",
        "Compares three vendors.",
        "Has a budget round in spring.",
    ),
    Outcome.MEETING_BOOKED: ("Demo with the whole team next week.", "Call with the CFO arranged."),
    Outcome.REPLIED: ("Asked for references.", "Sent the process they use today."),
}


class Desk:
    """All reps at their desks, `until` they left them. `work` does the next thing with a handoff and says when to look
    again.
    """

    def __init__(
        self, random: Random, schedule: Schedule, people: Mapping[str, User], *, until: datetime
    ) -> None:
        self.random = random
        self.schedule = schedule
        self.until = until
        self.manager = people["sales"]
        self.reps = {people[login].pk: (people[login], habit) for login, habit in HABITS.items()}
        self.readiness: dict[str, float] = {}

    def remember(self, readiness: Mapping[str, float]) -> None:
        self.readiness.update(readiness)

    def first_look(self, handoff: Handoff, now: datetime) -> datetime:
        _, habit = self.reps.get(handoff.owner_id or 0, (self.manager, HABITS["rep"]))
        haste = 0.5 if handoff.urgent else 1.6
        if self.random.random() > habit.in_time:
            haste *= 6
        return self._later(now, minutes=2 + self.random.expovariate(1 / (habit.first_touch * haste)))

    def work(self, handoff_id: int, now: datetime) -> datetime | None:
        if now >= self.until:
            return None
        handoff = Handoff.objects.select_related("lead").get(pk=handoff_id)
        try:
            if handoff.is_open:
                return self._work_open(handoff, now)
            if handoff.state == HandoffState.QUALIFIED:
                return self._work_deal(handoff, now)
        except Refused:
            return self._later(now, minutes=8 * 60)
        return None

    # --- an open handoff ---

    def _work_open(self, handoff: Handoff, now: datetime) -> datetime | None:
        if handoff.state == HandoffState.UNASSIGNED:
            return self._find_owner(handoff, now)
        rep, habit = self.reps[handoff.owner_id or 0]
        if handoff.state == HandoffState.OFFERED:
            return self._take(handoff, rep, now)
        return self._try(handoff, rep, habit, now)

    def _find_owner(self, handoff: Handoff, now: datetime) -> datetime:
        user_id = self.random.choice(sorted(self.reps))
        reassign_handoffs(handoff_ids=[handoff.pk], to_user_id=user_id, now=now, actor=self.manager)
        return self._later(now, minutes=30)

    def _take(self, handoff: Handoff, rep: User, now: datetime) -> datetime | None:
        if self._is_ready(handoff) < 0.25 and self.random.random() < 0.25:
            reason = self.random.choice(terms_of(handoff.version_id).reasons_for("reject")).key
            reject_handoff(handoff_id=handoff.pk, reason_key=reason, now=now, actor=rep)
            return None
        accept_handoff(handoff_id=handoff.pk, now=now, actor=rep)
        return self._later(now, minutes=self.random.randrange(3, 25))

    def _try(self, handoff: Handoff, rep: User, habit: Habit, now: datetime) -> datetime | None:
        channel = self._channel(handoff)
        answered = self.random.random() < 0.08 + 0.36 * self._is_ready(handoff)
        outcome = self.random.choice(
            ANSWER.get(channel, (Outcome.REPLIED,)) if answered else SILENCE[channel]
        )
        note = self.random.choice(NOTES.get(outcome, ("",)))
        log_attempt(handoff_id=handoff.pk, channel=channel, outcome=outcome, note=note, now=now, actor=rep)
        if outcome in TALKED and self._decide(handoff, rep, habit, now):
            return self._later(now, minutes=self.random.randrange(60 * 8, 60 * 60))
        if self._gave_up(handoff, rep, now):
            return None
        return self._next_look(handoff, habit, now)

    def _channel(self, handoff: Handoff) -> Channel:
        steps = terms_of(handoff.version_id).steps_of(handoff.trigger_key)
        step = steps[min(handoff.attempts_made, len(steps) - 1)]
        has_phone = bool(handoff.lead.phone)
        return Channel(step.channel) if has_phone or step.channel != Channel.PHONE else Channel.EMAIL

    def _decide(self, handoff: Handoff, rep: User, habit: Habit, now: datetime) -> bool:
        """After a talk: an SQL, a return, a disqualification, or go on trying. True when the handoff ended."""
        luck = self.random.random()
        if luck < habit.charm * (0.55 + 0.9 * self._is_ready(handoff)):
            qualify_handoff(
                handoff_id=handoff.pk, note="Need, budget and date confirmed.", now=now, actor=rep
            )
            return True
        if luck > 0.90:
            reason = self.random.choice(terms_of(handoff.version_id).reasons_for("disqualify")).key
            disqualify_handoff(handoff_id=handoff.pk, reason_key=reason, now=now, actor=rep)
            return True
        if luck > 0.66:
            reasons = [
                each for each in terms_of(handoff.version_id).reasons_for("return") if not each.needs_attempts
            ]
            reason = self.random.choice(reasons).key
            return_handoff(handoff_id=handoff.pk, reason_key=reason, now=now, actor=rep)
            return True
        return False

    def _gave_up(self, handoff: Handoff, rep: User, now: datetime) -> bool:
        cadence = terms_of(handoff.version_id).cadence_of(handoff.trigger_key)
        if cadence is None or handoff.attempts_made + 1 < cadence.minimum_attempts:
            return False
        reason = next(
            each for each in terms_of(handoff.version_id).reasons_for("return") if each.needs_attempts
        ).key
        return_handoff(handoff_id=handoff.pk, reason_key=reason, now=now, actor=rep)
        return True

    def _next_look(self, handoff: Handoff, habit: Habit, now: datetime) -> datetime:
        """Mostly some hours before the next attempt is due; now and then a day too late."""
        due = Deadline.objects.open().filter(handoff=handoff.pk).values_list("due_at", flat=True).first()
        if due is None or due <= now:
            return self._later(now, minutes=240)
        if self.random.random() > habit.in_time:
            return self._later(due, minutes=self.random.randrange(30, 600))
        until = self.schedule.elapsed(now, due)
        return self.schedule.add(now, until * self.random.uniform(0.45, 0.97))

    # --- a deal ---

    def _work_deal(self, handoff: Handoff, now: datetime) -> datetime | None:
        lead = Lead.objects.select_related("owner", "company").get(pk=handoff.lead_id)
        rep = lead.owner or self.manager
        if lead.stage == Stage.SQL:
            open_opportunity(lead_id=lead.pk, value=self._worth(lead), now=now, actor=rep)
            return self._later(now, minutes=60 * self.random.randrange(15, 90))
        if lead.stage != Stage.OPPORTUNITY:
            return None
        if self.random.random() < 0.18 + 0.35 * self._is_ready(handoff):
            mark_won(lead_id=lead.pk, value=lead.value, now=now, actor=rep)
        else:
            reason = self.random.choice(terms_of(handoff.version_id).reasons_for("lose")).key
            mark_lost(lead_id=lead.pk, reason_key=reason, now=now, actor=rep)
        return None

    def _worth(self, lead: Lead) -> Decimal:
        employees = (lead.company and lead.company.employees) or 100
        return Decimal(round(self.random.uniform(5_000, 13_000) + 3 * employees, -2))

    def _is_ready(self, handoff: Handoff) -> float:
        return self.readiness.get(handoff.lead.email or "", 0.4)

    def _later(self, at: datetime, *, minutes: float) -> datetime:
        return self.schedule.add(at, timedelta(minutes=minutes))
