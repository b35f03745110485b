"""REST endpoints: every figure with what lies behind it, and visitors in bulk."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.roles import Capability, Scope
from accounts.rules import whole_number
from kpis.api import schema
from kpis.api.asking import params_of, refuse_unknown, scope_asked
from kpis.measures import MEASURES, SPECIAL, Kind, UnknownMeasure, Which
from kpis.rules import State
from kpis.scopes import Scope as Asked
from kpis.selectors import Fact, Figure, Slice, UnknownSlice, behind, figures, promises, standing
from kpis.services import TrafficItem, TrafficResult, upsert_traffic
from leads.api.parsing import RawJson, TooLarge, read_body
from leads.services import BatchTooLarge, read_items

PAGE_SIZE, MOST_A_PAGE = 100, 1000


class ReadFigures(APIView):
    capabilities = {"GET": Capability.READ}
    scopes = {"GET": Scope.LEADS_READ}


class Kpis(ReadFigures):
    @extend_schema(
        operation_id="read_kpis",
        summary="Every measure of a month, or of any days",
        description=(
            "Each measure in words, with its numerator, denominator and value, and the address that lists the facts "
            "behind either part: as many as the figure counts, or with amounts that add up to it. Rates lie between 0 "
            "and 1, durations are seconds (the value is the median). A value of null means that there is nothing to "
            "count; `empty` says what is missing."
        ),
        parameters=schema.SCOPE,
        responses={200: schema.KPIS, **schema.PROBLEMS},
        examples=[schema.EXAMPLE_OF_KPIS],
        tags=["kpis"],
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        refuse_unknown(request.query_params)
        scope = scope_asked(request.query_params, now)
        params = params_of(request.query_params, scope)
        read = figures(MEASURES, scope, now)
        return Response(
            {
                "from": scope.starts_on,
                "to": scope.ends_on,
                "zone": str(scope.zone),
                "as_of": now,
                "measures": [
                    *(_told(request, figure, params) for figure in read.values()),
                    _promises_kept(scope, now),
                ],
            }
        )


def _told(request: Request, figure: Figure, params: Mapping[str, str]) -> dict[str, Any]:
    told = figure.measure
    sides = {which: _listing(request, told.key, which, params) for which, _part in told.parts}
    return {
        "key": told.key,
        "label": str(told.label),
        "words": str(told.words),
        "side": told.side,
        "kind": told.kind.value,
        "numerator": _plain(figure.numerator),
        "denominator": _plain(figure.denominator),
        "value": _plain(figure.value),
        "p90": _plain(figure.p90),
        "empty": figure.empty,
        "behind": sides,
    }


def _listing(request: Request, key: str, which: Which, params: Mapping[str, str]) -> dict[str, Any]:
    query = {"key": key, "part": which, **params}
    address = f"{reverse('api-kpis-behind')}?{urlencode(query)}"
    return {"query": query, "url": request.build_absolute_uri(address)}


def _promises_kept(scope: Asked, now: Any) -> dict[str, Any]:
    found = promises(standing(scope, now), scope, now)
    judged = [promise for promise in found if promise.state is not State.EMPTY]
    kept = sum(promise.state is State.KEPT for promise in judged)
    return {
        "key": "promises-kept",
        "label": _("Promises kept"),
        "words": str(SPECIAL["promises-kept"]),
        "side": None,
        "kind": Kind.RATE.value,
        "numerator": kept,
        "denominator": len(judged),
        "value": kept / len(judged) if judged else None,
        "p90": None,
        "empty": "" if judged else _("No promises to judge yet."),
        "behind": {},
    }


class Behind(ReadFigures):
    @extend_schema(
        operation_id="read_kpi_facts",
        summary="The facts behind a figure, the newest first",
        description=(
            "One row for each thing that the part of the figure counts: `count` is the figure, or `amount` adds up to "
            "it (durations in seconds). `by` and `value` narrow it to a slice, such as `by=source&value=webinar` or "
            "`by=day&value=2026-11-02`."
        ),
        parameters=[*schema.BEHIND, *schema.SCOPE],
        responses={200: schema.FACTS, **schema.PROBLEMS},
        examples=[schema.EXAMPLE_OF_FACTS],
        tags=["kpis"],
    )
    def get(self, request: Request) -> Response:
        now, query = timezone.now(), request.query_params
        refuse_unknown(query, *(each.name for each in schema.BEHIND))
        scope = scope_asked(query, now)
        which = _which(query)
        cut = Slice(query["by"], query.get("value", "")) if query.get("by") else None
        page, size = _number(query, "page", 1, 10**6), _number(query, "page_size", PAGE_SIZE, MOST_A_PAGE)
        try:
            found = behind(query.get("key", ""), which, scope, now, cut)
        except UnknownMeasure:
            known = ", ".join(MEASURES)
            raise ValidationError(
                {"key": [_("There is no such measure. There are: %(known)s.") % {"known": known}]}
            ) from None
        except UnknownSlice:
            raise ValidationError({"by": [_("The measure cannot be cut like that.")]}) from None
        except LookupError:
            raise ValidationError({"part": [_("This measure has a numerator alone.")]}) from None
        rows = found[(page - 1) * size : page * size]
        return Response(
            {"count": len(found), "page": page, "page_size": size, "results": [_row(row) for row in rows]}
        )


def _which(query: Mapping[str, str]) -> Which:
    which = query.get("part", "numerator")
    if which not in ("numerator", "denominator"):
        raise ValidationError({"part": [_("Say numerator or denominator.")]})
    return cast(Which, which)


def _number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    number = whole_number(query.get(name) or str(default))
    if number is None or not 1 <= number <= most:
        raise ValidationError({name: [_("A whole number from 1 to %(most)s.") % {"most": most}]})
    return number


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "lead": str(fact.lead_id) if fact.lead_id else None,
        "name": fact.lead,
        "at": fact.at,
        "owner": fact.owner,
        "about": fact.about,
        "amount": _plain(fact.amount),
    }


def _plain(amount: Any) -> Any:
    """Durations as seconds, money as text so that no cent is lost."""
    if isinstance(amount, timedelta):
        return amount.total_seconds()
    return str(amount) if isinstance(amount, Decimal) else amount


class TrafficBody(msgspec.Struct, forbid_unknown_fields=True):
    traffic: list[msgspec.Raw]


class Traffic(APIView):
    parser_classes = [RawJson]
    capabilities = {"POST": Capability.IMPORT_LEADS}
    scopes = {"POST": Scope.LEADS_WRITE}

    @extend_schema(
        operation_id="upsert_traffic",
        summary="Visitors by day and source",
        description=(
            "A day and source (and agreement, where visitors are told apart by it) has one figure; told again, the new "
            "one replaces it. Items that cannot be taken are reported and stop no other."
        ),
        request=schema.TRAFFIC,
        responses={200: schema.TRAFFIC_RESULTS, **schema.BULK_PROBLEMS},
        examples=schema.EXAMPLES_OF_TRAFFIC,
        tags=["kpis"],
    )
    def post(self, request: Request) -> HttpResponse:
        items = read_items(read_body(request, TrafficBody).traffic, TrafficItem)
        try:
            results = upsert_traffic(items, now=timezone.now(), actor=cast(User, request.user))
        except BatchTooLarge as error:
            raise TooLarge(str(error)) from None
        body = msgspec.json.encode({"results": [_result(each) for each in results]})
        return HttpResponse(body, content_type="application/json")


def _result(result: TrafficResult) -> dict[str, Any]:
    error = {"field": result.error.field, "reason": result.error.reason} if result.error else None
    return {"index": result.index, "status": result.status.value, "error": error}
