"""Who is not written to, whoever asks."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from nurture.forms import LiftForm, SuppressForm
from nurture.models import Suppression
from nurture.services import NotSuppressed, lift_suppression, suppress_by_hand

A_PAGE = 50


@requires(Capability.RUN_NURTURE)
def suppressions(request: PortalRequest) -> HttpResponse:
    """The list; a POST adds an address."""
    form = SuppressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["address"]
        suppress_by_hand(
            address=address, note=form.cleaned_data["note"], now=timezone.now(), actor=request.user
        )
        messages.success(request, _("%(address)s is not written to any more.") % {"address": address})
        return redirect("nurture:suppressions")
    query = request.GET.get("q", "").strip().lower()
    found = Suppression.objects.in_force().select_related("by")
    if query:
        found = found.filter(address__contains=query)
    context = {
        "page": Paginator(found, A_PAGE).get_page(request.GET.get("page")),
        "query": query,
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "nurture/suppressions.html", context, status=422 if form.errors else 200)


@requires(Capability.RUN_NURTURE)
def lift(request: PortalRequest, pk: int) -> HttpResponse:
    """An address may be written to again."""
    suppression = get_object_or_404(Suppression.objects.in_force(), pk=pk)
    form = LiftForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            lift_suppression(
                suppression_id=pk, why=form.cleaned_data["why"], now=timezone.now(), actor=request.user
            )
        except NotSuppressed as refusal:
            messages.error(request, refusal.message)
        else:
            words = _("%(address)s may be written to again, once its lead consents to e-mail.")
            messages.success(request, words % {"address": suppression.address})
        return redirect("nurture:suppressions")
    context = {"form": form, "suppression": suppression}
    return render(request, "nurture/lift.html", context, status=422 if form.errors else 200)
