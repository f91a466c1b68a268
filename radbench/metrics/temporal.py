"""Temporal entity F1: whether a report speaks of change in the words of its reference.

Source: temporal entity matching with the keywords of BioViL-T (Bannur et al., arXiv 2301.04558, appendix); undefined cases and
several references as in Libra (X-iZhang/Libra, libra/eval/temporal_f1.py) and RadEval. These also ask a recogniser for
entities that equal a keyword, which the search for whole words finds already.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case

KEYWORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        bigger change cleared constant decrease decreased decreasing elevated elevation enlarged enlargement enlarging expanded greater
        growing improved improvement improving increase increased increasing larger new persistence persistent persisting progression
        progressive reduced removal resolution resolved resolving smaller stability stable stably unaltered unchanged unfolded worse
        worsen worsened worsening
        """,
    )
)
_WORD: Final = re.compile(r"[a-z]+")


class Temporal(SumMetric):
    """Mean over cases of the F1 of two sets of words of change, in [0, 1], higher is better.

    Made for reports of chest X-rays that follow earlier ones.

    `temporal_f1` is the published value: a case without such a word on either side counts 1, one with words on one side alone
    0. Such cases are many where there is no earlier study, so `temporal_f1_mentioned` leaves those without a word on either
    side out. `temporal_mentioned`, the share of cases with a word on either side, is no score. The words of all references
    are taken together. A reply without a readable answer counts 0, in
    `temporal_f1_mentioned` where its reference has such a word.
    """

    name: ClassVar[str] = "temporal"
    papers = ("bannur2023temporal",)
    scope: ClassVar[str] = "chest X-ray reports"
    columns: tuple[str, ...] = ("f1", "f1_mentioned", "mentioned", "cases")

    def signature(self) -> dict[str, str]:
        return {"words": "biovil-t", "refs": "union"}

    def row(self, case: Case) -> Row | Excluded:
        if not any(text.strip() for text in case.references):
            return NO_REFERENCE
        said, wanted = words_of_change(case.text), words_of_change(" ".join(case.references))
        total = len(said) + len(wanted)
        if not total:
            return np.array([1.0, 0.0, 0.0, 1.0])
        f1 = 2 * len(said & wanted) / total
        return np.array([f1, f1, 1.0, 1.0])

    def missing(self, case: Case) -> Row | Excluded:
        if not any(text.strip() for text in case.references):
            return NO_REFERENCE
        return np.array([0.0, 0.0, float(bool(words_of_change(" ".join(case.references)))), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        f1, f1_mentioned, mentioned, n = sums.T
        return {
            "temporal_f1": ratio(f1, n),
            "temporal_f1_mentioned": ratio(f1_mentioned, mentioned),
            "temporal_mentioned": ratio(mentioned, n),
        }


def words_of_change(text: str) -> frozenset[str]:
    """The keywords of a text.

    >>> sorted(words_of_change("New effusion; cardiomegaly is unchanged."))
    ['new', 'unchanged']
    """
    return KEYWORDS.intersection(_WORD.findall(text.lower()))
