"""Modality recognition: which kind of examination an image or volume is, or whether it is a given one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from radbench.protocols._asking import CHOOSE, Asking, groups
from radbench.protocols.prompts import CONTEXT, Placement
from radbench.sample import Answer, AnswerMode, Reply, Sample

NAMES: Final = (
    ("CT", "computed tomography", "CT scan", "CAT scan"),
    ("MR", "MRI", "magnetic resonance", "magnetic resonance imaging", "MR imaging", "MRI scan"),
    ("X-ray", "xray", "radiograph", "plain film", "plain radiograph", "radiography", "CR", "DX"),
    ("US", "ultrasound", "ultrasonography", "sonography", "sonogram"),
    ("MG", "mammography", "mammogram"),
    ("NM", "nuclear medicine", "scintigraphy", "scintigram"),
    ("PT", "PET", "positron emission tomography", "PET scan"),
    ("XA", "angiography", "angiogram", "digital subtraction angiography"),
    ("RF", "fluoroscopy"),
)  # DICOM codes and the names in use


class Modality(Asking):
    """Which modality an image is of.

    Samples: `options` the modalities that may be named, reference Choice. A sample with the text `modality` is asked whether
    it is that one, with the options yes and no; a text `question` replaces the wording. The usual names and DICOM codes of a
    modality count as the option that is one of them, unless two options share the name; `synonyms` (option -> other names)
    adds to these.
    """

    def __init__(
        self,
        *,
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        images: Placement = "before",
        max_new_tokens: int | None = None,
        synonyms: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(
            prompt,
            CHOOSE,
            texts=("modality", *CONTEXT),
            computed={"question": _question},
            answer=answer,
            reader=reader,
            system=system,
            images=images,
            max_new_tokens=max_new_tokens,
        )
        self._synonyms = (*NAMES, *groups(synonyms))

    def options(self, sample: Sample) -> tuple[str, ...]:
        """The sample's options."""
        return sample.options

    def target(self, sample: Sample) -> str:
        """The reference's modality, or yes or no; in letter mode its letter."""
        return self.choice_target(sample)

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """The option named, as Choice."""
        return self.read_choice(sample, reply, self._synonyms)


def _question(sample: Sample) -> str:
    if "question" in sample.texts:
        return sample.texts["question"]
    asked = sample.texts.get("modality")
    return f"Is the modality of this examination {asked}?" if asked else "Which imaging modality is this?"
