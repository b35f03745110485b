"""From plain data to clauses: tells everything that is wrong with a document at once, writes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.document import Content, Document, Problem, checks, section_of
from agreements.models import Clause, Component, Version, clause_models, kind_of
from agreements.periods import WORDS, UnknownPeriod, resolve_period
from agreements.wording import clauses_named, fields_of, unknown_placeholders
from agreements.yaml_files import Path

ABOUT = ("title", "preamble", "change_note")
SECTIONS = {section_of(component): component for component in Component}


class DocumentInvalid(ValueError):
    """A document cannot be loaded; `problems` tells everything that is wrong, in the user's words."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line or 0)
        head = ngettext(
            "%(count)d thing is wrong with the document:",
            "%(count)d things are wrong with the document:",
            len(self.problems),
        )
        super().__init__("\n".join([head % {"count": len(self.problems)}, *map(str, self.problems)]))


def read_content(
    data: Content, *, version: Version, today: date, lines: Mapping[Path, int] | None = None
) -> Document:
    """The document that plain data describes: unsaved clauses of an unsaved `version`, whose title it sets.

    `lines` tells where each value stands in a file; `today` is what `period: this_quarter` counts from.
    Raises `DocumentInvalid` with all problems.
    """
    return _Reader(data, version, today, lines or {}).read()


class Report:
    """Collects problems, with the line of the file at which each stands."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.problems: list[Problem] = []

    def report(self, path: Path, key: str, field: str, message: str) -> None:
        """Add a problem; where a value is missing, the line is that of what it is missing from."""
        places = (path[:end] for end in range(len(path), 0, -1))
        line = next((self.lines[place] for place in places if place in self.lines), None)
        self.problems.append(Problem(key, field, message, line))

    def refuse(self) -> None:
        """Raises `DocumentInvalid` if there are any."""
        if self.problems:
            raise DocumentInvalid(self.problems)

    def refuse_unknown(self, given: Mapping[str, Any], known: Iterable[str], path: Path, key: str) -> None:
        for name in given.keys() - set(known):
            message = _("means nothing here; known are %(known)s") % {"known": say_names(known)}
            self.report((*path, name), key, str(name), message)

    def set_field(
        self, row: models.Model, field: models.Field[Any, Any], value: Any, path: Path, key: str
    ) -> None:
        try:
            setattr(row, field.name, cleaned(field, value, row))
        except ValidationError as error:
            for message in error.messages:
                self.report(path, key, field.name, message)


class _Reader(Report):
    def __init__(self, data: Content, version: Version, today: date, lines: Mapping[Path, int]) -> None:
        super().__init__(lines)
        self.data = data
        self.version = version
        self.today = today
        self.places: dict[str, Path] = {}

    def read(self) -> Document:
        """Fields one by one first; only then what must hold between clauses: nothing is reported twice."""
        self.read_about()
        document = Document(self.version, tuple(self.read_sections()))
        self.check_keys(document)
        self.refuse()
        self.check_references(document)
        self.refuse()
        for check in checks:
            self.problems += map(self.located, check(document))
        self.refuse()
        return document

    def located(self, problem: Problem) -> Problem:
        """The same problem, with its line where the file tells it."""
        path = self.places.get(problem.key)
        if path is None:
            return problem
        return replace(problem, line=self.lines.get((*path, problem.field), self.lines.get(path)))

    # --- What stands outside the clauses

    def read_about(self) -> None:
        about = self.data.get("version")
        if not isinstance(about, Mapping):
            self.report(("version",), "", "version", _("the document needs a title here"))
            return
        self.refuse_unknown(about, ABOUT, ("version",), "")
        for name in ABOUT:
            if name in about or name == "title":
                self.set_field(self.version, field_of(Version, name), about.get(name), ("version", name), "")

    # --- Clauses

    def read_sections(self) -> Iterator[Clause]:
        for section, component in SECTIONS.items():
            entries = self.data.get(section, [])
            if not isinstance(entries, list):
                self.report((section,), "", section, _("give a list of clauses"))
                continue
            for index, entry in enumerate(entries):
                clause = self.read_clause(entry, component, (section, index))
                if clause is not None:
                    clause.position = index + 1
                    yield clause

    def read_clause(self, entry: Any, component: Component, path: Path) -> Clause | None:
        if not isinstance(entry, Mapping):
            self.report(path, "", "", _("a clause says which one it is, and has a key, a title and words"))
            return None
        key = str(entry.get("key", ""))
        kinds = {kind_of(model): model for model in clause_models() if model.component == component}
        model = kinds.get(str(entry.get("clause")))
        if model is None:
            message = _("say which clause it is; in this chapter: %(kinds)s") % {"kinds": say_names(kinds)}
            self.report((*path, "clause"), key, "clause", message)
            return None
        self.places.setdefault(key, path)
        return self.fill_clause(model, self.with_dates(model, entry, path), path, key)

    def with_dates(self, model: type[Clause], entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """The entry with `period` written out as its first and last day."""
        values = {name: value for name, value in entry.items() if name != "clause"}
        if "period" not in values or not {"starts_on", "ends_on"} <= fields_of(model).keys():
            return values
        word = str(values.pop("period"))
        try:
            first, last = resolve_period(word, self.today)
        except UnknownPeriod:
            message = _("“%(word)s” is no period; write one of %(words)s, or the dates")
            words = {"word": word, "words": say_names(WORDS)}
            self.report((*path, "period"), str(entry.get("key", "")), "period", message % words)
            first, last = resolve_period("this_year", self.today)
        return {"starts_on": first.isoformat(), "ends_on": last.isoformat(), **values}

    def fill_clause(self, model: type[Clause], values: dict[str, Any], path: Path, key: str) -> Clause:
        before = len(self.problems)
        clause = model(version=self.version)
        fields = fields_of(model)
        self.refuse_unknown(values, fields, path, key)
        for name, field in fields.items():
            if name in values:
                self.set_field(clause, field, values[name], (*path, name), key)
            elif not (field.has_default() or field.blank or field.null):
                self.report(path, key, name, _("is missing"))
        if len(self.problems) == before:
            self.check_clause(clause, path, key)
        return clause

    def check_clause(self, clause: Clause, path: Path, key: str) -> None:
        """What must hold between the fields of one clause."""
        for name in unknown_placeholders(type(clause), clause.words):
            known = say_names(fields_of(type(clause)).keys() - {"words"})
            message = _("“{%(name)s}” is no field of this clause; there are %(known)s")
            self.report((*path, "words"), key, "words", message % {"name": name, "known": known})
        try:
            clause.clean()
            for constraint in clause._meta.constraints:
                if isinstance(constraint, models.CheckConstraint):
                    constraint.validate(type(clause), clause, exclude={"version", "position"})
        except ValidationError as error:
            for name, messages in by_field(error).items():
                for message in messages:
                    self.report((*path, name), key, name, message)

    # --- Between clauses

    def check_keys(self, document: Document) -> None:
        for key, count in Counter(clause.key for clause in document.clauses if clause.key).items():
            if count > 1:
                message = ngettext("%(count)d clause has this key", "%(count)d clauses have this key", count)
                self.report(self.places.get(key, ()), key, "key", message % {"count": count})

    def check_references(self, document: Document) -> None:
        for clause in document.clauses:
            for name, kind in type(clause).references.items():
                value = getattr(clause, name)
                if value:
                    self.check_reference(document, clause, name, value, kind)
            for key in clauses_named(clause.words):
                if key not in document.by_key:
                    message = _("no clause has the key “%(key)s”") % {"key": key}
                    self.report((*self.places[clause.key], "words"), clause.key, "words", message)

    def check_reference(self, document: Document, clause: Clause, name: str, value: str, kind: str) -> None:
        known = [other.key for other in document.clauses if other.clause_kind == kind]
        if value in known:
            return
        message = _("“%(value)s” is no %(kind)s of this document; there are %(known)s")
        words = {"value": value, "kind": kind.replace("_", " "), "known": say_names(known)}
        self.report((*self.places[clause.key], name), clause.key, name, message % words)


def say_names(names: Iterable[str]) -> str:
    """Names as they are written in the file, in order."""
    return ", ".join(sorted(names)) or _("none")


def by_field(error: ValidationError) -> dict[str, list[str]]:
    """The messages of an error by field; the empty name for those of none."""
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


def field_of(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    """A column of a model."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def cleaned(field: models.Field[Any, Any], value: Any, row: models.Model) -> Any:
    """The value as the field keeps it. Raises `ValidationError`, in words."""
    if isinstance(field, models.JSONField):
        if not isinstance(value, list):
            raise ValidationError(_("give a list"))
        return value
    if isinstance(value, list | dict):
        raise ValidationError(_("give one value"))
    if isinstance(value, bool) and not isinstance(field, models.BooleanField):
        raise ValidationError(
            _("“%(value)s” in quotation marks, if the word is meant") % {"value": str(value).lower()}
        )
    return field.clean(str(value) if isinstance(value, float) else value, row)
