"""Who gets in where: every address of the portal against one explicit table, for every role and for nobody.

A new address fails here until `GUARDS` says who may use it. `page` and `act` are for people, `api` for
clients; ids in an address come from `World`, which makes what it is asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Team, User
from accounts.roles import Capability, Role, Scope
from agreements.models import Version
from handoffs.models import Breach, Handoff, TimeOff
from handoffs.services import sweep_deadlines
from leads.models import ImportJob, Lead
from leads.services.imports import take_file
from nurture.models import Delivery, Suppression
from nurture.services import suppress_by_hand
from nurture.services.letters import OFFER, UNSUBSCRIBE, token
from outbox.models import Notice
from outbox.services import Mail, Tell, queue_mails, tell
from tests.factories.accounts import TeamFactory, UserFactory, plain_token
from tests.factories.agreements import active_starter
from tests.factories.handoffs import SalesTeam, lead_of, make_sales_team, manual_handoff
from tests.factories.nurture import running_track, sent, willing

ALL = frozenset(Role)
ADMINS = frozenset({Role.ADMIN})
MANAGERS = frozenset({Role.ADMIN, Role.MARKETING_MANAGER, Role.SALES_MANAGER})
BOARD = MANAGERS | {Role.LEADERSHIP}
SELLERS = frozenset({Role.ADMIN, Role.SALES_MANAGER, Role.REP})
SALES_MANAGERS = frozenset({Role.ADMIN, Role.SALES_MANAGER})
EDITORS = ALL - {Role.LEADERSHIP}
NURTURERS = frozenset({Role.ADMIN, Role.MARKETING_MANAGER})
READS_LEADS = (ALL, Scope.LEADS_READ)
WRITES_LEADS = (EDITORS, Scope.LEADS_WRITE)
READS_HANDOFFS = (ALL, Scope.HANDOFFS_READ)
WORKS_HANDOFFS = (SELLERS, Scope.HANDOFFS_WRITE)

IN = "in"
LOGIN = "asked to log in"
REFUSED = "refused"
NO_SUCH_METHOD = "no such method"
NOBODY = "nobody"


class Company:
    """What every test may need once: the agreement in force and a sales team. Made when first needed."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    @cached_property
    def sales_team(self) -> SalesTeam:
        return make_sales_team()

    @cached_property
    def version(self) -> Version:
        self.sales_team  # noqa: B018  # the agreement hands over to its pool
        return active_starter(now=self.now)


class World:
    """What the ids in addresses refer to, for the person who asks. Made when first needed."""

    def __init__(self, user: User, company: Company) -> None:
        self.user, self.company, self.now = user, company, company.now

    @cached_property
    def person(self) -> User:
        return UserFactory()

    @cached_property
    def team(self) -> Team:
        return TeamFactory()

    @cached_property
    def token_key(self) -> str:
        return plain_token(self.person)[0].token_key

    @cached_property
    def notice(self) -> Notice:
        tell([Tell(self.user.pk, "test", "Title", f"test-{self.user.pk}")], now=self.now)
        return Notice.objects.get(user=self.user)

    @cached_property
    def mail_id(self) -> int | None:
        (pk,) = queue_mails(
            [Mail("ada@firma.example", "Subject", "Text", f"test-{self.user.pk}")], now=self.now
        )
        return pk

    @cached_property
    def lead(self) -> Lead:
        return lead_of(self.company.version)

    @cached_property
    def handoff(self) -> Handoff:
        """In the hand of who asks, if they may have one."""
        owner = self.user if self.user.can(Capability.WORK_HANDOFFS) else None
        return manual_handoff(self.company.version, self.now, self.company.sales_team.manager, to=owner)

    @cached_property
    def breach(self) -> Breach:
        deadline = self.handoff.deadlines.open().order_by("due_at")[0]
        sweep_deadlines(now=deadline.due_at + timedelta(minutes=1))
        return Breach.objects.get(deadline=deadline)

    @cached_property
    def job(self) -> ImportJob:
        file = BytesIO(b"email,first name\nada@example.com,Ada\n")
        return take_file(file, name="leads.csv", now=self.now, actor=self.user)

    @cached_property
    def time_off(self) -> TimeOff:
        ends_at = self.now + timedelta(days=7)
        return TimeOff.objects.create(user=self.person, starts_at=self.now, ends_at=ends_at)

    @cached_property
    def delivery(self) -> Delivery:
        """An e-mail of a running track, sent to somebody who is in it still."""
        track = running_track(self.company.version, now=self.now)
        return sent(track, willing(self.company.version), now=self.now)

    @cached_property
    def suppression(self) -> Suppression:
        return suppress_by_hand(address="ada@bar.example", now=self.now, actor=self.user)


Ids = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Guard:
    """Who gets in by which method; `anyone` also without logging in. Other methods are not answered."""

    roles: dict[str, frozenset[Role]]
    ids: Ids = field(default=lambda world: {})
    scopes: dict[str, Scope] = field(default_factory=dict)
    anyone: bool = False
    is_api: bool = False

    @property
    def for_nobody(self) -> str:
        return IN if self.anyone else LOGIN

    def new_client(self) -> Client:
        return APIClient() if self.is_api else Client()


def page(roles: frozenset[Role], ids: Ids = lambda world: {}, *, form: bool = False) -> Guard:
    """Something to read; with `form` also something to send."""
    return Guard(dict.fromkeys(("GET", "POST") if form else ("GET",), roles), ids)


def act(roles: frozenset[Role], ids: Ids = lambda world: {}) -> Guard:
    """Something to do, by POST alone."""
    return Guard({"POST": roles}, ids)


def anyone(*methods: str, ids: Ids = lambda world: {}) -> Guard:
    return Guard(dict.fromkeys(methods, ALL), ids, anyone=True)


def api(ids: Ids = lambda world: {}, **methods: tuple[frozenset[Role], Scope]) -> Guard:
    """An endpoint: for each method who gets in, and the scope that a token needs."""
    return Guard(
        {method: roles for method, (roles, _) in methods.items()},
        ids,
        {method: scope for method, (_, scope) in methods.items()},
        is_api=True,
    )


def of_person(world: World) -> dict[str, Any]:
    return {"pk": world.person.pk}


def of_team(world: World) -> dict[str, Any]:
    return {"pk": world.team.pk}


def of_mail(world: World) -> dict[str, Any]:
    return {"pk": world.mail_id}


def of_notice(world: World) -> dict[str, Any]:
    return {"pk": world.notice.pk}


def of_version(world: World) -> dict[str, Any]:
    version = world.company.version
    return {"slug": version.agreement.slug, "number": version.number}


def of_lead(world: World) -> dict[str, Any]:
    return {"pk": world.lead.pk}


def of_job(world: World) -> dict[str, Any]:
    return {"pk": world.job.pk}


def of_handoff(world: World) -> dict[str, Any]:
    return {"pk": world.handoff.pk}


def of_breach(world: World) -> dict[str, Any]:
    return {"pk": world.breach.pk}


def of_pool(world: World) -> dict[str, Any]:
    return {"pk": world.company.sales_team.pool.pk}


def of_member(world: World) -> dict[str, Any]:
    return of_pool(world) | {"user_pk": world.company.sales_team.mia.pk}


def of_track(world: World) -> dict[str, Any]:
    return {"pk": world.delivery.enrolment.track_id}


def of_enrolment(world: World) -> dict[str, Any]:
    return {"pk": world.delivery.enrolment_id}


def of_link(world: World, purpose: str) -> dict[str, Any]:
    return {"token": token(world.delivery.enrolment_id, world.delivery.step.position, purpose)}


GUARDS: dict[str, Guard] = {
    # the project
    "start": page(ALL),
    "palette": page(ALL),
    "styleguide": page(ADMINS),
    "settings": page(ALL),
    "health": page(ADMINS),
    "metrics": page(ADMINS),
    "alive": anyone("GET"),
    "schema": anyone("GET"),
    "api-docs": anyone("GET"),
    # accounts: the way in
    "login": anyone("GET", "POST"),
    "logout": anyone("POST"),
    "password_reset": anyone("GET", "POST"),
    "password_reset_done": anyone("GET"),
    "password_set": anyone("GET", "POST", ids=lambda world: {"uidb64": "MQ", "token": "x-y"}),
    "set_language": anyone("POST"),
    # accounts
    "accounts:people": page(ADMINS),
    "accounts:person_new": page(ADMINS, form=True),
    "accounts:person": page(ADMINS, of_person, form=True),
    "accounts:person_deactivate": act(ADMINS, of_person),
    "accounts:person_reactivate": act(ADMINS, of_person),
    "accounts:person_password_link": act(ADMINS, of_person),
    "accounts:teams": page(ADMINS),
    "accounts:team_new": page(ADMINS, form=True),
    "accounts:team": page(ADMINS, of_team, form=True),
    "accounts:team_delete": act(ADMINS, of_team),
    "accounts:tokens": page(ADMINS, form=True),
    "accounts:token_revoke": act(ADMINS, lambda world: {"token_key": world.token_key}),
    "accounts:profile": page(ALL, form=True),
    "accounts:password": page(ALL, form=True),
    "accounts:end_sessions": act(ALL),
    # outbox
    "outbox:notices": page(ALL),
    "outbox:bell": page(ALL),
    "outbox:open": page(ALL, of_notice),
    "outbox:read": act(ALL, of_notice),
    "outbox:unread": act(ALL, of_notice),
    "outbox:read_all": act(ALL),
    "outbox:mails": page(ADMINS),
    "outbox:mail": page(ADMINS, of_mail),
    "outbox:mail_html": page(ADMINS, of_mail),
    "outbox:mail_retry": act(ADMINS, of_mail),
    "outbox:mail_give_up": act(ADMINS, of_mail),
    "outbox:mails_retry": act(ADMINS),
    "outbox:mail_trial": act(ADMINS),
    "outbox:mail_server_retry": act(ADMINS),
    # agreements
    "agreements:active": page(ALL),
    "agreements:version": page(ALL, of_version),
    # leads
    "leads:list": page(ALL),
    "leads:export": page(ALL),
    "leads:new": page(EDITORS, form=True),
    "leads:detail": page(ALL, of_lead),
    "leads:edit": page(EDITORS, of_lead, form=True),
    "leads:imports": page(MANAGERS, form=True),
    "leads:import": page(MANAGERS, of_job),
    "leads:import_columns": page(MANAGERS, of_job, form=True),
    "leads:import_read_again": act(MANAGERS, of_job),
    "leads:import_check": page(MANAGERS, of_job),
    "leads:import_start": act(MANAGERS, of_job),
    "leads:import_progress": page(MANAGERS, of_job),
    "leads:import_stop": act(MANAGERS, of_job),
    "leads:import_go_on": act(MANAGERS, of_job),
    "leads:import_errors": page(MANAGERS, of_job),
    "api-leads": api(GET=READS_LEADS),
    "api-upsert-leads": api(POST=WRITES_LEADS),
    "api-lead": api(of_lead, GET=READS_LEADS),
    "api-timeline": api(of_lead, GET=READS_LEADS),
    "api-activities": api(POST=WRITES_LEADS),
    # scoring
    "api-score": api(of_lead, GET=READS_LEADS),
    "scoring:receipt": page(ALL, lambda world: {"lead_id": world.lead.pk}),
    # handoffs
    "handoffs:queue": page(SELLERS),
    "handoffs:pane": page(SELLERS, of_handoff),
    "handoffs:act": page(SELLERS, lambda world: of_handoff(world) | {"name": "accept"}, form=True),
    "handoffs:wake": act(SELLERS, of_handoff),
    "handoffs:hand_off": page(EDITORS, of_lead, form=True),
    "handoffs:deal": page(SELLERS, lambda world: of_lead(world) | {"name": "won"}, form=True),
    "handoffs:board": page(BOARD),
    "handoffs:reassign": act(SALES_MANAGERS),
    "handoffs:waive": page(SALES_MANAGERS, of_breach, form=True),
    "handoffs:dispute": page(BOARD, of_handoff, form=True),
    "handoffs:rule": page(SALES_MANAGERS, of_handoff, form=True),
    "handoffs:pools": page(SALES_MANAGERS),
    "handoffs:pool_new": page(SALES_MANAGERS, form=True),
    "handoffs:pool": page(SALES_MANAGERS, of_pool, form=True),
    "handoffs:pool_member_new": page(SALES_MANAGERS, of_pool, form=True),
    "handoffs:pool_member": page(SALES_MANAGERS, of_member, form=True),
    "handoffs:pool_member_remove": act(SALES_MANAGERS, of_member),
    "handoffs:time_off": page(SALES_MANAGERS, form=True),
    "handoffs:time_off_remove": act(SALES_MANAGERS, lambda world: {"pk": world.time_off.pk}),
    # kpis
    "kpis:home": page(ALL),
    "kpis:dashboard": page(ALL),
    "kpis:table": page(ALL, lambda world: {"table": "waterfall"}),
    "kpis:behind": page(ALL),
    "kpis:behind_csv": page(ALL),
    "kpis:traffic": page(MANAGERS, form=True),
    "api-kpis": api(GET=READS_LEADS),
    "api-kpis-behind": api(GET=READS_LEADS),
    "api-traffic": api(POST=(MANAGERS, Scope.LEADS_WRITE)),
    "api-handoffs-list": api(GET=READS_HANDOFFS),
    "api-handoffs-detail": api(of_handoff, GET=READS_HANDOFFS),
    "api-handoffs-accept": api(of_handoff, POST=WORKS_HANDOFFS),
    "api-handoffs-attempts": api(of_handoff, POST=WORKS_HANDOFFS),
    "api-handoffs-disqualify": api(of_handoff, POST=WORKS_HANDOFFS),
    "api-handoffs-qualify": api(of_handoff, POST=WORKS_HANDOFFS),
    "api-handoffs-reject": api(of_handoff, POST=WORKS_HANDOFFS),
    "api-handoffs-return-": api(of_handoff, POST=WORKS_HANDOFFS),
    "api-deadlines-list": api(GET=READS_HANDOFFS),
    "api-breaches-list": api(GET=READS_HANDOFFS),
    # nurture
    "nurture:home": page(ALL),
    "nurture:adopt": act(NURTURERS),
    "nurture:behind": page(ALL, lambda world: {"figure": "sent"}),
    "nurture:behind_csv": page(ALL, lambda world: {"figure": "sent"}),
    "nurture:letter": page(ALL, lambda world: {"pk": world.delivery.pk}),
    "nurture:track": page(ALL, of_track),
    "nurture:edit": page(NURTURERS, of_track, form=True),
    "nurture:start": act(NURTURERS, of_track),
    "nurture:pause": act(NURTURERS, of_track),
    "nurture:preview": page(ALL, lambda world: of_track(world) | {"position": 1}),
    "nurture:suppressions": page(NURTURERS, form=True),
    "nurture:lift": page(NURTURERS, lambda world: {"pk": world.suppression.pk}, form=True),
    "nurture:enrol": page(EDITORS, of_lead, form=True),
    "nurture:leave": act(EDITORS, of_enrolment),
    "nurture:unsubscribe": anyone("GET", "POST", ids=lambda world: of_link(world, UNSUBSCRIBE)),
    "nurture:offer": anyone("GET", "POST", ids=lambda world: of_link(world, OFFER)),
    "api-tracks-list": api(GET=READS_LEADS),
    "api-enrolments-list": api(GET=READS_LEADS, POST=WRITES_LEADS),
    "api-enrolments-detail": api(of_enrolment, GET=READS_LEADS),
    "api-enrolments-leave": api(of_enrolment, POST=WRITES_LEADS),
}
ADMIN_SITE = "admin"
"""Django's admin guards itself; its door is tested by itself below."""


def addresses(resolver: URLResolver, namespaces: tuple[str, ...] = (), prefix: str = "") -> Iterator[str]:
    """The names, with their namespaces, of every address; of those without a name the route."""
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield ":".join((*namespaces, each.name)) if each.name else route
        elif each.namespace != ADMIN_SITE:
            inner = (*namespaces, each.namespace) if each.namespace else namespaces
            yield from addresses(each, inner, route)


def test_the_table_names_every_address_and_no_other() -> None:
    known = set(addresses(get_resolver())) - {"admin/login/"}
    assert known - GUARDS.keys() == set(), "say in GUARDS who may use these"
    assert GUARDS.keys() - known == set(), "these addresses are gone"


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def company(now: datetime, db: None) -> Company:
    return Company(now)


@pytest.mark.parametrize("name", GUARDS)
def test_only_who_may_gets_in(name: str, company: Company) -> None:
    guard = GUARDS[name]
    expected = {
        method: {role: IN if role in roles else REFUSED for role in Role} | {NOBODY: guard.for_nobody}
        for method, roles in guard.roles.items()
    }
    assert {method: outcomes(name, method, company) for method in guard.roles} == expected


@pytest.mark.parametrize("name", [name for name, guard in GUARDS.items() if guard.is_api])
def test_a_token_needs_the_scope_and_other_methods_do_not_exist(name: str, company: Company) -> None:
    guard = GUARDS[name]
    for method, needed in guard.scopes.items():
        only, all_but = {needed}, set(Scope) - {needed}
        assert [outcome_by_token(name, method, scopes, company) for scopes in (only, all_but)] == [
            IN,
            REFUSED,
        ]
    for method in {"POST", "PUT", "PATCH", "DELETE"} - guard.roles.keys():
        assert outcome_for(Role.ADMIN, name, method, company) == NO_SUCH_METHOD, method


@pytest.mark.parametrize("name", [name for name, guard in GUARDS.items() if set(guard.roles) == {"POST"}])
def test_nothing_is_done_by_a_mere_link(name: str, company: Company) -> None:
    assert outcome_for(Role.ADMIN, name, "GET", company) == NO_SUCH_METHOD


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_the_admin_site_has_one_door(role: Role) -> None:
    client = Client()
    client.force_login(UserFactory(role=role))
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.status_code == (200 if role in ADMINS else 403)


def test_the_admin_site_sends_nobody_to_the_portals_own_log_in() -> None:
    response = Client().get("/admin/login/?next=/admin/accounts/user/")
    assert response["Location"] == "/login/?next=/admin/accounts/user/"


def outcomes(name: str, method: str, company: Company) -> dict[str, str]:
    """What each role gets, and nobody."""
    guard = GUARDS[name]
    for_roles: dict[str, str] = {role: outcome_for(role, name, method, company) for role in Role}
    address = reverse(name, kwargs=guard.ids(World(UserFactory(admin=True), company)))
    return for_roles | {NOBODY: outcome(guard.new_client(), method, address)}


def outcome_for(role: Role, name: str, method: str, company: Company) -> str:
    """What somebody with this role gets."""
    guard = GUARDS[name]
    user = UserFactory(role=role)
    client = guard.new_client()
    client.force_login(user)
    return outcome(client, method, reverse(name, kwargs=guard.ids(World(user, company))))


def outcome_by_token(name: str, method: str, scopes: set[Scope], company: Company) -> str:
    """What an administrator's token with these scopes gets."""
    user = UserFactory(admin=True)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {plain_token(user, *scopes)[1]}")
    return outcome(client, method, reverse(name, kwargs=GUARDS[name].ids(World(user, company))))


def outcome(client: Client, method: str, address: str) -> str:
    """Ask, and say what came of it. Whatever the request changes is taken back."""
    with transaction.atomic():
        response = client.generic(method, address, b"{}", "application/json")
        transaction.set_rollback(True)
    if response.status_code == 302 and response["Location"].startswith(f"{reverse('login')}?next="):
        return LOGIN
    assert response.status_code != 404, f"{address} is not there: World made something else"
    return {401: LOGIN, 403: REFUSED, 405: NO_SUCH_METHOD}.get(response.status_code, IN)
