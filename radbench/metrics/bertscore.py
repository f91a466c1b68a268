"""BERTScore: how well the tokens of two texts match one another in the vectors of an encoder.

Source: Zhang et al., BERTScore, arXiv 1904.09675, equations in section 3 (without IDF) and section 5 (rescaling). The matching is
done beside the encoder (annotator family `encoder`), which equals the package bert-score 0.3.13.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError
from radbench.metrics._annotated import ask_pairs, numbers, replies_to_pairs
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, Reply

PARTS: Final = ("precision", "recall", "f1")


class Bertscore(SumMetric):
    """Mean over cases of `bertscore` (F1), `bertscore_precision` and `bertscore_recall`, in [-1, 1], higher is better.

    Made for machine translation and captions of any domain; negation hardly moves it.

    With a baseline b each part x becomes (x - b) / (1 - b), which spreads the values and has no lower bound. Of several
    references the best one counts, for each part by itself, as in bert-score. An empty candidate has 0 before rescaling.

    IDF weights are not offered: they come from the references at hand, and with one shared reference all are 0.

    Args:
        annotator: a model card of family `encoder`; its layer is part of its card.
        baseline: precision, recall and F1 that unrelated sentences have with this encoder and layer, as bert-score publishes
            in `rescale_baseline`; none: raw values.
    """

    name: ClassVar[str] = "bertscore"
    papers = ("zhang2020bertscore",)
    columns: tuple[str, ...] = (*PARTS, "cases")

    def __init__(self, *, annotator: str = "distilroberta-base", baseline: Sequence[float] | None = None) -> None:
        if baseline is not None and (len(baseline) != len(PARTS) or not all(-1 <= b < 1 for b in baseline)):
            raise ContentError(f"metric `bertscore`: `baseline` should be three numbers below 1 ({', '.join(PARTS)}), got `{baseline}`")
        self.annotator, self.annotators = annotator, (annotator,)
        self.baseline = None if baseline is None else np.array(baseline, dtype=np.float64)

    def signature(self) -> dict[str, str]:
        baseline = "none" if self.baseline is None else ",".join(f"{b:.6g}" for b in self.baseline)
        return {"idf": "no", "baseline": baseline, "refs": "max"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_pairs(self.annotator, case)

    def row(self, case: Case) -> Row | Excluded:
        replies = replies_to_pairs(case)
        if isinstance(replies, Excluded):
            return replies
        raw: NDArray[np.float64] = np.array([numbers(reply, PARTS, self.name) for reply in replies] or [[0.0] * len(PARTS)])
        return np.append(rescaled(raw.max(axis=0), self.baseline), 1.0)

    def value(self, sums: NDArray[np.float64]) -> Values:
        precision, recall, f1 = (ratio(sums[:, i], sums[:, -1]) for i in range(len(PARTS)))
        return {"bertscore": f1, "bertscore_precision": precision, "bertscore_recall": recall}


def rescaled(raw: NDArray[np.float64], baseline: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Values moved so that the baseline lies at 0 and a perfect match at 1.

    >>> rescaled(np.array([0.9]), np.array([0.8]))
    array([0.5])
    """
    return raw if baseline is None else (raw - baseline) / (1.0 - baseline)
