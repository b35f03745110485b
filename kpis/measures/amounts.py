"""What is added up, or of which the median is told: expressions on one fact."""

from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from handoffs.models import Attempt
from leads.models import Lead


def between(start: Any, end: Any) -> Any:
    return ExpressionWrapper(F(end) - start, output_field=DurationField())


def won_value() -> Any:
    """What the win itself said it is worth, else what the lead says: a later deal changes no month that is over."""
    return Coalesce(F("won_value"), F("value"), Value(0, output_field=Lead._meta.get_field("value")))


def since_mql() -> Any:
    return between(Coalesce("became_mql_at", "created_at"), "became_customer_at")


def since_attempt_before() -> Any:
    before = Attempt.objects.filter(
        Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), number__lt=OuterRef("number")),
        handoff=OuterRef("handoff"),
    )
    return between(Subquery(before.order_by("-at", "-number").values("at")[:1]), "at")


def since_the_leads_act() -> Any:
    waited = between(F("lead_acted_at"), "first_attempt_at")
    return Greatest(waited, Value(timedelta(0), output_field=DurationField()))
