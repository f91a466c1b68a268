"""Demands on answers: kept, broken, or not to be judged."""

from __future__ import annotations

import pytest

from radbench.probing.inputs import Rule
from radbench.probing.invariants import holds
from radbench.sample import Abstained, Answer, Box, Boxes, Case, Choice, LabelSet, Media, Points, Sample, Text, Unparsed, Vectors

WIDE = Sample(id="s", texts={"width": "100"}, media=(Media(name="d", path="1.png", view="PA"),))
LEFT, RIGHT = Boxes((Box(10, 10, 30, 30),)), Boxes((Box(71, 10, 91, 30),))
EFFUSION = "There is a small left pleural effusion at the base."


def judged(rule: Rule, before: Answer | None, after: Answer | None) -> bool | None:
    return holds(rule, Case(WIDE, before), Case(WIDE, after))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (Choice("a"), Choice("a", {"a": 0.9}), True),
        (Choice("a"), Choice("b"), False),
        (Choice("a"), Unparsed("nothing"), False),
        (Choice("a"), None, None),  # failed: no fault of the answer
        (Unparsed("nothing"), Choice("a"), None),
        (Unparsed("nothing"), Unparsed("nothing"), None),
        (Abstained("cannot tell"), Abstained("unknown"), True),
        (Abstained("cannot tell"), Choice("a"), False),
        (LabelSet(("a", "b")), LabelSet(("b", "a")), True),
        (LabelSet(("a",)), LabelSet(()), False),
        (LEFT, Boxes((Box(11, 10, 31, 30),)), True),
        (LEFT, RIGHT, False),
        (LEFT, Boxes(()), False),
        (Boxes(()), Boxes(()), True),
        (Points(((10, 10),)), Points(((13, 14),)), True),
        (Points(((10, 10),)), Points(((14, 14),)), False),
        (Text("Left lung."), Text("left lung"), True),
        (Text("left"), Text("right"), False),
        (Text(EFFUSION), Text("On the left side a pleural effusion can be seen."), True),
        (Text(EFFUSION), Text("There is no pleural effusion to be seen here."), False),
        (Text("one two three four five six"), Text("six five four three two one"), None),
        (Vectors("", (0, 0)), Vectors("", (0, 0)), None),
    ],
)
def test_what_must_stay(before: Answer | None, after: Answer | None, verdict: bool | None):
    assert judged("keep", before, after) is verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (Choice("yes"), Choice("no"), True),
        (Choice("no"), Choice("Yes"), True),
        (Choice("yes"), Choice("yes"), False),
        (Choice("yes"), Unparsed("both yes and no"), False),
        (Choice("left"), Choice("right"), None),
        (Text("yes"), Text("no"), None),
    ],
)
def test_yes_and_no_must_change_places(before: Answer, after: Answer, verdict: bool | None):
    assert judged("flip", before, after) is verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (Choice("left"), Choice("right"), True),
        (Choice("left"), Choice("left"), False),
        (Choice("yes"), Choice("yes"), None),
        (LabelSet(("left effusion",)), LabelSet(("right effusion",)), True),
        (LEFT, RIGHT, True),
        (LEFT, LEFT, False),
        (Boxes((Box(40, 10, 60, 30),)), LEFT, None),  # in the middle: its own mirror image
        (Text(EFFUSION), Text("Right effusion."), True),
        (Text(EFFUSION), Text(EFFUSION), False),
        (Text(EFFUSION), Text("No effusion."), False),
        (Text("Clear lungs."), Text("Clear lungs."), None),
        (Text("Left effusion. Right nodule."), Text("Right effusion. Left nodule."), True),
        (Text("Left effusion. Right nodule."), Text("Left effusion. Right nodule."), False),
        (Text("Left and right lungs are clear."), Text("Clear."), None),
    ],
)
def test_sides_must_change_places(before: Answer, after: Answer, verdict: bool | None):
    assert judged("sides", before, after) is verdict


def test_a_text_may_compare_with_nothing_and_name_no_view_that_is_not_there():
    assert judged("no comparison", None, Text("The effusion has increased.")) is False
    assert judged("no comparison", None, Text("No prior study for comparison. Effusion.")) is True
    assert judged("no comparison", None, Choice("a")) is None
    assert judged("no absent view", None, Text("The lateral view shows fluid.")) is False
    assert judged("no absent view", None, Text("The frontal view shows fluid.")) is True
    blind = Case(Sample(id="s", media=(Media(name="d", path="1.png"),)), Text("The lateral view shows fluid."))
    assert holds("no absent view", blind, blind) is None


def test_without_a_demand_nothing_is_judged():
    assert judged("", Choice("a"), Choice("b")) is None
