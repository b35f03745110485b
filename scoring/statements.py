"""A version's scoring compiled to SQL: one statement for one lead, a batch and all leads.

`reading` gives each lead's facts, a column for each rule. `scoring` puts the arithmetic of `scoring.rules`
on top of it, step by step, and writes what changed. `OFFSET 0` keeps the planner from folding the steps
into each other, which would compute an expression again wherever its name is used. Why all this:
docs/decisions/0004-scoring-in-sql.md.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from leads.conditions import where_sql
from leads.stages import Stage
from scoring.rules import DECAYED_AWAY, MOST_HALVINGS, NOISE, Gate, InterestRule, Limits, Step
from scoring.schemes import Conditions, Terms, for_mql
from scoring.sql import Given, Sql, joined, sql

BELOW_MQL = (Stage.CONTACT, Stage.LEAD)
SECONDS_A_DAY = 86_400
TEXTS_A_CALL = 90
"""PostgreSQL takes a hundred arguments to a function."""


def reading(terms: Terms) -> Sql:
    """The facts of the leads `Given.IDS` under the version's agreement, a row for each.

    Columns lead_id, stage, met (which fit rules hold), excluded (which exclusions hold), and for the interest rules
    counts (activities), decayed (their points after decay) and latest (when the last one was). All but the
    first two are lists in the order of the terms.
    """
    scheme = terms.scheme
    return sql(
        """WITH {facts} SELECT lead_id, stage, {met} AS met, {excluded} AS excluded, {counts} AS counts,
            {decayed} AS decayed, {latest} AS latest FROM reading""",
        facts=_facts(terms, dense=False, is_full=True),
        met=_array("f", len(scheme.fit), "boolean"),
        excluded=_array("x", len(terms.exclusions), "boolean"),
        counts=_array("n", len(scheme.interest), "integer"),
        decayed=_array("d", len(scheme.interest), "float8"),
        latest=_array("t", len(scheme.interest), "timestamptz"),
    )


def scoring(terms: Terms, *, dense: bool) -> Sql:
    """Score the leads `Given.IDS` under the version's agreement and write what changed.

    Gives one row: how many scores changed; the leads below MQL that qualify for it; and for each of those
    the number of its gate among `for_mql`. The leads must have been locked by an earlier statement, so that
    this one sees all that was committed before. `dense`: the ids lie close together, and are read as one
    stretch.
    """
    return sql(
        """WITH {facts}, {arithmetic}, {comparison}, {written}, {changes}
        SELECT (SELECT count(*) FROM changes), array_agg(lead_id), array_agg(gate)
        FROM scored WHERE gate IS NOT NULL AND stage IN ({below})""",
        facts=_facts(terms, dense=dense),
        arithmetic=_arithmetic(terms),
        comparison=_comparison(dense=dense),
        written=_written(terms.version_id),
        changes=_changes(terms),
        below=joined(", ", (sql("{stage}", stage=stage.value) for stage in BELOW_MQL)),
    )


# --- Facts ------------------------------------------------------------------------------------------------


def _facts(terms: Terms, *, dense: bool, is_full: bool = False) -> Sql:
    """`reading`: for each lead f0… (fit rules), x0… (exclusions), d0…, and in full n0…, t0… (interest)."""
    tallies = list(_tallies(terms, dense=dense, is_full=is_full))
    return sql(
        "{lead}{tallies}, reading AS (SELECT lead.*{columns} FROM lead{joins} OFFSET 0)",
        lead=_lead(terms, dense=dense),
        tallies=joined("", (tally for _, tally in tallies)),
        columns=Sql("".join(_columns(len(terms.scheme.interest), is_full=is_full))),
        joins=Sql("".join(f" LEFT JOIN {name} ON {name}.lead_id = lead.lead_id" for name, _ in tallies)),
    )


def _lead(terms: Terms, *, dense: bool) -> Sql:
    fit = (
        sql(f", {{holds}} AS f{i}", holds=_all_hold(terms.conditions.get(rule.key, [])))
        for i, rule in enumerate(terms.scheme.fit)
    )
    exclusions = (
        sql(f", {{holds}} AS x{i}", holds=_all_hold([exclusion.condition]))
        for i, exclusion in enumerate(terms.exclusions)
    )
    return sql(
        """lead AS (
            SELECT leads_lead.id AS lead_id, leads_lead.stage{tests}
            FROM leads_lead LEFT JOIN leads_company ON leads_company.id = leads_lead.company_id
            WHERE {among} AND leads_lead.id = ANY({ids}::bigint[]) AND leads_lead.agreement_id = {agreement}
        )""",
        tests=joined("", [*fit, *exclusions]),
        among=_among("leads_lead.id", dense=dense),
        ids=Given.IDS,
        agreement=terms.agreement_id,
    )


def _all_hold(conditions: Conditions) -> Sql:
    text, params = where_sql(conditions)
    return Sql(text, tuple(params))


def _among(column: str, *, dense: bool) -> Sql:
    """The leads asked for or, where they lie close together, the stretch with them, which is faster."""
    if dense:
        return sql(f"{column} BETWEEN {{lowest}} AND {{highest}}", lowest=Given.LOWEST, highest=Given.HIGHEST)
    return sql(f"{column} = ANY({{ids}}::bigint[])", ids=Given.IDS)


def _tallies(terms: Terms, *, dense: bool, is_full: bool) -> Iterator[tuple[str, Sql]]:
    """One pass over the leads' activities for all rules, which needs nothing but the index; where rules
    look into the payload, a second one for those, over their types alone.
    """
    plain: dict[int, InterestRule] = {}
    looking: dict[int, InterestRule] = {}
    for number, rule in enumerate(terms.scheme.interest):
        (looking if rule.key in terms.conditions else plain)[number] = rule
    if plain:
        yield "acts", _tally("acts", plain, terms, Sql(""), dense=dense, is_full=is_full)
    if looking:
        types = sorted({rule.activity_type for rule in looking.values()})
        only = sql(" AND type IN ({types})", types=joined(", ", (sql("{type}", type=each) for each in types)))
        yield "looks", _tally("looks", looking, terms, only, dense=dense, is_full=is_full)


def _tally(
    name: str, rules: dict[int, InterestRule], terms: Terms, only: Sql, *, dense: bool, is_full: bool
) -> Sql:
    # Materialized, or a planner that expects one lead, as it does of tables that were never analyzed, would count
    # everybody's activities again for each.
    worths = (
        _worth(number, rule, terms.conditions.get(rule.key, []), is_full=is_full)
        for number, rule in rules.items()
    )
    return sql(
        f""", {name} AS MATERIALIZED (
            SELECT lead_id{{worths}} FROM leads_activity WHERE human AND {{among}}{{only}} GROUP BY lead_id
        )""",
        worths=joined("", worths),
        among=_among("lead_id", dense=dense),
        only=only,
    )


def _worth(number: int, rule: InterestRule, conditions: Conditions, *, is_full: bool) -> Sql:
    """Points after decay of the activities a rule speaks of; if full their number and the time of the
    latest.
    """
    text, params = where_sql(conditions, on="payload")
    looks = sql(" AND {looks}", looks=Sql(text, tuple(params))) if conditions else Sql("")
    which = sql("FILTER (WHERE type = {type}{looks})", type=rule.activity_type, looks=looks)
    columns = [f"{rule.points} * {_weights(rule)} {{which}} AS d{number}"]
    if is_full:
        columns.append(f"count(*) {{which}} AS n{number}")
        columns.append(f"max(occurred_at) {{which}} AS t{number}")
    return sql("".join(f", {column}" for column in columns), which=which, epoch=Given.EPOCH)


def _weights(rule: InterestRule) -> str:
    """What is left of one point each; see `scoring.rules.weight`."""
    if not rule.half_life_days:
        return "count(*)"
    age = "greatest(0, {epoch} - date_part('epoch', occurred_at))"
    halvings = f"least({MOST_HALVINGS}, {age} / {rule.half_life_days * SECONDS_A_DAY})"
    return f"sum(power(0.5::float8, {halvings}))"


def _columns(interest_rules: int, *, is_full: bool) -> Iterator[str]:
    for i in range(interest_rules):
        yield f", coalesce(d{i}, 0)::float8 AS d{i}"
        if is_full:
            yield f", coalesce(n{i}, 0) AS n{i}, t{i}"


# --- Arithmetic -------------------------------------------------------------------------------------------


def _arithmetic(terms: Terms) -> Sql:
    """From the facts to fit, interest, grade and gate; see `scoring.rules.score`."""
    scheme = terms.scheme
    fit = [f"CASE WHEN f{i} THEN {rule.points} ELSE 0 END" for i, rule in enumerate(scheme.fit)]
    worth = [_capped(f"d{i}", rule) for i, rule in enumerate(scheme.interest)]
    decaying = [f"abs(d{i})" for i, rule in enumerate(scheme.interest) if rule.half_life_days]
    return sql(
        f"""summed AS (
            SELECT *, {_held(scheme.fit_limits, _sum(fit))} AS fit,
                {_held(scheme.interest_limits, f"floor({_sum(worth)} + 0.5 + {NOISE})")} AS interest,
                {_sum(decaying)} > {DECAYED_AWAY - NOISE} AS decays
            FROM reading OFFSET 0
        ),
        graded AS (SELECT *, {{letter}} || {{digit}} AS grade FROM summed OFFSET 0),
        gated AS (SELECT *, {{gate}} AS gate FROM graded OFFSET 0)""",
        letter=_label("fit", scheme.letters),
        digit=_label("interest", scheme.digits),
        gate=_gate(terms),
    )


def _sum(summands: Iterable[str]) -> str:
    return " + ".join(summands) or "0"


def _capped(points: str, rule: InterestRule) -> str:
    if rule.cap is None:
        return points
    return f"least({points}, {rule.cap})" if rule.points > 0 else f"greatest({points}, -{rule.cap})"


def _held(limits: Limits, points: str) -> str:
    return f"least({limits.maximum}, greatest({limits.minimum}, {points}))::smallint"


def _label(column: str, steps: Sequence[Step]) -> Sql:
    """The first step reached from above; the lowest has no floor."""
    if not steps:
        return Sql("''")
    *above, lowest = steps
    whens = (sql(f"WHEN {column} >= {step.at_least} THEN {{label}} ", label=step.label) for step in above)
    return sql("CASE {whens}ELSE {lowest} END", whens=_whens(whens), lowest=lowest.label)


def _gate(terms: Terms) -> Sql:
    """The number of the first gate for MQL that is open to the lead; null where none is."""
    whens = (
        sql(
            f"WHEN grade IN ({{grades}}) AND NOT ({_shut(gate, terms)}) THEN {number} ",
            grades=joined(", ", (sql("{grade}", grade=grade) for grade in gate.grades), empty="NULL"),
        )
        for number, gate in enumerate(for_mql(terms.scheme))
    )
    return sql("CASE {whens}END", whens=_whens(whens))


def _shut(gate: Gate, terms: Terms) -> str:
    """Whether any of the gate's exclusions holds."""
    columns = [f"x{i}" for i, exclusion in enumerate(terms.exclusions) if exclusion.gate == gate.key]
    return " OR ".join(columns) or "FALSE"


def _whens(whens: Iterable[Sql]) -> Sql:
    return joined("", whens, empty="WHEN FALSE THEN NULL ")


# --- Writing ----------------------------------------------------------------------------------------------


def _comparison(*, dense: bool) -> Sql:
    """`scored`: each lead's score now beside the one before, and whether it changed."""
    return sql(
        """scored AS MATERIALIZED (
            SELECT gated.*, gate IS NOT NULL AS qualifies,
                before.version_id AS version_before, before.decays AS decayed_before,
                before.scored_at AS scored_before,
                coalesce(before.fit, 0) AS fit_before, coalesce(before.interest, 0) AS interest_before,
                coalesce(before.grade, '') AS grade_before,
                coalesce(before.qualifies, FALSE) AS qualified_before,
                before.lead_id IS NULL OR (before.fit, before.interest, before.grade, before.qualifies)
                    <> (gated.fit, gated.interest, gated.grade, gate IS NOT NULL) AS changed
            FROM gated LEFT JOIN scoring_leadscore before ON before.lead_id = gated.lead_id AND {among}
        )""",
        among=_among("before.lead_id", dense=dense),
    )


def _written(version_id: int) -> Sql:
    """What is as it was stays untouched: no lock, no dead row."""
    return sql(
        """written AS (
            INSERT INTO scoring_leadscore
                (lead_id, version_id, fit, interest, grade, qualifies, decays, scored_at)
            SELECT lead_id, {version}, fit, interest, grade, qualifies, decays, {now}
            FROM scored
            WHERE changed OR version_before <> {version} OR decayed_before <> decays
                OR scored_before < {stale_before} AND (decays OR qualifies)
            ON CONFLICT (lead_id) DO UPDATE SET
                version_id = EXCLUDED.version_id, fit = EXCLUDED.fit, interest = EXCLUDED.interest,
                grade = EXCLUDED.grade, qualifies = EXCLUDED.qualifies, decays = EXCLUDED.decays,
                scored_at = EXCLUDED.scored_at
        )""",
        version=version_id,
        now=Given.NOW,
        stale_before=Given.STALE_BEFORE,
    )


def _changes(terms: Terms) -> Sql:
    return sql(
        """changes AS (
            INSERT INTO scoring_scorechange (lead_id, at, version_id, fit_before, interest_before,
                grade_before, qualified_before, fit, interest, grade, qualifies, receipt)
            SELECT lead_id, {now}, {version}, fit_before, interest_before,
                grade_before, qualified_before, fit, interest, grade, qualifies, {receipt}
            FROM scored WHERE changed
            RETURNING 1
        )""",
        now=Given.NOW,
        version=terms.version_id,
        receipt=_receipt(terms),
    )


def _receipt(terms: Terms) -> Sql:
    """What `ScoreChange.receipt` holds, as text: putting that together takes half as long as JSON values."""
    scheme = terms.scheme
    interest = (
        sql(
            f"CASE WHEN d{i} <> 0 THEN {{name}} || round(d{i}::numeric, 2) END",
            name=f"{json.dumps(rule.key)}:",
        )
        for i, rule in enumerate(scheme.interest)
    )
    return sql(
        """('{{"fit":[' || {met} || '],"interest":{{' || {interest}
            || '}},"excluded":[' || {excluded} || ']}}')::jsonb""",
        met=_keys((rule.key, f"f{i}") for i, rule in enumerate(scheme.fit)),
        interest=_texts(interest),
        excluded=_keys((gate.key, _shut(gate, terms)) for gate in scheme.gates),
    )


def _keys(columns: Iterable[tuple[str, str]]) -> Sql:
    """The keys whose column is true."""
    return _texts(sql(f"CASE WHEN {column} THEN {{key}} END", key=json.dumps(key)) for key, column in columns)


def _texts(texts: Iterable[Sql]) -> Sql:
    """The texts that are not null, with commas between them."""
    kept = list(texts)
    calls = (
        sql("nullif(concat_ws(',', {texts}), '')", texts=joined(", ", kept[start : start + TEXTS_A_CALL]))
        for start in range(0, len(kept), TEXTS_A_CALL)
    )
    return sql("concat_ws(',', {calls})", calls=joined(", ", calls, empty="NULL"))


def _array(prefix: str, length: int, kind: str) -> Sql:
    return Sql(f"ARRAY[{', '.join(f'{prefix}{i}' for i in range(length))}]::{kind}[]")
