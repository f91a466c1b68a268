"""RadCliQ: a linear mix of four metrics, fitted to the errors that radiologists counted in chest X-ray reports.

Source: Yu et al., Evaluating progress in automatic chest X-ray radiology report generation, Patterns 2023; the coefficients are those of
rajpurkarlab/CXR-Report-Metric, CXRMetric/{normalizer,composite_metric_model,radcliq-v1}.pkl, the parts those of CXRMetric/run_eval.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError, ScoringError
from radbench.metrics._annotated import FAILED, ask_each, ask_pairs, numbers, worded
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.bertscore import rescaled
from radbench.metrics.semb_score import semb_scores
from radbench.metrics.tokens import NO_REFERENCE, common, ngrams
from radbench.sample import Case, Reply

Floats = NDArray[np.float64]

PARTS: Final = ("radgraph", "bertscore", "semb_score", "bleu_2")

_MEAN: Final = np.array(
    [
        [0.5398376019082272, 0.6312549595000001, 0.7716797866672277, 0.4607372064809605],
        [0.5379231241355762, 0.6175725628125001, 0.7647942121140658, 0.44738335396242174],
    ]
)  # v0, v1
_SCALE: Final = np.array(
    [
        [0.3018344440559102, 0.22466950746141123, 0.24750333805236252, 0.30336670936092264],
        [0.3028258411486429, 0.22430938459304575, 0.2539439110169773, 0.2989271671041838],
    ]
)
_COEFFICIENT: Final = np.array(
    [
        [-0.4796252644863446, -0.6762170542369337, -0.46366575161751994, 0.2165861905287535],
        [-0.37708368261038905, -0.37030009974480316, -0.25261621789593225, 4.315048405024756e-12],
    ]
)
_INTERCEPT: Final = np.array([1.641666666666666, 2.466552561323256e-10])
_BASELINE: Final = 0.8473319  # F1, distilroberta-base, layer 5, English: bert-score 0.3.13, rescale_baseline
_EPSILON: Final = 0.1  # of a match, where no bigram matches (Chen and Cherry, WMT 2014, method 1)


class Radcliq(SumMetric):
    """Mean over cases of `radcliq_v1` and `radcliq_v0`, in [-2, inf), lower is better; with all parts 1 they are -1.4407 and -0.2421.

    Made for reports of chest X-rays: it was fitted to errors that radiologists counted in MIMIC-CXR.

    Both are raw: v0 reads as a number of errors, v1 is centred near 0. No reciprocal is taken, as some tables do, for it
    explodes near 0. The parts are printed too, higher is better: `radcliq_radgraph`, the mean of RadGraph's entity F1 and relation F1;
    `radcliq_bertscore`, rescaled F1; `radcliq_semb_score`; `radcliq_bleu_2`.

    BERTScore has no IDF weights, as in the published code: with one reference all of them are 0, and an equal pair gets its worst
    value. An empty candidate has 0 in each part before rescaling. Of several references, the one of lowest v1 counts for all values.

    Args:
        radgraph: a model card of family `radgraph`, version v1.
        chexbert: a model card of family `chexbert`.
        encoder: a model card of family `encoder`: distilroberta-base, layer 5.
        baseline: of BERTScore's F1, for another encoder.
    """

    name: ClassVar[str] = "radcliq"
    papers = ("yu2023evaluating",)
    scope: ClassVar[str] = "chest X-ray reports"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"radcliq_v0", "radcliq_v1"})
    columns: tuple[str, ...] = ("v0", "v1", *PARTS, "cases")

    def __init__(
        self,
        *,
        radgraph: str = "radgraph",
        chexbert: str = "chexbert",
        encoder: str = "distilroberta-base",
        baseline: float = _BASELINE,
    ) -> None:
        if not -1 <= baseline < 1:
            raise ContentError(f"metric `radcliq`: `baseline` should be a cosine below 1, got `{baseline}`")
        self.radgraph, self.chexbert, self.encoder = self.annotators = (radgraph, chexbert, encoder)
        self.baseline = baseline

    def signature(self) -> dict[str, str]:
        return {"idf": "no", "baseline": f"{self.baseline:.6g}", "refs": "lowest v1"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        if replies or not worded(case)[0]:
            return []
        return [*ask_each(self.radgraph, case), *ask_each(self.chexbert, case, "embed"), *ask_pairs(self.encoder, case)]

    def row(self, case: Case) -> Row | Excluded:
        candidate, references = worded(case)
        if not references:
            return NO_REFERENCE
        if any(reply.error is not None for reply in case.annotations):
            return FAILED
        parts = self._parts(case, candidate, references) if candidate else np.zeros((1, len(PARTS)))
        parts[:, 1] = rescaled(parts[:, 1], np.array(self.baseline))
        scores = radcliq(parts)
        best = scores[:, 1].argmin()
        return np.array([*scores[best], *parts[best], 1.0])

    def value(self, sums: Floats) -> Values:
        n = sums[:, -1]
        scores = {f"radcliq_{version}": ratio(sums[:, i], n) for i, version in enumerate(("v0", "v1"))}
        return scores | {f"radcliq_{part}": ratio(sums[:, 2 + i], n) for i, part in enumerate(PARTS)}

    def _parts(self, case: Case, candidate: str, references: Sequence[str]) -> Floats:
        """The four parts for each reference, shape (n references, 4), BERTScore not yet rescaled."""
        n = 1 + len(references)
        graphs, pairs = case.annotations[:n], case.annotations[2 * n :]
        semb = semb_scores(replace(case, annotations=case.annotations[n : 2 * n]))
        said, *wanted = map(_graph, graphs)
        return np.array(
            [
                [radgraph_combined(said, graph) for graph in wanted],
                [numbers(reply, ("f1",), self.name)[0] for reply in pairs],
                semb,
                [bleu_2(candidate, text) for text in references],
            ],
            dtype=np.float64,
        ).T


Graph = tuple[frozenset[Hashable], frozenset[Hashable]]  # entities, relations


def radcliq(parts: Floats) -> Floats:
    """RadCliQ v0 and v1, shape (n, 2), of PARTS, shape (n, 4).

    >>> radcliq(np.ones((1, 4))).round(4)
    array([[-0.2421, -1.4407]])
    """
    scores: Floats = ((parts[:, None] - _MEAN) / _SCALE * _COEFFICIENT).sum(axis=2) + _INTERCEPT
    return scores


def radgraph_combined(candidate: Graph, reference: Graph) -> float:
    """The mean of the F1 of entities and the F1 of relations; F1 is 0 where either side has none."""
    f1 = [
        2 * len(said & wanted) / (len(said) + len(wanted)) if said and wanted else 0.0
        for said, wanted in zip(candidate, reference, strict=True)
    ]
    return sum(f1) / 2


def bleu_2(candidate: str, reference: str) -> float:
    """BLEU-2 of one sentence, in lower case, split at blanks after setting full stops apart; 0 where no word matches.

    >>> bleu_2("The heart is large.", "The heart is large.")
    1.0
    """
    said, wanted = (text.lower().replace(".", " .").split() for text in (candidate, reference))
    words = common(said, wanted)
    if not words:
        return 0.0
    bigrams = common(ngrams(said, 2), ngrams(wanted, 2)) or _EPSILON
    brevity = min(1.0, math.exp(1 - len(wanted) / len(said)))
    return brevity * math.sqrt(words / len(said) * bigrams / max(1, len(said) - 1))


def _graph(reply: Reply) -> Graph:
    """The entities (tokens, label) and relations (entity, entity, kind) of an annotation, as sets."""
    try:
        entities = json.loads(str(reply.output))["entities"]
        named = {key: (entity["tokens"], entity["label"]) for key, entity in entities.items()}
        relations = {(named[key], named[other], kind) for key, entity in entities.items() for kind, other in entity["relations"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScoringError("metric `radcliq`: its annotator does not give RadGraph entities; name another one as `radgraph`") from error
    return frozenset(named.values()), frozenset(relations)
