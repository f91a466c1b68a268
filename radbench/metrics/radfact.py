"""RadFact-style precision and recall: which statements of one report follow from the other, as a judge decides.

Source: Bannur et al., arXiv 2406.04449; microsoft/radfact. The prompts are worded anew, so these are other numbers than
those of the published prompts. Boxes (the spatial and grounding values of RadFact) are not measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from radbench.metrics._judging import NOT_ASKED, Prompt, failure, hear, read_json
from radbench.metrics.base import Ask, Excluded, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case, Reply, Request, Turn, Unparsed

_NO_PHRASE: Final = Excluded("no statement in candidate or reference")


class Phrases(BaseModel):
    """A judge's answer to the first question."""

    phrases: tuple[str, ...]


class Entailment(BaseModel):
    """A judge's answer to the second question. Its evidence is kept with the reply, and not measured."""

    status: Literal["entailment", "not_entailment", "contradiction", "neutral"]


class Radfact(SumMetric):
    """`precision`, `recall`, `f1` of statements, in [0, 1], higher is better.

    A judge writes each report as phrases of one finding, then decides of each phrase whether it follows from the phrases
    of the other report; contradicted and not mentioned are both not entailed. `precision`: the mean over cases of the
    share of the candidate's phrases that follow from the reference, over cases in which it has some; `recall`: of the
    reference's phrases that follow from the candidate, likewise; `f1`: of these two means, 0 where both are 0.
    `phrases`, `reference_phrases`: means a case, which only describe. `escaped`: marks a case taken out of the reports.

    An empty or missing candidate has no phrase, so a recall of 0 and no precision. A case is left out where neither report
    has a phrase, or where an answer stays unreadable after a second try. Of several references the one with the highest
    F1 counts.

    Args:
        judge: a generator of the catalogue.
        phrases_prompt: a YAML file with `user` and, if wanted, `system`; slot {report}.
        entailment_prompt: the same; slots {phrases} and {statement}.
        max_new_tokens: of one answer.
    """

    name: ClassVar[str] = "radfact"
    scope: ClassVar[str] = "chest X-ray reports"
    columns: tuple[str, ...] = ("precision", "recall", "has_precision", "has_recall", "phrases", "reference_phrases", "escaped", "cases")
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"escaped"})

    def __init__(
        self, *, judge: str, phrases_prompt: str | None = None, entailment_prompt: str | None = None, max_new_tokens: int = 1024
    ) -> None:
        self.judge, self.max_new_tokens = judge, max_new_tokens
        self._split = Prompt.read(phrases_prompt or "radfact-phrases-v1", ("report",))
        self._decide = Prompt.read(entailment_prompt or "radfact-entailment-v1", ("phrases", "statement"))

    def signature(self) -> Mapping[str, str]:
        prompts = "+".join(f"{prompt.name}@{prompt.digest}" for prompt in (self._split, self._decide))
        return {"prompt": prompts, "tokens": str(self.max_new_tokens)}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        if not any(text.strip() for text in case.references):
            return ()
        return [Ask(self.judge, request) for request in self._hear(case, replies)[0]]

    def row(self, case: Case) -> Row | Excluded:
        if not any(text.strip() for text in case.references):
            return NO_REFERENCE
        still_open, found = self._hear(case, case.annotations)
        if still_open:
            return NOT_ASKED
        if isinstance(found, Excluded):
            return found
        return max(found, key=lambda row: float(self.value(row[None])["f1"][0])) if len(found) > 1 else found[0]

    def value(self, sums: NDArray[np.float64]) -> Values:
        precision, recall = ratio(sums[:, 0], sums[:, 2]), ratio(sums[:, 1], sums[:, 3])
        total = precision + recall
        f1 = np.where(total == 0, 0.0, ratio(2 * precision * recall, total))
        described = {name: ratio(sums[:, i], sums[:, -1]) for i, name in enumerate(self.columns[4:7], start=4)}
        return {"precision": precision, "recall": recall, "f1": f1, **described}

    def _hear(self, case: Case, replies: Sequence[Reply]) -> tuple[Sequence[Request], Excluded | list[Row]]:
        """What is to be asked next; if nothing, a row for each reference that states something, or why there is none."""
        is_silent = not case.text.strip()
        filled = [self._split.turns({"report": text}) for text in (case.text, *case.references) if text.strip()]
        first = hear([self._request(turns) for turns, _ in filled], replies, _read_phrases)
        if first.open:
            return first.open, NOT_ASKED
        if failed := failure(first.verdicts):
            return (), failed
        reports = [report for report in first.verdicts if not isinstance(report, Excluded)]
        candidate, references = ((), reports) if is_silent else (reports[0], reports[1:])
        pairs = [(candidate, reference) for reference in references if candidate or reference]
        ways = [way for pair in pairs for way in (pair, pair[::-1])]  # statements of the first, judged by the second
        second = hear([self._about(s, known) for said, known in ways if known for s in said], first.later, _read_entailment)
        if second.open:
            return second.open, NOT_ASKED
        if failed := failure(second.verdicts):
            return (), failed
        entailed = iter(second.verdicts)
        shares = [(_share(said, known, entailed), float(said != ())) for said, known in ways]
        escaped = sum(n for _, n in filled)
        rows = [
            np.array([precision, recall, has_precision, has_recall, len(said), len(wanted), escaped, 1.0])
            for (said, wanted), (precision, has_precision), (recall, has_recall) in zip(pairs, shares[::2], shares[1::2], strict=True)
        ]
        return (), rows or _NO_PHRASE

    def _about(self, statement: str, known: tuple[str, ...]) -> Request:
        return self._request(self._decide.turns({"statement": statement, "phrases": "\n".join(f"- {phrase}" for phrase in known)})[0])

    def _request(self, turns: tuple[Turn, ...]) -> Request:
        return Request(turns=turns, max_new_tokens=self.max_new_tokens)


def _share(said: tuple[str, ...], known: tuple[str, ...], entailed: Iterator[object]) -> float:
    """The share of statements that are entailed; 0 where there are none, or nothing that could entail them."""
    return sum(next(entailed) is True for _ in said) / len(said) if said and known else 0.0


def _read_phrases(text: str) -> tuple[str, ...] | Unparsed:
    found = read_json(text, Phrases)
    return found if isinstance(found, Unparsed) else tuple(phrase.strip() for phrase in found.phrases if phrase.strip())


def _read_entailment(text: str) -> bool | Unparsed:
    found = read_json(text, Entailment)
    return found if isinstance(found, Unparsed) else found.status == "entailment"
