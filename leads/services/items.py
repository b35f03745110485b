"""What the services take in and give back, item by item."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeVar

import msgspec
from django.utils.translation import gettext
from msgspec import UNSET, UnsetType

Text = str | UnsetType | None
"""Left out means "leave alone", null means "clear"."""


class RefItem(msgspec.Struct, forbid_unknown_fields=True, gc=False, frozen=True):
    """What another system calls the lead."""

    system: str
    id: str | int


class CompanyItem(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A company, known by its domain, or without one by its name."""

    name: Text = UNSET
    domain: Text = UNSET
    industry: Text = UNSET
    employees: int | UnsetType | None = UNSET
    country: Text = UNSET


class SyncItem(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """A lead as REST clients send it. It is known by `id`, else by `external_ref`, else by `email`."""

    id: str | int | None = None
    external_ref: RefItem | None = None
    email: Text = UNSET
    first_name: Text = UNSET
    last_name: Text = UNSET
    job_title: Text = UNSET
    phone: Text = UNSET
    company: CompanyItem | UnsetType | None = UNSET
    source: Text = UNSET
    time_zone: Text = UNSET
    email_consent: Literal["unknown", "given", "withdrawn"] | UnsetType = UNSET
    do_not_call: bool | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType | None = UNSET
    """Merged key by key; a null removes the key."""


class LeadItem(SyncItem, forbid_unknown_fields=True, gc=False, kw_only=True):
    """A lead as people and files give it: with its owner (an e-mail address), its worth, and what happened
    before."""

    owner: Text = UNSET
    value: Decimal | UnsetType | None = UNSET
    created_at: datetime | UnsetType = UNSET
    mql_at: datetime | UnsetType | None = UNSET
    sql_at: datetime | UnsetType | None = UNSET
    won_at: datetime | UnsetType | None = UNSET
    lost_at: datetime | UnsetType | None = UNSET


class LeadKey(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Which lead did it: one of the three."""

    id: str | int | None = None
    external_ref: RefItem | None = None
    email: str | None = None


class EventItem(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """An activity as REST clients send it."""

    lead: LeadKey
    type: str
    occurred_at: datetime
    key: str | None = None
    payload: dict[str, Any] = msgspec.field(default_factory=dict)
    source: str = ""


class ActivityItem(EventItem, forbid_unknown_fields=True, gc=False, kw_only=True):
    """An activity as the portal records it. `human` is false while a machine may have caused it (law 10)."""

    human: bool = True


class Status(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True)
class Remark:
    """What is wrong, or odd, with a field of an item: a dotted path, and words for whoever sent it."""

    field: str
    reason: str


@dataclass
class ItemResult:
    """What became of the item at `index`. `warnings` tell what was kept although it looks odd."""

    index: int
    status: Status
    lead_id: int | None = None
    error: Remark | None = None
    warnings: list[Remark] = field(default_factory=list)
    activity_id: int | None = None


class Unfit(Exception):
    """The item cannot be taken; the others go on."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.remark = Remark(field, reason)


class BatchTooLarge(Exception):
    """More items at once than one transaction should hold."""

    def __init__(self, size: int) -> None:
        super().__init__(
            gettext("%(size)s items in one batch; at most %(most)s are taken at once.")
            % {"size": size, "most": MOST_AT_ONCE}
        )


MOST_AT_ONCE = 5_000

Item = TypeVar("Item", bound=msgspec.Struct)


def read_items(raws: Iterable[msgspec.Raw | bytes | Any], kind: type[Item]) -> list[Item | Remark]:
    """Validate each item alone: JSON bytes are decoded, a dict is converted. A bad one becomes a `Remark`."""
    decoder = msgspec.json.Decoder(kind)
    return [_read(raw, kind, decoder) for raw in raws]


def _read(raw: Any, kind: type[Item], decoder: "msgspec.json.Decoder[Item]") -> Item | Remark:
    try:
        if isinstance(raw, msgspec.Raw | bytes):
            return decoder.decode(raw)
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        return _remark(str(error))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Remark("", gettext("The item is not valid JSON in UTF-8."))


def _remark(message: str) -> Remark:
    """From msgspec's "Expected `int`, got `str` - at `$.company.employees`", "Object contains unknown field
    `x`"."""
    reason, _, place = message.partition(" - at `$")
    path = place.rstrip("`").lstrip(".")
    for opening, words in (
        ("Object contains unknown field `", gettext("There is no such field.")),
        ("Object missing required field `", gettext("This field is required.")),
    ):
        if reason.startswith(opening):
            name = reason.removeprefix(opening).rstrip("`")
            return Remark(f"{path}.{name}".lstrip("."), words)
    return Remark(path, reason)


def take_at_most(items: Sequence[object]) -> None:
    """Raises `BatchTooLarge`."""
    if len(items) > MOST_AT_ONCE:
        raise BatchTooLarge(len(items))
