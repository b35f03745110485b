"""How the endpoints of handoffs are described in the OpenAPI schema."""

from drf_spectacular.utils import OpenApiExample

from leads.api.schema import PROBLEM

MEDIA = "application/problem+json"
CLAUSE = {
    "key": "trigger-demo-request",
    "reference": "4.1",
    "words": "Asks to talk",
    "version": 3,
    "url": "/agreement/marketing-and-sales/v3/#trigger-demo-request",
}
POLICY = {
    "key": "response-urgent",
    "reference": "4.4",
    "words": "Urgent response",
    "version": 3,
    "url": "/agreement/marketing-and-sales/v3/#response-urgent",
}
HANDOFF = {
    "id": "731",
    "lead": {"id": "42", "email": "ada@bar.example", "name": "Ada King", "stage": "mql"},
    "state": "accepted",
    "urgent": True,
    "trigger": CLAUSE,
    "pool": "inbound",
    "owner": "mia@example.com",
    "missing": ["phone"],
    "note": "",
    "lead_acted_at": "2026-11-02T09:28:11Z",
    "created_at": "2026-11-02T09:30:00Z",
    "assigned_at": "2026-11-02T09:30:00Z",
    "accepted_at": "2026-11-02T09:41:30Z",
    "first_attempt_at": None,
    "last_attempt_at": None,
    "answered_at": None,
    "attempts_made": 0,
    "attempts_needed": 5,
    "due_at": "2026-11-02T11:30:00Z",
    "snoozed_until": None,
    "ended_at": None,
    "reason_key": "",
    "reason_note": "",
    "cool_down_until": None,
    "disputed_at": None,
    "updated_at": "2026-11-02T09:41:30Z",
}
ATTEMPT = {
    "id": "1904",
    "handoff": "731",
    "number": 1,
    "user": "mia@example.com",
    "channel": "phone",
    "outcome": "voicemail",
    "note": "Back on Wednesday",
    "at": "2026-11-02T10:05:00Z",
    "recorded_at": "2026-11-02T10:06:12Z",
    "key": "crm-call-77",
}
DEADLINE = {
    "id": "1502",
    "handoff": "731",
    "kind": "first_attempt",
    "step": 1,
    "owner": "mia@example.com",
    "clause": POLICY,
    "calendar": "head-office",
    "calendar_revision": 2,
    "started_at": "2026-11-02T09:30:00Z",
    "remind_at": "2026-11-02T10:30:00Z",
    "due_at": "2026-11-02T11:30:00Z",
    "escalate_at": "2026-11-02T12:30:00Z",
    "reassign_at": "2026-11-02T15:30:00Z",
    "outcome": "met_late",
    "ended_at": "2026-11-02T11:45:00Z",
    "took": "02:15:00",
    "is_breached": True,
}
BREACH = {
    "id": "88",
    "deadline": "1502",
    "handoff": "731",
    "kind": "first_attempt",
    "owner": "mia@example.com",
    "team": "Inside sales",
    "clause": POLICY,
    "due_at": "2026-11-02T11:30:00Z",
    "recorded_at": "2026-11-02T11:30:01Z",
    "waiver": {"reason": "Power cut", "user": "sara@example.com", "at": "2026-11-02T14:00:00Z"},
}
REFUSAL = {
    "type": "about:blank",
    "title": "Conflict",
    "status": 409,
    "detail": "“No answer” holds after 5 attempts; 3 made. Log 2 more attempts, or choose another reason.",
}


def shown(value: object, name: str, status: str = "200") -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[status])


def asked(value: object, name: str) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


REFUSED = OpenApiExample("Refused", value=REFUSAL, response_only=True, status_codes=["409"], media_type=MEDIA)
NOT_FOUND = {(404, MEDIA): PROBLEM}
PROBLEMS = {(400, MEDIA): PROBLEM, (403, MEDIA): PROBLEM, (409, MEDIA): PROBLEM, **NOT_FOUND}
