"""What a receipt says, in words that a rep understands."""

from collections.abc import Iterable, Iterator

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.stages import Stage
from scoring.models import Dimension, ScoreChange
from scoring.receipts import AHEAD, Line, Receipt, Requirement, Side
from scoring.rules import InterestRule, Score, Way

MOST_WAYS = 2


def say_points(points: float) -> str:
    """`18.4`, `30`, `−5`: one decimal where there is one."""
    rounded = round(points, 1)
    number = number_format(
        int(rounded) if rounded == int(rounded) else rounded, use_l10n=True, force_grouping=True
    )
    return number.replace("-", "\N{MINUS SIGN}")


def say_signed(points: float) -> str:
    """`+18.4`, `−5`, `0`"""
    return f"+{say_points(points)}" if round(points, 1) > 0 else say_points(points)


def say_score(score: Score) -> str:
    """`B2 · 64 + 31`"""
    return f"{score.grade} · {say_points(score.fit)} + {say_points(score.interest)}".strip(" ·")


# --- A line -----------------------------------------------------------------------------------------------


def say_line(line: Line) -> str:
    """How the points of a rule come about: `3 × 10 = 30, halved every 14 days: 18.4, at most 15`."""
    if isinstance(line.rule, InterestRule):
        return _say_interest(line, line.rule)
    return line.conditions or _("every lead")


def _say_interest(line: Line, rule: InterestRule) -> str:
    if not line.is_met:
        return _say_offer(line, rule)
    parts = [
        _("%(count)s × %(each)s = %(total)s")
        % {
            "count": line.tally.count,
            "each": say_points(rule.points),
            "total": say_points(line.undecayed),
        }
        if line.tally.count > 1
        else say_points(rule.points)
    ]
    if rule.half_life_days:
        parts.append(
            _("%(halved)s: %(left)s left")
            % {"halved": _say_half_life(rule.half_life_days), "left": say_points(line.tally.decayed)}
        )
    if line.tally.is_capped and rule.cap is not None:
        parts.append(_("at most %(cap)s in all") % {"cap": say_points(line.points)})
    return ", ".join(parts) + _say_conditions(line)


def _say_offer(line: Line, rule: InterestRule) -> str:
    """What the rule would give."""
    words = [_("%(points)s each") % {"points": say_points(rule.points)}]
    if rule.half_life_days:
        words.append(_say_half_life(rule.half_life_days))
    if rule.cap is not None:
        cap = rule.cap if rule.points > 0 else -rule.cap
        words.append(_("at most %(cap)s in all") % {"cap": say_points(cap)})
    return ", ".join(words) + _say_conditions(line)


def _say_half_life(days: int) -> str:
    return ngettext("halved every day", "halved every %(days)s days", days) % {"days": days}


def _say_conditions(line: Line) -> str:
    return _(" (if %(conditions)s)") % {"conditions": line.conditions} if line.conditions else ""


# --- A dimension ------------------------------------------------------------------------------------------


def say_total(side: Side) -> str:
    """How the sum becomes the score: `Sum 112, held at 100`, `Sum 30.6, rounded to 31`."""
    total = say_points(side.total)
    if round(side.total, 9) == side.points:
        return _("Sum %(total)s") % {"total": total}
    words = {"total": total, "points": say_points(side.points)}
    if side.points == side.limits.maximum and side.total > side.points:
        return _("Sum %(total)s, held at the most it can be, %(points)s") % words
    if side.points == side.limits.minimum and side.total < side.points:
        return _("Sum %(total)s, held at the least it can be, %(points)s") % words
    return _("Sum %(total)s, rounded to %(points)s") % words


def say_next(side: Side) -> str:
    """`9 interest points more to 1`; nothing at the top."""
    if side.next_step is None:
        return ""
    more = _more(side.missing, side.dimension)
    return _("%(more)s to %(label)s") % {"more": more, "label": side.next_step.label}


def _more(points: int, dimension: Dimension) -> str:
    patterns = {
        Dimension.FIT: ngettext("%(points)s fit point more", "%(points)s fit points more", points),
        Dimension.INTEREST: ngettext(
            "%(points)s interest point more", "%(points)s interest points more", points
        ),
    }
    return patterns[dimension] % {"points": say_points(points)}


# --- The whole --------------------------------------------------------------------------------------------


def say_headline(receipt: Receipt) -> str:
    """Whether it qualifies for MQL, and if not what is missing."""
    asked = receipt.for_mql
    words = say_requirement(asked, receipt.score.grade) if asked else ""
    if receipt.held_until is None:
        return words
    until = date_format(localtime(receipt.held_until), "j M H:i")
    held = _("Sales gave it back lately: a score alone does not hand it over again before %(until)s.")
    return " ".join([words, held % {"until": until}])


def say_requirement(asked: Requirement, grade: str) -> str:
    """`B2 qualifies for MQL`, or what is missing to it, or what stands against it."""
    words = {"grade": grade, "stage": asked.stage.label}
    if asked.is_met:
        return _("%(grade)s qualifies for %(stage)s.") % words
    if asked.excluded_by:
        words["reasons"] = _either(asked.excluded_by)
        if asked.has_grade:
            return _("%(grade)s would qualify for %(stage)s, but it is left out: %(reasons)s.") % words
        return _("It cannot qualify for %(stage)s: it is left out, because %(reasons)s.") % words
    if not asked.ways:
        return _("No score within the range qualifies it for %(stage)s.") % words
    return " ".join(_say_ways(asked.ways[:MOST_WAYS], asked.stage))


def _say_ways(ways: Iterable[Way], stage: Stage) -> Iterator[str]:
    for number, way in enumerate(ways):
        words = {"more": _say_way(way), "grade": way.grade, "stage": stage.label}
        if number == 0:
            yield _("With %(more)s it becomes %(grade)s, which qualifies for %(stage)s.") % words
        else:
            yield _("With %(more)s it becomes %(grade)s, which qualifies too.") % words


def _say_way(way: Way) -> str:
    if not way.interest:
        return _more(way.fit, Dimension.FIT)
    if not way.fit:
        return _more(way.interest, Dimension.INTEREST)
    return _("%(fit)s fit and %(interest)s interest points more") % {
        "fit": say_points(way.fit),
        "interest": say_points(way.interest),
    }


def _either(reasons: Iterable[str]) -> str:
    return "; ".join(reasons)


def say_ahead(receipt: Receipt) -> str:
    """What the score will be in a week if nothing happens; nothing where it will be the same."""
    ahead = receipt.ahead
    if ahead is None or (ahead.interest, ahead.grade) == (receipt.score.interest, receipt.score.grade):
        return ""
    words = {"score": say_score(ahead), "days": AHEAD.days}
    return _("Without new activity it will be %(score)s in %(days)s days.") % words


def say_lag(receipt: Receipt) -> str:
    """That the score shown elsewhere is some hours old; nothing where it is not."""
    stored = receipt.stored
    if stored is None or not receipt.lags:
        return ""
    return _("Lists show %(score)s, as of %(at)s; they follow within hours.") % {
        "score": str(stored),
        "at": date_format(stored.scored_at, "SHORT_DATETIME_FORMAT"),
    }


# --- A change ---------------------------------------------------------------------------------------------


def say_change(change: ScoreChange) -> str:
    """`B3 → B2 · 64 + 41, qualifies for MQL`"""
    if change.version_id is None:
        return _("No longer scored: no version of its agreement is in force")
    score = f"{change.grade} · {say_points(change.fit)} + {say_points(change.interest)}".strip(" ·")
    if change.grade_before and change.grade_before != change.grade:
        score = _("%(before)s → %(score)s") % {"before": change.grade_before, "score": score}
    words = {"score": score, "stage": Stage.MQL.label}
    if change.qualifies and not change.qualified_before:
        return _("Score %(score)s, qualifies for %(stage)s") % words
    if change.qualified_before and not change.qualifies:
        return _("Score %(score)s, no longer qualifies for %(stage)s") % words
    return _("Score %(score)s") % words
