"""The life of a version: draft → proposed → active → superseded, or withdrawn. The database agrees."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Capability, Side
from agreements import selectors
from agreements.document import content_hash
from agreements.models import Signature, Version, VersionState, clause_models
from agreements.signals import version_activated


class VersionRefused(Exception):
    """The version is not in the state for this; the message is for the user."""


class OpenDraftExists(VersionRefused):
    """The agreement has a draft or a proposal already; there is at most one."""


class NotADraft(VersionRefused):
    """Only a draft can be proposed."""


class NotProposed(VersionRefused):
    """Only a proposed version can be signed."""


class NotASigner(VersionRefused):
    """The person may not sign, or speaks for neither side."""


class AlreadySigned(VersionRefused):
    """Somebody signed for this side already."""


def propose_version(*, version: Version, now: datetime, actor: User | None) -> Version:
    """Close a draft for changes and fix its content hash, so that both sides can sign it.

    Raises `NotADraft`.
    """
    with _changing(version) as locked:
        if not locked.is_draft:
            raise NotADraft(_("Only a draft can be proposed; this version is no longer one."))
        _wait_for_writers()
        locked.state = VersionState.PROPOSED
        locked.content_hash = content_hash(locked)
        locked.proposed_at = now
        locked.save(update_fields=["state", "content_hash", "proposed_at"])
    return locked


def sign_version(*, version: Version, signer: User, now: datetime) -> Signature:
    """Sign a proposed version for one's side; the second side's signature puts it into force.

    Effects: with both signatures the version is active and the one before it superseded, in one transaction.
    Clocks that run keep the version they started under. Raises `NotProposed`, `NotASigner`, `AlreadySigned`.
    """
    side = signer.side
    if side is None or not signer.can(Capability.EDIT_AGREEMENT):
        raise NotASigner(
            _("%(person)s cannot sign: only a manager of marketing or of sales can.") % {"person": signer}
        )
    with _changing(version) as locked:
        if locked.state != VersionState.PROPOSED:
            raise NotProposed(_("Only a proposed version can be signed."))
        if locked.signatures.filter(side=side).exists():
            raise AlreadySigned(_("%(side)s has signed this version already.") % {"side": side.label})
        signature = Signature.objects.create(
            version=locked, side=side, user=signer, content_hash=locked.content_hash, signed_at=now
        )
        if locked.signatures.count() == len(Side):
            _put_into_force(locked, now)
            version_activated.send(sender=Version, version_id=locked.pk, now=now, actor=signer)
    return signature


def activate_version(
    *, version: Version, signers: Sequence[User], now: datetime, actor: User | None
) -> Version:
    """Propose a draft and sign it for both sides in one act, so that it is in force or nothing has changed.

    `signers`: one manager of each side. Raises what `propose_version` and `sign_version` raise, and
    `NotASigner` where a side is missing.
    """
    with transaction.atomic():
        if version.state == VersionState.DRAFT:
            version = propose_version(version=version, now=now, actor=actor)
        for signer in signers:
            sign_version(version=version, signer=signer, now=now)
        active = Version.objects.select_related("agreement__calendar").get(pk=version.pk)
        if active.state != VersionState.ACTIVE:
            raise NotASigner(_("A version comes into force when marketing and sales have both signed it."))
    return active


def withdraw_version(*, version: Version, now: datetime, actor: User | None) -> Version:
    """Take back a draft or a proposal. Raises `VersionRefused` for one that is or was in force."""
    with _changing(version) as locked:
        if locked.state not in (VersionState.DRAFT, VersionState.PROPOSED):
            raise VersionRefused(_("Only a draft or a proposal can be withdrawn."))
        locked.state = VersionState.WITHDRAWN
        locked.ended_at = now
        locked.save(update_fields=["state", "ended_at"])
    return locked


def _put_into_force(version: Version, now: datetime) -> None:
    before = Version.objects.active().filter(agreement=version.agreement)
    before.update(state=VersionState.SUPERSEDED, ended_at=now)
    version.state = VersionState.ACTIVE
    version.activated_at = now
    version.save(update_fields=["state", "activated_at"])


@contextmanager
def _changing(version: Version) -> Iterator[Version]:
    """The version, locked for the transaction; what was kept of it in memory is forgotten if that fails."""
    try:
        with transaction.atomic():
            yield (
                Version.objects.select_for_update(of=("self",)).select_related("agreement").get(pk=version.pk)
            )
    except BaseException:
        selectors.forget(version.pk)
        raise


def _wait_for_writers() -> None:
    """Let whoever is writing a clause finish first, and whoever comes later find the version closed.

    Without it, a clause written while the hash is taken could stand in the version without being covered.
    """
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in clause_models())
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN SHARE MODE")
