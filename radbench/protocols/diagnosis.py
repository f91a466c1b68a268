"""Diagnosis from images: present or absent, a set of findings, a grade, or a diagnosis by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from radbench.protocols._asking import ABSTAIN, CHOOSE, SELECT, Asking, groups, one_of
from radbench.protocols.matching import YES_NO
from radbench.protocols.prompts import CONTEXT, Placement
from radbench.protocols.reading import NOT_TEXT, final_answer
from radbench.sample import Answer, AnswerMode, Reply, Sample, Text

_OPEN: Final = "{question}\nAnswer with the name of the diagnosis." + ABSTAIN
_TEMPLATES: Final[Mapping[str, Mapping[str, str]]] = {
    "binary": CHOOSE,
    "multilabel": SELECT,
    "graded": CHOOSE,
    "open": {"free": _OPEN, "ranked": _OPEN},
}
_QUESTIONS: Final = {
    "binary": "",
    "multilabel": "Which of these does the examination show?",
    "graded": "Which grade applies to this examination?",
    "open": "What is the diagnosis?",
}


class Diagnosis(Asking):
    """What an examination shows.

    Forms and their samples:
        binary      the text `disease` or a text `question`; options yes and no (the default); reference Choice
        multilabel  `options` the labels; reference LabelSet, which may be empty; ranked: each label's own log-probability
        graded      `options` the grades in rising order; reference Choice
        open        reference Text; with `options` the reply, free as it is, is read as one of them and the reference is a Choice

    A text `question` replaces the form's own wording. `synonyms` (label -> other names) count as their label. `abstain` is
    the phrase for "cannot tell": a reply that is nothing else becomes Abstained.
    """

    def __init__(
        self,
        *,
        form: Literal["binary", "multilabel", "graded", "open"] = "binary",
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        images: Placement = "before",
        max_new_tokens: int | None = None,
        synonyms: Mapping[str, Sequence[str]] | None = None,
        abstain: str | None = None,
    ) -> None:
        one_of("form", form, tuple(_TEMPLATES))
        self._form = form
        self._synonyms = groups(synonyms)
        super().__init__(
            prompt,
            _TEMPLATES[form],
            texts=("disease", *CONTEXT),
            computed={"question": self._question},
            answer=answer,
            reader=reader,
            system=system,
            images=images,
            max_new_tokens=max_new_tokens,
            abstain=abstain,
        )

    def options(self, sample: Sample) -> tuple[str, ...]:
        """The sample's options; yes and no where a binary sample names none."""
        return sample.options or (YES_NO if self._form == "binary" else ())

    def target(self, sample: Sample) -> str:
        """The reference's label or its letter; of a label set the list, or `none`."""
        return self.labels_target(sample) if self._form == "multilabel" else self.choice_target(sample)

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """Choice; LabelSet where several may apply; Text for an open diagnosis without options."""
        abstained = self.abstained(reply)
        if abstained:
            return abstained
        if self._form == "multilabel":
            return self.read_labels(sample, reply, self._synonyms)
        if self.options(sample):
            return self.read_choice(sample, reply, self._synonyms)
        return Text(final_answer(reply.output)) if isinstance(reply.output, str) else NOT_TEXT

    def _question(self, sample: Sample) -> str:
        if "question" in sample.texts:
            return sample.texts["question"]
        disease = sample.texts.get("disease")
        return f"Does this examination show {disease}?" if disease and self._form == "binary" else _QUESTIONS[self._form]
