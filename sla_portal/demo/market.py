"""Who comes to the demo company's door, and what they do there. Pure: a random source and a calendar in, leads out."""

import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from agreements.business_time import Schedule
from leads.services import ActivityItem, CompanyItem, LeadItem, LeadKey, RefItem

FIRST_NAMES = (
    "Anna Ben Carla David Elif Felix Greta Hannah Ivan Jana Karim Lucia Mats Nadia Oskar Paula Quentin "
    "Rosa Samir Tilda Uwe Vera Wim Yara Zoe Amir Britta Cem Dora Emil Fatima Georg Helle Ilse Jakub Kaja "
    "Lars Marta Nils Olga Pieter Ronja Stefan Tove Ulrike Viktor Wanda Yusuf Astrid Bram"
).split()
LAST_NAMES = (
    "Albrecht Bakker Christensen Dubois Eriksen Fischer Garnier Hansen Ivanova Jansen Keller Lindqvist "
    "Meyer Novak Olsen Peeters Quist Richter Schmid Thomsen Ulrich Vermeer Wagner Yilmaz Zimmermann "
    "Arnold Berger Conti Demir Engel Frank Gruber Huber Jung Klein Lang Moser Neumann Otto Pohl Roth "
    "Sauer Tanaka Urban Vogel Winter Ziegler Aydin Brandt Koch"
).split()
COMPANY_HEADS = (
    "Alster Baltik Condor Delta Elbe Fjord Granit Hansa Isar Jura Kompass Lumen Mosel Neckar Orion Polar "
    "Quarz Rhein Saale Tauber Ufer Vektor Weser Zenit Arktis Birke Castor Donau Eiger Falke"
).split()
COMPANY_TAILS = (
    "Logistik",
    "Software",
    "Maschinenbau",
    "Versicherung",
    "Foods",
    "Energie",
    "Beratung",
    "Medizintechnik",
)
INDUSTRY = {
    "Logistik": "logistics",
    "Software": "software",
    "Maschinenbau": "manufacturing",
    "Versicherung": "financial services",
    "Foods": "food",
    "Energie": "energy",
    "Beratung": "professional services",
    "Medizintechnik": "manufacturing",
}
COUNTRIES = {"DE": 58, "AT": 10, "CH": 10, "NL": 8, "FR": 5, "DK": 4, "PL": 3, "US": 2}
SIZES = {12: 22, 60: 24, 140: 14, 320: 16, 900: 12, 1800: 6, 4200: 6}
SOURCES = {
    "organic_search": 30,
    "paid_search": 22,
    "referral": 10,
    "webinar": 12,
    "social": 12,
    "trade_fair": 6,
    "partner": 8,
}
OFFLINE = {"trade_fair"}
TITLES = {
    "Chief Financial Officer": 5,
    "Chief Operating Officer": 5,
    "Sales Director": 9,
    "Marketing Director": 7,
    "Head of Operations": 12,
    "Head of IT": 10,
    "Project Manager": 18,
    "Account Manager": 10,
    "Controller": 10,
    "Assistant": 8,
    "Student": 4,
    "": 6,
}

# What people do: activity type → weight while they are just looking, and while they mean it.
LOOKING = {
    "page_view": 60,
    "content_download": 14,
    "email_click": 10,
    "webinar_attended": 6,
    "careers_view": 4,
}
MEANING_IT = {
    "page_view": 34,
    "pricing_view": 22,
    "content_download": 16,
    "email_click": 8,
    "webinar_attended": 10,
    "calculator_used": 6,
    "trial_start": 4,
}
CONVERSIONS = {"demo_request": 6, "consultation_request": 2, "assessment_request": 1}


class Visit(NamedTuple):
    """Something a visitor does at an instant; `is_conversion` asks for somebody to call."""

    at: datetime
    item: ActivityItem
    is_conversion: bool


@dataclass
class Visitor:
    """A lead to be, when it becomes known, what it will do, and how ready it is to buy, 0 to 1."""

    known_at: datetime
    item: LeadItem
    readiness: float
    visits: list[Visit] = field(default_factory=list)


RUSH = 16
RUSH_WITHIN = timedelta(hours=9)
"""A webinar brought so many leads in the last hours of business: reps find them on their desks."""


def draw(random: Random, weights: dict[Any, int]) -> Any:
    return random.choices(list(weights), list(weights.values()))[0]


def companies(random: Random) -> list[CompanyItem]:
    names = [f"{head} {tail}" for head in COMPANY_HEADS for tail in COMPANY_TAILS]
    random.shuffle(names)
    return [
        CompanyItem(
            name=f"{name} {draw(random, {'GmbH': 5, 'AG': 2, 'SE': 1})}",
            domain=f"{name.lower().replace(' ', '-')}.example",
            industry=INDUSTRY[name.split()[1]],
            employees=draw(random, SIZES) + random.randrange(9),
            country=draw(random, COUNTRIES),
        )
        for name in names
    ]


def visitors(
    random: Random, schedule: Schedule, *, start: datetime, end: datetime, count: int
) -> Iterator[Visitor]:
    """Leads in the order in which they become known, slowly more of them, mostly in business hours; then a rush."""
    firms = companies(random)
    span = (end - start) / timedelta(seconds=1)
    instants = sorted(start + timedelta(seconds=span * random.random() ** 0.7) for _ in range(count))
    for number, drawn in enumerate(instants):
        known_at = drawn if random.random() < 0.12 else _in_hours(random, schedule, drawn)
        if known_at < end:
            yield _visitor(random, number, _firm(random, firms), known_at, end)
    opened = business_time_before(schedule, end, RUSH_WITHIN)
    for number in range(count, count + RUSH):
        known_at = schedule.add(opened, RUSH_WITHIN * random.random())
        yield _visitor(random, number, _firm(random, firms), known_at, end, webinar=True)


def business_time_before(schedule: Schedule, at: datetime, duration: timedelta) -> datetime:
    """The instant from which so much business time passes until another one; fourteen days before it at the most."""
    start = at - timedelta(days=14)
    return schedule.add(start, max(schedule.elapsed(start, at) - duration, timedelta(0)))


def _firm(random: Random, firms: list[CompanyItem]) -> CompanyItem:
    return firms[int(len(firms) * random.random() ** 1.4)]


def _in_hours(random: Random, schedule: Schedule, at: datetime) -> datetime:
    if schedule.is_open(at):
        return at
    return schedule.add(at, timedelta(minutes=random.randrange(1, 480)))


def _visitor(
    random: Random,
    number: int,
    firm: CompanyItem,
    known_at: datetime,
    end: datetime,
    *,
    webinar: bool = False,
) -> Visitor:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    readiness = random.betavariate(4, 2) if webinar else random.betavariate(1.3, 2.2)
    ref = RefItem(system="web", id=f"v-{number:05}")
    item = LeadItem(
        external_ref=ref,
        email=_email(random, first, last, firm, number),
        first_name=first,
        last_name=last,
        job_title=draw(random, TITLES),
        phone=_phone(random) if random.random() < 0.72 else None,
        company=firm,
        source="webinar" if webinar else draw(random, SOURCES),
        time_zone="Europe/Berlin",
        email_consent="given" if random.random() < 0.8 else "unknown",
        created_at=known_at,
    )
    visitor = Visitor(known_at, item, readiness)
    watched = [_visit(ref, "webinar_attended", known_at)] if webinar else []
    visitor.visits = sorted([*watched, *_visits(random, visitor, ref, end)], key=lambda visit: visit.at)
    return visitor


def _email(random: Random, first: str, last: str, firm: CompanyItem, number: int) -> str:
    domain = "gmail.com" if random.random() < 0.06 else firm.domain
    plain = f"{first}.{last}".lower().replace("ü", "ue").replace("ß", "ss")
    return f"{plain}{number if random.random() < 0.4 else number % 97}@{domain}"


def _phone(random: Random) -> str:
    return f"+49 30 5550 {''.join(random.choices(string.digits, k=4))}"


def _visits(random: Random, visitor: Visitor, ref: RefItem, end: datetime) -> Iterator[Visit]:
    """A burst on the first day, then returns; the ready ones mean it, and some of them ask for a talk."""
    kinds = MEANING_IT if visitor.readiness > 0.42 else LOOKING
    at = visitor.known_at
    for number in range(random.randrange(1, 4 + int(10 * visitor.readiness))):
        at += timedelta(minutes=random.expovariate(1 / (8 if number < 3 else 60 * 40)))
        if at < end:
            yield _visit(ref, draw(random, kinds), at)
    if random.random() < 0.30 * visitor.readiness + 0.02:
        at += timedelta(minutes=random.randrange(1, 30))
        if at < end:
            yield _visit(ref, draw(random, CONVERSIONS), at, is_conversion=True)


def _visit(ref: RefItem, kind: str, at: datetime, *, is_conversion: bool = False) -> Visit:
    item = ActivityItem(
        lead=LeadKey(external_ref=ref), type=kind, occurred_at=at, key=f"{ref.id}-{kind}-{at:%Y%m%d%H%M%S%f}"
    )
    return Visit(at, item, is_conversion)


def visitors_of(random: Random, day: date, progress: float) -> dict[str, int]:
    """By source how many people looked at the website on a day: fewer at weekends, more as time (0 to 1) goes by."""
    busy = (0.7 + 0.6 * progress) * (0.45 if day.weekday() > 4 else 1)
    return {
        source: round(weight * 2.6 * busy * random.uniform(0.75, 1.25))
        for source, weight in SOURCES.items()
        if source not in OFFLINE
    }
