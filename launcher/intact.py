"""Whether the installed packages are as pip left them, by the RECORD that each of them carries."""

import base64
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recorded:
    """A file that a package claims: where it is, and its size and hash where the package says them."""

    name: str
    path: Path
    size: str
    hash: str

    def fault(self) -> str | None:
        """Whether it is missing or cut short: what can be asked of every file at every start."""
        try:
            found = self.path.stat().st_size
        except (OSError, ValueError):  # a damaged RECORD names what no path can be
            return f"{self.name} is missing"
        return f"{self.name} is damaged" if self.size.isdigit() and found != int(self.size) else None

    def is_as_hashed(self) -> bool:
        """Whether its content is what was installed. This reads the file."""
        kind, _, expected = self.hash.partition("=")
        if not expected:
            return True
        found = hashlib.new(kind, self.path.read_bytes()).digest()
        return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == expected


def first_fault(packages: Path) -> str | None:
    """What is wrong with the first file that is not there, or not as long as it was."""
    return next((fault for file in files_of(packages) if (fault := file.fault())), None)


def first_damage(packages: Path) -> str | None:
    """The same, reading every file: a second or two."""
    for file in files_of(packages):
        if fault := file.fault():
            return fault
        if not file.is_as_hashed():
            return f"{file.name} is damaged"
    return None


def files_of(packages: Path) -> Iterator[Recorded]:
    """Every file that an installed package claims, but for byte code, which anyone may delete."""
    for record in packages.glob("*.dist-info/RECORD"):
        with record.open(newline="", encoding="utf-8", errors="replace") as lines:
            for row in csv.reader(lines):
                if row and not row[0].endswith(".pyc"):
                    name, hash_said, size = (*row, "", "")[:3]
                    yield Recorded(name, packages / name, size, hash_said)
