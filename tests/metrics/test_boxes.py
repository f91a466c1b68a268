"""Boxes: overlaps against counted pixels, average precision against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radbench.metrics import boxes
from radbench.sample import Box, Case, Text, Unparsed
from radbench.sample import Boxes as BoxesAnswer

SIDE = 12
spans = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)).map(sorted)
corners = st.tuples(spans, spans).map(lambda s: (s[0][0], s[1][0], s[0][1], s[1][1]))


def answer(*rows):
    """Boxes from (x0, y0, x1, y1[, score[, label]])."""
    return BoxesAnswer(tuple(Box(*r[:4], score=r[4] if len(r) > 4 else None, label=r[5] if len(r) > 5 else "") for r in rows))


def measured(cases, weights=None):
    metric = boxes.Boxes()
    metric.prepare(cases)
    weights = np.ones(len(cases)) if weights is None else np.array(weights, float)
    return {name: value[0] for name, value in metric.aggregate(metric.measure(cases).array, weights[None]).items()}


def pixels(box):
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


@settings(max_examples=50)
@given(st.lists(corners, min_size=1, max_size=4), st.lists(corners, min_size=1, max_size=4))
def test_overlap_is_that_of_counted_pixels(ours, theirs):
    overlaps = boxes.intersection_over_union(np.array(ours, float), np.array(theirs, float))
    for i, a in enumerate(map(pixels, ours)):
        for j, b in enumerate(map(pixels, theirs)):
            assert overlaps[i, j] == pytest.approx((a & b).sum() / max((a | b).sum(), 1))


def test_boxes_are_paired_one_to_one():
    reference = answer((0, 0, 10, 10), (20, 0, 30, 10))
    case = Case.of(answer((0, 0, 10, 10), (0, 0, 10, 8), (50, 50, 60, 60)), [reference])
    values = measured([case])

    assert values["mean_iou"] == (1 + 0) / 2
    assert (values["precision@0.5"], values["recall@0.5"], values["f1@0.5"]) == (pytest.approx(1 / 3), 1 / 2, pytest.approx(2 / 5))


def test_no_box_on_both_sides_is_perfect_and_on_one_side_is_wrong():
    box = answer((0, 0, 5, 5))
    names = ("mean_iou", "precision@0.5", "recall@0.5", "f1@0.5")

    def scored(predicted, reference):
        values = measured([Case.of(predicted, [reference])])
        return {values[name] for name in names}

    assert scored(answer(), answer()) == {1.0}
    assert scored(box, answer()) == scored(answer(), box) == scored(Unparsed("prose"), answer()) == {0.0}


def test_the_average_precision_follows_the_order_of_scores():
    # Two reference boxes; by falling score: hit, miss, hit. Precision 1 up to recall 1/2, then 2/3.
    reference = answer((0, 0, 10, 10), (20, 0, 30, 10))
    predicted = answer((20, 0, 30, 10, 0.2), (50, 0, 60, 10, 0.5), (0, 0, 10, 10, 0.9))

    assert measured([Case.of(predicted, [reference])])["map@0.5"] == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)


def test_without_scores_the_average_precision_is_precision_times_recall():
    reference = answer((0, 0, 10, 10), (20, 0, 30, 10))
    predicted = answer((50, 0, 60, 10), (0, 0, 10, 10), (70, 0, 80, 10))

    assert measured([Case.of(predicted, [reference])])["map@0.5"] == pytest.approx(1 / 3 * 1 / 2)


def test_a_duplicate_of_a_found_box_is_a_miss_and_missing_answers_cost_recall():
    reference = [answer((0, 0, 10, 10))]
    twice = Case.of(answer((0, 0, 10, 10, 0.9), (0, 0, 10, 10, 0.8)), reference)

    assert measured([twice, Case.of(None, reference)])["map@0.5"] == pytest.approx(1 / 2)


def test_the_mean_over_thresholds_counts_those_that_the_overlap_reaches():
    # 10 x 8 of 10 x 10 pixels: IoU 0.8 meets 0.50 to 0.80, seven of ten thresholds
    assert measured([Case.of(answer((0, 0, 10, 8)), [answer((0, 0, 10, 10))])])["map@0.5:0.95"] == pytest.approx(0.7)


def test_only_boxes_of_the_same_label_match_where_labels_are_given():
    reference = answer((0, 0, 10, 10, None, "nodule"), (20, 0, 30, 10, None, "mass"))
    swapped = answer((0, 0, 10, 10, 0.9, "mass"), (20, 0, 30, 10, 0.9, "mass"), (40, 0, 50, 10, 0.9, "rib"))
    values = measured([Case.of(swapped, [reference])])

    assert values["recall@0.5"] == 1 / 2
    assert values["map@0.5"] == pytest.approx((0 + 1 / 2) / 2)  # nodule: no box; mass: one of two boxes right


def test_labels_are_ignored_where_the_references_have_none():
    assert measured([Case.of(answer((0, 0, 10, 10, 0.9, "mass")), [answer((0, 0, 10, 10))])])["map@0.5"] == 1


def test_weights_repeat_cases():
    rng = np.random.default_rng(0)

    def random_boxes(n, scored):
        rows = ((*at, *(at + rng.integers(3, 9, 2)), float(rng.integers(0, 5)) if scored else None) for at in rng.integers(0, 6, (n, 2)))
        return answer(*rows)

    cases = [Case.of(random_boxes(3, True), [random_boxes(2, False)]) for _ in range(8)]
    weights = [0, 1, 2, 3, 1, 0, 2, 1]
    repeated = [case for case, weight in zip(cases, weights, strict=True) for _ in range(weight)]

    assert measured(cases, weights) == pytest.approx(measured(repeated))


def test_the_best_of_several_references_counts_and_other_references_leave_the_case_out():
    predicted = answer((0, 0, 10, 10))

    assert measured([Case.of(predicted, [answer((5, 5, 9, 9)), predicted])])["f1@0.5"] == 1
    assert boxes.Boxes().measure([Case.of(predicted, [Text("upper left")])]).excluded == ("no boxes among the references",)
