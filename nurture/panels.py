"""What the lead's page shows of nurture: the track it is in, what it was sent, and enrolling by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Capability
from leads.extensions import Panel
from leads.models import Consent, Lead
from leads.stages import Stage
from nurture.selectors.leads import enrolments_of, suppression_of


def nurture(request: HttpRequest, lead: Lead, now: datetime) -> Mapping[str, Any] | None:
    """None where the lead never was in a track and this person could not put it into one."""
    views = enrolments_of(lead.pk)
    may_enrol = cast(User, request.user).can(Capability.EDIT_LEADS)
    suppression = suppression_of(lead)
    is_open = lead.stage not in (Stage.DISQUALIFIED, Stage.CUSTOMER) and lead.agreement_id is not None
    may_be_written_to = suppression is None and lead.email_consent != Consent.WITHDRAWN
    if not views and not (may_enrol and is_open):
        return None
    current = next((view for view in views if view.enrolment.is_active), None)
    return {
        "current": current,
        "past": [view for view in views if view is not current],
        "suppression": suppression,
        "withdrawn": lead.email_consent == Consent.WITHDRAWN,
        "may_enrol": may_enrol and is_open and may_be_written_to,
        "may_leave": may_enrol,
    }


NURTURE_PANEL = Panel("nurture/panel.html", nurture, order=30)
