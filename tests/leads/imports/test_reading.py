"""Rows out of bytes, from any byte at which a row begins."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.importing.reading import LONGEST_LINE, MOST_LINES, Dialect, Row, RowReader


def rows(data: bytes | str, *, encoding: str = "utf-8", delimiter: str = ",", width: int = 0) -> list[Row]:
    raw = data if isinstance(data, bytes) else data.encode(encoding)
    return list(RowReader(io.BytesIO(raw), Dialect(encoding, delimiter), width=width))


def cells(data: bytes | str, **how: object) -> list[list[str]]:
    return [row.cells for row in rows(data, **how)]  # type: ignore[arg-type]


def test_quotes_newlines_and_crlf_are_read_and_lines_counted() -> None:
    data = 'a,b\r\n"x, ""y""","two\r\nlines"\r\n\r\n1,2\r\n'
    assert rows(data) == [
        Row(1, ["a", "b"]),
        Row(2, ['x, "y"', "two\r\nlines"]),
        Row(5, ["1", "2"]),
    ]


def test_a_mark_and_excels_hint_belong_to_no_row() -> None:
    assert rows(b"\xef\xbb\xbfsep=;\r\na;b\r\n1;2\r\n", delimiter=";") == [
        Row(2, ["a", "b"]),
        Row(3, ["1", "2"]),
    ]


def test_the_last_row_needs_no_line_end() -> None:
    assert cells("a,b\n1,2") == [["a", "b"], ["1", "2"]]


def test_blank_rows_are_passed_over() -> None:
    assert rows("a,b\n\n,\n , \n1,2\n") == [Row(1, ["a", "b"]), Row(5, ["1", "2"])]


def test_nul_bytes_are_left_out() -> None:
    assert cells(b"a\0,b\n1,\x002\n") == [["a", "b"], ["1", "2"]]


def test_a_quotation_that_never_closes_costs_one_row() -> None:
    data = 'a,b\n1,"x\n' + "".join(f"{n},y\n" for n in range(2, 2 * MOST_LINES))
    found = rows(data, width=2)
    assert found[1] == Row(2, ["1", '"x'], "A quotation mark opens in this line and does not close.")
    assert found[2:] == [Row(n + 1, [str(n), "y"]) for n in range(2, 2 * MOST_LINES)]


def test_a_quotation_that_never_closes_at_the_end_of_the_file_costs_one_row() -> None:
    found = rows('a,b\n1,"x\n2,y\n3,z', width=2)
    assert [(row.line, row.cells, bool(row.problem)) for row in found] == [
        (1, ["a", "b"], False),
        (2, ["1", '"x'], True),
        (3, ["2", "y"], False),
        (4, ["3", "z"], False),
    ]


def test_a_quotation_closed_by_the_next_rows_quotation_costs_one_row() -> None:
    found = rows('a,b\n"5 inch,x\n2,"y"\n3,z\n', width=2)
    assert [(row.line, row.cells, bool(row.problem)) for row in found][1:] == [
        (2, ['"5 inch', "x"], True),
        (3, ["2", "y"], False),
        (4, ["3", "z"], False),
    ]


def test_a_row_of_several_lines_with_too_few_cells_stays_one_row() -> None:
    assert rows('a,b,c\n1,"x\ny"\n2,3,4\n', width=3)[1] == Row(2, ["1", "x\ny"])


def test_bytes_that_are_not_of_the_encoding_are_the_rows_problem_alone() -> None:
    found = rows(b"a,b\nM\xfcller,1\nM\xc3\xbcller,2\n")
    assert (found[1].line, found[1].problem != "") == (2, True)
    assert found[2] == Row(3, ["Müller", "2"])


def test_a_carriage_return_inside_a_cell_is_a_space() -> None:
    assert cells("a,b\nx\ry,1\n") == [["a", "b"], ["x y", "1"]]


def test_a_line_without_end_is_a_problem_and_holds_no_more_than_a_piece_of_it() -> None:
    data = b"a,b\n" + b"x" * (2 * LONGEST_LINE) + b"\n1,2\n"
    found = rows(data)
    assert [row.problem != "" for row in found] == [False, True, True, False]
    assert found[-1] == Row(3, ["1", "2"])
    assert all(len(row.cells[0]) <= 1000 for row in found)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp932", "gb18030", "big5"])
def test_every_row_can_be_the_first_of_a_reader(encoding: str) -> None:
    data = 'é,b\n1,"x\ny"\n\n"2",ü\n3,z'.encode("utf-8" if encoding == "utf-8" else "cp1252")
    data = data if encoding in ("utf-8", "cp1252") else 'a,b\n1,"x\ny"\n\n"2",c\n3,z'.encode(encoding)
    reader = RowReader(io.BytesIO(data), Dialect(encoding))
    places = [(reader.position, reader.line)]
    whole = []
    for row in reader:
        whole.append(row)
        places.append((reader.position, reader.line))
    assert places[-1][0] == len(data)
    for number, (position, line) in enumerate(places):
        resumed = RowReader(io.BytesIO(data), Dialect(encoding), position=position, line=line)
        assert list(resumed) == whole[number:]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@given(
    table=st.lists(st.lists(TEXT, min_size=2, max_size=4), max_size=12),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    split=st.integers(0, 12),
)
def test_what_csv_writes_is_read_back_also_from_the_middle(
    table: list[list[str]], delimiter: str, line_end: str, split: int
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    data = written.getvalue().encode()
    expected = [row for row in table if any(cell.strip() for cell in row)]
    reader = RowReader(io.BytesIO(data), Dialect(delimiter=delimiter))
    first = [row.cells for _, row in zip(range(split), reader, strict=False)]
    again = RowReader(
        io.BytesIO(data), Dialect(delimiter=delimiter), position=reader.position, line=reader.line
    )
    assert first + [row.cells for row in again] == expected


@given(data=st.binary(max_size=400), width=st.integers(0, 4))
def test_no_bytes_break_the_reader_and_every_byte_is_read(data: bytes, width: int) -> None:
    reader = RowReader(io.BytesIO(data), Dialect(), width=width)
    for _ in reader:
        pass
    assert reader.position <= len(data)
    assert data[reader.position :].strip(b'\0\r\n\t\x0b\x0c ,"\x1c\x1d\x1e\x1f\x85\xa0') == b""
