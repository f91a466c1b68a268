from __future__ import annotations

import pytest

from radbench.protocols.rationale import Rationale
from radbench.sample import Choice, Reply, Sample, Unparsed

SAMPLE = Sample(id="s", options=("gout", "psoriasis"), references=(Choice("gout", rationale="Tophi."),))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", Unparsed("empty reply")),
        ("Gout", Choice("gout")),
        ("Erosions speak for gout.", Unparsed("no diagnosis stated")),  # no head: prose may name what it rules out
        ("Rationale: no psoriasis plaques.\nDiagnosis: Gout.", Choice("gout", rationale="no psoriasis plaques.")),
        ("**Diagnosis:** gout\n**Rationale:** tophi", Choice("gout", rationale="tophi")),
        ("Tophi at the first toe.\nFinal answer: gout", Choice("gout", rationale="Tophi at the first toe.")),
        ("Diagnosis: gout\nThere are tophi.", Choice("gout", rationale="There are tophi.")),
        ("Rationale: tophi.\nDiagnosis: arthritis", Unparsed("no option named")),
        ("Rationale: tophi.\nDiagnosis: gout or psoriasis", Unparsed("several options named")),
        ("Rationale: tophi.\nDiagnosis:", Unparsed("empty reply")),
    ],
)
def test_the_diagnosis_stands_under_its_head(output: str, expected: object) -> None:
    assert Rationale().read(SAMPLE, Reply(output=output)) == expected


def test_letters_are_asked_for_and_read() -> None:
    protocol = Rationale(answer="letter")

    assert "A. gout\nB. psoriasis" in protocol.ask(SAMPLE).turns[-1].parts[-1]
    assert protocol.target(SAMPLE) == "Rationale: Tophi.\nDiagnosis: A"
    assert protocol.read(SAMPLE, Reply(output="Rationale: scales.\nDiagnosis: (b)")) == Choice("psoriasis", rationale="scales.")


def test_without_options_the_diagnosis_is_its_own_label() -> None:
    sample = Sample(id="s", references=(Choice("Gout"),))

    assert Rationale().read(sample, Reply(output="Diagnosis: gout.")) == Choice("Gout")
    assert Rationale().read(sample, Reply(output="Diagnosis: Septic arthritis")) == Choice("septic arthritis")


def test_the_prompt_names_the_options_and_the_form() -> None:
    assert Rationale().ask(SAMPLE).turns[-1].parts[-1] == (
        "What is the diagnosis?\nOptions: gout or psoriasis.\n"
        "Give the imaging features that decide it, then the diagnosis, in two lines:\nRationale: ...\nDiagnosis: ..."
    )
