"""The portal's words in other languages: whole, with the same blanks to fill, and compiled as they stand."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation.template import templatize

[LOCALES] = settings.LOCALE_PATHS
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
BLANK = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
SILENT = {"launcher", "static", "tests"}  # folders without words that gettext sees
MARKS = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)")

Key = tuple[str, tuple[str, ...]]
"""A message as gettext knows it: its context, and its one or two forms in English."""


def catalog(language: str, suffix: str) -> Catalog:
    path: Path = LOCALES / language / "LC_MESSAGES" / f"django.{suffix}"
    with path.open("rb") as file:
        return read_po(file, locale=language) if suffix == "po" else read_mo(file)


def forms(words: str | Sequence[str] | None) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words or ("",))


def key(message: Message) -> Key:
    context = message.context or ""  # of compiled words it is bytes
    return context.decode() if isinstance(context, bytes) else context, forms(message.id)


def marked_in_python(source: str) -> Iterator[tuple[str, list[str]]]:
    """Each call that marks words for translation: the function’s plain name, and its leading literals."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = (
            str(getattr(node.func, "id", getattr(node.func, "attr", "")))
            .removesuffix("_lazy")
            .removesuffix("_noop")
        )
        given = [
            each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if name in MARKS and given:
            yield name, given


def marked_in_template(source: str) -> Iterator[tuple[str, list[str]]]:
    for call in CALL.finditer(templatize(source)):
        yield call[1], [ast.literal_eval(each) for each in re.findall(LITERAL, call[2])]


def messages_in_use() -> dict[Key, str]:
    """Every message that code or a template asks for, with the file that does."""
    found: dict[Key, str] = {}
    rooms = [each for each in settings.BASE_DIR.iterdir() if each.is_dir() and each.name not in SILENT]
    for path in (path for room in rooms if not room.name.startswith(".") for path in room.rglob("*.*")):
        if path.suffix in {".py", ".html", ".txt"}:
            marked = marked_in_python if path.suffix == ".py" else marked_in_template
            for name, (*given,) in marked(path.read_text()):
                context = given.pop(0) if "pgettext" in name else ""
                forms_given = given[: 2 if name.startswith("n") else 1]
                found[context, tuple(forms_given)] = str(path.relative_to(settings.BASE_DIR))
    return found


def test_numbers_in_arabic_have_western_digits_and_groups() -> None:
    with translation.override("ar"):
        assert number_format(Decimal("1234567.5"), force_grouping=True) == "1,234,567.5"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_just_the_messages_in_use(language: str) -> None:
    """What is missing was added without `makemessages`; what is left over was taken out without it."""
    written = {
        (context, given[0]) for context, given in (key(each) for each in catalog(language, "po") if each.id)
    }
    used = {(context, given[0]): file for (context, given), file in messages_in_use().items()}
    assert {each: used[each] for each in used.keys() - written} == {}
    assert written - used.keys() == set()


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
