"""What BLEU and chrF share: n-gram matches of many cases, counted at once by sorting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import chain
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, Rows, SumMetric
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case

Units: TypeAlias = Sequence[str]  # what n-grams are made of: a list of tokens, or a string as its characters

_BLOCK: Final = 1024  # cases counted at once: bounds memory


class NgramMetric(SumMetric):
    """A metric of n-gram counts: a subclass says what the units of a text are and what is counted of them.

    A missing answer counts as an empty text. References without a unit do not count; a case without any other is
    left out.
    """

    @abstractmethod
    def units(self, text: str) -> Units:
        """What n-grams of a text are made of."""

    @abstractmethod
    def statistics(self, candidates: Sequence[Units], references: Sequence[Sequence[Units]]) -> NDArray[np.float64]:
        """Rows (n, k) of n candidates, each with one or more references, none of them empty."""

    def row(self, case: Case) -> Row | Excluded:
        rows = self.measure([case])
        return NO_REFERENCE if rows.excluded[0] else rows.array[0]

    def measure(self, cases: Sequence[Case]) -> Rows:
        array = np.full((len(cases), len(self.columns)), np.nan)
        references = [[units for text in case.references if (units := self.units(text))] for case in cases]
        kept = [i for i, wanted in enumerate(references) if wanted]
        for start in range(0, len(kept), _BLOCK):
            block = kept[start : start + _BLOCK]
            array[block] = self.statistics([self.units(cases[i].text) for i in block], [references[i] for i in block])
        return Rows(array, tuple(None if wanted else NO_REFERENCE.reason for wanted in references))


def clipped_matches(candidates: Sequence[Units], references: Sequence[Sequence[Units]], orders: int) -> NDArray[np.float64]:
    """How many n-grams of each candidate its references hold, for n = 1 to `orders`, shape (n candidates, orders).

    An n-gram matches at most as often as the reference that has it most often holds it.

    >>> clipped_matches([["a", "a", "b"]], [[["a", "b"], ["c", "a", "a"]]], 2)
    array([[3., 2.]])
    """
    # A case's documents lie together, the candidate first. Sorted by n-gram, then document, the candidate's count of an
    # n-gram lies beside those of its references.
    n_cases = len(candidates)
    documents = list(chain.from_iterable((said, *wanted) for said, wanted in zip(candidates, references, strict=True)))
    owner = np.repeat(np.arange(n_cases), [1 + len(wanted) for wanted in references])
    is_candidate = np.diff(owner, prepend=-1) > 0
    ids = {unit: i for i, unit in enumerate(dict.fromkeys(chain.from_iterable(documents)))}
    units = np.fromiter(map(ids.__getitem__, chain.from_iterable(documents)), dtype=np.int64)
    lengths = np.fromiter(map(len, documents), dtype=np.int64, count=len(documents))

    document = np.repeat(np.arange(len(documents)), lengths)
    position = np.arange(len(units))
    left = np.repeat(np.cumsum(lengths), lengths) - position  # units from here to the document's end
    gram = units
    matches = np.zeros((n_cases, orders))
    for order in range(orders):
        if order:
            fits = left > order
            position, left, document = position[fits], left[fits], document[fits]
            gram = np.unique(gram[fits] * len(ids) + units[position + order], return_inverse=True)[1]
        if not len(gram):
            break
        pair, count = np.unique(gram * len(documents) + document, return_counts=True)
        where = pair % len(documents)
        cell = pair // len(documents) * n_cases + owner[where]  # one n-gram within one case
        first = np.flatnonzero(np.diff(cell, prepend=-1))
        said = np.add.reduceat(np.where(is_candidate[where], count, 0), first)
        wanted = np.maximum.reduceat(np.where(is_candidate[where], 0, count), first)
        matches[:, order] = np.bincount(cell[first] % n_cases, weights=np.minimum(said, wanted), minlength=n_cases)
    return matches
