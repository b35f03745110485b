"""Rows of a file written as leads, by the same upsert as everybody's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from msgspec import UNSET

from accounts.models import User
from leads.importing.headers import REASON
from leads.importing.reading import Row
from leads.importing.repetition import say_repeated, was_repeated
from leads.importing.rows import CellProblem, MadeRow, RowMaker
from leads.models import ChangeSource
from leads.services.cleaning import Ref, clean_domain, clean_email, clean_ref
from leads.services.imports.seen import Ledger, Said, Seen, digest, key_of_new_lead, keys_of_facts
from leads.services.items import CompanyItem, ItemResult, LeadItem, Remark, Status, Unfit
from leads.services.lookup import find_emails, find_refs
from leads.services.upsert import upsert_leads

FACTS = ("name", "industry", "employees", "country")
"""What a row may say of a company; the name is a fact only where the domain says which company it is."""
OVERRULES = gettext_noop(
    "Another row was about the same lead and was imported instead of this one. Now this one changes what that "
    "one said."
)
"""Of a row that comes again in an error file: whoever left it there as it was may not mean to import it."""
MOST_UNFORESEEN = 10

log = structlog.get_logger(__name__)


class Unforeseen:
    """Errors that nobody foresaw, each put on the row it comes from. After a few of them it is the portal that
    is broken rather than rows, and the piece fails.
    """

    def __init__(self, job_id: int | None) -> None:
        self.job_id, self.count = job_id, 0

    def reason(self, error: Exception, line: int) -> str:
        """What to say of the row. Raises the error once there were more than `MOST_UNFORESEEN`."""
        self.count += 1
        if self.count > MOST_UNFORESEEN:
            raise error
        log.error("import_row_failed", job=self.job_id, line=line, exc_info=error)
        return gettext("The portal stumbled over this row. Tell an administrator: the log says why.")


@dataclass
class RowOutcome:
    """What became of a row. Its problems are in `made`."""

    made: MadeRow
    status: Status
    lead_id: int | None = None


def write_rows(
    given: Sequence[Row],
    *,
    maker: RowMaker,
    seen: Seen,
    now: datetime,
    actor: User | None,
    job_id: int | None = None,
    dry_run: bool = False,
) -> list[RowOutcome]:
    """Write rows in their order; one that cannot be written stops no other, whatever the reason. Inside a
    transaction. `job_id` is for the log. Dates are told in the zone that the file's are read in.

    The first row of a file that speaks of a lead is the one that counts: a later one that says the same is
    unchanged, one that says otherwise is an error. So too for companies, whose contradicting cells are left
    out with a warning. A file can therefore be imported again and changes nothing.
    """
    with timezone.override(ZoneInfo(maker.mapping.time_zone)):
        return _write_rows(given, maker, seen, now, actor, Unforeseen(job_id), dry_run)


def _write_rows(
    given: Sequence[Row],
    maker: RowMaker,
    seen: Seen,
    now: datetime,
    actor: User | None,
    unforeseen: "Unforeseen",
    dry_run: bool,
) -> list[RowOutcome]:
    made, rows = _understand(given, maker, unforeseen)
    _recognise(rows)
    outcomes = {id(row): RowOutcome(row, Status.ERROR) for row in made}
    ledger = Ledger(seen, {key for row in rows for key in row.all_keys()})
    while rows:
        firsts, rows = _set_aside(rows, ledger, outcomes)
        for row in firsts:
            _keep_company_facts(row, ledger, maker)
        results = _upsert(firsts, now, actor, dry_run, unforeseen)
        for row, result in zip(firsts, results, strict=True):
            _note(row.made, result, maker, outcomes[id(row.made)])
            if result.lead_id is not None:
                for key in (result.lead_id, *row.keys):
                    ledger.say(key, Said(row.line, row.told))
    ledger.close()
    return [outcomes[id(row)] for row in made]


class _Spoken:
    """What a row speaks of: the lead it is about (`keys`), and facts about its company."""

    def __init__(self, made: MadeRow, item: LeadItem) -> None:
        self.made, self.item, self.line = made, item, made.row.line
        self.told = digest(*made.row.cells)
        self.email, self.ref = _called(item)
        self.keys: set[int] = set()
        self.facts = list(_company_facts(item.company)) if item.company else []

    def all_keys(self) -> list[int]:
        return [*self.keys, *(key for _, key, _ in self.facts)]


def _understand(
    given: Sequence[Row], maker: RowMaker, unforeseen: Unforeseen
) -> tuple[list[MadeRow], list[_Spoken]]:
    """Every row made, and of those that can be taken what they speak of."""
    made: list[MadeRow] = []
    spoken: list[_Spoken] = []
    for row in given:
        try:
            one = maker.make(row)
            spoken += [_Spoken(one, one.item)] if one.item else []
        except Exception as error:
            one = MadeRow(row, errors=[CellProblem("", unforeseen.reason(error, row.line))])
        made.append(one)
    return made, spoken


def _called(item: LeadItem) -> tuple[str | None, Ref | None]:
    """The address and the external id; neither where one of them will not be taken anyway."""
    try:
        return clean_email(item.email or None), clean_ref(item.external_ref)
    except Unfit:
        return None, None


def _recognise(rows: Sequence[_Spoken]) -> None:
    """Find the keys of the leads that rows are about: the ids of those that are known."""
    by_email = find_emails({row.email for row in rows if row.email})
    by_ref = find_refs({row.ref for row in rows if row.ref})
    for row in rows:
        if row.email:
            row.keys.add(by_email.get(row.email) or key_of_new_lead(row.email))
        if row.ref:
            row.keys.add(by_ref.get(row.ref) or key_of_new_lead(*row.ref))


def _company_facts(company: CompanyItem) -> Iterator[tuple[str, int, int]]:
    """(field, key of company and field, digest of the value); a company is known by its domain, else its
    name.
    """
    try:
        host = clean_domain(company.domain or "")
    except Unfit:
        return
    known_by = f"@{host}" if host else str(company.name).strip().lower()
    for name, key in zip(FACTS, keys_of_facts(known_by), strict=False):
        value = getattr(company, name)
        if value is not UNSET and (host or name != "name"):
            yield name, key, digest(str(value).strip())


def _set_aside(
    rows: Sequence[_Spoken], ledger: Ledger, outcomes: Mapping[int, RowOutcome]
) -> tuple[list[_Spoken], list[_Spoken]]:
    """The rows that are the first of their leads, and those whose turn comes once it is known what became of
    these.
    """
    firsts: list[_Spoken] = []
    later: list[_Spoken] = []
    taken: set[int] = set()
    for row in rows:
        said = [first for key in row.keys if (first := ledger.first(key))]
        if said:
            _judge_repetition(row, min(said), outcomes[id(row.made)])
        elif taken.isdisjoint(row.keys):
            taken.update(row.keys)
            firsts.append(row)
        else:
            later.append(row)
    return firsts, later


def _judge_repetition(row: _Spoken, first: Said, outcome: RowOutcome) -> None:
    if first.told == row.told:
        outcome.status = Status.UNCHANGED
        reason = gettext("The same as line %(line)s.")
        row.made.warnings.append(CellProblem("", reason % {"line": first.line}))
    else:
        row.made.errors.append(CellProblem("", say_repeated(first.line)))


def _keep_company_facts(row: _Spoken, ledger: Ledger, maker: RowMaker) -> None:
    """Take out of the item what contradicts an earlier row about the same company."""
    for name, key, told in row.facts:
        first = ledger.first(key)
        if first is None:
            ledger.say(key, Said(row.line, told))
        elif first.told != told:
            setattr(row.item.company, name, UNSET)
            reason = gettext("Line %(line)s says otherwise of the same company; this cell was left out.")
            problem = CellProblem(maker.header_for(f"company.{name}"), reason % {"line": first.line})
            row.made.warnings.append(problem)


# --- The upsert ---------------------------------------------------------------------------------------------


def _upsert(
    rows: Sequence[_Spoken], now: datetime, actor: User | None, dry_run: bool, unforeseen: Unforeseen
) -> list[ItemResult]:
    """Upsert; where a row cannot be written, halve the batch until it is alone. What passes by itself (a lock
    too long held, a connection lost) is no row's fault and raised."""
    if not rows:
        return []
    items = [row.item for row in rows]
    try:
        with transaction.atomic():
            return upsert_leads(items, now=now, actor=actor, source=ChangeSource.IMPORT, dry_run=dry_run)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(rows) == 1:
            return [_refused(error, rows[0].line, unforeseen)]
    half = len(rows) // 2
    parts = (rows[:half], rows[half:])
    return [result for part in parts for result in _upsert(part, now, actor, dry_run, unforeseen)]


def _refused(error: Exception, line: int, unforeseen: Unforeseen) -> ItemResult:
    if isinstance(error, DataError | IntegrityError):
        reason = gettext("The database does not take this row.")
    else:
        reason = unforeseen.reason(error, line)
    return ItemResult(0, Status.ERROR, error=Remark("", reason))


def _note(row: MadeRow, result: ItemResult, maker: RowMaker, outcome: RowOutcome) -> None:
    outcome.status, outcome.lead_id = result.status, result.lead_id
    row.warnings += [_problem(warning, maker) for warning in result.warnings]
    if result.status is Status.UPDATED and was_repeated(maker.cell(row.row, REASON)):
        row.warnings.append(CellProblem("", gettext(OVERRULES)))
    if result.error:
        row.errors.append(_problem(result.error, maker))


def _problem(remark: Remark, maker: RowMaker) -> CellProblem:
    return CellProblem(maker.header_for(remark.field), remark.reason)
