"""The bell and the page of notices."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from outbox.models import Notice
from outbox.services import Tell, mark_read, tell
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
BELL = "/notices/bell/"


@pytest.fixture
def mia(client):
    user = UserFactory(name="Mia Chen")
    client.force_login(user)
    return user


def say(user, title, now, *, urgent=False, url="/leads/1/", body=""):
    tell([Tell(user.pk, "test", title, f"{user.pk}-{title}", body=body, url=url, urgent=urgent)], now=now)
    return Notice.objects.get(user=user, title=title)


def seen(page):
    return re.search(r'name="seen" value="([^"]+)"', page.content.decode())[1]


def toasts(page):
    shown = page.content.decode().split('<div id="toasts" hx-swap-oob="beforeend">')
    return re.findall(r"<bdi>([^<]+)</bdi></a>", shown[1]) if len(shown) == 2 else []


class TestBell:
    def test_it_counts_ones_own_and_shows_the_latest_five(self, client, mia, now):
        for number in range(7):
            say(mia, f"Notice {number}", now + timedelta(minutes=number))
        say(UserFactory(), "Not for Mia", now)
        page = client.get(BELL).content.decode()
        assert "Notices, 7 unread" in page
        assert re.findall(r"Notice \d", page) == [f"Notice {number}" for number in (6, 5, 4, 3, 2)]
        assert "Not for Mia" not in page

    def test_unchanged_it_answers_204(self, client, mia, now):
        notice = say(mia, "First", now)
        mark = seen(client.get(BELL))
        assert client.get(BELL, {"seen": mark}).status_code == 204
        mark_read(user=mia, notice_ids=[notice.pk], now=now)
        changed = client.get(BELL, {"seen": mark})
        assert changed.status_code == 200
        assert "Notices, 0 unread" in changed.content.decode()

    def test_what_comes_while_another_is_read_changes_it(self, client, mia, now):
        first = say(mia, "First", now)
        mark = seen(client.get(BELL))
        mark_read(user=mia, notice_ids=[first.pk], now=now)
        say(mia, "Second", now)
        assert client.get(BELL, {"seen": mark}).status_code == 200

    def test_polling_is_as_cheap_for_many(self, client, mia, now, django_assert_max_num_queries):
        tell([Tell(mia.pk, "test", f"N {n}", f"k{n}") for n in range(500)], now=now)
        mark = seen(client.get(BELL))
        with django_assert_max_num_queries(2):  # the person, and what is unread
            client.get(BELL, {"seen": mark})

    def test_an_urgent_notice_is_shown_over_the_page_once(self, client, mia, now):
        say(mia, "Old and urgent", now, urgent=True)
        page = client.get(BELL)
        assert toasts(page) == []
        say(mia, "Demo requested", now, urgent=True)
        say(mia, "Import done", now)
        page = client.get(BELL, {"seen": seen(page)})
        assert toasts(page) == ["Demo requested"]
        say(mia, "Another", now)
        assert toasts(client.get(BELL, {"seen": seen(page)})) == []

    def test_an_urgent_notice_that_comes_between_two_pages_is_shown_on_the_second(self, client, mia, now):
        client.get(BELL)
        say(mia, "Demo requested", now, urgent=True)
        assert toasts(client.get(BELL)) == ["Demo requested"]
        assert toasts(client.get(BELL)) == []

    def test_one_read_elsewhere_meanwhile_is_not_shown_over_the_page(self, client, mia, now):
        client.get(BELL)
        notice = say(mia, "Demo requested", now, urgent=True)
        say(mia, "Import done", now)
        mark_read(user=mia, notice_ids=[notice.pk], now=now)
        assert toasts(client.get(BELL)) == []

    def test_mark_all_read_answers_the_bell_to_htmx(self, client, mia, now):
        say(mia, "First", now)
        page = client.post(reverse("outbox:read_all"), headers={"HX-Request": "true"}).content.decode()
        assert "Notices, 0 unread" in page
        assert not Notice.objects.unread().exists()

    def test_what_a_notice_says_is_escaped(self, client, mia, now):
        client.get(BELL)
        say(mia, "<b>Bobby</b>", now, urgent=True, body="<script>")
        page = client.get(BELL).content.decode()
        assert "<b>Bobby" not in page
        assert "<script>" not in page


class TestOpening:
    def test_it_marks_read_and_goes_where_the_notice_leads(self, client, mia, now):
        notice = say(mia, "First", now, url="/leads/7/#receipt")
        assert client.get(reverse("outbox:open", args=[notice.pk])).url == "/leads/7/#receipt"
        assert not Notice.objects.unread().exists()

    @pytest.mark.parametrize("url", ["", "https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_it_never_leaves_the_portal(self, client, mia, now, url):
        notice = say(mia, "First", now, url=url)
        assert client.get(reverse("outbox:open", args=[notice.pk])).url == reverse("outbox:notices")

    @pytest.mark.parametrize(("name", "method"), [("open", "get"), ("read", "post"), ("unread", "post")])
    def test_other_peoples_are_not_there(self, client, mia, now, name, method):
        notice = say(UserFactory(), "Not for Mia", now)
        response = getattr(client, method)(
            reverse(f"outbox:{name}", args=[notice.pk]), headers={"HX-Request": "true"}
        )
        assert response.status_code == 404
        assert Notice.objects.unread().exists()


class TestPage:
    def test_unread_come_first(self, client, mia, now):
        for number in range(4):
            say(mia, f"Notice {number}", now + timedelta(minutes=number))
        done = Notice.objects.filter(title__in=["Notice 1", "Notice 3"])
        mark_read(user=mia, notice_ids=list(done.values_list("pk", flat=True)), now=now)

        def titles(query):
            page = client.get(reverse("outbox:notices"), query).context["page"]
            return [notice.title for notice in page]

        assert titles({}) == ["Notice 2", "Notice 0", "Notice 3", "Notice 1"]
        assert titles({"state": "unread"}) == ["Notice 2", "Notice 0"]

    def test_empty_states_say_what_would_be_here(self, client, mia, now):
        assert "No notices yet" in client.get(reverse("outbox:notices")).content.decode()
        say(mia, "First", now)
        client.post(reverse("outbox:read_all"))
        page = client.get(reverse("outbox:notices"), {"state": "unread"}).content.decode()
        assert "New notices appear here" in page

    def test_a_row_is_read_and_unread_again(self, client, mia, now):
        notice = say(mia, "First", now)
        htmx = {"HX-Request": "true"}
        row = client.post(reverse("outbox:read", args=[notice.pk]), headers=htmx)
        assert row.headers["HX-Trigger"] == "notices"
        assert "Mark unread" in row.content.decode()
        row = client.post(reverse("outbox:unread", args=[notice.pk]), headers=htmx)
        assert "Mark read" in row.content.decode()
        assert Notice.objects.unread().get() == notice

    def test_it_works_without_scripts(self, client, mia, now):
        notice = say(mia, "First", now)
        response = client.post(reverse("outbox:read", args=[notice.pk]))
        assert response.url == reverse("outbox:notices")

    def test_the_page_is_as_cheap_for_many(self, client, mia, now, django_assert_max_num_queries):
        tell([Tell(mia.pk, "test", f"N {n}", f"k{n}") for n in range(200)], now=now)
        with django_assert_max_num_queries(6):
            client.get(reverse("outbox:notices"))
