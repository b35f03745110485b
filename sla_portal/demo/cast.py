"""Who works at the demo company, and how."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from accounts.models import Team, User
from accounts.roles import Role, Side
from accounts.services import create_team, create_user, update_team
from agreements.models import Agreement
from handoffs.models import Pool
from handoffs.services import add_time_off, create_pool, set_member

DOMAIN = "nordwind.example"
PASSWORD = "demo-portal"
POOL = "inbound"
ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class Person:
    login: str
    name: str
    role: Role
    team: str = ""
    main: bool = False
    """One login per role is printed at the start."""

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


@dataclass(frozen=True)
class Habit:
    """How a rep works: business minutes until a new handoff is touched, share of attempts made in time, share of
    conversations that end well."""

    first_touch: int
    in_time: float
    charm: float
    weight: int = 2
    capacity: int = 25


DEMAND, INBOUND = gettext_noop("Demand generation"), gettext_noop("Inbound sales")

PEOPLE = (
    Person("admin", "Ines Falk", Role.ADMIN, main=True),
    Person("lead", "Henrik Sommer", Role.LEADERSHIP, main=True),
    Person("marketing", "Clara Voss", Role.MARKETING_MANAGER, DEMAND, main=True),
    Person("sales", "Tomasz Nowak", Role.SALES_MANAGER, INBOUND, main=True),
    Person("rep", "Mia Brandt", Role.REP, INBOUND, main=True),
    Person("omar", "Omar Haddad", Role.REP, INBOUND),
    Person("lena", "Lena Petersen", Role.REP, INBOUND),
    Person("jonas", "Jonas Weiß", Role.REP, INBOUND),
)

HABITS = {
    "rep": Habit(first_touch=40, in_time=0.96, charm=0.52, weight=3),
    "omar": Habit(first_touch=25, in_time=0.82, charm=0.44),
    "lena": Habit(first_touch=90, in_time=0.74, charm=0.50),
    "jonas": Habit(first_touch=70, in_time=0.90, charm=0.38, weight=1, capacity=15),
}


def hire(*, now: datetime) -> dict[str, User]:
    """Create everybody and their teams; returns people by login."""
    teams = {
        DEMAND: create_team(name=DEMAND, side=Side.MARKETING, manager=None, now=now, actor=None),
        INBOUND: create_team(name=INBOUND, side=Side.SALES, manager=None, now=now, actor=None),
    }
    people = {person.login: _hire_one(person, teams, now) for person in PEOPLE}
    for name, manager in ((DEMAND, "marketing"), (INBOUND, "sales")):
        team = teams[name]
        update_team(
            team=team,
            name=team.name,
            side=Side(team.side),
            manager=people[manager],
            now=now,
            actor=people["admin"],
        )
    return people


def _hire_one(person: Person, teams: dict[str, Team], now: datetime) -> User:
    return create_user(
        email=person.email,
        name=person.name,
        role=person.role,
        team=teams.get(person.team),
        password=PASSWORD,
        time_zone=ZONE,
        now=now,
        actor=None,
    )


def open_pool(people: dict[str, User], *, agreement: Agreement, until: datetime, now: datetime) -> Pool:
    """The pool the agreement's triggers name, with its reps; one of them takes a week off before `until`."""
    admin = people["admin"]
    pool = create_pool(
        name="Inbound",
        slug=POOL,
        manager_id=people["sales"].pk,
        calendar_id=agreement.calendar_id,
        now=now,
        actor=admin,
    )
    for login, habit in HABITS.items():
        set_member(
            pool_id=pool.pk,
            user_id=people[login].pk,
            weight=habit.weight,
            capacity=habit.capacity,
            now=now,
            actor=admin,
        )
    add_time_off(
        user_id=people["jonas"].pk,
        starts_at=until - timedelta(days=17),
        ends_at=until - timedelta(days=10),
        reason="Holiday",
        now=now,
        actor=admin,
    )
    return pool
