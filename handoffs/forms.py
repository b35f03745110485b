"""What people tell when they act on a handoff."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise as StrPromise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.rules import whole_number
from agreements.models import BusinessCalendar
from handoffs.models import OUTCOMES_BY, Channel, Outcome, ReturnReason


def _lines(number: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": number})


def _instant() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class AttemptForm(forms.Form):
    """One attempt: channel and outcome are two clicks, the rest may stay empty."""

    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=Channel.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a channel.")},
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an outcome.")},
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=_lines(2))
    at = forms.DateTimeField(
        label=_("When, if not now"),
        required=False,
        widget=_instant(),
    )
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)

    def outcomes(self) -> Iterator[dict[str, Any]]:
        """Each outcome with the channels it makes sense on, and whether it is the likely one of the chosen one."""
        likely = OUTCOMES_BY.get(self["channel"].value(), (Outcome.CONNECTED,))[0]
        for outcome in Outcome:
            channels = [channel for channel, those in OUTCOMES_BY.items() if outcome in those]
            yield {"outcome": outcome, "channels": " ".join(channels), "is_likely": outcome == likely}


class ReasonForm(forms.Form):
    """Why a handoff is rejected, returned or disqualified: one of the agreement's documented reasons."""

    reason_key = forms.ChoiceField(
        label=_("Reason"), widget=forms.RadioSelect, error_messages={"required": _("Choose a reason.")}
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=_lines(3))

    def __init__(self, *args: Any, reasons: list[ReturnReason], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["reason_key"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(reason.key, reason.title) for reason in reasons]


class QualifyForm(forms.Form):
    """What sales learned that makes the lead an SQL."""

    note = forms.CharField(
        label=_("What makes it an SQL"),
        required=False,
        max_length=2000,
        widget=_lines(3),
    )
    value = forms.DecimalField(
        label=_("Expected deal value"), required=False, min_value=0, max_digits=14, decimal_places=2
    )


class HandOffForm(forms.Form):
    """The agreement asks of whoever hands over by hand to write down why."""

    note = forms.CharField(
        label=_("Why you hand it over"),
        help_text=_("Sales reads it first: what the lead wants, and where you met."),
        max_length=2000,
        widget=_lines(3),
        error_messages={"required": _("Write down why you hand it over: sales reads it first.")},
    )


class DealForm(forms.Form):
    value = forms.DecimalField(
        label=_("Deal value"), required=False, min_value=0, max_digits=14, decimal_places=2
    )


class TakeBackForm(forms.Form):
    """Why a win or a loss was a mistake."""

    reason = forms.CharField(
        label=_("Why it is taken back"),
        help_text=_("The lead goes back to where it stood, and the figures count it as undecided again."),
        max_length=300,
        widget=_lines(3),
        error_messages={"required": _("Say why it is taken back.")},
    )


class SnoozeForm(forms.Form):
    """Until when: one of the quick choices (a button each), or any instant. No snooze outlasts the clock."""

    quick = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    until = forms.DateTimeField(label=_("Or until"), required=False, widget=_instant())

    def __init__(self, *args: Any, now: datetime, tz: tzinfo, latest: datetime | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = quick_snoozes(now=now, tz=tz, latest=latest)
        self.latest = latest

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["until"] = values.get("quick") or values.get("until")
        if values["until"] is None and "until" not in self.errors:
            self.add_error("until", _("Say until when."))
        return values


def quick_snoozes(*, now: datetime, tz: tzinfo, latest: datetime | None) -> list[tuple[datetime, StrPromise]]:
    """Instants people choose most, in the viewer's zone: in an hour, at 14 today, at 9 tomorrow. Those after
    `latest` are left out.
    """
    here = now.astimezone(tz)
    tomorrow = (here + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    afternoon = here.replace(hour=14, minute=0, second=0, microsecond=0)
    choices = [
        (now + timedelta(hours=1), _("In 1 h")),
        (afternoon, _("This afternoon")),
        (tomorrow, _("Tomorrow morning")),
    ]
    return [(at, words) for at, words in choices if now < at and (latest is None or at <= latest)]


class PersonField(forms.ModelChoiceField[User]):
    """Somebody to work it, with how much the person has in hand (`handoffs.selectors.pools.workers_with_load`)."""

    def label_from_instance(self, person: User) -> str:
        return f"{person} · {getattr(person, 'open_count', 0)}"


class AssignForm(forms.Form):
    """Who takes a handoff that nobody owns."""

    to = PersonField(
        label=_("Who works it"),
        queryset=User.objects.none(),
        empty_label=_("Choose a person"),
        help_text=_("The number says how many handoffs each has in hand."),
        error_messages={"required": _("Choose who works it.")},
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, to=people)


class ReassignForm(forms.Form):
    """Which handoffs somebody else takes over."""

    handoff = forms.TypedMultipleChoiceField(coerce=int)
    to = forms.ModelChoiceField(queryset=User.objects.none())

    def __init__(self, data: QueryDict, *, takers: QuerySet[User]) -> None:
        super().__init__(data)
        chosen = self.fields["handoff"]
        assert isinstance(chosen, forms.TypedMultipleChoiceField)
        given = data.getlist("handoff")
        chosen.choices = [(number, number) for number in given if whole_number(number) is not None]
        _offer(self, to=takers)


class WaiveForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is excused"),
        max_length=300,
        widget=_lines(3),
        error_messages={"required": _("Say why the breach is waived.")},
    )


class DisputeForm(forms.Form):
    note = forms.CharField(
        label=_("Why it should not have ended so"),
        max_length=2000,
        widget=_lines(3),
        error_messages={"required": _("Say why you dispute it.")},
    )


class RulingForm(forms.Form):
    """What the sales manager decides."""

    REOPEN, STANDS = "reopen", "stands"

    ruling = forms.ChoiceField(
        label=_("Decision"),
        widget=forms.RadioSelect,
        choices=[(REOPEN, _("Hand the lead over again")), (STANDS, _("The ending stands"))],
        error_messages={"required": _("Choose what becomes of the lead.")},
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=_lines(3))


class PoolForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    manager = forms.ModelChoiceField(
        label=_("Manager"),
        queryset=User.objects.none(),
        empty_label=_("Choose a person"),
        help_text=_("Gets what nobody is free to take, and hears of what is late."),
    )
    calendar = forms.ModelChoiceField(
        label=_("Working calendar"),
        queryset=BusinessCalendar.objects.none(),
        required=False,
        empty_label=_("The agreement’s"),
    )

    def __init__(self, *args: Any, managers: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, manager=managers, calendar=BusinessCalendar.objects.all())


class MemberForm(forms.Form):
    """A rep's share of a pool. `user` is asked for only while somebody is added."""

    user = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose a person")
    )
    weight = forms.IntegerField(
        label=_("Weight"),
        min_value=1,
        max_value=100,
        help_text=_("A weight of 2 gets twice as many handoffs as a weight of 1."),
    )
    capacity = forms.IntegerField(
        label=_("Capacity"),
        min_value=0,
        max_value=1000,
        help_text=_("No handoff comes by turn while so many are open."),
    )
    calendar = forms.ModelChoiceField(
        label=_("Working calendar"),
        queryset=BusinessCalendar.objects.none(),
        required=False,
        empty_label=_("The pool’s"),
    )
    is_active = forms.BooleanField(label=_("Takes handoffs"), required=False)

    def __init__(self, *args: Any, people: QuerySet[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, calendar=BusinessCalendar.objects.all())
        if people is None:
            del self.fields["user"]
        else:
            _offer(self, user=people)


class TimeOffForm(forms.Form):
    user = forms.ModelChoiceField(
        label=_("Person"), queryset=User.objects.none(), empty_label=_("Choose a person")
    )
    starts_at = forms.DateTimeField(label=_("From"), widget=_instant())
    ends_at = forms.DateTimeField(label=_("Until"), widget=_instant())
    reason = forms.CharField(label=_("Reason"), required=False, max_length=120)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, user=people)


def _offer(form: forms.Form, **querysets: QuerySet[Any]) -> None:
    """What the choices of a form are."""
    for name, queryset in querysets.items():
        choice = form.fields[name]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = queryset
