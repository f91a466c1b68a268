"""F1 of labels: against scikit-learn, policies for uncertainty, empty texts and failed labellers."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.errors import ScoringError
from radbench.findings import FIVE, LABELS
from radbench.metrics.base import Excluded
from radbench.metrics.chexbert import Chexbert
from radbench.sample import Case, Reply, Request, Turn


def labelled(said, *wanted, candidate="said", references=None):
    """A case with ready labels: {label: class} of the candidate (None: it is empty) and of each reference."""
    texts = [f"wanted {i}" for i in range(len(wanted))] if references is None else references
    plain = Case.of(candidate if said is not None else "", texts)
    replies = [Reply(output={**dict.fromkeys(LABELS, 0), **labels}) for labels in (*([said] if said is not None else []), *wanted)]
    return Case(plain.sample, plain.answer, 0, tuple(replies))


def values(cases, **options):
    metric = Chexbert(**options)
    rows = metric.measure(cases)
    assert set(rows.excluded) == {None}
    return {name: array[0] for name, array in metric.aggregate(rows.array, np.ones((1, len(cases)))).items()}


@pytest.mark.parametrize("uncertain", ["positive", "negative"])
def test_many_random_labels_have_the_values_of_scikit_learn_itself(uncertain):
    sklearn = pytest.importorskip("sklearn.metrics", reason="needs the `test` extra")
    rng = np.random.default_rng(11)
    said, wanted = rng.choice(4, (2, 60, 14), p=[0.6, 0.2, 0.1, 0.1])
    cases = [labelled(dict(zip(LABELS, a, strict=True)), dict(zip(LABELS, b, strict=True))) for a, b in zip(said, wanted, strict=True)]
    found = values(cases, uncertain=uncertain)
    present = [1, 3] if uncertain == "positive" else [1]
    for name, columns in {"14": range(14), "5": [LABELS.index(label) for label in FIVE]}.items():
        truth, claim = np.isin(wanted[:, columns], present), np.isin(said[:, columns], present)
        for average in ("micro", "macro", "weighted", "samples"):
            expected = sklearn.f1_score(truth, claim, average=average, zero_division=0)
            assert found[f"f1_{name}_{average}"] == pytest.approx(expected, abs=1e-12), (name, average)
        assert found[f"exact_{name}"] == sklearn.accuracy_score(truth, claim)


def test_uncertain_labels_count_as_the_policy_says():
    case = labelled({"Edema": 3, "Fracture": 1}, {"Edema": 1, "Fracture": 1})
    assert values([case], uncertain="positive")["f1_14_micro"] == 1
    assert values([case], uncertain="negative")["f1_14_micro"] == pytest.approx(2 / 3)
    dropped = values([case], uncertain="drop")
    assert dropped["f1_14_micro"] == 1
    assert dropped["support:Edema"] == 0


def test_negative_and_blank_are_the_same():
    assert values([labelled({"Edema": 2, "Fracture": 1}, {"Edema": 0, "Fracture": 1})])["exact_14"] == 1


def test_labels_are_matched_by_name_whatever_their_order():
    case = labelled({"Edema": 1}, {"Edema": 1})
    turned = tuple(Reply(output=dict(reversed(reply.output.items()))) for reply in case.annotations)
    assert values([Case(case.sample, case.answer, 0, turned)]) == values([case])


def test_macro_over_supported_labels_leaves_out_those_no_reference_has():
    found = values([labelled({"Edema": 1, "Fracture": 1}, {"Edema": 1})])
    assert found["f1_14_macro"] == pytest.approx(1 / 14)
    assert found["f1_14_macro_supported"] == 1


def test_exact_match_on_five_does_not_see_the_other_labels():
    found = values([labelled({"Fracture": 1}, {})])
    assert (found["exact_5"], found["exact_14"]) == (1, 0)


def test_of_several_references_the_best_counts():
    assert values([labelled({"Edema": 1}, {"Fracture": 1}, {"Edema": 1}, {})])["exact_14"] == 1


def test_the_candidate_and_each_reference_are_put_to_the_annotator_in_one_round():
    metric = Chexbert(annotator="mine")
    asks = metric.asks(Case.of("Edema.", ["Fluid.", " ", "Wet."]), [])
    assert [ask.annotator for ask in asks] == ["mine"] * 3
    assert [ask.request for ask in asks] == [
        Request(kind="annotate", turns=(Turn("user", (text,)),)) for text in ("Edema.", "Fluid.", "Wet.")
    ]
    assert metric.asks(Case.of("Edema.", ["Fluid."]), [Reply(output={}), Reply(output={})]) == []
    assert metric.asks(Case.of("Edema.", [""]), []) == []


def test_an_empty_candidate_is_not_asked_about_and_states_nothing():
    case = labelled(None, {"Edema": 1})
    assert len(Chexbert().asks(case, [])) == 1
    found = values([case])
    assert (found["f1_14_micro"], found["recall_5_micro"]) == (0, 0)


def test_a_case_without_reference_or_with_a_failed_labeller_is_left_out():
    plain = Case.of("Edema.", ["Fluid."])
    failed = Case(plain.sample, plain.answer, 0, (Reply(error="too long"), Reply(output=dict.fromkeys(LABELS, 0))))
    assert Chexbert().row(failed) == Excluded("annotator failed")
    assert Chexbert().row(Case.of("Edema.", [" "])) == Excluded("no reference text")


@pytest.mark.parametrize("output", ["text", {"Edema": 1}])
def test_an_annotator_of_something_else_is_named_as_such(output):
    plain = Case.of("Edema.", ["Fluid."])
    with pytest.raises(ScoringError, match="does not give Enlarged Cardiomediastinum"):
        Chexbert().row(Case(plain.sample, plain.answer, 0, (Reply(output=output),) * 2))
