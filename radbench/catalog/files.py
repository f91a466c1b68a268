"""Where cards lie, and their names and titles, read without parsing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import radbench
from radbench.errors import ContentError

CardKind: TypeAlias = Literal["tasks", "adapters", "leaderboards"]  # the folders they lie in

CARD_KINDS: Final[tuple[CardKind, ...]] = get_args(CardKind)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
# The key that only cards of one kind have: it tells them apart where they lie in no folder of their kind.
_KEY: Final[dict[CardKind, str]] = {"tasks": "ask", "adapters": "family", "leaderboards": "columns"}
_TITLE: Final = re.compile(r"^title:[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def content() -> Path:
    """The folder of the cards that come with radbench: inside the installed package, else around it in a checkout."""
    package = Path(radbench.__file__).parent
    return package / "content" if (package / "content").is_dir() else package.parent


def card_files(folder: Path, kind: CardKind) -> Iterator[Path]:
    """The cards of one kind in a folder: those in its subfolder of that name, then those that lie there directly."""
    yield from sorted((folder / kind).glob("*.yaml"))
    if folder != content():
        yield from (path for path in sorted(folder.glob("*.yaml")) if kind_of(path) == kind)


def card_file(folder: Path, kind: CardKind, name: str) -> Path | None:
    """The card of that name in a folder, found without looking at the others."""
    path = folder / kind / f"{name}.yaml"
    if path.is_file():
        return path
    path = folder / f"{name}.yaml"
    return path if folder != content() and path.is_file() and kind_of(path) == kind else None


def kind_of(path: Path) -> CardKind | None:
    """What kind of card a file holds, by the top-level key that only this kind has; None: no card."""
    text = read(path)
    return next((kind for kind, key in _KEY.items() if re.search(rf"^{key}:", text, re.MULTILINE)), None)


def title(path: Path) -> str:
    """The card's title; "" where its line cannot be told without parsing."""
    found = _TITLE.search(read(path))
    text = found[1] if found else ""
    return text[1:-1] if text[:1] in {'"', "'"} and text[-1:] == text[:1] else text


def read(path: Path) -> str:
    """The text of a card.

    Raises:
        ContentError: there is no such file, or it is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise ContentError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: is not UTF-8 text (byte {error.start}): save it as UTF-8.") from error
