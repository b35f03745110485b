"""A step's text with its variables, and when the next step comes. No Django.

A template is plain text with `{{ first_name|there }}`: a name, and after a bar what stands there when the name is
not known. Nothing else is evaluated.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from agreements.worded import WordedError, gettext_noop

VARIABLES: Mapping[str, str] = {
    "first_name": gettext_noop("first name"),
    "last_name": gettext_noop("last name"),
    "name": gettext_noop("whole name"),
    "job_title": gettext_noop("job title"),
    "company": gettext_noop("company"),
    "offer": gettext_noop("link to the offer"),
    "unsubscribe": gettext_noop("link to unsubscribe"),
}
"""What a template may name, and what people call it."""

LINKS = frozenset({"offer", "unsubscribe"})
"""Variables that are always known; the others may be missing and need a fallback."""

PLACEHOLDER_HOST = "example.com"
"""Where the offers of the tracks that come with the portal lead until somebody gives their own website."""

_TOKEN = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_VARIABLE = re.compile(r"\s*([^|{}\n]*?)\s*(?:\|([^|{}\n]*))?")
_STRAY = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


class TemplateError(WordedError):
    """A template that cannot be filled; the message says where and what would do."""


@dataclass(frozen=True)
class Text:
    """Words of a template as they stand."""

    words: str


@dataclass(frozen=True)
class Variable:
    """A place to fill; `fallback` is what stands there otherwise, none where none was given."""

    name: str
    fallback: str | None = None


Part = Text | Variable


def parse(template: str, *, has_offer: bool = True, is_subject: bool = False) -> list[Part]:
    """The parts of a template. Raises `TemplateError` for what is wrong first."""
    parts: list[Part] = []
    position = 0
    for token in _TOKEN.finditer(template):
        parts.append(_text(template, position, token.start()))
        parts.append(_variable(template, token, has_offer=has_offer, is_subject=is_subject))
        position = token.end()
    parts.append(_text(template, position, len(template)))
    return [part for part in parts if part != Text("")]


def _text(template: str, start: int, end: int) -> Text:
    """The words between two places; what looks like a place and is none is refused."""
    words = template[start:end]
    if stray := _STRAY.search(words):
        line = _line(template, start + stray.start())
        if stray[0] in ("{{", "}}"):
            raise TemplateError(
                gettext_noop("Line %(line)s: “%(stray)s” has no partner. Write {{ first_name|there }}."),
                line=line,
                stray=stray[0],
            )
        raise TemplateError(
            gettext_noop("Line %(line)s: “%(stray)s” does nothing here. Only {{ … }} is filled."),
            line=line,
            stray=stray[0],
        )
    return Text(words)


def _variable(template: str, token: re.Match[str], *, has_offer: bool, is_subject: bool) -> Variable:
    line = _line(template, token.start())
    match = _VARIABLE.fullmatch(token[1])
    if match is None:
        raise TemplateError(
            gettext_noop("Line %(line)s: “%(place)s” cannot be read. Write {{ first_name|there }}."),
            line=line,
            place=token[0],
        )
    name, fallback = match[1], match[2]
    if name not in VARIABLES:
        raise TemplateError(
            gettext_noop("Line %(line)s: there is no “%(name)s”. You can use: %(known)s."),
            line=line,
            name=name or token[0],
            known=", ".join(VARIABLES),
        )
    if name in LINKS:
        _check_link(name, line, has_offer=has_offer, is_subject=is_subject)
    elif fallback is None:
        raise TemplateError(
            gettext_noop(
                "Line %(line)s: say what stands there when it is not known: {{ %(name)s|… }}. "
                "Nothing after the bar leaves it out."
            ),
            line=line,
            name=name,
        )
    return Variable(name, fallback.strip() if fallback is not None else None)


def _check_link(name: str, line: int, *, has_offer: bool, is_subject: bool) -> None:
    if is_subject:
        raise TemplateError(
            gettext_noop("Line %(line)s: a subject cannot hold the link “%(name)s”."), line=line, name=name
        )
    if name == "offer" and not has_offer:
        raise TemplateError(
            gettext_noop("Line %(line)s: this e-mail names the offer, but has none. Give its address below."),
            line=line,
        )


def _line(template: str, position: int) -> int:
    return template.count("\n", 0, position) + 1


def fill(parts: Sequence[Part], values: Mapping[str, str]) -> str:
    """The text for one reader. What a value holds stays on one line."""
    return "".join(_filled(part, values) for part in parts)


def _filled(part: Part, values: Mapping[str, str]) -> str:
    if isinstance(part, Text):
        return part.words
    return " ".join(values.get(part.name, "").split()) or part.fallback or ""


def fill_subject(template: str, values: Mapping[str, str]) -> str:
    """One line, whatever a lead is called."""
    return " ".join(fill(parse(template, is_subject=True), values).split())


def names(parts: Sequence[Part], name: str) -> bool:
    """Whether a template has a place for that variable."""
    return any(isinstance(part, Variable) and part.name == name for part in parts)


# --- The same text as HTML ----------------------------------------------------------------------------------


def as_html(text: str, labels: Mapping[str, str]) -> str:
    """Paragraphs of a filled text; an address in `labels` becomes a link with that label, others link themselves.

    Everything else is escaped: a lead's name is never markup.
    """
    paragraphs = [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]
    return "\n".join(f"<p>{_linked(block, labels)}</p>" for block in paragraphs)


def _linked(block: str, labels: Mapping[str, str]) -> str:
    return "".join(_pieces(block, labels)).replace("\n", "<br>\n")


def _pieces(block: str, labels: Mapping[str, str]) -> Iterator[str]:
    position = 0
    for address in _ADDRESS.finditer(block):
        yield html.escape(block[position : address.start()])
        href = html.escape(address[0])
        yield f'<a href="{href}">{html.escape(labels.get(address[0], address[0]))}</a>'
        position = address.end()
    yield html.escape(block[position:])


_OWN_LINK = re.compile(r"https?://\S+?/n/([ou])/[^/\s]+/")


def without_links(text: str, *, offer: str, unsubscribe: str) -> str:
    """The text of an e-mail for somebody else than its reader: what only the reader may open stands for itself."""
    return _OWN_LINK.sub(lambda link: offer if link[1] == "o" else unsubscribe, text)


# --- Addresses and time -------------------------------------------------------------------------------------


def check_address(address: str) -> None:
    """An offer leads to a page of the web. Raises `TemplateError`."""
    parts = _parts(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\\]", address):
        raise TemplateError(
            gettext_noop("“%(address)s” is no address of a page: it begins with https://."), address=address
        )
    if parts.username is not None or "@" in parts.netloc:
        raise TemplateError(gettext_noop("An address of a page holds no name or password."))


def _parts(address: str) -> SplitResult:
    """Empty for what cannot be taken apart, such as a bracket that nothing closes."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_placeholder(address: str) -> bool:
    """Whether an offer still leads to the website that stands for yours."""
    host = (_parts(address).hostname or "").removeprefix("www.")
    return host == PLACEHOLDER_HOST


def moved_to(address: str, site: str) -> str:
    """A placeholder's path on another website, such as https://www.nordwind.example."""
    if not is_placeholder(address):
        return address
    path = address.split("/", 3)[3:]
    return "/".join([site.rstrip("/"), *path])


def ends_at(started_at: datetime, lasts_days: int) -> datetime:
    """When a track is over for somebody, whatever it sent; days of 24 hours."""
    return started_at + timedelta(days=lasts_days)
