"""The page of a lead: who is this, why is it here, what was done, what is due?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from agreements.models import Version
from agreements.selectors import active_versions, cite
from leads.conditions import words
from leads.extensions import Fact, panels, result_fields
from leads.models import Lead
from leads.selectors.timeline import timeline

KIND_LABELS: dict[str, str | Promise] = {
    "activity": gettext_lazy("Activity"),
    "stage": gettext_lazy("Stage"),
    "score": gettext_lazy("Score"),
    "handoff": gettext_lazy("Handoff"),
    "attempt": gettext_lazy("Attempt"),
    "deadline": gettext_lazy("Clock"),
    "breach": gettext_lazy("Breach"),
    "nurture": gettext_lazy("Nurture"),
}


@dataclass(frozen=True)
class Line:
    """A fact as the timeline shows it."""

    at: datetime
    kind: str
    kind_label: str
    icon: str
    words: str
    detail: str
    side: str
    tone: str
    actor: str
    cause: dict[str, Any] | None


@requires(Capability.READ)
def lead_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """A fixed number of queries, however much happened."""
    now = timezone.now()
    leads = Lead.objects.select_related("company", "owner", "agreement").prefetch_related("external_refs")
    lead = get_object_or_404(leads, pk=pk)
    version = _version(lead)
    context = {
        "lead": lead,
        "score": result_fields["score"]([pk]).get(pk) if "score" in result_fields else None,
        "head_panels": _panels(request, lead, now, "head"),
        "side_panels": _panels(request, lead, now, "side"),
        "lines": [_line(fact) for fact in timeline(pk)],
        "local_time": now.astimezone(ZoneInfo(lead.time_zone)) if lead.time_zone else None,
        "attributes": _attributes(lead),
        "version": version,
        "why": _why(lead),
        "may_edit": request.user.can(Capability.EDIT_LEADS),
        "now": now,
    }
    return render(request, "leads/detail.html", context)


def _panels(request: PortalRequest, lead: Lead, now: datetime, place: str) -> list[SafeString]:
    """What upper apps show of the lead."""
    asked = sorted((panel for panel in panels if panel.place == place), key=lambda panel: panel.order)
    found = [(panel.template, panel.context(request, lead, now)) for panel in asked]
    return [
        render_to_string(template, {**context, "lead": lead, "now": now}, request)
        for template, context in found
        if context is not None
    ]


def _line(fact: Fact) -> Line:
    clause = cite(fact.version_id, fact.clause_key)
    return Line(
        at=fact.at,
        kind=fact.kind,
        kind_label=str(KIND_LABELS.get(fact.kind, fact.kind.capitalize())),
        icon=fact.icon,
        words=fact.title,
        detail=fact.detail,
        side=fact.side,
        tone=str(fact.data.get("tone", "")),
        actor=fact.actor,
        cause={"ref": clause.reference, "words": clause.title, "version": clause.number, "url": clause.url}
        if clause
        else None,
    )


def _version(lead: Lead) -> Version | None:
    """The version in force of the agreement the lead is under."""
    found = (version for version in active_versions() if version.agreement_id == lead.agreement_id)
    return next(found, None)


def _why(lead: Lead) -> str:
    """Why the lead is under its agreement, in words."""
    if lead.agreement is None:
        return _("No agreement covers it.")
    if lead.agreement.is_default:
        return _("No other agreement covers it.")
    return _("Because %(conditions)s.") % {"conditions": words(lead.agreement.covers)}


def _attributes(lead: Lead) -> list[tuple[str, str]]:
    """What other systems sent besides, as names and values people can read."""
    return [(name.replace("_", " "), _say(value)) for name, value in sorted(lead.attributes.items())]


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(_say, value))
    if isinstance(value, dict):
        return " · ".join(f"{name}: {_say(part)}" for name, part in value.items())
    return str(value)
