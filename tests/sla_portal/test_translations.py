"""The portal's words in other languages: whole, with the same blanks to fill, and compiled as they stand."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.formats import number_format

[LOCALES] = settings.LOCALE_PATHS
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
BLANK = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")


def catalog(language: str, suffix: str) -> Catalog:
    path: Path = LOCALES / language / "LC_MESSAGES" / f"django.{suffix}"
    with path.open("rb") as file:
        return read_po(file, locale=language) if suffix == "po" else read_mo(file)


def forms(words: str | Sequence[str] | None) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words or ("",))


def key(message: Message) -> tuple[str, tuple[str, ...]]:
    context = message.context or ""  # of compiled words it is bytes
    return context.decode() if isinstance(context, bytes) else context, forms(message.id)


def test_numbers_in_arabic_have_western_digits_and_groups() -> None:
    with translation.override("ar"):
        assert number_format(Decimal("1234567.5"), force_grouping=True) == "1,234,567.5"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_in_every_form(language: str) -> None:
    found = catalog(language, "po")
    lacking = [
        message.id
        for message in found
        if (message.id and (message.fuzzy or not all(forms(message.string))))
        or (message.pluralizable and len(forms(message.string)) != found.num_plurals)
    ]
    assert lacking == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_has_the_blanks_of_its_message(language: str) -> None:
    wrong = [
        (message.id, form)
        for message in catalog(language, "po")
        if message.id
        for form in forms(message.string)
        if Counter(BLANK.findall(form)) not in [Counter(BLANK.findall(each)) for each in forms(message.id)]
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    written = {key(message): message.string for message in catalog(language, "po") if message.id}
    compiled = {key(message): message.string for message in catalog(language, "mo") if message.id}
    assert {each: forms(words) for each, words in compiled.items()} == {
        each: forms(words) for each, words in written.items()
    }
