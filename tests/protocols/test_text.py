from __future__ import annotations

import pytest

from radbench.errors import ContentError
from radbench.protocols.text import Text as TextTask
from radbench.sample import Abstained, LabelSet, Reply, Sample, Text, Unparsed

REPORT = "Findings: Clear lungs.\nImpression: Normal."
SAMPLE = Sample(
    id="s",
    texts={"question": "On which side?", "passage": "It is left.", "findings": "Clear lungs.", "report": REPORT, "prior_report": "Edema."},
    options=("edema", "nodule"),
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"task": "qa"}, "It is left.\n\nOn which side?\nAnswer with a word or a short phrase."),
        (
            {"task": "qa", "abstain": "unanswerable"},
            'It is left.\n\nOn which side?\nAnswer with a word or a short phrase. If you cannot tell, answer "unanswerable".',
        ),
        ({"task": "impression"}, "Findings: Clear lungs.\n\nWrite the impression that follows from these findings."),
        ({"task": "extract", "section": "impression"}, f"Report:\n{REPORT}\n\nCopy the impression section of this report word for word."),
        (
            {"task": "change"},
            f"Prior report:\nEdema.\n\nCurrent report:\n{REPORT}\n\nSum up what has changed since the prior report.",
        ),
        (
            {"task": "labels", "answer": "letter"},
            f"Report:\n{REPORT}\n\nOn which side?\nA. edema\nB. nodule\n"
            "Answer with the letters of all that apply, separated by commas, or with: none.",
        ),
    ],
)
def test_each_task_shows_what_it_works_on(options: dict, expected: str) -> None:
    assert TextTask(**options).ask(SAMPLE).turns[-1].parts == (expected,)


@pytest.mark.parametrize(
    ("options", "output", "expected"),
    [
        ({"task": "qa"}, "Answer: left", Text("left")),
        ({"task": "qa"}, "", Text("")),
        ({"task": "qa"}, "unanswerable", Text("unanswerable")),  # no phrase was reserved
        ({"task": "qa", "abstain": "unanswerable"}, "Unanswerable.", Abstained("unanswerable")),
        ({"task": "qa", "abstain": "unanswerable"}, "It is unanswerable", Text("It is unanswerable")),
        ({"task": "impression"}, "**Impression:** Normal.", Text("Normal.")),
        ({"task": "impression"}, "Normal.", Text("Normal.")),
        ({"task": "impression"}, "Findings: Clear.", Unparsed("the section asked for is not there")),
        ({"task": "extract"}, "FINDINGS: Clear lungs.", Text("Clear lungs.")),
        ({"task": "extract", "section": "recommendation"}, "Recommendation: CT.", Text("CT.")),
        ({"task": "change"}, " The edema is gone.\n", Text("The edema is gone.")),
        ({"task": "labels"}, "nodule; Mass", LabelSet(("nodule", "mass"))),
        ({"task": "labels", "synonyms": {"edema": ["water"]}}, "water", LabelSet(("edema",))),
        ({"task": "labels"}, "none", LabelSet(())),
    ],
)
def test_each_task_reads_its_answer(options: dict, output: str, expected: object) -> None:
    assert TextTask(**options).read(SAMPLE, Reply(output=output)) == expected


def test_a_question_without_a_passage_is_asked_from_knowledge() -> None:
    asked = TextTask().ask(Sample(id="s", texts={"question": "Why?"})).turns[-1].parts

    assert asked == ("Why?\nAnswer with a word or a short phrase.",)


def test_a_samples_own_section_comes_before_the_tasks() -> None:
    sample = Sample(id="s", texts={"report": REPORT, "section": "impression"})

    assert "Copy the impression section" in str(TextTask(task="extract").ask(sample).turns[-1].parts[0])
    assert TextTask(task="extract").read(sample, Reply(output=REPORT)) == Text("Normal.")


@pytest.mark.parametrize(
    ("task", "missing"), [("impression", "findings"), ("change", "prior_report"), ("labels", "report"), ("qa", "question")]
)
def test_a_missing_text_is_an_error_that_names_it(task: str, missing: str) -> None:
    with pytest.raises(ContentError, match=f"sample `s`: its prompt needs `{missing}`"):
        TextTask(task=task).ask(Sample(id="s", texts={}))  # type: ignore[arg-type]  # drawn from the table


@pytest.mark.parametrize(
    "options", [{"task": "poem"}, {"task": "qa", "answer": "letter"}, {"task": "impression", "prompt": "{impression}"}]
)
def test_options_that_do_not_fit_are_refused(options: dict) -> None:
    with pytest.raises(ContentError):
        TextTask(**options)
