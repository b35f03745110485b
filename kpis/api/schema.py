"""How the endpoints of figures and visitors are described in the OpenAPI schema."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from leads.api.schema import ERROR, PROBLEM

SCOPE = [
    OpenApiParameter("month", str, description="Such as 2026-11; without any days, the present month."),
    OpenApiParameter("from", str, description="First day, such as 2026-11-02; with `to`."),
    OpenApiParameter("to", str, description="Last day, included."),
    OpenApiParameter("agreement", str, description="Slug; its calendar's zone sets where days begin."),
    OpenApiParameter("team", int, description="Id of a team."),
    OpenApiParameter("source", str, description="Source of the leads; - for those without one."),
]
BEHIND = [
    OpenApiParameter("key", str, required=True, description="Key of the measure."),
    OpenApiParameter("part", str, enum=["numerator", "denominator"], default="numerator"),
    OpenApiParameter(
        "by", str, description="Dimension or period: source, person, team, reason, day, month …"
    ),
    OpenApiParameter("value", str, description="The value there; empty for facts that have none."),
    OpenApiParameter("page", int, default=1),
    OpenApiParameter("page_size", int, default=100, description="At most 1,000."),
]
PROBLEM_TYPE = "application/problem+json"
PROBLEMS: dict[Any, Any] = {(code, PROBLEM_TYPE): PROBLEM for code in (400, 401, 403)}
BULK_PROBLEMS: dict[Any, Any] = PROBLEMS | {(413, PROBLEM_TYPE): PROBLEM}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT = {"type": "string"}
COUNT = {"type": "integer"}
AMOUNT = {"nullable": True, "oneOf": [{"type": "number"}, {"type": "string", "description": "Money."}]}
LISTING = _object(
    query={"type": "object", "additionalProperties": TEXT}, url={"type": "string", "format": "uri"}
)
MEASURE = _object(
    key=TEXT,
    label=TEXT,
    words={"type": "string", "description": "What exactly is counted."},
    side={"type": "string", "nullable": True, "enum": ["marketing", "sales", None]},
    kind={"type": "string", "enum": ["count", "rate", "money", "duration", "average"]},
    numerator=AMOUNT,
    denominator=AMOUNT,
    value=AMOUNT,
    p90={"type": "number", "nullable": True, "description": "Of a duration, in seconds."},
    empty={"type": "string", "description": "Why there is no value."},
    behind={"type": "object", "additionalProperties": LISTING, "description": "By part."},
)
KPIS = _object(
    **{"from": {"type": "string", "format": "date"}, "to": {"type": "string", "format": "date"}},
    zone=TEXT,
    as_of={"type": "string", "format": "date-time"},
    measures=_list(MEASURE),
)
FACT = _object(
    lead={"type": "string", "nullable": True},
    name=TEXT,
    at=TEXT,
    owner=TEXT,
    about={"type": "string", "description": "A reason, a kind or an outcome, by its key."},
    amount=AMOUNT,
)
FACTS = _object(count=COUNT, page=COUNT, page_size=COUNT, results=_list(FACT))
TRAFFIC = {
    "application/json": {
        "type": "object",
        "properties": {
            "traffic": {
                "type": "array",
                "maxItems": 5000,
                "items": {
                    "type": "object",
                    "properties": {
                        "day": {"type": "string", "format": "date"},
                        "visitors": {"type": "integer", "minimum": 0},
                        "source": {"type": "string", "maxLength": 60},
                        "agreement": {"type": "string", "nullable": True},
                    },
                    "required": ["day", "visitors"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["traffic"],
        "additionalProperties": False,
    }
}
TRAFFIC_RESULTS = _object(
    results=_list(
        _object(
            index=COUNT,
            status={"type": "string", "enum": ["created", "updated", "unchanged", "error"]},
            error=ERROR,
        )
    )
)
EXAMPLE_OF_KPIS = OpenApiExample(
    "One measure",
    response_only=True,
    status_codes=["200"],
    value={
        "from": "2026-11-01",
        "to": "2026-11-30",
        "zone": "Europe/Berlin",
        "as_of": "2026-11-23T09:30:00Z",
        "measures": [
            {
                "key": "handoffs-complete",
                "label": "Handoffs with all information",
                "words": "Of the handoffs of the period, those that carried everything the agreement asks for …",
                "side": "marketing",
                "kind": "rate",
                "numerator": 51,
                "denominator": 60,
                "value": 0.85,
                "p90": None,
                "empty": "",
                "behind": {
                    "numerator": {
                        "query": {"key": "handoffs-complete", "part": "numerator", "month": "2026-11"},
                        "url": "https://portal.example/api/v1/kpis/behind/?key=handoffs-complete&part=numerator&month=2026-11",
                    }
                },
            }
        ],
    },
)
EXAMPLE_OF_FACTS = OpenApiExample(
    "One fact",
    response_only=True,
    status_codes=["200"],
    value={
        "count": 1,
        "page": 1,
        "page_size": 100,
        "results": [
            {
                "lead": "1207",
                "name": "Ada King",
                "at": "2026-11-02T09:30:00Z",
                "owner": "Mia Brandt",
                "about": "",
                "amount": None,
            }
        ],
    },
)
EXAMPLES_OF_TRAFFIC = [
    OpenApiExample(
        "Two days",
        request_only=True,
        value={
            "traffic": [
                {"day": "2026-11-02", "source": "organic_search", "visitors": 412},
                {"day": "2026-11-03", "source": "organic_search", "visitors": 398},
            ]
        },
    ),
    OpenApiExample(
        "Taken",
        response_only=True,
        status_codes=["200"],
        value={
            "results": [
                {"index": 0, "status": "created", "error": None},
                {"index": 1, "status": "unchanged", "error": None},
            ]
        },
    ),
]
