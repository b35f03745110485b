"""What columns become: guessed, remembered, checked."""

import io

import pytest

from leads.importing.guessing import guess, looks_like_headings
from leads.importing.headers import ERROR_COLUMNS
from leads.importing.inspection import inspect
from leads.importing.mapping import (
    BadMapping,
    ColumnUse,
    Mapping,
    as_data,
    check_mapping,
    fit_remembered,
    guess_mapping,
    read_mapping,
)


def guessed(*headers: str, rows: list[list[str]] | None = None) -> dict[str, str]:
    return guess(headers, rows or [["x"] * len(headers)]).columns


def reasons(mapping: Mapping, headers: list[str]) -> list[tuple[str, str]]:
    return [(problem.column, problem.reason) for problem in check_mapping(mapping, headers)]


def test_hubspots_export_is_known() -> None:
    found = guess(
        [
            *("Record ID - Contact", "First Name", "Last Name", "Email", "Job Title", "Phone Number"),
            *("Company name", "Company Domain Name", "Number of Employees", "Country/Region", "Industry"),
            *("Contact owner", "Create Date", "Became a Marketing Qualified Lead Date", "Original Source"),
            *("Became a Customer Date", "Unsubscribed from all email", "Lead Status"),
        ],
        [["x"] * 18],
    )
    assert found.system == "hubspot"
    assert list(found.columns.values()) == [
        *("external_id", "first_name", "last_name", "email", "job_title", "phone"),
        *("company.name", "company.domain", "company.employees", "company.country", "company.industry"),
        *("owner", "created_at", "mql_at", "source", "won_at", "email_opt_out", "attributes.lead_status"),
    ]


def test_salesforces_export_is_known() -> None:
    found = guess(
        ["Lead ID", "FirstName", "LastName", "Company", "Title", "Email", "LeadSource", "HasOptedOutOfEmail"],
        [["x"] * 8],
    )
    assert found.system == "salesforce"
    assert list(found.columns.values()) == [
        *("external_id", "first_name", "last_name", "company.name", "job_title", "email", "source"),
        "email_opt_out",
    ]


def test_a_report_of_salesforces_is_known() -> None:
    found = guess(
        [
            "Lead ID",
            "First Name",
            "Last Name",
            "Company / Account",
            "No. of Employees",
            "Email",
            "Lead Source",
        ],
        [["x"] * 7],
    )
    assert found.system == "salesforce"
    assert list(found.columns.values()) == [
        *("external_id", "first_name", "last_name", "company.name", "company.employees", "email", "source"),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        ("Vorname", "Nachname", "E-Mail-Adresse", "Firma", "Land", "Erstellt am"),
        ("Prénom", "Nom", "Adresse e-mail", "Société", "Pays", "Créé le"),
        ("Nombre", "Apellidos", "Correo electrónico", "Empresa", "País", "Fecha de creación"),
        ("Nome", "Sobrenome", "E-mail", "Empresa", "País", "Data de criação"),
        ("الاسم الأول", "اسم العائلة", "البريد الإلكتروني", "الشركة", "البلد", "تاريخ الإنشاء"),
    ],
)
def test_headings_are_known_in_several_languages(headers: tuple[str, ...]) -> None:
    expected = ["first_name", "last_name", "email", "company.name", "company.country", "created_at"]
    assert list(guessed(*headers).values()) == expected


def test_the_surer_heading_wins_and_the_other_is_kept_as_an_attribute() -> None:
    assert guessed("Work Email", "Email") == {"Work Email": "attributes.work_email", "Email": "email"}


def test_cells_tell_where_headings_do_not() -> None:
    rows = [
        ["ada@bar.de", "+49 30 1234567", "bar.de", "hello"],
        ["ben@foo.de", "030 7654321", "foo.de", "you"],
    ]
    assert guessed("#1", "#2", "#3", "#4", rows=rows) == {
        "#1": "email",
        "#2": "phone",
        "#3": "company.domain",
        "#4": "attributes.4",
    }


def test_a_date_is_no_phone_and_a_phone_no_date() -> None:
    for date in ("05.03.2026", "05/03/2026", "05-03-26"):
        assert guessed("E-Mail", "xx", rows=[["z@tz.example", date]])["xx"] == "attributes.xx"
    for phone in ("0301234567", "030-7654321", "+49.30.1234567", "(030) 123-4567", "06.12.34.56.78"):
        assert guessed("E-Mail", "xx", rows=[["z@tz.example", phone]])["xx"] == "phone"
    assert guessed("E-Mail", "Erstkontakt am")["Erstkontakt am"] == "created_at"


def test_first_and_last_name_win_over_the_full_name() -> None:
    assert guessed("Name", "First name", "Email")["Name"] == "attributes.name"
    assert guessed("Name", "Email")["Name"] == "full_name"


def test_what_belongs_to_a_company_is_an_attribute_where_no_company_is_named() -> None:
    assert guessed("Email", "Industry", "Country") == {
        "Email": "email",
        "Industry": "attributes.industry",
        "Country": "attributes.country",
    }


def test_empty_columns_and_those_of_the_error_file_are_left_out() -> None:
    found = guessed(*ERROR_COLUMNS, "Email", "Note", rows=[["4", "Land", "wrong", "a@b.de", " "]])
    assert found == {**dict.fromkeys(ERROR_COLUMNS, ""), "Email": "email", "Note": ""}


def test_attributes_never_share_a_name() -> None:
    assert list(guessed("Email", "Score?", "Score!", "score").values()) == [
        "email",
        "attributes.score",
        "attributes.score_2",
        "attributes.score_3",
    ]


def test_headings_are_told_from_values() -> None:
    assert looks_like_headings(["E-mail", "x"], [])
    assert looks_like_headings(["import_line", "7"], [])
    assert looks_like_headings(["alpha", "beta"], [["1", "2"]])
    assert not looks_like_headings(["ada@bar.de", "Ada"], [])
    assert not looks_like_headings(["Ada", "03.04.2026"], [])


def test_the_order_of_dates_and_the_decimal_mark_are_found_out() -> None:
    data = b"Email;Created at;Amount\na@b.de;04/25/2026;1.234,50\n"
    mapping, ambiguous = guess_mapping(inspect(io.BytesIO(data), encoding="utf-8"), time_zone="Europe/Berlin")
    assert (mapping.date_order, mapping.decimal_mark, mapping.time_zone) == (
        "month_first",
        ",",
        "Europe/Berlin",
    )
    assert ambiguous == ""


def test_a_date_that_may_be_read_two_ways_is_named() -> None:
    data = b"Email;Created at\na@b.de;03/04/2026\n"
    assert guess_mapping(inspect(io.BytesIO(data), encoding="utf-8"), time_zone="UTC")[1] == "03/04/2026"


# --- Checking -----------------------------------------------------------------------------------------------


def test_a_mapping_that_says_who_a_lead_is_may_be_used() -> None:
    assert reasons(Mapping(columns={"a": "email"}), ["a", "b"]) == []
    assert reasons(Mapping(columns={"a": "external_id"}, system="crm"), ["a"]) == []


def test_without_address_and_id_nobody_knows_who_a_lead_is() -> None:
    assert reasons(Mapping(columns={"a": "first_name"}), ["a"]) == [
        (
            "",
            "No column says who a lead is. Choose “E-mail” for one, or “Id in another system” where there are no "
            "addresses.",
        )
    ]


def test_ids_want_the_name_of_their_system() -> None:
    assert reasons(Mapping(columns={"a": "external_id"}), ["a"])[0][0] == "system"


def test_columns_that_the_file_lacks_are_named_with_those_it_has() -> None:
    mapping = Mapping(columns={"Mail": "email", "Gone": "phone"})
    assert reasons(mapping, ["Mail", "Tel"]) == [
        ("", "The file lacks columns that the mapping names: Gone. It has: Mail, Tel.")
    ]


@pytest.mark.parametrize(
    ("mapping", "column"),
    [
        (Mapping(columns={"a": "email", "b": "shoe_size"}), "b"),
        (Mapping(columns={"a": "email", "b": "email"}), "b"),
        (Mapping(columns={"a": "email", "b": "attributes.x", "c": "attributes.x"}), "c"),
        (Mapping(columns={"a": "email", "b": "full_name", "c": "last_name"}), "b"),
        (Mapping(columns={"a": "email", "b": "company.country"}), "b"),
        (Mapping(columns={"a": "email", "b": ColumnUse("won_at", time_zone="Mars")}), "b"),
        (Mapping(columns={"a": "email"}, time_zone="Mars"), "time_zone"),
        (Mapping(columns={"a": "email"}, constants={"email": "x"}), "constants"),
        (Mapping(columns={"a": "email"}, yes=["Vielleicht"], no=["vielleicht"]), "yes"),
        (Mapping(columns={"a": "email"}, system="x" * 61), "system"),
    ],
)
def test_what_cannot_be_is_said_where_it_stands(mapping: Mapping, column: str) -> None:
    assert [found for found, _ in reasons(mapping, ["a", "b", "c"])] == [column]


def test_a_mapping_is_read_back_from_its_data() -> None:
    mapping = Mapping(
        columns={"a": "email", "b": ColumnUse("won_at", "UTC", "month_first"), "c": None},
        system="crm",
        constants={"source": "fair"},
        yes=["aye"],
        missing=["Select"],
    )
    assert read_mapping(as_data(mapping)) == mapping


@pytest.mark.parametrize(
    "data", [None, [], {"columns": 3}, {"columns": {}, "extra": 1}, {"columns": {"a": {"x": 1}}}]
)
def test_data_that_is_no_mapping_is_refused(data: object) -> None:
    with pytest.raises(BadMapping, match="The mapping cannot be read"):
        read_mapping(data)


def test_the_files_words_win_over_the_usual_ones() -> None:
    mapping = Mapping(columns={}, yes=["Off"], no=["x"])
    assert "off" in mapping.yes_words()
    assert "off" not in mapping.no_words()
    assert "x" in mapping.no_words()
    assert "x" not in mapping.yes_words()


# --- Remembering --------------------------------------------------------------------------------------------

BEFORE = Mapping(
    columns={"E-Mail": "email", "Stadt": "attributes.city", "Rang": "", "Tel": "phone"}, system="crm"
)


def fitted(*headers: str) -> tuple[dict[str, object], list[str], list[str]] | None:
    found = fit_remembered(BEFORE, Mapping(columns=dict(guessed(*headers))), headers)
    return (dict(found.mapping.columns), found.absent, found.added) if found else None


def test_the_same_columns_are_mapped_as_the_last_time() -> None:
    assert fitted("Rang", "Tel", "Stadt", "e-mail") == (
        {"Rang": "", "Tel": "phone", "Stadt": "attributes.city", "e-mail": "email"},
        [],
        [],
    )


def test_missing_and_new_columns_are_told() -> None:
    assert fitted("E-Mail", "Stadt", "Rang", "Vorname") == (
        {"E-Mail": "email", "Stadt": "attributes.city", "Rang": "", "Vorname": "first_name"},
        ["Tel"],
        ["Vorname"],
    )


def test_a_new_column_does_not_take_a_field_that_a_remembered_one_fills() -> None:
    found = fitted("E-Mail", "Stadt", "Rang", "Tel", "Phone")
    assert found is not None
    assert found[0]["Phone"] == ""


def test_the_error_file_of_a_file_is_mapped_as_that_file() -> None:
    assert fitted(*ERROR_COLUMNS, "E-Mail", "Stadt", "Rang", "Tel") == (
        {**dict.fromkeys(ERROR_COLUMNS, ""), **BEFORE.columns},
        [],
        [],
    )


def test_a_file_with_other_columns_is_not_mapped_as_this_one() -> None:
    assert fitted("E-Mail", "a", "b", "c", "d") is None


def test_a_column_called_won_is_the_day_of_the_win_where_it_holds_days():
    assert guess(["E-mail", "Won"], [["a@b.de", "2026-09-01"]]).columns["Won"] == "won_at"
    assert guess(["E-mail", "Won"], [["a@b.de", "yes"], ["b@b.de", "no"]]).columns["Won"] != "won_at"
