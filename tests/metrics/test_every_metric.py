"""The contract of radbench.metrics.base, held by every metric of the room on a small corpus of its own.

A new metric needs an entry in `CORPORA`; without one `test_every_metric_has_a_corpus` fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import radbench.metrics
from radbench.metrics.base import Metric
from radbench.sample import Abstained, Box, Boxes, Case, Choice, LabelSet, Media, Points, Unparsed, Vectors

METRICS = sorted(
    path.stem
    for path in Path(radbench.metrics.__file__).parent.glob("*.py")
    if path.stem not in {"base", "tokens"} and not path.stem.startswith("_")
)


@dataclass(frozen=True)
class Corpus:
    """Cases with mixed answers, and the answers that would have been perfect."""

    cases: list[Case]
    perfect: list[object]
    options: dict = field(default_factory=dict)
    no_score: str = r"(?!)"  # pattern of names of values that only describe the corpus
    tolerance: float = 1e-9  # distance of a perfect value from the best one


def identified(*rows, **fields):
    """Cases of (answer, reference), numbered."""
    return [Case.of(answer, [reference], id=str(i), **fields) for i, (answer, reference) in enumerate(rows)]


LUNGS = "The lungs are clear without effusion or pneumothorax on either side."
HEART = "The heart is enlarged and a small left pleural effusion has formed since."
TEXTS = Corpus(
    identified(
        (HEART, LUNGS), ("The heart is not enlarged.", HEART), (LUNGS, LUNGS), (None, HEART), (Unparsed("a table"), LUNGS), ("", HEART)
    ),
    [LUNGS, HEART, LUNGS, HEART, LUNGS, HEART],
)

YES, NO = Choice("yes", {"yes": 0.9, "no": 0.1}), Choice("no", {"yes": 0.2, "no": 0.8})
SURE = {"yes": Choice("yes", {"yes": 1.0, "no": 0.0}), "no": Choice("no", {"yes": 0.0, "no": 1.0})}
TRUE = ["yes", "no", "no", "yes", "yes"]
CHOICES = Corpus(
    identified(*zip([YES, YES, NO, None, Abstained("unclear")], map(Choice, TRUE), strict=True), options=("no", "yes")),
    [SURE[label] for label in TRUE],
)

SETS = Corpus(
    identified(
        (LabelSet(("edema",)), LabelSet(("edema", "effusion"))),
        (LabelSet(("fracture",)), LabelSet(("fracture",))),
        (Unparsed("prose"), LabelSet(("effusion",))),
        options=("edema", "effusion", "fracture"),
    ),
    [LabelSet(("edema", "effusion")), LabelSet(("fracture",)), LabelSet(("effusion",))],
    no_score="support:.*",
)

BOX, FAR = Box(0, 0, 10, 10, score=0.8), Box(40, 40, 60, 60, score=0.3)
REFERENCE_BOXES = [Boxes((replace(BOX, score=None),)), Boxes((replace(BOX, score=None), replace(FAR, score=None))), Boxes(())]
BOXES = Corpus(
    identified(*zip([Boxes((BOX, FAR)), Boxes((replace(BOX, x1=9),)), None], REFERENCE_BOXES, strict=True)),
    [Boxes((BOX,)), Boxes((BOX, FAR)), Boxes(())],
)
POINTS = Corpus(
    identified(*zip([Points(((5, 5), (20, 20))), Points(((50, 50),)), Unparsed("prose")], REFERENCE_BOXES, strict=True)),
    [Points(((5, 5),)), Points(((5, 5), (50, 50))), Points(())],
)


def embedded(angle, other):
    return Vectors.of(np.array([[np.cos(a), np.sin(a)] for a in (angle, other)]))


PAIRS = Corpus(
    [
        Case.of(answer, [f"Nodule of {i} mm."], id=str(i), media=(Media(name="demo", path=f"{i}.png"),))
        for i, answer in enumerate([embedded(0, 0.1), embedded(1, 2.2), embedded(2, 1.1), None, embedded(4, 3.9)])
    ],
    [embedded(a, a) for a in range(5)],
    no_score="random_.*",
)

CORPORA = {
    "abstention": replace(
        CHOICES,
        cases=[*CHOICES.cases, Case.of(Abstained("unclear"), [Abstained("no answer")], id="5")],
        perfect=[*CHOICES.perfect, Abstained("unclear")],
        no_score="coverage",  # declining in the right place lowers it
    ),
    "answer_text": TEXTS,
    "bleu": TEXTS,
    "boxes": BOXES,
    "calibration": CHOICES,
    "chrf": TEXTS,
    "cider": TEXTS,
    "classification": replace(CHOICES, options={"positive": "yes", "ordinal": True}),
    "discrimination": CHOICES,
    "meteor": replace(TEXTS, tolerance=0.5 / 12**3),  # of a text of twelve words against itself
    "multilabel": SETS,
    "points": POINTS,
    "retrieval": PAIRS,
    "rouge": TEXTS,
}


@pytest.fixture(params=METRICS)
def name(request):
    if request.param not in CORPORA:
        pytest.skip("test_every_metric_has_a_corpus says what to do")
    return request.param


def class_of(name) -> type[Metric]:
    return getattr(import_module(f"radbench.metrics.{name}"), "".join(part.capitalize() for part in name.split("_")))


def prepared(name, cases=None) -> Metric:
    metric = class_of(name)(**CORPORA[name].options)
    metric.prepare(CORPORA[name].cases if cases is None else cases)
    return metric


def kept(rows):
    return rows.array[[reason is None for reason in rows.excluded]]


def values(metric, cases, weights=None):
    rows = kept(metric.measure(cases))
    return metric.aggregate(rows, np.ones((1, len(rows))) if weights is None else weights)


def is_same(one, other):
    assert one.keys() == other.keys()
    for value in one:
        np.testing.assert_allclose(one[value], other[value], rtol=1e-9, atol=1e-12, err_msg=value)
    return True


def test_every_metric_has_a_corpus():
    assert set(METRICS) <= set(CORPORA), "add a corpus for a new metric"


def test_the_class_is_named_after_its_file_and_its_docstring_states_the_range(name):
    cls = class_of(name)

    assert issubclass(cls, Metric)
    assert cls.name == name
    assert re.search(r"\[[-\w]+, [\w -]+[\])]|share in \[", cls.__doc__ or ""), "say in which range the values lie"
    assert "better" in cls.__doc__


def test_options_are_keyword_only_and_the_signature_is_text(name):
    metric = prepared(name)

    assert "__init__" not in vars(type(metric)) or not type(metric).__init__.__defaults__
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in metric.signature().items())
    assert isinstance(metric.fingerprint(), str)


def test_perfect_answers_have_the_best_values(name):
    corpus = CORPORA[name]
    cases = [replace(case, answer=Case.of(answer, []).answer) for case, answer in zip(corpus.cases, corpus.perfect, strict=True)]
    metric = prepared(name, cases)
    best_of_low = {value: 1 if "rank" in value else 0 for value in metric.lower_is_better}
    scores = {value: array[0] for value, array in values(metric, cases).items() if not re.fullmatch(corpus.no_score, value)}

    assert scores == pytest.approx({value: best_of_low.get(value, metric.best) for value in scores}, abs=corpus.tolerance)


def test_values_that_are_better_low_exist(name):
    assert class_of(name).lower_is_better <= values(prepared(name), CORPORA[name].cases).keys()


def test_rows_have_the_declared_columns_and_the_values_one_number_a_weighting(name):
    metric, cases = prepared(name), CORPORA[name].cases
    rows = metric.measure(cases)
    n_kept = len(kept(rows))

    assert rows.array.shape == (len(cases), len(metric.columns))
    assert len(set(metric.columns)) == len(metric.columns)
    assert np.isnan(rows.array[[reason is not None for reason in rows.excluded]]).all()
    assert {value.shape for value in metric.aggregate(kept(rows), np.ones((3, n_kept))).values()} == {(3,)}


def test_a_batch_equals_its_cases_one_by_one(name):
    metric, cases = prepared(name), CORPORA[name].cases
    together = metric.measure(cases)
    alone = [metric.measure([case]) for case in cases]

    np.testing.assert_array_equal(together.array, np.concatenate([rows.array for rows in alone]))
    assert together.excluded == tuple(reason for rows in alone for reason in rows.excluded)
    assert metric.measure([]).array.shape == (0, len(metric.columns))


def test_the_order_of_cases_is_irrelevant(name):
    cases = CORPORA[name].cases

    assert is_same(values(prepared(name), cases), values(prepared(name, cases[::-1]), cases[::-1]))
    assert prepared(name).fingerprint() == prepared(name, cases[::-1]).fingerprint()


def test_a_case_alone_has_the_value_of_a_weighting_with_all_weight_on_it(name):
    metric, cases = prepared(name), CORPORA[name].cases
    rows = kept(metric.measure(cases))
    one_hot = metric.aggregate(rows, np.eye(len(rows)))
    for i in range(len(rows)):
        assert is_same({value: array[i : i + 1] for value, array in one_hot.items()}, metric.aggregate(rows[i : i + 1], np.ones((1, 1))))


def test_a_case_counted_twice_and_a_weight_of_two_are_the_same(name):
    metric, cases = prepared(name), CORPORA[name].cases
    rows = kept(metric.measure(cases))
    weights = 1.0 + np.arange(len(rows)) % 2
    repeated = np.repeat(rows, weights.astype(int), axis=0)

    assert is_same(metric.aggregate(rows, weights[None]), metric.aggregate(repeated, np.ones((1, len(repeated)))))


def test_no_weight_and_no_case_give_nan_without_a_warning(name):
    metric = prepared(name)
    rows = kept(metric.measure(CORPORA[name].cases))
    for nothing in (metric.aggregate(rows, np.zeros((2, len(rows)))), metric.aggregate(rows[:0], np.zeros((2, 0)))):
        assert {value for value, array in nothing.items() if not np.isnan(array).all()} == set()


@pytest.mark.parametrize("answer", [None, Unparsed("prose"), Abstained("unclear")])
def test_a_case_without_a_readable_answer_counts_as_declared(name, answer):
    cases = [replace(CORPORA[name].cases[0], answer=answer)]
    metric = prepared(name)
    rows = metric.measure(cases)
    if metric.when_missing == "excluded":
        assert rows.excluded == ("no readable answer",)
    else:
        assert rows.excluded == (None,)


def test_a_missing_answer_makes_no_value_better(name):
    metric, corpus = prepared(name), CORPORA[name]
    if metric.when_missing == "excluded":
        pytest.skip("it leaves such cases out")
    with_answers = [replace(case, answer=Case.of(answer, []).answer) for case, answer in zip(corpus.cases, corpus.perfect, strict=True)]
    missing_one = [replace(with_answers[0], answer=None), *with_answers[1:]]
    before, after = (values(prepared(name, cases), cases) for cases in (with_answers, missing_one))
    for value in (value for value in before if not re.fullmatch(corpus.no_score, value)):
        sign = -1 if value in metric.lower_is_better else 1
        assert sign * after[value][0] <= sign * before[value][0] + corpus.tolerance, value


def test_the_same_cases_give_the_same_bytes(name):
    cases = CORPORA[name].cases
    one, other = (prepared(name).measure(cases) for _ in range(2))

    assert one.array.tobytes() == other.array.tobytes()
    assert one.excluded == other.excluded
