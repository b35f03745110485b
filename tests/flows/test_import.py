"""A marketing manager imports a file with errors, mends them in the error file, and uploads that."""

import csv
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import User
from leads.models import ImportJob, ImportState, Lead
from tests.factories.accounts import UserFactory
from tests.flows.conftest import Enter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.outside,
    pytest.mark.django_db(transaction=True),
]
LEADS = """Record ID;Vorname;Nachname;E-Mail;Firma;Land;Erstellt am;Rang
1;Ada;König;ada@bar.example;Bar AG;Deutschland;03.04.2026;7
2;Ben;Ruiz;ben at foo.example;Foo Ltd;UK;04.04.2026;3
3;Cora;Weiß;cora@baz.example;Baz GmbH;Germanien;05.04.2026;
4;Dan;Novák;dan@qux.example;Qux;CZ;31.02.2026;
"""
MENDED = {"ben at foo.example": "ben@foo.example", "Germanien": "DE", "31.02.2026": "28.02.2026"}


@pytest.fixture
def manager(db: None) -> User:
    return UserFactory(marketing_manager=True, name="Mara Klein")


def accessible(page: Page) -> None:
    assert Axe().run(page).response["violations"] == []


def test_a_file_with_errors_is_imported_mended_and_complete(
    page: Page, enter: Enter, worker: int, manager: User, tmp_path: Path
) -> None:
    file = tmp_path / "Messe.csv"
    file.write_bytes(LEADS.encode("cp1252"))
    enter(manager, "/settings/")
    page.get_by_role("link", name="Imports").click()
    expect(page.get_by_text("Nothing was imported yet")).to_be_visible()
    accessible(page)

    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page).to_have_url(re.compile("/columns/$"))
    expect(page.get_by_text("Do these words look right?")).to_contain_text("König")
    expect(page.get_by_label("Vorname", exact=True)).to_have_value("first_name")
    accessible(page)

    page.get_by_label("Rang", exact=True).select_option("Keep as an attribute")
    page.get_by_label("Name of the attribute for Rang").fill("rank")
    optional = page.locator(".field:has(#id_system) .field-optional")
    expect(optional).to_be_hidden()
    page.get_by_label("Record ID", exact=True).select_option("Leave out")
    expect(optional).to_be_visible()
    page.get_by_label("Record ID", exact=True).select_option("external_id")
    page.get_by_label("System the ids come from").fill("")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".form-errors")).to_be_focused()
    expect(page.locator(".form-errors")).to_contain_text("Name the system that these ids come from")
    page.get_by_label("System the ids come from").fill("crm")
    page.get_by_role("button", name="Check the file").click()

    expect(page.get_by_role("heading", name="1 of 4 rows can be imported")).to_be_visible()
    expect(page.get_by_text("“Germanien” is no country known here.")).to_be_visible()
    accessible(page)
    page.set_viewport_size({"width": 390, "height": 900})
    problems = page.get_by_role("region", name="What cannot be imported")
    assert problems.evaluate("box => box.scrollWidth <= box.clientWidth")
    accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Import 1 row").click()

    expect(page.get_by_text("Done, with errors")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("row").filter(has_text="“31.02.2026” is not a date.")).to_contain_text(
        "Erstellt am"
    )
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the error file").click()
    errors = tmp_path / download.value.suggested_filename
    download.value.save_as(errors)
    assert errors.name == "Messe – errors.csv"

    mend(errors)
    page.get_by_label("CSV file").set_input_files(errors)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("This is an error file of the portal.")).to_be_visible()
    expect(page.get_by_text("The columns are mapped as they were last time.")).to_be_visible()
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 3 rows").click()

    expect(page.get_by_text("Every row is in.")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="All imports").click()
    expect(page.get_by_role("row")).to_have_count(3)
    assert list(ImportJob.objects.order_by("pk").values_list("state", "created", "failed")) == [
        (ImportState.DONE, 1, 3),
        (ImportState.DONE, 3, 0),
    ]
    found = Lead.objects.order_by("email").values_list("email", "last_name", "company__country", "attributes")
    assert list(found) == [
        ("ada@bar.example", "König", "DE", {"rank": "7"}),
        ("ben@foo.example", "Ruiz", "GB", {"rank": "3"}),
        ("cora@baz.example", "Weiß", "DE", {}),
        ("dan@qux.example", "Novák", "CZ", {}),
    ]


def mend(errors: Path) -> None:
    """As a spreadsheet program would: read, change cells, write."""
    with errors.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert [row[:2] for row in rows[1:]] == [["3", "E-Mail"], ["4", "Land"], ["5", "Erstellt am"]]
    with errors.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([MENDED.get(cell, cell) for cell in row] for row in rows)


def test_what_is_no_csv_file_is_told_on_the_spot(
    page: Page, enter: Enter, manager: User, tmp_path: Path
) -> None:
    picture = tmp_path / "leads.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    enter(manager, "/settings/imports/")
    page.get_by_label("CSV file").set_input_files(picture)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".form-errors")).to_contain_text("it seems to be a PNG picture")
    expect(page.locator(".form-errors")).to_be_focused()
    expect(page).to_have_url(re.compile("/settings/imports/$"))
    accessible(page)
