"""How the promises and the goals of an agreement stand: figure, plan by now, forecast, and one line of words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.models import Commitment, Comparator, Goal, Unit
from agreements.selectors import ClauseRef, cite, clauses
from agreements.wording import say_amount
from kpis.measures import MEASURES, Kind
from kpis.rules import Pace, State, in_a_row, judge, places_to_tell, rounded
from kpis.scopes import Scope
from kpis.selectors.figures import Figure, figures
from kpis.selectors.standing import Standing

ADDS_UP = (Kind.COUNT, Kind.MONEY)
LEAST_PLACES = 1
"""Decimals of rates and averages; counts and money are said, and judged, in whole numbers."""
WITHIN_SIGHT = 12
"""How many in a row people can still aim at."""


@dataclass(frozen=True)
class Promise:
    """A commitment of the version in force, or a goal, as it stands.

    Amounts are in the clause's unit: money, a count, or per cent, and are said with `places` decimals. `expected` is
    what the plan asks by now, and `forecast` where the period ends at this pace; both are None for what does not add
    up over the period.
    """

    clause: Commitment | Goal
    cited: ClauseRef | None
    figure: Figure
    scope: Scope
    pace: Pace
    currency: str
    target: Fraction
    state: State
    value: Fraction | None
    expected: Fraction | None
    forecast: Fraction | None
    words: str
    places: int = 0
    read: Scope | None = None

    @property
    def adds_up(self) -> bool:
        return self.figure.measure.kind in ADDS_UP

    @property
    def measured(self) -> Scope:
        """The days that the figure counts: of a goal's period those until the scope's end."""
        return self.read if self.read is not None else self.scope

    @property
    def share(self) -> float | None:
        """The value as a share of the target: 1 is reached."""
        return None if self.value is None or not self.target else float(self.value / self.target)

    @property
    def is_final(self) -> bool:
        """Whether the period is over."""
        return self.pace.is_over

    def say(self, amount: Fraction | None) -> str:
        """An amount of this promise in words: `EUR 1,200`, `95%`, `104`."""
        return "" if amount is None else _say(amount, self.places, self.clause.unit, self.currency)


def promises(
    found: Standing | None, scope: Scope, now: datetime, read: Mapping[str, Figure] | None = None
) -> list[Promise]:
    """Each commitment of the version in force, in the order of the document; none before there was an agreement.

    Targets are a month's: of a longer or shorter scope they are its months' (or part's), from the day on which the
    agreement came into force. What was promised for all
    leads of one agreement is not judged by those of a team, a source or of all agreements: the state is empty, and the
    words say so.
    One statement a population, whatever the number of commitments; none for those among `read`, figures of the same
    scope that a page read already.
    """
    if found is None:
        return []
    asked = [each for each in clauses(found.version.pk, Commitment) if each.measure in MEASURES]
    covered = found.covered(scope)
    told = read if read and covered == scope else {}
    told = {**told, **figures({each.measure for each in asked} - told.keys(), covered, now)}
    pace = found.pace(covered)
    return [_promise(each, told[each.measure], covered, pace, found) for each in asked]


def goals(found: Standing | None, scope: Scope, now: datetime) -> list[Promise]:
    """The goals of the version in force whose period touches the scope, measured from their first day until the
    scope's end, or now. One statement a population for all goals of the same period.
    """
    if found is None:
        return []
    asked = [
        each
        for each in clauses(found.version.pk, Goal)
        if each.measure in MEASURES and each.starts_on <= scope.ends_on and each.ends_on >= scope.starts_on
    ]
    read = _figures_of_goals(asked, scope, now)
    return [_goal(each, read[each.key], scope, found) for each in asked]


def _figures_of_goals(asked: Sequence[Goal], scope: Scope, now: datetime) -> Mapping[str, Figure]:
    by_period: dict[Scope, list[Goal]] = {}
    for goal in asked:
        period = scope.between(goal.starts_on, min(goal.ends_on, scope.ends_on))
        by_period.setdefault(period, []).append(goal)
    read: dict[str, Figure] = {}
    for period, of_period in by_period.items():
        told = figures((goal.measure for goal in of_period), period, now)
        read |= {goal.key: told[goal.measure] for goal in of_period}
    return read


def _goal(goal: Goal, figure: Figure, scope: Scope, found: Standing) -> Promise:
    period = scope.between(goal.starts_on, goal.ends_on)
    stands = _stand(
        goal, figure, period, found.pace(period), found, target=Fraction(goal.target), at_least=True
    )
    return replace(stands, read=period.between(goal.starts_on, min(goal.ends_on, scope.ends_on)))


def _promise(asked: Commitment, figure: Figure, scope: Scope, pace: Pace, found: Standing) -> Promise:
    target = Fraction(asked.target)
    if figure.measure.kind in ADDS_UP:
        target *= scope.months
    at_least = asked.comparator == Comparator.AT_LEAST
    return _stand(asked, figure, scope, pace, found, target=target, at_least=at_least)


def _stand(
    clause: Commitment | Goal,
    figure: Figure,
    scope: Scope,
    pace: Pace,
    found: Standing,
    *,
    target: Fraction,
    at_least: bool,
) -> Promise:
    adds_up = figure.measure.kind in ADDS_UP
    value = None if figure.exact is None else figure.exact * (100 if clause.unit == Unit.PERCENT else 1)
    if value is None or not found.holds_for(scope):
        state = State.EMPTY
    else:
        state = judge(value, target, pace, at_least=at_least, adds_up=adds_up)
    expected = pace.expected(target) if adds_up else None
    forecast = pace.forecast(value) if adds_up and value is not None else None
    told = target if value is None else value
    places = 0 if adds_up else places_to_tell(told, target, LEAST_PLACES)
    words = _Words(clause, found, figure, scope, pace, target, at_least, value, expected, forecast, places)
    return Promise(
        clause=clause,
        cited=cite(found.version.pk, clause.key),
        figure=figure,
        scope=scope,
        pace=pace,
        currency=found.currency,
        target=target,
        state=state,
        value=value,
        expected=expected,
        forecast=forecast,
        words=words.line(),
        places=places,
    )


@dataclass(frozen=True)
class _Words:
    """The one line that says how a promise stands."""

    clause: Commitment | Goal
    found: Standing
    figure: Figure
    scope: Scope
    pace: Pace
    target: Fraction
    at_least: bool
    value: Fraction | None
    expected: Fraction | None
    forecast: Fraction | None
    places: int

    def line(self) -> str:
        if self.value is None:
            return self.figure.empty
        if self.scope.is_narrowed:
            return _("Promised for all leads of the agreement, not for a part of them.")
        if not self.found.holds_for(self.scope):
            return _(
                "Promised for the leads of %(agreement)s. Choose that agreement to see how it stands."
            ) % {"agreement": self.found.version.agreement.name}
        reached = self.at_least and self.expected is not None and self._gap(self.value) >= 0
        if self.pace.is_over or reached:
            return self._result(self.value)
        return (
            self._rate(self.value) if self.expected is None else self._on_the_way(self.value, self.expected)
        )

    def _gap(self, value: Fraction) -> Fraction:
        """How much better than the target, as it is said: below zero where the promise is not kept."""
        gap = rounded(value, self.places) - rounded(self.target, self.places)
        return gap if self.at_least else -gap

    def _result(self, value: Fraction) -> str:
        gap = self._gap(value)
        if self.clause.unit == Unit.PERCENT:
            words = _("Missed: %(value)s, agreed were %(target)s")
            if gap >= 0:
                words = _("Reached: %(value)s, agreed were %(target)s")
            return self._said(words, value=value)
        if gap < 0:
            return self._said(_("Missed by %(gap)s: %(value)s of %(target)s"), gap=-gap, value=value)
        return self._said(_("Reached: %(value)s of %(target)s"), value=value)

    def _on_the_way(self, value: Fraction, expected: Fraction) -> str:
        gap = rounded(value, self.places) - rounded(expected, self.places)
        if gap == 0:
            where = _("On plan")
        elif gap < 0:
            words = _("%(gap)s behind plan") if self.at_least else _("%(gap)s below what was allowed by now")
            where = self._said(words, gap=-gap)
        else:
            words = _("%(gap)s ahead of plan") if self.at_least else _("%(gap)s more than allowed by now")
            where = self._said(words, gap=gap)
        if self.forecast is None:
            return where
        return self._said(
            _("%(where)s; at this pace %(forecast)s of %(target)s"), where=where, forecast=self.forecast
        )

    def _rate(self, value: Fraction) -> str:
        if self._gap(value) >= 0:
            return self._said(_("%(value)s so far, agreed are %(target)s"), value=value)
        words = _("%(value)s so far, short of %(target)s")
        if not self.at_least:
            words = _("%(value)s so far, more than %(target)s")
        short = self._said(words, value=value)
        needed = self._needed()
        if needed is None or needed > WITHIN_SIGHT:
            return short
        rest = ngettext("the next one must succeed", "the next %(n)s in a row must succeed", needed) % {
            "n": needed
        }
        return f"{short}; {rest}"

    def _needed(self) -> int | None:
        if self.clause.unit != Unit.PERCENT or not self.at_least or self.figure.denominator is None:
            return None
        return in_a_row(int(self.figure.numerator or 0), int(self.figure.denominator), self.target / 100)

    def _said(self, words: str, **amounts: Fraction | str) -> str:
        said = {"target": self.target, **amounts}
        return words % {
            name: amount if isinstance(amount, str) else self._say(amount) for name, amount in said.items()
        }

    def _say(self, amount: Fraction) -> str:
        return _say(amount, self.places, self.clause.unit, self.found.currency)


def _say(amount: Fraction, places: int, unit: str, currency: str) -> str:
    said = rounded(amount, places)
    return say_amount(Decimal(said.numerator) / said.denominator, unit, currency)
