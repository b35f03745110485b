"""From cells to items, and into the error file and back."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from leads.importing.errorfile import ErrorFile
from leads.importing.headers import ERROR_COLUMNS, name_columns
from leads.importing.mapping import ColumnUse, Mapping
from leads.importing.reading import Dialect, Row, RowReader
from leads.importing.rows import CellProblem, MadeRow, RowMaker, guarded
from leads.services.items import CompanyItem, LeadItem, RefItem

OWNERS = {"mia chen": "mia@us.example", "mia@us.example": "mia@us.example"}


def make(cells: dict[str, str], *, more: list[str] | None = None, **mapping: Any) -> MadeRow:
    """A row of columns that are called by their targets."""
    uses = mapping.pop("columns", {target: target for target in cells})
    maker = RowMaker(Mapping(columns=uses, **mapping), list(cells), OWNERS)
    return maker.make(Row(7, [*cells.values(), *(more or [])]))


def item(cells: dict[str, str], **mapping: Any) -> LeadItem:
    made = make(cells, **mapping)
    assert made.errors == []
    assert made.item is not None
    return made.item


def test_every_field_finds_its_place() -> None:
    cells = {
        "email": " Ada@Bar.de ",
        "external_id": "42",
        "first_name": "Ada",
        "last_name": "King",
        "job_title": "CFO",
        "phone": "+49 30 1",
        "time_zone": "Europe/Berlin",
        "company.name": "Bar AG",
        "company.domain": "bar.de",
        "company.industry": "Retail",
        "company.employees": "51-200",
        "company.country": "Germany",
        "source": "fair",
        "owner": "Mia Chen",
        "email_consent": "yes",
        "do_not_call": "no",
        "created_at": "01.02.2026",
        "mql_at": "02.02.2026",
        "sql_at": "03.02.2026",
        "won_at": "04.02.2026",
        "lost_at": "",
        "value": "1,200.50",
        "attributes.plan": "gold",
    }
    assert item(cells, system="crm") == LeadItem(
        email="Ada@Bar.de",
        external_ref=RefItem("crm", "42"),
        first_name="Ada",
        last_name="King",
        job_title="CFO",
        phone="+49 30 1",
        time_zone="Europe/Berlin",
        company=CompanyItem(name="Bar AG", domain="bar.de", industry="Retail", employees=51, country="DE"),
        source="fair",
        owner="mia@us.example",
        email_consent="given",
        do_not_call=False,
        created_at=datetime(2026, 2, 1, tzinfo=UTC),
        mql_at=datetime(2026, 2, 2, tzinfo=UTC),
        sql_at=datetime(2026, 2, 3, tzinfo=UTC),
        won_at=datetime(2026, 2, 4, tzinfo=UTC),
        value=Decimal("1200.50"),
        attributes={"plan": "gold"},
    )


def test_empty_cells_leave_what_is_known_alone() -> None:
    cells = {"email": "a@b.de", "first_name": "", "phone": "NULL", "source": " - ", "company.name": "N/A"}
    assert item(cells) == LeadItem(email="a@b.de")


def test_the_files_own_words_for_nothing_count_as_empty() -> None:
    cells = {"email": "a@b.de", "attributes.city": "Select"}
    assert item(cells, missing=["Select"]).attributes is UNSET


def test_constants_fill_what_the_row_leaves_empty() -> None:
    constants = {"source": "fair", "owner": "mia@us.example"}
    assert item({"email": "a@b.de", "source": ""}, constants=constants).source == "fair"
    found = item({"email": "a@b.de", "source": "web"}, constants=constants)
    assert (found.source, found.owner) == ("web", "mia@us.example")


def test_columns_left_out_are_not_looked_at() -> None:
    assert item({"email": "a@b.de", "Land": "nowhere"}, columns={"email": "email", "Land": ""}) == LeadItem(
        email="a@b.de"
    )


def test_a_full_name_is_split_at_its_last_space() -> None:
    found = item({"email": "a@b.de", "full_name": "Ada Maria King"})
    assert (found.first_name, found.last_name) == ("Ada Maria", "King")
    found = item({"email": "a@b.de", "full_name": "Cher"})
    assert (found.first_name, found.last_name) == ("", "Cher")


def test_opting_out_withdraws_consent_and_not_opting_out_says_nothing() -> None:
    assert item({"email": "a@b.de", "email_opt_out": "true"}).email_consent == "withdrawn"
    assert item({"email": "a@b.de", "email_opt_out": "false"}).email_consent is UNSET


def test_a_column_may_be_written_otherwise_than_the_file() -> None:
    found = item(
        {"email": "a@b.de", "created_at": "03/04/2026", "won_at": "03/04/2026"},
        columns={
            "email": "email",
            "created_at": "created_at",
            "won_at": ColumnUse("won_at", time_zone="America/Sao_Paulo", date_order="month_first"),
        },
        time_zone="Europe/Berlin",
    )
    assert found.created_at == datetime(2026, 4, 2, 22, tzinfo=UTC)
    assert found.won_at == datetime(2026, 3, 4, 3, tzinfo=UTC)


def test_everything_wrong_with_a_row_is_said_at_once_by_column() -> None:
    made = make(
        {
            "email": "a@b.de",
            "company.name": "X",
            "company.country": "Mars",
            "won_at": "soon",
            "do_not_call": "?",
        }
    )
    assert made.item is None
    assert [problem.column for problem in made.errors] == ["company.country", "won_at", "do_not_call"]


def test_a_row_about_nobody_is_an_error() -> None:
    made = make({"first_name": "Ada", "email": ""})
    assert made.errors == [
        CellProblem("email", "This cell is empty, so nobody knows which lead the row is about.")
    ]


def test_an_id_without_an_address_is_enough() -> None:
    found = item({"email": "", "external_id": "7"}, system="crm")
    assert (found.email, found.external_ref) == (UNSET, RefItem("crm", "7"))


def test_an_owner_whom_nobody_knows_is_left_out_with_a_warning() -> None:
    made = make({"email": "a@b.de", "owner": "Long Gone"})
    assert made.item == LeadItem(email="a@b.de")
    assert [(w.column, w.reason) for w in made.warnings] == [
        ("owner", "Nobody here is “Long Gone”; the lead was imported without this owner.")
    ]


def test_what_is_said_of_an_unnamed_company_is_left_out_with_a_warning() -> None:
    made = make({"email": "a@b.de", "company.name": "", "company.country": "DE"})
    assert made.item == LeadItem(email="a@b.de")
    assert made.warnings == [
        CellProblem("company.country", "The row names no company, so this was left out.")
    ]


def test_cells_beyond_the_headings_are_an_error_unless_they_are_empty() -> None:
    made = make({"email": "a@b.de", "source": "x"}, more=["", "stray"])
    assert "The row has 4 cells, the headings are 2" in made.errors[0].reason
    assert make({"email": "a@b.de", "source": "x"}, more=["", " "]).errors == []


def test_missing_cells_at_the_end_are_empty_with_a_warning() -> None:
    maker = RowMaker(Mapping(columns={"e": "email", "s": "source"}), ["e", "s", "t"], {})
    made = maker.make(Row(3, ["a@b.de"]))
    assert made.item == LeadItem(email="a@b.de")
    assert made.warnings == [CellProblem("", "The row lacks its last 2 cells, which were taken as empty.")]


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("email", "Mail"),
        ("external_ref.id", "Key"),
        ("last_name", "Who"),
        ("company.domain", "Site"),
        ("company", "Site"),
        ("job_title", ""),
        ("", ""),
    ],
)
def test_what_the_upsert_complains_of_is_found_in_the_file(path: str, column: str) -> None:
    mapping = Mapping(
        columns={"Mail": "email", "Key": "external_id", "Who": "full_name", "Site": "company.domain"},
        system="x",
    )
    assert RowMaker(mapping, list(mapping.columns), {}).header_for(path) == column


# --- The error file -----------------------------------------------------------------------------------------


def error_file(headers: list[str], cells: list[str], delimiter: str = ",") -> str:
    target = io.StringIO(newline="")
    ErrorFile(target, headers, delimiter).add(7, [("a", "is wrong."), ("b", "is too.")], cells)
    return target.getvalue()


def test_the_error_file_says_line_columns_and_reasons_before_the_row() -> None:
    assert error_file(["a", "b"], ["x;y", "z"], ";") == (
        '\ufeffimport_line;import_column;import_reason;a;b\r\n7;"a; b";a: is wrong. b: is too.;"x;y";z\r\n'
    )


def test_rows_longer_and_shorter_than_the_headings_keep_their_cells() -> None:
    assert error_file(["a", "b"], ["1", "2", "3"]).splitlines()[1].endswith(",1,2,3")
    assert error_file(["a", "b"], ["1"]).splitlines()[1].endswith(",1,")


def test_the_error_file_of_an_error_file_has_its_columns_once() -> None:
    written = error_file([*ERROR_COLUMNS, "a"], ["3", "old", "old reason", "x"])
    assert written.splitlines()[0] == "\ufeffimport_line,import_column,import_reason,a"
    assert written.splitlines()[1].endswith(",x")
    assert "old" not in written


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-5", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_it_is_a_formula(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert guarded(f"x{text}") == f"x{text}"


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8),
        min_size=2,
        max_size=2,
    )
)
def test_a_row_comes_back_from_the_error_file_as_it_was(cells: list[str]) -> None:
    headers = ["attributes.a", "attributes.b"]
    columns = {"mail": "email"} | {header: header for header in headers}
    row = [*cells, "a@b.de"]
    written = error_file([*headers, "mail"], row).encode()
    reader = RowReader(io.BytesIO(written), Dialect())
    names = name_columns(next(reader).cells)
    assert names == [*ERROR_COLUMNS, *headers, "mail"]
    before = RowMaker(Mapping(columns=columns), [*headers, "mail"], {}).make(Row(1, row))
    after = RowMaker(Mapping(columns=columns), names, {}).make(next(reader))
    assert after.item == before.item


def test_the_error_file_is_what_csv_reads() -> None:
    read = list(csv.reader(io.StringIO(error_file(["a"], ['say "hi"\nthere']))))
    assert read[1][3] == 'say "hi"\nthere'
