"""Home: is the promise kept this month, and what needs me now?"""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.permissions import PortalRequest, requires
from accounts.roles import Capability, Side
from kpis.rules import State
from kpis.selectors import goals, promises, standing
from kpis.selectors.needs import Need, needs_of
from kpis.views.asking import choices, links, read_asked, say_period
from kpis.views.cards import Card, answer, cards, side_words


@requires(Capability.READ)
def home(request: PortalRequest) -> HttpResponse:
    """This month, whatever the address says but for the agreement."""
    now, tz = timezone.now(), timezone.get_current_timezone()
    asked, agreements, teams = read_asked(request, now, only=("agreement",))
    link = links(asked)
    found = standing(asked.scope, now)
    kept = cards(promises(found, asked.scope, now), link)
    words, state = answer([card.promise for card in kept])
    shared = cards(goals(found, asked.scope, now), link)
    sides = [
        (side, label, shown, side_words(shown))
        for side, label in Side.choices
        if (shown := [card for card in kept if card.side == side])
    ]
    context = {
        "asked": asked,
        "period": say_period(asked.scope),
        "pace": kept[0].promise.pace if kept else None,
        "standing": found,
        "answer": words,
        "state": state.value,
        "sides": sides,
        "goals": shared,
        "needs": [*needs_of(request.user, now=now, tz=tz), *_goals_behind(request.user, shared)],
        "choices": [each for each in choices(asked, agreements, teams) if each["param"] == "agreement"],
        "title": _("Home"),
        "now": now,
    }
    return render(request, "kpis/home.html", context)


def _goals_behind(user: User, shared: list[Card]) -> list[Need]:
    """For who answers for neither side, but for the whole."""
    behind = sum(card.promise.state in (State.AT_RISK, State.MISSED) for card in shared)
    if user.side is not None or not user.can(Capability.READ_BOARD) or not behind:
        return []
    words = ngettext("shared goal is behind plan", "shared goals are behind plan", behind)
    return [Need("goals", behind, words, "#goals", "target", "due_soon")]
