"""What a file is, before anything is imported: encoding, delimiter, headings, size. Or why it is none of
ours.
"""

import codecs
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from tempfile import TemporaryFile
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from leads.importing.encodings import BLOCK, Text, read_through, wide_encoding
from leads.importing.guessing import looks_like_headings
from leads.importing.headers import name_columns, nameless
from leads.importing.kinds import NotCsv, refuse_binary, refuse_foreign
from leads.importing.reading import Dialect, Row, RowReader

HEAD = 64 * 1024
DELIMITERS = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Vertical bar")}
SAMPLE_ROWS = 200
MOST_COLUMNS = 500


@dataclass(frozen=True)
class Findings:
    """What the first rows of a file tell."""

    dialect: Dialect
    has_header: bool
    headers: list[str]
    sample: list[Row]


@contextmanager
def plain(file: BinaryIO) -> Iterator[tuple[BinaryIO, Text, bool]]:
    """The file as lines in an encoding that keeps ASCII, what one pass over it found, and whether it was
    UTF-16.

    UTF-16, UTF-32 and the line ends of old Macs are rewritten to a temporary file. Raises `NotCsv`.
    """
    file.seek(0)
    head = file.read(HEAD)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0\x1a"):
        raise NotCsv(_("The file is empty. Export the leads again and upload that file."))
    refuse_foreign(file, head)
    wide = wide_encoding(head)
    if wide:
        with TemporaryFile() as rewritten:
            _rewrite(file, rewritten, wide)
            yield rewritten, read_through(rewritten), True
        return
    refuse_binary(head)
    text = read_through(file)
    if text.lone_returns:
        with TemporaryFile() as rewritten:
            _split_lines(file, rewritten)
            yield rewritten, replace(text, lone_returns=False), False
        return
    yield file, text, False


def _rewrite(file: BinaryIO, target: BinaryIO, encoding: str) -> None:
    """As UTF-8; what is broken becomes the replacement character, a mark is dropped."""
    file.seek(0)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)
    is_first = True
    while block := file.read(BLOCK):
        text = decoder.decode(block)
        target.write((text.removeprefix("\ufeff") if is_first else text).encode("utf-8", "replace"))
        is_first = False
    target.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))


def _split_lines(file: BinaryIO, target: BinaryIO) -> None:
    file.seek(0)
    while block := file.read(BLOCK):
        target.write(block.replace(b"\r", b"\n"))


def inspect(
    file: BinaryIO, *, encoding: str, delimiter: str = "", has_header: bool | None = None
) -> Findings:
    """Look at the first rows of a plain file; what the caller does not say is found out. Raises `NotCsv`."""
    dialect = Dialect(encoding, delimiter or find_delimiter(file, encoding))
    rows = list(islice(RowReader(file, dialect), SAMPLE_ROWS))
    if not rows:
        raise NotCsv(_("The file has no rows. Export the leads again and upload that file."))
    if has_header is None:
        has_header = looks_like_headings(rows[0].cells, [row.cells for row in rows[1:]])
    headers, sample = _columns(rows, has_header)
    if len(headers) > MOST_COLUMNS:
        raise NotCsv(
            _(
                "The file has %(count)s columns; at most %(most)s can be imported. Remove those you do not "
                "need."
            )
            % {"count": len(headers), "most": MOST_COLUMNS}
        )
    if not sample:
        raise NotCsv(_("The file has headings but no rows below them. Export the leads again."))
    return Findings(dialect, has_header, headers, sample)


def _columns(rows: Sequence[Row], has_header: bool) -> tuple[list[str], list[Row]]:
    if not has_header:
        return nameless(max(len(row.cells) for row in rows)), list(rows)
    width = len(rows[0].cells)
    while width and not rows[0].cells[width - 1].strip() and not _is_used(rows[1:], width - 1):
        width -= 1
    return name_columns(rows[0].cells[:width]), list(rows[1:])


def _is_used(rows: Sequence[Row], column: int) -> bool:
    return any(len(row.cells) > column and row.cells[column].strip() for row in rows)


def find_delimiter(file: BinaryIO, encoding: str) -> str:
    """The delimiter that cuts most rows into the same number of cells, more than one; a comma where none
    does.

    Excel's own hint in the first line ("sep=;") settles it.
    """
    file.seek(0)
    first = file.readline(BLOCK).removeprefix(b"\xef\xbb\xbf").strip().strip(b'"').lower()
    if first.startswith(b"sep=") and len(first) == 5:
        return chr(first[4])
    if first == b"sep=":
        return "\t"
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        score = _agreement(islice(RowReader(file, Dialect(encoding, delimiter)), SAMPLE_ROWS))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _agreement(rows: Iterator[Row]) -> float:
    """The share of rows as wide as most are, a little more for more columns; 0 for one column."""
    widths = Counter(len(row.cells) for row in rows)
    wide = Counter({width: count for width, count in widths.items() if width > 1})
    if not wide:
        return 0.0
    width, count = wide.most_common(1)[0]
    return count / widths.total() + min(width, 100) / 1000
