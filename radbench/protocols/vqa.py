"""Visual question answering: closed, open and multiple-choice questions, alone or in ordered conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from radbench.protocols._asking import ABSTAIN, CHOOSE, SELECT, Asking, as_label, one_of
from radbench.protocols.prompts import CONTEXT, Placement
from radbench.protocols.reading import NOT_TEXT, final_answer
from radbench.sample import Answer, AnswerMode, Reply, Sample, Text

_OPEN: Final = "{question}\nAnswer with a word or a short phrase." + ABSTAIN
_ANY: Final = "{question}\nAnswer with [[{choices}|a word or a short phrase]]." + ABSTAIN
_ANY_LETTER: Final = "{question}\n[[{options}\nAnswer with the letter of the right option|Answer with a word or a short phrase]]." + ABSTAIN
_LIST: Final = "{question}\n{options}\nAnswer with the text of the right option." + ABSTAIN
_TEMPLATES: Final[Mapping[str, Mapping[str, str]]] = {
    "any": {"free": _ANY, "letter": _ANY_LETTER, "ranked": _ANY},
    "closed": {"free": _ANY, "letter": _ANY_LETTER, "ranked": _ANY},
    "open": {"free": _OPEN},
    "choice": {"free": _LIST, "letter": CHOOSE["letter"], "ranked": _LIST},
}
_LEGACY: Final[Mapping[str, tuple[str, ...]]] = {
    "closed": ("legacy.llavamed_closed_v1", "legacy.llavamed_closed_v2"),
    "choice": ("legacy.medvint_difflib",),
}


class Vqa(Asking):
    """Questions about images.

    Samples: texts `question` (image markers `<i>`, `<image>` in it place the media); `options` in the order shown, `yes` and
    `no` for yes/no questions; references Choice for closed and choice questions, LabelSet where several options are to be
    selected, Text for open ones. A sample that `follows` another is asked after that one's question and the model's own
    answer to it.

    Forms: `closed` and `choice` ask for one option, named in the sentence or listed; `open` for a free short answer;
    `any` takes a sample with options as closed and one without as open. A closed sample without options (its answers
    are not known) is asked freely in every answer mode and read as the exact text. `select: many` makes a choice a set.
    `abstain` is the phrase for "cannot tell": a reply that is nothing else becomes Abstained.
    """

    def __init__(
        self,
        *,
        form: Literal["any", "closed", "open", "choice"] = "any",
        select: Literal["one", "many"] = "one",
        answer: AnswerMode = "free",
        reader: str = "strict",
        prompt: str | None = None,
        system: str | None = None,
        images: Placement = "before",
        max_new_tokens: int | None = None,
        abstain: str | None = None,
    ) -> None:
        one_of("form", form, tuple(_TEMPLATES))
        one_of("select", select, ("one", "many") if form == "choice" else ("one",))
        self._form = form
        self._many = select == "many"
        super().__init__(
            prompt,
            SELECT if self._many else _TEMPLATES[form],
            texts=("question", *CONTEXT),
            answer=answer,
            reader=reader,
            legacy=_LEGACY.get(form, ()),
            system=system,
            images=images,
            max_new_tokens=max_new_tokens,
            abstain=abstain,
        )

    def options(self, sample: Sample) -> tuple[str, ...]:
        """The sample's options; none for an open question."""
        return () if self._form == "open" else sample.options

    def target(self, sample: Sample) -> str:
        """The reference answer: free text, an option's text or letter, or a list of them."""
        return self.labels_target(sample) if self._many else self.choice_target(sample)

    def read(self, sample: Sample, reply: Reply) -> Answer:
        """Text for an open question, Choice for one with options, LabelSet where several may be selected."""
        output = reply.output
        if self._legacy and isinstance(output, str):
            return self._legacy(sample, output)
        abstained = self.abstained(reply)
        if abstained:
            return abstained
        if self._many:
            return self.read_labels(sample, reply)
        if self.options(sample):
            return self.read_choice(sample, reply)
        if not isinstance(output, str):
            return NOT_TEXT
        return as_label(sample, final_answer(output)) if self._form == "closed" else Text(final_answer(output))
