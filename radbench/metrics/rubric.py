"""A mark from 1 to 5 for the reasons given with a diagnosis, by a judge with stated anchors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._judging import Judged
from radbench.metrics.base import Ask, Excluded, Row, Values
from radbench.sample import Case, Choice, Reply, Text, Unparsed

ANCHORS: Final[Mapping[int, str]] = {
    5: "all supporting features, correctly, and the conclusion follows",
    4: "correct and leading to the conclusion; a minor feature missing or imprecise",
    3: "a main feature missing or a minor one wrong; the conclusion still supported",
    2: "a main feature wrong, or the conclusion hardly supported",
    1: "wrong, contradictory, empty or about something else",
}  # of the prompt `rubric-v1`

_LINE: Final = re.compile(r"^[\s*_`]*score[\s*_`]*:[\s*_`]*([0-9].*)$", re.IGNORECASE | re.MULTILINE)
_MARK: Final = re.compile(r"([1-5])[^0-9]*")  # with another number behind it, it may be a half, a share or one of two


class Rubric(Judged):
    """`rubric`: the mean mark in [1, 5], higher is better.

    Made for the reasons given with a diagnosis, of any kind of image.

    The marks' anchors are `ANCHORS`. Candidate and reference are shown with their diagnosis where they have one. A missing
    or empty answer gets 1 without a question. `escaped`, `agreement`: as in `grad`. Of several references the one
    with the highest mark counts.

    Args:
        judge: a generator of the catalogue.
        prompt: a YAML file with `user` and, if wanted, `system`; slots {question}, {reference} and {candidate}.
        repeats: how often each answer is put to the judge.
        max_new_tokens: of one answer.
    """

    name: ClassVar[str] = "rubric"
    best: ClassVar[float] = 5.0
    slots: ClassVar[tuple[str, ...]] = ("question", "reference", "candidate")
    statistics: ClassVar[tuple[str, ...]] = ("rubric",)
    own_prompt: ClassVar[str] = "rubric-v1"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"escaped"})

    def texts(self, case: Case) -> Sequence[Mapping[str, str]]:
        candidate, question = _shown(case.answer), case.sample.texts.get("question", "What is the diagnosis?")
        references = [text for reference in case.sample.references if (text := _shown(reference))]
        return [{"question": question, "reference": reference, "candidate": candidate} for reference in references]

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return super().asks(case, replies) if _shown(case.answer) else ()

    def row(self, case: Case) -> Row | Excluded:
        if _shown(case.answer) or not self.texts(case):
            return super().row(case)
        return np.array([1.0, *[0.0] * (len(self.columns) - 2), 1.0])

    def read(self, text: str) -> Row | Unparsed:
        marks = [_MARK.fullmatch(said) for said in _LINE.findall(text)]
        if not marks:
            return Unparsed("there is no line `Score: number`")
        whole = {mark[1] for mark in marks if mark}
        if not all(marks):
            return Unparsed("the score is no whole number from 1 to 5, alone in its line")
        return np.array([float(*whole)]) if len(whole) == 1 else Unparsed("it gives several scores")

    def merit(self, statistics: Row) -> float:
        return float(statistics[0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {**self.means(sums), **self.asides(sums)}


def _shown(answer: object) -> str:
    """An answer or reference as the judge is shown it; "" where it says nothing."""
    match answer:
        case Text(text=text):
            return text.strip()
        case Choice(label=label, rationale=rationale):
            return "\n".join(part for part in (f"Diagnosis: {label}" if label else "", rationale.strip()) if part)
        case _:
            return ""
