"""A row about a lead of which an earlier row of the file spoke: how that is said, and known again in the error
file.
"""

import re
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

REPEATED = gettext_noop("Line %(line)s is about the same lead and counts; this row was left out.")


def say_repeated(line: int) -> str:
    """Why the row is refused; `line` is the earlier one's."""
    return gettext(REPEATED) % {"line": line}


def was_repeated(reason: str) -> bool:
    """Whether the reason in an error file, in whatever language, is or holds that one."""
    return bool(_reasons().search(reason))


@cache
def _reasons() -> re.Pattern[str]:
    said = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            before, after = gettext(REPEATED).split("%(line)s")
            said.append(rf"{re.escape(before)}\d+{re.escape(after)}")
    return re.compile("|".join(said))
