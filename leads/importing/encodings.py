"""In which encoding is the text? Certain for UTF-8 and UTF-16; a guess to be looked at for anything older."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

BLOCK = 1 << 20
UTF8 = "utf-8"
LEGACY = {
    "cp1252": _("Western European (Windows)"),
    "iso8859-15": _("Western European (ISO 8859-15)"),
    "mac_roman": _("Western European (old Mac)"),
    "cp850": _("Western European (DOS)"),
    "cp1250": _("Central European (Windows)"),
    "cp1251": _("Cyrillic (Windows)"),
    "cp1253": _("Greek (Windows)"),
    "cp1254": _("Turkish (Windows)"),
    "cp1255": _("Hebrew (Windows)"),
    "cp1256": _("Arabic (Windows)"),
    "cp932": _("Japanese (Shift JIS)"),
    "gb18030": _("Chinese, simplified (GB 18030)"),
    "big5": _("Chinese, traditional (Big5)"),
    "cp949": _("Korean (Windows)"),
}
ENCODINGS = {UTF8: _("Unicode (UTF-8)"), **LEGACY}
"""All of these keep ASCII, and none hides a line feed in a longer character: lines can be told before
decoding.
"""

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOST_SAMPLES = 400


@dataclass(frozen=True)
class Text:
    """What one pass over the whole file found. `encoding` is one of ENCODINGS."""

    encoding: str
    is_sure: bool
    lines: int
    broken_lines: int
    """Lines that are not valid in `encoding`."""
    nul_bytes: int
    lone_returns: bool
    """Lines end with a carriage return alone, as on old Macs."""


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by its mark or by the zero bytes between Latin letters."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0:4096:2], head[1:4096:2]
    if len(odd) < 8:
        return None
    if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def read_through(file: BinaryIO) -> Text:
    """Read the file to its end, in memory for one block, and tell its encoding."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(UTF8)()
    line_feeds = returns = nuls = 0
    last = b""
    is_utf8 = True
    for block in iter(lambda: file.read(BLOCK), b""):
        line_feeds += block.count(b"\n")
        returns += block.count(b"\r")
        nuls += block.count(b"\0")
        last = block
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
    lone_returns = returns > 0 and not line_feeds
    ends = returns if lone_returns else line_feeds
    lines = ends + (not last.endswith((b"\n", b"\r")))
    if is_utf8:
        return Text(UTF8, True, lines, 0, nuls, lone_returns)
    encoding, broken = _legacy_or_broken(file)
    return Text(encoding, encoding == UTF8, lines, broken, nuls, lone_returns)


def _legacy_or_broken(file: BinaryIO) -> tuple[str, int]:
    """UTF-8 with a few bad lines stays UTF-8; otherwise the likeliest old encoding."""
    good = broken = 0
    samples: list[bytes] = []
    file.seek(0)
    for line in iter(lambda: file.readline(BLOCK), b""):
        if line.isascii():
            continue
        try:
            line.decode(UTF8)
            good += 1
        except UnicodeDecodeError:
            broken += 1
            if len(samples) < MOST_SAMPLES:
                samples.append(line[:4096])
    if good > 4 * broken:
        return UTF8, broken
    return guess_legacy(samples), 0


def guess_legacy(samples: Iterable[bytes]) -> str:
    """The encoding in which the samples look most like words; Western European where all look alike."""
    text = b"\n".join(samples)
    return max(LEGACY, key=lambda encoding: _plausibility(text, encoding))


def _plausibility(text: bytes, encoding: str) -> float:
    """Letters among letters of their own script count for, capitals inside words and symbols beside letters
    against.
    """
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError:
        decoded = text.decode(encoding, "replace")
    score = 0.0
    scripts: Counter[str] = Counter()
    before = " "
    for char in decoded:
        if not char.isascii():
            score += _fits(before, char)
            if char.isalpha():
                scripts[_script(char)] += 1
        before = char
    common = max(scripts.values(), default=0) / max(1, scripts.total())
    return score * common / max(1, sum(not char.isascii() for char in decoded))


def _fits(before: str, char: str) -> float:
    if char == "�":
        return -10
    category = unicodedata.category(char)
    if not category.startswith("L"):
        return -3 if category.startswith(("C", "S")) or before.isalpha() else 0
    if before.isalpha() and _script(before) != _script(char):
        return -2
    if category == "Lu" and before.islower():
        return -2
    if _script(char) == "LATIN" and before.isalpha() and not before.isascii():
        return -1  # accented letters stand among plain ones
    return 1 if category != "Lo" or before.isalpha() else 0.5


def _script(char: str) -> str:
    return unicodedata.name(char, "?").split()[0]


def telling_words(file: BinaryIO, encoding: str, most: int = 8) -> list[str]:
    """Words of the file that look right only in the right encoding."""
    words: dict[str, None] = {}
    file.seek(0)
    for line in iter(lambda: file.readline(BLOCK), b""):
        if not line.isascii():
            text = line.decode(encoding, "replace")
            words |= dict.fromkeys(word for word in re.findall(r"[^\s,;|\"]+", text) if not word.isascii())
            if len(words) >= most:
                break
    return [word[:40] for word in words][:most]
