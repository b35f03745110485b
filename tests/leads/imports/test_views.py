"""Settings → Imports, page by page."""

import csv
import errno
import functools
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from leads.importing.mapping import Mapping, read_mapping
from leads.models import ImportJob, ImportState, Lead
from leads.services import imports as services
from leads.services.imports import advance_import, files, rehearse_sample, room, running
from leads.views.uploads import StreamToDisk
from tests.factories.accounts import UserFactory
from tests.leads.imports.conftest import Take

Finish = Callable[[ImportJob], ImportJob]
pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def person(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def upload(client: Client, data: bytes, *, name: str = "leads.csv", **how: Any) -> HttpResponse:
    file = SimpleUploadedFile(name, data, content_type="text/csv")
    return client.post(reverse("leads:imports"), {"file": file}, **how)


def at(name: str, job: ImportJob) -> str:
    return reverse(f"leads:{name}", args=[job.pk])


def columns(*targets: str, **settings: str) -> dict[str, str]:
    """What the form of the columns sends."""
    usual = {"time_zone": "Europe/Berlin", "date_order": "day_first", "decimal_mark": "."}
    return usual | {f"column_{index}": target for index, target in enumerate(targets)} | settings


# --- Who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["rep", "leadership"])
def test_people_who_may_not_import_are_refused_everywhere(client: Client, take: Take, role: str) -> None:
    client.force_login(UserFactory(**{role: True}))
    job = take("Email\na@b.de\n", start=False)
    read = ("import", "import_columns", "import_check", "import_progress", "import_errors")
    act = ("import_start", "import_stop", "import_go_on", "import_read_again")
    assert client.get(reverse("leads:imports")).status_code == 403
    assert {client.get(at(name, job)).status_code for name in read} == {403}
    assert {client.post(at(name, job)).status_code for name in act} == {403}
    assert upload(client, b"Email\na@b.de\n").status_code == 403
    job.refresh_from_db()
    assert (job.state, ImportJob.objects.count()) == (ImportState.UPLOADED, 1)


def test_strangers_are_asked_to_log_in(client: Client) -> None:
    assert client.get(reverse("leads:imports"))["Location"].startswith("/login/")


def test_acts_are_not_done_by_following_a_link(person: Client, take: Take) -> None:
    job = take("Email\na@b.de\n", start=False)
    for name in ("import_start", "import_stop", "import_go_on", "import_read_again"):
        assert person.get(at(name, job)).status_code == 405


def test_an_upload_from_another_site_is_refused(manager: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager)
    assert upload(client, b"Email\na@b.de\n").status_code == 403
    assert not ImportJob.objects.exists()


def test_an_upload_with_its_token_is_taken(manager: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(manager)
    page = client.get(reverse("leads:imports"))
    token = page.context["csrf_token"]
    file = SimpleUploadedFile("leads.csv", b"Email\na@b.de\n")
    answer = client.post(reverse("leads:imports"), {"csrfmiddlewaretoken": str(token), "file": file})
    assert answer.status_code == 302


# --- A file -----------------------------------------------------------------------------------------------------------


def test_the_list_is_empty_and_says_what_to_do(person: Client) -> None:
    page = person.get(reverse("leads:imports")).content.decode()
    assert "Nothing was imported yet" in page
    assert "up to 500 MB" in page


def test_a_file_leads_to_its_columns(person: Client, manager: User) -> None:
    answer = upload(person, b"Email\na@b.de\n")
    job = ImportJob.objects.get()
    assert answer["Location"] == at("import_columns", job)
    assert (job.file_name, job.created_by, job.mapping["time_zone"]) == (
        "leads.csv",
        manager,
        "Europe/Berlin",
    )
    assert upload(person, b"Email\na@b.de\n", headers=HTMX)["HX-Redirect"] == at(
        "import_columns", ImportJob.objects.latest("pk")
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7", "it seems to be a PDF document"),
        (b"Email\n", "The file has headings but no rows below them."),
    ],
)
def test_a_file_that_is_refused_is_told_why_on_the_page_and_to_htmx(
    person: Client, data: bytes, said: str
) -> None:
    whole = upload(person, data)
    part = upload(person, data, headers=HTMX)
    assert (whole.status_code, part.status_code) == (422, 422)
    assert said in whole.content.decode()
    assert said in part.content.decode()
    assert "<html" not in part.content.decode()
    assert not ImportJob.objects.exists()


def test_no_file_is_told(person: Client) -> None:
    answer = person.post(reverse("leads:imports"))
    assert (answer.status_code, "Choose a file first." in answer.content.decode()) == (422, True)


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_refused_on_its_way(
    person: Client, monkeypatch: pytest.MonkeyPatch, media: Path, announced: bool
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 2**20)
    if not announced:
        monkeypatch.setattr(StreamToDisk, "new_file", StreamToDisk.__base__.new_file)  # type: ignore[union-attr]
    answer = upload(person, b"Email\n" + b"a@b.de\n" * 400_000)
    assert answer.status_code == 422
    assert "MB; at most 1 MB can be imported at once." in answer.content.decode()
    assert not media.exists()


def test_a_disk_that_is_full_is_told(person: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def new_file(self: StreamToDisk, *args: Any, **how: Any) -> None:
        self.file = Full()  # type: ignore[assignment]

    monkeypatch.setattr(StreamToDisk, "new_file", new_file)
    answer = upload(person, b"Email\na@b.de\n")
    assert (answer.status_code, "no room left for this file" in answer.content.decode()) == (422, True)


def test_a_file_that_would_fill_the_disk_is_refused_before_it_is_read(
    person: Client, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    data = b"Email\n" + b"a@b.de\n" * 400_000
    free = room.KEPT_FREE + len(data)  # which leaves nothing for the rest of the request
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(StreamToDisk, "receive_data_chunk", lambda *_: pytest.fail("It was read."))
    answer = upload(person, data)
    assert (answer.status_code, "no room left for this file" in answer.content.decode()) == (422, True)
    assert not media.exists()


def test_a_file_that_does_not_fit_where_it_is_kept_is_told(
    person: Client, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    fill_up(monkeypatch)
    answer = upload(person, b"Email\n" + b"a@b.de\n" * 400_000)
    assert (answer.status_code, "no room left for this file" in answer.content.decode()) == (422, True)
    assert not [path for path in media.rglob("*") if path.is_file()]


def fill_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file is stored when the disk is full."""

    def save(self: FileSystemStorage, name: str, content: File) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True)
        path.write_bytes(content.read(100_000))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", save)


def test_a_file_goes_to_the_disk_in_pieces_not_to_memory(
    person: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    genuine = StreamToDisk.receive_data_chunk

    def count(self: StreamToDisk, raw_data: bytes, start: int) -> None:
        pieces.append(len(raw_data))
        genuine(self, raw_data, start)

    monkeypatch.setattr(StreamToDisk, "receive_data_chunk", count)
    upload(person, b"Email\n" + b"a@b.de\n" * 100_000)
    assert max(pieces) <= 2**16
    assert ImportJob.objects.get().size == sum(pieces) == 700_006


# --- Its columns ------------------------------------------------------------------------------------------------------


def test_columns_are_shown_with_cells_and_guesses(person: Client, take: Take) -> None:
    job = take("Email,Stadt,Leer\na@b.de,<b>Rom</b>,\nb@b.de,Wien,\n", start=False)
    page = person.get(at("import_columns", job)).content.decode()
    assert "&lt;b&gt;Rom&lt;/b&gt;" in page
    assert '<option value="email" selected>' in page
    assert '<option value="attribute" selected>' in page
    assert 'value="stadt"' in page


def test_chosen_columns_lead_to_the_check(person: Client, take: Take) -> None:
    job = take("Email,Stadt,Rang\na@b.de,Rom,7\n", start=False)
    sent = columns("email", "attribute", "", name_1="city", source="fair", yes="Aye, Jup", missing="Select")
    assert person.post(at("import_columns", job), sent)["Location"] == at("import_check", job)
    job.refresh_from_db()
    assert read_mapping(job.mapping) == Mapping(
        columns={"Email": "email", "Stadt": "attributes.city", "Rang": ""},
        constants={"source": "fair"},
        time_zone="Europe/Berlin",
        yes=["Aye", "Jup"],
        missing=["Select"],
    )


def test_choices_that_cannot_be_stand_at_their_column_and_are_kept(person: Client, take: Take) -> None:
    job = take("Email,Mail,Key\na@b.de,b@b.de,7\n", start=False)
    answer = person.post(at("import_columns", job), columns("email", "email", "external_id", source="fair"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“Email” fills this field already. Leave one of the two out." in page
    assert "Name the system that these ids come from, such as hubspot." in page
    assert 'value="fair"' in page
    form = answer.context["form"]
    assert set(form.errors) == {"column_1", "system"}


def test_a_column_written_otherwise_than_its_file_stays_so(person: Client, take: Take) -> None:
    use = {"field": "won_at", "time_zone": "America/Sao_Paulo"}
    job = take("Email,Won\na@b.de,2026-01-02\n", start=False, columns={"Email": "email", "Won": use})
    person.post(at("import_columns", job), columns("email", "won_at"))
    job.refresh_from_db()
    assert job.mapping["columns"] == {"Email": "email", "Won": use}
    person.post(at("import_columns", job), columns("email", "lost_at"))
    job.refresh_from_db()
    assert job.mapping["columns"]["Won"] == "lost_at"


def test_an_encoding_that_is_a_guess_is_asked_about_and_can_be_changed(person: Client, take: Take) -> None:
    job = take("Email,Vorname\na@b.de,Jürgen\nb@b.de,Zoë\n".encode("cp1252"), start=False)
    page = person.get(at("import_columns", job)).content.decode()
    assert "Do these words look right?" in page
    assert "Jürgen" in page
    sent = {"encoding": "cp1251", "delimiter": ",", "has_header": "yes"}
    assert person.post(at("import_read_again", job), sent)["Location"] == at("import_columns", job)
    page = person.get(at("import_columns", job)).content.decode()
    assert "J\u044crgen" in page
    assert "Do these words look right?" not in page


def test_a_reading_that_leaves_no_rows_is_refused_with_a_word(person: Client, take: Take) -> None:
    job = take("a@b.de\n", start=False)
    sent = {"encoding": "utf-8", "delimiter": ",", "has_header": "yes"}
    page = person.post(at("import_read_again", job), sent, follow=True).content.decode()
    assert "The file has headings but no rows below them." in page
    bad = person.post(at("import_read_again", job), {"encoding": "klingon"}, follow=True).content.decode()
    assert "Choose an encoding, a delimiter and what the first row is." in bad


def test_a_file_that_vanished_is_told_and_its_import_is_over(person: Client, take: Take, media: Path) -> None:
    for name in ("import_columns", "import_check"):
        job = take("Email\na@b.de\n", start=False)
        for path in media.rglob("*.csv"):
            path.unlink()
        page = person.get(at(name, job), follow=True).content.decode()
        assert "The file is no longer here. Upload it again." in page
        job.refresh_from_db()
        assert job.state == ImportState.STOPPED


# --- Its check --------------------------------------------------------------------------------------------------------


def test_the_check_shows_rows_as_they_would_be_written_and_writes_nothing(person: Client, take: Take) -> None:
    data = "Email,Website,Country,Created at\nADA@Bar.de,https://www.bar.de/x,Germany,03.04.2026\nb@b.de,b.de,Mars,\n"
    job = take(data, start=False)
    answer = person.get(at("import_check", job))
    rows = answer.context["preview"]["rows"]
    assert [(row.words, row.cells) for row in rows] == [
        ("New", ["ada@bar.de", "bar.de", "DE", "2026-04-03 02:00"]),
        ("Error", ["b@b.de", "b.de", "Mars", ""]),
    ]
    page = answer.content.decode()
    assert "1 of 2 rows can be imported" in page
    assert "The whole file was checked." in page
    assert "Import 1 row" in page
    assert "“Mars” is no country known here. Write two letters, like DE." in page
    assert not Lead.objects.exists()


def test_a_check_where_nothing_fits_offers_the_columns_instead(person: Client, take: Take) -> None:
    job = take("Email,Name\nx,1\ny,2\n", start=False)
    page = person.get(at("import_check", job)).content.decode()
    assert "None of these 2 rows can be imported" in page
    assert at("import_start", job) not in page


def test_a_check_where_everything_is_known_says_so(person: Client, take: Take, finish: Finish) -> None:
    finish(take("Email\na@b.de\n"))
    page = person.get(at("import_check", take("Email\na@b.de\n", start=False))).content.decode()
    assert "Nothing would change: everything in them is known already." in page


def test_an_import_that_cannot_start_goes_back_to_its_columns(person: Client, take: Take) -> None:
    job = take("Vorname,Nachname\nAda,King\n", start=False)
    answer = person.post(at("import_start", job), follow=True)
    assert answer.redirect_chain[-1][0] == at("import_columns", job)
    assert "No column says who a lead is." in answer.content.decode()


# --- The import -------------------------------------------------------------------------------------------------------


def test_an_import_goes_from_check_to_progress_to_done(
    person: Client, take: Take, finish: Finish, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PIECE", 2)
    job = take("Email\na@b.de\nb@b.de\nc@b.de\n", start=False)
    assert person.post(at("import_start", job))["Location"] == at("import", job)
    waiting = person.get(at("import", job)).content.decode()
    assert "Waiting for a worker." in waiting
    assert at("import_progress", job) in waiting
    assert waiting.count('id="import-state"') == 1
    advance_import(job_id=job.pk, now=now)
    part = person.get(at("import_progress", job), headers=HTMX).content.decode()
    assert "2 of about 3 rows" in part
    assert 'value="20"' in part
    heading = part.partition('<span id="import-state" hx-swap-oob="true">')[2]
    assert "Running" in heading
    assert "Waiting for a worker" not in part
    finish(job)
    assert person.get(at("import_progress", job), headers=HTMX)["HX-Refresh"] == "true"
    page = person.get(at("import", job)).content.decode()
    assert "Every row is in." in page
    assert at("import_progress", job) not in page


@pytest.mark.parametrize("name", ["import_columns", "import_check"])
def test_an_import_that_began_has_no_columns_to_choose(person: Client, take: Take, name: str) -> None:
    job = take("Email\na@b.de\n")
    assert person.get(at(name, job))["Location"] == at("import", job)
    assert person.post(at("import_columns", job), columns("email"))["Location"] == at("import", job)


def test_a_second_start_is_the_first(person: Client, take: Take) -> None:
    job = take("Email\na@b.de\n")
    page = person.post(at("import_start", job), follow=True).content.decode()
    assert "This import was started already." in page


def test_an_import_is_stopped_and_goes_on(person: Client, take: Take, finish: Finish) -> None:
    job = take("Email\na@b.de\n")
    page = person.post(at("import_stop", job), follow=True).content.decode()
    assert "The import was stopped. What was imported so far stays." in page
    assert "Go on" in page
    person.post(at("import_go_on", job))
    assert finish(job).state == ImportState.DONE
    again = person.post(at("import_stop", job), follow=True).content.decode()
    assert "This import is over already." in again
    assert "This import cannot go on." in person.post(at("import_go_on", job), follow=True).content.decode()


def test_a_file_is_discarded_before_its_import_begins(person: Client, take: Take) -> None:
    job = take("Email\na@b.de\n", start=False, name="old.csv")
    answer = person.post(at("import_stop", job), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("leads:imports")
    assert "“old.csv” was discarded." in answer.content.decode()


def test_errors_are_listed_downloaded_mended_and_uploaded_again(
    person: Client, take: Take, finish: Finish
) -> None:
    data = "Email;Phone;Country;Company\na@b.de;=1+1;DE;Bar\nb;+49 30 1;Mars;Bar\nc@b.de;;DE;Bar\n"
    job = finish(take(data, name="Messe März.csv"))
    page = person.get(at("import", job)).content.decode()
    assert "What was not imported" in page
    assert "“Mars” is no country known here." in page
    answer = person.get(at("import_errors", job))
    assert answer["Content-Disposition"] == (
        "attachment; filename*=utf-8''Messe%20M%C3%A4rz%20%E2%80%93%20errors.csv"
    )
    content = b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    assert list(csv.reader(io.StringIO(content.removeprefix("\ufeff")), delimiter=";")) == [
        ["import_line", "import_column", "import_reason", "Email", "Phone", "Country", "Company"],
        [
            "3",
            "Country",
            "“Mars” is no country known here. Write two letters, like DE.",
            "b",
            "'+49 30 1",
            "Mars",
            "Bar",
        ],
    ]
    mended = content.replace(";b;", ";b@b.de;").replace("Mars;Bar", "DE;Bar").encode()
    upload(person, mended)
    second = ImportJob.objects.latest("pk")
    page = person.get(at("import_columns", second)).content.decode()
    assert "This is an error file of the portal." in page
    person.post(at("import_start", second))
    assert (finish(second).created, second.failed) == (1, 0)
    phones = dict(Lead.objects.values_list("email", "phone"))
    assert phones == {"a@b.de": "=1+1", "b@b.de": "+49 30 1", "c@b.de": ""}


def test_warnings_have_a_list_of_their_own(person: Client, take: Take, finish: Finish) -> None:
    job = finish(take("Email,Owner\na@b.de,Nobody\nx,Mara Klein\n"))
    errors = person.get(at("import", job)).content.decode()
    warnings = person.get(f"{at('import', job)}?show=warnings").content.decode()
    assert "This is not an e-mail address." in errors
    assert "Nobody here is “Nobody”" not in errors
    assert "Nobody here is “Nobody”" in warnings


def test_the_list_shows_how_imports_went(person: Client, take: Take, finish: Finish) -> None:
    finish(take("Email\na@b.de\nx\n", name="first.csv"))
    take("Email\na@b.de\n", name="<second>.csv")
    page = person.get(reverse("leads:imports")).content.decode()
    assert "2 imports" in page
    assert "Done, with errors" in page
    assert "Waiting for a worker" in page
    assert "&lt;second&gt;.csv" in page


def test_the_list_asks_the_database_the_same_for_many_imports(person: Client, take: Take) -> None:
    take("Email\na@b.de\n")
    before = queries_of_the_list(person)
    for number in range(5):
        take(f"Email\na{number}@b.de\n")
    assert queries_of_the_list(person) == before


def queries_of_the_list(person: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        person.get(reverse("leads:imports"))
    return len(captured)


def test_of_a_mended_error_file_the_row_alone_is_shown_as_it_is(
    person: Client, take: Take, finish: Finish
) -> None:
    data = (
        "import_line,import_column,import_reason,Email,Phone,Name\n"
        "8,Email,This cell is empty,ada at bar.de,'+49 30 1,Ada King\n"
    )
    job = take(data, start=False)
    for page in (
        person.get(at("import_check", job)).content.decode(),
        person.post(at("import_start", job))
        and finish(job)
        and person.get(at("import", job)).content.decode(),
    ):
        assert '<td class="import-row" dir="auto">ada at bar.de · +49 30 1 · Ada King</td>' in page


def test_the_check_says_how_many_rows_it_looked_at(
    person: Client, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = functools.partial(rehearse_sample, most=2)
    monkeypatch.setattr(services, "rehearse_sample", sample)
    job = take("Email\na@b.de\nb@b.de\nc@b.de\n", start=False)
    assert person.get(at("import_check", job)).context["verdict"].words == (
        "The first 2 of about 3 rows were checked; the others are checked as they are imported."
    )
