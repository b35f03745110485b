"""Words that cells are written in, in a few languages; folded, but for those that mean nothing."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


MISSING = frozenset({"", "NULL", r"\N", "#N/A", "N/A", "n/a", "-", "–", "—"})
"""Cells that say nothing, in every file."""

YES = _words(
    "yes|y|true|t|1|x|on|ja|j|wahr|oui|o|vrai|si|sí|s|sim|verdadero|verdadeiro|vero|tak|evet|da|да|نعم|是|はい"
)
NO = _words("no|n|false|f|0|off|nein|falsch|non|faux|não|nao|falso|nie|hayır|нет|لا|否|いいえ")
GIVEN = _words(
    "given|granted|subscribed|opted-in|opt-in|optin|opted in|opt in|double opt-in|consented|zugestimmt"
)
WITHDRAWN = _words(
    "withdrawn|revoked|unsubscribed|opted-out|opt-out|optout|opted out|opt out|widerrufen|abgemeldet"
)
UNKNOWN = _words("unknown|unbekannt|not asked|pending")
