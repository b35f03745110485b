"""REST endpoints of leads and activities."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.roles import Capability, Scope
from leads.api import schema
from leads.api.filters import LeadFilter
from leads.api.parsing import ActivitiesBody, LeadsBody, RawJson, TooLarge, read_body
from leads.api.results import answer, present
from leads.api.serializers import FactSerializer, LeadSerializer, TimelineSerializer
from leads.extensions import result_fields
from leads.models import ChangeSource, Lead
from leads.selectors.timeline import timeline
from leads.services import (
    BatchTooLarge,
    EventItem,
    ItemResult,
    SyncItem,
    append_activities,
    read_items,
    rehearsal,
    upsert_leads,
)

YES = {"1", "true", "yes"}


def actor(request: Request) -> User:
    """Who calls; the permission let nobody in without a user."""
    return cast(User, request.user)


class BulkView(APIView):
    """Takes many items at once and answers for each."""

    parser_classes = [RawJson]
    capabilities = {"POST": Capability.EDIT_LEADS}
    scopes = {"POST": Scope.LEADS_WRITE}

    def write(self, request: Request, act: Callable[[], Sequence[ItemResult]]) -> HttpResponse:
        is_dry_run = request.query_params.get("dry_run", "").lower() in YES
        try:
            with rehearsal(is_dry_run):
                results = act()
                presented = present(results, are_kept=not is_dry_run)
        except BatchTooLarge as error:
            raise TooLarge(str(error)) from None
        return answer(presented)


class UpsertLeads(BulkView):
    @extend_schema(
        operation_id="upsert_leads",
        summary="Create and change leads",
        description=(
            "Each lead is known by its `external_ref`, else by its e-mail address. What an item leaves "
            "out is left alone; null clears. `attributes` are merged key by key. Items that cannot be taken "
            "are reported and stop no other. Sending the same again changes nothing."
        ),
        parameters=[schema.DRY_RUN],
        request=schema.LEADS,
        responses=schema.ANSWERS,
        examples=schema.EXAMPLES_OF_LEADS,
        tags=["leads"],
    )
    def post(self, request: Request) -> HttpResponse:
        items = read_items(read_body(request, LeadsBody).leads, SyncItem)
        return self.write(
            request,
            lambda: upsert_leads(items, now=timezone.now(), actor=actor(request), source=ChangeSource.API),
        )


class AppendActivities(BulkView):
    @extend_schema(
        operation_id="append_activities",
        summary="Record what leads did",
        description=(
            "Each activity names its lead by `email`, `id` or `external_ref`. A `key` makes it safe to "
            "repeat: the same key again is `unchanged`. The `id` of a result is the lead's."
        ),
        parameters=[schema.DRY_RUN],
        request=schema.ACTIVITIES,
        responses=schema.ANSWERS,
        examples=schema.EXAMPLES_OF_ACTIVITIES,
        tags=["leads"],
    )
    def post(self, request: Request) -> HttpResponse:
        items = read_items(read_body(request, ActivitiesBody).activities, EventItem)
        return self.write(
            request,
            lambda: append_activities(
                items, now=timezone.now(), actor=actor(request), source=ChangeSource.API
            ),
        )


class ReadLeads(GenericAPIView[Lead]):
    """What listing and reading a lead share."""

    queryset = Lead.objects.select_related("company", "owner", "agreement").prefetch_related("external_refs")
    serializer_class = LeadSerializer
    capabilities = {"GET": Capability.READ}
    scopes = {"GET": Scope.LEADS_READ}


def serialize(leads: Sequence[Lead], context: Mapping[str, Any]) -> Any:
    """The leads with what other apps say of them, in a fixed number of queries."""
    ids = [lead.pk for lead in leads]
    extras = {name: read(ids) for name, read in result_fields.items()} if ids else {}
    return LeadSerializer(leads, many=True, context={**context, "extras": extras}).data


@extend_schema_view(
    get=extend_schema(operation_id="list_leads", summary="Leads, the newest first", tags=["leads"])
)
class LeadList(ReadLeads, ListAPIView[Lead]):
    filterset_class = LeadFilter

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(serialize(page or [], self.get_serializer_context()))


@extend_schema_view(get=extend_schema(operation_id="read_lead", summary="One lead", tags=["leads"]))
class LeadDetail(ReadLeads, RetrieveAPIView[Lead]):
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        [lead] = serialize([self.get_object()], self.get_serializer_context())
        return Response(lead)


class LeadTimeline(APIView):
    capabilities = {"GET": Capability.READ}
    scopes = {"GET": Scope.LEADS_READ}

    @extend_schema(
        operation_id="read_timeline",
        summary="Everything that happened to a lead",
        description="The newest 500 facts, the newest first, each with the clause that caused it.",
        responses={200: TimelineSerializer, (404, "application/problem+json"): schema.PROBLEM},
        examples=[schema.EXAMPLE_OF_A_TIMELINE],
        tags=["leads"],
    )
    def get(self, request: Request, pk: int) -> Response:
        lead = get_object_or_404(Lead.objects.only("pk"), pk=pk)
        facts: Any = timeline(lead.pk)
        return Response({"results": FactSerializer(facts, many=True).data})
