"""The vocabulary: frozen records, the texts of answers, vectors that come back."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, is_dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from radbench import sample as vocabulary
from radbench.sample import Abstained, Box, Boxes, Case, Choice, HeatMap, LabelSet, Points, Sample, Text, Unparsed, Vectors, as_text


def test_every_record_is_frozen_and_has_no_room_for_further_fields():
    records = [item for item in vars(vocabulary).values() if isinstance(item, type) and is_dataclass(item)]
    assert len(records) >= 15
    for record in records:
        assert record.__dataclass_params__.frozen
        assert "__slots__" in vars(record)


def test_a_sample_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Sample(id="a").id = "b"


@given(arrays.arrays(np.float16, st.tuples(st.integers(0, 4), st.integers(1, 5)), elements=st.floats(-1000, 1000, width=16)))
def test_vectors_come_back_as_they_were_in_half_precision(rows: np.ndarray):
    packed = Vectors.of(rows)
    assert packed.shape == rows.shape
    assert packed.array().dtype == np.float32
    np.testing.assert_array_equal(packed.array(), rows.astype(np.float32))


def test_vectors_are_little_endian_wherever_they_were_made():
    assert Vectors.of(np.array([[1.0]], dtype=">f4")) == Vectors.of(np.array([[1.0]], dtype="<f4"))


@given(arrays.arrays(np.uint8, st.lists(st.integers(1, 5), min_size=2, max_size=3).map(tuple)))
def test_a_heat_map_keeps_its_shape_and_its_largest_weight_is_255(weights: np.ndarray):
    packed = HeatMap.of(weights, media=1)
    assert (packed.shape, packed.media) == (weights.shape, 1)
    np.testing.assert_array_equal(packed.array(), np.rint(weights * (255 / max(1, weights.max()))))


@pytest.mark.parametrize("weights", [np.ones(3), np.ones((0, 2)), np.array([[-1.0, 2.0]]), np.array([[np.nan, 1.0]])])
def test_weights_that_are_no_heat_map_are_refused(weights: np.ndarray):
    with pytest.raises(ValueError, match="heat map"):
        HeatMap.of(weights)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Text("No effusion."), "No effusion."),
        (Choice("yes"), "yes"),
        (Choice("yes", rationale="a meniscus"), "a meniscus"),
        (LabelSet(("edema", "effusion")), "edema, effusion"),
        (LabelSet(()), ""),
        (Boxes((Box(0, 0, 1, 1),)), ""),
        (Points(()), ""),
        (Vectors("", (0, 1)), ""),
        (Abstained("unanswerable"), ""),
        (Unparsed("no option named"), ""),
        (None, ""),
    ],
)
def test_an_answer_as_text(answer: object, text: str):
    assert as_text(answer) == text


def test_a_case_can_be_made_of_plain_texts():
    case = Case.of("Clear.", ["Clear lungs.", Text("No finding.")], id="s", cluster="p")
    assert case.text == "Clear."
    assert case.references == ("Clear lungs.", "No finding.")
    assert (case.sample.id, case.sample.cluster) == ("s", "p")
    assert Case.of(None, []).text == ""
