"""The companies of a batch: found, merged, written."""

from collections.abc import Iterable, Iterator
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


class Companies:
    """The companies a batch speaks of: `merge` them item by item, then `write` them."""

    def __init__(self, companies: Iterable[CleanCompany], now: datetime) -> None:
        self.now = now
        self.keys: dict[str, str] = {}
        """Domain or name as given → key: "@bar.de", or the name in lower case."""
        self.known: dict[str, CompanyRow] = {}
        self.created: dict[str, CompanyRow] = {}
        self.changes: dict[int, dict[str, Any]] = {}
        self._find(list(companies))

    def _find(self, companies: list[CleanCompany]) -> None:
        domains = list({company.domain for company in companies if company.domain})
        names = list({company.name for company in companies if not company.domain})
        if not companies:
            return
        with connection.cursor() as cursor:
            cursor.execute(FIND, [domains, names])
            for given, key, company_id, *rest in cursor.fetchall():
                self.keys[given] = key
                if company_id is not None:
                    self.known[key] = CompanyRow(company_id, *rest)
        self.unused_ids: Iterator[int] = iter(
            new_ids("leads_company", len(set(self.keys.values()) - self.known.keys()))
        )

    def merge(self, company: CleanCompany) -> tuple[int, bool]:
        """Its id, and whether what the item says of it is news."""
        key = self.keys[company.domain or company.name]
        row = self.known.get(key)
        if row is None:
            return self._create(key, company).id, True
        news = {
            name: value
            for name, value in company.values.items()
            if getattr(row, name) != value and (name != "name" or company.domain)
        }
        for name, value in news.items():
            setattr(row, name, value)
        if news and key not in self.created:
            self.changes.setdefault(row.id, {}).update(news)
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
        if self.changes:
            self._change()
        return list(self.changes)

    def _change(self) -> None:
        """Apply the news to the rows as they are once locked, so that nobody else's news are lost."""
        locked = rows.select(CompanyRow, LOCK, [list(self.changes)])
        for row in locked:
            row.updated_at = self.now
            for name, value in self.changes[row.id].items():
                setattr(row, name, value)
        with connection.cursor() as cursor:
            cursor.execute(CHANGE, [rows.as_json(locked)])
