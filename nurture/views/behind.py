"""Behind a figure of nurture: the list of what it counts, as a page and as a file."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import whole_number
from leads.importing.rows import guarded
from leads.models import Lead
from nurture.models import Delivery, Enrolment, Step, Track, TrackRevision
from nurture.selectors.behind import Cut, Figure, mails_counted, people_counted
from nurture.selectors.leads import state_words
from nurture.selectors.tracks import several_agreements
from nurture.selectors.wording import readable, subject_of

A_PAGE = 50


@dataclass(frozen=True)
class Row:
    """One of those counted: a person in a track, or an e-mail (then with `delivery` and its subject)."""

    lead: Lead
    track: Track
    at: datetime
    about: str
    delivery: Delivery | None = None
    subject: str = ""


class Behind:
    """What the address asks for. Raises Http404 for a figure, track, revision or step that is not there."""

    def __init__(self, request: PortalRequest, figure: str, now: datetime) -> None:
        if figure not in Figure:
            raise Http404
        self.figure = Figure(figure)
        self.cut = _cut(request)
        self.counted: QuerySet[Any] = (
            mails_counted(self.figure, self.cut, now=now)
            if self.figure.counts_mails
            else people_counted(self.figure, self.cut, now=now)
        )

    def rows(self, counted: Iterable[Any]) -> Iterator[Row]:
        return map(_of_mail if self.figure.counts_mails else _of_person, counted)

    @property
    def count_words(self) -> str:
        count = self.counted.count()
        words = (
            ngettext("%(count)s e-mail", "%(count)s e-mails", count)
            if self.figure.counts_mails
            else ngettext("%(count)s person", "%(count)s people", count)
        )
        return words % {"count": number_format(count, force_grouping=True)}

    @property
    def chips(self) -> list[dict[str, str]]:
        """What the figure is narrowed to; without them it is of all tracks."""
        cut, found = self.cut, []
        if cut.track:
            found.append({"label": _("Track"), "value": cut.track.name, "param": "track"})
        if cut.revision:
            said = number_format(cut.revision.number)
            found.append({"label": _("Revision"), "value": said, "param": "revision"})
        if cut.step:
            said = readable(cut.step.subject)
            found.append({"label": _("E-mail"), "value": said, "param": "step"})
        return found


def _cut(request: PortalRequest) -> Cut:
    return Cut(
        track=_named(request, "track", Track.objects.all()),
        revision=_named(request, "revision", TrackRevision.objects.all()),
        step=_named(request, "step", Step.objects.select_related("revision")),
    )


def _named(request: PortalRequest, name: str, among: QuerySet[Any]) -> Any:
    text = request.GET.get(name, "")
    if not text:
        return None
    found = among.filter(pk=whole_number(text)).first()
    if found is None:
        raise Http404
    return found


def _of_person(enrolment: Enrolment) -> Row:
    if enrolment.ended_at:
        about = str(enrolment.get_ended_why_display())
        return Row(enrolment.lead, enrolment.track, enrolment.ended_at, about)
    about = str(enrolment.get_hold_display()) if enrolment.hold else ""
    return Row(enrolment.lead, enrolment.track, enrolment.started_at, about)


def _of_mail(delivery: Delivery) -> Row:
    followed = [_("offer followed")] if delivery.clicked_at else []
    about = " · ".join(filter(None, [*followed, state_words(delivery)]))
    enrolment = delivery.enrolment
    return Row(enrolment.lead, enrolment.track, delivery.queued_at, about, delivery, subject_of(delivery))


@requires(Capability.READ)
def behind(request: PortalRequest, figure: str) -> HttpResponse:
    """As many rows as the figure says."""
    now = timezone.now()
    found = Behind(request, figure, now)
    page = Paginator(found.counted, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "behind": found,
        "figure": found.figure,
        "page": page,
        "rows": list(found.rows(page)),
        "count": page.paginator.count,
        "query": _without_page(request),
        "several_agreements": several_agreements(),
        "now": now,
    }
    return render(request, "nurture/behind.html", context)


def _without_page(request: PortalRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


HEAD = ("at", "lead_id", "lead", "company", "track", "subject", "what")


@requires(Capability.READ)
def behind_csv(request: PortalRequest, figure: str) -> StreamingHttpResponse:
    """The whole list, one line for each, sent while it is read. Instants are UTC."""
    found = Behind(request, figure, timezone.now())
    rows = found.rows(found.counted.iterator(chunk_size=500))
    lines = _in_language(get_language(), _lines(rows))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="nurture-{found.figure.value}.csv"'
    return response


def _in_language(language: str | None, lines: Iterator[str]) -> Iterator[str]:
    """Lines are written after the view returned, when the reader's language is no longer the thread's. It is
    set for each line by itself: whatever the thread does between two lines keeps its own."""
    while True:
        with override(language):
            line = next(lines, None)
        if line is None:
            return
        yield line


class _Echo:
    """A file for the csv module that hands back what is written."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """The byte order mark tells spreadsheets that this is UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(HEAD)
    for row in rows:
        at = row.at.astimezone(UTC).isoformat(timespec="seconds")
        company = row.lead.company.name if row.lead.company else ""
        words = (str(row.lead), company, row.track.name, row.subject, row.about)
        yield writer.writerow([at, row.lead.pk, *map(guarded, words)])
