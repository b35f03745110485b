"""Every part of the interface in every state, with made-up data."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from accounts.permissions import requires
from accounts.roles import Capability

CLAUSE = {"ref": "4.2", "words": "first attempt within 4 business hours", "version": 3, "url": "#clause"}


@dataclass(frozen=True)
class Fact:
    """A line of the sample timeline."""

    at: datetime
    kind: str
    kind_label: str
    icon: str
    words: str
    actor: str = ""
    side: str = ""
    detail: str = ""
    tone: str = ""
    cause: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleSeries:
    """A row of values of a sample chart."""

    label: str
    shape: str
    tone: str
    values: list[float | None]
    base: list[float] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    ends_in: str = ""
    is_dashed: bool = False
    unit: str = ""


@dataclass(frozen=True)
class SampleChart:
    """A sample chart."""

    key: str
    title: str
    spoken: str
    x_label: str
    x: list[str]
    series: list[SampleSeries]
    unit: str = "count"
    currency: str = "EUR"
    target: float | None = None
    target_words: str = ""
    empty: str = "No leads yet"


class SampleForm(forms.Form):
    """One field of every sort."""

    name = forms.CharField(help_text="As it stands in the contract.")
    email = forms.EmailField(label="E-mail")
    within = forms.IntegerField(label="First attempt within", min_value=1)
    channel = forms.ChoiceField(choices=[("phone", "Phone"), ("email", "E-mail"), ("video", "Video")])
    outcome = forms.ChoiceField(
        choices=[("reached", "Reached"), ("voicemail", "Voicemail"), ("no_answer", "No answer")],
        widget=forms.RadioSelect,
    )
    sides = forms.MultipleChoiceField(
        choices=[("marketing", "Marketing"), ("sales", "Sales")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    file = forms.FileField(
        label="CSV file", required=False, help_text="UTF-8, up to 200 MB, one lead a line."
    )
    notes = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label="I have read clause 4.2")


def styleguide(request: HttpRequest) -> HttpResponseBase:
    """For developers and administrators only; `?say=` shows a flash message of that level."""
    return _page(request) if settings.DEBUG else requires(Capability.ADMINISTER)(_page)(request)


def _page(request: HttpRequest) -> HttpResponse:
    if say := request.GET.get("say"):
        level = getattr(messages, say.upper(), messages.INFO)
        messages.add_message(request, level, "The attempt was logged. The next one is due tomorrow 09:00.")
    return render(request, "shell/styleguide.html", sample(timezone.now(), request))  # noqa: TID251


def sample(now: datetime, request: HttpRequest) -> dict[str, Any]:
    """The page's made-up data, around `now`."""
    wrong = SampleForm({"email": "ada@", "within": "0", "name": ""})
    return {
        "now": now,
        "clocks": sample_clocks(now),
        "moments": [
            now + timedelta(minutes=m) for m in (-0.2, -25, 40, -300, -1500, 1300, -6000, -60000, -600000)
        ],
        "facts": sample_facts(now),
        "rows": sample_rows(now),
        "charts": sample_charts(),
        "chips": [
            {"label": "Owner", "value": "Mia Chen", "param": "owner"},
            {"label": "Stage", "value": "MQL", "param": "stage"},
        ],
        "columns": [
            {"key": key, "label": label, "shown": key != "source"}
            for key, label in (("lead", "Lead"), ("due", "Due"), ("score", "Score"), ("source", "Source"))
        ],
        "page": Paginator(range(1204), 50).get_page(request.GET.get("page")),
        "form": SampleForm(),
        "wrong": wrong,
        "clause": CLAUSE,
        "icons": (settings.BASE_DIR / "static/vendor/icons.txt").read_text().split(),
        "groups": [
            {
                "label": "Leads",
                "items": [{"label": "Ada King", "url": "#", "note": "Bar AG · MQL", "icon": "user"}],
            },
            {"label": "Go to", "items": [{"label": "Queue", "url": "#", "icon": "inbox"}]},
        ],
    }


def sample_clocks(now: datetime) -> list[dict[str, Any]]:
    """A clock in each state, and those that are about to change it."""
    soon = timedelta(hours=1)

    def running(state: str, left: timedelta) -> dict[str, Any]:
        return {"state": state, "due": now + left, "soon_at": now + left - soon}

    return [
        running("later", timedelta(days=3, hours=2)),
        running("today", timedelta(hours=3, minutes=20)),
        running("due_soon", timedelta(minutes=40, seconds=5)),
        running("due_soon", timedelta(seconds=8)),
        running("today", timedelta(hours=1, seconds=5)),
        running("overdue", timedelta(seconds=-20)),
        running("overdue", timedelta(minutes=-25)),
        running("overdue", timedelta(days=-2)),
        {"state": "met", "due": now, "done_at": now - timedelta(minutes=35)},
        {"state": "met_late", "due": now - timedelta(hours=2), "done_at": now - timedelta(minutes=95)},
        {"state": "paused", "due": now + timedelta(hours=1), "left": timedelta(hours=1, minutes=12)},
        {"state": "waived", "due": now + timedelta(hours=1)},
    ]


def sample_facts(now: datetime) -> list[Fact]:
    """A lead's last days, newest first."""
    mail = "“Happy to show you how the two pipelines meet. Would Thursday work?”"
    lines: list[tuple[int, dict[str, Any]]] = [
        (
            1,
            {
                "kind": "breach",
                "icon": "alert-triangle",
                "words": "First attempt late by 25 min",
                "tone": "overdue",
            },
        ),
        (2, {"kind": "attempt", "icon": "phone", "words": "Called, no answer", "actor": "Mia Chen"}),
        (
            20,
            {
                "kind": "attempt",
                "icon": "mail",
                "words": "Sent an e-mail",
                "actor": "Mia Chen",
                "detail": mail,
            },
        ),
        (
            26,
            {"kind": "handoff", "icon": "switch-horizontal", "words": "Handed to Mia Chen", "side": "shared"},
        ),
        (
            26,
            {"kind": "stage", "icon": "flag", "words": "Became an MQL at B1 · 84 + 52", "side": "marketing"},
        ),
        (27, {"kind": "activity", "icon": "activity", "words": "Asked for a demo", "actor": "Ada King"}),
        (
            75,
            {
                "kind": "activity",
                "icon": "file-text",
                "words": "Downloaded the buying guide",
                "actor": "Ada King",
            },
        ),
    ]
    sides = {"attempt": "sales", "activity": "marketing"}
    causes = {"breach", "handoff", "stage"}
    return [
        Fact(
            at=now - timedelta(hours=hours),
            kind_label=line["kind"].capitalize(),
            cause=CLAUSE if line["kind"] in causes else {},
            **({"side": sides.get(line["kind"], "")} | line),
        )
        for hours, line in lines
    ]


def sample_rows(now: datetime) -> list[dict[str, Any]]:
    """A short queue."""
    names = (
        "Ada King",
        "Ben Ruiz",
        "Chidi Okafor",
        "Dana al-Masri",
        "Elif Yıldız",
        "Fernanda Albuquerque de Souza",
    )
    companies = (
        "Bar AG",
        "Foo Ltd",
        "Oktagon",
        "Nasma Trading",
        "Yeni Veri",
        "Companhia Brasileira de Distribuição",
    )
    clocks = sample_clocks(now)
    return [
        {
            "id": index,
            "name": name,
            "company": company,
            "clock": clocks[(6, 3, 2, 1, 0, 8)[index]],
            "grade": ("B1", "B2", "A2", "C1", "B3", "D4")[index],
            "fit": 84 - 9 * index,
            "interest": 52 - 8 * index,
            "made": index % 5,
            "value": 48_000 - 6_500 * index,
        }
        for index, (name, company) in enumerate(zip(names, companies, strict=True))
    ]


def sample_charts() -> list[SampleChart]:
    """A waterfall against its plan, lengths of time against what was agreed, counts, and nothing."""
    gains: list[float | None] = [4, 6, 3, 0, 0, 7, 5, 8, 2, 4, 0, 0, 6, 5, 9]
    so_far = [sum(gain or 0 for gain in gains[: day + 1]) for day in range(len(gains))]
    days = [f"{day} Nov" for day in range(1, 31)]
    rest: list[float | None] = [None] * 15
    waterfall = SampleChart(
        key="waterfall",
        title="MQLs against plan",
        spoken="59 by 15 November, 9 more than planned; 100 are promised",
        x_label="Day",
        x=days,
        series=[
            SampleSeries(
                "That day",
                "bar",
                "marketing",
                gains + rest,
                base=[0.0, *so_far[:-1], *([0.0] * 15)],
                urls=[f"#{day}" for day in days],
            ),
            SampleSeries("So far", "step", "marketing", [*so_far, *rest], ends_in="59"),
            SampleSeries(
                "Plan",
                "line",
                "ink",
                [100 * day / 30 for day in range(1, 31)],
                ends_in="plan 100",
                is_dashed=True,
            ),
        ],
    )
    hour = 3600.0
    lengths = SampleChart(
        key="speed",
        title="Response time by week",
        spoken="Half within 3 hours, nine in ten within 9 hours in the last week",
        x_label="Week of",
        x=["2 Nov", "9 Nov", "16 Nov", "23 Nov"],
        series=[
            SampleSeries(
                "Half within", "line", "sales", [3 * hour, 2.5 * hour, 4 * hour, 3 * hour], ends_in="half"
            ),
            SampleSeries(
                "9 in 10 within", "line", "quiet", [8 * hour, None, 11 * hour, 9 * hour], ends_in="9 in 10"
            ),
        ],
        unit="duration",
        target=4 * hour,
        target_words="agreed: 4 h",
    )
    counts = SampleChart(
        key="attempts",
        title="Attempts per lead",
        spoken="Most leads had 2 attempts",
        x_label="Attempts",
        x=["0", "1", "2", "3", "4", "5", "6"],
        series=[SampleSeries("Leads", "bar", "sales", [3, 18, 24, 12, 7, 4, 2], urls=["#"] * 7)],
    )
    return [waterfall, lengths, counts, SampleChart("none", "Nothing", "", "Day", [], [])]
