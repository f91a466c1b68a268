"""Classification against scikit-learn 1.9 with sample weights, and the rules of ours beside it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from radbench.errors import ContentError, ScoringError
from radbench.metrics.classification import MOST_LABELS, Classification, operating_point
from radbench.sample import Abstained, Case, Choice, Text, Unparsed

MODALITIES = ("CT", "MR", "US", "XR")
GRADES = ("none", "mild", "moderate", "severe")
NEITHER = "neither"  # what the oracle sees for an answer that is no label


def measured(metric, cases, weights=None):
    metric.prepare(cases)
    rows = metric.measure(cases)
    kept = np.array([reason is None for reason in rows.excluded])
    weights = np.ones((1, len(cases))) if weights is None else np.atleast_2d(weights)
    return {name: value[0] for name, value in metric.aggregate(rows.array[kept], weights[:, kept]).items()}


def cases_of(true, predicted, options):
    answers = [Unparsed("no label") if p == NEITHER else Choice(p) for p in predicted]
    return [Case.of(a, [Choice(t)], options=options) for t, a in zip(true, answers, strict=True)]


pairs = st.lists(
    st.tuples(st.sampled_from(MODALITIES), st.sampled_from([*MODALITIES, NEITHER]), st.integers(1, 5)), min_size=1, max_size=30
)


@settings(max_examples=50)
@given(pairs)
def test_averages_over_labels_are_those_of_scikit_learn(pairs):
    true, predicted, weights = (list(column) for column in zip(*pairs, strict=True))
    present = sorted(set(true) | set(predicted) - {NEITHER})
    values = measured(Classification(), cases_of(true, predicted, MODALITIES), np.array(weights, float))

    def f1(average):
        return oracle.f1_score(true, predicted, labels=present, average=average, sample_weight=weights, zero_division=0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # predicted classes without a reference, single labels
        expected = {
            "accuracy": oracle.accuracy_score(true, predicted, sample_weight=weights),
            "balanced_accuracy": oracle.balanced_accuracy_score(true, predicted, sample_weight=weights),
            "f1_macro": f1("macro"),
            "f1_micro": f1("micro"),
            "f1_weighted": f1("weighted"),
            "mcc": oracle.matthews_corrcoef(true, predicted, sample_weight=weights),
        }
    assert values == pytest.approx(expected, abs=1e-9)


@settings(max_examples=50)
@given(pairs)
def test_rates_of_the_positive_label_are_those_of_scikit_learn(pairs):
    true = ["CT" if t == "CT" else "MR" for t, _, _ in pairs]
    predicted = ["CT" if p in {"CT", NEITHER} else "MR" for _, p, _ in pairs]
    weights = [w for _, _, w in pairs]
    values = measured(Classification(positive="CT"), cases_of(true, predicted, ("CT", "MR")), np.array(weights, float))
    nan = {"zero_division": np.nan, "sample_weight": weights}
    expected = {
        "f1": oracle.f1_score(true, predicted, pos_label="CT", labels=["CT", "MR"], sample_weight=weights, zero_division=0),
        "sensitivity": oracle.recall_score(true, predicted, pos_label="CT", labels=["CT", "MR"], **nan),
        "specificity": oracle.recall_score(true, predicted, pos_label="MR", labels=["CT", "MR"], **nan),
        "ppv": oracle.precision_score(true, predicted, pos_label="CT", labels=["CT", "MR"], **nan),
        "npv": oracle.precision_score(true, predicted, pos_label="MR", labels=["CT", "MR"], **nan),
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected, nan_ok=True)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(GRADES), st.sampled_from(GRADES), st.integers(1, 5)), min_size=1, max_size=30))
def test_quadratic_kappa_and_error_in_grades_are_those_of_scikit_learn(pairs):
    true, predicted, weights = (list(column) for column in zip(*pairs, strict=True))
    values = measured(Classification(ordinal=True), cases_of(true, predicted, GRADES), np.array(weights, float))
    t, p = ([GRADES.index(label) for label in side] for side in (true, predicted))
    varied = len(set(t) | set(p)) > 1  # of one grade alone the oracle makes a warning
    kappa = oracle.cohen_kappa_score(t, p, labels=range(4), weights="quadratic", sample_weight=weights) if varied else np.nan

    assert values["quadratic_kappa"] == pytest.approx(kappa, abs=1e-9, nan_ok=True)
    assert values["mean_absolute_error"] == pytest.approx(oracle.mean_absolute_error(t, p, sample_weight=weights))


def test_an_answer_without_a_grade_counts_as_the_farthest_one():
    values = measured(Classification(ordinal=True), cases_of(["mild", "none"], [NEITHER, "none"], GRADES))

    assert values["mean_absolute_error"] == (2 + 0) / 2


def test_always_yes_and_always_no_score_what_arithmetic_says():
    true = ["yes"] * 3 + ["no"] * 7
    always_yes = measured(Classification(positive="yes"), cases_of(true, ["yes"] * 10, ("yes", "no")))
    always_no = measured(Classification(positive="yes"), cases_of(true, ["no"] * 10, ("yes", "no")))

    assert always_yes["f1"] == pytest.approx(2 * 0.3 / 1.3)
    assert always_no["f1"] == 0
    assert (always_yes["mcc"], always_no["mcc"]) == (0, 0)
    assert np.isnan(always_no["ppv"])
    assert np.isnan(always_yes["npv"])


@pytest.mark.parametrize("answer", [None, Unparsed("two labels"), Abstained("cannot tell"), Choice("MG"), Text("")])
def test_what_is_no_label_is_wrong_and_is_no_false_positive(answer):
    cases = [Case.of(answer, [Choice("CT")]), Case.of(Choice("MR"), [Choice("MR")])]
    values = measured(Classification(positive="MR"), cases)

    assert (values["accuracy"], values["sensitivity"], values["ppv"], values["specificity"]) == (0.5, 1, 1, 0)


def test_any_of_several_references_is_right_and_texts_count_as_labels():
    cases = [Case.of("effusion", [Text("pleural effusion"), Text("effusion")]), Case.of("oedema", ["effusion", "pneumonia"])]
    metric = Classification()
    values = measured(metric, cases)

    assert values["accuracy"] == 0.5
    assert metric.labels == ("effusion", "pleural effusion", "pneumonia")


def test_a_case_without_a_label_to_compare_with_is_left_out():
    rows = Classification().measure([Case.of(Choice("yes"), [Abstained("not answerable")])])

    assert rows.excluded == ("no label among the references",)
    assert np.isnan(rows.array).all()


def test_a_threshold_replaces_the_label_of_the_answer():
    scored = [Choice("no", {"yes": 0.3, "no": 0.7}), Choice("yes", {"yes": 0.6, "no": 0.4}), Choice("no", {"yes": 0.1, "no": 0.9})]
    cases = [Case.of(a, [Choice("yes")]) for a in scored] + [Case.of(Choice("yes"), [Choice("no")])]
    metric = Classification(positive="yes", threshold=0.3)
    metric.prepare(cases)

    assert metric.aggregate(metric.measure(cases[:3]).array, np.ones((1, 3)))["sensitivity"] == pytest.approx(2 / 3)
    assert metric.measure(cases).excluded == (None, None, None, "no probability of `yes`")
    assert metric.signature() == {"positive": "yes", "threshold": "0.3"}


def test_below_the_threshold_the_likeliest_other_label_is_predicted():
    answer = Choice("CT", {"CT": 0.5, "MR": 0.2, "US": 0.3})

    assert measured(Classification(positive="CT", threshold=0.6), [Case.of(answer, [Choice("US")])])["accuracy"] == 1


def test_with_very_many_labels_only_accuracy_is_kept():
    cases = [Case.of(f"answer {i}", [f"answer {i - i % 2}"]) for i in range(2 * MOST_LABELS + 2)]
    metric = Classification()

    assert measured(metric, cases) == {"accuracy": 0.5}
    assert metric.columns == ("n", "correct")


def test_the_fingerprint_is_that_of_the_labels():
    few, same, more = Classification(), Classification(), Classification()
    few.prepare([Case.of(Choice("a"), [Choice("b")], options=("a", "b"))])
    same.prepare([Case.of(Choice("c"), [Choice("a")], options=("b", "a"))])
    more.prepare([Case.of(Choice("c"), [Choice("a")], options=("b", "a", "c"))])

    assert few.fingerprint() == same.fingerprint() != more.fingerprint()


def test_options_that_cannot_be_used_are_refused():
    with pytest.raises(ContentError, match="about no label"):
        Classification(threshold=0.5)
    with pytest.raises(ScoringError, match="`positive: maybe`"):
        Classification(positive="maybe").prepare([Case.of(None, [Choice("yes")], options=("yes", "no"))])
    with pytest.raises(ScoringError, match="saw no case with the reference `yes`"):
        Classification().measure([Case.of(Choice("no"), [Choice("yes")])])
    with pytest.raises(ScoringError, match="same options"):
        Classification(ordinal=True).prepare([Case.of(None, [Choice("mild")])])


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=30), st.sampled_from([0.25, 0.5, 0.9, 1.0]))
def test_operating_points_are_the_best_of_all_thresholds(pairs, share):
    labels, scores = np.array([p for p, _ in pairs]), np.array([s / 8 for _, s in pairs])
    if labels.all() or not labels.any():
        return

    def rates(threshold):
        called = scores >= threshold
        return called[labels].mean(), 1 - called[~labels].mean()

    every = [rates(t) for t in [*np.unique(scores), 2.0]]
    assert sum(rates(operating_point(labels, scores, "youden"))) == pytest.approx(max(map(sum, every)))
    sensitivity, specificity = rates(operating_point(labels, scores, f"sensitivity>={share}"))
    assert sensitivity >= share
    assert specificity == max(spec for sens, spec in every if sens >= share)
    sensitivity, specificity = rates(operating_point(labels, scores, f"specificity>={share}"))
    assert specificity >= share
    assert sensitivity == max(sens for sens, spec in every if spec >= share)


def test_an_operating_point_refuses_unknown_rules_and_one_kind_of_case():
    both = np.array([True, False])
    with pytest.raises(ContentError, match="no rule `best`"):
        operating_point(both, np.array([0.1, 0.2]), "best")
    with pytest.raises(ScoringError, match="all the same"):
        operating_point(np.array([True, True]), np.array([0.1, 0.2]), "youden")


def test_a_threshold_cannot_be_found_where_no_validation_answer_has_probabilities():
    cases = [Case.of(Choice("yes"), [Choice("yes")]), Case.of(Choice("no"), [Choice("no")])]
    with pytest.raises(ScoringError, match=r"no validation answer has one of `yes`: ask with `--answer ranked`"):
        Classification(positive="yes", threshold="youden").fit(cases)
