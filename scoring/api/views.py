"""REST endpoints of scores."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.roles import Capability, Scope
from leads.models import Lead
from scoring.api.serializers import ReceiptSerializer, present
from scoring.selectors import receipt

EXAMPLE = OpenApiExample(
    "An interested CFO",
    response_only=True,
    value={
        "lead": "42",
        "at": "2026-11-02T09:30:00Z",
        "version": {"agreement": "marketing-and-sales", "number": 3},
        "fit": 64,
        "interest": 31,
        "grade": "B3",
        "qualifies": False,
        "decays": True,
        "next_letter": {"step": "A", "points": 6},
        "next_digit": {"step": "2", "points": 9},
        "rules": [
            {
                "key": "fit-chief",
                "reference": "3.3",
                "title": "Member of the board or founder",
                "dimension": "fit",
                "points": 25.0,
                "met": True,
                "how": "job title contains chief",
                "activities": None,
                "points_each": 25,
                "points_after_decay": None,
                "half_life_days": None,
                "cap": None,
                "latest_at": None,
            },
            {
                "key": "interest-pricing-view",
                "reference": "3.14",
                "title": "Viewed the prices",
                "dimension": "interest",
                "points": 30.0,
                "met": True,
                "how": "4 × 10 = 40, halved every 14 days: 33.6 left, at most 30 in all",
                "activities": 4,
                "points_each": 10,
                "points_after_decay": 33.64,
                "half_life_days": 14,
                "cap": 30,
                "latest_at": "2026-11-01T16:10:00Z",
            },
        ],
        "qualifications": [
            {
                "key": "mql-threshold",
                "reference": "3.32",
                "stage": "mql",
                "grades": ["A1", "A2", "A3", "B1", "B2", "C1"],
                "met": False,
                "excluded_because": [],
                "ways": [
                    {"grade": "B2", "fit": 0, "interest": 9},
                    {"grade": "A3", "fit": 6, "interest": 0},
                ],
                "words": "With 9 interest points more it becomes B2, which qualifies for MQL.",
            }
        ],
        "words": "With 9 interest points more it becomes B2, which qualifies for MQL.",
    },
)


class LeadScoreReceipt(APIView):
    capabilities = {"GET": Capability.READ}
    scopes = {"GET": Scope.LEADS_READ}

    @extend_schema(
        operation_id="read_score",
        summary="A lead's score with its receipt",
        description=(
            "Every rule of the version in force with the points it gives at this moment, how they come about, "
            "and what is missing to the next grade and to qualifying."
        ),
        responses={
            200: ReceiptSerializer,
            404: OpenApiResponse(description="No such lead, or no version in force scores it."),
        },
        examples=[EXAMPLE],
        tags=["leads"],
    )
    def get(self, request: Request, pk: int) -> Response:
        lead = get_object_or_404(Lead.objects.only("pk"), pk=pk)
        found = receipt(lead.pk, timezone.now())
        if found is None:
            raise NotFound(_("No version of the lead’s agreement is in force, so it has no score."))
        return Response(ReceiptSerializer(present(found)).data)
