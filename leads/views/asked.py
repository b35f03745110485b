"""What the address of the list of leads asks for, and how the page says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypedDict

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.permissions import PortalRequest
from accounts.rules import whole_number
from agreements.models import Agreement
from leads.models import Company
from leads.selectors.distinct import grades, sources
from leads.selectors.listing import DEFAULT_ORDER, NOBODY, ORDERS, Asked
from leads.selectors.timeline import in_words
from leads.stages import Stage

ME = "me"
Chip = dict[str, str]

COLUMNS: dict[str, str | Promise] = {
    "stage": gettext_lazy("Stage"),
    "score": gettext_lazy("Score"),
    "owner": gettext_lazy("Owner"),
    "source": gettext_lazy("Source"),
    "active": gettext_lazy("Last activity"),
    "created": gettext_lazy("Created"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "country": gettext_lazy("Country"),
    "agreement": gettext_lazy("Agreement"),
    "value": gettext_lazy("Value"),
}
SHOWN_AT_FIRST = ("stage", "score", "owner", "source", "active", "created")


class Option(TypedDict):
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """A filter as a select: its parameter, its name, what may be chosen."""

    param: str
    label: str
    options: list[Option]


def asked(request: PortalRequest) -> Asked:
    """What means nothing is not asked for."""
    get = request.GET.get
    stage = get("stage", "")
    return Asked(
        words=get("q", "").strip()[:200],
        stage=stage if stage in Stage else "",
        owner=_owner(get("owner", ""), request.user),
        source=get("source", ""),
        grade=get("grade", ""),
        agreement=get("agreement", ""),
        company=whole_number(get("company")),
        created_from=_day(get("from", "")),
        created_to=_day(get("to", "")),
        zone=timezone.get_current_timezone(),
    )


def order(request: PortalRequest) -> str:
    wanted = request.GET.get("sort", DEFAULT_ORDER)
    return wanted if wanted.removeprefix("-") in ORDERS else DEFAULT_ORDER


def columns(request: PortalRequest) -> list[dict[str, Any]]:
    wanted = set(request.GET.getlist("cols")) & COLUMNS.keys() or set(SHOWN_AT_FIRST)
    return [{"key": key, "label": label, "shown": key in wanted} for key, label in COLUMNS.items()]


def _owner(text: str, user: User) -> int | Literal["nobody"] | None:
    if text == NOBODY:
        return "nobody"
    return user.pk if text == ME else whole_number(text)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None


# --- Choices ---


def choices(request: PortalRequest, asked: Asked) -> list[Choice]:
    """The selects above the list; one that offers nothing is left out."""
    found = [
        _choice(
            "stage", _("Any stage"), [(str(value), str(label)) for value, label in Stage.choices], asked.stage
        ),
        _choice("owner", _("Any owner"), list(_owners()), request.GET.get("owner", "")),
        _choice(
            "source", _("Any source"), [(source, in_words(source)) for source in sources()], asked.source
        ),
        _choice("grade", _("Any grade"), [(grade, grade) for grade in grades()], asked.grade),
        _choice("agreement", _("Any agreement"), _agreements(), asked.agreement),
    ]
    return [choice for choice in found if len(choice.options) > 1]


def _choice(param: str, label: str, options: list[tuple[str, str]], chosen: str) -> Choice:
    return Choice(
        param, label, [{"value": value, "label": said, "chosen": value == chosen} for value, said in options]
    )


def _owners() -> Iterator[tuple[str, str]]:
    yield ME, _("Me")
    yield NOBODY, _("Nobody")
    for person in User.objects.active().order_by("name").only("name"):
        yield str(person.pk), person.name


def _agreements() -> list[tuple[str, str]]:
    return list(Agreement.objects.values_list("slug", "name"))


# --- Chips ---


def chips(request: PortalRequest, asked: Asked) -> list[Chip]:
    """The filters in force, in words."""
    said = [
        ("stage", _("Stage"), str(Stage(asked.stage).label) if asked.stage else ""),
        ("owner", _("Owner"), _say_owner(request.GET.get("owner", ""), asked)),
        ("source", _("Source"), in_words(asked.source)),
        ("grade", _("Grade"), asked.grade),
        ("agreement", _("Agreement"), _say_agreement(asked.agreement)),
        ("company", _("Company"), _say_company(asked.company)),
        ("from", _("Created from"), date_format(asked.created_from) if asked.created_from else ""),
        ("to", _("Created until"), date_format(asked.created_to) if asked.created_to else ""),
    ]
    return [{"param": param, "label": label, "value": value} for param, label, value in said if value]


def _say_owner(raw: str, asked: Asked) -> str:
    if raw in {ME, NOBODY}:
        return _("Me") if raw == ME else _("Nobody")
    if not asked.owner:
        return ""
    name = User.objects.filter(pk=asked.owner).values_list("name", flat=True).first()
    return name or _("somebody who is not here")


def _say_agreement(slug: str) -> str:
    return Agreement.objects.filter(slug=slug).values_list("name", flat=True).first() or slug if slug else ""


def _say_company(pk: int | None) -> str:
    if pk is None:
        return ""
    return Company.objects.filter(pk=pk).values_list("name", flat=True).first() or _("one that is not here")
