"""Settings → Visitors: a file of visitors by day and source, and what is there already."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from kpis.forms import TrafficForm
from kpis.selectors.traffic import months_told
from kpis.services.traffic_files import TrafficFileError, TrafficImport, import_traffic

MOST_SHOWN = 200


@requires(Capability.IMPORT_LEADS)
def traffic(request: PortalRequest) -> HttpResponse:
    """What is there by month; a file with wrong lines is taken but for those, and they are listed."""
    form = TrafficForm(request.POST or None, request.FILES or None)
    done: TrafficImport | None = None
    if request.method == "POST" and form.is_valid():
        try:
            done = import_traffic(file=form.cleaned_data["file"].file, now=timezone.now(), actor=request.user)
        except TrafficFileError as refusal:
            form.add_error("file", str(refusal))
        else:
            if not done.errors:
                messages.success(request, say_done(done))
                return redirect("kpis:traffic")
    context = {
        "form": form,
        "done": done,
        "done_words": say_done(done) if done else "",
        "errors": done.errors[:MOST_SHOWN] if done else [],
        "months": months_told(),
    }
    return render(request, "kpis/traffic.html", context, status=422 if form.errors else 200)


def say_done(done: TrafficImport) -> str:
    """What a file brought, in words."""
    return _("%(created)s new, %(updated)s changed, %(unchanged)s unchanged, %(errors)s not taken.") % {
        "created": done.created,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "errors": len(done.errors),
    }
