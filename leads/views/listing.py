"""The list of leads, and the same as a file."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability
from leads.models import Lead
from leads.selectors.listing import (
    DEFAULT_ORDER,
    MOST_COUNTED,
    Cursor,
    Page,
    count,
    every_page,
    gathered,
    listed,
    page_of,
)
from leads.views import asked as asking

FORMULA = re.compile(r"[=+\-@\t\r]")
PLAIN_NUMBER = re.compile(r"[+-]?[\d\s()./-]+")


@requires(Capability.READ)
def leads_list(request: PortalRequest) -> HttpResponse:
    """The whole page, or to htmx the list alone; the address says everything."""
    asked, order = asking.asked(request), asking.order(request)
    leads = listed(asked)
    found = count(leads)
    page = page_of(
        gathered(leads) if found <= MOST_COUNTED else leads,
        order=order,
        cursor=Cursor.parse(request.GET.get("cursor", "")),
    )
    columns = asking.columns(request)
    context = {
        "asked": asked,
        "order": order,
        "page": page,
        "columns": columns,
        "shown": [column for column in columns if column["shown"]],
        "count": _say_count(found),
        "choices": asking.choices(request, asked),
        "chips": asking.chips(request, asked),
        "kept": _kept(request),
        "sort_kept": _unsorted(request, order),
        "may_edit": request.user.can(Capability.EDIT_LEADS),
        "may_import": request.user.can(Capability.IMPORT_LEADS),
        "now": timezone.now(),
    }
    is_part = request.htmx.target == "leads"
    response = render(request, "leads/_list.html" if is_part else "leads/list.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    if is_part:
        response["HX-Push-Url"] = _clean_address(request)
    return response


def _say_count(found: int) -> str:
    if found > MOST_COUNTED:
        return _("%(count)s+ leads") % {"count": number_format(MOST_COUNTED, force_grouping=True)}
    return ngettext("%(count)s lead", "%(count)s leads", found) % {
        "count": number_format(found, force_grouping=True)
    }


def _kept(request: PortalRequest) -> list[tuple[str, str]]:
    """What a change of filters leaves as it is."""
    return [(name, value) for name in ("cols", "company") for value in request.GET.getlist(name)]


def _unsorted(request: PortalRequest, order: str) -> str:
    return "" if order == DEFAULT_ORDER else order


def _clean_address(request: PortalRequest) -> str:
    """The address without what is empty anyway."""
    query = request.GET.copy()
    for name, values in list(query.lists()):
        if given := [value for value in values if value]:
            query.setlist(name, given)
        else:
            del query[name]
    return f"{request.path}?{query.urlencode()}" if query else request.path


# --- The same as a file ---


@requires(Capability.READ)
def export(request: PortalRequest) -> StreamingHttpResponse:
    """Every lead the address asks for as CSV, in its order; sent while it is read, whatever the length."""
    pages = every_page(listed(asking.asked(request)), order=asking.order(request))
    response = StreamingHttpResponse(_lines(pages), content_type="text/csv; charset=utf-8")
    name = f"leads-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


HEAD = (
    "id", "first_name", "last_name", "email", "phone", "job_title", "company", "company_domain", "company_industry",
    "company_employees", "company_country", "source", "stage", "stage_entered_at", "grade", "fit", "interest", "owner",
    "agreement", "value", "email_consent", "do_not_call", "time_zone", "created_at", "last_activity_at",
)  # fmt: skip


class _Echo:
    """A file for the csv module that hands back what is written."""

    def write(self, line: str) -> str:
        return line


def _lines(pages: Iterable[Page]) -> Iterator[str]:
    """The byte order mark tells spreadsheets that this is UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(HEAD)
    for page in pages:
        yield "".join(writer.writerow(_row(lead, page.scores.get(lead.pk) or {})) for lead in page.leads)


def _row(lead: Lead, score: dict[str, Any]) -> list[str]:
    company = lead.company
    values = [
        lead.pk, lead.first_name, lead.last_name, lead.email, lead.phone, lead.job_title,
        company and company.name, company and company.domain, company and company.industry,
        company and company.employees, company and company.country, lead.source, lead.stage, lead.stage_entered_at,
        score.get("grade"), score.get("fit"), score.get("interest"), lead.owner and lead.owner.email,
        lead.agreement and lead.agreement.slug, lead.value, lead.email_consent, int(lead.do_not_call), lead.time_zone,
        lead.created_at, lead.last_activity_at,
    ]  # fmt: skip
    return [_cell(value) for value in values]


def _cell(value: Any) -> str:
    """As text; what a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection)."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if FORMULA.match(text) and not PLAIN_NUMBER.fullmatch(text) else text
