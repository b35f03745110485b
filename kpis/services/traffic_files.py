"""Files of visitors, as an analytics tool exports them: day, source, visitors, and columns that do not matter."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from kpis.services.traffic import TrafficItem, TrafficResult, upsert_traffic
from leads.importing.dates import DAY_FIRST, date_order, read_date
from leads.importing.headers import normal
from leads.importing.inspection import find_delimiter, plain
from leads.importing.kinds import NotCsv
from leads.importing.values import BadCell
from leads.services.items import Remark, Status

MOST_BYTES = 20 * 1024 * 1024
BATCH = 5000
UTC = ZoneInfo("UTC")
HEADINGS = {
    "day": "day date datum tag jour fecha data giorno",
    "visitors": "visitors visits users sessions besucher besuche nutzer sitzungen visiteurs visites visitantes "
    "visitas sesiones total users|unique visitors|active users",
    "source": "source channel quelle kanal canal fuente origin medium|session source|first user source|"
    "default channel group|traffic source",
}
REQUIRED = ("day", "visitors")


class TrafficFileError(ValueError):
    """The file as a whole cannot be taken; the message says why and what to do."""


@dataclass(frozen=True)
class LineError:
    """A line that was not taken: its number in the file, the column and the reason."""

    line: int
    column: str
    reason: str


@dataclass
class TrafficImport:
    """What a file brought, in rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + len(self.errors)


@transaction.atomic
def import_traffic(*, file: BinaryIO, now: datetime, actor: User | None) -> TrafficImport:
    """Take a CSV file of visitors by day and source; a line that cannot be taken stops no other.

    Columns are known by their headings, in several languages; a file without a source is of visitors whose source is
    not known. The same file again changes nothing. Raises `TrafficFileError`.
    """
    file.seek(0, io.SEEK_END)
    if file.tell() > MOST_BYTES:
        raise TrafficFileError(
            _("The file is larger than %(most)s MB. A row is a day and a source: export it by day.")
            % {"most": MOST_BYTES // 1024**2}
        )
    try:
        with plain(file) as (readable, text, _wide):
            return _import(readable, text.encoding, now, actor)
    except NotCsv as error:
        raise TrafficFileError(str(error)) from error
    except csv.Error as error:
        raise TrafficFileError(_("The file is no CSV: %(error)s") % {"error": error}) from error


def _import(file: BinaryIO, encoding: str, now: datetime, actor: User | None) -> TrafficImport:
    delimiter = find_delimiter(file, encoding)
    file.seek(0)
    text = io.TextIOWrapper(
        file, encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline=""
    )
    try:
        rows = csv.reader(text, delimiter=delimiter)
        columns = _columns(next(rows, []))
        lines = [(rows.line_num, row) for row in rows if any(cell.strip() for cell in row)]
    finally:
        text.detach()
    if not lines:
        raise TrafficFileError(_("The file has headings and no rows."))
    order = date_order([row[columns["day"]].strip() for _line, row in lines if len(row) > columns["day"]])
    done = TrafficImport()
    items = [(line, _item(row, columns, order or DAY_FIRST)) for line, row in lines]
    for batch in _batches(items):
        _count(done, batch, upsert_traffic([item for _line, item in batch], now=now, actor=actor))
    return done


def _columns(headings: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    names = [normal(heading) for heading in headings]
    for column, known in HEADINGS.items():
        words, *phrases = known.split("|")
        wanted = [*words.split(), *phrases]
        place = next((names.index(name) for name in wanted if name in names), None)
        if place is not None:
            found[column] = place
    missing = [str(_NAMES[column]) for column in REQUIRED if column not in found]
    if missing:
        raise TrafficFileError(
            _("The first line names no column for %(missing)s. Head the columns day, source, visitors.")
            % {"missing": _(" and ").join(missing)}
        )
    return found


_NAMES = {"day": gettext_lazy("the day"), "visitors": gettext_lazy("the visitors")}


def _item(row: Sequence[str], columns: dict[str, int], order: str) -> TrafficItem | Remark:
    cells = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
    try:
        day = read_date(cells["day"], UTC, order).date()
    except BadCell as error:
        return Remark("day", str(error))
    number = cells["visitors"].replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    whole = _plain_number(number)
    if whole is None:
        return Remark("visitors", _("“%(text)s” is not a whole number.") % {"text": cells["visitors"][:40]})
    return TrafficItem(day=day, visitors=whole, source=cells.get("source", ""))


def _plain_number(text: str) -> int | None:
    """`1234`, `1,234` and `1.234`; a decimal is none."""
    groups = text.replace(".", ",").split(",")
    is_grouped = len(groups) > 1 and all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3
    digits = "".join(groups) if is_grouped else text
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _batches(
    items: Sequence[tuple[int, TrafficItem | Remark]],
) -> Iterator[Sequence[tuple[int, TrafficItem | Remark]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _count(
    done: TrafficImport, batch: Sequence[tuple[int, TrafficItem | Remark]], results: Sequence[TrafficResult]
) -> None:
    for (line, _item), result in zip(batch, results, strict=True):
        if result.error is not None:
            done.errors.append(LineError(line, result.error.field, result.error.reason))
        elif result.status is Status.CREATED:
            done.created += 1
        elif result.status is Status.UPDATED:
            done.updated += 1
        else:
            done.unchanged += 1
