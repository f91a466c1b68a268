"""RaTEScore: negation, empty reports, and two rounds of questions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from radbench.errors import ScoringError
from radbench.metrics.base import Excluded
from radbench.metrics.ratescore import TYPES, Ratescore
from radbench.sample import Case, Reply, Vectors


def entities(*found):
    return Reply(output=json.dumps({"entities": [{"text": text, "type": kind} for text, kind in found]}))


def embedded(*rows):
    return Reply(output=Vectors.of(np.array(rows, dtype=np.float64)))


def annotated(candidate, references, *replies):
    plain = Case.of(candidate, references)
    return Case(plain.sample, plain.answer, 0, replies)


def test_a_finding_met_by_its_negation_counts_for_less():
    one, present, negated = np.ones((1, 1)), np.array([TYPES.index("DISEASE")]), np.array([TYPES.index("NON-ABNORMALITY")])
    assert Ratescore().directed((one, present), (one, negated)) == pytest.approx(0.8716553966489615)
    assert Ratescore().directed((one, present), (one, present)) == 1


def test_entities_are_asked_for_first_and_their_vectors_in_a_second_round():
    metric = Ratescore(ner="finder", encoder="reader")
    case = Case.of("Edema in both lungs.", ["Wet lungs.", "Nothing."])
    first = metric.asks(case, [])
    assert [(ask.annotator, ask.request.kind, ask.request.turns[0].parts) for ask in first] == [
        ("finder", "annotate", ("Edema in both lungs.",)),
        ("finder", "annotate", ("Wet lungs.",)),
        ("finder", "annotate", ("Nothing.",)),
    ]
    found = [entities(("Edema", "DISEASE"), ("lungs", "ANATOMY")), entities(("lungs", "ANATOMY")), entities()]
    second = metric.asks(case, found)
    assert [(ask.annotator, ask.request.kind, ask.request.turns[0].parts) for ask in second] == [
        ("reader", "embed", ("Edema", "lungs")),
        ("reader", "embed", ("lungs",)),
    ]
    assert metric.asks(case, [*found, embedded([1, 0], [0, 1]), embedded([0, 1])]) == []


def test_the_best_reference_counts():
    case = annotated(
        "Edema.",
        ["Fracture.", "Edema."],
        *(entities((name, "DISEASE")) for name in ("Edema", "Fracture", "Edema")),
        *(embedded(vector) for vector in ([1, 0], [0, 1], [1, 0])),
    )
    assert Ratescore().row(case) == pytest.approx([1, 0, 1])


def test_reports_without_entities_count_as_stated():
    case = annotated("Hello.", ["Edema."], entities(), entities(("Edema", "DISEASE")), embedded([1, 0]))
    assert Ratescore().row(case) == pytest.approx([0.5, 1, 1])
    assert Ratescore(empty="missing").row(case) == Excluded("no entity")
    neither = annotated("Hello.", ["Good day."], entities(), entities())
    assert Ratescore().asks(neither, neither.annotations) == []
    assert Ratescore().row(neither) == pytest.approx([0.5, 1, 1])


def test_the_share_of_pairs_that_count_as_stated_is_told():
    values = Ratescore().value(np.array([[0.5 + 0.8 + 0.0, 1.0, 3.0]]))
    assert {name: value[0] for name, value in values.items()} == pytest.approx({"ratescore": 1.3 / 3, "ratescore_no_entity": 1 / 3})


def test_an_empty_candidate_scores_0_and_asks_nothing():
    assert Ratescore().asks(Case.of(" ", ["Edema."]), []) == []
    assert Ratescore().row(Case.of(" ", ["Edema."])) == pytest.approx([0, 0, 1])


def test_a_case_without_reference_or_with_a_failed_annotator_is_left_out():
    assert Ratescore().row(Case.of("Edema.", [""])) == Excluded("no reference text")
    failed = annotated("Edema.", ["Wet."], entities(), Reply(error="too long"))
    assert Ratescore().asks(failed, failed.annotations) == []
    assert Ratescore().row(failed) == Excluded("annotator failed")


@pytest.mark.parametrize("reply", [Reply(output="prose"), Reply(output="{}"), entities(("Edema", "ODD"))])
def test_an_annotator_of_something_else_is_named_as_such(reply):
    with pytest.raises(ScoringError, match="metric `ratescore`"):
        Ratescore().row(annotated("Edema.", ["Wet."], reply, reply))
