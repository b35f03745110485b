"""What a file has said so far of leads and of companies, so that one file says one thing of each.

Both are known by a key, a number. A lead that is in the database has its id; a new one has the digests of the
addresses and external ids that rows call it by, which are below zero. So what an import keeps grows by a row
a lead, at the end of the index, where digests would scatter over all of it.
"""

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple, Protocol

from django.db import connection

from leads.models import ImportKey

TABLE = ImportKey._meta.db_table
COMPANIES = 1 << 62
"""Keys of what is said of companies begin here, beyond the ids of leads."""
FACTS_A_COMPANY = 8
"""So many keys in a row are one company's."""


class Said(NamedTuple):
    """A row said `told` (a digest) of something."""

    line: int
    told: int


class Seen(Protocol):
    """Key → what was said first."""

    def find(self, keys: Collection[int]) -> Mapping[int, Said]: ...

    def add(self, said: Mapping[int, Said]) -> None: ...


class SeenInMemory:
    """For rehearsals, whose new leads are gone with each piece; some 300 bytes a row."""

    def __init__(self) -> None:
        self._said: dict[int, Said] = {}

    def find(self, keys: Collection[int]) -> Mapping[int, Said]:
        return {key: self._said[key] for key in keys if key in self._said}

    def add(self, said: Mapping[int, Said]) -> None:
        for key, one in said.items():
            self._said.setdefault(key, one)


class SeenInTable:
    """For imports: written in the transaction that writes the leads, so that it survives whatever they
    survive. By the next piece the new leads have ids, by which they are found again.
    """

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id

    def find(self, keys: Collection[int]) -> Mapping[int, Said]:
        lasting = [key for key in keys if key > 0]
        if not lasting:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT digest, line, told FROM {TABLE} WHERE job_id = %s AND digest = ANY(%s)",
                [self.job_id, lasting],
            )
            return {key: Said(line, told) for key, line, told in cursor.fetchall()}

    def add(self, said: Mapping[int, Said]) -> None:
        lasting = sorted((key, one.line, one.told) for key, one in said.items() if key > 0)
        if not lasting:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {TABLE} (job_id, digest, line, told) "
                "SELECT %s, * FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) ON CONFLICT DO NOTHING",
                [self.job_id, *map(list, zip(*lasting, strict=True))],
            )


class Ledger:
    """What was said before and is said in one piece of a file: read once, written once."""

    def __init__(self, seen: Seen, keys: Collection[int]) -> None:
        self._seen = seen
        self._known = dict(seen.find(keys))
        self._news: dict[int, Said] = {}

    def first(self, key: int) -> Said | None:
        """What was said first of it."""
        return self._known.get(key)

    def say(self, key: int, said: Said) -> None:
        if key not in self._known:
            self._known[key] = self._news[key] = said

    def close(self) -> None:
        self._seen.add(self._news)


def digest(*parts: str) -> int:
    """64 bits of what the parts say; that two differ and share it may be left out of account."""
    hashed = blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "big", signed=True)


def key_of_new_lead(*called: str) -> int:
    """The key of a lead that only its file knows, by its address or its external id."""
    return ~(digest(*called) & (2 * COMPANIES - 1))


def keys_of_facts(*company: str) -> Iterator[int]:
    """The keys of what may be said of a company."""
    first = COMPANIES | digest(*company) & (COMPANIES - FACTS_A_COMPANY)
    return iter(range(first, first + FACTS_A_COMPANY))
