"""Leads found by what people type."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Expression, F, Func, Q, QuerySet
from django.db.models.functions import Upper
from django.db.models.lookups import Contains, StartsWith

from leads.models import SEARCHED, Company, Lead

MOST_WORDS = 6
MOST_COMPARED = 50
SHORTEST_INSIDE = 3
"""From this length on a word is found inside others; a shorter one only where a word begins."""


class IsOneOf(Func):
    """`value = ANY(array)`."""

    arg_joiner = " = ANY("
    template = "%(expressions)s)"


def search(leads: QuerySet[Lead], text: str) -> QuerySet[Lead]:
    """The leads in whose name, e-mail address or company every word of `text` is found, in any case and
    order."""
    for word in text.upper().split()[:MOST_WORDS]:
        leads = leads.filter(_found(SEARCHED, word) | _at_company(word))
    return leads


def _at_company(word: str) -> Q:
    """As an array, so that PostgreSQL joins this index and the other with an "or"; a subquery would read all
    leads."""
    companies = ArraySubquery(Company.objects.filter(_found(Upper("name"), word)).values("pk"))
    return Q(IsOneOf(F("company_id"), companies, output_field=BooleanField()))


def best_matches(text: str, most: int = 8) -> list[Lead]:
    """The few leads that somebody most probably means: names that begin so first, then who was active last."""
    found = search(Lead.objects.select_related("company"), text).order_by("-updated_at")[:MOST_COMPARED]
    return sorted(found, key=lambda lead: not _begins(lead, text))[:most]


def _begins(lead: Lead, text: str) -> bool:
    wanted = text.casefold().split()
    return all(
        any(part.startswith(word) for part in f"{lead.name} {lead.email}".casefold().split())
        for word in wanted
    )


def _found(searched: Expression, word: str) -> Q:
    """Each is a LIKE that a trigram index answers."""
    if len(word) >= SHORTEST_INSIDE:
        return Q(Contains(searched, word))
    return Q(StartsWith(searched, word)) | Q(Contains(searched, f" {word}"))
