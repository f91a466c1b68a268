"""Terms of a list that you bring, found in a text by longest match: medical entities without a model and without a download."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from radbench.errors import ContentError, MissingDataError
from radbench.models._encoders import texts
from radbench.sample import Reply, Request

if TYPE_CHECKING:
    from radbench.media import Reader

Words: TypeAlias = tuple[str, ...]

_WORD: Final = re.compile(r"[^\W_]+")
_FORM: Final = "a text file with a term a line, or a term, a tab, and the concept that it names"


class TermList:
    """Finds terms: a JSON list of the concepts in a text, sorted, each once.

    The list is a text file: one term a line, or term, tab, concept (a CUI, say), so that synonyms are one concept; a term
    without a concept is its own. Lines that begin with `#` are comments. Words are runs of letters and digits, compared in
    lower case; from each word on the longest term is taken, and the search goes on behind it.

    Args:
        file: the list; of a card, a relative path lies in the card's folder.
    """

    batch_size: int = 256

    def __init__(self, *, file: str | Path | None = None) -> None:
        self.file = None if file is None else Path(file).expanduser()
        self._digest = ""
        self._terms: dict[str, list[tuple[Words, str]]] = {}  # by first word; words and concept, longest first

    def load(self, reader: Reader) -> None:  # noqa: ARG002  # the contract of a model; it needs no media
        """Read the list.

        Raises:
            MissingDataError: no file is named, or it is not there. ContentError: it holds no term, or one of two concepts.
        """
        if self.file is None:
            raise MissingDataError(f"annotator `term-list` needs `file`: {_FORM}, named in a model card of your own")
        try:
            content = self.file.read_bytes()
        except OSError as error:
            raise MissingDataError(f"annotator `term-list`: no file `{self.file}`; expected {_FORM}") from error
        self._digest = hashlib.sha256(content).hexdigest()
        self._terms = _by_first_word(_read(content, self.file))

    def identity(self) -> Mapping[str, object]:
        """The hash of the list."""
        return {"family": "term-list", "version": 1, "file_sha256": self._digest}

    def annotate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """A JSON list of concepts a request."""
        return [Reply(output=json.dumps(sorted(self.concepts(" ".join(texts(request)))))) for request in requests]

    def concepts(self, text: str) -> set[str]:
        """The concepts that a text names."""
        words = tuple(_WORD.findall(text.lower()))
        found: set[str] = set()
        place = 0
        while place < len(words):
            for term, concept in self._terms.get(words[place], ()):
                if words[place : place + len(term)] == term:
                    found.add(concept)
                    place += len(term)
                    break
            else:
                place += 1
        return found


def _read(content: bytes, file: Path) -> dict[Words, str]:
    """The words of each term and its concept."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ContentError(f"{file}: is no UTF-8 text; expected {_FORM}") from error
    terms: dict[Words, str] = {}
    for number, line in enumerate(lines, start=1):
        term, _, concept = line.partition("\t")
        words = tuple(_WORD.findall(term.lower()))
        if line.startswith("#") or not words:
            continue
        concept = concept.strip() or " ".join(words)
        if terms.setdefault(words, concept) != concept:
            raise ContentError(
                f"{file}:{number}: the term `{term}` names the concept `{terms[words]}` above and `{concept}` here; keep one"
            )
    if not terms:
        raise ContentError(f"{file}: holds no term; expected {_FORM}")
    return terms


def _by_first_word(terms: Mapping[Words, str]) -> dict[str, list[tuple[Words, str]]]:
    found: dict[str, list[tuple[Words, str]]] = {}
    for words in sorted(terms, key=len, reverse=True):
        found.setdefault(words[0], []).append((words, terms[words]))
    return found
