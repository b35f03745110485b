"""Pieces of SQL that carry their parameters with them: a statement is composed once and bound many times."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any


class Given(enum.Enum):
    """What is known only when a statement runs."""

    IDS = "the leads, as a list of ids"
    LOWEST = "the lowest of the ids"
    HIGHEST = "the highest of the ids"
    NOW = "the instant, aware"
    EPOCH = "the same in seconds since 1970, UTC"
    STALE_BEFORE = "scores found before this instant are found anew even if nothing changed"


@dataclass(frozen=True, slots=True)
class Sql:
    """Text with `%s` for each parameter; a parameter that is a `Given` is filled in by `bind`."""

    text: str
    params: tuple[Any, ...] = ()

    def bind(self, given: Mapping[Given, Any]) -> list[Any]:
        return [given[param] if isinstance(param, Given) else param for param in self.params]


def sql(template: str, **parts: Any) -> Sql:
    """Fill the `{names}` of a template: a piece of SQL goes in as it is, anything else as a parameter."""
    text: list[str] = []
    params: list[Any] = []
    for words, name, _, _ in Formatter().parse(template):
        text.append(words)
        if name is None:
            continue
        part = parts[name]
        text.append(part.text if isinstance(part, Sql) else "%s")
        params.extend(part.params if isinstance(part, Sql) else [part])
    return Sql("".join(text), tuple(params))


def joined(separator: str, pieces: Iterable[Sql], *, empty: str = "") -> Sql:
    """Pieces one after the other; `empty` where there are none."""
    kept = list(pieces)
    if not kept:
        return Sql(empty)
    return Sql(
        separator.join(piece.text for piece in kept), tuple(param for piece in kept for param in piece.params)
    )
