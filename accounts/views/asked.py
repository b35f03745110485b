"""What an address asks for."""


def number(text: str | None) -> int | None:
    """A positive whole number; None for anything else, as somebody may type it into the address."""
    return int(text) if text and text.isdecimal() and len(text) < 18 else None
