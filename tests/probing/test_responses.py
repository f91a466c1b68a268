"""Responses of a metric to edits, from values whose costs are known."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.probing.edits import EDITS, MOST_TOGETHER, UNEDITED, together
from radbench.probing.responses import EditedValues, ProbeSettings, respond
from radbench.statistics.bootstrap import draw_clusters

SETTINGS = ProbeSettings(draws=400)


def values(costs: dict[str, list[float]], *, lower_is_better: bool = False) -> EditedValues:
    """Values of two reports or more, unedited 1, that lose what is said."""
    sign = 1 if lower_is_better else -1
    n = len(next(iter(costs.values())))
    return EditedValues(
        "m", {UNEDITED: np.ones(n)} | {edit: 1 + sign * np.array(c) for edit, c in costs.items()}, lower_is_better=lower_is_better
    )


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_a_metric_that_punishes_harm_more_orders_all_pairs_whichever_way_it_runs(lower_is_better: bool):
    found = respond(
        values({"negation": [0.5, 0.4], "laterality": [0.3, np.nan], "paraphrase": [0.1, 0.2]}, lower_is_better=lower_is_better),
        ["a", "b"],
        SETTINGS,
    )
    assert (found.sensitivity.share.value, found.sensitivity.n, found.sensitivity.n_ties) == (1.0, 3, 0)
    assert found.unedited == 1.0
    response = found.response("laterality")
    assert (response.n, response.n_pairs) == (1, 1)
    assert response.change.value == pytest.approx(0.3 if lower_is_better else -0.3)
    assert found.response("paraphrase").above_harmless is None


def test_equal_costs_count_one_half_and_are_told():
    found = respond(values({"negation": [0.2, 0.1], "paraphrase": [0.2, 0.0], "upper_case": [0.0, 0.3]}), ["a", "b"], SETTINGS)
    # of the four pairs: one tie, two in which negation costs more, one in which it costs less
    assert found.sensitivity.share.value == pytest.approx(2.5 / 4)
    assert (found.sensitivity.n, found.sensitivity.n_ties) == (4, 1)


def test_edits_of_form_make_no_pairs():
    assert not any(edit.is_paired for edit in EDITS.values() if edit.kind == "form")
    found = respond(values({"empty": [1.0], "very_long": [0.9], "repeated": [0.5]}), ["a"], SETTINGS)
    assert found.sensitivity.n == 0
    assert found.sensitivity.share.value is None
    assert found.response("empty").change.value == -1.0


def test_more_harm_costs_more_step_by_step():
    costs = {together(1): [0.1, 0.3], together(2): [0.2, 0.2], together(3): [0.2, np.nan]}
    found = respond(values(costs), ["a", "b"], SETTINGS)
    # steps 1 to 2: one up, one down; 2 to 3: one tie
    assert found.monotone.share.value == pytest.approx(1.5 / 3)
    assert (found.monotone.n, found.monotone.n_ties) == (3, 1)
    assert [response.n for response in found.together] == [2, 2, 1, 0]
    assert len(found.together) == MOST_TOGETHER


def test_intervals_are_those_of_ratios_under_draws_of_clusters():
    costs = np.array([0.1, 0.5, 0.9, 0.2, 0.4])
    clusters = ["p", "p", "q", "r", "r"]
    found = respond(values({"negation": costs.tolist()}), clusters, SETTINGS).response("negation").change
    (block,) = draw_clusters(3, SETTINGS.draws, SETTINGS.seed)
    drawn = (block @ [-0.6, -0.9, -0.6]) / (block @ [2, 1, 2])
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_a_metric_without_a_value_for_a_report_leaves_it_out():
    given = EditedValues("m", {UNEDITED: np.array([1.0, np.nan]), "negation": np.array([0.5, 0.5])})
    found = respond(given, ["a", "b"], ProbeSettings(draws=0))
    assert (found.n, found.n_clusters) == (1, 1)
    assert found.response("negation").n == 1
    assert found.response("negation").change.low is None
