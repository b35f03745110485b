"""How the bulk endpoints are described in the OpenAPI schema: from the structs that validate them."""

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from leads.services import EventItem, SyncItem

DRY_RUN = OpenApiParameter(
    "dry_run", bool, description="Tell what would happen, consequences included, and keep nothing."
)
ERROR = {
    "type": "object",
    "nullable": True,
    "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
    "required": ["field", "reason"],
}
RESULT = {
    "type": "object",
    "properties": {
        "index": {"type": "integer", "description": "Position of the item in the request, from 0."},
        "status": {"type": "string", "enum": ["created", "updated", "unchanged", "error"]},
        "id": {
            "type": "string",
            "nullable": True,
            "description": "The lead; null for an error, and for what a dry run would create.",
        },
        "stage": {"type": "string", "nullable": True},
        "score": {
            "type": "object",
            "nullable": True,
            "properties": {
                "fit": {"type": "integer"},
                "interest": {"type": "integer"},
                "grade": {"type": "string"},
            },
        },
        "handoff": {
            "type": "object",
            "nullable": True,
            "description": "The lead's open handoff.",
            "properties": {
                "id": {"type": "string"},
                "state": {"type": "string"},
                "owner": {"type": "string", "nullable": True},
                "due_at": {"type": "string", "nullable": True, "format": "date-time"},
            },
        },
        "error": ERROR,
    },
    "required": ["index", "status", "id", "stage", "score", "handoff", "error"],
}
RESULTS = {
    "type": "object",
    "properties": {"results": {"type": "array", "items": RESULT}},
    "required": ["results"],
}
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": ERROR | {"nullable": False}},
    },
    "required": ["type", "title", "status", "detail"],
}


def bulk(name: str, item: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of `{name: [item, …]}`."""
    return {
        "application/json": {
            "type": "object",
            "properties": {name: {"type": "array", "maxItems": 5000, "items": _inlined(item)}},
            "required": [name],
            "additionalProperties": False,
        }
    }


def _inlined(item: type[msgspec.Struct]) -> dict[str, Any]:
    schema = msgspec.json.schema(item)
    definitions = schema.pop("$defs")

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolve(definitions[part["$ref"].rpartition("/")[2]])
        return _nullable({key: resolve(value) for key, value in part.items() if key != "title"})

    return dict(resolve(schema))


def _nullable(part: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 has no null type: what may be null says so."""
    if part.get("required") == []:
        del part["required"]
    choices = part.pop("anyOf", None)
    if choices is None:
        return part
    kept = [choice for choice in choices if choice != {"type": "null"}]
    merged = dict(kept[0]) if len(kept) == 1 else {"anyOf": kept}
    return part | merged | ({"nullable": True} if len(kept) < len(choices) else {})


ANSWERS: dict[Any, Any] = {
    200: RESULTS,
    (400, "application/problem+json"): PROBLEM,
    (401, "application/problem+json"): PROBLEM,
    (403, "application/problem+json"): PROBLEM,
    (413, "application/problem+json"): PROBLEM,
}
LEADS = bulk("leads", SyncItem)
ACTIVITIES = bulk("activities", EventItem)

EXAMPLES_OF_LEADS = [
    OpenApiExample(
        "Two leads",
        request_only=True,
        value={
            "leads": [
                {
                    "external_ref": {"system": "crm", "id": "42"},
                    "email": "ada.king@bar.de",
                    "first_name": "Ada",
                    "last_name": "King",
                    "job_title": "CFO",
                    "phone": "+49 30 1234567",
                    "company": {
                        "name": "Bar AG",
                        "domain": "bar.de",
                        "industry": "Banking",
                        "employees": 900,
                        "country": "DE",
                    },
                    "source": "paid_search",
                    "time_zone": "Europe/Berlin",
                    "attributes": {"plan": "gold"},
                },
                {"email": "not an address"},
            ]
        },
    ),
    OpenApiExample(
        "One taken, one refused",
        response_only=True,
        status_codes=["200"],
        value={
            "results": [
                {
                    "index": 0,
                    "status": "created",
                    "id": "1207",
                    "stage": "lead",
                    "score": {"fit": 40, "interest": 0, "grade": "B4"},
                    "handoff": None,
                    "error": None,
                },
                {
                    "index": 1,
                    "status": "error",
                    "id": None,
                    "stage": None,
                    "score": None,
                    "handoff": None,
                    "error": {"field": "email", "reason": "This is not an e-mail address."},
                },
            ]
        },
    ),
]
EXAMPLES_OF_ACTIVITIES = [
    OpenApiExample(
        "A demo request",
        request_only=True,
        value={
            "activities": [
                {
                    "lead": {"email": "ada.king@bar.de"},
                    "type": "demo_request",
                    "occurred_at": "2026-11-02T09:30:00Z",
                    "key": "web-1234",
                    "payload": {"page": "/demo"},
                }
            ]
        },
    ),
    OpenApiExample(
        "Handed to sales",
        response_only=True,
        status_codes=["200"],
        value={
            "results": [
                {
                    "index": 0,
                    "status": "created",
                    "id": "1207",
                    "stage": "mql",
                    "score": {"fit": 40, "interest": 50, "grade": "B1"},
                    "handoff": {
                        "id": "88",
                        "state": "offered",
                        "owner": "mia@example.com",
                        "due_at": "2026-11-02T10:30:00Z",
                    },
                    "error": None,
                }
            ]
        },
    ),
]
EXAMPLE_OF_A_TIMELINE = OpenApiExample(
    "Two facts",
    response_only=True,
    value={
        "results": [
            {
                "at": "2026-11-02T09:30:00Z",
                "kind": "stage",
                "title": "Lead → MQL",
                "detail": "",
                "actor": "",
                "side": "",
                "clause": {
                    "key": "trigger-demo-request",
                    "reference": "4.1",
                    "words": "Asked for a conversation",
                    "version": 3,
                    "url": "/agreement/starter/v3/#trigger-demo-request",
                },
                "data": {"from": "lead", "to": "mql", "source": "rule"},
            },
            {
                "at": "2026-11-02T09:30:00Z",
                "kind": "activity",
                "title": "Demo request",
                "detail": "Page: /demo",
                "actor": "",
                "side": "",
                "clause": None,
                "data": {"type": "demo_request", "source": "api", "payload": {"page": "/demo"}},
            },
        ]
    },
)
