"""The file of the rows that were not imported, to be mended and uploaded again."""

import csv
from collections.abc import Iterable, Sequence
from typing import Protocol

from leads.importing.headers import ERROR_COLUMNS
from leads.importing.rows import guarded

BOM = "\ufeff"


class Writable(Protocol):
    def write(self, text: str, /) -> object: ...


class ErrorFile:
    """A CSV file with the file's own columns after the line, the columns and the reasons of what is wrong.

    It begins with a byte order mark, so that spreadsheet programs read it as UTF-8, and no cell of it is a
    formula.
    """

    def __init__(self, target: Writable, headers: Sequence[str], delimiter: str) -> None:
        target.write(BOM)
        self._writer = csv.writer(target, delimiter=delimiter)
        self._width = len(headers)
        self._headers = [header for header in headers if header not in ERROR_COLUMNS]
        self._kept = [index for index, header in enumerate(headers) if header not in ERROR_COLUMNS]
        self._writer.writerow([*ERROR_COLUMNS, *map(guarded, self._headers)])

    def add(self, line: int, problems: Iterable[tuple[str, str]], cells: Sequence[str]) -> None:
        """One row with everything that is wrong with it: pairs of heading and reason."""
        listed = list(problems)
        columns = "; ".join(dict.fromkeys(column for column, _ in listed if column))
        reasons = " ".join(
            f"{column}: {reason}" if column and len(listed) > 1 else reason for column, reason in listed
        )
        own = [cells[index] if index < len(cells) else "" for index in self._kept] + list(
            cells[self._width :]
        )
        self._writer.writerow([line, *map(guarded, (columns, reasons, *own))])
