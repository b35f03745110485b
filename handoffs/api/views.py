"""REST endpoints of handoffs: the same services as the pages."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from accounts.roles import Capability, Scope
from handoffs import services
from handoffs.api import schema
from handoffs.api import serializers as shapes
from handoffs.api.filters import BreachFilter, DeadlineFilter, HandoffFilter
from handoffs.models import Breach, Deadline, Handoff

View = TypeVar("View", bound=Callable[..., Response])
READ = {"GET": Capability.READ}
READ_SCOPE = {"GET": Scope.HANDOFFS_READ}


class Conflict(APIException):
    """The rules refuse the act; the detail says why, in the user's words."""

    status_code = status.HTTP_409_CONFLICT


def act_on_handoff(
    operation_id: str,
    summary: str,
    takes: type[Serializer[Any]],
    example: object,
    description: str = "",
    **more: Any,
) -> Callable[[View], View]:
    """A POST endpoint for one act, with its place in the schema."""

    def decorate(view: View) -> View:
        described = extend_schema(
            operation_id=operation_id,
            summary=summary,
            description=description,
            request=takes,
            responses={200: shapes.HandoffSerializer, **schema.PROBLEMS, **more.get("responses", {})},
            examples=[
                schema.asked(example, "Request"),
                schema.REFUSED,
                *more.get("examples", [schema.shown(schema.HANDOFF, "The handoff")]),
            ],
            tags=["handoffs"],
        )
        path = more.get("path", view.__name__)
        endpoint = action(detail=True, methods=["post"], url_path=path, serializer_class=takes)
        return cast(View, endpoint(described(view)))

    return decorate


@extend_schema_view(
    list=extend_schema(
        operation_id="list_handoffs",
        summary="Handoffs, the newest first",
        tags=["handoffs"],
        examples=[schema.shown(schema.HANDOFF, "A handoff")],
    ),
    retrieve=extend_schema(
        operation_id="read_handoff",
        summary="One handoff",
        tags=["handoffs"],
        responses={200: shapes.HandoffSerializer, **schema.NOT_FOUND},
        examples=[schema.shown(schema.HANDOFF, "A handoff")],
    ),
)
class Handoffs(ListModelMixin, RetrieveModelMixin, GenericViewSet[Handoff]):
    queryset = Handoff.objects.select_related("lead", "pool", "owner").annotate(
        due_at=Subquery(
            Deadline.objects.pressing().filter(handoff=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
        )
    )
    serializer_class = shapes.HandoffSerializer
    filterset_class = HandoffFilter
    lookup_value_regex = "[0-9]{1,18}"
    capabilities = READ | {"POST": Capability.WORK_HANDOFFS}
    scopes = READ_SCOPE | {"POST": Scope.HANDOFFS_WRITE}

    @act_on_handoff(
        "accept_handoff",
        "Accept a handoff",
        shapes.NothingSerializer,
        {},
        "Accepting again what is being worked changes nothing.",
    )
    def accept(self, request: Request, pk: str) -> Response:
        return self._act(services.accept_handoff)

    @act_on_handoff(
        "reject_handoff",
        "Reject an offered handoff",
        shapes.ReasonSerializer,
        {"reason": "reject-duplicate", "note": "With Omar since May"},
    )
    def reject(self, request: Request, pk: str) -> Response:
        return self._end(services.reject_handoff)

    @act_on_handoff(
        "return_handoff",
        "Return a handoff to marketing",
        shapes.ReasonSerializer,
        {"reason": "return-not-now", "note": "Budget in May"},
        "Some reasons hold only after the attempts that the cadence asks for.",
        path="return",
    )
    def return_(self, request: Request, pk: str) -> Response:
        return self._end(services.return_handoff)

    @act_on_handoff(
        "disqualify_lead",
        "Disqualify the lead",
        shapes.ReasonSerializer,
        {"reason": "disqualify-no-need", "note": ""},
    )
    def disqualify(self, request: Request, pk: str) -> Response:
        return self._end(services.disqualify_handoff)

    @act_on_handoff(
        "qualify_lead",
        "Qualify the lead to SQL",
        shapes.QualifySerializer,
        {"note": "Needs it by May", "value": "18000.00"},
        "Refused where the lead does not meet the agreement’s definition of an SQL.",
    )
    def qualify(self, request: Request, pk: str) -> Response:
        asked = self._asked()
        return self._act(services.qualify_handoff, note=asked["note"], value=asked["value"])

    @act_on_handoff(
        "log_attempt",
        "Log an attempt to reach the lead",
        shapes.LogAttemptSerializer,
        {
            "channel": "phone",
            "outcome": "voicemail",
            "note": "Back on Wednesday",
            "at": "2026-11-02T10:05:00Z",
            "key": "crm-call-77",
        },
        "It stops the clock that runs and starts the next step’s. The same key again answers the first "
        "attempt with 200.",
        responses={200: shapes.AttemptSerializer, 201: shapes.AttemptSerializer},
        examples=[schema.shown(schema.ATTEMPT, "The attempt", "201")],
    )
    def attempts(self, request: Request, pk: str) -> Response:
        now = timezone.now()
        attempt = self._ask(services.log_attempt, now=now, **self._asked())
        is_new = attempt.recorded_at == now
        return Response(
            shapes.AttemptSerializer(attempt).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )

    def _end(self, service: Callable[..., object]) -> Response:
        asked = self._asked()
        return self._act(service, reason_key=asked["reason"], note=asked["note"])

    def _act(self, service: Callable[..., object], **asked: Any) -> Response:
        self._ask(service, now=timezone.now(), **asked)
        return Response(shapes.HandoffSerializer(self.get_object()).data)

    def _ask(self, service: Callable[..., Any], **asked: Any) -> Any:
        handoff = self.get_object()
        try:
            return service(handoff_id=handoff.pk, actor=cast(User, self.request.user), **asked)
        except services.Refused as refused:
            raise Conflict(refused.message, refused.code) from refused

    def _asked(self) -> dict[str, Any]:
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


@extend_schema_view(
    list=extend_schema(
        operation_id="list_deadlines",
        summary="Deadlines, the newest first",
        tags=["handoffs"],
        examples=[schema.shown(schema.DEADLINE, "A deadline met late")],
    )
)
class Deadlines(ListModelMixin, GenericViewSet[Deadline]):
    queryset = Deadline.objects.select_related("owner", "calendar__calendar").annotate(
        is_breached=Exists(Breach.objects.filter(deadline=OuterRef("pk")))
    )
    serializer_class = shapes.DeadlineSerializer
    filterset_class = DeadlineFilter
    capabilities, scopes = READ, READ_SCOPE


@extend_schema_view(
    list=extend_schema(
        operation_id="list_breaches",
        summary="Breaches, the newest first",
        tags=["handoffs"],
        examples=[schema.shown(schema.BREACH, "A waived breach")],
    )
)
class Breaches(ListModelMixin, GenericViewSet[Breach]):
    queryset = Breach.objects.select_related("owner", "team", "waiver__user")
    serializer_class = shapes.BreachSerializer
    filterset_class = BreachFilter
    capabilities, scopes = READ, READ_SCOPE
