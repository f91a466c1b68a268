"""Cards read from their files, and what is wrong with one: file, line, key, expected, got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from radbench.catalog import files
from radbench.catalog.cards import BoardCard, Card, ModelCard, TaskCard
from radbench.catalog.wording import expected
from radbench.catalog.yaml_text import Lines, read_yaml
from radbench.errors import ContentError, nearest

CardT = TypeVar("CardT", TaskCard, ModelCard, BoardCard)


def read_card(path: Path, kind: type[CardT]) -> CardT:
    """The card in a file; raises ContentError as `parse_card`."""
    return parse_card(files.read(path), path, kind)


def parse_card(text: str, path: Path, kind: type[CardT]) -> CardT:
    """The card in a text that stands, or will stand, in the file `path`.

    Raises:
        ContentError: the text is no YAML, or a key is unknown, missing or holds the wrong thing.
    """
    data, lines = read_yaml(text, str(path))
    if not isinstance(data, dict):
        raise ContentError(f"{path}:1: expected a mapping with the keys of a card, got {_said(data)}.")
    for key in ("name", "file"):
        if key in data:
            raise ContentError(f"{path}:{lines[key,]}: key `{key}` is unknown: a card is named by its file, `{path.stem}`.")
    try:
        return kind.model_validate({**data, "name": path.stem, "file": path})
    except ValidationError as error:
        raise ContentError("\n".join(_explain(problem, kind, lines, path) for problem in _own(error.errors()))) from error


def lines_of(card: Card) -> Lines:
    """The line of each key in a card's file; none for a card made in Python."""
    return read_yaml(files.read(card.file), card.where)[1] if card.file else {}


def _own(problems: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """All but lists that are too short only because an item of theirs, a problem of its own, was not counted."""
    at = [tuple(problem["loc"]) for problem in problems]
    for problem, here in zip(problems, at, strict=True):
        if problem["type"] != "too_short" or not any(len(other) > len(here) and other[: len(here)] == here for other in at):
            yield problem


def _explain(problem: ErrorDetails, kind: type[BaseModel], lines: Lines, path: Path) -> str:
    """One line for one thing that pydantic found: file, line, key, expected, got."""
    at = tuple(problem["loc"])
    shown = ".".join(map(str, at))
    near = next((lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in lines), 1)
    match problem["type"]:
        case "extra_forbidden":
            known = _keys(kind, at[:-1])
            return f"{path}:{near}: key `{shown}` is unknown{nearest(str(at[-1]), known)} Known: {', '.join(known)}."
        case "missing":
            return f"{path}:{near}: key `{shown}` is missing."
        case _:
            return f"{path}:{near}: `{shown}`: {expected(problem)}, got {_said(problem['input'])}."


def _keys(kind: type[BaseModel], at: tuple[str | int, ...]) -> list[str]:
    """The keys of the record at a path within a card."""
    for part in at:
        found = kind.model_fields.get(str(part))
        annotations = [found.annotation, *getattr(found.annotation, "__args__", ())] if found else [kind]
        kind = next((a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel)), kind)
    return [name for name in kind.model_fields if name not in {"name", "file"}]


def _said(value: object) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return f"`{text if len(text) <= 80 else text[:77] + '...'}`"
