"""Semantic similarity: the cosine of two texts in the vectors of a sentence encoder.

Source: Reimers and Gurevych, Sentence-BERT, arXiv 1908.10084. The cosine is taken beside the encoder (annotator family `encoder`), whose
card says how token vectors are pooled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._annotated import ask_pairs, numbers, replies_to_pairs
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, Reply


class Similarity(SumMetric):
    """Mean cosine over cases, in [-1, 1], higher is better; of several references the closest counts; an empty candidate has 0.

    Made for sentences of any domain, by the encoder named; negation hardly moves it.

    Args:
        annotator: a model card of family `encoder`.
    """

    name: ClassVar[str] = "similarity"
    papers = ("reimers2019sentence",)
    columns: tuple[str, ...] = ("cosine", "cases")

    def __init__(self, *, annotator: str = "all-minilm-l6-v2") -> None:
        self.annotator, self.annotators = annotator, (annotator,)

    def signature(self) -> dict[str, str]:
        return {"refs": "max"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_pairs(self.annotator, case)

    def row(self, case: Case) -> Row | Excluded:
        replies = replies_to_pairs(case)
        if isinstance(replies, Excluded):
            return replies
        return np.array([max((numbers(reply, ("cosine",), self.name)[0] for reply in replies), default=0.0), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {"similarity": ratio(sums[:, 0], sums[:, 1])}
