"""ROUGE-L of the COCO caption evaluation, which papers that follow R2Gen print.

Source: Lin, ROUGE, 2004, section 3; tylin/coco-caption, pycocoevalcap/rouge (beta 1.2, tokens between blanks).
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.rouge import lcs_length
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case

_BETA: Final = 1.2  # how much more recall weighs than precision


class CocoRouge(SumMetric):
    """`rougeL_coco`: the mean over cases of F of the longest common subsequence, in [0, 1], higher is better.

    Made for captions of photographs; it knows words and no findings.

    Tokens stand between blanks, as they are: letter case and punctuation are what came (papers clean texts before). Of several
    references the highest precision and the highest recall count, be they of different ones. An empty candidate scores 0;
    a case without a reference token is left out.
    """

    name: ClassVar[str] = "coco_rouge"
    papers = ("lin2004rouge",)
    columns: tuple[str, ...] = ("rougeL_coco", "cases")

    def row(self, case: Case) -> Row | Excluded:
        said, wanted = case.text.split(), [tokens for text in case.references if (tokens := text.split())]
        if not wanted:
            return NO_REFERENCE
        longest = [lcs_length(said, tokens) for tokens in wanted]
        if not any(longest):
            return np.array([0.0, 1.0])
        precision = max(longest) / len(said)
        recall = max(n / len(tokens) for n, tokens in zip(longest, wanted, strict=True))
        return np.array([(1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {"rougeL_coco": ratio(sums[:, 0], sums[:, 1])}
