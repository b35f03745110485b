"""One act as a form: asked for as a fragment by htmx, or as a page; what is wrong comes back beside the form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django import forms
from django.db import models
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise

from accounts.models import User
from accounts.permissions import PortalRequest
from agreements.selectors import ClauseRef
from handoffs.services import Refused
from handoffs.views.answers import done, not_done
from leads.models import Lead

Subject = TypeVar("Subject", bound=models.Model)
Values = Mapping[str, Any]
Undo = dict[str, str]


@dataclass(frozen=True)
class About:
    """A line above the form: what is decided on. `said` is a person's own words."""

    label: str | Promise
    words: str | Promise = ""
    at: datetime | None = None
    clause: ClauseRef | None = None
    said: str = ""


@dataclass(frozen=True)
class ActPage(Generic[Subject]):
    """`form` makes the form for what is acted on; `do` calls the service with what was filled in.

    `undo` tells how to take it back, where the domain allows it; `about` what is acted on, where the lead's
    name does not say it.
    """

    title: str | Promise
    button: str | Promise
    done: str | Promise
    form: Callable[[Subject, PortalRequest], forms.Form]
    do: Callable[[Subject, Values, datetime, User], object]
    danger: bool = False
    undo: Callable[[Subject], Undo] | None = None
    about: Callable[[Subject], Sequence[About]] | None = None


def data_of(request: PortalRequest) -> Any:
    """What was sent, if this is the sending."""
    return request.POST if request.method == "POST" else None


def plain_form(subject: models.Model, request: PortalRequest) -> forms.Form:
    """For an act that asks nothing."""
    return forms.Form(data_of(request))


def form_of(
    request: PortalRequest,
    page: ActPage[Subject],
    form: forms.Form,
    subject: Subject,
    *,
    lead: Lead,
    address: str,
    back: str,
    name: str,
) -> dict[str, Any]:
    """What `handoffs/_act.html` shows: the form, sent to `address`."""
    return {
        "form": form,
        "page": page,
        "about": page.about(subject) if page.about else (),
        "now": timezone.now(),
        "name": name,
        "lead": lead,
        "address": address,
        "back": back,
        "next": request.GET.get("next") or request.POST.get("next", ""),
        "act_template": "handoffs/_attempt_form.html" if name == "attempt" else "handoffs/_act_fields.html",
    }


def perform(
    request: PortalRequest, page: ActPage[Subject], subject: Subject, *, lead: Lead, back: str, name: str = ""
) -> HttpResponse:
    """GET: the form. POST: do it and say so; a refusal stands beside the form (422), nothing typed is lost. Where the
    form asks nothing, a button did it, and the refusal is said where the button is.
    """
    form = page.form(subject, request)
    if request.method == "POST" and form.is_valid():
        try:
            page.do(subject, form.cleaned_data, timezone.now(), request.user)
        except Refused as refusal:
            if not form.fields:
                return not_done(request, refusal.message, back=back)
            form.add_error(None, refusal.message)
        else:
            undo = page.undo(subject) if page.undo else None
            return done(request, f"{lead}: {page.done}", undo=undo, back=back)
    context = form_of(request, page, form, subject, lead=lead, address=request.path, back=back, name=name)
    is_fragment = getattr(request, "htmx", False)
    template = "handoffs/_act.html" if is_fragment else "handoffs/act.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)
