"""The parts that show whose and how much: side, score chip, number tile, pace bar, cadence dots, progress."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from sla_portal.humanize import Number, say_number

SIDES: dict[str, Promise] = {
    "marketing": gettext_lazy("Marketing"),
    "sales": gettext_lazy("Sales"),
    "shared": gettext_lazy("Shared"),
}


def side_badge(side: str) -> dict[str, Any]:
    """Whose promise it is: marketing, sales or shared. Raises KeyError for anything else."""
    return {"side": side, "label": SIDES[side]}


def stat(
    label: str,
    value: Any,
    note: str = "",
    url: str = "",
    side: str = "",
    tone: str = "",
    current: bool = False,
) -> dict[str, Any]:
    """A number with its name; with `url` it opens what it counts, which `current` says is open. `tone`, a clock state,
    colours the note.
    """
    shown = {"label": label, "value": value, "note": note, "url": url, "side": side, "tone": tone}
    return shown | {"side_label": SIDES[side] if side else "", "current": current}


def score_chip(grade: str, fit: Number, interest: Number, url: str = "") -> dict[str, Any]:
    """`B2 · 64 + 31`, and what those are for someone who hears it."""
    shown = {"grade": grade, "fit": say_number(fit), "interest": say_number(interest)}
    return shown | {
        "interest_sign": "−" if interest < 0 else "+",
        "interest_size": say_number(max(interest, -interest)),
        "url": url,
        "spoken": gettext("Score %(grade)s: fit %(fit)s, interest %(interest)s") % shown,
    }


def pace_bar(
    done: Number,
    target: Number,
    expected: Number | None = None,
    forecast: Number | None = None,
    words: str = "",
    side: str = "shared",
    figures: str = "",
) -> dict[str, Any]:
    """A promise's pace: done, expected by today, target and forecast on one scale.

    `words` say it ("18 behind plan; at this pace 104 of 120"); `figures` replaces `86 / 120` where the unit
    is not a count. Amounts are in the same unit, zero or more.
    """
    scale = max(float(amount) for amount in (done, target, expected or 0, forecast or 0)) or 1.0
    ahead = float(forecast or 0) - float(done)
    counts = [figures] if figures else _counts(done, target, expected, forecast)
    spoken = [str(SIDES[side]), *counts, words]
    return {
        "done": _place(done, scale),
        "target": _place(target, scale) if target else "",
        "expected": _place(expected, scale) if expected else "",
        "forecast_width": _place(ahead, scale) if ahead > 0 else "",
        "words": words,
        "side": side,
        "is_behind": expected is not None and done < expected,
        "figures": figures or f"{say_number(done)} / {say_number(target)}",
        "spoken": " · ".join(part for part in spoken if part),
    }


def _place(amount: Number, scale: float) -> str:
    return f"{100 * float(amount) / scale:.2f}%"


def _counts(done: Number, target: Number, expected: Number | None, forecast: Number | None) -> list[str]:
    said = (
        (gettext("%(count)s done"), done),
        (gettext("%(count)s expected by today"), expected),
        (gettext("%(count)s promised"), target),
        (gettext("%(count)s forecast"), forecast),
    )
    return [template % {"count": say_number(count)} for template, count in said if count is not None]


def cadence_dots(done: int, total: int, is_late: bool = False, next_words: str = "") -> dict[str, Any]:
    """The attempts of a cadence as dots: made, next (red ring when late), still to come."""
    spoken = ngettext("%(done)s of %(total)s attempt made", "%(done)s of %(total)s attempts made", total)
    parts = [spoken % {"done": done, "total": total}, next_words]
    return {
        "dots": [_dot(position, done, is_late) for position in range(total)],
        "spoken": " · ".join(part for part in parts if part),
    }


def _dot(position: int, done: int, is_late: bool) -> str:
    if position < done:
        return "done"
    if position > done:
        return "left"
    return "late" if is_late else "next"


def progress_bar(value: Number | None, maximum: Number = 100, label: str = "") -> dict[str, Any]:
    """A running job; no value means it is not known how far it is. Plain numbers: they go into attributes."""
    return {"value": value, "maximum": maximum, "label": label}
