"""Coverage, selective risk and the places of abstentions, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.metrics.abstention import Abstention
from radbench.sample import Abstained, Boxes, Case, Choice, LabelSet, Text, Unparsed

UNSURE = Abstained("cannot be determined")


def measured(cases):
    rows = Abstention().measure(cases)
    return {name: value[0] for name, value in Abstention().aggregate(rows.array, np.ones((1, len(cases)))).items()}


def test_abstained_unreadable_and_answered_cases_are_counted_apart():
    yes = [Choice("yes")]
    cases = [
        Case.of(Choice("yes"), yes),
        Case.of(Choice("no"), yes),
        Case.of(Text("yes"), yes),
        Case.of(UNSURE, yes),
        Case.of(UNSURE, [UNSURE]),
        Case.of(Choice("no"), [UNSURE]),
        Case.of(Unparsed("both"), yes),
        Case.of(None, yes),
    ]

    assert measured(cases) == {
        "coverage": 4 / 8,
        "unreadable": 2 / 8,
        "selective_risk": 2 / 4,
        "abstention_recall": 1 / 2,
        "abstention_precision": 1 / 2,
    }


def test_label_sets_are_right_when_they_hold_the_same_labels():
    references = [LabelSet(("edema", "effusion"))]
    cases = [Case.of(LabelSet(("effusion", "edema")), references), Case.of(LabelSet(("edema",)), references)]

    assert measured(cases)["selective_risk"] == 0.5


def test_who_never_answers_has_no_risk_to_speak_of():
    values = measured([Case.of(UNSURE, [Choice("yes")])])

    assert (values["coverage"], values["abstention_precision"]) == (0, 0)
    assert np.isnan([values["selective_risk"], values["abstention_recall"]]).all()


@pytest.mark.parametrize("references", [[], [Boxes(())]])
def test_a_case_without_a_label_or_text_to_compare_with_is_left_out(references):
    assert Abstention().measure([Case.of(Choice("yes"), references)]).excluded == ("no label or text among the references",)
