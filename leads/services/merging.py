"""A batch of items merged into the leads they speak of, in memory and in order."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils.translation import gettext, gettext_noop
from msgspec import UNSET, UnsetType

from accounts.models import User
from leads.models import Consent
from leads.services.cleaning import CleanCompany, CleanLead, Ref
from leads.services.companies import Companies, known_by_domain, news_of
from leads.services.history import Past, add_entries, odd_order, read_pasts, stage_after
from leads.services.items import ItemResult, Remark, Status, Unfit
from leads.services.lookup import find_refs, lock_colleagues, lock_leads
from leads.services.owners import Owners
from leads.services.rows import CompanyRow, LeadRow
from leads.services.transactions import new_ids
from leads.stages import Stage

DETAILS_NEED_DOMAIN = gettext_noop(
    "The lead’s company is known by its domain. Give that, too, to change the company’s details."
)


class Slot(msgspec.Struct, gc=False):
    """A lead the batch speaks of, as it is once the items so far are merged into it."""

    row: LeadRow
    is_new: bool
    is_changed: bool
    past: Past | None = None


class Batch:
    """Reads and locks what the items speak of; `merge` them in order, then write what `changed`."""

    def __init__(self, cleaned: Sequence[CleanLead], now: datetime, actor: User | None) -> None:
        self.now = now
        self.companies = Companies(
            [clean.company for clean in cleaned if isinstance(clean.company, CleanCompany)], now
        )
        self.by_id: dict[int, Slot] = {}
        self.by_ref: dict[Ref, Slot] = {}
        self.by_email: dict[str, Slot] = {}
        """Also by the addresses that leads gave up in this batch."""
        self.new_refs: dict[Ref, int] = {}
        self.own_companies: dict[int, CompanyRow] = {}
        self._find(cleaned)
        self.owners = Owners([clean.owner for clean in cleaned], lead_ids=self.by_id.keys(), actor=actor)
        self.unused_ids: Iterator[int] = iter(
            new_ids("leads_lead", sum(not self._matches(clean) for clean in cleaned))
        )
        if any(clean.history for clean in cleaned):
            for lead_id, past in read_pasts(self.by_id.keys()).items():
                self.by_id[lead_id].past = past

    def _find(self, cleaned: Sequence[CleanLead]) -> None:
        refs = find_refs({clean.ref for clean in cleaned if clean.ref})
        ids = {clean.lead_id for clean in cleaned if clean.lead_id}.union(refs.values())
        emails = {clean.email for clean in cleaned if clean.email}
        if self.companies.locked_ids:
            lock_colleagues(ids, emails, self.companies.locked_ids)
        for row in lock_leads(ids, emails):
            row.enters_at = self.now
            slot = Slot(row, is_new=False, is_changed=False)
            self.by_id[row.id] = slot
            if row.email:
                self.by_email[row.email] = slot
        if any(isinstance(clean.company, CleanCompany) and not clean.company.domain for clean in cleaned):
            self.own_companies = known_by_domain(
                {slot.row.company_id for slot in self.by_id.values() if slot.row.company_id}
            )
        self.by_ref = {ref: self.by_id[lead_id] for ref, lead_id in refs.items() if lead_id in self.by_id}

    def _matches(self, clean: CleanLead) -> bool:
        return bool(clean.lead_id or clean.ref in self.by_ref or clean.email in self.by_email)

    def changed(self) -> list[Slot]:
        """What must be written."""
        return [slot for slot in self.by_id.values() if slot.is_changed]

    def merge(self, index: int, clean: CleanLead) -> ItemResult:
        """Merge one item; what it wins over earlier items and over the database is remembered in its slot."""
        try:
            slot = self._identify(clean)
            owner_id = self.owners.find(clean.owner)
        except Unfit as unfit:
            return ItemResult(index, Status.ERROR, error=unfit.remark)
        status = Status.UPDATED
        if slot is None:
            slot, status = self._create(clean), Status.CREATED
        warnings: list[Remark] = []
        is_changed = self._merge_keys(slot, clean)
        is_changed |= self._merge_values(slot.row, clean)
        is_changed |= self._merge_owner(slot, owner_id, warnings)
        is_changed |= self._merge_company(slot.row, clean, warnings)
        if clean.history:
            is_changed |= self._merge_history(slot, clean, warnings)
        if status is Status.UPDATED and not is_changed:
            status = Status.UNCHANGED
        elif status is Status.UPDATED:
            slot.is_changed, slot.row.updated_at = True, self.now
        return ItemResult(index, status, lead_id=slot.row.id, warnings=warnings)

    def _identify(self, clean: CleanLead) -> Slot | None:
        """The lead the item means; none for a new one. Raises `Unfit` where its keys mean different leads."""
        by_ref = self.by_ref.get(clean.ref) if clean.ref else None
        slot = by_ref
        if clean.lead_id:
            slot = self.by_id.get(clean.lead_id)
            if slot is None:
                raise Unfit("id", gettext("There is no lead with this id."))
            if by_ref is not None and by_ref is not slot:
                raise Unfit("external_ref", _belongs_to(by_ref))
        holder = self.by_email.get(clean.email) if clean.email else None
        if holder is None or holder is slot:
            return slot
        if holder.row.email != clean.email:
            raise Unfit(
                "email", gettext("Another lead gave this address up in the same batch; send the item again.")
            )
        if slot is not None:
            raise Unfit("email", _belongs_to(holder))
        return holder

    def _create(self, clean: CleanLead) -> Slot:
        born = clean.created_at or min(clean.history.values(), default=self.now)
        row = LeadRow(
            id=next(self.unused_ids),
            email=None,
            first_name="",
            last_name="",
            job_title="",
            phone="",
            company_id=None,
            source="",
            time_zone="",
            attributes={},
            email_consent=Consent.UNKNOWN,
            do_not_call=False,
            stage=Stage.CONTACT,
            stage_entered_at=born,
            value=None,
            owner_id=None,
            agreement_id=None,
            created_at=born,
            last_activity_at=None,
            updated_at=self.now,
            enters_at=born,
        )
        slot = self.by_id[row.id] = Slot(row, is_new=True, is_changed=True)
        return slot

    def _merge_keys(self, slot: Slot, clean: CleanLead) -> bool:
        is_changed = False
        if clean.email is not UNSET and _set(slot.row, "email", clean.email):
            is_changed = True
            if clean.email:
                self.by_email[clean.email] = slot
        if clean.ref and clean.ref not in self.by_ref:
            self.by_ref[clean.ref] = slot
            self.new_refs[clean.ref] = slot.row.id
            is_changed = True
        return is_changed

    def _merge_values(self, row: LeadRow, clean: CleanLead) -> bool:
        is_changed = False
        for name, value in clean.values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
                is_changed = True
        if clean.attributes is not UNSET:
            is_changed |= _merge_attributes(row, clean.attributes)
        if clean.created_at is not UNSET and clean.created_at < row.created_at:
            row.created_at = clean.created_at
            is_changed = True
        return is_changed

    def _merge_owner(self, slot: Slot, owner_id: int | UnsetType | None, warnings: list[Remark]) -> bool:
        """What somebody else has a say in is left alone, and said so."""
        row = slot.row
        if owner_id is UNSET or owner_id == row.owner_id:
            return False
        if why := self.owners.why_not(row.id, row.owner_id):
            warnings.append(Remark("owner", why))
            return False
        return _set(row, "owner_id", owner_id)

    def _merge_company(self, row: LeadRow, clean: CleanLead, warnings: list[Remark]) -> bool:
        if clean.company is UNSET:
            return False
        if clean.company is None:
            return _set(row, "company_id", None)
        if own := self._named_again(row, clean.company):
            if news_of(own, clean.company):
                warnings.append(Remark("company", gettext(DETAILS_NEED_DOMAIN)))
            return False
        company_id, is_news = self.companies.merge(clean.company)
        return _set(row, "company_id", company_id) or is_news

    def _named_again(self, row: LeadRow, company: CleanCompany) -> CompanyRow | None:
        """The lead's own company, if it is known by its domain and the item names it without that: it stays."""
        own = None if company.domain else self.own_companies.get(row.company_id or 0)
        return own if own and own.name.lower() == company.name.lower() else None

    def _merge_history(self, slot: Slot, clean: CleanLead, warnings: list[Remark]) -> bool:
        slot.past = slot.past or Past()
        known = len(slot.past.news)
        warnings += odd_order(slot.row.created_at, clean.history)
        warnings += add_entries(slot.past, clean.history)
        stage = stage_after(slot.row.stage, slot.past.news)
        if _set(slot.row, "stage", stage):
            slot.row.stage_entered_at = slot.past.news[stage]
        return len(slot.past.news) > known


def _set(row: LeadRow, name: str, value: Any) -> bool:
    if getattr(row, name) == value:
        return False
    setattr(row, name, value)
    return True


def _merge_attributes(row: LeadRow, given: dict[str, Any] | None) -> bool:
    """Key by key, a null removes the key; null for all removes all."""
    before = row.attributes if isinstance(row.attributes, dict) else msgspec.json.decode(row.attributes)
    after = {} if given is None else before | given
    row.attributes = {key: value for key, value in after.items() if value is not None}
    return not _is_same(row.attributes, before)


def _is_same(one: Any, other: Any) -> bool:
    """As JSON: true is not 1, but 1e29 is the whole number that PostgreSQL makes of it."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or Decimal(str(one)) == Decimal(str(other))
    return bool(one == other)


def _belongs_to(slot: Slot) -> str:
    return gettext("This belongs to another lead (id %(id)s).") % {"id": slot.row.id}
