"""Every write of agreements: calendars, versions, documents."""

from agreements.reading import DocumentInvalid
from agreements.services.calendars import CalendarInvalid, create_calendar, revise_calendar
from agreements.services.documents import (
    draft_from,
    import_document,
    load_agreement,
)
from agreements.services.versions import (
    AlreadySigned,
    NotADraft,
    NotASigner,
    NotProposed,
    OpenDraftExists,
    VersionRefused,
    activate_version,
    propose_version,
    sign_version,
    withdraw_version,
)

__all__ = [
    "AlreadySigned",
    "CalendarInvalid",
    "DocumentInvalid",
    "NotADraft",
    "NotASigner",
    "NotProposed",
    "OpenDraftExists",
    "VersionRefused",
    "activate_version",
    "create_calendar",
    "draft_from",
    "import_document",
    "load_agreement",
    "propose_version",
    "revise_calendar",
    "sign_version",
    "withdraw_version",
]
