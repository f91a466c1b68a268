from __future__ import annotations

import pytest

from radbench.errors import ContentError
from radbench.protocols.report import Report
from radbench.sample import Media, Reply, Sample, Text, Unparsed

NOW = Media(name="d", path="now.png", view="PA")
BEFORE = Media(name="d", path="before.png", view="PA", is_prior=True)
BOTH = {"findings": "Clear.", "impression": "Normal."}


@pytest.mark.parametrize(
    ("form", "output", "expected"),
    [
        ("findings", "", Text("", {"findings": ""})),
        ("findings", " Clear. ", Text("Clear.", {"findings": "Clear."})),
        ("findings", "**Findings:** Clear.", Text("Clear.", {"findings": "Clear."})),
        ("findings", "FINDINGS: Clear.\nIMPRESSION: Normal.", Text("Clear.", BOTH)),
        ("findings", "Clear.\nImpression: Normal.", Text("Clear.", BOTH)),  # the findings need no head of their own
        ("findings", "Impression: Normal.", Unparsed("no findings section")),
        ("impression", "Normal.", Text("Normal.", {"impression": "Normal."})),
        ("impression", "Findings: Clear. Impression: Normal.", Text("Normal.", BOTH)),
        ("impression", "Findings: Clear.", Unparsed("no impression section")),
        ("both", "Finding: Clear.Impression: Normal.", Text("Findings: Clear.\nImpression: Normal.", BOTH)),
        ("both", "Here you are.\n# Findings\nClear.\n# Impression\nNormal.", Text("Findings: Clear.\nImpression: Normal.", BOTH)),
        ("both", "Findings: Clear.", Text("Findings: Clear.", {"findings": "Clear."})),
        ("both", "All clear.", Text("All clear.")),
        ("both", "Technique: two views.", Unparsed("no report section")),
    ],
)
def test_sections_are_read_by_their_heads(form: str, output: str, expected: object) -> None:
    assert Report(form=form).read(Sample(id="s"), Reply(output=output)) == expected  # type: ignore[arg-type]  # drawn from the table


def test_what_is_known_of_the_patient_stands_before_the_request() -> None:
    texts = {"indication": "Cough.", "labs": "CRP 5 mg/l", "vitals": "38.2 C", "prior_report": "Findings: nodule."}
    sample = Sample(id="s", media=(NOW, BEFORE), texts=texts)

    assert Report().ask(sample).turns[-1].parts == (
        "Current study, frontal view (PA): ",
        NOW,
        "\nPrior study, frontal view (PA): ",
        BEFORE,
        "\nIndication: Cough.\nLaboratory values: CRP 5 mg/l\nVital signs: 38.2 C\nPrior report: Findings: nodule.\n"
        "Write the findings section of the radiology report on this examination.",
    )


def test_the_wording_of_a_published_prompt_can_be_given() -> None:
    prompt = "Describe the radiology image[[ given the following indication: {indication}|.]]"

    assert Report(prompt=prompt).ask(Sample(id="s", texts={"indication": "Cough"})).turns[-1].parts == (
        "Describe the radiology image given the following indication: Cough",
    )
    assert Report(prompt=prompt).ask(Sample(id="s")).turns[-1].parts == ("Describe the radiology image.",)


@pytest.mark.parametrize("slot", ["findings", "impression", "report"])
def test_a_prompt_cannot_show_the_answer(slot: str) -> None:
    with pytest.raises(ContentError, match=f"unknown slot {{{slot}}}"):
        Report(prompt=f"{{{slot}}}")


@pytest.mark.parametrize(
    ("form", "expected"),
    [("findings", "Clear."), ("impression", "Normal."), ("both", "Findings: Clear.\nImpression: Normal.")],
)
def test_the_target_is_the_section_asked_for(form: str, expected: str) -> None:
    sample = Sample(id="s", references=(Text("FINDINGS Clear. IMPRESSION Normal.", BOTH),))

    assert Report(form=form).target(sample) == expected  # type: ignore[arg-type]  # drawn from the table
