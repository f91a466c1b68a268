"""Questions on images: wording, forms, conversations, abstention."""

from __future__ import annotations

import pytest

from radbench.errors import ContentError
from radbench.protocols.vqa import Vqa
from radbench.sample import Abstained, Choice, LabelSet, Media, Reply, Sample, Text, Turn, Unparsed

FILM = Media(name="d", path="film.png")
CLOSED = Sample(id="c", media=(FILM,), texts={"question": "Is there edema?"}, options=("yes", "no"), references=(Choice("yes"),))
OPEN = Sample(id="o", media=(FILM,), texts={"question": "Where?"}, references=(Text("left"),))
PICK = Sample(id="p", media=(FILM,), texts={"question": "Which?"}, options=("CT", "MR", "X-ray"), references=(Choice("MR"),))


@pytest.mark.parametrize(
    ("options", "sample", "expected"),
    [
        ({}, CLOSED, "Is there edema?\nAnswer with yes or no."),
        ({}, PICK, "Which?\nAnswer with CT, MR or X-ray."),
        ({}, OPEN, "Where?\nAnswer with a word or a short phrase."),
        ({"answer": "letter"}, OPEN, "Where?\nAnswer with a word or a short phrase."),
        ({"form": "open"}, CLOSED, "Is there edema?\nAnswer with a word or a short phrase."),
        ({"form": "choice"}, PICK, "Which?\n- CT\n- MR\n- X-ray\nAnswer with the text of the right option."),
        ({"answer": "letter"}, PICK, "Which?\nA. CT\nB. MR\nC. X-ray\nAnswer with the letter of the right option."),
        ({"abstain": "unsure"}, CLOSED, 'Is there edema?\nAnswer with yes or no. If you cannot tell, answer "unsure".'),
        ({"prompt": "Q: {question} A:"}, CLOSED, "Q: Is there edema? A:"),
    ],
)
def test_the_wording_follows_form_and_answer_mode(options: dict, sample: Sample, expected: str) -> None:
    assert Vqa(**options).ask(sample).turns == (Turn("user", (FILM, expected)),)


def test_ranked_options_are_their_texts_and_open_questions_are_generated() -> None:
    protocol = Vqa(answer="ranked", max_new_tokens=16)

    assert (protocol.ask(PICK).kind, protocol.ask(PICK).options) == ("rank", PICK.options)
    assert (protocol.ask(OPEN).kind, protocol.ask(OPEN).max_new_tokens) == ("generate", 16)


def test_log_likelihoods_are_read_in_every_answer_mode() -> None:
    for answer in ("free", "letter", "ranked"):
        read = Vqa(answer=answer).read(CLOSED, Reply(output={"yes": -1.0, "no": -1.0}))

        assert read == Choice("yes", {"yes": 0.5, "no": 0.5})


def test_a_follow_up_comes_after_its_question_and_the_models_own_answer() -> None:
    follow = Sample(id="f", media=(FILM,), texts={"question": "Which side?"}, follows="c")

    turns = Vqa().ask(follow, history=[(CLOSED, Reply(output="Yes, on the left."))]).turns

    assert [turn.role for turn in turns] == ["user", "assistant", "user"]
    assert turns[1].parts == ("Yes, on the left.",)
    assert turns[2].parts == ("Which side?\nAnswer with a word or a short phrase.",)


def test_a_closed_question_without_options_is_read_as_its_exact_text() -> None:
    sample = Sample(id="x", texts={"question": "Which side?"}, references=(Choice("Left"),))
    protocol = Vqa(form="closed", answer="letter")

    assert protocol.ask(sample).turns[-1].parts == ("Which side?\nAnswer with a word or a short phrase.",)
    assert protocol.read(sample, Reply(output=" left. ")) == Choice("Left")
    assert protocol.read(sample, Reply(output="Right.")) == Choice("right")
    assert protocol.read(sample, Reply(output="")) == Unparsed("empty reply")


@pytest.mark.parametrize(("output", "expected"), [("Cannot tell.", Abstained("cannot tell")), ("yes", Choice("yes"))])
def test_the_phrase_of_abstention_is_an_answer_of_its_own(output: str, expected: object) -> None:
    assert Vqa(abstain="cannot tell").read(CLOSED, Reply(output=output)) == expected


def test_silence_is_an_empty_answer_to_an_open_question() -> None:
    assert Vqa().read(OPEN, Reply(output="")) == Text("")


def test_several_options_may_be_selected() -> None:
    protocol = Vqa(form="choice", select="many", answer="letter")

    assert protocol.read(PICK, Reply(output="C, A")) == LabelSet(("CT", "X-ray"))
    assert protocol.target(PICK) == "B"


@pytest.mark.parametrize(
    "options",
    [
        {"form": "essay"},
        {"form": "open", "answer": "letter"},
        {"form": "open", "answer": "ranked"},
        {"select": "many"},
        {"prompt": "{findings}"},
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict) -> None:
    with pytest.raises(ContentError):
        Vqa(**options)


def test_more_options_than_letters_are_refused() -> None:
    sample = Sample(id="x", texts={"question": "?"}, options=tuple(map(str, range(27))))

    with pytest.raises(ContentError, match="sample `x`: 27 options cannot be lettered"):
        Vqa(answer="letter").ask(sample)


def test_a_reference_that_is_no_option_has_no_letter() -> None:
    sample = Sample(id="x", texts={"question": "?"}, options=("a", "b"), references=(Choice("c"),))

    with pytest.raises(ContentError, match="sample `x`: the reference `c` is none of its options"):
        Vqa(answer="letter").target(sample)
