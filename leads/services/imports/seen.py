"""What a file has said so far of leads and of companies, so that one file says one thing of each."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple, Protocol

from django.db import connection

from leads.models import ImportKey

TABLE = ImportKey._meta.db_table


class Said(NamedTuple):
    """A row said `told` (a digest) of something."""

    line: int
    told: int


class Seen(Protocol):
    """Digest → what was said first."""

    def find(self, digests: Collection[int]) -> Mapping[int, Said]: ...

    def add(self, said: Mapping[int, Said]) -> None: ...


class SeenInMemory:
    """For rehearsals; some 150 bytes a row."""

    def __init__(self) -> None:
        self._said: dict[int, Said] = {}

    def find(self, digests: Collection[int]) -> Mapping[int, Said]:
        return {digest: self._said[digest] for digest in digests if digest in self._said}

    def add(self, said: Mapping[int, Said]) -> None:
        for digest, one in said.items():
            self._said.setdefault(digest, one)


class SeenInTable:
    """For imports: written in the transaction that writes the leads, so that it survives whatever they
    survive.
    """

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id

    def find(self, digests: Collection[int]) -> Mapping[int, Said]:
        if not digests:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT digest, line, told FROM {TABLE} WHERE job_id = %s AND digest = ANY(%s)",
                [self.job_id, list(digests)],
            )
            return {digest: Said(line, told) for digest, line, told in cursor.fetchall()}

    def add(self, said: Mapping[int, Said]) -> None:
        if not said:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {TABLE} (job_id, digest, line, told) "
                "SELECT %s, * FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) ON CONFLICT DO NOTHING",
                [
                    self.job_id,
                    list(said),
                    [one.line for one in said.values()],
                    [one.told for one in said.values()],
                ],
            )


class Ledger:
    """What was said before and is said in one piece of a file: read once, written once."""

    def __init__(self, seen: Seen, digests: Collection[int]) -> None:
        self._seen = seen
        self._known = dict(seen.find(digests))
        self._news: dict[int, Said] = {}

    def first(self, digest: int) -> Said | None:
        """What was said first of it."""
        return self._known.get(digest)

    def say(self, digest: int, said: Said) -> None:
        if digest not in self._known:
            self._known[digest] = self._news[digest] = said

    def close(self) -> None:
        self._seen.add(self._news)


def digest(parts: Iterable[str]) -> int:
    """64 bits of what the parts say; that two differ and share it may be left out of account."""
    hashed = blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "big", signed=True)
