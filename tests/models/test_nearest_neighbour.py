from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from radbench.errors import ContentError, MediaError, ModelError
from radbench.media import Reader
from radbench.models.base import Example
from radbench.models.nearest_neighbour import NearestNeighbour
from radbench.sample import Media, Request, Turn


def _disc(x: int, y: int, *, grey: int = 200) -> Media:
    """A film of 64 x 64 pixels with a bright disc about (x, y)."""
    rows, columns = np.mgrid[:64, :64]
    pixels = np.where((columns - x) ** 2 + (rows - y) ** 2 < 150, grey, 30).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Media(name="phantom", path=f"{x}-{y}-{grey}.png", data=file.getvalue())


def _volume(bright_slice: int) -> Media:
    array = np.zeros((9, 12, 12), np.uint8)
    array[bright_slice, :6] = 255
    file = io.BytesIO()
    np.save(file, array)
    return Media(name="phantom", path=f"{bright_slice}.npy", data=file.getvalue(), ndim=3)


def _request(*parts: str | Media, options: tuple[str, ...] = (), kind: str = "generate") -> Request:
    return Request(kind=kind, turns=(Turn("user", parts),), options=options)


def _learned(*examples: tuple[Request, str], **options: int) -> NearestNeighbour:
    model = NearestNeighbour(**options)
    model.load(Reader({}))
    model.learn([Example(request, target) for request, target in examples])
    return model


def _answer(model: NearestNeighbour, *parts: str | Media) -> str:
    return model.generate([_request(*parts)])[0].output


LEFT, RIGHT = _disc(16, 32), _disc(48, 32)


def test_the_answer_is_that_of_the_training_image_that_looks_most_alike():
    model = _learned((_request(LEFT, "Side?"), "left"), (_request(RIGHT, "Side?"), "right"))
    assert [_answer(model, _disc(x, 30, grey=120), "Side?") for x in (14, 44)] == ["left", "right"]


def test_volumes_are_compared_by_several_slices():
    model = _learned((_request(_volume(1), "Where?"), "low"), (_request(_volume(7), "Where?"), "high"))
    assert [_answer(model, _volume(1), "Where?"), _answer(model, _volume(7), "Where?")] == ["low", "high"]


def test_answers_do_not_depend_on_what_was_asked_before_of_the_same_image_without_its_modality():
    """Air, fat and water: a window for CT sets fat and water apart, the range of all values hardly does."""

    def scan(left: int, right: int) -> Media:
        array = np.full((3, 8, 8), -1024, np.int16)
        array[:, 2:6, :4], array[:, 2:6, 4:] = left, right
        array[:, 7, 7] = 3000
        file = io.BytesIO()
        np.save(file, array)
        return Media(name="phantom", path=f"{left}{right}.npy", data=file.getvalue(), ndim=3, modality="CT")

    asked = scan(-120, 150)
    fresh, used = (_learned((_request(scan(-90, 120), "Fat?"), "left"), (_request(scan(120, -90), "Fat?"), "right")) for _ in range(2))
    used.embed([_request(replace(asked, modality=""))])
    assert np.array_equal(used._thumbnail(used._identify(asked)), fresh._thumbnail(fresh._identify(asked)))


def test_an_example_with_the_same_question_is_preferred_to_a_closer_image():
    model = _learned((_request(LEFT, "Side?"), "left"), (_request(RIGHT, "Modality?"), "radiograph"))
    assert _answer(model, LEFT, "modality? ") == "radiograph"


def test_a_new_question_is_answered_from_the_most_alike_words_and_image_together():
    model = _learned(
        (_request(LEFT, "Is there an effusion?"), "yes"),
        (_request(RIGHT, "Is there an effusion?"), "no"),
        (_request(LEFT, "Which organ is shown"), "lung"),
    )
    assert [_answer(model, RIGHT, "Is an effusion seen?"), _answer(model, LEFT, "What organ is shown")] == ["no", "lung"]


def test_requests_without_images_are_compared_by_words():
    model = _learned((_request("small effusion on the left"), "effusion"), (_request("fracture of the hip"), "fracture"))
    assert _answer(model, "a fracture of the left hip") == "fracture"


def test_the_image_of_an_earlier_turn_stands_for_a_turn_without_one():
    model = _learned((_request(LEFT, "Side?"), "left"), (_request(RIGHT, "Side?"), "right"))
    turns = (Turn("user", (RIGHT, "Modality?")), Turn("assistant", ("radiograph",)), Turn("user", ("Side?",)))
    assert model.generate([Request(turns=turns)])[0].output == "right"


def test_a_blanked_image_is_as_far_from_all_and_gets_the_earliest_answer():
    model = _learned((_request(LEFT, "Side?"), "left"), (_request(RIGHT, "Side?"), "right"))
    blank = Media(name=RIGHT.name, path=RIGHT.path, data=RIGHT.data, edits=("blank",))
    assert _answer(model, blank, "Side?") == "left"


def test_options_are_ranked_by_their_smoothed_share_among_the_k_closest():
    near = [(_request(_disc(16, y), "Side?"), "left") for y in (30, 32)]
    far = [(_request(_disc(48, y), "Side?"), "right") for y in (30, 32, 34)]
    (reply,) = _learned(*far, *near, k=3).rank([_request(LEFT, "Side?", options=("left", "right"))])
    # the three closest: both of the left and one of the right; one is added to each count
    assert reply.output == pytest.approx({"left": math.log(3 / 5), "right": math.log(2 / 5)})


def test_each_label_of_a_set_is_ranked_by_the_share_of_the_closest_targets_that_list_it():
    labels = ("nodule", "oedema", "mass")
    targets = ("nodule, oedema", "nodule", "none")
    model = _learned(*[(_request(LEFT, "Which?", options=labels), target) for target in targets], k=3)
    (reply,) = model.rank([_request(LEFT, "Which?", options=labels)])
    assert reply.output == pytest.approx({"nodule": math.log(3 / 5), "oedema": math.log(2 / 5), "mass": math.log(1 / 5)})


def test_an_image_is_embedded_near_the_words_of_the_training_images_most_alike():
    model = _learned(
        (_request(LEFT, "disc in the left field", kind="embed"), ""),
        (_request(RIGHT, "bright spot on the other side", kind="embed"), ""),
        k=1,
    )
    captions = ("disc in the left field", "bright spot on the other side")
    (reply,) = model.embed([_request(_disc(46, 33), *captions, kind="embed")])
    image, left, right = reply.output.array()
    assert image @ right > 0.99  # the caption itself, in float16
    assert image @ left < 0.5


def test_a_training_sample_whose_image_cannot_be_read_is_left_out_and_counted():
    broken = Media(name="phantom", path="broken.png", data=b"no image")
    model = _learned((_request(broken, "Side?"), "left"), (_request(RIGHT, "Side?"), "right"))
    assert (_answer(model, LEFT, "Side?"), model.identity()["n_learned"], model.identity()["n_unreadable"]) == ("right", 1, 1)


def test_an_asked_image_that_cannot_be_read_is_an_error():
    model = _learned((_request(RIGHT, "Side?"), "right"))
    with pytest.raises(MediaError, match=r"broken\.png"):
        model.generate([_request(Media(name="phantom", path="broken.png", data=b"no image"), "Side?")])


def test_of_many_examples_the_stated_number_is_drawn():
    examples = [(_request(f"question {i}"), f"answer {i}") for i in range(50)]
    first, again = (_learned(*examples, max_examples=10) for _ in range(2))
    assert first.identity() == again.identity()
    assert first.identity()["n_learned"] == 10


def test_other_training_images_make_another_identity():
    one, other = (_learned((_request(image, "Side?"), "left")) for image in (LEFT, RIGHT))
    assert one.identity() != other.identity()


def test_asked_before_it_learned_it_says_what_is_missing():
    with pytest.raises(ModelError, match="learned nothing: it needs a task with a `train` split"):
        NearestNeighbour().generate([_request("Side?")])


@pytest.mark.parametrize("option", ["k", "size", "max_examples"])
def test_an_option_below_one_is_refused(option):
    with pytest.raises(ContentError, match=f"`{option}` should be at least 1, got 0"):
        NearestNeighbour(**{option: 0})
