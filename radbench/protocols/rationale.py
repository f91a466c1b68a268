"""Rationale diagnosis: a diagnosis together with the imaging features that speak for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from radbench.protocols._asking import Asking, as_label, first_reference
from radbench.protocols.matching import exact_option, lettered, option
from radbench.protocols.prompts import CONTEXT, Placement
from radbench.protocols.reading import EMPTY, NOT_TEXT, sections
from radbench.sample import Answer, AnswerMode, Choice, Reply, Sample, Unparsed

HEADS: Final[Mapping[str, str]] = {
    "rationale": "rationale",
    "reasoning": "rationale",
    "reasons": "rationale",
    "explanation": "rationale",
    "radiographic features": "rationale",
    "diagnosis": "diagnosis",
    "final diagnosis": "diagnosis",
    "answer": "diagnosis",
    "final answer": "diagnosis",
}
_CONTEXT: Final = "[[Indication: {indication}\n]][[Clinical context: {context}\n]]{question}\n"
_FORM: Final = "Give the imaging features that decide it, then the diagnosis, in two lines:\nRationale: ...\nDiagnosis: ..."
_TEMPLATES: Final = {
    "free": _CONTEXT + "[[Options: {choices}.\n]]" + _FORM,
    "letter": _CONTEXT + "{options}\n" + _FORM.replace("then the diagnosis", "then the letter of the diagnosis"),
}


class Rationale(Asking):
    """A diagnosis and the reasons for it.

    Samples: reference Choice(label, rationale=...); `options` the diagnoses to choose from, or none; texts `question`,
    `indication`, `context`, all optional.

    Reading: what stands under the head "Diagnosis" (first line) is matched to the options, or is the label itself where
    there are none; the rationale stands under its head, else before the diagnosis, else after it. A reply without heads is
    read only if it is nothing but an option.
    """

    answer_modes = ("free", "letter")

    def __init__(
        self,
        *,
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        images: Placement = "before",
        max_new_tokens: int | None = None,
    ) -> None:
        super().__init__(
            prompt,
            _TEMPLATES,
            texts=CONTEXT,
            computed={"question": lambda sample: sample.texts.get("question", "What is the diagnosis?")},
            answer=answer,
            reader=reader,
            system=system,
            images=images,
            max_new_tokens=max_new_tokens,
        )

    def options(self, sample: Sample) -> tuple[str, ...]:
        """The sample's options."""
        return sample.options

    def target(self, sample: Sample) -> str:
        """Rationale and diagnosis of the reference, each under its head."""
        reference = first_reference(sample)
        rationale = reference.rationale if isinstance(reference, Choice) else ""
        return f"Rationale: {rationale}\nDiagnosis: {self.choice_target(sample)}"

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """Choice with its rationale."""
        if not isinstance(reply.output, str):
            return self.read_choice(sample, reply) if sample.options else NOT_TEXT
        found = sections(reply.output, HEADS)
        if "diagnosis" not in found:
            return self._bare(sample, reply.output)
        diagnosis, _, after = found["diagnosis"].partition("\n")
        label = self._label(sample, diagnosis)
        if isinstance(label, Unparsed):
            return label
        return Choice(label, rationale=found.get("rationale") or found.get("") or after.strip())

    def _label(self, sample: Sample, diagnosis: str) -> str | Unparsed:
        if not sample.options:
            choice = as_label(sample, diagnosis)
            return choice.label if isinstance(choice, Choice) else choice
        return lettered(diagnosis, sample.options) if self._answer == "letter" else option(diagnosis, sample.options)

    def _bare(self, sample: Sample, text: str) -> Answer:
        if not text.strip():
            return EMPTY
        label = lettered(text, sample.options) if self._answer == "letter" else exact_option(text, sample.options)
        return Choice(label) if isinstance(label, str) else Unparsed("no diagnosis stated")
