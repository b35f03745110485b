"""One act, one transaction; again from the start when another client was quicker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

T = TypeVar("T")

ATTEMPTS = 12
RACED = frozenset({"23505", "40001", "40P01"})
"""Unique violation, serialization failure, deadlock: what a concurrent writer can cause."""

NEW_IDS = """
    SELECT nextval(counter.name) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) counter,
        generate_series(1, %s)
"""
"""The sequence is looked up once, not once an id."""


def run_again_if_raced(act: Callable[[], T]) -> T:
    """Run `act` in a transaction; if a concurrent writer spoilt it, undo it and start over.

    Writers take their locks in one order (companies of which there are news, leads by id with everybody of
    these companies, new companies, new e-mail addresses, external ids, activity keys), so that they wait for
    each other rather than collide; what remains is somebody creating the same lead meanwhile, which the next
    try finds.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            with transaction.atomic():
                return act()
        except (IntegrityError, OperationalError) as error:
            if getattr(error.__cause__, "pgcode", None) not in RACED:
                raise
    with transaction.atomic():
        return act()


@contextmanager
def rehearsal(is_rehearsal: bool) -> Iterator[None]:
    """What is written inside is undone at the end if `is_rehearsal`."""
    if not is_rehearsal:
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def new_ids(table: str, count: int) -> list[int]:
    """`count` unused ids of a table, so that rows of several tables can be written knowing them."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEW_IDS, [table, count])
        return [row[0] for row in cursor.fetchall()]
