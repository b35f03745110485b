"""Settings → Imports: a file picked, its columns mapped, checked, imported."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from accounts.rules import time_zones
from leads.forms.imports import ColumnsForm, FileForm, UploadForm
from leads.importing.encodings import ENCODINGS, telling_words
from leads.importing.errorfile import ErrorFile
from leads.importing.headers import ERROR_COLUMNS
from leads.importing.inspection import DELIMITERS
from leads.importing.kinds import NotCsv
from leads.importing.mapping import BadMapping, read_mapping
from leads.importing.synonyms import SYSTEMS
from leads.models import ImportJob, ImportState
from leads.selectors.imports import errors_of, failed_rows, imports
from leads.services import imports as services
from leads.services.imports import FileChoices, ImportNotOpen, NoRoom
from leads.services.items import Status
from leads.views.import_preview import preview, readable, verdict
from leads.views.uploads import StreamToDisk

PAGE_SIZE = 50


# --- The list, and a new file -------------------------------------------------------------------------------


@csrf_exempt  # the form is read by our own handler, which must be set first; see _import_list
@requires(Capability.IMPORT_LEADS)
def import_list(request: PortalRequest) -> HttpResponseBase:
    handler = StreamToDisk(request)
    if request.method == "POST":
        request.upload_handlers = [handler]
    return _import_list(request, handler)


@csrf_protect
def _import_list(request: PortalRequest, handler: StreamToDisk) -> HttpResponse:
    is_upload = request.method == "POST"
    form = UploadForm(request.POST, request.FILES, refusal=handler.refusal) if is_upload else UploadForm()
    if is_upload and _is_taken(request, form):
        return _go(request, reverse("leads:import_columns", args=[form.cleaned_data["job"].pk]))
    context = {"form": form, **_limits()}
    status = 422 if form.errors else 200
    if request.htmx:
        return render(request, "leads/imports/_upload.html", context, status=status)
    page = Paginator(imports(), PAGE_SIZE).get_page(request.GET.get("page"))
    count = page.paginator.count
    context |= {
        "page": page,
        "count": ngettext("%(count)d import", "%(count)d imports", count) % {"count": count},
        "now": timezone.now(),
    }
    return render(request, "leads/imports/list.html", context, status=status)


def _is_taken(request: PortalRequest, form: UploadForm) -> bool:
    """Take the file in; what it is refused for stands at the form's field."""
    if not form.is_valid():
        return False
    file = form.cleaned_data["file"]
    try:
        form.cleaned_data["job"] = services.take_file(
            file,
            name=file.name,
            now=timezone.now(),
            actor=request.user,
            time_zone=request.user.time_zone,
        )
    except (NotCsv, NoRoom) as refusal:
        form.add_error("file", str(refusal))
        return False
    return True


def _limits() -> dict[str, Any]:
    """How large a file may be, for the form and for its script."""
    most = services.MOST_BYTES // 2**20
    words = _("At most %(most)s MB can be imported at once. Split the file, and import the parts.")
    return {"most_bytes": services.MOST_BYTES, "most_mb": most, "too_large": words % {"most": most}}


def _go(request: PortalRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


# --- Columns, then a rehearsal ------------------------------------------------------------------------------


@requires(Capability.IMPORT_LEADS)
@never_cache
def import_columns(request: PortalRequest, pk: int) -> HttpResponse:
    """What the columns become."""
    job = get_object_or_404(imports(), pk=pk)
    if job.state != ImportState.UPLOADED:
        return redirect("leads:import", pk)
    try:
        findings = services.findings_of(job)
        with services.open_file(job) as file:
            words = [] if job.encoding_is_sure else telling_words(file, job.encoding)
    except (FileNotFoundError, NotCsv) as trouble:
        return _gone(request, job, trouble)
    form = ColumnsForm(
        request.POST or None, headers=job.headers, sample=findings.sample, mapping=read_mapping(job.mapping)
    )
    if request.method == "POST" and form.is_valid() and _columns_chosen(request, job, form):
        return redirect("leads:import_check", pk)
    context = {
        "job": job,
        "form": form,
        "words": words,
        "file_form": FileForm(initial=_file_choices(job)),
        "is_error_file": set(ERROR_COLUMNS) <= set(job.headers),
        "time_zones": time_zones(),
        "systems": sorted(SYSTEMS),
        "how_read": f"{ENCODINGS[job.encoding]} · {DELIMITERS[job.delimiter]}",
        "step": "columns",
    }
    return render(request, "leads/imports/columns.html", context, status=422 if form.errors else 200)


def _columns_chosen(request: PortalRequest, job: ImportJob, form: ColumnsForm) -> bool:
    try:
        services.choose_columns(job_id=job.pk, mapping=form.mapping(), now=timezone.now(), actor=request.user)
    except BadMapping as error:
        form.add_error(None, str(error))
        return False
    except ImportNotOpen:
        pass
    return True


def _file_choices(job: ImportJob) -> dict[str, str]:
    return {
        "encoding": job.encoding,
        "delimiter": job.delimiter,
        "has_header": "yes" if job.has_header else "no",
    }


@requires(Capability.IMPORT_LEADS)
@require_POST
def import_read_again(request: PortalRequest, pk: int) -> HttpResponse:
    """Read the file in another encoding, with another delimiter, with or without headings."""
    form = FileForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose an encoding, a delimiter and what the first row is."))
        return redirect("leads:import_columns", pk)
    try:
        services.read_again(
            job_id=pk, choices=FileChoices(**form.cleaned_data), now=timezone.now(), actor=request.user
        )
    except (ImportNotOpen, NotCsv) as refusal:
        messages.error(request, str(refusal))
    except FileNotFoundError as trouble:
        return _gone(request, get_object_or_404(ImportJob, pk=pk), trouble)
    return redirect("leads:import_columns", pk)


@requires(Capability.IMPORT_LEADS)
@never_cache
def import_check(request: PortalRequest, pk: int) -> HttpResponse:
    """What the import would do: the first rows, rehearsed."""
    job = get_object_or_404(imports(), pk=pk)
    if job.state != ImportState.UPLOADED:
        return redirect("leads:import", pk)
    now = timezone.now()
    mapping = read_mapping(job.mapping)
    try:
        rehearsal = services.rehearse_sample(job=job, now=now, actor=request.user)
    except FileNotFoundError as trouble:
        return _gone(request, job, trouble)
    context = {
        "job": job,
        "rehearsal": rehearsal,
        "checked": len(rehearsal.outcomes),
        "counts": {status.value: rehearsal.counts[status] for status in Status},
        "preview": preview(rehearsal, mapping, job.headers, now),
        "verdict": verdict(rehearsal, job),
        "step": "check",
    }
    return render(request, "leads/imports/check.html", context)


def _gone(request: PortalRequest, job: ImportJob, trouble: Exception) -> HttpResponse:
    """The file vanished from the disk, or is no longer what it was."""
    words = _("The file is no longer here. Upload it again.")
    messages.error(request, str(trouble) if isinstance(trouble, NotCsv) else words)
    services.stop_import(job_id=job.pk, now=timezone.now(), actor=request.user)
    return redirect("leads:imports")


# --- The import ---------------------------------------------------------------------------------------------


@requires(Capability.IMPORT_LEADS)
@never_cache
def import_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """How far it is, and what was wrong with rows."""
    job = get_object_or_404(imports(), pk=pk)
    if job.state == ImportState.UPLOADED:
        return redirect("leads:import_columns", pk)
    warnings = request.GET.get("show") == "warnings" or not job.failed
    page = Paginator(errors_of(job, warnings=warnings), PAGE_SIZE).get_page(request.GET.get("page"))
    context = _progress(job, timezone.now()) | {
        "page": page,
        "problems": readable(page, job.headers),
        "warnings": warnings,
        "errors_url": "?show=errors#problems",
        "warnings_url": "?show=warnings#problems" if job.warned else "",
        "form": UploadForm(),
        **_limits(),
        "step": "import",
    }
    return render(request, "leads/imports/detail.html", context)


@requires(Capability.IMPORT_LEADS)
@require_GET
@never_cache
def import_progress(request: PortalRequest, pk: int) -> HttpResponse:
    """What the page of a running import asks for each second, with the state for its heading; when it is over,
    the whole page is.
    """
    job = get_object_or_404(imports(), pk=pk)
    if not job.is_open:
        return HttpResponseClientRefresh()
    context = _progress(job, timezone.now()) | {"is_update": True}
    return render(request, "leads/imports/_progress.html", context)


def _progress(job: ImportJob, now: datetime) -> dict[str, Any]:
    """Rows a second, and what is left at that speed."""
    until = job.finished_at or now
    seconds = (until - job.started_at).total_seconds() if job.started_at else 0
    rate = job.rows_done / seconds if seconds > 0 else 0
    left = (job.rows_total - job.rows_done) / rate if rate else None
    return {
        "job": job,
        "now": now,
        "rate": rate,
        "left": timedelta(seconds=left) if left else None,
        "took": until - job.started_at if job.started_at else None,
    }


@requires(Capability.IMPORT_LEADS)
@require_POST
def import_start(request: PortalRequest, pk: int) -> HttpResponse:
    try:
        services.start_import(job_id=pk, now=timezone.now(), actor=request.user)
    except BadMapping as error:
        messages.error(request, str(error))
        return redirect("leads:import_columns", pk)
    except ImportNotOpen as refusal:
        messages.info(request, str(refusal))
    return redirect("leads:import", pk)


@requires(Capability.IMPORT_LEADS)
@require_POST
def import_stop(request: PortalRequest, pk: int) -> HttpResponse:
    try:
        job = services.stop_import(job_id=pk, now=timezone.now(), actor=request.user)
    except ImportNotOpen as refusal:
        messages.info(request, str(refusal))
        return redirect("leads:import", pk)
    if not job.started_at:
        messages.success(request, _("“%(file)s” was discarded.") % {"file": job.file_name})
        return redirect("leads:imports")
    messages.success(request, _("The import was stopped. What was imported so far stays."))
    return redirect("leads:import", pk)


@requires(Capability.IMPORT_LEADS)
@require_POST
def import_go_on(request: PortalRequest, pk: int) -> HttpResponse:
    try:
        services.go_on(job_id=pk, now=timezone.now(), actor=request.user)
    except ImportNotOpen as refusal:
        messages.error(request, str(refusal))
    return redirect("leads:import", pk)


@requires(Capability.IMPORT_LEADS)
@require_GET
def import_errors(request: PortalRequest, pk: int) -> StreamingHttpResponse:
    """The rows that were not imported, as a CSV file to mend and upload again."""
    job = get_object_or_404(ImportJob, pk=pk)
    name = _("%(file)s – errors.csv") % {"file": PurePath(job.file_name).stem}
    response = StreamingHttpResponse(_error_lines(job), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _error_lines(job: ImportJob) -> Iterator[str]:
    lines: list[str] = []
    target = _Lines(lines)
    file = ErrorFile(target, job.headers, job.delimiter)
    for line, problems, cells in failed_rows(job):
        file.add(line, problems, cells)
        if len(lines) > 500:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


class _Lines:
    """What csv writes to, to be sent piece by piece."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, text: str, /) -> None:
        self._lines.append(text)
