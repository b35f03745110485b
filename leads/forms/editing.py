"""A lead as people type it; what may be stored is for the services to say."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import TimeZoneField
from accounts.models import User
from leads.models import Company, Consent, Lead
from leads.selectors.distinct import sources
from leads.selectors.timeline import in_words
from leads.services import CompanyItem, LeadItem, Remark, why_owner_stays
from leads.services.cleaning import LONGEST, LONGEST_OF_COMPANY, clean_country, clean_domain, clean_email
from leads.services.items import Unfit

Cleaned = TypeVar("Cleaned")

COMPANY_FIELDS = ("name", "domain", "industry", "employees", "country")
PLAIN_FIELDS = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "job_title",
    "source",
    "time_zone",
    "email_consent",
    "do_not_call",
)


class OptionalTimeZoneField(TimeZoneField):
    """As people's own, but it may be left empty."""

    def clean(self, value: Any) -> str:
        return super().clean(value) if value and str(value).strip() else ""


class LeadForm(forms.Form):
    first_name = forms.CharField(label=_("First name"), required=False)
    last_name = forms.CharField(label=_("Last name"), required=False)
    email = forms.CharField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    phone = forms.CharField(label=_("Phone"), required=False)
    job_title = forms.CharField(label=_("Job title"), required=False)
    company_name = forms.CharField(label=_("Company"), required=False)
    company_domain = forms.CharField(
        label=_("Company’s domain"),
        required=False,
        help_text=_("Such as bar.de. It tells companies of one name apart."),
    )
    company_industry = forms.CharField(label=_("Industry"), required=False)
    company_employees = forms.IntegerField(label=_("Employees"), required=False, min_value=0, localize=True)
    company_country = forms.CharField(
        # No maximum length, which browsers would cut by: “Germany” would be Georgia.
        label=_("Country"),
        required=False,
        help_text=_("Two letters, such as DE."),
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        widget=forms.TextInput(attrs={"list": "sources", "autocomplete": "off"}),
        help_text=_("How the lead came to us."),
    )
    time_zone = OptionalTimeZoneField(label=_("Time zone"), required=False)
    owner = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    email_consent = forms.ChoiceField(label=_("Consent to e-mail"), choices=Consent)
    do_not_call = forms.BooleanField(label=_("Asked not to be called"), required=False)

    def __init__(self, data: Any = None, *, actor: User, lead: Lead | None = None) -> None:
        """As `actor` may change the lead: an owner who is not theirs to change is shown, with the reason."""
        super().__init__(data, initial=_known(lead))
        self.lead = lead
        _limit(self)
        owners: Any = self.fields["owner"]
        owners.queryset = User.objects.active().order_by("name")
        if lead is None:
            self.fields["email"].required = True
            return
        if lead.owner_id:
            owners.queryset |= User.objects.filter(pk=lead.owner_id)
        owners.help_text = why_owner_stays(lead, actor=actor)
        owners.disabled = bool(owners.help_text)

    def clean_email(self) -> str:
        """Somebody new must be new: an address that is known would change whom it belongs to."""
        email = self._cleaned(clean_email, "email") or ""
        if self.lead is None and (known := Lead.objects.filter(email=email).first()):
            raise forms.ValidationError(
                _("%(name)s has this address already."), "known", {"name": known.name}
            )
        return email

    def clean_source(self) -> str:
        """A known source is shown in words and kept under its name for machines."""
        typed: str = self.cleaned_data["source"].strip()
        known = {in_words(source).casefold(): source for source in sources()}
        return known.get(typed.casefold(), typed)

    def clean_company_domain(self) -> str:
        return self._cleaned(clean_domain, "company_domain")

    def clean_company_country(self) -> str:
        return self._cleaned(clean_country, "company_country")

    def _cleaned(self, clean: Callable[[str], Cleaned], name: str) -> Cleaned:
        """By the service's own rule, so that all that is wrong is said at once."""
        try:
            return clean(self.cleaned_data[name])
        except Unfit as unfit:
            raise forms.ValidationError(unfit.remark.reason) from None

    def clean(self) -> None:
        values = self.cleaned_data
        details = [values.get(f"company_{name}") for name in ("industry", "employees", "country")]
        if any(value not in ("", None) for value in details) and not self._names_company():
            self.add_error("company_name", _("Name the company, or leave its details empty."))

    def _names_company(self) -> bool:
        return bool(self.cleaned_data.get("company_name") or self.cleaned_data.get("company_domain"))

    def item(self) -> LeadItem:
        """What changed, for the service. Valid forms only."""
        changed = {name: self.cleaned_data[name] for name in PLAIN_FIELDS if name in self.changed_data}
        if "owner" in self.changed_data:
            owner = self.cleaned_data["owner"]
            changed["owner"] = owner.email if owner else None
        if any(f"company_{name}" in self.changed_data for name in COMPANY_FIELDS):
            changed["company"] = self._company()
        return LeadItem(id=self.lead.pk if self.lead else None, **changed)

    def _company(self) -> CompanyItem | None:
        if not self._names_company():
            return None
        return CompanyItem(**{name: self.cleaned_data[f"company_{name}"] for name in COMPANY_FIELDS})

    def add_remark(self, remark: Remark) -> None:
        """What the service says of a field, beside that field."""
        name = remark.field.replace(".", "_")
        field = {"company": "company_name"}.get(name, name)
        self.add_error(field if field in self.fields else None, remark.reason)


def _limit(form: forms.Form) -> None:
    """A browser lets nobody type more than a column takes."""
    longest = LONGEST | {f"company_{name}": most for name, most in LONGEST_OF_COMPANY.items()}
    for name, most in longest.items():
        form.fields[name].widget.attrs["maxlength"] = most


def _known(lead: Lead | None) -> dict[str, Any]:
    if lead is None:
        return {"email_consent": Consent.UNKNOWN}
    company = lead.company or Company()
    return {
        **{name: getattr(lead, name) for name in PLAIN_FIELDS},
        **{f"company_{name}": getattr(company, name) for name in COMPANY_FIELDS},
        "source": in_words(lead.source),
        "owner": lead.owner_id,
    }
