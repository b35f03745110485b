"""Into a track and out of it, by hand."""

from datetime import datetime

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from handoffs.views.act_page import ActPage, Values, data_of, perform
from handoffs.views.answers import done, not_done
from leads.models import Lead
from nurture.forms import EnrolForm
from nurture.models import Enrolment
from nurture.selectors.leads import choices_for
from nurture.services import Refused, enrol_by_hand, leave_track


def _form(lead: Lead, request: PortalRequest) -> forms.Form:
    return EnrolForm(data_of(request), tracks=choices_for(lead))


def _enrol(lead: Lead, values: Values, now: datetime, actor: User) -> object:
    return enrol_by_hand(
        lead_id=lead.pk, track_key=values["track"], note=values["note"], now=now, actor=actor
    )


ENROL: ActPage[Lead] = ActPage(
    _("Enrol in a nurture track"),
    _("Enrol"),
    _("enrolled. See below whether and when the first e-mail goes out."),
    _form,
    _enrol,
)


@requires(Capability.EDIT_LEADS)
def enrol(request: PortalRequest, pk: int) -> HttpResponse:
    """Put a lead into a track; one in another track moves."""
    lead = get_object_or_404(Lead, pk=pk)
    return perform(request, ENROL, lead, lead=lead, back=reverse("leads:detail", args=[pk]))


@require_POST
@requires(Capability.EDIT_LEADS)
def leave(request: PortalRequest, pk: int) -> HttpResponse:
    """Take a lead out of its track."""
    enrolment = get_object_or_404(Enrolment.objects.select_related("lead", "track"), pk=pk)
    back = reverse("leads:detail", args=[enrolment.lead_id])
    try:
        leave_track(enrolment_id=pk, now=timezone.now(), actor=request.user)
    except Refused as refusal:
        return not_done(request, refusal.message, back=back)
    words = _now("%(lead)s left “%(track)s”.") % {"lead": enrolment.lead, "track": enrolment.track}
    return done(request, words, back=back)
