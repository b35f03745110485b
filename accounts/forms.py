"""The shape of what people type about people, teams and tokens."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.roles import Role, Scope, Side
from accounts.rules import find_time_zone, normal_email
from accounts.selectors import possible_managers


class LoginForm(AuthenticationForm):
    """Log in by e-mail, in any case."""

    username = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    error_messages = {
        "invalid_login": _("This e-mail address and password do not belong together, or may not log in."),
        "inactive": _("This person may not log in any more."),
    }

    def clean_username(self) -> str:
        return normal_email(self.cleaned_data["username"])


class ResetForm(PasswordResetForm):
    """Also for people who were invited and have not set a password yet: the address is the proof."""

    def get_users(self, email: str) -> Any:
        return User.objects.active().filter(email=normal_email(email))


class TimeZoneField(forms.CharField):
    """A zone by its name or its city, in any case; `_time_zones.html` offers them while one types."""

    default_error_messages = {
        "unknown": _("There is no time zone called “%(typed)s”. Type a city, such as Berlin or New York.")
    }

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(max_length=64, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        zone = find_time_zone(typed)
        if zone is None:
            raise forms.ValidationError(self.error_messages["unknown"], "unknown", {"typed": typed})
        return zone


class PersonForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("They log in with it, in any case."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.REP)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.all(), required=False, empty_label=_("No team")
    )


class NewPersonForm(PersonForm):
    time_zone = TimeZoneField(label=_("Time zone"), help_text=_("They can change it themselves."))


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = TimeZoneField(
        label=_("Time zone"),
        help_text=_("Every time you see is in it. Type a city, such as Berlin or New York."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    urgent_by_email = forms.BooleanField(
        label=_("Urgent notices by e-mail, too"),
        required=False,
        help_text=_(
            "A demo request assigned to you, or a breach that escalates, reaches you outside the portal."
        ),
    )


class TeamForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    side = forms.ChoiceField(label=_("Side of the agreement"), choices=Side.choices, widget=forms.RadioSelect)
    manager = forms.ModelChoiceField(
        label=_("Manager"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody yet"),
        help_text=_("Breaches of the team escalate to them."),
    )

    def __init__(self, *args: Any, team: Team | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        manager = self.fields["manager"]
        assert isinstance(manager, forms.ModelChoiceField)
        manager.queryset = possible_managers(team)


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("The system that will use it, such as “CRM sync”.")
    )
    user = forms.ModelChoiceField(
        label=_("Acts for"),
        queryset=User.objects.none(),
        empty_label=_("Choose a person"),
        help_text=_("What the system does is done in this person’s name, and within their role."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Allowed to"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=Scope.values,
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: it works until you revoke it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields["user"]
        assert isinstance(user, forms.ModelChoiceField)
        user.queryset = User.objects.active()

    def expires_at(self) -> datetime | None:
        """The end of the last day where the person is who fills in the form."""
        last = self.cleaned_data["expires_on"]
        return timezone.make_aware(datetime.combine(last, time.max)) if last else None
