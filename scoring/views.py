"""Pages of scores."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from leads.models import Lead
from scoring.presentation import Matrix, matrix_of
from scoring.receipts import Receipt
from scoring.selectors import receipt


@requires(Capability.READ)
def score_receipt(request: PortalRequest, lead_id: int) -> HttpResponse:
    """Why has this lead the score it has, and what is missing?"""
    now = timezone.now()
    lead = get_object_or_404(Lead.objects.select_related("company", "agreement"), pk=lead_id)
    context = {"lead": lead, "now": now, **receipt_context(receipt(lead_id, now))}
    return render(request, "scoring/receipt.html", context)


def receipt_context(found: Receipt | None) -> dict[str, Receipt | Matrix | None]:
    return {"receipt": found, "matrix": matrix_of(found) if found else None}


def receipt_panel(request: HttpRequest, lead: Lead, now: datetime) -> Mapping[str, Any] | None:
    """The receipt in brief, for the lead's page; hidden where nothing scores the lead."""
    found = receipt(lead.pk, now)
    return {"receipt": found} if found else None
