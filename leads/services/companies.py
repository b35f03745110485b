"""The companies of a batch: found, merged, written."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from leads.services import rows
from leads.services.cleaning import CleanCompany
from leads.services.rows import CompanyRow
from leads.services.transactions import new_ids

# PostgreSQL's own lower() decides which names are the same, as its unique index does.
FIND = f"""
    SELECT given, '@' || given, {rows.columns(CompanyRow, "company")}
    FROM unnest(%s::text[]) AS given LEFT JOIN leads_company company ON company.domain = given
    UNION ALL
    SELECT given, lower(given), {rows.columns(CompanyRow, "company")}
    FROM unnest(%s::text[]) AS given
    LEFT JOIN leads_company company ON lower(company.name) = lower(given) AND company.domain IS NULL
"""
LOCK = (
    f"SELECT {rows.columns(CompanyRow)} FROM leads_company WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
)
CHANGE = f"""
    UPDATE leads_company company
    SET name = incoming.name, industry = incoming.industry, employees = incoming.employees,
        country = incoming.country, updated_at = incoming.updated_at
    FROM json_to_recordset(%s) AS incoming({rows.recordset(CompanyRow)})
    WHERE company.id = incoming.id
"""


BY_DOMAIN = f"SELECT {rows.columns(CompanyRow)} FROM leads_company WHERE id = ANY(%s) AND domain IS NOT NULL"


def known_by_domain(company_ids: Collection[int]) -> dict[int, CompanyRow]:
    """Those of these companies that have a domain, by id."""
    return {row.id: row for row in rows.select(CompanyRow, BY_DOMAIN, [list(company_ids)])}


class Companies:
    """The companies a batch speaks of: `merge` them item by item, then `write` them.

    Those about which it has news are locked at once, before any lead is (`locked_ids`).
    """

    def __init__(self, companies: Collection[CleanCompany], now: datetime) -> None:
        self.now = now
        self.keys: dict[str, str] = {}
        """Domain or name as given → key: "@bar.de", or the name in lower case."""
        self.known: dict[str, CompanyRow] = {}
        self.created: dict[str, CompanyRow] = {}
        self.changed: dict[int, CompanyRow] = {}
        self.locked_ids: list[int] = []
        self.unused_ids: Iterator[int] = iter(())
        if companies:
            self._find(companies)
            self._lock_where_there_are_news(companies)

    def _find(self, companies: Collection[CleanCompany]) -> None:
        domains = list({company.domain for company in companies if company.domain})
        names = list({company.name for company in companies if not company.domain})
        with connection.cursor() as cursor:
            cursor.execute(FIND, [domains, names])
            for given, key, company_id, *rest in cursor.fetchall():
                self.keys[given] = key
                if company_id is not None:
                    self.known[key] = CompanyRow(company_id, *rest)
        self.unused_ids = iter(new_ids("leads_company", len(set(self.keys.values()) - self.known.keys())))

    def _lock_where_there_are_news(self, companies: Iterable[CleanCompany]) -> None:
        """And read them again, so that nobody else's news are lost."""
        told = {
            row.id: key
            for company in companies
            if (row := self.known.get(key := self._key(company))) and news_of(row, company)
        }
        if told:
            for row in rows.select(CompanyRow, LOCK, [list(told)]):
                self.known[told[row.id]] = row
        self.locked_ids = list(told)

    def _key(self, company: CleanCompany) -> str:
        return self.keys[company.domain or company.name]

    def merge(self, company: CleanCompany) -> tuple[int, bool]:
        """Its id, and whether what the item says of it is news."""
        key = self._key(company)
        row = self.known.get(key)
        if row is None:
            return self._create(key, company).id, True
        news = news_of(row, company)
        for name, value in news.items():
            setattr(row, name, value)
        if news and key not in self.created:
            row.updated_at = self.now
            self.changed[row.id] = row
        return row.id, bool(news)

    def _create(self, key: str, company: CleanCompany) -> CompanyRow:
        row = CompanyRow(
            id=next(self.unused_ids),
            name=company.name or company.domain,
            domain=company.domain or None,
            industry=company.values.get("industry", ""),
            employees=company.values.get("employees"),
            country=company.values.get("country", ""),
            created_at=self.now,
            updated_at=self.now,
        )
        self.known[key] = self.created[key] = row
        return row

    def write(self) -> list[int]:
        """Write what is new, then what changed; the ids of the companies that were there and changed."""
        rows.insert([row for _, row in sorted(self.created.items())])
        if self.changed:
            with connection.cursor() as cursor:
                cursor.execute(CHANGE, [rows.as_json(list(self.changed.values()))])
        return list(self.changed)


def news_of(row: CompanyRow, company: CleanCompany) -> dict[str, Any]:
    """What an item says otherwise than the row; a company known by its name keeps it as it is."""
    return {
        name: value
        for name, value in company.values.items()
        if getattr(row, name) != value and (name != "name" or company.domain)
    }
