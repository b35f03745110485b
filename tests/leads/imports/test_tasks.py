"""What workers and operators call."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from agreements.models import CalendarRevision, Version
from leads import tasks
from leads.models import ImportJob, ImportState, Lead
from leads.services.imports import running
from leads.tasks import run_waiting_imports
from tests.factories.accounts import UserFactory
from tests.leads.imports.conftest import Take

pytestmark = pytest.mark.django_db


def test_a_worker_finds_what_waits_in_the_database_and_finds_it_once(take: Take) -> None:
    jobs = [take("Email\na@b.de\nb@b.de\n"), take("Email\nc@b.de\n")]
    run_waiting_imports()
    run_waiting_imports()
    for job in jobs:
        job.refresh_from_db()
    assert [(job.state, job.created) for job in jobs] == [(ImportState.DONE, 2), (ImportState.DONE, 1)]


def test_a_worker_that_was_long_at_it_lets_others_have_a_turn(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SLICE", -1.0)
    monkeypatch.setattr(running, "PIECE", 1)
    sent: list[str] = []
    monkeypatch.setattr(run_waiting_imports, "delay", lambda: sent.append("again"))
    job = take("Email\na@b.de\nb@b.de\n")
    run_waiting_imports()
    job.refresh_from_db()
    assert (job.state, job.rows_done, sent) == (ImportState.RUNNING, 1, ["again"])


# --- The command --------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str, name: str = "leads.csv") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


LEADS = "Lead ID,Email,Created at\n1,a@b.de,2026-01-02\n2,nobody,2026-01-03\n"


def test_the_command_imports_says_counts_and_writes_the_errors(
    file: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = tmp_path / "errors.csv"
    with pytest.raises(SystemExit) as ended:
        call_command("import_leads", file(LEADS), "--system", "crm", "--errors", str(errors))
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.out == "Of 2 rows: 1 created, 0 updated, 0 unchanged, 1 failed; 0 with a warning.\n"
    assert said.err.splitlines() == [
        "Dates without a time zone are read as in UTC; --time-zone changes that.",
        "  line 3, Email: This is not an e-mail address.",
        f"The rows that failed are in {errors}, with the reasons. Settings → Imports lists every problem.",
    ]
    assert errors.read_text(encoding="utf-8-sig").splitlines() == [
        "import_line,import_column,import_reason,Lead ID,Email,Created at",
        "3,Email,This is not an e-mail address.,2,nobody,2026-01-03",
    ]
    assert ImportJob.objects.get().state == ImportState.DONE


def test_mended_errors_go_in_by_the_same_command(file: Callable[..., str], tmp_path: Path) -> None:
    errors = tmp_path / "errors.csv"
    with pytest.raises(SystemExit):
        call_command("import_leads", file(LEADS), "--system", "crm", "--errors", str(errors))
    mended = errors.read_text(encoding="utf-8").replace("nobody", "b@b.de")
    call_command("import_leads", file(mended, "mended.csv"))
    assert sorted(Lead.objects.values_list("email", "external_refs__external_id")) == [
        ("a@b.de", "1"),
        ("b@b.de", "2"),
    ]


@pytest.mark.parametrize("dump", [yaml.safe_dump, json.dumps])
def test_a_mapping_is_yaml_or_json(file: Callable[..., str], dump: Callable[[object], str]) -> None:
    mapping = {
        "columns": {"E": "email", "D": {"field": "won_at", "time_zone": "America/Sao_Paulo"}},
        "constants": {"source": "fair"},
        "file": {"delimiter": "|", "encoding": "utf-8", "has_header": True},
    }
    call_command(
        "import_leads", file("E|D\na@b.de|2026-01-02\n"), "--mapping", file(dump(mapping), "mapping")
    )
    lead = Lead.objects.get()
    assert (lead.source, lead.stage_entered_at.isoformat()) == ("fair", "2026-01-02T03:00:00+00:00")


def test_the_printed_mapping_is_one_that_can_be_used(
    file: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_leads", file("Lead ID,Email\n1,a@b.de\n"), "--system", "crm", "--print-mapping")
    printed = capsys.readouterr().out
    assert yaml.safe_load(printed) == {
        "columns": {"Lead ID": "external_id", "Email": "email"},
        "system": "crm",
        "time_zone": "UTC",
    }
    assert not ImportJob.objects.exists()
    call_command(
        "import_leads", file("Lead ID,Email\n1,a@b.de\n"), "--mapping", file(printed, "mapping.yaml")
    )
    assert Lead.objects.count() == 1


def test_a_dry_run_changes_nothing_and_tells_the_errors(
    file: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = tmp_path / "errors.csv"
    with pytest.raises(SystemExit):
        call_command("import_leads", file(LEADS), "--system", "crm", "--dry-run", "--errors", str(errors))
    assert capsys.readouterr().out == (
        "Nothing was changed. Of 2 rows: 1 created, 0 updated, 0 unchanged, 1 failed; 0 with a warning.\n"
    )
    assert "3,Email,This is not an e-mail address." in errors.read_text(encoding="utf-8")
    assert not Lead.objects.exists()
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("%PDF-1.7", (), "it seems to be a PDF document"),
        ("", (), "The file is empty"),
        (LEADS, (), r"Name the system that these ids come from, such as hubspot\. Give --system NAME"),
        (LEADS, ("--system", "crm", "--errors", "/nodir/x.csv"), "errors cannot be written to /nodir/x.csv"),
        (LEADS, ("--system", "crm", "--time-zone", "Berlin"), "There is no time zone “Berlin”"),
        ("a,b\n1,2\n", (), "No column says who a lead is"),
        (LEADS, ("--user", "nobody@us.example"), "Nobody who may import leads"),
        (LEADS, ("--user", "rep@us.example"), "Nobody who may import leads"),
        (LEADS, ("--mapping", "/nowhere.yaml"), "/nowhere.yaml: No such file"),
    ],
)
def test_what_cannot_be_imported_is_told_in_one_line_and_leaves_nothing(
    file: Callable[..., str], media: Path, text: str, options: tuple[str, ...], said: str
) -> None:
    UserFactory(rep=True, email="rep@us.example")
    with pytest.raises(CommandError, match=said):
        call_command("import_leads", file(text), *options)
    assert not ImportJob.objects.exists()
    assert not media.exists() or not [path for path in media.rglob("*") if path.is_file()]


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_the_first_problems_are_told_and_where_the_others_are(
    file: Callable[..., str], capsys: pytest.CaptureFixture[str], dry_run: list[str]
) -> None:
    rows = "".join(f"nobody{number},\n" for number in range(7))
    leads = f"Email,Won at,Created at\na@b.de,2026-01-02,2026-01-03\n{rows}"
    with pytest.raises(SystemExit):
        call_command("import_leads", file(leads), "--time-zone", "Europe/Berlin", *dry_run)
    page = "" if dry_run else " Settings → Imports lists every problem."
    told = capsys.readouterr().err.splitlines()
    assert told[:6] == [
        *(f"  line {line}, Email: This is not an e-mail address." for line in range(3, 8)),
        "  …",
    ]
    assert told[6].startswith("  warning: line 2, Won at: ")
    assert told[7:] == [f"--errors FILE writes the rows that failed, with the reasons.{page}"]


def test_a_mapping_that_still_lacks_the_system_is_printed_with_its_place(
    file: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_leads", file("Lead ID,Email\n1,a@b.de\n"), "--print-mapping")
    assert "system: ''\n" in capsys.readouterr().out


def test_a_mapping_that_is_no_yaml_is_told_by_its_line(file: Callable[..., str]) -> None:
    mapping = file("columns:\n  Mail: email\n Tel: phone\n", "mapping.yaml")
    with pytest.raises(CommandError, match=r"mapping.yaml is neither YAML nor JSON: line 3: .+\.$") as told:
        call_command("import_leads", file("Mail\na@b.de\n"), "--mapping", mapping)
    assert "\n" not in str(told.value)


def test_dates_are_read_in_the_zone_of_whoever_imports_else_of_the_default_agreement(
    file: Callable[..., str], starter: Version
) -> None:
    UserFactory(marketing_manager=True, email="mara@us.example", time_zone="Asia/Tokyo")
    CalendarRevision.objects.create(
        calendar=starter.agreement.calendar, number=99, zone="Europe/Berlin", created_at=starter.created_at
    )
    call_command("import_leads", file("Email,Created at\na@b.de,2026-01-02\n"))
    call_command("import_leads", file("Mail,Angelegt am\nb@b.de,2026-01-02\n"), "--user", "mara@us.example")
    assert [f"{lead.created_at:%d %H:%M}" for lead in Lead.objects.order_by("email")] == [
        "01 23:00",
        "01 15:00",
    ]


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_leads", "/nowhere.csv")


def test_a_mapping_that_names_columns_the_file_lacks_is_told(file: Callable[..., str]) -> None:
    mapping = file("columns: {Mail: email, Tel: phone}", "mapping.yaml")
    with pytest.raises(CommandError, match=r"mapping names: Tel\. It has: Mail, Fax\."):
        call_command("import_leads", file("Mail,Fax\na@b.de,1\n"), "--mapping", mapping)
    assert not ImportJob.objects.exists()
