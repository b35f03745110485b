"""What people are told, in their own words."""

from datetime import datetime

import pytest
from django.utils import translation

from agreements.models import Version
from outbox.models import Message, Notice
from tests.factories.handoffs import SalesTeam, urgent_handoff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("teller", ["en", "ar"])
def test_a_notice_and_its_e_mail_are_in_the_language_of_their_reader(
    starter: Version, sales_team: SalesTeam, now: datetime, teller: str
) -> None:
    mia, manager = sales_team.mia, sales_team.manager
    sales_team.only(mia, now=now)
    mia.language, mia.urgent_by_email = "ar", True
    mia.save()
    with translation.override(teller):
        handoff = urgent_handoff(starter, now)
    told = Notice.objects.get(user=mia)
    letter = Message.objects.mails().get(to=mia.email)
    assert f"{handoff.lead} لك" in told.title
    assert "تصلك الإشعارات العاجلة بالبريد" in letter.text
    assert letter.subject == told.title
    assert not Notice.objects.filter(user=manager, title__contains="لك").exists()
