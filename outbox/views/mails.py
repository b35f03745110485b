"""Settings, Messages: what goes out by e-mail, and what to do where it does not."""

from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from outbox import selectors, services
from outbox.models import Message, MessageState

SHOWN = (
    MessageState.STUCK,
    MessageState.PENDING,
    MessageState.REFUSED,
    MessageState.WITHHELD,
    MessageState.SENT,
    MessageState.KEPT,
)
NOTHING_FROM_OUTSIDE = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": [True],
}
"""An e-mail's html is shown in a frame that runs nothing, loads nothing and leads nowhere."""


@requires(Capability.ADMINISTER)
@require_safe
def mails(request: PortalRequest) -> HttpResponse:
    asked = request.GET.get("state", "")
    state = asked if asked in MessageState.values else ""
    address = request.GET.get("to", "").strip()
    counts = selectors.mail_counts()
    context = {
        "page": selectors.mail_page(state=state, address=address, cursor=request.GET.get("cursor", "")),
        "state": state,
        "address": address,
        "choices": _choices(counts, state),
        "stuck": counts[MessageState.STUCK],
        "waiting": counts[MessageState.PENDING],
        "sent": counts[MessageState.SENT],
        "is_set": settings.EMAIL_IS_SET,
        "trouble": selectors.mail_server_trouble() if settings.EMAIL_IS_SET else None,
        "now": timezone.now(),
    }
    return render(request, "outbox/mails.html", context)


def _choices(counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    """States that e-mails are in, and the one that was asked for."""
    return [
        {
            "state": state,
            "count": counts[state],
            "many": counts[state] >= selectors.MOST_COUNTED,
            "chosen": state == chosen,
        }
        for state in SHOWN
        if counts[state] or state == chosen
    ]


@requires(Capability.ADMINISTER)
@require_safe
def mail(request: PortalRequest, pk: int) -> HttpResponse:
    context = {
        "mail": get_object_or_404(Message.objects.mails(), pk=pk),
        "sender": settings.DEFAULT_FROM_EMAIL,
        "is_set": settings.EMAIL_IS_SET,
        "now": timezone.now(),
    }
    return render(request, "outbox/mail.html", context)


@requires(Capability.ADMINISTER)
@require_safe
@xframe_options_sameorigin
@csp_replace(NOTHING_FROM_OUTSIDE)  # type: ignore[arg-type]  # it knows no view with an argument
def html(request: PortalRequest, pk: int) -> HttpResponse:
    """An e-mail's html by itself, for the frame on its page."""
    return HttpResponse(get_object_or_404(Message.objects.mails(), pk=pk).html)


@requires(Capability.ADMINISTER)
@require_POST
def retry(request: PortalRequest, pk: int) -> HttpResponse:
    if services.retry_mails(message_ids=[pk], now=timezone.now(), actor=request.user):
        messages.success(request, _("It is tried again within seconds."))
    else:
        messages.info(request, _("This e-mail cannot be tried again."))
    return redirect("outbox:mail", pk)


@requires(Capability.ADMINISTER)
@require_POST
def give_up(request: PortalRequest, pk: int) -> HttpResponse:
    if services.withhold_mails(message_ids=[pk], now=timezone.now(), actor=request.user):
        messages.success(request, _("Given up. It can still be tried again."))
    else:
        messages.info(request, _("Only a stuck e-mail can be given up."))
    return redirect("outbox:mail", pk)


@requires(Capability.ADMINISTER)
@require_POST
def try_stuck(request: PortalRequest) -> HttpResponse:
    count = services.retry_stuck(now=timezone.now(), actor=request.user)
    words = ngettext("%(count)d e-mail is tried again.", "%(count)d e-mails are tried again.", count)
    messages.success(request, words % {"count": count})
    return redirect("outbox:mails")


@requires(Capability.ADMINISTER)
@require_POST
def try_server(request: PortalRequest) -> HttpResponse:
    services.retry_server(now=timezone.now(), actor=request.user)
    messages.success(request, _("The mail server is asked again within seconds."))
    return redirect("outbox:mails")


@requires(Capability.ADMINISTER)
@require_POST
def trial(request: PortalRequest) -> HttpResponse:
    services.queue_trial(now=timezone.now(), actor=request.user)
    messages.success(request, _("An e-mail to %(address)s is queued.") % {"address": request.user.email})
    return redirect("outbox:mails")
