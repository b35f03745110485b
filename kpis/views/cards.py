"""How promises stand, as pages show them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from kpis.rules import State
from kpis.selectors import Promise

ICONS = {
    State.KEPT: ("check", "met"),
    State.AT_RISK: ("alert-triangle", "due_soon"),
    State.MISSED: ("x", "overdue"),
    State.EMPTY: ("minus", "none"),
}
WORDS = {
    State.KEPT: gettext_lazy("On plan"),
    State.AT_RISK: gettext_lazy("At risk"),
    State.MISSED: gettext_lazy("Missed"),
    State.EMPTY: gettext_lazy("Nothing to judge yet"),
}


@dataclass(frozen=True)
class Card:
    """A promise or goal with its bar, its state in icon and word, and the addresses behind its figure."""

    promise: Promise
    side: str
    url: str
    of_url: str

    @property
    def icon(self) -> str:
        return ICONS[self.promise.state][0]

    @property
    def tone(self) -> str:
        return ICONS[self.promise.state][1]

    @property
    def word(self) -> str:
        if self.promise.state is State.KEPT and self.promise.is_final:
            return pgettext("a promise", "Kept")
        return str(WORDS[self.promise.state])

    @property
    def has_bar(self) -> bool:
        return self.promise.value is not None

    @property
    def done(self) -> float:
        return max(0.0, float(self.promise.value or 0))

    @property
    def target(self) -> float:
        return float(self.promise.target)

    @property
    def expected(self) -> float | None:
        return (
            None if self.promise.expected is None or self.promise.is_final else float(self.promise.expected)
        )

    @property
    def forecast(self) -> float | None:
        return (
            None if self.promise.forecast is None or self.promise.is_final else float(self.promise.forecast)
        )

    @property
    def value_words(self) -> str:
        return self.promise.say(self.promise.value)

    @property
    def target_words(self) -> str:
        return self.promise.say(self.promise.target)

    @property
    def figures(self) -> str:
        """For who hears the bar."""
        return _("%(value)s of %(target)s") % {"value": self.value_words, "target": self.target_words}

    @property
    def is_rate(self) -> bool:
        return self.promise.figure.denominator is not None

    @property
    def period(self) -> str:
        days = (self.promise.scope.starts_on, self.promise.scope.ends_on)
        return " – ".join(date_format(day, "j M Y") for day in days)


def cards(found: Sequence[Promise], link: Callable[..., str]) -> list[Card]:
    return [_card(each, link) for each in found]


def _card(promise: Promise, link: Callable[..., str]) -> Card:
    key, period = promise.figure.measure.key, promise.measured
    return Card(
        promise,
        getattr(promise.clause, "side", "shared"),
        link(key, period=period),
        link(key, "denominator", period=period) if promise.figure.denominator is not None else "",
    )


def answer(found: Sequence[Promise]) -> tuple[str, State]:
    """Whether the promise is kept, in one sentence, and the state that the sentence has."""
    count = {state: sum(each.state is state for each in found) for state in State}
    judged = len(found) - count[State.EMPTY]
    if not judged:
        return _("There is nothing to judge yet."), State.EMPTY
    is_final = all(each.is_final for each in found)
    if count[State.MISSED] or count[State.AT_RISK]:
        return _short(count, judged), State.MISSED if count[State.MISSED] else State.AT_RISK
    if is_final:
        words = ngettext("Yes: the promise was kept.", "Yes: all %(count)s promises were kept.", judged)
    else:
        words = ngettext("Yes: the promise is on plan.", "Yes: all %(count)s promises are on plan.", judged)
    return words % {"count": judged}, State.KEPT


def _short(count: dict[State, int], judged: int) -> str:
    missed, risk = count[State.MISSED], count[State.AT_RISK]
    if not missed:
        words = ngettext(
            "Not safely: %(risk)s of %(judged)s promises is at risk.",
            "Not safely: %(risk)s of %(judged)s promises are at risk.",
            risk,
        )
    elif not risk:
        words = ngettext(
            "No: %(missed)s of %(judged)s promises was missed.",
            "No: %(missed)s of %(judged)s promises were missed.",
            missed,
        )
    else:
        words = _("No: of %(judged)s promises, %(missed)s missed and %(risk)s at risk.")
    return words % {"risk": risk, "missed": missed, "judged": judged}


def side_words(shown: Sequence[Card]) -> str:
    """`3 of 4 on plan`, of those that can be judged."""
    judged = [card for card in shown if card.promise.state is not State.EMPTY]
    if not judged:
        return _("nothing to judge yet")
    kept = sum(card.promise.state is State.KEPT for card in judged)
    said = {"kept": kept, "judged": len(judged)}
    if all(card.promise.is_final for card in judged):
        return _("%(kept)s of %(judged)s kept") % said
    return _("%(kept)s of %(judged)s on plan") % said
