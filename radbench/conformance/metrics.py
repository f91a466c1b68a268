"""The contract of a metric, held against generated cases of each kind of answer that it can measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.errors import RadbenchError
from radbench.metrics.base import Metric, Rows, Values
from radbench.sample import Answer, Box, Boxes, Case, Choice, LabelSet, Points, Reference, Reply, Request, Sample, Text, Vectors
from radbench.scoring.rows import Answerer, annotate
from radbench.terms import words

_TEXTS: Final = (
    "The lungs are clear without focal consolidation, effusion or pneumothorax on either side.",
    "There is a small left pleural effusion with adjacent atelectasis at the lower lobe.",
    "The heart is enlarged and the pulmonary vessels are congested in both lungs today.",
    "A rounded nodule of nine millimetres lies in the right upper lobe near the hilum.",
)
_LABELS: Final = ("no", "yes")
_FINDINGS: Final = ("effusion", "nodule", "cardiomegaly")


def check_metric(metric: Metric, name: str, answer: Answerer) -> list[str]:
    """What is wrong with a metric that is called `name` in the catalogue, one sentence each; `answer` is who answers what it asks.

    Raises:
        NotChecked: it asks somebody in whose place `answer` cannot answer.
    """
    found = _declared(metric, name)
    if found:
        return found
    asked: set[str] = set()

    def ask(annotator: str, requests: Sequence[Request]) -> Sequence[Reply]:
        asked.add(annotator)
        return answer(annotator, requests)

    measured, refusals = [], []
    for kind, made in example_cases().items():
        try:
            cases = annotate(metric, made, ask)
            without = annotate(metric, [Case(case.sample, None) for case in made], ask)
            metric.prepare(cases)
            rows = metric.measure(cases)
        except (RadbenchError, TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
            refusals.append(f"{kind}: {type(error).__name__}: {words(error)}")
            continue
        if not all(rows.excluded):
            measured.append(kind)
            found += [f"{problem} (cases of {kind})" for problem in _measured(metric, cases, rows, without)]
    if unnamed := sorted(asked - set(metric.annotators)):
        found.append(f"it asks {', '.join(f'`{one}`' for one in unnamed)}, which its `annotators` should name")
    if not measured:
        found.append(f"it measures none of the generated cases. {' '.join(refusals)}".rstrip())
    return found


def _declared(metric: Metric, name: str) -> list[str]:
    found = []
    if not isinstance(metric, Metric):
        return ["it is no `Metric`: derive it from radbench.metrics.base.Metric or SumMetric"]
    if getattr(metric, "name", "").replace("_", "-") != name.replace("_", "-"):
        found.append(f"its `name` is `{getattr(metric, 'name', '')}`, the catalogue calls it `{name}`")
    if not all(isinstance(k, str) and isinstance(v, str) for k, v in metric.signature().items()):
        found.append("`signature()` should map text to text")
    return found


def _measured(metric: Metric, cases: Sequence[Case], rows: Rows, without: Sequence[Case]) -> list[str]:
    """What is wrong with rows and values of cases that the metric can measure; `without` are these cases without an answer."""
    n, k = len(cases), len(metric.columns)
    kept = np.array([reason is None for reason in rows.excluded])
    if rows.array.shape != (n, k) or len(rows.excluded) != n:
        return [f"`measure` of {n} cases with {k} columns gave rows of shape {rows.array.shape} and {len(rows.excluded)} exclusions"]
    found = []
    if not np.isnan(rows.array[~kept]).all():
        found.append("the row of an excluded case should be NaN")
    single = np.concatenate([metric.measure([case]).array for case in cases])
    if not np.array_equal(single, rows.array, equal_nan=True):
        found.append("rows measured one by one differ from rows measured together: a row may depend on its own case only")
    found += _aggregated(metric, rows.array[kept])
    if metric.measure(without).array.shape != (n, k):
        found.append("a case without an answer needs a row or an exclusion (`missing`)")
    return found


def _aggregated(metric: Metric, rows: NDArray[np.float64]) -> list[str]:
    """Weightings: several at once, zeros that leave out, and any order of the cases."""
    n = len(rows)
    some = np.arange(n) % 4 != 0
    weights = np.stack([np.ones(n), some.astype(np.float64)])
    values = metric.aggregate(rows, weights)
    wrong = [name for name, value in values.items() if np.shape(value) != (2,)]
    if wrong or not values:
        return [f"`aggregate` under 2 weightings should give arrays of shape (2,), not so for: {', '.join(wrong) or 'no value at all'}"]
    found = []
    if not _same({name: value[1:] for name, value in values.items()}, metric.aggregate(rows[some], np.ones((1, int(some.sum()))))):
        found.append("a case with weight 0 should count as left out")
    order = np.random.default_rng(0).permutation(n)
    if not _same(values, metric.aggregate(rows[order], weights[:, order])):
        found.append("the order of cases should not change a value")
    return found


def _same(one: Values, other: Values) -> bool:
    return one.keys() == other.keys() and all(np.allclose(one[name], other[name], rtol=1e-9, atol=1e-12, equal_nan=True) for name in one)


def example_cases() -> dict[str, list[Case]]:
    """Twelve cases a kind of answer: some right, some wrong; two of each cluster."""
    rng = np.random.default_rng(7)
    kinds: dict[str, list[tuple[Answer, Reference, tuple[str, ...]]]] = {
        "texts": [],
        "choices": [],
        "label sets": [],
        "boxes": [],
        "points": [],
    }
    vectors: list[tuple[Answer, Reference, tuple[str, ...]]] = []
    for i in range(12):
        right = i % 3 != 0
        said, wanted = _LABELS[i % 2], _LABELS[(i + (not right)) % 2]
        surety = float(0.5 + 0.4 * rng.random())
        kinds["texts"].append((Text(_TEXTS[i % 4]), Text(_TEXTS[(i + (not right)) % 4]), ()))
        kinds["choices"].append((Choice(said, {said: surety, _LABELS[(i + 1) % 2]: 1 - surety}), Choice(wanted), _LABELS))
        scores = dict(zip(_FINDINGS, map(float, rng.random(3)), strict=True))
        chosen = tuple(f for f, score in scores.items() if score > 0.5)
        kinds["label sets"].append((LabelSet(chosen, scores), LabelSet(chosen if right else (_FINDINGS[i % 2],)), _FINDINGS))
        moved = 0.0 if right else 30.0
        box = Box(10 + moved, 10, 50 + moved, 50, label="nodule", score=surety)
        kinds["boxes"].append((Boxes((box,)), Boxes((Box(10, 10, 50, 50, label="nodule"),)), ()))
        kinds["points"].append((Points(((20 + 4 * moved, 20),)), Boxes((Box(10, 10, 50, 50, label="nodule"),)), ()))
        vectors.append((Vectors.of(rng.normal(size=(2, 8))), Text(f"{_TEXTS[i % 4]} Patient {i}."), ()))
    texts = {"question": "Is there an effusion?", "width": "100", "height": "100"}
    return {
        kind: [
            Case(Sample(id=f"s{i}", cluster=f"p{i // 2}", texts=texts, options=options, references=(reference,)), answer)
            for i, (answer, reference, options) in enumerate(items)
        ]
        for kind, items in {**kinds, "vectors": vectors}.items()
    }
