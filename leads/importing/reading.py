"""Rows of a CSV file, one by one, each with its line and with the byte at which the next begins.

The reader may be started at any such byte, so that a job goes on where the last transaction ended. It holds
one row in memory. What is wrong with a row is said and stays with that row.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext

from leads.importing.encodings import UTF8

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 1 << 20
LONGEST_ROW = 128 * 1024
MOST_LINES = 500
"""A quotation mark that does not close within so many lines and characters is taken for a mistake."""
HINT = "sep="
"""Excel's own line before the headings, such as "sep=;"."""


@dataclass(frozen=True)
class Dialect:
    encoding: str = UTF8
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is where the row begins, from 1. `problem` says why its cells cannot be trusted."""

    line: int
    cells: list[str]
    problem: str = ""


class _Endless(Exception):
    """A quotation mark opened and did not close."""


class RowReader(Iterator[Row]):
    """The rows from `position` on; blank ones are passed over. `position` and `line` tell how far it has
    read.

    `width` is how many cells a row should have, once that is known.
    """

    def __init__(
        self, file: BinaryIO, dialect: Dialect, *, position: int = 0, line: int = 0, width: int = 0
    ) -> None:
        self.dialect = dialect
        self.position, self.line, self.width = position, line, width
        self._file = file
        self._file.seek(position)
        self._pending: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._taken_size = 0
        self._is_cut = self._is_garbled = False
        self._rows = csv.reader(_Feed(self), delimiter=dialect.delimiter)
        if position == 0:
            self._skip_opening()

    def __next__(self) -> Row:
        while True:
            row = self._read()
            if row.problem or any(cell.strip() for cell in row.cells):
                return row

    # --- Lines ----------------------------------------------------------------------------------------------

    def next_line(self) -> str:
        """The next line for the CSV reader. Raises `StopIteration` at the end, `_Endless` in an endless
        quotation.
        """
        if self._taken and (len(self._taken) >= MOST_LINES or self._taken_size >= LONGEST_ROW):
            raise _Endless
        raw = self._pending.popleft() if self._pending else self._file.readline(LONGEST_LINE)
        if not raw:
            self._is_cut = bool(self._taken)
            raise StopIteration
        self._taken.append(raw)
        self._taken_size += len(raw)
        return self._decode(raw)

    def _decode(self, raw: bytes) -> str:
        try:
            text = raw.decode(self.dialect.encoding)
        except UnicodeDecodeError:
            self._is_garbled = True
            text = raw.decode(self.dialect.encoding, "replace")
        return text.replace("\0", "") if "\0" in text else text

    def _skip_opening(self) -> None:
        """The byte order mark and Excel's hint belong to no row."""
        start = self._file.read(len(BOM))
        mark = len(BOM) if start == BOM else 0
        self._file.seek(mark)
        first = self._file.readline(LONGEST_LINE)
        is_hint = first.strip().strip(b'"').lower().startswith(HINT.encode()) and len(first.strip()) <= 8
        self.position = mark + (len(first) if is_hint else 0)
        self.line = int(is_hint)
        self._file.seek(self.position)

    # --- Rows -----------------------------------------------------------------------------------------------

    def _read(self) -> Row:
        self._taken.clear()
        self._taken_size = 0
        self._is_cut = self._is_garbled = False
        line = self.line + 1
        try:
            cells, problem = next(self._rows), ""
        except (csv.Error, _Endless) as error:
            cells, problem = self._mend(error)
        if self._is_cut or (len(self._taken) > 1 and self._hides_rows(cells)):
            cells, problem = self._unclosed()
        if self._is_garbled and not problem:
            problem = gettext("The line holds bytes that are not valid in the file’s encoding.")
        self.position += sum(map(len, self._taken))
        self.line += sum(raw.endswith(b"\n") for raw in self._taken)
        return Row(line, cells, problem)

    def _mend(self, error: Exception) -> tuple[list[str], str]:
        if len(self._taken) > 1 or isinstance(error, _Endless):
            return self._unclosed()
        text = self._decode(self._taken[0])
        try:
            return next(csv.reader([text.replace("\r", " ")], delimiter=self.dialect.delimiter)), ""
        except (csv.Error, StopIteration):
            return [text[:1000]], gettext("The line is too long to be a row of a table.")

    def _hides_rows(self, cells: list[str]) -> bool:
        """Several lines that make no row of the right width, while the second alone would."""
        if not self.width or len(cells) == self.width:
            return False
        second = self._decode(self._taken[1])
        try:
            alone = next(csv.reader([second], delimiter=self.dialect.delimiter, strict=True), [])
        except csv.Error:
            return False
        return len(alone) == self.width

    def _unclosed(self) -> tuple[list[str], str]:
        """Blame the first line alone and read the others again."""
        first, *others = self._taken
        self._pending.extendleft(reversed(others))
        self._taken[:] = [first]
        self._is_garbled = False
        text = self._decode(first).rstrip("\r\n")
        return text.split(self.dialect.delimiter), gettext(
            "A quotation mark opens in this line and does not close."
        )


class _Feed(Iterator[str]):
    """The lines as csv.reader wants them; unlike a generator it goes on after an exception."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader

    def __next__(self) -> str:
        return self._reader.next_line()
