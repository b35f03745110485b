"""The agreement as a document."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability, Side
from agreements import selectors
from agreements.models import Version
from agreements.presentation import chapters_of, hours_of
from agreements.wording import document_language


@requires(Capability.READ)
def active(request: PortalRequest) -> HttpResponse:
    """The version in force of the default agreement, else how to come by one."""
    in_force = selectors.default_version()
    return redirect(in_force) if in_force else render(request, "agreements/none.html")


@requires(Capability.READ)
def version(request: PortalRequest, slug: str, number: int) -> HttpResponse:
    """One version as a document that people read, print and sign."""
    shown = get_object_or_404(
        Version.objects.select_related("agreement__calendar"), agreement__slug=slug, number=number
    )
    signatures = {signature.side: signature for signature in shown.signatures.select_related("user")}
    calendar = selectors.current_revision(shown.agreement.calendar_id)
    return render(
        request,
        "agreements/version.html",
        {
            "version": shown,
            "chapters": chapters_of(selectors.document(shown.pk)),
            "signatures": [(side, signatures.get(side)) for side in Side],
            "versions": shown.agreement.versions.all(),
            "agreements": selectors.latest_versions(),
            "calendar": calendar,
            "hours": hours_of(calendar),
            "document_language": document_language(),
            "now": timezone.now(),
        },
    )
