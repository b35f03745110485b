"""Errors that a user may read, raised by code that knows no Django."""

from __future__ import annotations

from collections.abc import Callable


def gettext_noop(text: str) -> str:
    """Mark `text` for translation and leave it alone: `makemessages` goes by the name of this function."""
    return text


class Term(str):
    """A word among the parameters of an error that is itself to be translated."""

    __slots__ = ()


class WordedError(ValueError):
    """A message made of a template marked for translation and its named parameters.

    `str()` gives it in English, `in_words(gettext)` in the reader's language.
    """

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(template % params if params else template)
        self.template = template
        self.params = params

    def in_words(self, translate: Callable[[str], str]) -> str:
        """The message in the language of `translate`, a function such as gettext."""
        params = {
            key: translate(value) if isinstance(value, Term) else value for key, value in self.params.items()
        }
        return translate(self.template) % params if params else translate(self.template)
