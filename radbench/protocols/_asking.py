"""What protocols share: the request built from a prompt, and the asking and reading of options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from radbench.errors import ContentError
from radbench.protocols.base import History
from radbench.protocols.legacy import legacy_reader
from radbench.protocols.matching import Synonyms, detected, labels, letter, letter_set, lettered, option, ranked, separator
from radbench.protocols.prompts import Compute, Placement, Prompt
from radbench.protocols.reading import EMPTY, NOT_TEXT, final_answer, normalised
from radbench.sample import Abstained, AnswerMode, Choice, LabelSet, Reference, Reply, Request, Sample, Unparsed, as_text

ABSTAIN: Final = '[[ If you cannot tell, answer "{abstain}".]]'
CHOOSE: Final = {
    "free": "{question}\nAnswer with {choices}." + ABSTAIN,
    "letter": "{question}\n{options}\nAnswer with the letter of the right option." + ABSTAIN,
    "ranked": "{question}\nAnswer with {choices}.",
}
SELECT: Final = {
    "free": "{question}\n{options}\nList all that apply, separated by {separator}, or answer: none." + ABSTAIN,
    "letter": "{question}\n{options}\nAnswer with the letters of all that apply, separated by commas, or with: none." + ABSTAIN,
    "ranked": "{question}",
}


class Asking:
    """The part of a protocol that asks: a prompt filled per sample, generated or ranked."""

    answer_modes: tuple[str, ...] = ("free", "letter", "ranked")

    def __init__(
        self,
        prompt: str | None,  # the card's own template
        templates: Mapping[str, str],  # answer mode -> the default one
        *,
        texts: Sequence[str],
        computed: Mapping[str, Compute] | None = None,
        answer: AnswerMode,
        reader: str,
        legacy: Sequence[str] = (),  # names of legacy readers that this kind of task knows
        system: str | None,
        images: Placement,
        max_new_tokens: int | None,
        abstain: str | None = None,
    ) -> None:
        one_of("answer", answer, tuple(templates))
        self._legacy = legacy_reader(reader, *legacy)
        self._answer: AnswerMode = answer
        self._max_new_tokens = max_new_tokens
        self._abstain = abstain or ""
        slots: dict[str, Compute] = {
            "options": self._listing,
            "choices": self._choices,
            "separator": self._separator,
            "abstain": lambda _: self._abstain,
        }
        template = templates[answer] if prompt is None else prompt
        self._prompt = Prompt(template, texts=texts, computed=slots | dict(computed or {}), system=system, images=images)

    def options(self, sample: Sample) -> tuple[str, ...]:  # noqa: ARG002  # kinds of task that choose look at it
        """The options to choose from; none where the answer is text or places."""
        return ()

    def target(self, sample: Sample) -> str:
        """The right reply, written as the request wants it."""
        raise NotImplementedError

    def ask(self, sample: Sample, *, shots: Sequence[Sample] = (), history: History = ()) -> Request:
        """The request for a sample, after solved examples and earlier turns.

        Raises:
            ContentError: the sample lacks a text, option or image that its prompt needs.
        """
        turns = self._prompt.conversation(sample, self.target, shots, history)
        options = self.options(sample)
        if self._answer == "ranked" and options:
            return Request(sample_id=sample.id, kind="rank", turns=turns, options=options)
        return Request(sample_id=sample.id, turns=turns, options=options, max_new_tokens=self._max_new_tokens)

    def abstained(self, reply: Reply) -> Abstained | None:
        """The abstention, where the reply is nothing but the phrase reserved for it."""
        if self._abstain and isinstance(reply.output, str) and normalised(final_answer(reply.output)) == normalised(self._abstain):
            return Abstained(self._abstain)
        return None

    def choice_target(self, sample: Sample) -> str:
        """The first reference as the request wants it: the letter of an option, a text, or the abstention."""
        reference = first_reference(sample)
        if isinstance(reference, Abstained):
            return self._abstain or reference.phrase
        text = _label(reference)
        return self._letter_of(sample, text) if self._answer == "letter" and self.options(sample) else text

    def labels_target(self, sample: Sample) -> str:
        """The labels of the first reference as the request wants them: letters or texts, or `none`."""
        reference = first_reference(sample)
        present = reference.labels if isinstance(reference, LabelSet) else (as_text(reference),)
        if self._answer == "letter":
            return ", ".join(self._letter_of(sample, label) for label in present) or "none"
        return separator(self.options(sample)).join(present) or "none"

    def read_choice(self, sample: Sample, reply: Reply, synonyms: Synonyms = ()) -> Choice | Unparsed:
        """The option chosen, by the answer mode; by its likelihood where the model offers it."""
        output = reply.output
        options = self.options(sample)
        if isinstance(output, str):
            label = lettered(output, options, synonyms) if self._answer == "letter" else option(output, options, synonyms)
            return Choice(label) if isinstance(label, str) else label
        return ranked(output, options) if isinstance(output, Mapping) else NOT_TEXT

    def read_labels(self, sample: Sample, reply: Reply, synonyms: Synonyms = ()) -> LabelSet | Unparsed:
        """The labels listed, by the answer mode; those judged likely where the model scores each by itself."""
        output = reply.output
        options = self.options(sample)
        if isinstance(output, str):
            found = letter_set(output, options) if self._answer == "letter" else labels(output, options, synonyms)
            return LabelSet(found) if isinstance(found, tuple) else found
        return detected(output, options) if isinstance(output, Mapping) else NOT_TEXT

    def _listing(self, sample: Sample) -> str:
        options = self.options(sample)
        if self._answer != "letter":
            return "\n".join(f"- {o}" for o in options)
        if len(options) > 26:
            raise ContentError(
                f"sample `{sample.id}`: {len(options)} options cannot be lettered A to Z; ask with answer `free` or `ranked`"
            )
        return "\n".join(f"{letter(i)}. {o}" for i, o in enumerate(options))

    def _choices(self, sample: Sample) -> str:
        options = self.options(sample)
        return " or ".join(filter(None, (separator(options).join(options[:-1]), *options[-1:])))

    def _separator(self, sample: Sample) -> str:
        return "semicolons" if separator(self.options(sample)) == "; " else "commas"

    def _letter_of(self, sample: Sample, label: str) -> str:
        options = self.options(sample)
        if label not in options:
            raise ContentError(f"sample `{sample.id}`: the reference `{label}` is none of its options {list(options)}")
        return letter(options.index(label))


def first_reference(sample: Sample) -> Reference:
    """The first of the right answers.

    Raises:
        ContentError: the sample has none.
    """
    if not sample.references:
        raise ContentError(f"sample `{sample.id}` has no reference answer, so it can neither be shown as solved nor learned from")
    return sample.references[0]


def groups(synonyms: Mapping[str, Sequence[str]] | None) -> Synonyms:
    """A card's synonyms, `label: [other names]`, as groups of names for the same thing."""
    return tuple((label, *names) for label, names in (synonyms or {}).items())


def as_label(sample: Sample, said: str) -> Choice | Unparsed:
    """A text as a choice where the options are not known: in the reference's spelling if it is equal after normalisation."""
    wanted = normalised(said)
    equal = (label for label in map(_label, sample.references) if normalised(label) == wanted)
    return Choice(next(equal, wanted)) if wanted else EMPTY


def one_of(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse an option of a protocol that is none of the known values.

    Raises:
        ContentError: naming the option, what was expected and what came.
    """
    if value not in known:
        raise ContentError(f"option `{name}`: expected {' or '.join(f'`{k}`' for k in known)}, got `{value}`")


def _label(reference: Reference) -> str:
    return reference.label if isinstance(reference, Choice) else as_text(reference)
