"""Points inside boxes, counted by hand."""

from __future__ import annotations

import pytest

from radbench.metrics import points
from radbench.sample import Box, Boxes, Case, Choice, Unparsed
from radbench.sample import Points as PointsAnswer

REFERENCE = Boxes((Box(0, 0, 10, 10), Box(20, 20, 30, 30)))


def scored(answer, *references):
    rows = points.Points().measure([Case.of(answer, references)])
    return tuple(rows.array[0, 1:])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([], (0, 0)),
        ([(5, 5)], (1, 1 / 2)),
        ([(5, 5), (25, 25)], (1, 1)),
        ([(5, 5), (6, 6), (15, 15), (99, 0)], (1 / 2, 1 / 2)),
        ([(0, 0)], (1, 1 / 2)),  # the lower ends belong to a box
        ([(10, 5)], (0, 0)),  # the upper ones do not
    ],
)
def test_points_are_right_inside_any_box(where, expected):
    assert scored(PointsAnswer(tuple(where)), REFERENCE) == expected


def test_pointing_at_nothing_is_right_where_nothing_is_to_be_seen():
    assert scored(PointsAnswer(()), Boxes(())) == (1, 1)
    assert scored(PointsAnswer(((1, 1),)), Boxes(())) == (0, 0)
    assert scored(Unparsed("prose"), Boxes(())) == (0, 0)


def test_the_best_of_several_references_counts():
    assert scored(PointsAnswer(((25, 25),)), Boxes((Box(0, 0, 1, 1),)), REFERENCE) == (1, 1 / 2)


def test_a_case_without_reference_boxes_is_left_out():
    assert points.Points().measure([Case.of(PointsAnswer(()), [Choice("left")])]).excluded == ("no boxes among the references",)
