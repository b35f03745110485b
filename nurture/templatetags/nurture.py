"""Parts that nurture is shown with."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from nurture.rules import Part, TemplateError, Text, parse
from nurture.selectors.wording import label_of, readable, said_span

register = template.Library()

register.filter("readable", readable)
register.filter("said_span", said_span)


@register.simple_tag
def behind(figure: str, **cut: Any) -> str:
    """Address of what a figure counts: `{% behind "sent" track=track.pk %}`; of all tracks where none is given."""
    given = {name: value for name, value in cut.items() if value is not None}
    address = reverse("nurture:behind", args=[figure])
    return f"{address}?{urlencode(given)}" if given else address


@register.simple_tag
def letter_words(text: str) -> SafeString:
    """A text as marketing wrote it, with its places to fill as labelled blanks, each in its own direction."""
    try:
        parts = parse(text)
    except TemplateError:
        return format_html("{}", text)
    return format_html_join("", "{}", ((_part(part),) for part in parts))


def _part(part: Part) -> SafeString | str:
    if isinstance(part, Text):
        return part.words
    otherwise = _("or “%(words)s”") % {"words": part.fallback} if part.fallback else ""
    return format_html('<bdi class="nurture-blank" title="{}">{}</bdi>', otherwise, label_of(part.name))
