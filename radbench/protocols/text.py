"""Report-text tasks: question answering, findings to impression, labels and sections of a report, change between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from radbench.protocols._asking import ABSTAIN, SELECT, Asking, first_reference, groups, one_of
from radbench.protocols.prompts import CONTEXT
from radbench.protocols.reading import NOT_TEXT, final_answer, section
from radbench.sample import Abstained, Answer, AnswerMode, Reply, Sample, Unparsed, as_text
from radbench.sample import Text as FreeText

_REPORT: Final = "Report:\n{report}\n\n"
_TEMPLATES: Final[Mapping[str, Mapping[str, str]]] = {
    "qa": {"free": "[[{passage}\n\n]]{question}\nAnswer with a word or a short phrase." + ABSTAIN},
    "impression": {"free": "[[Indication: {indication}\n]]Findings: {findings}\n\nWrite the impression that follows from these findings."},
    "labels": {answer: _REPORT + SELECT[answer] for answer in ("free", "letter")},
    "extract": {"free": _REPORT + "Copy the {section} section of this report word for word." + ABSTAIN},
    "change": {
        "free": "Prior report:\n{prior_report}\n\nCurrent report:\n{report}\n\nSum up what has changed since the prior report." + ABSTAIN
    },
}
_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "qa": ("passage", "report", "findings", "impression"),
    "impression": ("findings",),
    "labels": ("report", "findings", "impression"),
    "extract": ("report",),
    "change": ("report",),
}


class Text(Asking):
    """Tasks on the text of reports, without images.

    Tasks and their samples:
        qa          texts `question` and `passage` (none: from knowledge); reference Text, or Abstained: it cannot be told
        impression  text `findings`, `indication` where known; reference Text
        labels      text `report`, `options` the labels; reference LabelSet
        extract     text `report`; reference Text; the section is the sample's text `section`, else the option `section`
        change      texts `report` and `prior_report`; reference Text

    `abstain` is the phrase reserved for "cannot be told": a reply that is nothing else becomes Abstained. `synonyms`
    (label -> other names) count as their label; unknown labels are kept, as false positives.
    """

    answer_modes = ("free", "letter")

    def __init__(
        self,
        *,
        task: Literal["qa", "impression", "labels", "extract", "change"] = "qa",
        section: str = "findings",
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        max_new_tokens: int | None = None,
        abstain: str | None = None,
        synonyms: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        one_of("task", task, tuple(_TEMPLATES))
        self._task = task
        self._section = section
        self._synonyms = groups(synonyms)
        super().__init__(
            prompt,
            _TEMPLATES[task],
            texts=(*_TEXTS[task], *CONTEXT),
            computed={"question": self._question, "section": self._wanted},
            answer=answer,
            reader=reader,
            system=system,
            images="before",
            max_new_tokens=max_new_tokens,
            abstain=abstain,
        )

    def options(self, sample: Sample) -> tuple[str, ...]:
        """The labels to choose from; none where the answer is text."""
        return sample.options if self._task == "labels" else ()

    def target(self, sample: Sample) -> str:
        """The reference text, its labels or their letters, or the phrase of abstention."""
        if self._task == "labels":
            return self.labels_target(sample)
        reference = first_reference(sample)
        return self._abstain or reference.phrase if isinstance(reference, Abstained) else as_text(reference)

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """LabelSet for labels, else Text; an impression or section without the head that the model put before it."""
        if self._task == "labels":
            return self.read_labels(sample, reply, self._synonyms)
        abstained = self.abstained(reply)
        if abstained:
            return abstained
        if not isinstance(reply.output, str):
            return NOT_TEXT
        if self._task in ("impression", "extract"):
            wanted = "impression" if self._task == "impression" else self._wanted(sample)
            said = section(reply.output, wanted)
            return FreeText(said) if said is not None else Unparsed("the section asked for is not there")
        return FreeText(final_answer(reply.output) if self._task == "qa" else reply.output.strip())

    def _question(self, sample: Sample) -> str:
        return sample.texts.get("question", "Which of these labels does the report support?" if self._task == "labels" else "")

    def _wanted(self, sample: Sample) -> str:
        return sample.texts.get("section", self._section)
