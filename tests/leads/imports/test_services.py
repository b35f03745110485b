"""Files taken in, imported piece by piece, stopped, kept for a while."""

import io
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from accounts.models import User
from agreements.models import Version
from leads.importing.errorfile import ErrorFile
from leads.importing.kinds import NotCsv
from leads.importing.mapping import BadMapping
from leads.importing.reading import Row
from leads.importing.rows import MadeRow, RowMaker
from leads.models import (
    ChangeSource,
    Company,
    ImportJob,
    ImportKey,
    ImportMapping,
    ImportState,
    Lead,
    RowError,
    StageChange,
)
from leads.selectors.imports import failed_rows, untouched_since
from leads.services.imports import (
    FileChoices,
    ImportNotOpen,
    advance_import,
    advance_next_import,
    go_on,
    read_again,
    rehearse_sample,
    rehearsing,
    remove_old_files,
    running,
    start_import,
    stop_import,
    take_file,
    writing,
)
from leads.services.items import LeadItem, RefItem, Status
from leads.services.upsert import upsert_leads
from tests.factories.handoffs import SalesTeam, urgent_handoff
from tests.leads.imports.conftest import Take

Finish = Callable[[ImportJob], ImportJob]
pytestmark = pytest.mark.django_db


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PIECE", 3)


def counts(job: ImportJob) -> tuple[int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.failed


def problems(job: ImportJob, *, warnings: bool = False) -> list[tuple[int, str, str]]:
    found = RowError.objects.filter(job=job, is_warning=warnings)
    return list(found.values_list("line", "column", "reason"))


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def rows(count: int, first: int = 1) -> str:
    return "".join(f"lead{n}@bar.de,Ada {n}\n" for n in range(first, first + count))


# --- Taking a file ------------------------------------------------------------------------------------------


def test_a_file_is_kept_under_a_name_of_our_own(take: Take, media: Path, manager: User) -> None:
    job = take(b"Email,Name\na@b.de,Ada\n", start=False, name="../../etc/p\0ass\nwd\\leads é.csv")
    assert (job.file_name, job.state, job.created_by) == ("leads é.csv", ImportState.UPLOADED, manager)
    (kept,) = stored(media)
    assert kept.read_bytes() == b"Email,Name\na@b.de,Ada\n"
    assert kept.parent.parent.parent == media / "imports"
    assert "leads" not in kept.name


def test_what_is_no_csv_file_is_not_kept(media: Path, now: datetime, manager: User) -> None:
    with pytest.raises(NotCsv):
        take_file(io.BytesIO(b"%PDF-1.7"), name="x.csv", now=now, actor=manager)
    assert not stored(media)
    assert not ImportJob.objects.exists()


def test_a_file_that_is_too_large_is_not_read(now: datetime, manager: User) -> None:
    class Huge(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return 612 * 2**20 if whence == 2 else super().seek(offset, whence)

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError

    with pytest.raises(NotCsv, match="The file has 612 MB; at most 500 MB can be imported at once"):
        take_file(Huge(), name="x.csv", now=now, actor=manager)


def test_utf_16_is_kept_as_utf_8_and_said(take: Take, finish: Finish) -> None:
    job = take("Email,Vorname\na@b.de,Jürgen\n".encode("utf-16"))
    assert job.notes == ["The file was in UTF-16 and is read as that."]
    assert finish(job).created == 1
    assert Lead.objects.get().first_name == "Jürgen"


def test_what_is_odd_about_a_file_is_noted(take: Take) -> None:
    lines = [b"Email,Name", b"m@b.de,M\0ia", b"x@b.de,J\xfcrgen"] + ["ü@b.de,Ü".encode()] * 9
    assert take(b"\n".join(lines), start=False).notes == [
        "1 line holds bytes that are not valid UTF-8; it will be reported.",
        "The file holds 1 zero bytes, which are left out.",
    ]


def test_an_old_encoding_is_a_guess_until_somebody_says_it(take: Take, finish: Finish, now: datetime) -> None:
    job = take("Email,Vorname\na@b.de,Jürgen\nb@b.de,Zoë\n".encode("cp1252"), start=False)
    assert (job.encoding, job.encoding_is_sure) == ("cp1252", False)
    job = read_again(job_id=job.pk, choices=FileChoices(encoding="cp850"), now=now, actor=None)
    assert (job.encoding, job.encoding_is_sure) == ("cp850", True)


def test_a_file_can_be_read_otherwise(take: Take, finish: Finish, now: datetime) -> None:
    job = take("Email|x;y\na@b.de|1;2\n", start=False)
    job = read_again(job_id=job.pk, choices=FileChoices(delimiter=";", has_header=False), now=now, actor=None)
    assert (job.delimiter, job.has_header, job.headers) == (";", False, ["#1", "#2"])


def test_a_file_without_headings_loses_no_row(take: Take, finish: Finish) -> None:
    job = finish(take("a@b.de,Ada\nb@b.de,Ben\n"))
    assert (job.has_header, counts(job)) == (False, (2, 0, 0, 0))


def test_columns_are_remembered_for_the_next_file(take: Take, finish: Finish) -> None:
    columns = {"Email": "email", "Rang": "job_title", "Ort": "attributes.city"}
    take("Email,Rang,Ort\na@b.de,CFO,Rom\n", columns=columns, time_zone="Europe/Rome")
    again = take("Ort,Email,Rang\nRom,b@b.de,CEO\n", start=False)
    assert (again.mapping["columns"], again.mapping["time_zone"]) == (columns, "Europe/Rome")
    assert again.notes == ["The columns are mapped as they were last time."]
    nearly = take("Email,Rang\nb@b.de,CEO\n", start=False)
    assert nearly.mapping["columns"] == {"Email": "email", "Rang": "job_title"}
    assert nearly.notes[1] == "That file also had these columns, which are missing now: Ort."
    assert ImportMapping.objects.count() == 1


def test_a_date_that_may_be_read_two_ways_is_asked_about(take: Take) -> None:
    job = take("Email,Created at\na@b.de,03/04/2026\n", start=False)
    assert job.notes[0].startswith("Is the day or the month first in 03/04/2026?")


def test_an_import_does_not_start_without_knowing_who_a_lead_is(take: Take, now: datetime) -> None:
    job = take("Vorname,Nachname\nAda,King\n", start=False)
    with pytest.raises(BadMapping, match="No column says who a lead is"):
        start_import(job_id=job.pk, now=now, actor=None)
    job.refresh_from_db()
    assert job.state == ImportState.UPLOADED


# --- Importing ----------------------------------------------------------------------------------------------


def test_one_bad_row_among_thousands_stops_nothing(take: Take, finish: Finish) -> None:
    job = finish(take(f"Email,First name\n{rows(2500)}not an address,Bad\n{rows(2500, 2501)}"))
    assert (job.state, counts(job), job.rows_total) == (ImportState.DONE, (5000, 0, 0, 1), 5001)
    assert problems(job) == [(2502, "Email", "This is not an e-mail address.")]
    assert list(failed_rows(job)) == [
        (2502, [("Email", "This is not an e-mail address.")], ["not an address", "Bad"])
    ]
    assert Lead.objects.count() == 5000


def test_the_same_file_twice_changes_nothing(take: Take, finish: Finish, small_pieces: None) -> None:
    data = (
        "Email,First name,Company,Company domain,Industry,Country,Won at,Plan\n"
        "a@b.de,Ada,Bar AG,bar.de,Retail,DE,2026-01-02,gold\n"
        "c@b.de,Cora,BAR,www.bar.de,Trade,AT,,\n"
        "a@b.de,Adele,Bar AG,bar.de,Retail,DE,2026-01-02,gold\n"
        "d@b.de,Dan,Foo,,Trade,AT,,\n"
        "e@b.de,Eva,foo,,Retail,AT,,\n"
        "c@b.de,Cora,BAR,www.bar.de,Trade,AT,,\n"
        "a@b.de,Ada,Bar AG,bar.de,Retail,CH,2026-01-02,silver\n"
    )
    first = finish(take(data))
    before = [list(model.objects.order_by("pk").values()) for model in (Lead, Company, StageChange)]
    again = finish(take(data))
    assert counts(first) == (4, 0, 1, 2)
    assert counts(again) == (0, 0, 5, 2)
    assert [list(model.objects.order_by("pk").values()) for model in (Lead, Company, StageChange)] == before
    assert problems(first) == problems(again)
    assert problems(first, warnings=True) == problems(again, warnings=True)


def test_a_second_row_about_a_lead_is_reported_with_the_line_of_the_first(
    take: Take, finish: Finish, small_pieces: None
) -> None:
    data = (
        "Email,First name,Lead ID\na@b.de,Ada,1\nb@b.de,Ben,2\nA@b.de,Adele,\nb@b.de,Ben,2\nc@b.de,Cora,1\n"
    )
    job = finish(take(data, system="crm"))
    said = "Line 2 is about the same lead and counts; this row was left out."
    assert problems(job) == [(4, "", said), (6, "", said)]
    assert problems(job, warnings=True) == [(5, "", "The same as line 3.")]
    assert sorted(Lead.objects.values_list("email", "first_name")) == [("a@b.de", "Ada"), ("b@b.de", "Ben")]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_refused_row_that_comes_again_unmended_overrules_the_other_not_without_a_word(
    take: Take, finish: Finish, manager: User, now: datetime, language: str
) -> None:
    manager.language = language
    manager.save()
    job = finish(take("Email,First name\na@b.de,Ada\na@b.de,Adele\nb@b.de,Ben\nb@b.de,Bo\n"))
    lines: list[str] = []
    file = ErrorFile(SimpleNamespace(write=lines.append), job.headers, job.delimiter)
    for line, found, cells in failed_rows(job):
        file.add(line, found, cells)
    upsert_leads([LeadItem(email="b@b.de", first_name="Bo")], now=now, actor=None, source=ChangeSource.API)

    manager.language = "en"
    manager.save()
    again = finish(take("".join(lines)))
    assert (counts(job), counts(again)) == ((2, 0, 0, 2), (0, 1, 1, 0))
    ((line, column, reason),) = problems(again, warnings=True)
    assert (line, column) == (2, "")
    assert reason.startswith("Another row was about the same lead and was imported instead of this one.")


def test_a_second_row_about_a_lead_counts_where_the_first_could_not_be_imported(
    take: Take, finish: Finish
) -> None:
    job = finish(take(f"Email,First name\na@b.de,{'x' * 101}\na@b.de,Ada\na@b.de,Adele\n"))
    assert counts(job) == (1, 0, 0, 2)
    assert [line for line, _, _ in problems(job)] == [2, 4]
    assert Lead.objects.get().first_name == "Ada"


def test_the_first_row_about_a_company_counts(take: Take, finish: Finish, small_pieces: None) -> None:
    data = (
        "Email,Company,Website,Industry\na@bar.de,Bar AG,bar.de,Retail\nb@bar.de,bar ag,bar.de,Trade\n"
        "c@x.de,Foo,,Retail\nd@x.de,foo,,Trade\ne@bar.de,Barr,http://www.bar.de/x,Retail\n"
    )
    job = finish(take(data))
    assert counts(job) == (5, 0, 0, 0)
    left_out = "Line %s says otherwise of the same company; this cell was left out."
    assert problems(job, warnings=True) == [
        (3, "Company", left_out % 2),
        (3, "Industry", left_out % 2),
        (5, "Industry", left_out % 4),
        (6, "Company", left_out % 2),
    ]
    assert sorted(Company.objects.values_list("name", "industry")) == [
        ("Bar AG", "Retail"),
        ("Foo", "Retail"),
    ]


@pytest.mark.parametrize("piece", [2, 100])
def test_rows_that_call_one_lead_by_different_names_are_about_the_same(
    take: Take, finish: Finish, now: datetime, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """By its external id and by its address alone; else importing again would change it to and fro."""
    known = LeadItem(external_ref=RefItem("crm", "1"), email="a@xn--brse-5qa.de")
    upsert_leads([known], now=now, actor=None, source=ChangeSource.API)
    monkeypatch.setattr(running, "PIECE", piece)
    data = "Lead ID,Email,First name\n1,,Ada\n2,b@b.de,Bo\n,a@börse.de,Eve\n,b@b.de,Cy\n"

    job, again = finish(take(data, system="crm")), finish(take(data, system="crm"))

    about = "Line %s is about the same lead and counts; this row was left out."
    assert (counts(job), counts(again)) == ((1, 1, 0, 2), (0, 0, 2, 2))
    assert problems(job) == problems(again) == [(4, "", about % 2), (5, "", about % 3)]
    assert set(Lead.objects.values_list("first_name", flat=True)) == {"Ada", "Bo"}


def test_a_rehearsal_remembers_the_leads_of_pieces_that_were_undone(
    take: Take, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "PIECE", 3)
    data = f"Email,First name\n{rows(4)}lead1@bar.de,Other\nlead2@bar.de,Ada 2\n"
    rehearsed = rehearse_sample(job=take(data), now=now, actor=None)
    assert rehearsed.counts == {Status.CREATED: 4, Status.ERROR: 1, Status.UNCHANGED: 1}


def test_history_is_kept_and_what_contradicts_itself_is_imported_with_a_warning(
    take: Take, finish: Finish
) -> None:
    data = "Lead ID,Created at,MQL date,Won date,Amount\n1,2026-03-08,2026-03-09,2026-03-06,100\n"
    job = finish(take(data, system="crm"))
    assert (counts(job), job.warned) == ((1, 0, 0, 0), 1)
    ((line, column, reason),) = problems(job, warnings=True)
    assert (line, column) == (2, "Won date")
    assert "both are kept as given" in reason
    lead = Lead.objects.get()
    assert (lead.email, lead.stage, str(lead.value)) == (None, "customer", "100.00")


def test_an_owner_beside_an_open_handoff_is_left_out_with_a_warning(
    take: Take, finish: Finish, starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    urgent_handoff(starter, now, email="a@b.de")
    job = finish(take("Email,Job title,Owner\na@b.de,CEO,Omar\nb@b.de,CTO,Omar\n"))
    assert (counts(job), job.warned) == ((1, 1, 0, 0), 1)
    reason = "While a handoff is open, the lead belongs to whoever has it. Reassign the handoff instead."
    assert problems(job, warnings=True) == [(2, "Owner", reason)]
    owners = dict(Lead.objects.values_list("email", "owner__name"))
    assert owners == {"a@b.de": "Mia", "b@b.de": "Omar"}


def test_owners_are_found_by_name_and_address(take: Take, finish: Finish, manager: User) -> None:
    finish(take("Email,Owner\na@b.de,mara klein\nb@b.de,MARA@us.example\nc@b.de,Nobody\n"))
    owners = dict(Lead.objects.values_list("email", "owner"))
    assert owners == {"a@b.de": manager.pk, "b@b.de": manager.pk, "c@b.de": None}


def test_a_row_that_the_database_refuses_is_found_and_reported(
    take: Take, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = writing.upsert_leads

    def refuse(items: Any, **how: Any) -> Any:
        if any(item.first_name == "Ada 77" for item in items):
            raise DataError("no")
        return genuine(items, **how)

    monkeypatch.setattr(writing, "upsert_leads", refuse)
    job = finish(take(f"Email,First name\n{rows(200)}"))
    assert counts(job) == (199, 0, 0, 1)
    assert problems(job) == [(78, "", "The database does not take this row.")]


STUMBLED = "The portal stumbled over this row. Tell an administrator: the log says why."


def test_what_nobody_foresaw_of_one_row_stops_no_other(
    take: Take, finish: Finish, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, make = writing.upsert_leads, RowMaker.make

    def stumble(items: Any, **how: Any) -> Any:
        if any(item.first_name == "Ada 7" for item in items):
            raise RuntimeError("a receiver broke")
        return genuine(items, **how)

    def make_or_stumble(self: RowMaker, row: Row) -> MadeRow:
        if "Ada 3" in row.cells:
            raise RuntimeError("a reader broke")
        return make(self, row)

    monkeypatch.setattr(writing, "upsert_leads", stumble)
    monkeypatch.setattr(RowMaker, "make", make_or_stumble)
    job = take(f"Email,First name\n{rows(20)}", start=False)
    assert rehearse_sample(job=job, now=job.created_at, actor=None).counts[Status.ERROR] == 2
    start_import(job_id=job.pk, now=job.created_at, actor=None)
    assert (finish(job).state, counts(job)) == (ImportState.DONE, (18, 0, 0, 2))
    assert problems(job) == [(4, "", STUMBLED), (8, "", STUMBLED)]


def test_a_cell_of_endless_digits_is_an_error_of_its_row(take: Take, finish: Finish) -> None:
    text = f"Email,Company,Employees\na@b.de,B,5\nb@b.de,B,{'9' * 4301}\nc@b.de,B,5\n"
    job = finish(take(text))
    assert (job.state, counts(job)) == (ImportState.DONE, (2, 0, 0, 1))
    assert problems(job) == [(3, "Employees", f"“{'9' * 40}…” is not a number.")]


def test_an_import_that_goes_on_waits_from_then_on(take: Take, now: datetime) -> None:
    job = take("Email\na@b.de\n")
    stop_import(job_id=job.pk, now=now, actor=None)
    later = now + timedelta(hours=1)
    go_on(job_id=job.pk, now=later, actor=None)
    assert not untouched_since(later).exists()
    assert list(untouched_since(later + timedelta(minutes=1))) == [job]


def test_queries_do_not_grow_with_the_rows(
    take: Take, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    small, large = take(f"Email,Name\n{rows(2)}"), take(f"Email,Name\n{rows(1000, 10)}")
    for job in (small, large):
        with django_assert_max_num_queries(32):
            advance_import(job_id=job.pk, now=now)


# --- Piece by piece -----------------------------------------------------------------------------------------


def test_a_killed_worker_leaves_whole_pieces_and_the_next_goes_on_there(
    take: Take, finish: Finish, now: datetime, small_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = take(f'Email,First name\n{rows(4)}x@b.de,"two\nlines"\n{rows(5, 5)}')
    assert advance_import(job_id=job.pk, now=now)
    with monkeypatch.context() as killing:
        killing.setattr(running, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            advance_import(job_id=job.pk, now=now)
    job.refresh_from_db()
    assert (job.state, job.rows_done, job.line, Lead.objects.count()) == (ImportState.RUNNING, 3, 4, 3)
    finish(job)
    assert (job.state, counts(job), job.rows_done) == (ImportState.DONE, (10, 0, 0, 0), 10)
    assert job.position == job.size
    assert not ImportKey.objects.exists()


def test_a_stopped_import_keeps_what_it_did_and_can_go_on(
    take: Take, finish: Finish, now: datetime, small_pieces: None
) -> None:
    job = take(f"Email,First name\n{rows(8)}lead1@bar.de,Other\n")
    advance_import(job_id=job.pk, now=now)
    stop_import(job_id=job.pk, now=now, actor=None)
    assert finish(job).state == ImportState.STOPPED
    assert Lead.objects.count() == 3
    with pytest.raises(ImportNotOpen):
        stop_import(job_id=job.pk, now=now, actor=None)
    go_on(job_id=job.pk, now=now, actor=None)
    assert finish(job).state == ImportState.DONE
    assert (counts(job), problems(job)[0][0]) == ((8, 0, 0, 1), 10)


def test_what_was_discarded_before_it_began_cannot_go_on(take: Take, now: datetime) -> None:
    job = take("Email\na@b.de\n", start=False)
    stop_import(job_id=job.pk, now=now, actor=None)
    with pytest.raises(ImportNotOpen):
        go_on(job_id=job.pk, now=now, actor=None)
    with pytest.raises(ImportNotOpen):
        start_import(job_id=job.pk, now=now, actor=None)


def test_trouble_that_does_not_pass_ends_an_import_and_no_other(
    take: Take, finish: Finish, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = take(f"Email,First name\n{rows(12)}"), take("Email\ngood@b.de\n")
    genuine = writing.upsert_leads

    def fail(items: Any, **how: Any) -> Any:
        if items[0].email != "good@b.de":
            raise RuntimeError("a receiver broke")
        return genuine(items, **how)

    with monkeypatch.context() as breaking:
        breaking.setattr(writing, "upsert_leads", fail)
        while advance_next_import(now=now):
            pass
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.troubles, good.state) == (ImportState.FAILED, 3, ImportState.DONE)
    assert bad.message.startswith("The portal could not go on after line 0.")
    go_on(job_id=bad.pk, now=now, actor=None)
    assert (finish(bad).state, bad.message, bad.created) == (ImportState.DONE, "", 12)


def test_a_file_that_vanished_fails_the_import_with_a_word_to_whoever_began_it(
    take: Take, finish: Finish, media: Path
) -> None:
    job = take("Email\na@b.de\n")
    for path in stored(media):
        path.unlink()
    assert (finish(job).state, job.message) == (
        ImportState.FAILED,
        "The file is no longer here. Upload it again.",
    )


def test_imports_take_turns(take: Take, now: datetime, small_pieces: None) -> None:
    first, second = take(f"Email\n{rows(9)}"), take(f"Email\n{rows(3, 20)}")
    seen = []
    for minute in range(5):
        advance_next_import(now=now + timedelta(minutes=minute))
        seen.append(tuple(ImportJob.objects.order_by("pk").values_list("rows_done", flat=True)))
    assert seen == [(3, 0), (3, 3), (6, 3), (6, 3), (9, 3)]
    del first, second


def test_a_worker_is_woken_once_the_start_is_committed(
    take: Take,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(running.current_app, "send_task", lambda name, **_: woken.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        take("Email\na@b.de\n")
        assert woken == []
    assert woken == ["leads.run_waiting_imports"]


def test_a_broker_that_is_down_does_not_keep_an_import_from_starting(
    take: Take,
    finish: Finish,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(running.current_app, "send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        job = take("Email\na@b.de\n")
    assert finish(job).created == 1


@pytest.fixture
def in_threads() -> Callable[[Callable[[], object], int], list[object]]:
    """Run an act in several threads, each with a connection of its own."""

    def act(each: Callable[[], object], count: int) -> list[object]:
        results: list[object] = []

        def one() -> None:
            try:
                results.append(each())
            except Exception as error:
                results.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return act


@pytest.mark.outside
@pytest.mark.django_db(transaction=True)
def test_many_workers_import_each_row_once(
    take: Take, now: datetime, small_pieces: None, in_threads: Callable[..., list[object]]
) -> None:
    take(f"Email,First name\n{rows(120)}")
    take(f"Email,First name\n{rows(120, 100)}")

    def work() -> int:
        idle = 0
        while idle < 20:
            idle = 0 if advance_next_import(now=now) else idle + 1
        return idle

    assert in_threads(work, 4) == [20, 20, 20, 20]
    jobs = ImportJob.objects.order_by("pk")
    assert [job.state for job in jobs] == [ImportState.DONE] * 2
    assert sum(job.created for job in jobs) == 219
    assert sum(job.created + job.unchanged + job.failed for job in jobs) == 240
    assert Lead.objects.count() == 219


@pytest.mark.outside
@pytest.mark.django_db(transaction=True)
def test_while_one_worker_is_at_an_import_another_leaves_it_alone(take: Take, now: datetime) -> None:
    job = take(f"Email\n{rows(3)}")
    with transaction.atomic():
        ImportJob.objects.select_for_update().get(pk=job.pk)
        results: list[bool] = []

        def other() -> None:
            try:
                results.append(advance_import(job_id=job.pk, now=now))
                results.append(advance_next_import(now=now))
            finally:
                connection.close()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=10)
        assert results == [False, False]


# --- Rehearsing and keeping ---------------------------------------------------------------------------------


def test_a_rehearsal_says_what_would_happen_and_does_nothing(
    take: Take, finish: Finish, now: datetime
) -> None:
    finish(take("Email,First name\na@b.de,Ada\nb@b.de,Ben\n"))
    before = list(Lead.objects.order_by("pk").values())
    job = take("Email,First name\na@b.de,Ada\nb@b.de,Bea\nc@b.de,Cora\nnobody,X\nc@b.de,Carla\n", start=False)
    rehearsal = rehearse_sample(job=job, now=now, actor=None)
    assert [outcome.status for outcome in rehearsal.outcomes] == [
        Status.UNCHANGED,
        Status.UPDATED,
        Status.CREATED,
        Status.ERROR,
        Status.ERROR,
    ]
    assert [(error.line, error.column) for error in rehearsal.errors] == [(5, "Email"), (6, "")]
    assert rehearsal.is_whole
    assert list(Lead.objects.order_by("pk").values()) == before
    assert RowError.objects.filter(job=job).count() == ImportKey.objects.count() == 0


def test_a_rehearsal_of_a_long_file_looks_at_its_first_rows(take: Take, now: datetime) -> None:
    job = take(f"Email\n{rows(20)}", start=False)
    rehearsal = rehearse_sample(job=job, now=now, actor=None, most=10)
    assert (len(rehearsal.outcomes), rehearsal.is_whole) == (10, False)


def test_files_and_their_errors_are_deleted_after_a_month(
    take: Take, finish: Finish, now: datetime, media: Path
) -> None:
    done, waiting, uploaded = (
        finish(take("Email\nx\n")),
        take("Email\na@b.de\n"),
        take("Email\na@b.de\n", start=False),
    )
    assert remove_old_files(now=now + timedelta(days=30)) == 0
    with transaction.atomic():
        assert remove_old_files(now=now + timedelta(days=31)) == 2
        assert remove_old_files(now=now + timedelta(days=31)) == 0
    for job in (done, waiting, uploaded):
        job.refresh_from_db()
    assert [bool(job.file) for job in (done, waiting, uploaded)] == [False, True, False]
    assert [job.state for job in (done, waiting, uploaded)] == ["done", "waiting", "stopped"]
    assert (done.failed, RowError.objects.count()) == (1, 0)
