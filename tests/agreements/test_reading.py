"""What a document file may get wrong, and what its author is told."""

import copy
from datetime import date

import pytest

from agreements import reading
from agreements.document import Problem
from agreements.models import Agreement, BusinessCalendar, Version
from agreements.periods import UnknownPeriod, resolve_period
from agreements.services import DocumentInvalid, create_calendar, load_agreement
from agreements.services.documents import STARTER
from agreements.yaml_files import FileError, parse
from tests.factories.agreements import starter_content

pytestmark = pytest.mark.django_db


@pytest.fixture
def content():
    return copy.deepcopy(starter_content())


def problems_of(source, now):
    with pytest.raises(DocumentInvalid) as refusal:
        load_agreement(source=source, now=now, actor=None)
    assert not Agreement.objects.exists()
    assert not BusinessCalendar.objects.exists()
    assert not Version.objects.exists()
    return refusal.value.problems


def clause(content, key):
    return next(
        entry
        for section in content.values()
        if isinstance(section, list)
        for entry in section
        if entry["key"] == key
    )


@pytest.mark.parametrize(
    ("key", "change", "field", "words"),
    [
        (
            "trigger-score",
            {"response_policy": "response-fast"},
            "response_policy",
            "there are response-standard, response-urgent",
        ),
        ("trigger-score", {"cadence": "mql"}, "cadence", "“mql” is no cadence"),
        ("trigger-score", {"pool": "In bound"}, "pool", "valid “slug”"),
        ("standard-2", {"cadence": "cadence-slow"}, "cadence", "no cadence of this document"),
        ("return-not-now", {"track": "track-x"}, "track", "no nurture track"),
        (
            "response-urgent",
            {"accept_within": "soon"},
            "accept_within",
            "“soon” is not a time span: write for example",
        ),
        ("response-urgent", {"accept_within": None}, "accept_within", "null"),
        ("response-urgent", {"remind_after": "often"}, "remind_after", "integer"),
        ("response-urgent", {"remind_after": True}, "remind_after", "in quotation marks"),
        (
            "response-urgent",
            {"words": "Within {acept_within}."},
            "words",
            "“{acept_within}” is no field of this clause",
        ),
        ("response-urgent", {"words": "Within {words}."}, "words", "“{words}” is no field"),
        ("response-urgent", {"words": "Within {accept_within."}, "words", "is no field"),
        ("response-urgent", {"words": "See {§reply}."}, "words", "no clause has the key “reply”"),
        ("response-urgent", {"words": "See {§a b}."}, "words", "“{§a b}” is no field"),
        ("response-urgent", {"colour": "red"}, "colour", "means nothing here; known are accept_within"),
        (
            "response-urgent",
            {"clause": "responce_policy"},
            "clause",
            "in this chapter: handoff_trigger, resp",
        ),
        ("response-urgent", {"key": "urgent response"}, "key", "valid “slug”"),
        ("response-urgent", {"key": "mql"}, "key", "2 clauses have this key"),
        ("response-urgent", {"title": ["a"]}, "title", "give one value"),
        ("lead", {"criteria": "source"}, "criteria", "give a list"),
        ("goal-revenue", {"target": "much"}, "target", "decimal number"),
        (
            "goal-revenue",
            {"period": "this_decade"},
            "period",
            "“this_decade” is no period",
        ),
        (
            "goal-revenue",
            {"period": "this_year", "starts_on": "2027-01-01"},
            "ends_on",
            "It must end after it starts.",
        ),
        ("goal-revenue", {"starts_on": "01.10.2026"}, "starts_on", "invalid date format"),
        ("funnel-plan", {"mql_to_sql": 0}, "mql_to_sql", "At a rate of 0 from MQL to SQL"),
        ("commitment-mqls", {"side": "board"}, "side", "not a valid choice"),
        ("fit-chief", {"points": 0}, "points", "gives points"),
    ],
)
def test_load_tells_what_is_wrong_with_a_clause(content, now, key, change, field, words):
    clause(content, key).update(change)
    (problem,) = problems_of(content, now)
    assert (problem.key, problem.field) == (change.get("key", key), field)
    assert words in problem.message


def test_load_tells_everything_at_once_with_lines(tmp_path, now):
    text = STARTER.read_text("utf-8")
    for right, wrong in (
        ("zone: Europe/Berlin", "zone: Europe/Bonn"),
        ("    target: 1200000", "    target: lots"),
        ("    within: 4 business hours\n", "    within: 4 busy hours\n"),
        ("    minimum_attempts: 6\n", ""),
        ("    side: marketing\n    measure: mqls", "    side: marketing\n    meassure: mqls"),
    ):
        assert text.count(right) >= 1
        text = text.replace(right, wrong, 1)
    broken = tmp_path / "broken.yaml"
    broken.write_text(text, "utf-8")
    lines = text.split("\n")
    found = [
        (lines[problem.line - 1].strip(), problem.key, problem.field) for problem in problems_of(broken, now)
    ]
    assert found == [
        ("calendar:", "", "calendar"),
        ("target: lots", "goal-revenue", "target"),
        ("- clause: cadence", "cadence-standard", "minimum_attempts"),
        ("within: 4 busy hours", "standard-2", "within"),
        ("- clause: commitment", "commitment-mqls", "measure"),
        ("meassure: mqls", "commitment-mqls", "meassure"),
    ]


def test_error_reads_as_a_list_of_places_and_sentences(content, now):
    clause(content, "standard-2")["within"] = "soon"
    clause(content, "goal-revenue")["title"] = ""
    with pytest.raises(DocumentInvalid) as refusal:
        load_agreement(source=content, now=now, actor=None)
    head, *rest = str(refusal.value).split("\n")
    assert head == "2 things are wrong with the document:"
    assert rest[0] == "goal-revenue · title: This field cannot be blank."
    assert rest[1].startswith("standard-2 · within: “soon” is not a time span")


@pytest.mark.parametrize(
    ("section", "value", "field", "words"),
    [
        ("goals", {"a": 1}, "goals", "give a list of clauses"),
        ("goals", ["a"], "", "a clause says which one it is"),
        ("gaols", [], "gaols", "means nothing here; known are agreement"),
        ("version", {}, "title", "cannot be null"),
        ("version", None, "version", "the document needs a title"),
        ("version", {"title": "A", "author": "B"}, "author", "means nothing here"),
        ("agreement", None, "agreement", "give the agreement’s slug and name"),
        ("agreement", {"slug": "a b", "name": "A"}, "slug", "valid “slug”"),
        ("agreement", {"slug": "a"}, "name", "cannot be null"),
        ("agreement", {"slug": "a", "name": "A", "covers": "all"}, "covers", "give a list"),
        ("calendar", None, "calendar", "a new agreement needs the slug of its calendar"),
        ("calendar", {"slug": "x", "name": "X"}, "zone", "is missing"),
        ("calendar", {"slug": "x", "name": "X", "zone": 1}, "zone", "give a text"),
        ("calendar", {"slug": "x y", "name": "X", "zone": "UTC"}, "slug", "valid “slug”"),
        ("calendar", {"slug": ["x"], "name": "X", "zone": "UTC"}, "calendar", "needs the slug"),
        ("calendar", {"slug": "x", "name": "X", "zone": "UTC", "week": []}, "week", "give weekdays"),
        (
            "calendar",
            {"slug": "x", "name": "X", "zone": "UTC", "always_open": 1},
            "always_open",
            "true or false",
        ),
        ("calendar", {"slug": "x", "name": "X", "zone": "UTC", "closed_on": "x"}, "closed_on", "give a list"),
        ("agreement", {"slug": "a", "name": "A", "currency": "eur"}, "currency", "three capital letters"),
        ("calendar", {"slug": "x", "name": "X", "zone": "UTC", "hours": {}}, "hours", "means nothing here"),
        ("calendar", {"slug": "x", "name": "X", "zone": "UTC"}, "calendar", "never opens"),
        (
            "calendar",
            {"slug": "x", "name": "X", "zone": "UTC", "always_open": True, "country": "XX"},
            "calendar",
            "holidays are known for the country XX",
        ),
    ],
)
def test_load_tells_what_is_wrong_around_the_clauses(content, now, section, value, field, words):
    (problem,) = problems_of(content | {section: value}, now)
    assert (problem.key, problem.field) == ("", field)
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"agreement:\n  slug: [a\n", 3, "expected"),
        (b"agreement:\n  slug: a\n  slug: b\n", 3, "“slug” stands here twice"),
        (b"a: &x 1\nb: *x\n", 2, "write the value out"),
        (b"a:\n  b: c: d\n", 2, "a text with a colon in it must stand in quotation marks"),
        (b"", 1, "the file is empty"),
        (b"- a\n", 1, "begins with “agreement:”"),
        (b"? [a]\n: b\n", 1, "plain word"),
        (b"a: !!python/object:os.system x\n", 1, "could not determine a constructor"),
        (b"a: \xff\n", None, "not written in UTF-8"),
    ],
)
def test_load_tells_why_a_file_is_no_document(tmp_path, now, text, line, words):
    file = tmp_path / "document.yaml"
    file.write_bytes(text)
    (problem,) = problems_of(file, now)
    assert problem.line == line
    assert words in problem.message


def test_plain_words_stay_words():
    data, lines = parse("a: [NO, 17:30, 2026-10-01, yes, 1_000]\nb: {c: true, d: ~, e: -3, f: 0.25}")
    assert data == {
        "a": ["NO", "17:30", "2026-10-01", "yes", "1_000"],
        "b": {"c": True, "d": None, "e": -3, "f": 0.25},
    }
    assert (lines[("a", 4)], lines[("b", "f")]) == (1, 2)


def test_parse_names_the_line_of_an_error():
    with pytest.raises(FileError) as refusal:
        parse("a: 1\nb: {")
    assert refusal.value.line == 2


def test_check_of_another_app_is_told_with_its_line(monkeypatch, now):
    def seen(document):
        yield Problem("mql", "criteria", f"{len(document.clauses)} clauses")
        yield Problem("", "", "as a whole")

    monkeypatch.setattr(reading, "checks", [seen])
    whole, of_clause = problems_of(STARTER, now)
    assert (whole.line, whole.message) == (None, "as a whole")
    line = STARTER.read_text("utf-8").split("\n")[of_clause.line - 1]
    assert line == "    criteria:"


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("this_month", (2026, 11, 1), (2026, 11, 30)),
        ("next_month", (2026, 12, 1), (2026, 12, 31)),
        ("this_quarter", (2026, 10, 1), (2026, 12, 31)),
        ("next_quarter", (2027, 1, 1), (2027, 3, 31)),
        ("this_year", (2026, 1, 1), (2026, 12, 31)),
        ("next_year", (2027, 1, 1), (2027, 12, 31)),
    ],
)
def test_period_is_the_calendar_s(word, first, last):
    assert resolve_period(word, date(2026, 11, 2)) == (date(*first), date(*last))


def test_period_must_be_known():
    with pytest.raises(UnknownPeriod):
        resolve_period("this_week", date(2026, 11, 2))


@pytest.mark.parametrize(
    ("key", "change", "field", "words"),
    [
        ("lead", {"criteria": [{"field": "sauce", "op": "is_set"}]}, "criteria", "no field “sauce”"),
        ("sql", {"kind": "mql"}, "kind", "is defined twice"),
        (
            "fit-chief",
            {"conditions": [{"field": "phone", "op": "at_least", "value": 3}]},
            "conditions",
            "at_least",
        ),
        ("fit-chief", {"points": 0}, "points", "gives points or takes them away"),
        ("fit-chief", {"cap": 5}, "cap", "Only a rule of interest has this."),
        ("interest-page-view", {"activity_type": ""}, "activity_type", "Name the activity"),
        ("interest-page-view", {"conditions": [{"field": "url"}]}, "conditions", "operator"),
        ("range-interest", {"dimension": "fit"}, "dimension", "this is its second"),
        ("grade-c", {"at_least": 50}, "at_least", "two grades of one dimension begin at 50 points"),
        ("grade-c", {"label": "B"}, "label", "“B” labels two grades"),
        ("grade-d", {"at_least": 5}, "at_least", "no grade is left for a score from 0 to below 5"),
        ("mql-threshold", {"grades": ["A1", "E1"]}, "grades", "“E1” is no cell of the grade matrix"),
        ("mql-threshold", {"grades": []}, "grades", "at least one cell"),
        ("mql-threshold", {"unless": [{"field": "job_title", "op": "like"}]}, "unless", "no operator “like”"),
        ("trigger-score", {"required_information": ["shoe"]}, "required_information", "no field “shoe”"),
        ("cadence-standard", {"minimum_attempts": 7}, "minimum_attempts", "the cadence has 6 steps, fewer"),
        ("standard-1", {"within": "1 day"}, "within", "the response policy’s"),
        ("standard-2", {"within": None}, "within", "how long after the attempt before"),
        ("reject-duplicate", {"needs_attempts": True}, "needs_attempts", "only a return"),
    ],
)
def test_load_tells_what_would_not_run(content, now, key, change, field, words):
    clause(content, key).update(change)
    found = [problem for problem in problems_of(content, now) if (problem.key, problem.field) == (key, field)]
    assert found, "the clause that was changed is among those named"
    assert words in found[0].message


def test_load_tells_what_is_wrong_with_whom_an_agreement_covers(content, now):
    content["agreement"]["covers"] = [{"field": "continent", "op": "is", "value": "EU"}]
    (problem,) = problems_of(content, now)
    assert (problem.field, "no field “continent”" in problem.message) == ("covers", True)


def test_calendar_s_name_is_told_to_be_taken(content, now):
    create_calendar(slug="other", name="Head office", zone="UTC", always_open=True, now=now, actor=None)
    with pytest.raises(DocumentInvalid, match="another calendar has this name"):
        load_agreement(source=content, now=now, actor=None)
