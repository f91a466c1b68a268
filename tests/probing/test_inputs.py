"""Edits of inputs: what becomes of a sample and of what is right about it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.probing import inputs
from radbench.probing._questions import negated, paraphrased
from radbench.sample import Box, Boxes, Choice, LabelSet, Media, Points, Sample, Text

FILM = Media(name="d", path="1.png", view="PA")
SAMPLE = Sample(
    id="s",
    media=(FILM,),
    texts={"question": "Is there a nodule on the left?", "width": "100"},
    options=("yes", "no"),
    references=(Choice("yes"),),
)
NOBODY: dict[str, str] = {}

TERMS = st.sampled_from(("left effusion", "right nodule", "heart", "Left lung"))
CORNER = st.integers(0, 50)
ANSWERS = st.one_of(
    st.builds(Text, TERMS, st.dictionaries(st.just("findings"), TERMS)),
    st.builds(Choice, TERMS),
    st.builds(LabelSet, st.lists(TERMS, unique=True).map(tuple)),
    st.builds(Boxes, st.lists(st.builds(lambda x, y: Box(x, y, x + 7, y + 5, "left"), CORNER, CORNER)).map(tuple)),
    st.builds(Points, st.lists(st.tuples(CORNER, CORNER)).map(tuple)),
)


@given(ANSWERS)
def test_an_answer_mirrored_twice_is_itself(answer: inputs.Reference):
    once = inputs.mirror_answer(answer, 100.0)
    assert once is not None
    assert inputs.mirror_answer(once, 100.0) == answer


def test_a_mirrored_sample_has_everything_on_the_other_side():
    sample = replace(SAMPLE, references=(Boxes((Box(10, 20, 30, 40, "left nodule"),)),), options=("left nodule", "heart"))
    edited = inputs.mirrored(sample, NOBODY)
    assert edited is not None
    assert edited.media[0].edits == ("mirror",)
    assert edited.texts["question"] == "Is there a nodule on the right?"
    assert edited.options == ("right nodule", "heart")
    assert edited.references == (Boxes((Box(70, 20, 90, 40, "right nodule"),)),)


def test_options_that_mirror_into_each_other_keep_their_order():
    edited = inputs.mirrored(replace(SAMPLE, options=("left", "right"), references=(Choice("left"),)), NOBODY)
    assert edited is not None
    assert (edited.options, edited.references) == (("left", "right"), (Choice("right"),))


def test_what_has_no_mirror_image_is_not_mirrored():
    box = (Boxes((Box(1, 2, 3, 4),)),)
    assert inputs.mirrored(replace(SAMPLE, media=()), NOBODY) is None
    assert inputs.mirrored(replace(SAMPLE, media=(replace(FILM, view="lateral"),)), NOBODY) is None
    assert inputs.mirrored(replace(SAMPLE, texts={}, references=box), NOBODY) is None
    both = inputs.mirrored(replace(SAMPLE, media=(FILM, replace(FILM, view="LATERAL"))), NOBODY)
    assert both is not None
    assert [media.edits for media in both.media] == [("mirror",), ()]


def test_a_prior_is_taken_away_with_its_report():
    with_prior = replace(SAMPLE, media=(FILM, replace(FILM, is_prior=True)), texts={"prior_report": "Nodule.", "indication": "Cough"})
    edited = inputs.without_prior(with_prior, NOBODY)
    assert edited is not None
    assert (edited.media, edited.texts) == ((FILM,), {"indication": "Cough"})
    assert inputs.without_prior(SAMPLE, NOBODY) is None


def test_a_negated_question_has_the_other_answer():
    edited = inputs.negated(SAMPLE, NOBODY)
    assert edited is not None
    assert edited.texts["question"] == "Is it true that there is no nodule on the left?"
    assert edited.references == (Choice("no"),)
    spelt = inputs.negated(replace(SAMPLE, options=("Yes", "No"), references=(Choice("No"),)), NOBODY)
    assert spelt is not None
    assert spelt.references == (Choice("Yes"),)


@pytest.mark.parametrize(
    "changed", [{"options": ("left", "right")}, {"references": (Text("yes"),)}, {"references": ()}, {"texts": {"question": "Which side?"}}]
)
def test_only_questions_of_yes_or_no_are_negated(changed: dict[str, object]):
    assert inputs.negated(replace(SAMPLE, **changed), NOBODY) is None  # type: ignore[arg-type]  # fields of a sample


@given(st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=6, unique=True))
def test_shuffled_options_are_the_same_in_another_order(options: list[str]):
    edited = inputs.shuffled(replace(SAMPLE, options=tuple(options)), NOBODY)
    assert edited is not None
    assert sorted(edited.options) == sorted(options)
    assert edited.options != tuple(options)


def test_the_last_view_of_several_is_taken_away():
    lateral, prior = replace(FILM, path="2.png", view="lateral"), replace(FILM, path="0.png", is_prior=True)
    edited = inputs.without_a_view(replace(SAMPLE, media=(FILM, lateral, prior)), NOBODY)
    assert edited is not None
    assert edited.media == (FILM, prior)
    assert inputs.without_a_view(replace(SAMPLE, media=(FILM, prior)), NOBODY) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("Cough", "Fever", "Pain", ""))), max_size=12))
def test_the_indication_of_a_stranger_is_of_another_patient_and_reads_differently(patients: list[tuple[str, str]]):
    samples = [Sample(id=str(i), cluster=patient, texts={"indication": text}) for i, (patient, text) in enumerate(patients)]
    found = inputs.strangers(samples)
    for sample in samples:
        own = sample.texts["indication"]
        others = {s.texts["indication"] for s in samples if s.cluster != sample.cluster and s.texts["indication"]} - {own}
        assert (found[sample.id] in others) if own and others else (sample.id not in found)


@pytest.mark.parametrize(
    ("question", "other", "opposite"),
    [
        ("Is there a nodule?", "Can you see a nodule?", "Is it true that there is no nodule?"),
        ("Are there any nodules?", "Can you see any nodules?", "Is it true that there are no nodules?"),
        ("Is the heart enlarged?", "Would you say that the heart is enlarged?", "Is it true that the heart is not enlarged?"),
        ("Are the lungs clear?", "Would you say that the lungs are clear?", "Is it true that the lungs are not clear?"),
        ("Does the film show a line?", "Would you say that the film does show a line?", "Is it true that the film does not show a line?"),
        ("Do the films show a line?", "Would you say that the films do show a line?", "Is it true that the films do not show a line?"),
        ("What is this?", "Please answer this question: What is this?", None),
        ("Is it true that there is no nodule?", "Please answer this question: Is it true that there is no nodule?", None),
        ("Is there no nodule?", "Can you see no nodule?", None),
        ("", None, None),
    ],
)
def test_questions_are_put_in_other_words_and_turned_round(question: str, other: str | None, opposite: str | None):
    assert (paraphrased(question), negated(question)) == (other, opposite)
