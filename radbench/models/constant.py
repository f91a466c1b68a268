"""The floor that looks at nothing: the same words to every request (always yes, always no, one fixed normal report)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from radbench.sample import Reply, Request, Vectors

if TYPE_CHECKING:
    from radbench.media import Reader

_UNLIKELY: Final = -30.0  # log-likelihood of every option not chosen: finite, and 0 to all digits once normalised


class Constant:
    """Answers `text` to everything.

    Ranking, the option equal to `text` (case aside) gets log-likelihood 0 and the others a low finite one; where no
    option equals it, the first option is taken: `text=""` is "always the first". Embedding, all parts get one vector,
    so that every retrieval is a tie.
    """

    batch_size: int = 256

    def __init__(self, *, text: str = "") -> None:
        self.text = text
        self._reply = Reply(output=text)
        self._folded = text.casefold()
        self._vectors: dict[int, Reply] = {}

    def load(self, reader: Reader) -> None:
        """Nothing is read."""

    def identity(self) -> Mapping[str, object]:
        """The text."""
        return {"family": "constant", "version": 1, "text": self.text}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The text, once a request."""
        return [self._reply] * len(requests)

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """0 for the option equal to the text, else for the first one; the rest as good as impossible."""
        return [self._rank(request.options) for request in requests]

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The vector (1,) for each part."""
        return [self._embed(len(request.turns[-1].parts)) for request in requests]

    def _rank(self, options: Sequence[str]) -> Reply:
        scores = dict.fromkeys(options, _UNLIKELY)
        if options:
            scores[next((option for option in options if option.casefold() == self._folded), options[0])] = 0.0
        return Reply(output=scores)

    def _embed(self, n_parts: int) -> Reply:
        if n_parts not in self._vectors:
            import numpy as np

            self._vectors[n_parts] = Reply(output=Vectors.of(np.ones((n_parts, 1))))
        return self._vectors[n_parts]
