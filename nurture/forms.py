"""The shape of what people write about nurture. What it means is checked by the services."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.rules import whole_number
from nurture.models import NurtureTrack
from nurture.rules import VARIABLES
from nurture.services import StepDraft, TrackProblem
from nurture.services.tracks import MOST_STEPS

KNOWN = ", ".join(VARIABLES)


class TrackForm(forms.Form):
    """A track but for its e-mails. `base` and `named` are the revision and the name that the writer saw."""

    base = forms.IntegerField(widget=forms.HiddenInput)
    named = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    name = forms.CharField(label=_("Name"), max_length=120)
    lasts_days = forms.IntegerField(
        label=_("Days in the track"),
        help_text=_("Whoever has not qualified by then leaves."),
    )
    note = forms.CharField(
        label=_("What you changed"),
        max_length=300,
        required=False,
        help_text=_("For whoever reads the revisions later."),
    )


class StepForm(forms.Form):
    """One e-mail. What it means is checked by the services."""

    wait = forms.CharField(
        label=_("Wait"),
        help_text=_("After the one before; for the first, after enrolment. “5 days” or “2 business days”."),
    )
    subject = forms.CharField(label=_("Subject"))
    body = forms.CharField(
        label=_("Text"), strip=False, widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"})
    )
    offer_name = forms.CharField(
        label=_("Offer"),
        required=False,
        help_text=_("The words of the link. Empty: this e-mail offers nothing."),
    )
    offer_url = forms.CharField(
        label=_("Address of the offer"),
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    @property
    def draft(self) -> StepDraft:
        values = self.cleaned_data
        return StepDraft(**{name: values.get(name) or "" for name in self.fields})


class TrackWriting:
    """The whole page of a track under the pen: the track's form and one for each e-mail."""

    def __init__(self, track: TrackForm, steps: Sequence[StepForm]) -> None:
        self.track = track
        self.steps = list(steps)

    @classmethod
    def of(cls, initial: dict[str, Any], drafts: Iterable[StepDraft]) -> "TrackWriting":
        """As it is kept."""
        steps = [
            StepForm(prefix=f"step-{number}", initial=vars(draft)) for number, draft in enumerate(drafts)
        ]
        return cls(TrackForm(initial=initial), steps)

    @classmethod
    def sent(cls, data: Any) -> "TrackWriting":
        """As it was typed."""
        count = min(whole_number(data.get("steps", "")) or 0, MOST_STEPS + 1)
        return cls(TrackForm(data), [StepForm(data, prefix=f"step-{number}") for number in range(count)])

    def is_valid(self) -> bool:
        answers = [form.is_valid() for form in (self.track, *self.steps)]  # each is asked
        return all(answers)

    @property
    def drafts(self) -> list[StepDraft]:
        """What the steps say by now; needs `is_valid` to have been asked."""
        return [form.draft for form in self.steps]

    def say(self, problems: Iterable[TrackProblem]) -> None:
        """Each problem beside its field, unless the form has said something of that field itself."""
        for problem in problems:
            is_of_step = 0 < problem.position <= len(self.steps)
            form: forms.Form = self.steps[problem.position - 1] if is_of_step else self.track
            field = problem.field if problem.field in form.fields else None
            if field not in form.errors:
                form.add_error(field, problem.message)

    @property
    def errors(self) -> int:
        return sum(bool(form.errors) for form in (self.track, *self.steps))

    def rearranged(self, drafts: Sequence[StepDraft]) -> "TrackWriting":
        """The same with other steps, nothing checked yet."""
        initial = {name: self.track[name].value() for name in self.track.fields}
        return TrackWriting.of(initial, drafts)


class EnrolForm(forms.Form):
    """Into which track, and why."""

    track = forms.ChoiceField(label=_("Track"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, help_text=_("What marketing should know.")
    )

    def __init__(self, *args: Any, tracks: Iterable[NurtureTrack], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["track"]
        field.choices = [  # type: ignore[attr-defined]
            (clause.key, f"{clause.get_buyer_stage_display()}: {clause.title}") for clause in tracks
        ]


class SiteForm(forms.Form):
    site = forms.CharField(
        label=_("Your website"),
        widget=forms.URLInput(attrs={"placeholder": "https://www.your-company.com"}),
        help_text=_("The offers then lead to pages of it; you can change each one later."),
    )


class SuppressForm(forms.Form):
    address = forms.EmailField(label=_("E-mail address"))
    note = forms.CharField(label=_("Who asked, and how"), max_length=300, required=False)


class LiftForm(forms.Form):
    why = forms.CharField(
        label=_("Why it may be written to again"),
        max_length=300,
        help_text=_("Their own wish, and how they said it. It stays on record with your name."),
    )
