"""Prompts: slots, optional stretches, placement of media, conversations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ContentError
from radbench.protocols.prompts import Prompt, introductions
from radbench.sample import Media, Part, Reply, Sample, Turn

ONE, TWO, THREE = (Media(name="d", path=f"{n}.png") for n in "123")


def _parts(template: str, sample: Sample, **options: Any) -> tuple[Part, ...]:
    prompt = Prompt(template, texts=("question", "indication", "prior_report"), **options)
    return prompt.conversation(sample, lambda _: "", (), ())[-1].parts


def _sample(*media: Media, **texts: str) -> Sample:
    return Sample(id="s1", media=media, texts=texts)


def test_a_filled_value_is_never_filled_again() -> None:
    sample = _sample(question="Is {indication} there?", indication="{question}")

    assert _parts("{question} [{indication}]", sample) == ("Is {indication} there? [{question}]",)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_value_comes_through_unchanged(indication: str, prior: str) -> None:
    sample = _sample(indication=indication, prior_report=prior)

    assert _parts("{indication}|{prior_report}", sample) == (f"{indication}|{prior}",)


def test_braces_and_brackets_that_are_no_slots_are_text() -> None:
    template = 'Write {"box": [[0, 1], [2, 3]]} or {} for {question}'

    assert _parts(template, _sample(question="it")) == ('Write {"box": [[0, 1], [2, 3]]} or {} for it',)


@pytest.mark.parametrize("template", ["{qestion}", "{Question}", "{image:0}", "{image:x}", "{image}", "[[{findings}]]"])
def test_an_unknown_slot_is_refused_when_the_prompt_is_made(template: str) -> None:
    with pytest.raises(ContentError, match=r"option `prompt`: unknown slot .*this kind of task has \{question\}, \{indication\}"):
        Prompt(template, texts=("question", "indication"))


@pytest.mark.parametrize("texts", [{}, {"question": ""}])
def test_a_missing_text_names_the_sample_and_the_text(texts: dict[str, str]) -> None:
    with pytest.raises(ContentError, match="sample `s1`: its prompt needs `question`"):
        _parts("{question}", _sample(**texts))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, "Describe the image."),
        ({"indication": ""}, "Describe the image."),
        ({"indication": "cough"}, "Describe the image given: cough"),
    ],
)
def test_an_optional_stretch_gives_way_where_its_slot_is_empty(texts: dict[str, str], expected: str) -> None:
    assert _parts("Describe the image[[ given: {indication}|.]]", _sample(**texts)) == (expected,)


def test_one_image_stands_before_or_after_the_text_without_a_word() -> None:
    assert _parts("{question}", _sample(ONE, question="Why?")) == (ONE, "Why?")
    assert _parts("{question}", _sample(ONE, question="Why?"), images="after") == ("Why?", ONE)


def test_several_images_are_introduced_in_words() -> None:
    sample = _sample(ONE, TWO, question="Why?")

    assert _parts("{question}", sample) == ("Image 1: ", ONE, "\nImage 2: ", TWO, "\nWhy?")
    assert _parts("{question}", sample, images="after") == ("Why?\nImage 1: ", ONE, "\nImage 2: ", TWO)
    assert _parts("See {images}. {question}", sample) == ("See Image 1: ", ONE, "\nImage 2: ", TWO, ". Why?")


def test_an_image_of_an_earlier_study_is_introduced_even_alone() -> None:
    prior = Media(name="d", path="0.png", is_prior=True)

    assert _parts("{question}", _sample(prior, question="Why?")) == ("Prior study: ", prior, "\nWhy?")


def test_images_stand_where_the_prompt_says() -> None:
    assert _parts("{image:2} or {image:1}: {question}", _sample(ONE, TWO, question="?")) == (TWO, " or ", ONE, ": ?")


def test_images_that_stand_nowhere_else_come_first() -> None:
    sample = _sample(ONE, TWO, question="<image 2> or this?")

    assert _parts("{question}", sample) == ("Image 1: ", ONE, "\n", TWO, " or this?")


@pytest.mark.parametrize("marker", ["<i>", "<image>", "<img>", "<IMAGE>", "<image >"])
def test_markers_in_a_question_place_the_images_in_order(marker: str) -> None:
    sample = _sample(ONE, TWO, question=f"Is {marker} worse than {marker}?")

    assert _parts("{question}", sample) == ("Is ", ONE, " worse than ", TWO, "?")


def test_other_tags_in_a_question_are_text() -> None:
    assert _parts("{question}", _sample(ONE, question="Is a <b> or i < 3?")) == (ONE, "Is a <b> or i < 3?")


def test_a_marker_beyond_the_images_is_an_error_but_not_where_there_are_none() -> None:
    with pytest.raises(ContentError, match="sample `s1`: its prompt points to image 2, the sample has 1"):
        _parts("{question}", _sample(ONE, question="<i> or <i>?"))

    assert _parts("{question}", _sample(question="<i> or <i>?")) == (" or ?",)


def test_media_are_named_by_study_view_side_series_and_phase() -> None:
    media = (
        Media(name="d", path="1", view="PA", study_date="2020-02-01"),
        Media(name="d", path="2", view="lateral", is_prior=True, study_date="2019-01-01"),
        Media(name="d", path="3", modality="MR", series="T1", is_prior=True),
        Media(name="d", path="4", modality="CT", phase="arterial"),
        Media(name="d", path="5", view="MLO", laterality="left"),
    )

    assert introductions(media) == [
        "Current study (2020-02-01), frontal view (PA)",
        "Prior study (2019-01-01), lateral view",
        "Prior study, MR, T1 series",
        "Current study, CT, arterial phase",
        "Current study, left MLO view",
    ]


def test_equal_names_are_numbered() -> None:
    media = (Media(name="d", path="1", view="AP"), Media(name="d", path="2", view="AP"), Media(name="d", path="3", view="lateral"))

    assert introductions(media) == ["Frontal view (AP) 1", "Frontal view (AP) 2", "Lateral view"]


def test_a_conversation_shows_examples_then_earlier_turns_then_the_sample() -> None:
    prompt = Prompt("{question}", texts=("question",), system="You read films.")
    shot = _sample(THREE, question="Shot?")
    earlier = _sample(ONE, question="First?")
    sample = _sample(ONE, TWO, question="Second?")

    turns = prompt.conversation(sample, lambda _: "right", (shot,), ((earlier, Reply(output="<think>hm</think>said")),))

    assert turns == (
        Turn("system", ("You read films.",)),
        Turn("user", (THREE, "Shot?")),
        Turn("assistant", ("right",)),
        Turn("user", (ONE, "First?")),
        Turn("assistant", ("said",)),
        Turn("user", ("Image 2: ", TWO, "\nSecond?")),  # the first image has been shown
    )


def test_an_earlier_turn_is_told_by_its_likeliest_option_and_left_out_without_output() -> None:
    prompt = Prompt("{question}", texts=("question",))
    history = [(_sample(ONE, question="1?"), Reply(error="failed")), (_sample(ONE, question="2?"), Reply(output={"yes": -2.0, "no": -1.0}))]

    turns = prompt.conversation(_sample(ONE, question="3?"), lambda _: "", (), history)

    assert turns == (Turn("user", (ONE, "2?")), Turn("assistant", ("no",)), Turn("user", ("3?",)))


def test_a_wrong_placement_is_refused() -> None:
    with pytest.raises(ContentError, match="option `images`: expected `before` or `after`, got `left`"):
        Prompt("", texts=(), images="left")  # type: ignore[arg-type]  # as a card may say
