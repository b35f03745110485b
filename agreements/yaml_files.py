"""Reading a document file: YAML 1.2's plain values only, every error and every value with its line."""

import re
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import yaml
from django.utils.translation import gettext as _
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]
"""Where a value stands: `("goals", 0, "target")`."""


class FileError(ValueError):
    """The text is no YAML that a document can be read from; the message is for the user."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Parsed(NamedTuple):
    data: Any
    lines: dict[Path, int]
    """The line, from 1, of every value."""


class _Loader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's surprises: NO, 17:30 and 2026-10-01 are texts, aliases are refused."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise FileError(_("write the value out instead of referring to another"), _line(mark))
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), [*_first])


def parse(text: str) -> Parsed:
    """Read one YAML document.

    Raises `FileError`, with the line, for broken YAML and for a key given twice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise FileError(_("the file is empty"), 1)
        lines = dict(_walk(node, ()))
        return Parsed(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(_in_words(error), _line(mark)) from error
    except yaml.YAMLError as error:
        raise FileError(str(error), 1) from error
    finally:
        loader.dispose()


def _in_words(error: yaml.MarkedYAMLError) -> str:
    if error.problem == "mapping values are not allowed here":
        return _("a text with a colon in it must stand in quotation marks, or the line is indented wrongly")
    return str(error.problem or error.context)


def _line(mark: Any) -> int:
    return mark.line + 1 if mark is not None else 1


def _walk(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    yield path, _line(node.start_mark)
    if isinstance(node, MappingNode):
        yield from _walk_mapping(node, path)
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*path, index))


def _walk_mapping(node: MappingNode, path: Path) -> Iterator[tuple[Path, int]]:
    seen: set[Hashable] = set()
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise FileError(_("a name must be a plain word"), _line(key.start_mark))
        if key.value in seen:
            raise FileError(_("“%(key)s” stands here twice") % {"key": key.value}, _line(key.start_mark))
        seen.add(key.value)
        for inner, line in _walk(value, (*path, key.value)):
            yield inner, _line(key.start_mark) if inner == (*path, key.value) else line
