"""Right before an e-mail of nurture goes out: may it still? Registered in `outbox.extensions.vetoes`."""

from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext as _

from leads.models import Consent
from nurture.models import Delivery, EndedWhy, EnrolmentState, Track
from nurture.services.enrolling import suppressed_among
from nurture.services.letters import KIND
from nurture.services.locks import share_tracks
from outbox.extensions import NotYet
from outbox.models import Message


def veto(messages: Sequence[Message]) -> Mapping[int, str]:
    """Message id → why it is not sent: the address is suppressed, the lead withdrew consent or left the
    track; or not yet, because the track is paused. Two queries, two more where a track is paused, none where no
    message is nurture's.
    """
    ours = {message.pk: message.to.lower() for message in messages if message.kind == KIND}
    if not ours:
        return {}
    suppressed = suppressed_among(set(ours.values()))
    deliveries = Delivery.objects.filter(message__in=list(ours)).select_related(
        "enrolment__lead", "enrolment__track"
    )
    paused = _still_paused(
        {each.enrolment.track_id for each in deliveries if not each.enrolment.track.is_active}
    )
    whys = {delivery.message_id: _why_not(delivery, paused) for delivery in deliveries}
    for message_id, address in ours.items():
        if address in suppressed:
            whys[message_id] = _("The address must not be written to any more.")
    return {message_id: why for message_id, why in whys.items() if message_id is not None and why}


def _still_paused(track_ids: Collection[int]) -> Collection[int]:
    """Those that nobody starts till the e-mails are put off: `start_track` then finds them, and has them sent."""
    if not track_ids:
        return track_ids
    share_tracks(lead_ids=[], track_ids=track_ids)
    return set(Track.objects.filter(pk__in=track_ids, is_active=False).values_list("pk", flat=True))


def _why_not(delivery: Delivery, paused: Collection[int]) -> str:
    enrolment = delivery.enrolment
    if enrolment.lead.email_consent == Consent.WITHDRAWN:
        return _("The lead withdrew consent to e-mail.")
    if enrolment.lead.email_consent != Consent.GIVEN:
        return _("The lead has not consented to e-mail.")
    if enrolment.state == EnrolmentState.ENDED and enrolment.ended_why != EndedWhy.FINISHED:
        why = {"why": enrolment.get_ended_why_display()}
        return _("The lead left the track: %(why)s.") % why
    if enrolment.track_id in paused:
        return NotYet(_("The track is paused: it goes out once the track is started again."))
    return ""
