from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.protocols.grounding import Grounding
from radbench.sample import Box, Boxes, Media, Points, Reply, Sample, Unparsed

IMAGE = Media(name="d", path="film.png")
SIZE = {"question": "Where is the nodule?", "width": "200", "height": "100"}
SAMPLE = Sample(id="s", media=(IMAGE,), texts=SIZE)
ONE = Boxes((Box(10, 20, 30, 40),))
NOTHING = Unparsed("no coordinates found")
OUTSIDE = Unparsed("a coordinate is outside the image")
INVERTED = Unparsed("an empty or inverted box")
NOT_FINITE = Unparsed("a coordinate is not finite")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", Unparsed("empty reply")),
        ("...", NOTHING),
        ("[", NOTHING),
        ("[" * 100_000, NOTHING),
        ("[1, 2, 3]", NOTHING),
        ("[[1, 2, 3, 4], [1, 2]]", NOTHING),  # one malformed box is not passed over
        ("[true, 2, 3, 4]", NOTHING),
        ('{"box_2d": [1, 2, 3, 4]}', NOTHING),  # y first where it is used, so not guessed at
        ("[NaN, 2, 3, 4]", NOT_FINITE),
        ("[1, 2, 1e999, 4]", NOT_FINITE),
        ("box [inf, 2, 3, 4] or so", NOT_FINITE),
        (f"[1, 2, {'9' * 5000}, 4]", NOT_FINITE),
        ("[30, 20, 10, 40]", INVERTED),
        ("[10, 20, 10, 40]", INVERTED),
        ("[-1, 20, 30, 40]", OUTSIDE),
        ("[10, 20, 201, 40]", OUTSIDE),
        ("[[10, 20, 30, 40], [30, 20, 10, 40]]", INVERTED),
        ("none", Boxes(())),
        ("No boxes.", Boxes(())),
        ("[]", Boxes(())),
        ("[10, 20, 30, 40]", ONE),
        ("[[10, 20, 30, 40]]", ONE),
        ("[10.0, 2e1, 30.0, 40]", ONE),
        ("```json\n[[10, 20, 30, 40]]\n```", ONE),
        ("The nodule [1] is at [10, 20, 30, 40].", ONE),
        ("(10,20,30,40)", ONE),
        ("<box>(10,20),(30,40)</box>", ONE),
        ("Answer: [10, 20, 30, 40]", ONE),
        ('{"boxes": [[10, 20, 30, 40]]}', ONE),
        ('{"x_min": 10, "y_min": 20, "x_max": 30, "y_max": 40}', ONE),
        ('{"x0": 10, "y0": 20, "x1": 30, "y1": 40}', ONE),
        ('[{"bbox_2d": [10, 20, 30, 40], "label": "nodule"}]', Boxes((Box(10, 20, 30, 40, "nodule"),))),
        ('[{"box": [10, 20, 30, 40], "score": 0.5}]', Boxes((Box(10, 20, 30, 40, "", 0.5),))),
        ("[10, 20, 30, 40] and [50, 60, 70, 80]", Boxes((Box(10, 20, 30, 40), Box(50, 60, 70, 80)))),
    ],
)
def test_boxes_are_read_from_the_usual_notations(output: str, expected: object) -> None:
    assert Grounding().read(SAMPLE, Reply(output=output)) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("[10, 20, 30, 40]", NOTHING),
        ("[10, 20]", Points(((10, 20),))),
        ('[{"point": [10, 20]}, {"x": 1, "y": 2}]', Points(((10, 20), (1, 2)))),
        ("at (10, 20) and (1.5, 2)", Points(((10, 20), (1.5, 2)))),
        ("none", Points(())),
        ("[10, 101]", OUTSIDE),
    ],
)
def test_points_are_read_from_pairs(output: str, expected: object) -> None:
    assert Grounding(form="points").read(SAMPLE, Reply(output=output)) == expected


@pytest.mark.parametrize(
    ("scale", "output"), [("pixel", "[20, 10, 100, 50]"), ("unit", "[0.1, 0.1, 0.5, 0.5]"), ("thousand", "[100, 100, 500, 500]")]
)
def test_coordinates_come_back_in_original_pixels(scale: str, output: str) -> None:
    read = Grounding(coordinates=scale).read(SAMPLE, Reply(output=output))  # type: ignore[arg-type]  # drawn from the table

    assert isinstance(read, Boxes)
    assert [read.boxes[0].x0, read.boxes[0].y0, read.boxes[0].x1, read.boxes[0].y1] == pytest.approx([20, 10, 100, 50])


def test_a_scale_other_than_pixels_needs_the_size() -> None:
    bare = Sample(id="s", media=(IMAGE,), texts={"question": "Where?", "width": "wide", "height": "100"})
    protocol = Grounding(coordinates="unit")

    with pytest.raises(ContentError, match="sample `s`: coordinates `unit` need its texts `width` and `height`"):
        protocol.ask(bare)
    assert protocol.read(bare, Reply(output="[0, 0, 1, 1]")) == Unparsed("the size of the image is not known")
    assert protocol.read(SAMPLE, Reply(output="[0, 0, 30, 40]")) == OUTSIDE  # pixels where fractions were asked for


def test_without_a_size_pixels_are_taken_as_they_are() -> None:
    assert Grounding().read(Sample(id="s"), Reply(output="[10, 20, 3000, 4000]")) == Boxes((Box(10, 20, 3000, 4000),))


def test_the_prompt_states_size_scale_and_notation() -> None:
    assert Grounding().ask(SAMPLE).turns[-1].parts == (
        IMAGE,
        "Where is the nodule?\nThe image is 200 pixels wide and 100 pixels high.\n"
        "Give each box as [x0, y0, x1, y1], its left, upper, right and lower edge, in pixels of the image.\n"
        "Write a JSON list of all boxes, or [] if there is nothing to mark.",
    )


def test_labels_are_asked_for_only_where_there_are_several() -> None:
    several = Sample(id="s", texts=SIZE, options=("nodule", "line"), references=(Boxes((Box(1, 2, 3, 4, "line"),)),))
    single = Sample(id="s", texts=SIZE, options=("nodule",), references=(Boxes((Box(1, 2, 3, 4, "nodule"),)),))

    assert "Label each box" in str(Grounding().ask(several).turns[-1].parts[0])
    assert "Label each box" not in str(Grounding().ask(single).turns[-1].parts[0])
    assert Grounding().target(several) == '[{"box": [1, 2, 3, 4], "label": "line"}]'
    assert Grounding().target(single) == "[[1, 2, 3, 4]]"
    assert Grounding().read(single, Reply(output="[1, 2, 3, 4]")) == single.references[0]
    assert Grounding().read(several, Reply(output='{"box": [1, 2, 3, 4], "label": "LINE."}')) == several.references[0]


def test_one_image_is_needed_so_that_boxes_are_of_that_one() -> None:
    with pytest.raises(ContentError, match="sample `s`: grounding needs one image"):
        Grounding().ask(Sample(id="s", media=(IMAGE, IMAGE), texts=SIZE))


def test_a_phrase_is_asked_for_in_words_and_a_point_may_stand_for_a_box() -> None:
    sample = Sample(id="s", texts={"phrase": "the nodule"}, references=ONE_REFERENCE)

    assert str(Grounding(form="points").ask(sample).turns[-1].parts[0]).startswith("Where is the nodule?\nGive each point as [x, y]")
    assert Grounding(form="points").target(sample) == "[[20, 30]]"


ONE_REFERENCE = (ONE,)
edges = st.tuples(st.floats(0, 99), st.floats(0, 99)).map(sorted).filter(lambda pair: pair[1] - pair[0] > 1e-6)


@given(
    st.lists(st.tuples(edges, edges), max_size=4),
    st.sampled_from(["pixel", "unit", "thousand"]),
    st.integers(100, 5000),
    st.integers(100, 5000),
)
def test_boxes_come_back_from_their_own_target_in_every_scale(drawn: list, scale: str, width: int, height: int) -> None:
    boxes = tuple(Box(x0, y0, x1, y1) for (x0, x1), (y0, y1) in drawn)
    sample = Sample(id="s", texts={"question": "?", "width": str(width), "height": str(height)}, references=(Boxes(boxes),))
    protocol = Grounding(coordinates=scale)  # type: ignore[arg-type]  # drawn

    read = protocol.read(sample, Reply(output=protocol.target(sample)))

    assert isinstance(read, Boxes)
    assert [(b.x0, b.y0, b.x1, b.y1) for b in read.boxes] == [pytest.approx((b.x0, b.y0, b.x1, b.y1)) for b in boxes]


def test_boxes_of_a_detector_are_taken_as_they_are() -> None:
    assert Grounding().read(SAMPLE, Reply(output=ONE)) == ONE
