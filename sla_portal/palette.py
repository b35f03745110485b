"""The command palette: from a few letters to a lead, a page or an act."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from leads.selectors.finding import best_matches
from sla_portal.shell import PAGES, settings_pages

ACTS = (
    (gettext_lazy("Add a lead"), "user-plus", "leads:new", Capability.EDIT_LEADS),
    (gettext_lazy("Import a file"), "file-import", "leads:imports", Capability.IMPORT_LEADS),
    (gettext_lazy("Add a person"), "user-plus", "accounts:person_new", Capability.ADMINISTER),
)
LONGEST = 100

Item = dict[str, Any]


@requires(Capability.READ)
def palette(request: PortalRequest) -> HttpResponse:
    """What fits `?q=`; without it every page and act. The shell's script asks for the answer alone."""
    query = request.GET.get("q", "").strip()[:LONGEST]
    groups = [
        {"label": _("Leads"), "items": list(_leads(query)) if query else []},
        {"label": _("Go to"), "items": _fitting(_pages(request.user), query)},
        {"label": _("Do"), "items": _fitting(_acts(request.user), query)},
    ]
    shown = [group for group in groups if group["items"]]
    return render(request, "shell/_palette_results.html", {"query": query, "groups": shown})


def _leads(query: str) -> Iterator[Item]:
    for lead in best_matches(query):
        notes = [lead.company.name if lead.company else "", lead.get_stage_display()]
        yield {
            "label": lead.name,
            "url": reverse("leads:detail", args=[lead.pk]),
            "note": " · ".join(filter(None, notes)),
            "icon": "user",
        }


def _pages(user: User) -> Iterator[Item]:
    for label, icon, name, capability in PAGES:
        if user.can(capability):
            yield {"label": str(label), "url": reverse(name), "icon": icon}
    for page in settings_pages(user):
        yield {"label": page.label, "url": page.url, "icon": page.icon, "note": _("Settings")}


def _acts(user: User) -> Iterator[Item]:
    for label, icon, name, capability in ACTS:
        if user.can(capability):
            yield {"label": str(label), "url": reverse(name), "icon": icon}


def _fitting(items: Iterator[Item], query: str) -> list[Item]:
    """Those in whose label a word begins with each of the query's words."""
    wanted = query.casefold().split()
    return [item for item in items if all(_begins(item["label"], word) for word in wanted)]


def _begins(label: str, word: str) -> bool:
    return any(part.startswith(word) for part in label.casefold().split())
