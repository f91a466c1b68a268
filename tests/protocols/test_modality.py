from __future__ import annotations

import pytest

from radbench.protocols.modality import Modality
from radbench.sample import Choice, Media, Reply, Sample, Unparsed

SCAN = Media(name="d", path="scan.npy", ndim=3)
CODES = ("CT", "MR", "US", "CR")
SPOKEN = ("X-ray", "CT", "MRI", "ultrasound")


@pytest.mark.parametrize(
    ("output", "options", "expected"),
    [
        ("us", CODES, Choice("US")),
        ("Let us look: an MRI scan.", CODES, Choice("MR")),
        ("sonogram", CODES, Choice("US")),
        ("A plain radiograph", CODES, Choice("CR")),
        ("magnetic resonance imaging", SPOKEN, Choice("MRI")),
        ("This is a computed tomography (CT) scan.", SPOKEN, Choice("CT")),
        ("x-ray", SPOKEN, Choice("X-ray")),
        ("radiograph", ("CR", "DX"), Unparsed("no option named")),  # both are radiographs
        ("CT or MRI", SPOKEN, Unparsed("several options named")),
        ("echo", SPOKEN, Unparsed("no option named")),
    ],
)
def test_the_usual_names_count_as_the_option_they_mean(output: str, options: tuple[str, ...], expected: object) -> None:
    sample = Sample(id="s", media=(SCAN,), options=options)

    assert Modality().read(sample, Reply(output=output)) == expected


def test_a_cards_synonyms_add_to_the_usual_names() -> None:
    sample = Sample(id="s", options=("ultrasound", "CT"))

    assert Modality(synonyms={"ultrasound": ["echo"]}).read(sample, Reply(output="An echo.")) == Choice("ultrasound")
    assert Modality(synonyms={"ultrasound": ["echo"]}).read(sample, Reply(output="sonogram")) == Choice("ultrasound")


@pytest.mark.parametrize(
    ("texts", "options", "expected"),
    [
        ({}, SPOKEN, "Which imaging modality is this?\nAnswer with X-ray, CT, MRI or ultrasound."),
        ({"modality": "modality X"}, ("yes", "no"), "Is the modality of this examination modality X?\nAnswer with yes or no."),
        ({"question": "CT?", "modality": "CT"}, ("yes", "no"), "CT?\nAnswer with yes or no."),
    ],
)
def test_the_question_is_open_or_on_one_modality(texts: dict[str, str], options: tuple[str, ...], expected: str) -> None:
    sample = Sample(id="s", media=(SCAN,), texts=texts, options=options)

    assert Modality().ask(sample).turns[-1].parts == (SCAN, expected)
