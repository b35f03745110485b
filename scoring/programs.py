"""A version's scoring, compiled once in a process; anew when its document was read anew."""

from dataclasses import dataclass
from functools import cached_property

from agreements.document import Document
from agreements.selectors import document
from scoring import statements
from scoring.rules import Gate
from scoring.schemes import Terms, for_mql, terms_of
from scoring.sql import Sql


@dataclass(frozen=True)
class Program:
    document: Document

    @cached_property
    def terms(self) -> Terms:
        return terms_of(self.document)

    @cached_property
    def mql_gates(self) -> list[Gate]:
        return for_mql(self.terms.scheme)

    @cached_property
    def reading(self) -> Sql:
        return statements.reading(self.terms)

    @cached_property
    def scoring(self) -> Sql:
        return statements.scoring(self.terms, dense=False)

    @cached_property
    def scoring_a_stretch(self) -> Sql:
        return statements.scoring(self.terms, dense=True)


_KEPT = 64
_programs: dict[int, Program] = {}


def program(version_id: int) -> Program:
    """Raises `Version.DoesNotExist`."""
    read = document(version_id)
    kept = _programs.get(version_id)
    if kept is not None and kept.document is read:
        return kept
    if len(_programs) >= _KEPT:
        _programs.clear()
    _programs[version_id] = Program(read)
    return _programs[version_id]
