"""YAML as cards are written: only `true` and `false` are booleans, a key stands once, and each key knows its line.

YAML 1.1 would read `no` as false, `1e-3` as text, `010` as 8 and `2020-01-01` as a date; answers, options and versions
would change under the writer's hands. Here numbers are decimal, and what is no number, boolean or null is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import yaml

from radbench.errors import ContentError

Key: TypeAlias = tuple[str | int, ...]
Lines: TypeAlias = dict[Key, int]

_FIRST_OF_NUMBER: Final = "-+.0123456789"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C parser, where it was built
    """The safe loader with fewer guesses about plain words."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # shape fixed by PyYAML


for _tag, _pattern, _firsts in (
    ("bool", r"true|True|false|False", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", _FIRST_OF_NUMBER),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", _FIRST_OF_NUMBER),
    ("null", r"null|Null|~|", ["n", "N", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _firsts)


def read_yaml(text: str, where: str) -> tuple[Any, Lines]:
    """The document in a text, and the line (from 1) of each key and list item by its path; `where` names the file.

    Raises:
        ContentError: the text is no YAML, or a mapping holds a key twice or a key that is no text or number.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines: Lines = {}
        for path, line, is_new in _walk(node, ()):
            if not is_new:
                raise ContentError(f"{where}:{line}: key `{path[-1]}` stands twice (first in line {lines[path]}); keep one.")
            lines[path] = line
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ContentError(f"{where}:{line}: not YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContentError(f"{where}: not YAML: {error}.") from error
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: Key) -> Iterator[tuple[Key, int, bool]]:
    """Each key and item below a node: its path, its line, and whether it is the first of that name."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            below = (*path, _plain(key))
            yield below, key.start_mark.line + 1, below not in seen
            seen.add(below)
            yield from _walk(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield (*path, i), item.start_mark.line + 1, True
            yield from _walk(item, (*path, i))


def _plain(key: yaml.Node) -> str | int:
    if not isinstance(key, yaml.ScalarNode):
        raise yaml.MarkedYAMLError(problem="a key must be a word or a number", problem_mark=key.start_mark)
    return int(key.value) if key.tag.endswith(":int") else str(key.value)
