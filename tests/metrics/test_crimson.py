"""CRIMSON-style score: its arithmetic case by case, and what is no evaluation."""

from __future__ import annotations

import json

import pytest
from judges import heard, user_text

from radbench.metrics.base import Excluded
from radbench.metrics.crimson import Crimson, Evaluation, crimson
from radbench.sample import Case, Unparsed


def evaluation(reference, candidate, matched, *, false=(), missing=(), wrong=()):
    return {
        "reference_findings": [{"id": name, "finding": "x", "clinical_significance": grade} for name, grade in reference.items()],
        "predicted_findings": [{"id": name, "finding": "x", "clinical_significance": grade} for name, grade in candidate.items()],
        "matched_findings": [{"ref_id": one, "pred_id": other} for one, other in matched],
        "errors": {
            "false_findings": list(false),
            "missing_findings": list(missing),
            "attribute_errors": [{"ref_id": r, "pred_id": "P1", "severity": s, "error_types": ["severity"]} for r, s in wrong],
        },
    }


def scored(**parts):
    return crimson(Evaluation.model_validate(evaluation(**parts)))


URGENT, SOON, LATER, EXPECTED = "urgent", "actionable_not_urgent", "not_actionable_not_urgent", "benign_expected"


def test_credit_is_divided_by_all_errors_of_a_finding_and_given_once():
    # w = 1, errors .5 + .5 + 0: credit 1 * 1 / 2; a second match of the same finding adds nothing
    parts = {"reference": {"R1": URGENT}, "candidate": {"P1": URGENT, "P2": URGENT}, "matched": [("R1", "P1"), ("R1", "P2")]}
    assert scored(**parts, wrong=[("R1", "significant"), ("R1", "significant"), ("R1", "negligible")]) == pytest.approx(0.5)
    assert scored(**parts) == 1.0


def test_unknown_grades_weigh_a_quarter():
    assert scored(reference={"R1": "grave"}, candidate={"P1": URGENT}, matched=[("R1", "P1")], wrong=[("R1", "odd")]) == pytest.approx(0.5)


def test_more_false_than_right_is_negative_and_bounded():
    score = scored(reference={"R1": SOON}, candidate={f"P{i}": URGENT for i in range(9)}, matched=[], false=[f"P{i}" for i in range(9)])
    assert score == pytest.approx(-9 / 10)


@pytest.mark.parametrize(
    ("parts", "score"),
    [
        ({"reference": {}, "candidate": {}}, 1.0),
        ({"reference": {"R1": EXPECTED}, "candidate": {}, "missing": ["R1"]}, 1.0),
        ({"reference": {}, "candidate": {"P1": EXPECTED}, "false": ["P1"]}, 1.0),
        ({"reference": {}, "candidate": {"P1": LATER}, "false": ["P1"]}, -0.2),
        ({"reference": {"R1": URGENT}, "candidate": {}, "missing": ["R1"]}, 0.0),
    ],
)
def test_reports_without_weight_and_silence(parts, score):
    assert scored(matched=[], **parts) == pytest.approx(score)


GOOD = evaluation({"R1": URGENT}, {"P1": URGENT}, [("R1", "P1")])


@pytest.mark.parametrize("text", [json.dumps(GOOD), f"```json\n{json.dumps(GOOD, indent=1)}\n```", f"Here it is: {json.dumps(GOOD)} Done."])
def test_json_is_read_from_prose_and_fences(text):
    assert list(Crimson(judge="j").read(text)) == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found 0"),
        ("no JSON", "found 0"),
        (json.dumps(GOOD)[:-3], "one whole JSON object"),
        (json.dumps(GOOD) * 2, "found 2"),
        ('{"a":' * 5000, "found 0"),
        ('{"a":' + "[" * 100_000, "found 0"),
        ("[]", "found 0"),
        (json.dumps({**GOOD, "matched_findings": None}), "of the wrong kind: matched_findings"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "errors"}), "of the wrong kind: errors"),
        (json.dumps(evaluation({"R1": URGENT}, {"P1": URGENT}, [("R2", "P1")])), "no listed finding"),
        (json.dumps(evaluation({"R1": URGENT}, {"P1": URGENT}, [], false=["P7"])), "no listed finding"),
        (json.dumps(evaluation({"R1": URGENT}, {"P1": URGENT}, [("R1", "P1")], missing=["R1"])), "also called missing or false"),
        (json.dumps({**GOOD, "reference_findings": GOOD["reference_findings"] * 2}), "same id"),
    ],
)
def test_what_is_no_evaluation_is_unparsed_with_a_reason_that_quotes_nothing(text, reason):
    found = Crimson(judge="j").read(text)
    assert isinstance(found, Unparsed)
    assert reason in found.reason
    assert len(found.reason) < 120


def test_values_and_the_patient_in_the_question():
    metric = Crimson(judge="j")
    case = Case.of("Clear.", ["Effusion."], texts={"age": "81", "indication": "Fall.", "question": "none of its business"})
    (ask,) = metric.asks(case, ())
    assert '"""age: 81\nindication: Fall."""' in user_text(ask.request)
    assert "none of its business" not in user_text(ask.request)
    parts = evaluation({"R1": URGENT, "R2": SOON}, {"P1": URGENT, "P2": LATER}, [("R1", "P1")], false=["P2"], missing=["R2"])
    values = metric.value(metric.row(heard(metric, case, [json.dumps(parts)]))[None])
    assert values["crimson"] == pytest.approx([(1 - 0.25) / 1.5])
    assert (values["false_findings"], values["missing_findings"], values["attribute_errors"]) == ([1.0], [1.0], [0.0])
    assert metric.row(heard(metric, case, ["{}", "{}"])) == Excluded("unparsed judge reply")
