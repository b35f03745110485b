"""How an act answers: htmx gets a toast and an event that pages listen to, a plain form goes back."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.permissions import PortalRequest

CHANGED = "handoffs-changed"


def done(
    request: PortalRequest, words: str, *, undo: dict[str, str] | None = None, back: str
) -> HttpResponse:
    """Say what was done. `undo`: `{"url", "label"}`, POSTed by the toast's button."""
    if not getattr(request, "htmx", False):
        messages.success(request, words)
        return redirect(_came_from(request) or back)
    toast: dict[str, Any] = {"text": words, "level": "success"}
    if undo:
        toast["undo"] = undo
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": toast, CHANGED: {}})})


def not_done(request: PortalRequest, words: str, *, back: str) -> HttpResponse:
    """Say why not, where there is no form to say it beside. The page fetches anew what had changed without it."""
    if not getattr(request, "htmx", False):
        messages.error(request, words)
        return redirect(_came_from(request) or back)
    return HttpResponse(
        words,
        status=409,
        content_type="text/plain; charset=utf-8",
        headers={"HX-Trigger": json.dumps({CHANGED: {}})},
    )


def _came_from(request: PortalRequest) -> str:
    address = request.POST.get("next", "")
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}) else ""
