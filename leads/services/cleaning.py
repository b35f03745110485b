"""From items as they come to values as they are kept. Raises `Unfit` for what cannot be."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import msgspec
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Model
from django.utils.translation import gettext
from msgspec import UNSET, UnsetType

from accounts.rules import whole_number
from leads.countries import COUNTRIES
from leads.models import Activity, Company, ExternalRef, Lead
from leads.services.items import CompanyItem, EventItem, LeadItem, LeadKey, RefItem, SyncItem, Unfit
from leads.stages import Stage

Ref = tuple[str, str]

TEXTS = ("first_name", "last_name", "job_title", "phone", "source")


def longest(model: type[Model], name: str) -> int:
    """How many characters a column takes."""
    return getattr(model._meta.get_field(name), "max_length", None) or 0


LONGEST = {name: longest(Lead, name) for name in (*TEXTS, "email")}
LONGEST_OF_COMPANY = {name: longest(Company, name) for name in ("name", "domain", "industry")}
LONGEST_SYSTEM = longest(ExternalRef, "system")
LONGEST_EXTERNAL_ID = longest(ExternalRef, "external_id")
LONGEST_TYPE = longest(Activity, "type")
LONGEST_KEY = longest(Activity, "key")
LONGEST_SOURCE = longest(Activity, "source")

MOST_EMPLOYEES = 2_147_483_647
MOST_VALUE = Decimal("999999999999.99")
MOST_JSON = 32 * 1024
MOST_LEVELS = 20
"""Levels of JSON within each other; what shows it gives up where Python does."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours."""

PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
NO_PLACES = frozenset({"Factory", "localtime"})
"""Time zones that systems keep for themselves."""
SLUG = re.compile(r"[A-Za-z0-9_-]+")
HISTORY = {"mql_at": Stage.MQL, "sql_at": Stage.SQL, "won_at": Stage.CUSTOMER, "lost_at": Stage.LOST}


class CleanCompany(msgspec.Struct, gc=False):
    """A company's cleaned values; what was left out is not among `values`."""

    name: str
    domain: str
    values: dict[str, Any]


class CleanLead(msgspec.Struct, gc=False):
    """An item's cleaned values: `values` by column of the lead, the rest needs more than writing a column."""

    lead_id: int | None
    ref: Ref | None
    email: str | UnsetType | None
    values: dict[str, Any]
    company: CleanCompany | UnsetType | None
    attributes: dict[str, Any] | UnsetType | None
    owner: str | UnsetType | None = UNSET
    created_at: datetime | UnsetType = UNSET
    history: dict[Stage, datetime] = {}


class CleanActivity(msgspec.Struct, gc=False):
    lead_id: int | None
    ref: Ref | None
    email: str | None
    item: EventItem
    key: str | None


def clean_lead(item: SyncItem, now: datetime) -> CleanLead:
    """Check and normalise one item; all but what the database must say."""
    clean = CleanLead(
        lead_id=clean_id(item.id),
        ref=clean_ref(item.external_ref),
        email=item.email if item.email is UNSET else clean_email(item.email),
        values=_columns(item),
        company=_company(item.company) if item.company else item.company,  # type: ignore[arg-type]
        attributes=_attributes(item.attributes),
    )
    if clean.lead_id is None and clean.ref is None and not clean.email:
        raise Unfit("email", gettext("Give an external_ref or an e-mail address to know the lead by."))
    if isinstance(item, LeadItem):
        _add_history(clean, item, now)
    return clean


def clean_activity(item: EventItem, now: datetime) -> CleanActivity:
    if not SLUG.fullmatch(item.type) or len(item.type) > LONGEST_TYPE:
        raise Unfit(
            "type",
            gettext("The type is a word of letters, digits, “_” and “-”, at most %(most)s.")
            % {"most": LONGEST_TYPE},
        )
    _instant(item.occurred_at, "occurred_at", now)
    item.source = _text(item.source, "source", LONGEST_SOURCE)
    _check_json(item.payload, "payload")
    key = item.key if item.key is None else _text(item.key, "key", LONGEST_KEY) or None
    return CleanActivity(*_known_by(item.lead), item=item, key=key)


def _known_by(lead: LeadKey) -> tuple[int | None, Ref | None, str | None]:
    if (lead.id, lead.external_ref, lead.email).count(None) != 2:
        raise Unfit("lead", gettext("Give one of id, external_ref and email."))
    email = clean_email(lead.email, "lead.email")
    if email is None and lead.email is not None:
        raise Unfit("lead.email", gettext("This is not an e-mail address."))
    return clean_id(lead.id, "lead.id"), clean_ref(lead.external_ref, "lead.external_ref"), email


# --- Single values ---


def clean_id(value: str | int | None, field: str = "id") -> int | None:
    if value is None:
        return None
    if not (lead_id := whole_number(str(value))):
        raise Unfit(field, gettext("This is not the id of a lead."))
    return lead_id


def clean_ref(ref: RefItem | None, field: str = "external_ref") -> Ref | None:
    if ref is None:
        return None
    system = _text(ref.system, f"{field}.system", LONGEST_SYSTEM)
    external_id = _text(str(ref.id), f"{field}.id", LONGEST_EXTERNAL_ID)
    if not system or not external_id:
        raise Unfit(field, gettext("An external_ref has a system and an id."))
    return system, external_id


def clean_email(value: str | None, field: str = "email") -> str | None:
    """Lower case, the domain as DNS spells it; empty is none."""
    email = _text(value, field, LONGEST["email"]).lower()
    if not email:
        return None
    if PLAIN_EMAIL.fullmatch(email):
        return email
    try:
        local, _, domain = email.rpartition("@")
        email = f"{local}@{domain.encode('idna').decode()}" if not domain.isascii() else email
        validate_email(email)
        email.encode("ascii")
    except (ValidationError, UnicodeError):
        raise Unfit(field, gettext("This is not an e-mail address.")) from None
    return email


def _text(value: str | None, field: str, longest: int) -> str:
    if not value:
        return ""
    text = value.strip()
    if len(text) > longest:
        raise Unfit(
            field,
            gettext("%(length)s characters; at most %(most)s fit.") % {"length": len(text), "most": longest},
        )
    if not (text.isascii() and text.isprintable()) and not _is_storable(text):
        raise Unfit(field, gettext("This holds a character that cannot be stored."))
    return text


def _is_storable(text: str) -> bool:
    """PostgreSQL keeps neither NUL nor half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - NO_PLACES


def _columns(item: SyncItem) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in TEXTS:
        value = getattr(item, name)
        if value is not UNSET:
            values[name] = _text(value, name, LONGEST[name])
    if item.time_zone is not UNSET:
        zone = item.time_zone or ""
        if zone and zone not in _time_zones():
            raise Unfit("time_zone", gettext("There is no such time zone; write it like Europe/Berlin."))
        values["time_zone"] = zone
    if item.email_consent is not UNSET:
        values["email_consent"] = item.email_consent
    if item.do_not_call is not UNSET:
        values["do_not_call"] = item.do_not_call
    return values


def _company(item: CompanyItem) -> CleanCompany:
    name = _text(item.name or "", "company.name", LONGEST_OF_COMPANY["name"])
    domain = clean_domain(item.domain or "")
    if not name and not domain:
        raise Unfit("company", gettext("Give the company’s domain or its name."))
    values: dict[str, Any] = {"name": name} if name else {}
    if item.industry is not UNSET:
        values["industry"] = _text(item.industry, "company.industry", LONGEST_OF_COMPANY["industry"])
    if item.employees is not UNSET:
        if item.employees is not None and not 0 <= item.employees <= MOST_EMPLOYEES:
            raise Unfit("company.employees", gettext("This is not a number of people."))
        values["employees"] = item.employees
    if item.country is not UNSET:
        values["country"] = clean_country(item.country or "")
    return CleanCompany(name, domain, values)


def clean_country(value: str) -> str:
    """The code in capitals; empty for none."""
    country = value.strip().upper()
    if country and not (value.isascii() and country in COUNTRIES):
        raise Unfit("company.country", gettext("Write the country as two letters, like DE (ISO 3166-1)."))
    return country


def clean_domain(value: str) -> str:
    """From "https://www.bar.de/contact" to "bar.de"."""
    domain = _text(value, "company.domain", 2000).lower()
    domain = domain.partition("://")[2] or domain
    domain = re.split(r"[/?#:]", domain, maxsplit=1)[0].removeprefix("www.").rstrip(".")
    if not domain:
        return ""
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        domain = "?"
    if not HOST.fullmatch(domain) or len(domain) > LONGEST_OF_COMPANY["domain"]:
        raise Unfit("company.domain", gettext("This is not a domain; write it like bar.de."))
    return domain


def _attributes(value: dict[str, Any] | UnsetType | None) -> dict[str, Any] | UnsetType | None:
    if value:
        _check_json(value, "attributes")
    return value


def _check_json(value: dict[str, Any], field: str) -> None:
    """Whether PostgreSQL can keep it, and pages can show it: no NUL, no half of a surrogate pair, no number
    beyond a float, neither too large nor too deep."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise Unfit(field, gettext("This holds a value that cannot be stored.")) from None
    if len(encoded) > MOST_JSON:
        raise Unfit(field, gettext("This is too large; at most %(most)s kB.") % {"most": MOST_JSON // 1024})
    if encoded.count(b"[") + encoded.count(b"{") > MOST_LEVELS and _is_deep(value):
        raise Unfit(
            field, gettext("This is nested too deep; at most %(most)s levels.") % {"most": MOST_LEVELS}
        )
    if b"\\u0000" in encoded and _holds_nul(value):
        raise Unfit(field, gettext("This holds a character that cannot be stored."))


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [part for each in level for part in _parts(each)]
    return any(isinstance(each, dict | list) for each in level)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


def _instant(value: datetime, field: str, now: datetime) -> datetime:
    if value.tzinfo is None:
        raise Unfit(field, gettext("The instant lacks a time zone; write it like 2026-11-02T09:30:00Z."))
    if value > now + AHEAD:
        raise Unfit(field, gettext("This lies in the future."))
    if value < EARLIEST:
        raise Unfit(field, gettext("This lies before %(year)s.") % {"year": EARLIEST.year})
    return value


# --- What happened before ---


def _add_history(clean: CleanLead, item: LeadItem, now: datetime) -> None:
    if item.owner is not UNSET:
        clean.owner = clean_email(item.owner, "owner")
    if item.value is not UNSET:
        clean.values["value"] = _value(item.value)
    clean.history = {
        stage: _instant(at, field, now) for field, stage in HISTORY.items() if (at := getattr(item, field))
    }
    if Stage.LOST in clean.history and Stage.CUSTOMER in clean.history:
        raise Unfit("lost_at", gettext("A lead is won or lost, not both."))
    if item.created_at is not UNSET:
        clean.created_at = _instant(item.created_at, "created_at", now)


def _value(value: Decimal | None) -> Decimal | None:
    if value is None:
        return None
    if not value.is_finite() or not 0 <= value <= MOST_VALUE:
        raise Unfit("value", gettext("This is not an amount of money."))
    return round(value, 2)
