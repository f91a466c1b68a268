"""RadGraph F1: agreement of two reports in their entities and relations.

Source: Jain et al., RadGraph, arXiv 2106.14463 (the graph); Delbrouck et al., arXiv 2210.12186 (the three rewards);
Stanford-AIMI/radgraph, radgraph/rewards.py, release 0.1.18 and, for `case=lower`, master of July 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ScoringError
from radbench.metrics._annotated import ask_each, replies_to_each
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.scope import RADGRAPH_XL
from radbench.sample import Case, Reply

_LEVELS: Final = ("simple", "partial", "complete")
_PARTS: Final = ("precision", "recall", "f1", "matched", "said", "wanted")

Facts = frozenset[tuple[object, ...]]


class Radgraph(SumMetric):
    """Mean over reports of the F1 of what two graphs state, with `_precision` and `_recall`, in [0, 1], higher is better.

    Made for reports of chest X-rays; the XL models were trained on CT of chest and abdomen and on MRI of the brain as well.

    Three levels of what counts as one thing stated: `radgraph_simple`, an entity (its words and label); `radgraph_partial`,
    an entity and whether it has relations; `radgraph_complete`, an entity without relations, or each relation with the
    words at its other end. Things stated twice count once, places in the text do not count. Papers call them RG_E,
    RG_ER (the one mostly reported) and RG_bar_ER.

    `radgraph_*_pooled` is the F1 of the counts of all reports together. `radgraph_both_empty` and `radgraph_one_empty` are the
    shares of reports where neither graph, or only one, has an entity; they are no scores. A report of which one graph
    is empty has 0. An empty candidate is not put to the annotator. With several references, the one of highest F1
    counts, for each level its own.

    Args:
        annotator: a model card of family `radgraph`. Values of v1, XL and modern XL are not comparable.
        case: `cased` compares words as written, as the package does (its complete level lower-cases the words of
            entities with relations all the same); `lower` lower-cases all.
        empty: the value of a report where neither graph has an entity: `0` in the package, `1` says that they agree.
    """

    name: ClassVar[str] = "radgraph"
    papers = ("jain2021radgraph", "delbrouck2022rewards")
    scope: ClassVar[str] = "chest X-ray reports"
    columns: tuple[str, ...] = (*(f"{level}_{part}" for level in _LEVELS for part in _PARTS), "both_empty", "one_empty", "cases")

    def __init__(
        self, *, annotator: str = "radgraph-xl", case: Literal["cased", "lower"] = "cased", empty: Literal["0", "1"] = "0"
    ) -> None:
        self.annotator, self.annotators = annotator, (annotator,)
        if annotator.endswith("radgraph-xl"):
            self.scope = RADGRAPH_XL  # type: ignore[misc]  # the annotator was trained on more than the first one
        self.case = case
        self.empty = empty

    def signature(self) -> dict[str, str]:
        return {"case": self.case, "empty": self.empty, "refs": "max"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_each(self.annotator, case)

    def row(self, case: Case) -> Row | Excluded:
        replies = replies_to_each(case)
        if isinstance(replies, Excluded):
            return replies
        said, *options = (self._facts(reply) for reply in (replies[0], *replies[1]))
        scores = np.array([[self._agreement(a, b) for a, b in zip(said, wanted, strict=True)] for wanted in options])
        best = scores[scores[:, :, _PARTS.index("f1")].argmax(axis=0), np.arange(len(_LEVELS))]
        empty = [not said[0], not any(wanted[0] for wanted in options)]
        return np.array([*best.ravel(), all(empty), any(empty) and not all(empty), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        column = dict(zip(self.columns, sums.T, strict=True))
        n = column["cases"]
        values: Values = {}
        for level in _LEVELS:
            name = f"radgraph_{level}"
            values[name] = ratio(column[f"{level}_f1"], n)
            values |= {f"{name}_{part}": ratio(column[f"{level}_{part}"], n) for part in ("precision", "recall")}
            values[f"{name}_pooled"] = ratio(2 * column[f"{level}_matched"], column[f"{level}_said"] + column[f"{level}_wanted"])
        return values | {f"radgraph_{share}": ratio(column[share], n) for share in ("both_empty", "one_empty")}

    def _facts(self, reply: Reply | None) -> tuple[Facts, Facts, Facts]:
        try:
            return facts(json.loads(str(reply.output))["entities"] if reply else {}, lower=self.case == "lower")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ScoringError(
                f"metric `radgraph`: annotator `{self.annotator}` does not give entities as RadGraph does; name a card of family "
                "`radgraph`, or one that replays annotations of the published shape"
            ) from error

    def _agreement(self, said: Facts, wanted: Facts) -> tuple[float, ...]:
        """Precision, recall and F1, and the counts they come from."""
        matched = len(said & wanted)
        if not said and not wanted:
            return (*[float(self.empty)] * 3, 0, 0, 0)
        f1 = 2 * matched / (len(said) + len(wanted))
        return (matched / max(1, len(said)), matched / max(1, len(wanted)), f1, matched, len(said), len(wanted))


def facts(entities: Mapping[str, Any], *, lower: bool) -> tuple[Facts, Facts, Facts]:
    """What entities of the published shape (number -> tokens, label, relations) state at each level: simple, partial, complete.

    >>> facts({"1": {"tokens": "Nodule", "label": "OBS-DP", "relations": []}}, lower=True)[0]
    frozenset({('nodule', 'OBS-DP')})
    """
    simple, partial, complete = set[tuple[object, ...]](), set[tuple[object, ...]](), set[tuple[object, ...]]()
    for entity in entities.values():
        words, label, relations = entity["tokens"], entity["label"], entity["relations"]
        plain = (words.lower() if lower else words, label)
        simple.add(plain)
        partial.add((*plain, True) if relations else plain)
        if relations:
            complete.update((words.lower(), label, kind, entities[other]["tokens"].lower()) for kind, other in relations)
        else:
            complete.add(plain)
    return frozenset(simple), frozenset(partial), frozenset(complete)
