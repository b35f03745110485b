"""What the shell around every page shows: the pages a role needs, and the agreement in force."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Capability
from agreements.selectors import default_version


@dataclass(frozen=True)
class NavItem:
    label: str
    icon: str
    url: str
    active: bool
    badge: int = 0


PAGES = (
    (_("Home"), "home", "kpis:home", Capability.READ),
    (_("Queue"), "inbox", "handoffs:queue", Capability.WORK_HANDOFFS),
    (_("Board"), "layout-kanban", "handoffs:board", Capability.READ_BOARD),
    (_("Leads"), "users", "leads:list", Capability.READ),
    (_("Nurture"), "route", "nurture:home", Capability.READ),
    (_("Dashboard"), "chart-bar", "kpis:dashboard", Capability.READ),
    (_("Agreement"), "file-text", "agreements:active", Capability.READ),
    (_("Settings"), "settings", "settings", Capability.READ),
)


SETTINGS = (
    (
        _("People and teams"),
        _("Who logs in, with which role, in which team"),
        "users",
        "accounts:people",
        Capability.ADMINISTER,
    ),
    (
        _("Pools"),
        _("Who shares incoming handoffs, and who is away"),
        "users-group",
        "handoffs:pools",
        Capability.MANAGE_HANDOFFS,
    ),
    (
        _("Visitors"),
        _("Visitors of the website by day and source"),
        "world",
        "kpis:traffic",
        Capability.IMPORT_LEADS,
    ),
    (_("Imports"), _("Bring leads in from a file"), "file-import", "leads:imports", Capability.IMPORT_LEADS),
    (
        _("API tokens"),
        _("Let other systems sync leads and handoffs"),
        "key",
        "accounts:tokens",
        Capability.ADMINISTER,
    ),
    (
        _("Messages"),
        _("E-mails that went out, wait or are stuck"),
        "mail",
        "outbox:mails",
        Capability.ADMINISTER,
    ),
    (
        _("Health"),
        _("Is everything that must run running?"),
        "heartbeat",
        "health",
        Capability.ADMINISTER,
    ),
    (
        _("Your account"),
        _("Name, time zone, language, password"),
        "user",
        "accounts:profile",
        Capability.READ,
    ),
)


@dataclass(frozen=True)
class SettingsPage:
    label: str
    words: str
    icon: str
    url: str


def settings_pages(user: User) -> list[SettingsPage]:
    """The pages of Settings this person may open."""
    return [
        SettingsPage(str(label), str(words), icon, reverse(name))
        for label, words, icon, name, capability in SETTINGS
        if user.can(capability)
    ]


def _is_at(path: str, url: str) -> bool:
    """Home is no parent of the other pages, though its address begins theirs."""
    return path == url if url == "/" else path.startswith(url)


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": ()}
    return {
        "nav": [
            NavItem(str(label), icon, url := reverse(name), _is_at(request.path, url))
            for label, icon, name, capability in PAGES
            if user.can(capability)
        ],
        "current_agreement": SimpleLazyObject(default_version),
    }
