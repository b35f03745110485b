"""The file of the rows that were not imported, to be mended and uploaded again."""

import csv
from collections.abc import Iterable, Sequence
from typing import Protocol

from leads.importing.headers import ERROR_COLUMNS
from leads.importing.rows import guarded, unguarded

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
        self._headers = headers
        self._writer.writerow([*ERROR_COLUMNS, *map(guarded, own_cells(headers, headers))])

    def add(self, line: int, problems: Iterable[tuple[str, str]], cells: Sequence[str]) -> None:
        """One row with everything that is wrong with it: pairs of heading and reason."""
        listed = list(problems)
        columns = "; ".join(dict.fromkeys(column for column, _ in listed if column))
        reasons = " ".join(
            f"{column}: {reason}" if column and len(listed) > 1 else reason for column, reason in listed
        )
        missing = [""] * (len(self._headers) - len(cells))
        own = own_cells([*cells, *missing], self._headers)
        self._writer.writerow([line, *map(guarded, (columns, reasons, *own))])


def own_cells(cells: Sequence[str], headers: Sequence[str]) -> list[str]:
    """A row without the columns that an earlier error file put before it."""
    return [
        cell
        for index, cell in enumerate(cells)
        if index >= len(headers) or headers[index] not in ERROR_COLUMNS
    ]


def plain_cells(cells: Sequence[str], headers: Sequence[str]) -> list[str]:
    """A row to be read: its own cells, without what keeps a spreadsheet from calculating them."""
    return [unguarded(cell) for cell in own_cells(cells, headers)]
