"""How the endpoints of nurture are described in the OpenAPI schema."""

from handoffs.api.schema import CLAUSE, MEDIA, NOT_FOUND, PROBLEMS, asked, shown

__all__ = ["ENROL", "ENROLMENT", "MEDIA", "NOT_FOUND", "PROBLEMS", "TRACK", "asked", "shown"]

TRACK = {
    "id": "3",
    "agreement": "marketing-and-sales",
    "key": "track-decision",
    "name": "Decide for us",
    "is_active": True,
    "revision": 2,
    "lasts_days": 60,
    "inside": 14,
    "steps": [
        {
            "position": 1,
            "wait": "2 days",
            "subject": "What would it bring {{ company|you }}?",
            "body": "Hello {{ first_name|there }},\n\n{{ offer }}",
            "offer_name": "The calculator",
            "offer_url": "https://www.bar.example/calculator",
        }
    ],
}
ENROL = {"lead": 42, "track": "track-decision", "note": "Decides in spring"}
ENROLMENT = {
    "id": "118",
    "lead": {"id": "42", "email": "ada@bar.example", "name": "Ada King", "stage": "lead"},
    "track": "track-decision",
    "revision": 2,
    "state": "active",
    "cause": "handoff",
    "clause": {**CLAUSE, "key": "return-not-now", "reference": "4.11", "words": "Not now"},
    "handoff": "731",
    "enrolled_by": None,
    "note": "",
    "started_at": "2026-11-02T15:04:00Z",
    "position": 2,
    "due_at": "2026-11-09T15:04:10Z",
    "hold": "",
    "ended_at": None,
    "ended_why": "",
    "deliveries": [
        {
            "position": 1,
            "subject": "What would it bring Bar AG?",
            "address": "ada@bar.example",
            "state": "sent",
            "queued_at": "2026-11-04T15:04:10Z",
            "sent_at": "2026-11-04T15:04:12Z",
            "refused_at": None,
            "clicked_at": None,
            "unsubscribed_at": None,
        }
    ],
    "updated_at": "2026-11-04T15:04:10Z",
}
