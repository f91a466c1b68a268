from __future__ import annotations

import numpy as np
import pytest

from radbench.errors import ContentError
from radbench.protocols.retrieval import Retrieval
from radbench.sample import Media, Reply, Sample, Text, Turn, Unparsed, Vectors

FILM = Media(name="d", path="film.png")
SAMPLE = Sample(id="s", media=(FILM,), references=(Text("Clear lungs. Normal.", {"findings": "Clear lungs."}),))


def test_image_and_text_are_embedded_in_this_order() -> None:
    request = Retrieval().ask(SAMPLE)

    assert (request.kind, request.turns) == ("embed", (Turn("user", (FILM, "Clear lungs. Normal.")),))
    assert Retrieval(section="findings").ask(SAMPLE).turns[0].parts[1] == "Clear lungs."


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (Sample(id="s", references=SAMPLE.references), "exactly one image or volume, it has 0"),
        (Sample(id="s", media=(FILM, FILM), references=SAMPLE.references), "exactly one image or volume, it has 2"),
        (Sample(id="s", media=(FILM,)), "no reference"),
        (Sample(id="s", media=(FILM,), references=(Text(""),)), "needs its paired text"),
    ],
)
def test_a_sample_that_is_no_pair_is_refused(sample: Sample, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        Retrieval().ask(sample)


def test_a_missing_section_and_solved_examples_are_refused() -> None:
    with pytest.raises(ContentError, match="section `impression`"):
        Retrieval(section="impression").ask(SAMPLE)
    with pytest.raises(ContentError, match="shots: 0"):
        Retrieval().ask(SAMPLE, shots=(SAMPLE,))


def test_only_two_finite_vectors_are_an_answer() -> None:
    pair = Vectors.of(np.array([[1.0, 0.0], [0.5, 0.5]]))
    read = Retrieval().read

    assert read(SAMPLE, Reply(output=pair)) == pair
    assert isinstance(read(SAMPLE, Reply(output=Vectors.of(np.ones((3, 2))))), Unparsed)
    assert isinstance(read(SAMPLE, Reply(output=Vectors.of(np.zeros((2, 0))))), Unparsed)
    assert isinstance(read(SAMPLE, Reply(output=Vectors.of(np.array([[1.0], [np.nan]])))), Unparsed)
    assert isinstance(read(SAMPLE, Reply(output="0.1 0.2")), Unparsed)
