import pytest
from django.db import connection

from leads.conditions import (
    ATTRIBUTES,
    LEAD_FIELDS,
    OPS_OF_KIND,
    OPS_WITH_LIST,
    ConditionError,
    compile,
    validate,
    where_sql,
    words,
)
from leads.models import Activity, Lead
from tests.factories.leads import ActivityFactory, CompanyFactory, LeadFactory

ADA = {
    "email": "ada@bar.de",
    "first_name": "Ada",
    "last_name": "King",
    "job_title": "Chief Financial Officer",
    "phone": "",
    "source": "paid_search",
    "email_consent": "given",
    "attributes": {
        "plan": "Gold",
        "seats": 25,
        "price": "99.50",
        "trial": True,
        "notes": None,
        "tags": ["a", "b"],
    },
}


def condition(field, op, *value):
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


@pytest.fixture
def ada(db):
    company = CompanyFactory(name="Bar AG", domain="bar.de", employees=900, country="DE", industry="Banking")
    return LeadFactory(company=company, **ADA)


@pytest.mark.parametrize(
    ("field", "op", "value", "holds"),
    [
        ("email", "is", "ADA@bar.de", True),
        ("email_domain", "is", "bar.de", True),
        ("email_domain", "in", ["foo.de", "bar.de"], True),
        ("email_domain", "ends", None, None),
        ("first_name", "is_not", "ada", False),
        ("job_title", "contains", "FINANCIAL", True),
        ("job_title", "contains", "50%", False),
        ("job_title", "not_contains", "student", True),
        ("job_title", "has_word", ["FINANCIAL"], True),
        ("job_title", "has_word", ["finance", "chief"], True),
        ("job_title", "has_word", ["financ"], False),
        ("job_title", "not_has_word", ["financ"], True),
        ("job_title", "starts_with", "chief", True),
        ("job_title", "starts_with", "financial", False),
        ("phone", "is_set", None, False),
        ("phone", "is_not_set", None, True),
        ("phone", "is", "1", False),
        ("phone", "is_not", "1", True),
        ("phone", "not_in", ["1"], True),
        ("email_consent", "is", "given", True),
        ("do_not_call", "is", False, True),
        ("do_not_call", "is_not", True, True),
        ("company.name", "contains", "bar", True),
        ("company.country", "in", ["at", "de"], True),
        ("company.employees", "at_least", 900, True),
        ("company.employees", "at_least", 901, False),
        ("company.employees", "at_most", 900.5, True),
        ("company.employees", "is", 900, True),
        ("company.employees", "not_in", [1, 900], False),
        ("attributes.plan", "is", "gold", True),
        ("attributes.seats", "at_least", 25, True),
        ("attributes.seats", "is", 25, True),
        ("attributes.seats", "is", "25", True),
        ("attributes.price", "at_most", 99.5, True),
        ("attributes.plan", "at_least", 1, False),
        ("attributes.trial", "is", True, True),
        ("attributes.notes", "is_set", None, False),
        ("attributes.missing", "is_set", None, False),
        ("attributes.missing", "is", "x", False),
        ("attributes.missing", "is_not", "x", True),
        ("attributes.missing", "at_least", 0, False),
        ("attributes.missing", "is_not", 5, True),
        ("attributes.tags", "contains", "b", True),
    ],
)
def test_a_condition_holds_or_not(ada, field, op, value, holds):
    asked = [condition(field, op, value)] if value is not None else [condition(field, op)]

    if holds is None:
        with pytest.raises(ConditionError):
            validate(asked)
        return
    validate(asked)

    assert Lead.objects.filter(compile(asked)).exists() is holds
    assert Lead.objects.filter(~compile(asked)).exists() is not holds


@pytest.mark.parametrize("field", [*LEAD_FIELDS, f"{ATTRIBUTES}plan"])
def test_a_lead_that_lacks_everything_meets_only_negations(db, field):
    LeadFactory(email=None, first_name="", last_name="", job_title="", company=None, source="")
    kind = LEAD_FIELDS[field].kind if field in LEAD_FIELDS else "json"
    if kind in {"boolean", "consent"}:
        return
    value = 1 if kind == "number" else "x"
    met = set()
    for op in OPS_OF_KIND[kind]:
        given = [value] if op in OPS_WITH_LIST else 1 if op in {"at_least", "at_most"} else value
        asked = [condition(field, op)] if op.endswith("_set") else [condition(field, op, given)]
        validate(asked)
        if Lead.objects.filter(compile(asked)).exists():
            met.add(op)

    assert met == OPS_OF_KIND[kind] & {"is_not", "not_in", "not_contains", "not_has_word", "is_not_set"}


@pytest.mark.parametrize(
    ("title", "word", "holds"),
    [
        ("International Sales Director", "intern", False),
        ("Internal Audit", "intern", False),
        ("Marketing intern (f/m/d)", "intern", True),
        ("HR-Intern", "intern", True),
        ("Geschäftsführer", "führer", False),
        ("Leiter, GESCHÄFTSFÜHRUNG", "geschäftsführung", True),
        ("Éintern", "intern", False),
        ("Ученик", "УЧЕНИК", True),
        ("Учениками", "ученик", False),
        ("C++ engineer", "c++", True),
        ("Head  of\tSales", "head of", True),
        ("Head office", "head of", False),
        ("50% intern", ".* intern", False),
    ],
)
def test_a_word_is_found_whole_in_any_script(db, title, word, holds):
    LeadFactory(job_title=title)
    asked = [condition("job_title", "has_word", [word])]
    validate(asked)
    assert Lead.objects.filter(compile(asked)).exists() is holds
    assert (
        Lead.objects.filter(compile([condition("job_title", "not_has_word", [word])])).exists() is not holds
    )


@pytest.mark.parametrize("value", ["intern", [], [" "], [3]])
def test_words_are_a_list_of_text(value):
    with pytest.raises(ConditionError):
        validate([condition("attributes.role", "has_word", value)])


def test_all_conditions_must_hold_and_none_means_everybody(ada):
    both = [condition("company.country", "is", "DE"), condition("first_name", "is", "Ben")]

    assert not Lead.objects.filter(compile(both)).exists()
    assert Lead.objects.filter(compile([])).exists()
    assert where_sql([]) == ("TRUE", [])


def test_a_lead_without_company_is_asked_too(ada):
    LeadFactory(company=None)

    assert Lead.objects.filter(compile([condition("company.country", "is_not", "AT")])).count() == 2


def test_conditions_reach_a_lead_through_another_model(ada):
    ActivityFactory(lead=ada)
    german = compile([condition("company.country", "is", "DE")], prefix="lead__")

    assert Activity.objects.filter(german).count() == 1


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [("contains", "/PRICING", True), ("is", "/", False), ("is_not_set", None, False)],
)
def test_conditions_on_a_payload(db, op, value, holds):
    ActivityFactory(payload={"url": "https://portal.example/pricing", "seconds": 40})
    asked = [condition("url", op, value)] if value else [condition("url", op)]
    validate(asked, on="payload")

    assert Activity.objects.filter(compile(asked, on="payload")).exists() is holds


def test_where_sql_says_the_same_of_rows_that_are_not_written_yet(db):
    sql, params = where_sql(
        [condition("company.country", "is", "DE"), condition("attributes.seats", "at_least", 5)]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT "leads_lead".id, {sql} FROM (VALUES (1, '{{"seats": 5}}'::jsonb, 7), (2, '{{}}'::jsonb, 7))
                AS "leads_lead"(id, attributes, company_id)
            LEFT JOIN (VALUES (7, 'DE')) AS "leads_company"(id, country) ON "leads_company".id = "leads_lead".company_id
            ORDER BY 1""",
            params,
        )

        assert cursor.fetchall() == [(1, True), (2, False)]


@pytest.mark.parametrize(
    ("conditions", "words_in_it"),
    [
        ({"field": "email"}, "list"),
        ([{"field": "shoe_size", "op": "is", "value": "9"}], "shoe_size"),
        ([{"field": "email", "op": "resembles", "value": "x"}], "resembles"),
        ([{"field": "email", "op": "at_least", "value": 5}], "at_least"),
        ([{"field": "email", "op": "is", "value": ""}], "no value"),
        ([{"field": "email", "op": "is", "value": "a\0b"}], "no value"),
        ([{"field": "email", "op": "in", "value": "x"}], "list"),
        ([{"field": "email", "op": "is_set", "value": "x"}], "takes no value"),
        ([{"field": "company.employees", "op": "at_least", "value": True}], "no value"),
        ([{"field": "company.employees", "op": "at_least", "value": 1e300}], "no value"),
        ([{"field": "email_consent", "op": "is", "value": "maybe"}], "no value"),
        ([{"field": "do_not_call", "op": "is", "value": "yes"}], "no value"),
        ([{"field": "attributes.", "op": "is_set"}], "no field"),
        ([{"field": "email", "op": "is", "value": "x", "or": []}], "nothing else"),
        ([{"field": "email", "op": "is_set"}, {"field": 5, "op": "is"}], "Condition 2"),
    ],
)
def test_validate_says_what_is_wrong(conditions, words_in_it):
    with pytest.raises(ConditionError) as caught:
        validate(conditions)

    assert words_in_it in str(caught.value)


def test_numbers_too_long_for_a_float_meet_nothing(db):
    LeadFactory(attributes={"seats": "9" * 400})

    assert not Lead.objects.filter(compile([condition("attributes.seats", "at_least", 1)])).exists()


def test_words_read_as_a_sentence():
    said = words(
        [
            condition("company.country", "in", ["DE", "AT"]),
            condition("company.employees", "at_least", 50),
            condition("do_not_call", "is_not", True),
            condition("attributes.pricing_plan", "is_set"),
        ]
    )

    assert said == (
        "company country is DE or AT and company employees is at least 50 and do not call is not yes "
        "and pricing plan is known"
    )
