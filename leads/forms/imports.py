"""The shape of what people choose when they import a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import TimeZoneField
from accounts.models import User
from leads.importing.encodings import ENCODINGS
from leads.importing.headers import slug
from leads.importing.inspection import DELIMITERS
from leads.importing.mapping import LONGEST_SYSTEM, ColumnUse, Mapping, MappingProblem, check_mapping
from leads.importing.reading import Row
from leads.importing.targets import ATTRIBUTE, LEAVE_OUT, TARGETS

KEEP = "attribute"
"""The choice that keeps a column as an attribute; its name stands in a field of its own."""
MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 60


class UploadForm(forms.Form):
    """A file. Whether it is a CSV file is for the services to say."""

    file = forms.FileField(
        label=_("CSV file"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/tab-separated-values"}),
        error_messages={"required": _("Choose a file first.")},
    )

    def __init__(self, data: Any = None, files: Any = None, *, refusal: str = "") -> None:
        """`refusal` says why the file was refused on its way, so that there is none now."""
        super().__init__(data, files)
        if refusal:
            self.fields["file"].error_messages["required"] = refusal


class FileForm(forms.Form):
    """How a file is read, where the portal guessed wrong."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Between the cells"), choices=list(DELIMITERS.items()))
    has_header = forms.TypedChoiceField(
        label=_("First row"),
        choices=[("yes", _("Headings")), ("no", _("A lead already"))],
        coerce=lambda value: value == "yes",
    )


def target_choices() -> list[tuple[str | Promise, Any]]:
    """The fields of a lead, in groups."""
    groups = groupby(TARGETS.values(), key=lambda target: target.group)
    return [
        (LEAVE_OUT, _("Leave out")),
        (KEEP, _("Keep as an attribute")),
        *((group, [(target.key, target.label) for target in targets]) for group, targets in groups),
    ]


@dataclass(frozen=True)
class ColumnLine:
    """One column on the page: its heading, some of its cells, the choice, the attribute's name."""

    header: str
    is_nameless: bool
    examples: list[str]
    target: BoundField
    name: BoundField

    @property
    def select(self) -> str:
        attrs: dict[str, str | bool] = {"class": "form-select", "aria-label": self.header}
        if self.target.errors:
            attrs |= {"aria-invalid": "true", "aria-describedby": f"{self.target.auto_id}_error"}
        return self.target.as_widget(attrs=attrs)

    @property
    def name_input(self) -> str:
        """Shown while the column is kept as an attribute."""
        label = gettext("Name of the attribute for %(column)s") % {"column": self.header}
        return self.name.as_widget(attrs={"class": "form-control", "aria-label": label})


class ColumnsForm(forms.Form):
    """What each column becomes, and how dates, numbers and words are written."""

    system = forms.CharField(
        label=_("System the ids come from"),
        required=False,
        max_length=LONGEST_SYSTEM,
        help_text=_("The same name every time, such as hubspot: a lead is known by system and id."),
        widget=forms.TextInput(attrs={"list": "systems", "autocomplete": "off", "spellcheck": "false"}),
    )
    source = forms.CharField(
        label=_("Source, where the file says none"),
        required=False,
        max_length=60,
        help_text=_("For example trade_fair."),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner, where the file says none"),
        queryset=User.objects.none(),
        required=False,
        to_field_name="email",
        empty_label=_("Nobody"),
    )
    time_zone = TimeZoneField(
        label=_("Time zone of the dates"),
        help_text=_("For dates and times that say no zone; a date alone is the start of that day there."),
    )
    date_order = forms.ChoiceField(
        label=_("03/04/2026 is"), choices=[("day_first", _("3 April")), ("month_first", _("4 March"))]
    )
    decimal_mark = forms.ChoiceField(
        label=_("Decimal mark"), choices=[(".", _("1,234.50 (point)")), (",", _("1.234,50 (comma)"))]
    )
    yes = forms.CharField(
        label=_("Further words for yes"), required=False, help_text=_("Separated by commas.")
    )
    no = forms.CharField(label=_("Further words for no"), required=False, help_text=_("Separated by commas."))
    missing = forms.CharField(
        label=_("Words for “not known”"),
        required=False,
        help_text=_("Separated by commas, such as Select. Empty cells always are."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        headers: Sequence[str],
        sample: Sequence[Row],
        mapping: Mapping,
    ) -> None:
        self.headers, self.sample, self.before = list(headers), sample, mapping
        super().__init__(data, initial=_initial(mapping))
        owners = User.objects.active().order_by("name")
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]
        choices = target_choices()
        for index, header in enumerate(self.headers):
            self._add_column(index, header, choices)

    def _add_column(self, index: int, header: str, choices: list[tuple[str | Promise, Any]]) -> None:
        use = self.before.columns.get(header)
        target = (use.field if isinstance(use, ColumnUse) else use) or LEAVE_OUT
        is_attribute = target.startswith(ATTRIBUTE)
        self.fields[f"column_{index}"] = forms.ChoiceField(
            label=header, choices=choices, required=False, initial=KEEP if is_attribute else target
        )
        self.fields[f"name_{index}"] = forms.CharField(
            label=_("Name of the attribute"),
            required=False,
            max_length=60,
            initial=target.removeprefix(ATTRIBUTE) if is_attribute else slug(header),
        )

    @property
    def lines(self) -> Iterator[ColumnLine]:
        """The columns in the order of the file."""
        for index, header in enumerate(self.headers):
            yield ColumnLine(
                header=header,
                is_nameless=header == f"#{index + 1}",
                examples=_examples(self.sample, index),
                target=self[f"column_{index}"],
                name=self[f"name_{index}"],
            )

    @property
    def how_written(self) -> str:
        """How dates and numbers are read, in a few words."""
        order = dict(self.fields["date_order"].choices)  # type: ignore[attr-defined]
        chosen = order.get(self["date_order"].value(), "")
        return gettext("%(zone)s · 03/04 is %(day)s") % {"zone": self["time_zone"].value(), "day": chosen}

    @property
    def is_written_wrong(self) -> bool:
        names = {"time_zone", "date_order", "decimal_mark", "yes", "no", "missing"}
        return not names.isdisjoint(self.errors)

    def clean(self) -> dict[str, Any] | None:
        if not self.errors:
            for problem in check_mapping(self.mapping(), self.headers):
                self.add_error(self._field_of(problem), problem.reason)
        return self.cleaned_data

    def _field_of(self, problem: MappingProblem) -> str | None:
        if problem.column in self.headers:
            return f"column_{self.headers.index(problem.column)}"
        return problem.column if problem.column in self.fields else None

    def mapping(self) -> Mapping:
        """What was chosen. Once the form is clean."""
        data = self.cleaned_data
        owner = data.get("owner")
        constants = {"source": data.get("source", ""), "owner": owner.email if owner else ""}
        kept = {name: value for name, value in self.before.constants.items() if name not in constants}
        return Mapping(
            columns={header: self._use(index, header) for index, header in enumerate(self.headers)},
            system=data.get("system", "").strip(),
            constants=kept | {name: value for name, value in constants.items() if value},
            time_zone=data["time_zone"],
            date_order=data["date_order"],
            decimal_mark=data["decimal_mark"],
            yes=_words(data["yes"]),
            no=_words(data["no"]),
            missing=_words(data["missing"]),
        )

    def _use(self, index: int, header: str) -> str | ColumnUse:
        """A column that is written otherwise than the others stays so, as long as its field is the same."""
        target: str = self.cleaned_data[f"column_{index}"]
        before = self.before.columns.get(header)
        if isinstance(before, ColumnUse) and before.field == target:
            return before
        if target == KEEP:
            return f"{ATTRIBUTE}{self.cleaned_data[f'name_{index}'] or slug(header)}"
        return target


def _initial(mapping: Mapping) -> dict[str, Any]:
    return {
        "system": mapping.system,
        "source": mapping.constants.get("source", ""),
        "owner": mapping.constants.get("owner", ""),
        "time_zone": mapping.time_zone,
        "date_order": mapping.date_order,
        "decimal_mark": mapping.decimal_mark,
        "yes": ", ".join(mapping.yes),
        "no": ", ".join(mapping.no),
        "missing": ", ".join(mapping.missing),
    }


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _examples(sample: Sequence[Row], index: int) -> list[str]:
    """A few different cells of a column."""
    cells = (row.cells[index].strip() for row in sample if len(row.cells) > index)
    found = list(dict.fromkeys(cell for cell in cells if cell))[:MOST_EXAMPLES]
    return [f"{cell[:LONGEST_EXAMPLE]}…" if len(cell) > LONGEST_EXAMPLE else cell for cell in found]
