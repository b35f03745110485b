"""Settings, Messages."""

from datetime import timedelta

import pytest
from django.urls import reverse

from outbox.models import MailServer, Message, MessageState
from outbox.selectors import MAILS_A_PAGE, MOST_COUNTED, mail_counts
from outbox.services import Mail, queue_mails
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/settings/messages/"


@pytest.fixture(autouse=True)
def admin(client, settings):
    settings.EMAIL_IS_SET = True
    user = UserFactory(admin=True, name="Ines", email="ines@firma.example")
    client.force_login(user)
    return user


def queue(now, *keys, **values):
    usual = {"to": "ada@firma.example", "text": "Read this."}
    return queue_mails(
        [Mail(subject=f"Offer {key}", dedup_key=key, **usual | values) for key in keys], now=now
    )


def page(client, **asked):
    return client.get(LIST, asked).content.decode()


def put(pk, state, **values):
    Message.objects.filter(pk=pk).update(state=state, **values)


def test_empty_it_says_what_would_be_here(client):
    assert "No e-mails yet" in page(client)


def test_without_a_server_it_says_so_and_offers_no_trial(client, now, settings):
    settings.EMAIL_IS_SET = False
    queue(now, "a")
    shown = page(client)
    assert "No e-mail leaves the portal" in shown
    assert "EMAIL_URL" in shown
    assert "Offer a" in shown
    assert "Not sent" in shown
    assert reverse("outbox:mail_trial") not in shown


def test_it_narrows_by_state_and_by_whole_address(client, now):
    stuck, _waits = queue(now, "stuck", "waits")
    queue(now, "other", to="Ben@firma.example")
    put(stuck, MessageState.STUCK, next_attempt_at=None, last_error="451 <Try> later")
    shown = page(client, state="stuck")
    assert "Offer stuck" in shown
    assert "Offer waits" not in shown
    assert "451 &lt;Try&gt; later" in shown
    assert "Try all again" in shown
    assert "Offer other" in page(client, to="ben@FIRMA.example")
    assert "No such e-mail" in page(client, to="ben")
    assert "Offer waits" in page(client, state="nonsense", cursor="x")


def test_pages_go_there_and_back(client, now):
    queue(now, *(f"n{number:03}" for number in range(2 * MAILS_A_PAGE + 5)))
    first = client.get(LIST).context["page"]
    second = client.get(LIST, {"cursor": first.following}).context["page"]
    third = client.get(LIST, {"cursor": second.following}).context["page"]
    assert [len(each.mails) for each in (first, second, third)] == [MAILS_A_PAGE, MAILS_A_PAGE, 5]
    assert (first.previous, third.following) == (None, None)
    back = client.get(LIST, {"cursor": third.previous}).context["page"]
    assert back.mails == second.mails
    assert client.get(LIST, {"cursor": back.previous}).context["page"].mails == first.mails


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_costs_as_much_for_many(client, now, django_assert_max_num_queries, count):
    queue(now, *map(str, range(count)))
    client.get(LIST)
    with django_assert_max_num_queries(8):
        client.get(LIST)


def test_counting_stops_where_it_is_many(now):
    queue(now, *map(str, range(MOST_COUNTED + 3)))
    assert mail_counts()[MessageState.PENDING] == MOST_COUNTED


def test_the_servers_trouble_is_told_and_asked_again(client, now):
    MailServer.objects.create(
        pk=1,
        failures=3,
        failing_since=now,
        next_try_at=now + timedelta(days=3650),
        last_error="Connection refused",
    )
    shown = page(client)
    assert "The mail server does not answer" in shown
    assert "Connection refused" in shown
    client.post(reverse("outbox:mail_server_retry"))
    assert MailServer.objects.get().next_try_at < now + timedelta(days=3650)


def test_one_mail_shows_its_text_escaped_and_its_html_in_a_frame_that_runs_nothing(client, now):
    (pk,) = queue(now, "a", text="<b>Read</b>", html="<script>alert(1)</script><p>Read</p>")
    shown = client.get(reverse("outbox:mail", args=[pk])).content.decode()
    assert "&lt;b&gt;Read&lt;/b&gt;" in shown
    assert "alert(1)" not in shown
    assert "<iframe" in shown
    frame = client.get(reverse("outbox:mail_html", args=[pk]))
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy.replace(";", " ").split()
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert frame.content == b"<script>alert(1)</script><p>Read</p>"


def test_a_stuck_mail_is_tried_again_or_given_up(client, now):
    (pk,) = queue(now, "a")
    put(pk, MessageState.STUCK, next_attempt_at=None, attempts=12)
    client.post(reverse("outbox:mail_give_up", args=[pk]))
    assert Message.objects.get(pk=pk).last_error == "Ines gave it up."
    client.post(reverse("outbox:mail_retry", args=[pk]))
    assert Message.objects.values_list("state", "attempts").get(pk=pk) == (MessageState.PENDING, 0)
    answer = client.post(reverse("outbox:mail_give_up", args=[pk]), follow=True)
    assert "Only a stuck e-mail can be given up." in answer.content.decode()


def test_all_stuck_are_tried_again(client, now):
    for pk in queue(now, "a", "b"):
        put(pk, MessageState.STUCK, next_attempt_at=None)
    answer = client.post(reverse("outbox:mails_retry"), follow=True)
    assert "2 e-mails are tried again." in answer.content.decode()
    assert not Message.objects.stuck().exists()


def test_a_trial_goes_to_who_asks(client, admin):
    client.post(reverse("outbox:mail_trial"))
    assert Message.objects.mails().get().to == admin.email


def test_a_notice_is_no_mail(client, now):
    Message.objects.create(
        channel="in_app", dedup_key="n", kind="k", state="sent", created_at=now, sent_at=now
    )
    assert client.get(reverse("outbox:mail", args=[Message.objects.get().pk])).status_code == 404


def test_the_profile_says_whether_urgent_notices_come_by_e_mail(client, admin):
    typed = {"name": "Ines", "time_zone": "Europe/Berlin", "language": "en"}
    client.post(reverse("accounts:profile"), typed)
    admin.refresh_from_db()
    assert not admin.urgent_by_email
    client.post(reverse("accounts:profile"), typed | {"urgent_by_email": "on"})
    admin.refresh_from_db()
    assert admin.urgent_by_email
