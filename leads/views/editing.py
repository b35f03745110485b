"""A lead added or changed by hand, through the same service as every other way in."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import time_zones
from leads.forms.editing import LeadForm
from leads.models import ChangeSource, Lead
from leads.selectors.distinct import sources
from leads.services import ItemResult, Status, upsert_leads


@requires(Capability.EDIT_LEADS)
def create(request: PortalRequest) -> HttpResponse:
    form = LeadForm(request.POST or None, actor=request.user)
    if request.method == "POST" and form.is_valid():
        result = _save(request, form)
        if result.lead_id:
            lead = Lead.objects.get(pk=result.lead_id)
            messages.success(request, _("%(name)s was added.") % {"name": lead.name})
            return redirect("leads:detail", lead.pk)
    return _page(request, form)


@requires(Capability.EDIT_LEADS)
def edit(request: PortalRequest, pk: int) -> HttpResponse:
    lead = get_object_or_404(Lead.objects.select_related("company", "owner"), pk=pk)
    form = LeadForm(request.POST or None, actor=request.user, lead=lead)
    if request.method == "POST" and form.is_valid():
        result = _save(request, form)
        if result.lead_id:
            lead.refresh_from_db()
            if result.status is Status.UPDATED:
                messages.success(request, _("%(name)s was changed.") % {"name": lead.name})
            return redirect("leads:detail", pk)
    return _page(request, form)


def _save(request: PortalRequest, form: LeadForm) -> ItemResult:
    """What the service refuses stands beside its field; what it left alone is said on the next page."""
    [result] = upsert_leads([form.item()], now=timezone.now(), actor=request.user, source=ChangeSource.PERSON)
    if result.error:
        form.add_remark(result.error)
    for warning in result.warnings:
        messages.warning(request, warning.reason)
    return result


def _page(request: PortalRequest, form: LeadForm) -> HttpResponse:
    context = {"form": form, "lead": form.lead, "time_zones": time_zones(), "sources": sources()}
    return render(request, "leads/edit.html", context)
