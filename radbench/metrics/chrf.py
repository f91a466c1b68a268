"""chrF2: F-score of character n-grams, recall weighing twice as much as precision.

Source: Popovic, chrF, WMT 2015, in the form of sacrebleu 2: character orders 1 to 6, no word n-grams, blanks taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._ngrams import NgramMetric, Units, clipped_matches
from radbench.metrics.base import Values
from radbench.metrics.tokens import LetterCase

ORDER: Final = 6
BETA: Final = 2.0


class Chrf(NgramMetric):
    """Corpus chrF2, in [0, 1] (sacrebleu prints 100 times as much), higher is better, from summed counts.

    Made for machine translation; it knows characters and no findings.

    Precision and recall are means over the orders that candidate and reference both have. Of several references the one
    of highest chrF2 counts. An empty candidate scores 0. References without a character do not count; a case
    without any other is left out.

    Args:
        case: `mixed` compares letters as they are, `lower` in lower case.
    """

    name: ClassVar[str] = "chrf"
    papers = ("popovic2015chrf",)
    columns: tuple[str, ...] = tuple(f"{count}-{n}" for count in ("matches", "candidate", "reference") for n in range(1, ORDER + 1))

    def __init__(self, *, case: LetterCase = "mixed") -> None:
        self.case: LetterCase = case

    def signature(self) -> dict[str, str]:
        return {"case": self.case, "nc": str(ORDER), "nw": "0", "beta": f"{BETA:g}"}

    def units(self, text: str) -> str:
        return "".join((text.lower() if self.case == "lower" else text).split())

    def statistics(self, candidates: Sequence[Units], references: Sequence[Sequence[Units]]) -> NDArray[np.float64]:
        n_references = [len(wanted) for wanted in references]
        said = [candidate for candidate, n in zip(candidates, n_references, strict=True) for _ in range(n)]
        wanted = list(chain.from_iterable(references))
        n_candidate, n_reference = (np.maximum(np.array([[len(text)] for text in texts]) - np.arange(ORDER), 0) for texts in (said, wanted))
        matches = clipped_matches(said, [[text] for text in wanted], ORDER)
        # orders that the reference is too short for are not held against the candidate
        rows = np.column_stack([matches, np.where(n_reference > 0, n_candidate, 0), n_reference])
        if len(rows) == len(candidates):
            return rows
        end = np.cumsum(n_references)
        best = [start + chrf(rows[start:stop]).argmax() for start, stop in zip(end - n_references, end, strict=True)]
        return rows[best]

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {"chrf": chrf(sums)}


def chrf(statistics: NDArray[np.float64]) -> NDArray[np.float64]:
    """chrF2, shape (m,), of summed statistics (m, 18); NaN where nothing was referenced."""
    matches, candidate, reference = (statistics[:, i : i + ORDER] for i in range(0, 3 * ORDER, ORDER))
    counted = (candidate > 0) & (reference > 0)
    n_counted = np.maximum(counted.sum(axis=1), 1)
    precision = np.divide(matches, candidate, out=np.zeros_like(matches), where=counted).sum(axis=1) / n_counted
    recall = np.divide(matches, reference, out=np.zeros_like(matches), where=counted).sum(axis=1) / n_counted
    weighted = BETA**2 * precision + recall
    score = np.divide((1 + BETA**2) * precision * recall, weighted, out=np.zeros_like(weighted), where=weighted > 0)
    return np.where(reference[:, 0] > 0, score, np.nan)
