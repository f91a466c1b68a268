"""RaTEScore: entities of two reports matched by meaning, weighted by their types, negation set apart.

Source: Zhao et al., RaTEScore, arXiv 2406.16845, section 3; the weights are those that MAGIC-AI4Med/RaTEScore publishes as
`long` and `short` (README.md, MIT licence).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ScoringError
from radbench.metrics._annotated import FAILED, ask, ask_each, vectors, worded
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case, Reply

Floats = NDArray[np.float64]

TYPES: Final = ("ABNORMALITY", "ANATOMY", "DISEASE", "NON-ABNORMALITY", "NON-DISEASE")

_NEGATED: Final = np.array([False, False, False, True, True])
_PRESENT: Final = np.array([True, False, True, False, False])
# weight of a pair: rows by the type of the entity, columns by that of its match, in the order of TYPES
_AFFINITY: Final = {
    "long": [
        [0.4276119164393705, 0.6240929990607657, 0.0034478181112993847, 0.5431049700217344, 0.27005425386213877],
        [0.7487824274337533, 0.2856134859160784, 0.4592143222158069, 0.02097055139911715, 0.00013736314126696204],
        [0.8396510075734789, 0.9950209388542061, 0.8460555030578727, 0.9820689020512646, 0.3789136708096537],
        [0.16546764653692908, 0.018670610691852826, 0.719397354576018, 0.0009357166071730684, 0.0927333564267591],
        [0.7759420231214385, 0.1839139293714062, 0.10073046076318157, 0.03860183811876373, 0.34065681486566446],
    ],
    "short": [
        [0.4070293318365468, 0.6952639610605605, 0.28342529466226446, 0.9479148658006686, 0.23875064111146294],
        [0.5829759950441763, 0.7709590751917746, 0.0006059634829551632, 0.794672584951181, 0.27982942400798977],
        [0.8840397619834857, 0.9637659445696822, 0.19018958438059513, 0.6962283914800402, 0.943727057946997],
        [0.1712744286898638, 0.4485149671497294, 0.00045065329822896076, 0.0007887930317199857, 0.8555432840895761],
        [0.9555801066212176, 0.13122106162635216, 0.6072996585919443, 0.05650711141169969, 0.3214769399791204],
    ],
}
_NEGATION: Final = {"long": 0.8716553966489615, "short": 0.3611577852354489}  # of a finding matched with a negated one


class Ratescore(SumMetric):
    """Mean over cases of RaTEScore, in [-1, 1], higher is better.

    Made for reports of many modalities and regions (X-ray, CT, MRI, ultrasound), in English.

    Each entity of one report is matched with that of the other of highest cosine; the cosines are averaged with weights by the
    types of both, and times a factor below 1 where one states a finding and the other negates one. The score is the harmonic
    mean of both directions (0 where their sum is 0). Of several references the best counts.

    `ratescore_no_entity` is the share of cases whose value is the 0.5 that stands for a pair in which a report has words but no
    entity; it is no score. An empty candidate scores 0. Reports are cut into sentences by radbench's own rule (annotator family
    `ratescore-ner`), not by medspacy's.

    Args:
        ner: a model card of family `ratescore-ner`.
        encoder: a model card of family `encoder` with `pooling: cls` and `max_tokens: 30`.
        affinity: the weights fitted to `long` reports (the default upstream) or to `short` ones, each with its factor for negation.
        empty: what a pair counts as in which a report has words but no entity: `0.5` as upstream, or `missing`, left out.
    """

    name: ClassVar[str] = "ratescore"
    papers = ("zhao2024ratescore",)
    scope: ClassVar[str] = "radiology reports"
    columns: tuple[str, ...] = ("score", "no_entity", "cases")

    def __init__(
        self,
        *,
        ner: str = "rate-ner-deberta",
        encoder: str = "biolord-2023-c",
        affinity: Literal["long", "short"] = "long",
        empty: Literal["0.5", "missing"] = "0.5",
    ) -> None:
        self.ner, self.encoder = self.annotators = (ner, encoder)
        self.affinity, self.empty = affinity, empty
        self._weights = np.array(_AFFINITY[affinity])
        self._negation = _NEGATION[affinity]

    def signature(self) -> dict[str, str]:
        return {"affinity": self.affinity, "negation": f"{self._negation:.4f}", "empty": self.empty, "refs": "max"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        if not replies:
            return ask_each(self.ner, case) if worded(case)[0] else []
        if len(replies) != 1 + len(worded(case)[1]) or any(reply.error is not None for reply in replies):
            return []
        return [ask(self.encoder, *names, kind="embed") for names, _ in map(_entities, replies) if names]

    def row(self, case: Case) -> Row | Excluded:
        candidate, references = worded(case)
        if not references:
            return NO_REFERENCE
        if any(reply.error is not None for reply in case.annotations):
            return FAILED
        if not candidate:
            return np.array([0.0, 0.0, 1.0])
        n = 1 + len(references)
        embedded = iter(case.annotations[n:])
        said, *wanted = [self._report(reply, embedded) for reply in case.annotations[:n]]
        scores = [(self.score(said, reference), 0.0) for reference in wanted if len(said[1]) and len(reference[1])]
        if len(scores) < len(wanted):
            if self.empty == "missing" and not scores:
                return Excluded("no entity")
            scores += [(0.5, 1.0)] * (self.empty == "0.5")
        return np.array([*max(scores), 1.0])

    def value(self, sums: Floats) -> Values:
        return {"ratescore": ratio(sums[:, 0], sums[:, 2]), "ratescore_no_entity": ratio(sums[:, 1], sums[:, 2])}

    def score(self, candidate: Report, reference: Report) -> float:
        """RaTEScore of two reports, neither without entities."""
        one, other = self.directed(reference, candidate), self.directed(candidate, reference)
        return 2 * one * other / (one + other) if one + other else 0.0

    def directed(self, entities: Report, others: Report) -> float:
        """The weighted mean of how well each entity is met by the other report."""
        cosines = entities[0] @ others[0].T
        best = cosines.argmax(axis=1)
        own, met = entities[1], others[1][best]
        weights = self._weights[own, met]
        opposed = (_NEGATED[own] & _PRESENT[met]) | (_PRESENT[own] & _NEGATED[met])
        total = weights.sum()
        kept = cosines[np.arange(len(own)), best] * np.where(opposed, self._negation, 1.0)
        return float(kept @ weights / total) if total else 0.0

    def _report(self, reply: Reply, embedded: Iterator[Reply]) -> Report:
        names, types = _entities(reply)
        if not names:
            return np.empty((0, 0)), np.empty(0, dtype=np.int64)
        return unit(vectors(next(embedded), self.name).array().astype(np.float64)), np.array([TYPES.index(kind) for kind in types])


Report: TypeAlias = tuple[Floats, NDArray[np.int64]]  # unit vectors of its entities (n, dimension), places of their types in TYPES (n)


def unit(rows: Floats) -> Floats:
    """Rows scaled to length 1."""
    lengths: Floats = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / lengths


def _entities(reply: Reply) -> tuple[list[str], list[str]]:
    """The texts and types of the entities in a reply."""
    try:
        found = json.loads(str(reply.output))["entities"]
        names, types = [entity["text"] for entity in found], [entity["type"] for entity in found]
    except (ValueError, KeyError, TypeError) as error:
        raise ScoringError("metric `ratescore`: its annotator does not give typed entities; name another one as `ner`") from error
    if not set(types) <= set(TYPES):
        raise ScoringError(
            f"metric `ratescore`: entities should be of type {', '.join(TYPES)}, got {', '.join(sorted(set(types) - set(TYPES)))}"
        )
    return names, types
