"""Stand-ins for annotators: replies of the shape that a family gives, made of a text's own words, so that metrics can be tried alone."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.catalog import Catalog
from radbench.conformance.reading import NotChecked
from radbench.media import Reader
from radbench.models.rules_14 import Rules14
from radbench.sample import Reply, Request, Vectors

_DIMENSION: Final = 64
_WORD: Final = re.compile(r"[a-z0-9]+")
_TYPES: Final = ("ABNORMALITY", "ANATOMY", "DISEASE", "NON-ABNORMALITY", "NON-DISEASE")  # of RaTEScore's entities


class StandIns:
    """Answers in place of the catalogue's annotators, by their families; equal texts have equal replies."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._by_family: Mapping[str, Callable[[str], Reply]] = {
            **dict.fromkeys(("chexbert", "label-file", "rules-14"), self._labels),
            "radgraph": _graph,
            "ratescore-ner": _entities,
            "term-list": _terms,
        }

    def __call__(self, name: str, requests: Sequence[Request]) -> list[Reply]:
        """One reply a request.

        Raises:
            NotChecked: it is a judge, or of a family that has no stand-in. UnknownNameError: there is none of that name.
        """
        family = self._catalog.model(name).family
        return [self._reply(name, family, request) for request in requests]

    def _reply(self, name: str, family: str, request: Request) -> Reply:
        texts = [part for part in request.turns[-1].parts if isinstance(part, str)]
        if request.kind == "embed":
            return Reply(output=Vectors.of(np.stack([_bag(text) for text in texts])))
        if request.kind == "annotate" and family == "encoder":
            alike = float(_bag(texts[0]) @ _bag(texts[-1]))
            return Reply(output=dict.fromkeys(("precision", "recall", "f1", "cosine"), alike))
        if request.kind == "annotate" and family in self._by_family:
            return self._by_family[family](" ".join(texts))
        raise NotChecked(f"it asks `{name}`, of family `{family}`, in whose place nothing can answer: try it by scoring a run with it")

    def _labels(self, text: str) -> Reply:
        return Reply(output=self._rules.labels(text))

    @cached_property
    def _rules(self) -> Rules14:
        rules = Rules14()
        rules.load(Reader({}))
        return rules


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _place(word: str, places: int) -> int:
    return zlib.crc32(word.encode()) % places


def _bag(text: str) -> NDArray[np.float64]:
    """A vector of length 1 of the words; of no word, one of its own."""
    counts = np.bincount([_place(word, _DIMENSION) for word in _words(text) or [""]], minlength=_DIMENSION).astype(np.float64)
    return counts / float(np.linalg.norm(counts))


def _graph(text: str) -> Reply:
    """Each word an entity that modifies the next."""
    words = _words(text)
    entities = {
        str(i): {
            "tokens": word,
            "label": "OBS-DP",
            "start_ix": i - 1,
            "end_ix": i - 1,
            "relations": [["modify", str(i + 1)]] if i < len(words) else [],
        }
        for i, word in enumerate(words, start=1)
    }
    return Reply(output=json.dumps({"text": " ".join(words), "entities": entities}))


def _entities(text: str) -> Reply:
    return Reply(output=json.dumps({"entities": [{"text": word, "type": _TYPES[_place(word, len(_TYPES))]} for word in _words(text)]}))


def _terms(text: str) -> Reply:
    return Reply(output=json.dumps(sorted(set(_words(text)))))
