"""Why somebody is in a track, as the list says it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from agreements.selectors import ClauseRef, cite
from nurture.models import Cause, Enrolment


@dataclass(frozen=True)
class CauseWords:
    words: str
    clause: ClauseRef | None


def cause_words(enrolment: Enrolment) -> CauseWords:
    """A person, or the clause that did it."""
    if enrolment.cause == Cause.HAND:
        words = _("by %(person)s") % {"person": enrolment.enrolled_by or _("somebody")}
        return CauseWords(words, None)
    return CauseWords(str(enrolment.get_cause_display()), cite(enrolment.version_id, enrolment.clause_key))
