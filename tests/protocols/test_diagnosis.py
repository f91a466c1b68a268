from __future__ import annotations

import math

import pytest

from radbench.errors import ContentError
from radbench.protocols.diagnosis import Diagnosis
from radbench.sample import Abstained, Choice, LabelSet, Media, Reply, Sample, Text, Unparsed

FILM = Media(name="d", path="film.png")
GRADES = ("BI-RADS 3", "BI-RADS 4", "BI-RADS 4A")


def _asked(sample: Sample, **options: object) -> object:
    return Diagnosis(**options).ask(sample).turns[-1].parts[-1]  # type: ignore[arg-type]  # drawn from tables


def test_a_binary_question_names_the_disease_and_needs_no_options() -> None:
    sample = Sample(id="s", media=(FILM,), texts={"disease": "lung disease of {unknown} cause"})

    assert _asked(sample) == "Does this examination show lung disease of {unknown} cause?\nAnswer with yes or no."
    assert Diagnosis().read(sample, Reply(output="No, the lungs look normal.")) == Choice("no")


def test_a_binary_sample_without_disease_or_question_is_an_error() -> None:
    with pytest.raises(ContentError, match="sample `s`: its prompt needs `question`"):
        Diagnosis().ask(Sample(id="s"))


def test_binary_scores_become_probabilities() -> None:
    read = Diagnosis(answer="ranked").read(Sample(id="s", options=("yes", "no")), Reply(output={"yes": math.log(3), "no": 0.0}))

    assert isinstance(read, Choice)
    assert read.label == "yes"
    assert read.scores == pytest.approx({"yes": 0.75, "no": 0.25})


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("none", LabelSet(())),
        ("Edema, mass", LabelSet(("edema", "mass"))),
        ("water in the lungs", LabelSet(("edema",))),
        ({"edema": math.log(0.75), "nodule": math.log(0.25)}, LabelSet(("edema",), {"edema": 0.75, "nodule": 0.25})),
        ({"edema": 0.0}, Unparsed("the scores do not cover the options")),
    ],
)
def test_several_labels_may_be_present(output: object, expected: object) -> None:
    protocol = Diagnosis(form="multilabel", synonyms={"edema": ["water in the lungs"]})
    read = protocol.read(Sample(id="s", options=("edema", "nodule")), Reply(output=output))  # type: ignore[arg-type]  # drawn from the table

    assert read == expected or (isinstance(read, LabelSet) and read.scores == pytest.approx(dict(expected.scores)))  # type: ignore[attr-defined]


def test_labels_are_listed_in_the_prompt_with_their_separator() -> None:
    assert _asked(Sample(id="s", options=("a", "b")), form="multilabel") == (
        "Which of these does the examination show?\n- a\n- b\nList all that apply, separated by commas, or answer: none."
    )
    assert "separated by semicolons" in str(_asked(Sample(id="s", options=("a, left", "b")), form="multilabel"))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("BI-RADS 4A", Choice("BI-RADS 4A")),
        ("This is a BI-RADS 4.", Choice("BI-RADS 4")),
        ("BI-RADS 3 or BI-RADS 4", Unparsed("several options named")),
        ("BI-RADS 4B", Unparsed("no option named")),
    ],
)
def test_a_grade_is_not_read_from_a_longer_one(output: str, expected: object) -> None:
    assert Diagnosis(form="graded").read(Sample(id="s", options=GRADES), Reply(output=output)) == expected


def test_an_open_diagnosis_is_text_or_one_of_options_that_were_not_shown() -> None:
    protocol = Diagnosis(form="open")
    with_options = Sample(id="s", options=("gout", "psoriasis"))

    assert "gout" not in str(_asked(with_options, form="open"))
    assert protocol.read(with_options, Reply(output="Most likely gout.")) == Choice("gout")
    assert protocol.read(Sample(id="s"), Reply(output=" Gout ")) == Text("Gout")


def test_abstaining_is_read_before_anything_else() -> None:
    read = Diagnosis(form="graded", abstain="cannot be graded").read(Sample(id="s", options=GRADES), Reply(output="Cannot be graded."))

    assert read == Abstained("cannot be graded")
