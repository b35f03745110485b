"""Which tracks run, who is in them, what did they do? And writing, starting and pausing them."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import whole_number
from leads.models import Lead
from nurture import services
from nurture.forms import KNOWN, SiteForm, TrackWriting
from nurture.models import Enrolment, Step, Suppression, Track, TrackRevision
from nurture.rules import TemplateError
from nurture.selectors.tracks import (
    SHOWS,
    people,
    promised_without_track,
    revisions_of,
    sample_leads,
    several_agreements,
    step_lines,
    track_lines,
)
from nurture.services import StepDraft, TrackInvalid
from nurture.services.letters import Letter, compose
from nurture.services.tracks import LONGEST_STAY, MOST_STEPS, check_track, drafts_of, newest_revision
from nurture.views.words import cause_words

A_PAGE = 50


@requires(Capability.READ)
def overview(request: PortalRequest) -> HttpResponse:
    """All tracks with what they do, and what of the agreement is not running."""
    return _overview(request, SiteForm())


def _overview(request: PortalRequest, form: SiteForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    lines = track_lines(now=now)
    running = [line for line in lines if line.track.is_active]
    context = {
        "lines": lines,
        "missing": promised_without_track(),
        "several_agreements": several_agreements(),
        "running": len(running),
        "inside": sum(line.figures.inside for line in lines),
        "unreachable": sum(line.figures.unreachable for line in lines),
        "idle": [line for line in lines if line.clause and not line.track.is_active],
        "has_placeholders": any(line.has_placeholders for line in lines),
        "form": form,
        "may_run": request.user.can(Capability.RUN_NURTURE),
        "email_is_set": settings.EMAIL_IS_SET,
        "suppressed": Suppression.objects.in_force().count(),
        "now": now,
    }
    return render(request, "nurture/home.html", context, status=status)


@require_POST
@requires(Capability.RUN_NURTURE)
def adopt(request: PortalRequest) -> HttpResponse:
    """The website that the starter's offers lead to, and the tracks of every agreement start; or none does."""
    form = SiteForm(request.POST)
    if not form.is_valid():
        return _overview(request, form, status=422)
    site = form.cleaned_data["site"]
    try:
        started = services.adopt_everywhere(site=site, now=timezone.now(), actor=request.user)
    except TrackInvalid as refusal:
        form.add_error("site", refusal.message)
        return _overview(request, form, status=422)
    messages.success(request, _("Tracks started: %(count)s.") % {"count": len(started)})
    return redirect("nurture:home")


@requires(Capability.READ)
def track(request: PortalRequest, pk: int) -> HttpResponse:
    """Who is in it, what it sends, and how it came to be so."""
    now = timezone.now()
    [line] = track_lines(now=now, track_id=pk) or _nowhere()
    shown = _revision(request, line.track) or line.revision
    show = request.GET.get("show", SHOWS[0])
    show = show if show in SHOWS else SHOWS[0]
    page = Paginator(people(line.track, show, now=now), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "line": line,
        "figures": line.figures,
        "show": show,
        "is_inside": show == "inside",
        "is_held": show == "held",
        "is_left": show == "left",
        "page": page,
        "rows": [(enrolment, cause_words(enrolment)) for enrolment in page],
        "shown": shown,
        "steps": step_lines(shown, now=now),
        "waits_for_start": line.track.ran_at is None and bool(line.steps),
        "several_agreements": several_agreements(),
        "revisions": revisions_of(line.track),
        "may_run": request.user.can(Capability.RUN_NURTURE),
        "may_enrol": request.user.can(Capability.EDIT_LEADS),
        "email_is_set": settings.EMAIL_IS_SET,
        "now": now,
    }
    return render(request, "nurture/track.html", context)


def _nowhere() -> Any:
    raise Http404


def _revision(request: PortalRequest, found: Track) -> TrackRevision | None:
    """The revision that the address names, to be read; none where it names none."""
    text = request.GET.get("revision", "")
    return get_object_or_404(TrackRevision, track=found, number=whole_number(text)) if text else None


@require_POST
@requires(Capability.RUN_NURTURE)
def start(request: PortalRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Track, pk=pk)
    try:
        services.start_track(track_id=pk, now=timezone.now(), actor=request.user)
    except services.CannotRun as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("“%(track)s” runs.") % {"track": found})
    return redirect("nurture:track", pk)


@require_POST
@requires(Capability.RUN_NURTURE)
def pause(request: PortalRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Track, pk=pk)
    services.pause_track(track_id=pk, now=timezone.now(), actor=request.user)
    messages.success(request, _("“%(track)s” is paused: nobody is written to.") % {"track": found})
    return redirect("nurture:track", pk)


# --- Writing ------------------------------------------------------------------------------------------------


@requires(Capability.RUN_NURTURE)
def edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Write a track. Buttons that add, move or preview an e-mail save nothing and keep everything typed."""
    found = get_object_or_404(Track.objects.select_related("agreement"), pk=pk)
    newest = newest_revision(found)
    if request.method != "POST":
        initial = {
            "base": newest.number,
            "named": found.name,
            "name": found.name,
            "lasts_days": newest.lasts_days,
        }
        return _writing(request, found, TrackWriting.of(initial, drafts_of(newest)))
    writing = TrackWriting.sent(request.POST)
    is_valid = writing.is_valid()
    if "save" not in request.POST:
        return _rework(request, found, writing)
    if is_valid and _save(request, found, writing):
        return redirect("nurture:track", pk)
    if not is_valid:
        values = writing.track.cleaned_data
        writing.say(
            check_track(
                name=values.get("name", "–"),
                lasts_days=values.get("lasts_days", LONGEST_STAY),
                steps=writing.drafts,
            )
        )
    return _writing(request, found, writing, status=422)


def _save(request: PortalRequest, found: Track, writing: TrackWriting) -> bool:
    values = writing.track.cleaned_data
    try:
        revision = services.save_track(
            track_id=found.pk,
            name=values["name"],
            lasts_days=values["lasts_days"],
            steps=writing.drafts,
            note=values["note"],
            base=values["base"],
            base_name=values["named"] or None,
            now=timezone.now(),
            actor=request.user,
        )
    except TrackInvalid as refusal:
        writing.say(refusal.problems)
        return False
    except services.EditedMeanwhile as refusal:
        writing.track.add_error(None, refusal.message)
        _has_seen(writing, "base", str(newest_revision(found).number))
        return False
    except services.RenamedMeanwhile as refusal:
        writing.track.add_error("name", refusal.message)
        _has_seen(writing, "named", refusal.name)
        return False
    if revision.number == values["base"]:
        messages.success(request, _("Saved: the e-mails are as they were."))
    else:
        messages.success(request, _("Saved as revision %(number)s.") % {"number": revision.number})
    return True


def _has_seen(writing: TrackWriting, field: str, value: str) -> None:
    """What the writer was told now: saved again, it stands."""
    data = writing.track.data.copy() if isinstance(writing.track.data, QueryDict) else {}
    data[field] = value
    writing.track.data = data


def _rework(request: PortalRequest, found: Track, writing: TrackWriting) -> HttpResponse:
    """Add, remove, move or preview an e-mail."""
    drafts, data = writing.drafts, request.POST
    if "preview" in data:
        return _writing(request, found, writing, preview=_index(data["preview"], drafts))
    if "add" in data and len(drafts) < MOST_STEPS:
        drafts.append(StepDraft("5 days", "", ""))
    elif "remove" in data and drafts:
        drafts.pop(_index(data["remove"], drafts))
    elif "up" in data and (place := _index(data["up"], drafts)):
        drafts.insert(place - 1, drafts.pop(place))
    return _writing(request, found, writing.rearranged(drafts))


def _index(text: str, drafts: list[StepDraft]) -> int:
    """Which e-mail a button belongs to, from 0."""
    place = whole_number(text)
    if place is None or place >= len(drafts):
        raise Http404
    return place


def _writing(
    request: PortalRequest,
    found: Track,
    writing: TrackWriting,
    *,
    preview: int | None = None,
    status: int = 200,
) -> HttpResponse:
    samples = sample_leads(found)
    lead = _chosen(request.POST.get("lead", ""), found, samples)
    letter, problem = None, ""
    if preview is not None:
        letter, problem = _letter(writing.drafts[preview], lead)
    inside = Enrolment.objects.active().filter(track=found).count()
    context = {
        "track": found,
        "writing": writing,
        "known": KNOWN,
        "example": "{{ first_name|there }}",
        "samples": samples,
        "lead": lead,
        "preview": preview,
        "letter": letter,
        "problem": problem,
        "inside": inside,
        "is_full": len(writing.steps) >= MOST_STEPS,
    }
    return render(request, "nurture/edit.html", context, status=status)


def _letter(draft: StepDraft, lead: Lead | None) -> tuple[Letter | None, str]:
    """The e-mail as that lead would get it, or why it cannot be shown."""
    if lead is None:
        return None, _("There is no lead to show it with yet.")
    problems = [each.message for each in check_track(name="–", lasts_days=LONGEST_STAY, steps=[draft])]
    if problems:
        return None, " ".join(problems)
    step = Step(
        subject=draft.subject, body=draft.body, offer_name=draft.offer_name, offer_url=draft.offer_url
    )
    return _composed(step, lead), ""


def _composed(step: Step, lead: Lead) -> Letter:
    """With links that say what they are and lead nowhere."""
    return compose(step, lead, offer=step.offer_url or "", unsubscribe=f"{settings.PORTAL_URL}/n/u/…/")


def _chosen(text: str, found: Track, samples: list[Enrolment]) -> Lead | None:
    """The lead that was chosen, else one of the track, else the newest of the agreement."""
    leads = Lead.objects.select_related("company").filter(agreement=found.agreement_id)
    if (lead_id := whole_number(text)) and (chosen := leads.filter(pk=lead_id).first()):
        return chosen
    return samples[0].lead if samples else leads.exclude(Q(email=None)).order_by("-created_at", "-pk").first()


@requires(Capability.READ)
def preview(request: PortalRequest, pk: int, position: int) -> HttpResponse:
    """A saved step, of the newest revision or of the one that is named, as one lead gets it."""
    found = get_object_or_404(Track.objects.select_related("agreement"), pk=pk)
    revision = _revision(request, found) or newest_revision(found)
    step = get_object_or_404(Step, revision=revision, position=position)
    samples = sample_leads(found)
    lead = _chosen(request.GET.get("lead", ""), found, samples)
    problem, letter = "", None
    try:
        letter = _composed(step, lead) if lead else None
    except TemplateError as error:
        problem = str(error)
    context = {
        "track": found,
        "step": step,
        "lead": lead,
        "samples": samples,
        "letter": letter,
        "problem": problem or _("There is no lead to show it with yet."),
        "count": revision.step_count,
        "revision": revision,
    }
    return render(request, "nurture/preview.html", context)
