"""Precision and recall of terms: the arithmetic, the undefined cases, and annotators that fail."""

from __future__ import annotations

import json

import numpy as np
import pytest

from radbench.errors import ScoringError
from radbench.metrics.base import Excluded
from radbench.metrics.terms import Terms
from radbench.sample import Case, Reply, Text


def termed(said, *wanted, candidate="said"):
    """A case whose candidate and references hold these terms; None: the candidate is empty."""
    plain = Case.of("" if said is None else candidate, [f"reference {i}" for i in range(len(wanted))])
    outputs = [*([] if said is None else [said]), *wanted]
    return Case(plain.sample, plain.answer, 0, tuple(Reply(output=json.dumps(terms)) for terms in outputs))


def values(cases, **options):
    metric = Terms(**options)
    rows = metric.measure(cases)
    kept = rows.array[[reason is None for reason in rows.excluded]]
    return {name: array[0] for name, array in metric.aggregate(kept, np.ones((1, len(kept)))).items()}, rows.excluded


def test_precision_and_recall_are_means_over_cases_of_shares_of_sets():
    found, _ = values([termed(["Effusion", "effusion ", "edema"], ["effusion"]), termed(["mass"], ["mass", "nodule"])])
    assert found == {"terms_precision": (1 / 2 + 1) / 2, "terms_recall": (1 + 1 / 2) / 2, "terms_recall_undefined": 0}


def test_a_candidate_without_a_term_scores_zero_in_both():
    found, _ = values([termed([], ["mass"]), termed(None, ["mass"])])
    assert (found["terms_precision"], found["terms_recall"]) == (0, 0)


def test_a_reference_without_a_term_has_precision_zero_and_no_recall():
    found, _ = values([termed(["mass"], []), termed(["mass"], ["mass"])])
    assert found == {"terms_precision": 1 / 2, "terms_recall": 1, "terms_recall_undefined": 1 / 2}


def test_a_case_without_a_term_on_either_side_is_left_out_or_counts_one():
    cases = [termed([], []), termed(["mass"], ["nodule"])]
    found, excluded = values(cases)
    assert (found["terms_precision"], excluded) == (0, ("no term in candidate and reference", None))
    found, excluded = values(cases, both_empty="1")
    assert (found["terms_precision"], found["terms_recall"], excluded) == (1 / 2, 1 / 2, (None, None))


def test_of_several_references_the_one_of_highest_f1_counts():
    found, _ = values([termed(["mass"], ["nodule"], ["mass", "edema"], ["mass"])])
    assert (found["terms_precision"], found["terms_recall"]) == (1, 1)


def test_the_words_of_entities_are_terms_as_the_readers_of_weights_give_them():
    spans = {"entities": [{"text": "Pleural effusion", "type": "DISEASE"}, {"text": "left", "type": "ANATOMY"}]}
    graph = {"text": "", "entities": {"1": {"tokens": "pleural effusion", "label": "OBS-DP", "relations": []}}}
    found, _ = values([termed(spans, graph)], annotator="rate-ner-deberta", variant="surface")
    assert (found["terms_precision"], found["terms_recall"]) == (1 / 2, 1)


def test_a_failed_annotator_leaves_the_case_out_and_a_wrong_one_is_refused():
    case = termed(["mass"], ["mass"])
    failed = Case(case.sample, case.answer, 0, (case.annotations[0], Reply(error="too long")))
    assert Terms().row(failed) == Excluded("annotator failed")
    for output in ("mass", '{"mass": 1}', "[1]", {"mass": 1.0}, '{"entities": 1}', '{"entities": ["mass"]}', '{"entities": {"1": {}}}'):
        wrong = Case(case.sample, case.answer, 0, (case.annotations[0], Reply(output=output)))
        with pytest.raises(ScoringError, match="gives no JSON list of terms"):
            Terms().row(wrong)


def test_it_asks_about_texts_that_are_not_empty_and_once():
    case = Case.of("mass", ["nodule", " "])
    asked = Terms(annotator="ours").asks(case, ())
    assert [(ask.annotator, ask.request.kind, ask.request.turns[-1].parts) for ask in asked] == [
        ("ours", "annotate", ("mass",)),
        ("ours", "annotate", ("nodule",)),
    ]
    assert Terms().asks(case, [Reply(output="[]")]) == []
    assert len(Terms().asks(Case(case.sample, Text("")), ())) == 1


def test_the_variant_is_named_in_the_signature_and_changes_no_value():
    cases = [termed(["c0032227"], ["c0032227", "c0034063"])]
    assert Terms(variant="cui").signature()["terms"] == "cui"
    assert Terms().signature()["terms"] == "list"
    assert values(cases, variant="cui") == values(cases, variant="surface")
