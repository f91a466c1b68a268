"""Whether an open answer means the same as the right one, as a judge decides; with a sample of cases for people to check."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics._judging import Judged
from radbench.metrics.answer_text import normalise
from radbench.metrics.base import Ask, Excluded, Row, Values
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case, Reply, Unparsed

# a line of its own: in prose it may be quoted from the answer that is judged
_LINE: Final = re.compile(r"^[\s*_`]*equivalent[\s*_`]*:[\s*_`]*(yes|no)[\s*_`.]*$", re.IGNORECASE | re.MULTILINE)


class Equivalence(Judged):
    """`equivalence`: the share in [0, 1] of cases whose answer means the same as one of the references, higher is better.

    Made for open questions answered in a few words, of any kind of image.

    Exact matches after normalisation (as `answer_text` has it) count 1 and empty answers 0, without a question; the judge is
    shown the question, all references and the answer. `judged`: the share of cases it decided, which only describes;
    `escaped`, `agreement`: as in `grad`. A missing answer counts 0.

    A judge should itself be judged: see `human_check`.

    Args:
        judge: a generator of the catalogue.
        prompt: a YAML file with `user` and, if wanted, `system`; slots {question}, {reference} and {candidate}.
        repeats: how often each answer is put to the judge.
        max_new_tokens: of one answer.
    """

    name: ClassVar[str] = "equivalence"
    slots: ClassVar[tuple[str, ...]] = ("question", "reference", "candidate")
    statistics: ClassVar[tuple[str, ...]] = ("equivalence", "judged")
    own_prompt: ClassVar[str] = "equivalence-v1"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"escaped"})

    def texts(self, case: Case) -> Sequence[Mapping[str, str]]:
        accepted = "\n".join(" ".join(text.split()) for text in _wanted(case))
        return [{"question": case.sample.texts.get("question", ""), "reference": accepted, "candidate": case.text}]

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return super().asks(case, replies) if _plain(case) is None and _wanted(case) else ()

    def row(self, case: Case) -> Row | Excluded:
        if not _wanted(case):
            return NO_REFERENCE
        decided = _plain(case)
        if decided is None:
            return super().row(case)
        return np.array([decided, *[0.0] * (len(self.columns) - 2), 1.0])

    def read(self, text: str) -> Row | Unparsed:
        said = {match.lower() for match in _LINE.findall(text)}
        if len(said) != 1:
            return Unparsed("there is no line `Equivalent: yes` or `Equivalent: no`" if not said else "it says both yes and no")
        return np.array([float(said == {"yes"}), 1.0])

    def merit(self, statistics: Row) -> float:
        return float(statistics[0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {**self.means(sums), **self.asides(sums)}


def human_check(cases: Iterable[Case], n: int = 50) -> str:
    """CSV of `n` cases for people to decide as the judge did: sample, repeat, question, references, answer, and an empty `equivalent`.

    Drawn by a hash of the sample's id among the cases that a judge decides, so that judges and models are checked on the same samples.
    What the judge said is left out: people decide without knowing it. It stands in the run, by sample and repeat.

    >>> print(human_check([Case.of("fluid", ["effusion"], id="q1", texts={"question": "What is seen?"})]), end="")
    sample,repeat,question,references,answer,equivalent
    q1,0,What is seen?,effusion,fluid,
    """
    judged = [case for case in cases if _wanted(case) and _plain(case) is None]
    drawn = sorted(judged, key=lambda case: (hashlib.sha256(f"human check\0{case.sample.id}".encode()).digest(), case.repeat))[:n]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["sample", "repeat", "question", "references", "answer", "equivalent"])
    for case in drawn:
        sample = case.sample
        writer.writerow([sample.id, case.repeat, sample.texts.get("question", ""), "\n".join(_wanted(case)), case.text, ""])
    return table.getvalue()


def _wanted(case: Case) -> list[str]:
    return [text for text in case.references if text.strip()]


def _plain(case: Case) -> float | None:
    """What needs no judge: 0 for an empty answer, 1 for one equal to a reference; else None."""
    said = normalise(case.text)
    if not said:
        return 0.0
    return 1.0 if any(said == normalise(text) for text in _wanted(case)) else None
