"""Getting into a track and out of it, and what is written into it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from agreements.models import Version
from agreements.services import load_agreement
from agreements.services.documents import DocumentInvalid
from handoffs.models import Handoff
from handoffs.services import accept_handoff, disqualify_handoff, hand_off_by_hand, reject_handoff
from leads.models import Consent, Lead
from leads.services import LeadItem, upsert_leads
from leads.stages import Stage
from nurture.models import Cause, Delivery, Enrolment, Hold, Step, Suppression, Track, TrackRevision
from nurture.services import (
    AlreadyInTrack,
    CannotEnrol,
    CannotRun,
    EditedMeanwhile,
    Entry,
    MustNotWrite,
    NotInTrack,
    StepDraft,
    TrackInvalid,
    adopt_starter_tracks,
    enrol_by_hand,
    enrol_leads,
    enrol_returned,
    leave_track,
    lift_suppression,
    pause_track,
    save_track,
    send_steps,
    start_track,
    suppress_by_hand,
)
from nurture.services.starter import starter_tracks
from nurture.services.tracks import drafts_of, newest_revision
from tests.factories.agreements import starter_content
from tests.factories.handoffs import SalesTeam, advance_to, urgent_handoff
from tests.factories.nurture import KEY, SITE, STEPS, enrol, returned, running_track, running_tracks, willing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def track(starter: Version, now: datetime) -> Track:
    return running_track(starter, now=now)


def outcome(enrolment: Enrolment) -> tuple[str, str, str]:
    enrolment.refresh_from_db()
    return enrolment.state, enrolment.ended_why, enrolment.hold


# --- Tracks -------------------------------------------------------------------------------------------------


def test_agreement_in_force_brings_its_tracks_written_and_not_started(starter: Version) -> None:
    found = Track.objects.order_by("pk").values_list("key", "name", "is_active", "revisions__step_count")
    assert list(found) == [
        ("track-awareness", "Understand the problem", False, 4),
        ("track-consideration", "Compare the ways to solve it", False, 4),
        ("track-decision", "Decide for us", False, 4),
    ]


def test_tracks_of_the_file_can_be_saved_and_have_no_broken_lines() -> None:
    bodies = [step.body for track in starter_tracks().values() for step in track.steps]
    assert len(bodies) == 12
    lines = [line for body in bodies for line in body.split("\n") if line]
    assert all(line.endswith((".", ",", ":", "}}")) for line in lines), lines


def test_start_refuses_what_leads_nowhere_or_says_nothing(starter: Version, now: datetime) -> None:
    track = Track.objects.get(key=KEY)
    with pytest.raises(CannotRun, match="lead to example"):
        start_track(track_id=track.pk, now=now, actor=None)
    save_track(track_id=track.pk, name="Empty", lasts_days=30, steps=[], now=now, actor=None)
    with pytest.raises(CannotRun, match="no e-mails yet"):
        start_track(track_id=track.pk, now=now, actor=None)


def test_a_track_that_runs_is_not_emptied_nor_led_nowhere(track: Track, now: datetime) -> None:
    nowhere = StepDraft("5 days", "Hello", "Read: {{ offer }}", "The guide", "https://example.com/guide")
    for steps, field in (([], "steps"), ([nowhere], "offer_url")):
        with pytest.raises(TrackInvalid) as refusal:
            save_track(track_id=track.pk, name="New", lasts_days=30, steps=steps, now=now, actor=None)
        assert [problem.field for problem in refusal.value.problems] == [field]
    assert not Track.objects.filter(name="New").exists()
    pause_track(track_id=track.pk, now=now, actor=None)
    assert save_track(track_id=track.pk, name="New", lasts_days=30, steps=[], now=now, actor=None).number


def test_adopt_gives_the_offers_a_website_and_starts_them_once(starter: Version, now: datetime) -> None:
    with pytest.raises(TrackInvalid, match="begins with https"):
        adopt_starter_tracks(agreement_id=starter.agreement_id, site="bar.example", now=now, actor=None)
    tracks = running_tracks(starter, now=now)
    assert all(track.is_active for track in Track.objects.all())
    newest = Step.objects.filter(revision__track=tracks[KEY], revision__number=2)
    assert newest.get(position=1).offer_url == f"{SITE}/guides/four-approaches"
    assert adopt_starter_tracks(agreement_id=starter.agreement_id, site=SITE, now=now, actor=None) == []


def test_save_refuses_with_every_problem_beside_its_field(track: Track, now: datetime) -> None:
    bad = [
        StepDraft("soon", "Hi {{ nmae|x }}", "{{ first_name }}", "The guide", ""),
        StepDraft("1 day", "", "Fine", "", "javascript:x"),
    ]
    with pytest.raises(TrackInvalid) as refused:
        save_track(track_id=track.pk, name=" ", lasts_days=0, steps=bad, now=now, actor=None)
    assert {(each.position, each.field) for each in refused.value.problems} == {
        (0, "name"),
        (0, "lasts_days"),
        (1, "wait"),
        (1, "subject"),
        (1, "body"),
        (1, "offer_url"),
        (2, "subject"),
        (2, "offer_name"),
        (2, "offer_url"),
    }
    unknown = next(each for each in refused.value.problems if (each.position, each.field) == (1, "subject"))
    assert unknown.message.startswith("Line 1: there is no “nmae”. You can use: first_name, last_name")
    assert TrackRevision.objects.filter(track=track).count() == 2


def test_save_refuses_a_stay_shorter_than_its_emails(track: Track, now: datetime) -> None:
    with pytest.raises(TrackInvalid, match="make the stay longer"):
        save_track(track_id=track.pk, name="Short", lasts_days=8, steps=STEPS, now=now, actor=None)


def test_save_of_the_same_is_no_revision_and_of_an_old_one_is_refused(track: Track, now: datetime) -> None:
    save_track(track_id=track.pk, name=track.name, lasts_days=30, steps=STEPS, base=2, now=now, actor=None)
    assert TrackRevision.objects.filter(track=track).count() == 2
    with pytest.raises(EditedMeanwhile, match="revision 2"):
        save_track(track_id=track.pk, name="X", lasts_days=30, steps=STEPS[:1], base=1, now=now, actor=None)


def test_revisions_cannot_change_in_the_database(track: Track) -> None:
    revision = TrackRevision.objects.filter(track=track).latest("number")
    for write in (
        lambda: TrackRevision.objects.filter(pk=revision.pk).update(lasts_days=1),
        lambda: Step.objects.filter(revision=revision).update(subject="Other"),
        lambda: Step.objects.filter(revision=revision).delete(),
        lambda: Step.objects.create(revision=revision, position=4, wait="1 day", subject="a", body="b"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()


def test_who_is_in_a_track_finishes_it_as_it_was(starter: Version, track: Track, now: datetime) -> None:
    before, after = willing(starter), willing(starter)
    [old] = enrol(track, before, now=now)
    save_track(
        track_id=track.pk,
        name=track.name,
        lasts_days=30,
        steps=[replace(STEPS[0], subject="New words")],
        now=now,
        actor=None,
    )
    [new] = enrol(track, after, now=now)
    send_steps(now=now + DAY)
    subjects = Delivery.objects.order_by("enrolment_id").values_list("message__subject", flat=True)
    assert list(subjects) == ["Hello Ada", "New words"]
    assert (old.revision.number, new.revision.number) == (2, 3)


def test_who_waits_for_a_track_that_never_ran_gets_what_is_written_last(
    starter: Version, now: datetime
) -> None:
    track = Track.objects.get(key=KEY)
    [enrolment] = enrol(track, willing(starter), now=now)
    assert outcome(enrolment) == ("active", "", Hold.PAUSED)
    running_track(starter, now=now + 2 * DAY)
    enrolment.refresh_from_db()
    assert (enrolment.revision.number, enrolment.hold) == (2, "")
    assert enrolment.next_at == now + 2 * DAY, "it was due by then, and comes at once"


def test_who_waits_gets_no_text_again_when_the_track_is_written_anew(
    starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    enrol(track, lead, now=now)
    send_steps(now=now + DAY)
    other = Track.objects.select_related("agreement").get(key="track-decision")
    save_track(track_id=other.pk, name="Other", lasts_days=60, steps=STEPS, now=now, actor=None)
    [waiting] = enrol(other, lead, now=now + 2 * DAY)
    save_track(track_id=other.pk, name="Other", lasts_days=61, steps=STEPS, now=now, actor=None)
    waiting.refresh_from_db()
    assert (waiting.revision.number, waiting.position, waiting.due_at) == (3, 2, now + 5 * DAY)
    start_track(track_id=other.pk, now=now + 2 * DAY, actor=None)
    for day in range(2, 30):
        send_steps(now=now + day * DAY)
    subjects = Delivery.objects.order_by("pk").values_list("step__subject", flat=True)
    assert list(subjects) == [step.subject for step in STEPS]


# --- Coming in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        ("return-not-now", "track-decision"),
        ("return-no-budget", "track-consideration"),
        ("return-only-reading", "track-awareness"),
    ],
)
def test_a_return_enrols_in_the_track_of_its_reason(
    reason: str, key: str, starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    running_tracks(starter, now=now)
    handoff = returned(starter, now=now, reason=reason)
    enrolment = Enrolment.objects.get()
    assert (enrolment.lead_id, enrolment.track.key, enrolment.handoff) == (handoff.lead_id, key, handoff)
    assert (enrolment.version_id, enrolment.clause_key, enrolment.cause) == (starter.pk, reason, Cause.RETURN)
    assert (enrolment.started_at, enrolment.hold) == (now, "")


def test_a_rejection_enrols_only_where_its_reason_names_a_track(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    for reason in ("reject-duplicate", "reject-not-our-market"):
        handoff = urgent_handoff(starter, now, email_consent=Consent.GIVEN)
        reject_handoff(handoff_id=handoff.pk, reason_key=reason, now=now, actor=handoff.owner)
    assert list(Enrolment.objects.values_list("track__key", "clause_key")) == [
        ("track-awareness", "reject-not-our-market")
    ]


def test_an_agreement_whose_reason_names_no_track_is_refused(now: datetime, db: None) -> None:
    content = starter_content()
    handoffs = [
        {**clause, "track": "track-nowhere"} if clause["key"] == "return-not-now" else clause
        for clause in content["handoffs"]
    ]
    with pytest.raises(DocumentInvalid, match="track-nowhere"):
        load_agreement(source={**content, "handoffs": handoffs}, now=now, actor=None)


def test_a_return_into_a_track_nobody_started_waits_there(
    starter: Version, sales_team: SalesTeam, now: datetime
) -> None:
    returned(starter, now=now)
    enrolment = Enrolment.objects.get()
    assert outcome(enrolment) == ("active", "", Hold.PAUSED)
    assert send_steps(now=now + 9 * DAY) == 0
    running_tracks(starter, now=now + 9 * DAY)
    assert send_steps(now=now + 9 * DAY) == 1


@pytest.mark.parametrize(
    ("fields", "hold"),
    [
        ({"email": None}, Hold.NO_EMAIL),
        ({"email_consent": Consent.UNKNOWN}, Hold.NO_CONSENT),
    ],
)
def test_who_cannot_be_written_to_is_held_until_that_changes(
    fields: dict[str, str], hold: Hold, starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    returned(starter, now=now, reason="return-no-budget", **fields)
    enrolment = Enrolment.objects.get()
    assert (outcome(enrolment), enrolment.next_at) == (("active", "", hold), None)
    assert send_steps(now=now + 5 * DAY) == 0
    item = LeadItem(id=enrolment.lead_id, email="ada@bar.example", email_consent="given")
    upsert_leads([item], now=now + 5 * DAY, actor=None, source="api")
    assert outcome(enrolment) == ("active", "", "")
    assert [send_steps(now=now + 5 * DAY) for _ in range(2)] == [1, 0]


def test_by_hand_cites_the_tracks_clause_and_moves_between_tracks(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    [first] = enrol(track, lead, now=now)
    second = enrol_by_hand(
        lead_id=lead.pk, track_key="track-decision", note=" Spring ", now=now, actor=sales_team.mia
    )
    assert outcome(first) == ("ended", "moved", "")
    assert (second.clause_key, second.version_id, second.enrolled_by, second.note) == (
        "track-decision",
        starter.pk,
        sales_team.mia,
        "Spring",
    )
    with pytest.raises(AlreadyInTrack, match="is in “Decide for us” already"):
        enrol_by_hand(lead_id=lead.pk, track_key="track-decision", now=now, actor=sales_team.mia)


def test_by_hand_refuses_who_must_not_be_written_to(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    def ask(lead: Lead, key: str = KEY) -> Enrolment:
        return enrol_by_hand(lead_id=lead.pk, track_key=key, now=now, actor=sales_team.mia)

    suppressed, withdrawn = willing(starter), willing(starter, email_consent=Consent.WITHDRAWN)
    suppress_by_hand(address=str(suppressed.email), now=now, actor=sales_team.marketing)
    with pytest.raises(MustNotWrite, match="asked a person here"):
        ask(suppressed)
    with pytest.raises(MustNotWrite, match="withdrew consent"):
        ask(withdrawn)
    with pytest.raises(CannotEnrol, match="Disqualified"):
        ask(willing(starter, stage=Stage.DISQUALIFIED))
    with pytest.raises(CannotEnrol, match="no track “nowhere”"):
        ask(willing(starter), "nowhere")
    with pytest.raises(Lead.DoesNotExist):
        enrol_by_hand(lead_id=0, track_key=KEY, now=now, actor=sales_team.mia)
    assert not Enrolment.objects.exists()


def test_a_return_of_who_must_not_be_written_to_is_on_record_and_sends_nothing(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    suppress_by_hand(address="ada@bar.example", now=now, actor=sales_team.marketing)
    returned(starter, now=now, reason="return-no-budget", email="ada@bar.example")
    enrolment = Enrolment.objects.get()
    assert outcome(enrolment) == ("ended", "suppressed", "")
    assert send_steps(now=now + 9 * DAY) == 0


def test_what_was_sent_before_is_not_sent_again(starter: Version, track: Track, now: datetime) -> None:
    lead = willing(starter)
    enrol(track, lead, now=now)
    send_steps(now=now + DAY)
    [again] = enrol(track, lead, now=now + 2 * DAY)
    assert again.position == 2
    send_steps(now=now + 5 * DAY)
    assert list(Delivery.objects.order_by("pk").values_list("step__position", flat=True)) == [1, 2]


def test_a_new_beginning_passes_over_what_was_sent_further_on(
    starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    enrol(track, lead, now=now)
    for day in (1, 4):
        assert send_steps(now=now + day * DAY) == 1
    steps = drafts_of(newest_revision(track))
    steps[0] = replace(steps[0], subject="Hello once more")
    save_track(track_id=track.pk, name=track.name, lasts_days=30, steps=steps, now=now, actor=None)
    later = now + 10 * DAY
    [again] = enrol(track, lead, now=later)
    for day in range(31):
        send_steps(now=later + day * DAY)
    subjects = Delivery.objects.filter(enrolment=again).order_by("pk").values_list("step__subject", flat=True)
    assert list(subjects) == ["Hello once more", "Third"]


def test_enrolling_costs_the_same_for_one_and_for_many(starter: Version, track: Track, now: datetime) -> None:
    def queries(count: int) -> int:
        entries = [Entry(willing(starter).pk, track, Cause.RULE) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert len(enrol_leads(entries, now=now, actor=None)) == count
        return len(captured)

    assert queries(1) == queries(20)


def test_a_lead_is_in_one_track_at_a_time_says_the_database(
    starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    [enrolment] = enrol(track, lead, now=now)
    enrolment.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        enrolment.save(force_insert=True)


# --- Going out ----------------------------------------------------------------------------------------------


def test_a_new_handoff_takes_the_lead_out(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    [enrolment] = enrol(track, lead, now=now)
    hand_off_by_hand(lead_id=lead.pk, note="Met at the fair", now=now + DAY, actor=sales_team.manager)
    assert outcome(enrolment) == ("ended", "qualified", "")
    assert send_steps(now=now + 9 * DAY) == 0


@pytest.mark.parametrize(
    ("stage", "why"),
    [(Stage.MQL, "qualified"), (Stage.CUSTOMER, "won")],
)
def test_a_stage_takes_the_lead_out(
    stage: Stage, why: str, starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    [enrolment] = enrol(track, lead, now=now)
    advance_to(lead, stage, now=now + DAY)
    assert outcome(enrolment) == ("ended", why, "")


def test_disqualified_takes_the_lead_out(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    handoff = urgent_handoff(starter, now, email_consent=Consent.GIVEN)
    enrolment = enrol_by_hand(lead_id=handoff.lead_id, track_key=KEY, now=now, actor=handoff.owner)
    assert enrolment.is_active, "sales may enrol whom it works"
    accept_handoff(handoff_id=handoff.pk, now=now, actor=handoff.owner)
    disqualify_handoff(
        handoff_id=handoff.pk, reason_key="disqualify-asked-not-to", now=now + DAY, actor=handoff.owner
    )
    assert outcome(enrolment) == ("ended", "disqualified", "")


def test_imported_history_before_the_enrolment_takes_nobody_out(
    starter: Version, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    [enrolment] = enrol(track, lead, now=now)
    item = LeadItem(id=lead.pk, mql_at=now - 30 * DAY)
    upsert_leads([item], now=now + DAY, actor=None, source="import")
    assert outcome(enrolment)[0] == "active"


def test_withdrawn_consent_takes_the_lead_out(starter: Version, track: Track, now: datetime) -> None:
    lead = willing(starter)
    [enrolment] = enrol(track, lead, now=now)
    upsert_leads([LeadItem(id=lead.pk, email_consent="withdrawn")], now=now, actor=None, source="api")
    assert outcome(enrolment) == ("ended", "withdrawn", "")


def test_leave_by_hand_once(starter: Version, sales_team: SalesTeam, track: Track, now: datetime) -> None:
    [enrolment] = enrol(track, willing(starter), now=now)
    leave_track(enrolment_id=enrolment.pk, now=now, actor=sales_team.mia)
    assert outcome(enrolment) == ("ended", "by_hand", "")
    with pytest.raises(NotInTrack):
        leave_track(enrolment_id=enrolment.pk, now=now, actor=sales_team.mia)


def test_a_paused_track_sends_nothing_and_what_was_due_comes_when_it_runs(
    starter: Version, track: Track, now: datetime
) -> None:
    [enrolment] = enrol(track, willing(starter), now=now)
    pause_track(track_id=track.pk, now=now, actor=None)
    assert (outcome(enrolment), enrolment.next_at) == (("active", "", Hold.PAUSED), None)
    assert send_steps(now=now + 5 * DAY) == 0
    start_track(track_id=track.pk, now=now + 5 * DAY, actor=None)
    assert [send_steps(now=now + 5 * DAY) for _ in range(2)] == [1, 0]


def test_a_lifted_suppression_stays_on_record(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    lead = willing(starter)
    found = suppress_by_hand(address=str(lead.email).upper(), now=now, actor=sales_team.marketing)
    assert suppress_by_hand(address=str(lead.email), now=now, actor=sales_team.marketing) == found
    lift_suppression(suppression_id=found.pk, why="Wrote to us", now=now, actor=sales_team.marketing)
    enrol_by_hand(lead_id=lead.pk, track_key=KEY, now=now, actor=sales_team.mia)
    assert list(Suppression.objects.values_list("lifted_by", "lifted_why")) == [
        (sales_team.marketing.pk, "Wrote to us")
    ]
    with pytest.raises(DatabaseError), transaction.atomic():
        Suppression.objects.all().delete()


def test_a_return_enrols_once_however_often_it_is_repeated(
    starter: Version, sales_team: SalesTeam, track: Track, now: datetime
) -> None:
    handoff: Handoff = returned(starter, now=now)

    assert enrol_returned([handoff.pk], now=now, actor=None) == []
    assert Enrolment.objects.count() == 1
