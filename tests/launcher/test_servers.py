"""What is cleared before an embedded server starts, and how its faults are told."""

import subprocess
from pathlib import Path

import pytest

from launcher.layout import Layout, Trouble
from launcher.place import Place
from launcher.servers import Postgres, Valkey, reason, works_in


@pytest.fixture
def postgres(layout: Layout) -> Postgres:
    """A data directory that a crash left behind: a pid file and a socket's lock."""
    place = Place(layout.root / "programs", layout.data / "postgres", layout.data / "run", None)
    place.cluster.mkdir()
    place.sockets.mkdir()
    (place.sockets / ".s.PGSQL.5432.lock").touch()
    return Postgres(layout, place)


def leave_pid(postgres: Postgres, pid: int) -> Path:
    pid_file = postgres.place.cluster / "postmaster.pid"
    pid_file.write_text(f"{pid}\n{postgres.place.cluster}\n")
    return pid_file


def test_a_pid_file_of_a_process_that_is_gone_is_removed(postgres: Postgres) -> None:
    pid_file = leave_pid(postgres, 2**22 - 1)
    postgres.clear_leftovers()
    assert not pid_file.exists()
    assert list(postgres.place.sockets.iterdir()) == []


def test_a_process_that_only_has_the_same_number_is_left_alone(postgres: Postgres) -> None:
    with subprocess.Popen(["sleep", "60"], cwd="/") as other:
        pid_file = leave_pid(postgres, other.pid)
        postgres.clear_leftovers()
        assert other.poll() is None
        assert not pid_file.exists()
        other.kill()


def test_a_server_that_outlived_its_launcher_is_ended_first(postgres: Postgres) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=postgres.place.cluster) as old:
        assert works_in(old.pid, postgres.place.cluster)
        pid_file = leave_pid(postgres, old.pid)
        postgres.clear_leftovers()
        assert old.wait(5) == -2
        assert not pid_file.exists()


def test_no_pid_file_means_nothing_to_clear(postgres: Postgres) -> None:
    postgres.clear_leftovers()
    assert (postgres.place.sockets / ".s.PGSQL.5432.lock").exists()


def test_data_of_another_major_version_are_refused(postgres: Postgres) -> None:
    (postgres.place.cluster / "PG_VERSION").write_text("17\n")
    program = postgres.program("postgres")
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n")
    program.chmod(0o755)
    with pytest.raises(Trouble, match=r"made by PostgreSQL 17, .* is postgres \(PostgreSQL\) 18\.6"):
        postgres.make_cluster()


def test_tests_run_without_waiting_for_the_disk_and_the_portal_does_not(postgres: Postgres) -> None:
    careless = Postgres(postgres.layout, postgres.place, careless=True)
    assert "fsync=off" in careless.service().command
    assert "fsync=off" not in postgres.service().command


def test_a_path_with_spaces_is_quoted_in_the_addresses(layout: Layout) -> None:
    place = Place(layout.root, layout.root, Path("/srv/our portal/run"), None)
    assert Postgres(layout, place).url == "postgres:///portal?host=/srv/our%20portal/run&user=portal"


def test_nobody_answers_where_no_broker_runs(layout: Layout) -> None:
    assert Valkey(layout, layout.root).answer("PING") == ""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("initdb: error: could not create directory\nmore", "initdb: error: could not create directory"),
        ("FATAL: could not write: No space left on device", "the disk is full."),
        ("", "no reason given."),
    ],
)
def test_a_fault_is_told_by_its_line(output: str, expected: str) -> None:
    assert reason(output) == expected
