"""Why an act is refused, in the words of the one who tried it."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoffs.models import Handoff
from leads.models import Lead


class Refused(Exception):
    """The rules do not allow it. `message` says why and what to do instead; nothing was changed."""

    code = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class HandoffNotOpen(Refused):
    """The handoff is not in a state in which this may be done."""

    code = "not_open"

    def __init__(self, handoff: Handoff) -> None:
        state = {"state": handoff.get_state_display()}
        super().__init__(_("This cannot be done now. The handoff’s state: %(state)s.") % state)


class NotYourHandoff(Refused):
    """Somebody else owns it, and the actor manages no handoffs."""

    code = "not_yours"

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(
            _("This handoff is %(owner)s’s. Ask a sales manager to reassign it.") % {"owner": handoff.owner}
            if handoff.owner
            else _("Nobody owns this handoff yet. A sales manager assigns it.")
        )


class ManagersOnly(Refused):
    """The act belongs to managers."""

    code = "managers_only"

    def __init__(self) -> None:
        super().__init__(_("Only a manager may do this."))


class AttemptsMissing(Refused):
    """The reason holds only after the attempts the cadence asks for."""

    code = "attempts_missing"

    def __init__(self, *, reason: str, needed: int, made: int) -> None:
        self.needed, self.made = needed, made
        short = ngettext(
            "Log %(short)s more attempt, or choose another reason.",
            "Log %(short)s more attempts, or choose another reason.",
            needed - made,
        ) % {"short": needed - made}
        held = ngettext(
            "“%(reason)s” holds after %(needed)s attempt; %(made)s made.",
            "“%(reason)s” holds after %(needed)s attempts; %(made)s made.",
            needed,
        ) % {"reason": reason, "needed": needed, "made": made}
        super().__init__(f"{held} {short}")


class UnknownReason(Refused):
    """The agreement knows no such reason for this act."""

    code = "unknown_reason"

    def __init__(self, key: str, known: Sequence[str]) -> None:
        super().__init__(
            _("“%(key)s” is no reason for this in the agreement. Choose one of: %(known)s.")
            % {"key": key, "known": ", ".join(known) or "–"}
        )


class AttemptOutOfTime(Refused):
    """An attempt lies in the future, or before the handoff was the owner's."""

    code = "attempt_out_of_time"

    def __init__(self, *, earliest: datetime) -> None:
        super().__init__(
            _("An attempt lies between the assignment (%(earliest)s) and now.") % {"earliest": said(earliest)}
        )


class KeyTaken(Refused):
    """The idempotency key belongs to another attempt."""

    code = "key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(_("The key “%(key)s” was used for an attempt on another handoff.") % {"key": key})


class SnoozeOutOfTime(Refused):
    """A snooze ends before now or after the clock."""

    code = "snooze_out_of_time"

    def __init__(self, *, latest: datetime | None) -> None:
        super().__init__(
            _("Snooze until a time between now and %(latest)s, when the clock runs out.")
            % {"latest": said(latest)}
            if latest
            else _("Snooze until a time that is still to come.")
        )


class AlreadyOverdue(Refused):
    """What is late cannot be put aside."""

    code = "already_overdue"

    def __init__(self) -> None:
        super().__init__(_("This is overdue: work it or ask your manager, it cannot be snoozed."))


class CriteriaNotMet(Refused):
    """The lead does not meet what the agreement's definition of the stage asks for."""

    code = "criteria_not_met"


class AlreadyHandedOver(Refused):
    """One open handoff per lead (law 5)."""

    code = "already_handed_over"

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(
            _("%(lead)s is already with %(owner)s.") % {"lead": handoff.lead, "owner": handoff.owner}
            if handoff.owner
            else _("%(lead)s is already waiting for an owner.") % {"lead": handoff.lead}
        )


class OwnedByNow(Refused):
    """An owner is found only for what nobody owns; taking a handoff from somebody is another act."""

    code = "owned_by_now"

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(
            _("%(owner)s has this handoff by now. To give it to somebody else, reassign it on the board.")
            % {"owner": handoff.owner}
        )


class CannotHandOff(Refused):
    """The lead is under no agreement that hands over by hand, or is beyond handing over."""

    code = "cannot_hand_off"


class CannotTake(Refused):
    """The person cannot take handoffs: no rep, no longer active, or away."""

    code = "cannot_take"


class CannotWaive(Refused):
    """A breach is waived once, with a reason."""

    code = "cannot_waive"


class CannotDispute(Refused):
    """Marketing disputes a return or a rejection, once; sales settles what is disputed."""

    code = "cannot_dispute"


class WrongStage(Refused):
    """The lead's stage does not allow the deal to move so."""

    code = "wrong_stage"


class CannotTakeBack(Refused):
    """A win or a loss is taken back by a manager, with a reason, to where the lead stood before."""

    code = "cannot_take_back"


class NotYourLead(Refused):
    """Somebody else owns the lead, and the actor manages no handoffs."""

    code = "not_yours"

    def __init__(self, lead: Lead) -> None:
        super().__init__(_("%(lead)s is %(owner)s’s lead.") % {"lead": lead, "owner": lead.owner})


class BadPool(Refused):
    """A pool, membership or time off that makes no sense."""

    code = "bad_pool"


def said(at: datetime) -> str:
    """An instant in the zone of whoever reads it."""
    return date_format(timezone.localtime(at), "j M H:i")
