"""REST endpoints of nurture: the same services as the pages."""

from collections.abc import Callable
from typing import Any, cast

from django.db.models import Count, OuterRef, Prefetch, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from accounts.roles import Capability, Scope
from handoffs.api.views import Conflict
from leads.models import Lead
from nurture import services
from nurture.api import schema
from nurture.api import serializers as shapes
from nurture.api.filters import EnrolmentFilter
from nurture.models import Delivery, Enrolment, EnrolmentState, Step, Track, TrackRevision

CAPABILITIES = {"GET": Capability.READ, "POST": Capability.EDIT_LEADS}
SCOPES = {"GET": Scope.LEADS_READ, "POST": Scope.LEADS_WRITE}


class TrackView:
    """A track with its newest revision, as the serializer reads it."""

    def __init__(self, track: Track, revision: TrackRevision) -> None:
        self.pk, self.agreement, self.key = track.pk, track.agreement, track.key
        self.name, self.is_active = track.name, track.is_active
        self.inside: int = track.inside  # type: ignore[attr-defined]
        self.revision, self.lasts_days = revision.number, revision.lasts_days
        self.steps = list(revision.steps.all())


@extend_schema_view(
    list=extend_schema(
        operation_id="list_nurture_tracks",
        summary="Nurture tracks with their e-mails",
        tags=["nurture"],
        examples=[schema.shown(schema.TRACK, "A track")],
    )
)
class Tracks(ListModelMixin, GenericViewSet[Track]):
    queryset = Track.objects.select_related("agreement").annotate(
        inside=Count("enrolments", filter=Q(enrolments__state=EnrolmentState.ACTIVE)),
        newest=Subquery(
            TrackRevision.objects.filter(track=OuterRef("pk")).order_by("-number").values("pk")[:1]
        ),
    )
    serializer_class = shapes.TrackSerializer
    capabilities = {"GET": Capability.READ}
    scopes = {"GET": Scope.LEADS_READ}

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of tracks, each with its newest revision: two more queries whatever their number."""
        tracks = super().paginate_queryset(queryset) or []
        ids = [track.newest for track in tracks]
        steps = Prefetch("steps", Step.objects.order_by("position"))
        revisions = TrackRevision.objects.filter(pk__in=ids).prefetch_related(steps).in_bulk(ids)
        return [TrackView(track, revisions[track.newest]) for track in tracks]


@extend_schema_view(
    list=extend_schema(
        operation_id="list_enrolments",
        summary="Enrolments, the newest first",
        tags=["nurture"],
        examples=[schema.shown(schema.ENROLMENT, "An enrolment")],
    ),
    retrieve=extend_schema(
        operation_id="read_enrolment",
        summary="One enrolment",
        tags=["nurture"],
        responses={200: shapes.EnrolmentSerializer, **schema.NOT_FOUND},
        examples=[schema.shown(schema.ENROLMENT, "An enrolment")],
    ),
)
class Enrolments(ListModelMixin, RetrieveModelMixin, GenericViewSet[Enrolment]):
    queryset = Enrolment.objects.select_related("lead", "track", "revision", "enrolled_by").prefetch_related(
        Prefetch("deliveries", Delivery.objects.select_related("step", "message").order_by("queued_at", "pk"))
    )
    serializer_class = shapes.EnrolmentSerializer
    filterset_class = EnrolmentFilter
    lookup_value_regex = "[0-9]{1,18}"
    capabilities, scopes = CAPABILITIES, SCOPES

    @extend_schema(
        operation_id="enrol_lead",
        summary="Enrol a lead in a track",
        description="A lead in another track moves. `hold` tells whether and why nothing is sent. Refused for a "
        "lead that is in that track already, or must not be written to.",
        request=shapes.EnrolSerializer,
        responses={201: shapes.EnrolmentSerializer, **schema.PROBLEMS},
        examples=[
            schema.asked(schema.ENROL, "Request"),
            schema.shown(schema.ENROLMENT, "The enrolment", "201"),
        ],
        tags=["nurture"],
    )
    def create(self, request: Request) -> Response:
        serializer = shapes.EnrolSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        try:
            enrolment = self._ask(
                services.enrol_by_hand, lead_id=asked["lead"], track_key=asked["track"], note=asked["note"]
            )
        except Lead.DoesNotExist as error:
            raise ValidationError({"lead": [_("There is no such lead.")]}) from error
        shown = self.get_queryset().get(pk=enrolment.pk)
        return Response(shapes.EnrolmentSerializer(shown).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="leave_track",
        summary="Take a lead out of its track",
        request=shapes.LeaveSerializer,
        responses={200: shapes.EnrolmentSerializer, **schema.PROBLEMS},
        examples=[schema.asked({}, "Request"), schema.shown(schema.ENROLMENT, "The enrolment")],
        tags=["nurture"],
    )
    @action(detail=True, methods=["post"], serializer_class=shapes.LeaveSerializer)
    def leave(self, request: Request, pk: str) -> Response:
        enrolment = self.get_object()
        self._ask(services.leave_track, enrolment_id=enrolment.pk)
        return Response(shapes.EnrolmentSerializer(self.get_object()).data)

    def _ask(self, service: Callable[..., Any], **asked: Any) -> Any:
        try:
            return service(now=timezone.now(), actor=cast(User, self.request.user), **asked)
        except services.Refused as refused:
            raise Conflict(refused.message, refused.code) from refused
