"""Precision and recall of medical terms: RadFM's UMLS precision and recall, by an extractor that you name.

Source: RadFM (Wu et al., arXiv 2308.02463) prints UMLS_Precision and UMLS_Recall; no code of these scores was released, so the
definition is ours and its values are not those of that table: sets of terms, a mean over cases, and the undefined cases below.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ScoringError
from radbench.metrics._annotated import ask_each, replies_to_each
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.sample import Case, Reply

_BOTH_EMPTY: Final = Excluded("no term in candidate and reference")


class Terms(SumMetric):
    """Means over cases of the share of the candidate's terms that the reference holds (`terms_precision`) and of the
    reference's that the candidate holds (`terms_recall`), in [0, 1], higher is better.

    Made for medical texts of any kind, by the terms of the extractor named.

    Terms are sets, compared in lower case with white space collapsed. Which terms they are is the extractor's choice; its name
    and identity stand in the signature, and so does the variant that you name it as: `term-list` finds the terms of a list
    that you bring (`list`), or the concepts they name (`cui`); annotators of families `ratescore-ner` and `radgraph`, or one of
    your own that wraps an entity recogniser, give the words of entities (`surface`), present and absent alike.

    A candidate without a term scores 0 in both. A reference without one: precision 0 for a candidate that has some, recall
    undefined and left out of its mean; `terms_recall_undefined` is the share of such cases, and no score. Several references:
    the one of highest F1 counts.

    Args:
        annotator: the extractor: a JSON list of terms a text, or the entities that `ratescore-ner` and `radgraph` give.
        variant: what the extractor gives: terms of a `list`, `surface` spans, or `cui` concepts. It names, and changes nothing.
        both_empty: a case without a term on either side is left out, or counts `1`.
    """

    name: ClassVar[str] = "terms"
    papers = ("wu2025radfm",)
    columns: tuple[str, ...] = ("precision", "recall", "recall_defined", "cases")

    def __init__(
        self,
        *,
        annotator: str = "term-list",
        variant: Literal["list", "surface", "cui"] = "list",
        both_empty: Literal["excluded", "1"] = "excluded",
    ) -> None:
        self.annotator, self.annotators = annotator, (annotator,)
        self.variant, self.both_empty = variant, both_empty

    def signature(self) -> dict[str, str]:
        return {"terms": self.variant, "case": "lower", "both_empty": self.both_empty}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_each(self.annotator, case)

    def row(self, case: Case) -> Row | Excluded:
        replies = replies_to_each(case)
        if isinstance(replies, Excluded):
            return replies
        said = _terms(replies[0]) if replies[0] else set()
        wanted = max(map(_terms, replies[1]), key=lambda terms: (_f1(said, terms), len(terms)))
        if not said and not wanted:
            return _BOTH_EMPTY if self.both_empty == "excluded" else np.ones(4)
        matches = len(said & wanted)
        return np.array([matches / len(said) if said else 0.0, matches / len(wanted) if wanted else 0.0, bool(wanted), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        precision, recall, n_recall, n = sums.T
        return {
            "terms_precision": ratio(precision, n),
            "terms_recall": ratio(recall, n_recall),
            "terms_recall_undefined": ratio(n - n_recall, n),
        }


def _terms(reply: Reply) -> set[str]:
    """The terms in a reply.

    Raises:
        ScoringError: it is neither a JSON list of texts nor a JSON object with entities.
    """
    try:
        found = json.loads(reply.output) if isinstance(reply.output, str) else None
        if isinstance(found, dict):
            entities = found["entities"]
            found = [entity["tokens"] for entity in entities.values()] if isinstance(entities, dict) else [e["text"] for e in entities]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, list) or not all(isinstance(term, str) for term in found):
        raise ScoringError("metric `terms`: its annotator gives no JSON list of terms; name another one as its option")
    return {text for term in found if (text := " ".join(term.lower().split()))}


def _f1(said: set[str], wanted: set[str]) -> float:
    total = len(said) + len(wanted)
    return 2 * len(said & wanted) / total if total else 1.0
