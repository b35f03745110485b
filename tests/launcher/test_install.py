"""When the virtual environment is installed, added to, or made anew."""

import json
import os
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from launcher import install
from launcher.install import Environment, hash_of, pip_sentence
from launcher.layout import Layout, Trouble

LEAD = b"STAGE=1\n"
HASH_OF_LEAD = f"sha256={urlsafe_b64encode(sha256(LEAD).digest()).decode().rstrip('=')}"


@pytest.fixture
def environment(layout: Layout) -> Environment:
    """An environment with one package of one file, and the three lock files."""
    packages = layout.venv / "lib" / "python3.11" / "site-packages"
    record = packages / "lead-1.0.dist-info" / "RECORD"
    record.parent.mkdir(parents=True)
    record.write_text(
        f"lead/__init__.py,{HASH_OF_LEAD},8\nlead/__pycache__/__init__.cpython-311.pyc,,\n"
        "lead-1.0.dist-info/RECORD,,\n"
    )
    (packages / "lead").mkdir()
    (packages / "lead" / "__init__.py").write_bytes(LEAD)
    layout.python.parent.mkdir()
    layout.python.symlink_to(sys.executable)
    (layout.root / "requirements").mkdir()
    for lock in install.LOCKS:
        (layout.root / "requirements" / f"{lock}.txt").write_text(
            f"# {lock}\nlead==1.0 \\\n    --hash=sha256:x\n"
        )
    return Environment(layout)


def stamp(environment: Environment, lock: str) -> None:
    environment.stamp.write_text(json.dumps({"lock": lock, "hash": hash_of(environment.lock_file(lock))}))


def test_a_checkout_without_an_environment_needs_a_new_one(layout: Layout) -> None:
    assert Environment(layout).fault() == "new environment"


def test_an_environment_that_others_made_is_added_to(environment: Environment) -> None:
    assert environment.fault() is None
    assert not environment.has("base")


@pytest.mark.parametrize(
    ("installed", "enough_for"),
    [("base", {"base"}), ("embedded", {"base", "embedded"}), ("dev", {"base", "embedded", "dev"})],
)
def test_a_larger_lock_file_serves_for_the_smaller_ones(
    environment: Environment, installed: str, enough_for: set[str]
) -> None:
    stamp(environment, installed)
    assert {lock for lock in install.LOCKS if environment.has(lock)} == enough_for


def test_a_changed_lock_file_is_installed_again(environment: Environment) -> None:
    stamp(environment, "dev")
    environment.lock_file("dev").write_text("lead==1.1")
    assert not environment.has("base")


@pytest.mark.parametrize("content", ["", "{}", '{"lock": "other", "hash": "x"}'])
def test_a_stamp_that_makes_no_sense_is_none(environment: Environment, content: str) -> None:
    environment.stamp.write_text(content)
    assert not environment.has("base")


def test_nothing_is_installed_when_the_stamp_fits(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(environment, "embedded")
    monkeypatch.setattr(Environment, "run_pip", lambda *_, **__: pytest.fail("pip ran"))
    assert not environment.ensure("base", progress=print)


def test_the_stamp_is_written_only_after_pip_is_done(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Environment, lock_file: Path, *, log: Path, progress: object) -> int:
        assert environment.unfinished.exists()
        log.write_text("ERROR: No matching distribution found for lead==1.0\n")
        return 1

    monkeypatch.setattr(Environment, "run_pip", fail)
    with pytest.raises(Trouble, match=r"No matching distribution found for lead==1\.0"):
        environment.install("base", progress=print)
    assert not environment.stamp.exists()
    assert environment.fault() == "the last install was cut off, so it is made anew"


def test_an_install_leaves_a_stamp(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "run_pip", lambda *_, **__: 0)
    assert environment.ensure("embedded", progress=print)
    assert environment.is_complete("embedded")
    assert not environment.unfinished.exists()


def test_a_missing_file_of_a_package_is_noticed(environment: Environment) -> None:
    stamp(environment, "base")
    (environment.packages / "lead" / "__init__.py").unlink()
    assert environment.fault() == "lead/__init__.py is missing, so it is made anew"


def test_a_file_that_was_cut_short_is_noticed(environment: Environment) -> None:
    stamp(environment, "base")
    assert environment.fault() is None
    (environment.packages / "lead" / "__init__.py").write_bytes(b"")
    assert environment.fault() == "lead/__init__.py is damaged, so it is made anew"


@pytest.mark.parametrize("failure", [Trouble("web did not start"), OSError(8, "Exec format error")])
def test_a_start_that_fails_by_a_damaged_file_says_so_and_the_next_one_mends_it(
    environment: Environment, failure: Exception
) -> None:
    stamp(environment, "base")
    (environment.packages / "lead" / "__init__.py").write_bytes(b"STAGE=2\n")
    assert environment.fault() is None
    told = r"^lead/__init__\.py is damaged, so nothing can run: start again, and \.venv is made anew\.$"
    with pytest.raises(Trouble, match=told), environment.answering_for_failures():
        raise failure
    assert environment.fault() == "lead/__init__.py is damaged, so it is made anew"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('"' + "x" * 200_000, "lead-1.0.dist-info/RECORD is damaged"),
        (f"lead/__init__.py,{HASH_OF_LEAD},\N{SUPERSCRIPT TWO}\n", "lead/__init__.py is damaged"),
    ],
    ids=["open quote", "no number"],
)
def test_a_record_that_cannot_be_read_is_damage(environment: Environment, content: str, words: str) -> None:
    stamp(environment, "base")
    (environment.packages / "lead-1.0.dist-info" / "RECORD").write_text(content)
    assert environment.fault() == f"{words}, so it is made anew"


@pytest.mark.parametrize(
    "kind",
    ["sha2\N{REPLACEMENT CHARACTER}6", "shake_128", "sha256\0"],
    ids=["no hash", "no length", "zero byte"],
)
def test_a_record_whose_hash_is_damaged_does_not_hide_why_a_start_failed(
    environment: Environment, kind: str
) -> None:
    stamp(environment, "base")
    (environment.packages / "lead-1.0.dist-info" / "RECORD").write_text(f"lead/__init__.py,{kind}=x,8\n")
    told = r"^lead-1\.0\.dist-info/RECORD is damaged, so nothing can run: "
    with pytest.raises(Trouble, match=told) as raised, environment.answering_for_failures():
        raise Trouble("web did not start")
    assert str(raised.value.__cause__) == "web did not start"


def test_a_start_that_fails_otherwise_says_its_own_reason(environment: Environment) -> None:
    stamp(environment, "base")
    with pytest.raises(Trouble, match=r"^web did not start$"), environment.answering_for_failures():
        raise Trouble("web did not start")
    assert environment.fault() is None


def test_an_environment_without_its_python_is_made_anew(environment: Environment) -> None:
    environment.layout.python.unlink()
    os.symlink("/nowhere/python3", environment.layout.python)
    assert environment.fault() == "its Python is gone, so it is made anew"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("OSError: [Errno 28] No space left on device\n", "The disk is full"),
        ("WARNING: Retrying: NewConnectionError('…')\nERROR: No matching …\n", "index cannot be reached"),
        (
            "ERROR: Could not find a version that satisfies the requirement amqp==5.4.2 (from versions: none)\n",
            "offers no amqp==5.4.2: it cannot be reached from here",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\nmore\n", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("Killed\n", "Killed"),
        ("", "it said nothing"),
    ],
)
def test_what_pip_says_comes_down_to_one_sentence(output: str, words: str) -> None:
    sentence = pip_sentence(output, shown_log=".portal/logs/install.log")
    assert words in sentence
    assert "\n" not in sentence
