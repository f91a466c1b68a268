"""What judges and panels hold against a candidate, error by error, as readers of a case are shown it."""

from __future__ import annotations

import json

from judges import heard, sentences

from radbench.findings import LABELS
from radbench.metrics.base import Metric, Objection
from radbench.metrics.bleu import Bleu
from radbench.metrics.crimson import Crimson
from radbench.metrics.grad import Grad
from radbench.metrics.green import Green
from radbench.metrics.hallucination import Hallucination
from radbench.metrics.radfact import Radfact
from radbench.metrics.rubric import Rubric
from radbench.sample import Case, Reply, Request

CASE = Case.of("Large effusion on the left. A nodule.", ["Small effusion on the left. Old rib fracture."])


def objections(metric: Metric, *answers: str, case: Case = CASE) -> list[Objection]:
    return list(metric.objections(heard(metric, case, answers)))


def counts(first: tuple[int, int], second: tuple[int, int]) -> str:
    """An answer in grad's format: the letters B and D of both halves."""
    return "\n".join(
        f"Number of clinically {half} errors by type: [(A, 0), (B, {b}), (C, 0), (D, {d}), (E, 0), (F, 0)]"
        for half, (b, d) in (("significant", first), ("insignificant", second))
    )


def test_grad_tells_how_many_errors_of_each_type_and_weight_were_counted():
    assert objections(Grad(judge="j"), counts((2, 0), (0, 1))) == [
        Objection("omission finding (significant)", n=2),
        Objection("incorrect severity (insignificant)", n=1),
    ]


def test_of_several_references_the_one_that_counts_is_told_of():
    two = Case.of("A nodule.", ["Effusion.", "Nodule."])
    assert objections(Grad(judge="j"), counts((2, 2), (0, 0)), counts((1, 0), (0, 0)), case=two) == [
        Objection("omission finding (significant)", n=1)
    ]


def test_with_repeats_the_first_answer_that_can_be_read_is_told_of():
    metric = Grad(judge="j", repeats=2)
    assert objections(metric, "Hard to say.", counts((0, 3), (0, 0)), "Still hard.") == [Objection("incorrect severity (significant)", n=3)]


def test_an_unreadable_or_missing_answer_tells_of_nothing():
    assert objections(Grad(judge="j"), "Hard to say.", "Still hard.") == []
    assert list(Grad(judge="j").objections(CASE)) == []
    assert objections(Grad(judge="j"), case=Case.of("A nodule.", [""])) == []


GREEN = """[Explanation]: x
[Clinically Significant Errors]:
(a) False report: 1. "A nodule".
(b) Missing: 2. Old rib fracture; scar.
(c) Site: 0.
(d) Severity: 1.
[Clinically Insignificant Errors]:
(e) Comparison: 1. unchanged
[Matched Findings]:
1. effusion"""


def test_green_quotes_its_errors_and_places_omissions_in_the_reference():
    assert objections(Green(judge="j"), GREEN) == [
        Objection("false positive finding (significant)", "A nodule"),
        Objection("omission finding (significant)", "Old rib fracture", "reference"),
        Objection("omission finding (significant)", "scar", "reference"),
        Objection("incorrect severity (significant)", n=1),
        Objection("false positive comparison (insignificant)", "unchanged"),
    ]


def crimson(**spoilt: object) -> str:
    """An evaluation with an error of each kind."""
    return json.dumps(
        {
            "reference_findings": [
                {"id": "R1", "finding": "small effusion", "clinical_significance": "urgent"},
                {"id": "R2", "finding": "rib fracture", "clinical_significance": "benign_expected", **spoilt},
            ],
            "predicted_findings": [
                {"id": "P1", "finding": "large effusion", "clinical_significance": "urgent"},
                {"id": "P2", "finding": "nodule", "clinical_significance": "actionable_not_urgent"},
            ],
            "matched_findings": [{"ref_id": "R1", "pred_id": "P1"}],
            "errors": {
                "false_findings": ["P2"],
                "missing_findings": ["R2"],
                "attribute_errors": [{"ref_id": "R1", "severity": "significant", "error_types": ["severity"]}],
            },
        }
    )


def test_crimson_names_findings_by_the_judges_words_for_them():
    assert objections(Crimson(judge="j"), crimson()) == [
        Objection("false finding (actionable not urgent)", "nodule"),
        Objection("missing finding (benign expected)", "rib fracture", "reference"),
        Objection("wrong attribute (significant)", "large effusion", note="severity"),
    ]


def test_a_finding_that_is_no_text_spoils_no_evaluation():
    (missing,) = [one for one in objections(Crimson(judge="j"), crimson(finding=None)) if one.of == "reference"]
    assert missing.words == ""


def test_radfact_tells_statements_that_do_not_follow_both_ways():
    case = Case.of("Effusion. A nodule", ["Effusion. Rib fracture"])
    told = Radfact(judge="j").objections(heard(Radfact(judge="j"), case, sentences))
    assert list(told) == [
        Objection("contradicted by the reference", "A nodule"),
        Objection("contradicted by the candidate", "Rib fracture", "reference"),
    ]


def test_radfact_tells_of_an_empty_candidate_all_that_the_reference_says():
    told = Radfact(judge="j").objections(heard(Radfact(judge="j"), Case.of("", ["Effusion."]), sentences))
    assert list(told) == [Objection("not in the candidate", "Effusion", "reference")]


def test_the_panel_of_hallucinations_gives_places_in_the_text():
    labels = Reply(output=dict.fromkeys(LABELS, 0.0))

    def labeller(_: Request) -> Reply:
        return labels

    case = heard(Hallucination(), Case.of("Unchanged nodule.", ["Nodule."]), labeller)
    (told,) = Hallucination().objections(case)
    assert (told.kind, told.words, told.place) == ("comparison without prior", "Unchanged", (0, 9))


def test_a_metric_of_numbers_alone_tells_nothing():
    assert list(Bleu().objections(CASE)) == []
    assert objections(Rubric(judge="j"), "Score: 2") == []
