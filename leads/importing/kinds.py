"""Is it a CSV file at all? What people upload by mistake is named, with what to do about it."""

import zipfile
from typing import BinaryIO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SHEET = _("Open it in your spreadsheet program, choose “Save as”, and there “CSV (UTF-8)”.")
EXPORT = _("Export the leads as CSV and upload that file.")

SIGNATURES: tuple[tuple[bytes, str | Promise, str | Promise], ...] = (
    (b"%PDF-", _("a PDF document"), EXPORT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _("an old Office file, perhaps an Excel workbook (.xls)"), SHEET),
    (b"\x89PNG", _("a PNG picture"), EXPORT),
    (b"\xff\xd8\xff", _("a JPEG picture"), EXPORT),
    (b"GIF8", _("a GIF picture"), EXPORT),
    (b"RIFF", _("a sound, film or picture"), EXPORT),
    (b"\x1f\x8b", _("a gzip archive"), _("Unpack it and upload the CSV file inside.")),
    (b"BZh", _("a bzip2 archive"), _("Unpack it and upload the CSV file inside.")),
    (b"7z\xbc\xaf", _("a 7-Zip archive"), _("Unpack it and upload the CSV file inside.")),
    (b"Rar!", _("a RAR archive"), _("Unpack it and upload the CSV file inside.")),
    (b"SQLite format 3", _("an SQLite database"), EXPORT),
    (b"PAR1", _("a Parquet file"), EXPORT),
    (b"\x7fELF", _("a program"), EXPORT),
    (b"MZ\x90", _("a program"), EXPORT),
    (b"{\\rtf", _("a text document (RTF)"), EXPORT),
    (b"BEGIN:VCARD", _("a vCard of contacts"), EXPORT),
)
INSIDE_ZIP: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    ("xl/", _("an Excel workbook (.xlsx)"), SHEET),
    ("Index/", _("a Numbers document"), SHEET),
    ("content.xml", _("an OpenDocument file, perhaps a spreadsheet (.ods)"), SHEET),
    ("word/", _("a Word document"), EXPORT),
    ("ppt/", _("a PowerPoint presentation"), EXPORT),
)
MARKUP: tuple[tuple[bytes, str | Promise, str | Promise], ...] = (
    (b"<!doctype html", _("a web page (HTML)"), EXPORT),
    (b"<html", _("a web page (HTML)"), EXPORT),
    (b"<table", _("a web page (HTML)"), EXPORT),
    (b"<svg", _("a picture (SVG)"), EXPORT),
    (b"<?xml", _("an XML document"), EXPORT),
)
MOST_CONTROLS = 0.02
"""The share of control characters above which bytes are no text."""


class NotCsv(Exception):
    """The file cannot be imported as it is; the message says what it seems to be and what to do."""


def refuse_foreign(file: BinaryIO, head: bytes) -> None:
    """Raise `NotCsv` where the first bytes are not a table's in text. `head` may begin with a byte order
    mark.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for signature, what, advice in SIGNATURES:
        if text.startswith(signature):
            raise _not_csv(what, advice)
    if text.startswith(b"PK\x03\x04"):
        raise _not_csv(*_inside_zip(file))
    for signature, what, advice in MARKUP:
        if text[:20].lower().startswith(signature):
            raise _not_csv(what, advice)
    if _is_json(text):
        raise _not_csv(
            _("JSON"), _("Export the leads as CSV, or send them to the portal’s REST API instead.")
        )


def refuse_binary(text: bytes) -> None:
    """Raise `NotCsv` where a sample, in an encoding that keeps ASCII, is full of control characters."""
    controls = sum(text.count(byte) for byte in range(32) if byte not in b"\t\n\v\f\r\x1a\x1b")
    if controls > MOST_CONTROLS * len(text):
        raise _not_csv(_("a file of a program rather than text"), EXPORT)


def _not_csv(what: str | Promise, advice: str | Promise) -> NotCsv:
    return NotCsv(
        _("This is no CSV file; it seems to be %(what)s. %(advice)s") % {"what": what, "advice": advice}
    )


def _inside_zip(file: BinaryIO) -> tuple[str | Promise, str | Promise]:
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        names = []
    for start, what, advice in INSIDE_ZIP:
        if any(name.startswith(start) for name in names):
            return what, advice
    return _("a ZIP archive"), _("Unpack it and upload the CSV file inside.")


def _is_json(text: bytes) -> bool:
    """An object with a key, or an array of objects, arrays, numbers or text; not "[Name],[E-mail]"."""
    if text.startswith(b"{"):
        return text[1:].lstrip()[:1] in (b'"', b"}")
    if not text.startswith(b"["):
        return False
    inside = text[1:].lstrip()
    return inside[:1] in (b"{", b"[", b'"') or inside[:1].isdigit()
