"""The contract of radbench.metrics.base, held by every metric of the room on a small corpus of its own.

A new metric needs an entry in `CORPORA`; without one `test_every_metric_has_a_corpus` fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from judges import JUDGES

import radbench.metrics
from radbench.findings import LABELS
from radbench.media import Reader
from radbench.metrics.base import Metric
from radbench.metrics.bertscore import Bertscore
from radbench.metrics.chexbert import Chexbert
from radbench.metrics.crimson import Crimson
from radbench.metrics.equivalence import Equivalence
from radbench.metrics.grad import Grad
from radbench.metrics.green import Green
from radbench.metrics.hallucination import Hallucination
from radbench.metrics.radcliq import Radcliq
from radbench.metrics.radfact import Radfact
from radbench.metrics.radgraph import Radgraph
from radbench.metrics.ratescore import TYPES, Ratescore
from radbench.metrics.rubric import Rubric
from radbench.metrics.scope import CHEST_XRAY, RADIOLOGY
from radbench.metrics.semb_score import SembScore
from radbench.metrics.similarity import Similarity
from radbench.metrics.terms import Terms
from radbench.models.rules_14 import Rules14
from radbench.sample import Abstained, Box, Boxes, Case, Choice, LabelSet, Media, Points, Reply, Request, Unparsed, Vectors

METRICS = sorted(
    path.stem
    for path in Path(radbench.metrics.__file__).parent.glob("*.py")
    if path.stem not in {"base", "scope", "tokens"} and not path.stem.startswith("_")
)


@dataclass(frozen=True)
class Corpus:
    """Cases with mixed answers, and the answers that would have been perfect."""

    cases: list[Case]
    perfect: list[object]
    options: dict = field(default_factory=dict)
    no_score: str = r"(?!)"  # pattern of names of values that only describe the corpus
    tolerance: float = 1e-9  # distance of a perfect value from the best one
    annotate: Callable[[Request], Reply] | None = None  # answers what the metric asks; `answered` gives cases their annotations


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


def annotated(corpus, metric) -> Corpus:
    """The corpus with its own answers' annotations, asked for by a metric of its options."""
    asking = metric(**corpus.options)
    return replace(corpus, cases=[replace(case, annotations=replies(asking, case, corpus.annotate)) for case in corpus.cases])


def replies(metric, case, annotate) -> tuple[Reply, ...]:
    """The replies to all that the metric asks about a case, in rounds."""
    found: list[Reply] = []
    while asks := metric.asks(case, found):
        found += [annotate(ask.request) for ask in asks]
    return tuple(found)


def found_terms(request: Request) -> Reply:
    """A few words, as an extractor of terms gives them."""
    return Reply(output=json.dumps([term for term in ("effusion", "pneumothorax", "heart", "lungs") if term in request.turns[-1].parts[0]]))


def found_entities(request: Request) -> Reply:
    """A few words as entities, the first of them modifying the last, as RadGraph gives them."""
    words = [
        word for word in ("small", "left", "pleural", "effusion", "pneumothorax", "heart", "lungs") if word in request.turns[-1].parts[0]
    ]
    entities = {str(i): {"tokens": word, "label": "OBS-DP", "relations": []} for i, word in enumerate(words)}
    if len(words) > 1:
        entities["0"]["relations"] = [["modify", str(len(words) - 1)]]
    return Reply(output=json.dumps({"entities": entities}))


@cache
def rules() -> Rules14:
    made = Rules14()
    made.load(Reader({}))
    return made


def rule_labels(request: Request) -> Reply:
    """The labels of radbench's own rules."""
    return rules().annotate([request])[0]


NODULE = "A 9 mm nodule lies in the left lung."
STUDIES = Corpus(
    identified(
        (NODULE.replace("9 mm nodule lies in the left", "12 mm nodule is again seen in the right"), NODULE),
        (HEART, LUNGS),
        ("", LUNGS),
        (None, LUNGS),
        media=(Media(name="demo", path="film.png", view="PA"),),
    ),
    [NODULE, LUNGS, LUNGS, LUNGS],
    no_score="told:.*",
    annotate=rule_labels,
)


def named_labels(request: Request) -> Reply:
    """A labeller that finds a label present where its name is written."""
    return Reply(output={label: float(label in request.turns[-1].parts[0]) for label in LABELS})


FINDINGS = Corpus(
    identified(
        (", ".join(LABELS[:9]), ", ".join(LABELS[:7])),
        (", ".join(LABELS[3:]), ", ".join(LABELS[7:])),
        ("", LABELS[4]),
        (None, LABELS[5]),
    ),
    [", ".join(LABELS[:7]), ", ".join(LABELS[7:]), LABELS[4], LABELS[5]],
    no_score="support:.*",
    annotate=named_labels,
)


def letters(text) -> np.ndarray:
    """An encoder: how often each letter occurs."""
    return np.array([text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"], dtype=np.float64)


def compared(request: Request) -> Reply:
    """Two texts compared by their letters."""
    said, wanted = map(letters, request.turns[-1].parts)
    cosine = float(said @ wanted / np.linalg.norm(said) / np.linalg.norm(wanted))
    return Reply(output=dict.fromkeys(("precision", "recall", "f1", "cosine"), cosine))


def embedded_letters(request: Request) -> Reply:
    """A vector of letters for each text."""
    return Reply(output=Vectors.of(np.stack([letters(part) for part in request.turns[-1].parts])))


def graph_or_vectors(request: Request) -> Reply:
    """What each part of RadCliQ asks for; in the graph each word is an entity that modifies the next one."""
    parts = request.turns[-1].parts
    if request.kind == "embed":
        return embedded_letters(request)
    if len(parts) == 2:
        return compared(request)
    words = parts[0].split()
    relations = [[["modify", str(i + 1)]] for i in range(len(words) - 1)] + [[]]
    entities = {str(i): {"tokens": word, "label": "OBS-DP", "relations": relations[i]} for i, word in enumerate(words)}
    return Reply(output=json.dumps({"entities": entities}))


def judged(metric, no_score=r"(?!)") -> Corpus:
    """The texts as a judge of that metric finds them; one candidate it gives no readable answer on."""
    return annotated(replace(TEXTS, options={"judge": "judge"}, no_score=no_score, annotate=JUDGES[metric.name]), metric)


def entities_or_vectors(request: Request) -> Reply:
    """Words as entities, their type by their length, and then their vectors."""
    if request.kind == "embed":
        return embedded_letters(request)
    words = request.turns[-1].parts[0].split()
    return Reply(output=json.dumps({"entities": [{"text": word, "type": TYPES[len(word) % len(TYPES)]} for word in words]}))


CORPORA = {
    "abstention": replace(
        CHOICES,
        cases=[*CHOICES.cases, Case.of(Abstained("unclear"), [Abstained("no answer")], id="5")],
        perfect=[*CHOICES.perfect, Abstained("unclear")],
        no_score="coverage",  # declining in the right place lowers it
    ),
    "answer_text": TEXTS,
    "bertscore": annotated(replace(TEXTS, annotate=compared), Bertscore),
    "bleu": TEXTS,
    "boxes": BOXES,
    "calibration": CHOICES,
    "chexbert": annotated(FINDINGS, Chexbert),
    "chrf": TEXTS,
    "cider": TEXTS,
    "classification": replace(CHOICES, options={"positive": "yes", "ordinal": True}),
    "coco_rouge": TEXTS,
    "crimson": judged(Crimson),
    "discrimination": CHOICES,
    "evaluate": replace(TEXTS, options={"module": str(Path(__file__).parent / "overlap.py"), "value": "overlap"}),
    "equivalence": judged(Equivalence, no_score="judged"),
    "grad": judged(Grad),
    "green": judged(Green, no_score="matched"),
    "hallucination": annotated(STUDIES, Hallucination),
    "meteor": replace(TEXTS, tolerance=0.5 / 12**3),  # of a text of twelve words against itself
    "multilabel": SETS,
    "points": POINTS,
    "radcliq": annotated(replace(TEXTS, annotate=graph_or_vectors, no_score="radcliq_v[01]"), Radcliq),
    "radfact": judged(Radfact, no_score="phrases|reference_phrases"),
    "ratescore": annotated(replace(TEXTS, annotate=entities_or_vectors, no_score="ratescore_no_entity"), Ratescore),
    "radgraph": annotated(replace(TEXTS, no_score="radgraph_(both|one)_empty", annotate=found_entities), Radgraph),
    "retrieval": PAIRS,
    "rouge": TEXTS,
    "rubric": judged(Rubric),
    "semb_score": annotated(replace(TEXTS, annotate=embedded_letters), SembScore),
    "similarity": annotated(replace(TEXTS, annotate=compared), Similarity),
    "temporal": replace(TEXTS, no_score="temporal_mentioned"),
    "terms": annotated(replace(TEXTS, no_score="terms_recall_undefined", annotate=found_terms), Terms),
}


@pytest.fixture(params=METRICS)
def name(request):
    if request.param not in CORPORA:
        pytest.skip("test_every_metric_has_a_corpus says what to do")
    if request.param == "evaluate":
        pytest.importorskip("evaluate", reason="needs the extra `evaluate`")
    return request.param


def class_of(name) -> type[Metric]:
    return getattr(import_module(f"radbench.metrics.{name}"), "".join(part.capitalize() for part in name.split("_")))


def answered(name, case, answer) -> Case:
    """The case with another answer, and what its metric then asks answered by the corpus."""
    changed = replace(case, answer=answer)
    annotate = CORPORA[name].annotate
    if annotate is None:
        return changed
    return replace(changed, annotations=replies(class_of(name)(**CORPORA[name].options), changed, annotate))


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


def test_every_metric_says_what_it_was_made_for_and_has_a_scope_that_a_board_can_hold_against_a_task(name):
    cls = class_of(name)

    assert re.search(r"\bMade for \w", cls.__doc__ or "")
    assert cls.scope in {"any", CHEST_XRAY, RADIOLOGY}


def test_every_metric_says_what_it_cites_but_those_that_are_defined_here_or_elsewhere(name):
    own = {"equivalence", "rubric"}  # questions of radbench's own to a judge
    anyones = {"evaluate"}  # a module cites what it cites

    assert bool(class_of(name).papers) == (name not in own | anyones)


def test_options_are_keyword_only_and_the_signature_is_text(name):
    metric = prepared(name)

    assert "__init__" not in vars(type(metric)) or not type(metric).__init__.__defaults__
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in metric.signature().items())
    assert isinstance(metric.fingerprint(), str)


def test_perfect_answers_have_the_best_values(name):
    corpus = CORPORA[name]
    cases = [answered(name, case, Case.of(answer, []).answer) for case, answer in zip(corpus.cases, corpus.perfect, strict=True)]
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
    cases = [answered(name, CORPORA[name].cases[0], answer)]
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
    with_answers = [answered(name, case, Case.of(answer, []).answer) for case, answer in zip(corpus.cases, corpus.perfect, strict=True)]
    missing_one = [answered(name, with_answers[0], None), *with_answers[1:]]
    before, after = (values(prepared(name, cases), cases) for cases in (with_answers, missing_one))
    for value in (value for value in before if not re.fullmatch(corpus.no_score, value)):
        sign = -1 if value in metric.lower_is_better else 1
        assert sign * after[value][0] <= sign * before[value][0] + corpus.tolerance, value


def test_the_same_cases_give_the_same_bytes(name):
    cases = CORPORA[name].cases
    one, other = (prepared(name).measure(cases) for _ in range(2))

    assert one.array.tobytes() == other.array.tobytes()
    assert one.excluded == other.excluded
