"""The headings of a file: told apart, compared, remembered."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

LINE, COLUMN, REASON = "import_line", "import_column", "import_reason"
ERROR_COLUMNS = (LINE, COLUMN, REASON)
"""What the error file adds before a file's own columns; the same in every language, so that it is known
again.
"""


def name_columns(cells: Sequence[str]) -> list[str]:
    """A name for each column: its heading; "#3" where that is empty, "Email (2)" for the second of a name."""
    names: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        name = plain = " ".join(cell.split())[:190] or f"#{number}"
        again = 2
        while name in taken:
            name, again = f"{plain} ({again})", again + 1
        taken.add(name)
        names.append(name)
    return names


def nameless(count: int) -> list[str]:
    """The columns of a file without headings."""
    return [f"#{number}" for number in range(1, count + 1)]


def fingerprint(names: Iterable[str]) -> str:
    """Equal for files with the same columns in any order, and for the error file of such a file."""
    kept = sorted({name.casefold() for name in names if name not in ERROR_COLUMNS})
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()


def normal(heading: str) -> str:
    """ "E-Mail_Adresse (privat)" → "e mail adresse privat", "firstName" → "first name"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", heading)
    plain = unicodedata.normalize("NFKD", spaced.replace("ß", "ss"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w]+|_", " ", plain.casefold()).split())


def slug(heading: str) -> str:
    """The name of the attribute a column is kept as: "Lead Quality" → "lead_quality"."""
    return normal(heading).replace(" ", "_")[:60].strip("_") or "column"
