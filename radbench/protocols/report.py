"""Report generation: the findings, the impression, or both, from images and what was known before."""

from __future__ import annotations

from typing import Final, Literal

from radbench.protocols._asking import Asking, first_reference, one_of
from radbench.protocols.prompts import CONTEXT, Placement
from radbench.protocols.reading import NOT_TEXT, sections
from radbench.sample import Answer, AnswerMode, Reply, Sample, Text, Unparsed, as_text

_CONTEXT: Final = (
    "[[Indication: {indication}\n]][[History: {history}\n]][[Clinical context: {context}\n]][[Laboratory values: {labs}\n]]"
    "[[Vital signs: {vitals}\n]][[Prior report: {prior_report}\n]]"
)
_WANTED: Final = {
    "findings": "Write the findings section of the radiology report on this examination.",
    "impression": "Write the impression section of the radiology report on this examination.",
    "both": 'Write the radiology report on this examination in two sections, headed "Findings:" and "Impression:".',
}


class Report(Asking):
    """Report text, section by section.

    Samples: media of the study, and of an earlier one (`is_prior`) where there is one; texts, all optional: `indication`,
    `history`, `context`, `labs`, `vitals`, `prior_report`. References are Text with `sections` findings and impression; the
    reference's own text is what text metrics compare, so it holds the section asked for; for `both` it is written
    "Findings: ...", line break, "Impression: ...", as the answer is.

    Reading: sections are told by their heads. Without any head the reply is the section asked for (of `both`: a text without
    sections). Text before the first head is the findings if no head names them. A reply that has heads, but not the one
    asked for, is unparsed.
    """

    answer_modes = ("free",)

    def __init__(
        self,
        *,
        form: Literal["findings", "impression", "both"] = "findings",
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        images: Placement = "before",
        max_new_tokens: int | None = None,
    ) -> None:
        one_of("form", form, tuple(_WANTED))
        self._form = form
        super().__init__(
            prompt,
            {"free": _CONTEXT + _WANTED[form]},
            texts=("question", *CONTEXT),
            answer=answer,
            reader=reader,
            system=system,
            images=images,
            max_new_tokens=max_new_tokens,
        )

    def target(self, sample: Sample) -> str:
        """The reference's section asked for; both of them under their heads; its whole text where it has no sections."""
        reference = first_reference(sample)
        known = reference.sections if isinstance(reference, Text) else {}
        if self._form == "both":
            return _both(known.get("findings", ""), known.get("impression", "")) or as_text(reference)
        return known.get(self._form) or as_text(reference)

    def read(self, sample: Sample, reply: Reply) -> Answer:  # noqa: ARG002  # the contract of a protocol
        """The section asked for as Text, with all sections found."""
        if not isinstance(reply.output, str):
            return NOT_TEXT
        found = sections(reply.output)
        before = found.pop("", "")
        if not found:
            return Text(before, {} if self._form == "both" else {self._form: before})
        if before and "findings" not in found:
            found["findings"] = before
        kept: dict[str, str] = {name: found[name] for name in ("findings", "impression") if name in found}
        if self._form != "both":
            return Text(kept[self._form], kept) if self._form in kept else Unparsed(f"no {self._form} section")
        return Text(_both(kept.get("findings", ""), kept.get("impression", "")), kept) if kept else Unparsed("no report section")


def _both(findings: str, impression: str) -> str:
    parts = (("Findings", findings), ("Impression", impression))
    return "\n".join(f"{head}: {text}" for head, text in parts if text)
