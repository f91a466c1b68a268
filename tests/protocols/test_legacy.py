"""Legacy readers reproduce what the published scorers did, faults included."""

from __future__ import annotations

import pytest

from radbench.errors import ContentError
from radbench.protocols.legacy import DROPPED
from radbench.protocols.vqa import Vqa
from radbench.sample import Choice, Reply, Sample, Unparsed

# SLAKE, English closed test questions: 180 no, 175 yes, 61 neither
SLAKE = [Sample(id="", options=("yes", "no"), references=(Choice(label),)) for label in ["no"] * 180 + ["yes"] * 175 + ["left"] * 61]
OPTIONS = ("CT", "MRI", "Ultrasound examination", "X-ray")


def _accuracy(reader: str, reply: str) -> float:
    protocol = Vqa(form="closed", reader=reader)
    answers = [(protocol.read(sample, Reply(output=reply)), sample.references[0]) for sample in SLAKE]
    kept = [answer == reference for answer, reference in answers if answer != DROPPED]
    return sum(kept) / len(kept)


def test_always_yes_is_perfect_for_version_1_because_misses_leave_the_denominator() -> None:
    assert _accuracy("strict", "Yes") == 175 / 416
    assert _accuracy("legacy.llavamed_closed_v1", "Yes") == 1.0


def test_one_sentence_answers_yes_and_no_questions_for_version_2() -> None:
    reply = "yes, the image looks normal"

    assert _accuracy("legacy.llavamed_closed_v2", reply) == 355 / 416  # 85.3 %: "no" is inside "normal"
    assert _accuracy("strict", reply) == 175 / 416


@pytest.mark.parametrize(("reply", "expected"), [("C", "CT"), ("A", "CT"), ("D", "X-ray"), ("it is B", "MRI")])
def test_difflib_prefers_short_options_that_hold_the_letter(reply: str, expected: str) -> None:
    sample = Sample(id="", options=OPTIONS, references=(Choice("CT"),))

    assert Vqa(form="choice", answer="letter", reader="legacy.medvint_difflib").read(sample, Reply(output=reply)) == Choice(expected)


def test_difflib_finds_nothing_in_an_empty_or_foreign_reply() -> None:
    sample = Sample(id="", options=OPTIONS, references=(Choice("CT"),))
    protocol = Vqa(form="choice", reader="legacy.medvint_difflib")

    assert isinstance(protocol.read(sample, Reply(output="")), Unparsed)
    assert isinstance(protocol.read(sample, Reply(output="?")), Unparsed)


@pytest.mark.parametrize(
    ("form", "reader"), [("closed", "legacy.medvint_difflib"), ("open", "legacy.llavamed_closed_v1"), ("choice", "lenient")]
)
def test_a_reader_that_the_form_does_not_know_is_refused(form: str, reader: str) -> None:
    with pytest.raises(ContentError, match=f"expected .*`strict`.*got `{reader}`"):
        Vqa(form=form, reader=reader)  # type: ignore[arg-type]  # drawn from a table
