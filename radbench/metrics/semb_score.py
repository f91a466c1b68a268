"""SembScore: the cosine of the CheXbert vectors of two reports.

Source: Yu et al., Evaluating progress in automatic chest X-ray radiology report generation, Patterns 2023;
rajpurkarlab/CXR-Report-Metric, CXRMetric/run_eval.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._annotated import ask_each, replies_to_each, vectors
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, Reply


class SembScore(SumMetric):
    """Mean cosine over cases of the last hidden states of [CLS], in [-1, 1], higher is better; of several references the closest counts.

    Made for reports of chest X-rays: the encoder was trained to label them.

    An empty candidate has 0. Vectors are kept as float16, which moves a cosine by about 1e-5.

    Args:
        annotator: a model card of family `chexbert`.
    """

    name: ClassVar[str] = "semb_score"
    papers = ("yu2023evaluating",)
    scope: ClassVar[str] = "chest X-ray reports"
    columns: tuple[str, ...] = ("cosine", "cases")

    def __init__(self, *, annotator: str = "chexbert") -> None:
        self.annotator, self.annotators = annotator, (annotator,)

    def signature(self) -> dict[str, str]:
        return {"refs": "max"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_each(self.annotator, case, "embed")

    def row(self, case: Case) -> Row | Excluded:
        cosines = semb_scores(case)
        return cosines if isinstance(cosines, Excluded) else np.array([max(cosines), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {"semb_score": ratio(sums[:, 0], sums[:, 1])}


def semb_scores(case: Case) -> list[float] | Excluded:
    """The cosine with each reference, of a case annotated with the replies to `embed` questions."""
    found = replies_to_each(case)
    if isinstance(found, Excluded):
        return found
    candidate, references = found
    if candidate is None:
        return [0.0] * len(references)
    said = vectors(candidate, "semb_score").array()[0].astype(np.float64)
    return [_cosine(said, vectors(reply, "semb_score").array()[0].astype(np.float64)) for reply in references]


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))
