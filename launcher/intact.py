"""Whether the installed packages are as pip left them, by the RECORD that each of them carries."""

import base64
import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


class DamagedRecord(Exception):
    """A RECORD that cannot be read; the message says which."""


@dataclass(frozen=True)
class Recorded:
    """A file that a package claims: where it is, its size and hash where the package says them, and the RECORD
    that says so."""

    name: str
    path: Path
    size: str
    hash: str
    record: str

    def fault(self) -> str | None:
        """Whether it is missing or cut short: what can be asked of every file at every start."""
        try:
            found = self.path.stat().st_size
        except (OSError, ValueError):  # a damaged RECORD names what no path can be
            return f"{self.name} is missing"
        return f"{self.name} is damaged" if self.size not in ("", str(found)) else None

    def damage(self) -> str | None:
        """The same, and whether its content is what was installed. This reads the file."""
        if fault := self.fault():
            return fault
        kind, _, expected = self.hash.partition("=")
        if not expected:
            return None
        try:
            found = hashlib.new(kind, self.path.read_bytes()).digest()
        except OSError:
            return f"{self.name} is damaged"
        except (ValueError, TypeError):  # no such hash, or none of a fixed length
            return f"{self.record} is damaged"
        is_as_hashed = base64.urlsafe_b64encode(found).rstrip(b"=").decode() == expected
        return None if is_as_hashed else f"{self.name} is damaged"


def first_fault(packages: Path) -> str | None:
    """What is wrong with the first file that is not there, or not as long as it was."""
    return _first(packages, Recorded.fault)


def first_damage(packages: Path) -> str | None:
    """The same, reading every file: a second or two."""
    return _first(packages, Recorded.damage)


def _first(packages: Path, wrong_with: Callable[[Recorded], str | None]) -> str | None:
    try:
        return next((said for file in files_of(packages) if (said := wrong_with(file))), None)
    except DamagedRecord as damaged:
        return str(damaged)


def files_of(packages: Path) -> Iterator[Recorded]:
    """Every file that an installed package claims, but for byte code, which anyone may delete. Raises
    `DamagedRecord`."""
    for path in packages.glob("*.dist-info/RECORD"):
        record = str(path.relative_to(packages))
        for name, hash_said, size in _rows_of(path, record):
            if not name.endswith(".pyc"):
                yield Recorded(name, packages / name, size, hash_said, record)


def _rows_of(path: Path, record: str) -> list[tuple[str, str, str]]:
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as lines:
            padded = ((*row, "", "")[:3] for row in csv.reader(lines) if row)
            return [(name, hash_said, size) for name, hash_said, size in padded]
    except (OSError, csv.Error) as error:  # a quote that was never there opens a field without an end
        raise DamagedRecord(f"{record} is damaged") from error
