"""What pages and the REST API read: figures, what lies behind them, promises, goals, the waterfall and the funnel."""

from kpis.selectors.behind import Fact, Facts, behind
from kpis.selectors.figures import (
    Figure,
    Point,
    SliceFigures,
    Spread,
    breakdown,
    breakdowns,
    figures,
    series,
    serieses,
)
from kpis.selectors.plan import FunnelStep, Waterfall, WaterfallDay, funnel, waterfall
from kpis.selectors.promises import Promise, goals, promises
from kpis.selectors.slices import Slice, UnknownSlice
from kpis.selectors.standing import Standing, standing

__all__ = [
    "Fact",
    "Facts",
    "Figure",
    "FunnelStep",
    "Point",
    "Promise",
    "Slice",
    "SliceFigures",
    "Spread",
    "Standing",
    "UnknownSlice",
    "Waterfall",
    "WaterfallDay",
    "behind",
    "breakdown",
    "breakdowns",
    "figures",
    "funnel",
    "goals",
    "promises",
    "series",
    "serieses",
    "standing",
    "waterfall",
]
