"""What a file is: its kind, encoding, delimiter, headings."""

import io
import zipfile

import pytest

from leads.importing.encodings import guess_legacy, read_through, telling_words, wide_encoding
from leads.importing.headers import ERROR_COLUMNS, fingerprint, name_columns, normal, slug
from leads.importing.inspection import Findings, inspect, plain
from leads.importing.kinds import NotCsv

TABLE = "email,name\nada@bar.de,Ada\nben@foo.de,Ben\n"


def look(data: bytes) -> Findings:
    with plain(io.BytesIO(data)) as (lines, text, _):
        return inspect(lines, encoding=text.encoding)


def refusal(data: bytes) -> str:
    with pytest.raises(NotCsv) as refused, plain(io.BytesIO(data)) as (lines, text, _):
        inspect(lines, encoding=text.encoding)
    return str(refused.value)


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx)"),
        (zipped("mimetype", "content.xml"), "an OpenDocument file"),
        (zipped("word/document.xml"), "a Word document"),
        (zipped("leads.csv"), "a ZIP archive"),
        (b"PK\x03\x04broken", "a ZIP archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b'{"leads": []}', "JSON"),
        (b'\xef\xbb\xbf  [{"email": "a@b.de"}]', "JSON"),
        (b"<!DOCTYPE html><html>", "a web page (HTML)"),
        (b'<?xml version="1.0"?>', "an XML document"),
        (b"SQLite format 3\0", "an SQLite database"),
        (bytes(range(1, 32)) * 50, "a file of a program"),
    ],
)
def test_no_csv_file_is_told_what_it_is(data: bytes, what: str) -> None:
    assert f"it seems to be {what}" in refusal(data)


def test_an_excel_workbook_is_told_what_to_do() -> None:
    assert "choose “Save as”" in refusal(zipped("xl/workbook.xml"))


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n  \r\n", b"\0\0\0"])
def test_an_empty_file_is_told_so(data: bytes) -> None:
    assert refusal(data) == "The file is empty. Export the leads again and upload that file."


def test_headings_without_rows_are_told_so() -> None:
    assert refusal(b"email,name\n") == "The file has headings but no rows below them. Export the leads again."


def test_too_many_columns_are_told_so() -> None:
    assert "501 columns" in refusal(
        ",".join(f"c{n}" for n in range(501)).encode() + b"\n" + b"1," * 500 + b"1\n"
    )


def test_a_bracket_or_a_quotation_alone_is_no_json() -> None:
    assert look(b"[Name],[E-mail]\nAda,ada@bar.de\n").headers == ["[Name]", "[E-mail]"]


# --- Encoding -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_unicode_is_read_in_every_form(encoding: str, line_end: str) -> None:
    data = f"E-Mail,Straße{line_end}ada@bar.de,Große Gasse{line_end}".encode(encoding)
    found = look(data)
    assert (found.headers, found.sample[0].cells) == (["E-Mail", "Straße"], ["ada@bar.de", "Große Gasse"])


def test_utf_16_without_a_mark_is_known_by_its_zero_bytes() -> None:
    assert wide_encoding("email,name\nada".encode("utf-16-le")) == "utf-16-le"
    assert wide_encoding("email,name\nada".encode("utf-16-be")) == "utf-16-be"
    assert wide_encoding(b"email,name\nada") is None
    assert wide_encoding(b"a\0b") is None


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Müller\nGroßmann\nSão Paulo\nRenée Lefèvre\nÅse Øvergård\n"),
        ("cp1250", "Łukasz Wiśniewski\nZażółć gęślą jaźń\nDvořák Šárka\nKovács Győző\n"),
        ("cp1251", "Иван Петров\nМосква\nСанкт-Петербург\nООО Ромашка\n"),
        ("cp1256", "محمد أحمد\nالقاهرة\nشركة النور\n"),
        ("cp1253", "Γιώργος Παπαδόπουλος\nΑθήνα\nΘεσσαλονίκη\n"),
        ("gb18030", "张伟\n北京市\n有限公司\n上海\n"),
    ],
)
def test_old_encodings_are_guessed_by_what_makes_words(encoding: str, text: str) -> None:
    guessed = guess_legacy([line.encode(encoding) for line in text.splitlines()])
    assert text.encode(encoding).decode(guessed) == text


def test_an_old_encoding_is_not_sure_and_shows_telling_words() -> None:
    file = io.BytesIO("email,name\na@b.de,Ada\nm@b.de,Jürgen Müller\n".encode("cp1252"))
    text = read_through(file)
    assert (text.encoding, text.is_sure) == ("cp1252", False)
    assert telling_words(file, text.encoding) == ["Jürgen", "Müller"]


def test_a_few_broken_lines_leave_utf_8_as_it_is() -> None:
    lines = ["Jürgen".encode()] * 50 + [b"J\xfcrgen"]
    text = read_through(io.BytesIO(b"\n".join(lines)))
    assert (text.encoding, text.is_sure, text.broken_lines, text.lines) == ("utf-8", True, 1, 51)


def test_what_is_not_ascii_deep_in_a_file_counts() -> None:
    data = b"email\n" + b"a@b.de\n" * 300_000 + "Jürgen\n".encode("cp1252")
    assert read_through(io.BytesIO(data)).encoding == "cp1252"


# --- Delimiter and headings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_among_others_in_cells(delimiter: str) -> None:
    rows = ["email{0}note{0}amount", 'a@b.de{0}"a, b; c|d"{0}1', 'b@b.de{0}"x"{0}2', "c@b.de{0}y{0}3"]
    found = look("\n".join(rows).format(delimiter).encode())
    assert (found.dialect.delimiter, found.headers) == (delimiter, ["email", "note", "amount"])


def test_decimal_commas_do_not_hide_the_semicolon() -> None:
    found = look(b"email;value\na@b.de;1,5\nb@b.de;2,5\n")
    assert found.dialect.delimiter == ";"


def test_excels_hint_settles_the_delimiter() -> None:
    found = look(b"sep=|\nemail|a,b\nx@y.de|1,2\n")
    assert (found.dialect.delimiter, found.headers) == ("|", ["email", "a,b"])


def test_one_column_is_a_file_too() -> None:
    assert look(b"E-mail\nada@bar.de\nben@foo.de\n").headers == ["E-mail"]


def test_a_first_row_of_values_is_no_heading() -> None:
    found = look(b"ada@bar.de,Ada,2026-01-05\nben@foo.de,Ben,2026-01-06\n")
    assert (found.has_header, found.headers, len(found.sample)) == (False, ["#1", "#2", "#3"], 2)


def test_duplicate_and_empty_headings_get_names_of_their_own() -> None:
    assert name_columns(["Email", " ", "Email", "", "Email (2)"]) == [
        "Email",
        "#2",
        "Email (2)",
        "#4",
        "Email (2) (2)",
    ]


def test_empty_columns_at_the_end_are_no_columns() -> None:
    assert look(b"email,name,,\na@b.de,Ada,,\n").headers == ["email", "name"]
    assert look(b"email,name,,\na@b.de,Ada,,x\n").headers == ["email", "name", "#3", "#4"]


def test_files_with_the_same_columns_have_the_same_fingerprint() -> None:
    assert fingerprint(["Email", "Name"]) == fingerprint(["name", "email"])
    assert fingerprint([*ERROR_COLUMNS, "Email", "Name"]) == fingerprint(["Email", "Name"])
    assert fingerprint(["Email"]) != fingerprint(["Email", "Name"])


def test_headings_are_compared_without_case_accents_and_signs() -> None:
    assert normal("E-Mail_Adresse (privat)") == "e mail adresse privat"
    assert normal("firstName") == "first name"
    assert normal("Téléphone") == "telephone"
    assert slug("Lead Quality?") == "lead_quality"
