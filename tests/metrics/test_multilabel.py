"""Sets of labels against scikit-learn 1.9 and against stored values of its classification report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import classification_report, f1_score

from radbench.metrics.multilabel import Multilabel
from radbench.sample import Case, Choice, LabelSet, Unparsed

FINDINGS = ("atelectasis", "cardiomegaly", "effusion", "pneumothorax")


def measured(cases, weights=None):
    metric = Multilabel()
    metric.prepare(cases)
    rows = metric.measure(cases)
    weights = np.ones(len(cases)) if weights is None else np.array(weights, float)
    return {name: value[0] for name, value in metric.aggregate(rows.array, weights[None]).items()}


def indicators(sets):
    return np.array([[finding in labels for finding in FINDINGS] for labels in sets])


label_sets = st.sets(st.sampled_from(FINDINGS))


@settings(max_examples=50)
@given(st.lists(st.tuples(label_sets, label_sets, st.integers(1, 4)), min_size=1, max_size=20))
def test_all_averages_are_those_of_scikit_learn(rows):
    true, predicted, weights = zip(*rows, strict=True)
    cases = [Case.of(LabelSet(tuple(p)), [LabelSet(tuple(t))], options=FINDINGS) for t, p in zip(true, predicted, strict=True)]
    values = measured(cases, weights)

    def f1(average):
        return f1_score(indicators(true), indicators(predicted), average=average, sample_weight=weights, zero_division=0)

    assert {name: values[f"f1_{name}"] for name in ("micro", "macro", "weighted", "samples")} == pytest.approx(
        {name: f1(name) for name in ("micro", "macro", "weighted", "samples")}
    )
    assert [values[f"f1:{finding}"] for finding in FINDINGS] == pytest.approx(f1(None))


@pytest.mark.parametrize("policy", ["uncertain=positive", "uncertain=negative"])
@pytest.mark.parametrize("n_labels", [14, 5])
def test_random_label_matrices_give_the_stored_report(shared_dir, policy, n_labels):
    block = json.loads((shared_dir / "reference" / "metric_values.json").read_text("utf-8"))["chexbert_label_f1_random"]
    expected = block["expected"][f"{policy},{n_labels}"]
    kept = range(14) if n_labels == 14 else block["five_indices"]
    positive = {1, 3} if policy == "uncertain=positive" else {1}
    options = tuple(block["labels"][i] for i in kept)

    def label_set(classes):
        return LabelSet(tuple(block["labels"][i] for i in kept if classes[i] in positive))

    pairs = zip(block["hypothesis"], block["reference"], strict=True)
    values = measured([Case.of(label_set(h), [label_set(r)], options=options) for h, r in pairs])

    for average in ("micro", "macro", "weighted", "samples"):
        assert values[f"f1_{average}"] == pytest.approx(expected[f"{average}_f1"])
    assert values["precision_micro"] == pytest.approx(expected["micro_precision"])
    assert values["recall_micro"] == pytest.approx(expected["micro_recall"])
    assert values["exact_match"] == pytest.approx(expected["exact_match"])
    assert {label: values[f"f1:{label}"] for label in options} == pytest.approx(expected["label_f1"])
    assert {label: values[f"support:{label}"] for label in options} == expected["support"]


def test_a_label_without_support_counts_in_macro_and_not_in_macro_supported():
    values = measured([Case.of(LabelSet(("effusion",)), [LabelSet(("effusion",))], options=FINDINGS)])
    report = classification_report(indicators([{"effusion"}]), indicators([{"effusion"}]), output_dict=True, zero_division=0)

    assert values["f1_macro"] == report["macro avg"]["f1-score"] == 0.25
    assert values["f1_macro_supported"] == 1


def test_two_empty_sets_match_exactly_and_an_unparsed_answer_does_not():
    values = measured([Case.of(LabelSet(()), [LabelSet(())]), Case.of(Unparsed("prose"), [LabelSet(())])])

    assert (values["exact_match"], values["f1_samples"], values["f1_micro"]) == (0.5, 0, 0)


def test_an_unparsed_answer_misses_every_label_of_the_reference():
    values = measured([Case.of(None, [LabelSet(("effusion",))]), Case.of(LabelSet(("effusion",)), [LabelSet(("effusion",))])])

    assert (values["recall_micro"], values["precision_micro"]) == (0.5, 1)


def test_a_label_beyond_the_vocabulary_is_a_false_positive():
    values = measured([Case.of(LabelSet(("effusion", "mass")), [LabelSet(("effusion",))])])

    assert (values["precision_micro"], values["exact_match"], values["f1_samples"]) == (0.5, 0, pytest.approx(2 / 3))


def test_the_nearest_of_several_references_counts():
    references = [LabelSet(("effusion",)), LabelSet(("cardiomegaly", "effusion"))]

    assert measured([Case.of(LabelSet(("effusion", "cardiomegaly")), references)])["exact_match"] == 1


def test_a_case_without_a_label_set_as_reference_is_left_out():
    assert Multilabel().measure([Case.of(LabelSet(()), [Choice("yes")])]).excluded == ("no label set among the references",)
