"""Why an act is refused, in the words of the one who tried it; pages and API treat it as those of handoffs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from handoffs.services import Refused
from leads.models import Lead
from nurture.models import Track

__all__ = [
    "AlreadyInTrack",
    "CannotEnrol",
    "CannotRun",
    "EditedMeanwhile",
    "MustNotWrite",
    "NotInTrack",
    "NotSuppressed",
    "Refused",
    "RenamedMeanwhile",
    "TrackInvalid",
    "TrackProblem",
]


class CannotEnrol(Refused):
    """The lead's agreement has no such track, or the lead is out of the game."""

    code = "cannot_enrol"


class AlreadyInTrack(Refused):
    """The lead is in that very track."""

    code = "already_in_track"

    def __init__(self, lead: Lead, track: Track) -> None:
        super().__init__(_("%(lead)s is in “%(track)s” already.") % {"lead": lead, "track": track})


class MustNotWrite(Refused):
    """The lead unsubscribed, withdrew its consent, or its address refuses mail."""

    code = "must_not_write"


class NotInTrack(Refused):
    """The lead left the track already."""

    code = "not_in_track"

    def __init__(self, lead: Lead) -> None:
        super().__init__(_("%(lead)s is in no track any more.") % {"lead": lead})


class CannotRun(Refused):
    """A track without e-mails, or whose offers lead nowhere yet."""

    code = "cannot_run"


class EditedMeanwhile(Refused):
    """Somebody saved a newer revision while this one was being written."""

    code = "edited_meanwhile"

    def __init__(self, number: int) -> None:
        super().__init__(
            _("Somebody saved revision %(number)s meanwhile. Compare it with yours, then save again.")
            % {"number": number}
        )


class RenamedMeanwhile(Refused):
    """Somebody gave the track another name while this one was being written."""

    code = "renamed_meanwhile"

    def __init__(self, name: str) -> None:
        super().__init__(
            _("Somebody named it “%(name)s” meanwhile. Write that name or another, then save again.")
            % {"name": name}
        )
        self.name = name


class NotSuppressed(Refused):
    """The address may be written to."""

    code = "not_suppressed"


@dataclass(frozen=True)
class TrackProblem:
    """What is wrong with one field: of the track (`position` 0) or of the step at that position."""

    position: int
    field: str
    message: str


class TrackInvalid(Refused):
    """The track cannot be saved; `problems` has everything that is wrong with it."""

    code = "invalid"

    def __init__(self, problems: Sequence[TrackProblem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = list(problems)
