"""RadFact-style precision and recall: which statements of one report follow from the other, as a judge decides.

Source: Bannur et al., arXiv 2406.04449; microsoft/radfact, src/radfact/metric. The prompts are worded anew, so these are other
numbers than those of the published prompts; the arithmetic, that of boxes too, is the published one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from radbench.errors import ContentError
from radbench.metrics._grounded import Phrase, is_covered, phrases
from radbench.metrics._judging import NOT_ASKED, Hearing, Prompt, failure, hear, quote, read_json
from radbench.metrics.base import Ask, Excluded, Objection, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case, Reply, Request, Turn, Unparsed

Said: TypeAlias = tuple[Phrase, ...]

_NO_PHRASE: Final = Excluded("no statement in candidate or reference")
_SIDES: Final = ("precision", "recall")
_DESCRIBED: Final = ("phrases", "reference_phrases", "escaped")


@dataclass(frozen=True, slots=True)
class Decided:
    """What a judge decided of all statements of a case."""

    pairs: Sequence[tuple[Said, Said]]  # the candidate's and a reference's, for each reference that states something
    votes: Sequence[Sequence[Entailment]]  # a repeat each, of the statements that were put to the judge, in the order of `both_ways`
    escaped: int


class Phrases(BaseModel):
    """A judge's answer to the first question."""

    phrases: tuple[str, ...]


class Entailment(BaseModel):
    """A judge's answer to the second question."""

    status: Literal["entailment", "not_entailment", "contradiction", "neutral"]
    evidence: object = ()  # phrases, as far as they are a list of texts; measured where phrases have boxes


class Radfact(SumMetric):
    """`precision`, `recall`, `f1` of statements, in [0, 1], higher is better.

    Made for reports of chest X-rays.

    A judge writes each report as phrases of one finding, then decides of each phrase whether it follows from the phrases
    of the other report; contradicted and not mentioned are both not entailed. `precision`: the mean over cases of the
    share of the candidate's phrases that follow from the reference, over cases in which it has some; `recall`: of the
    reference's phrases that follow from the candidate, likewise; `f1`: of these two means, 0 where both are 0.
    `phrases`, `reference_phrases`: means a case, which only describe. `escaped`: marks a case taken out of the reports.

    `grounded` reports are lists of phrases with boxes, in RadFact's JSON: [{"text": ..., "boxes": [{"x_min", "y_min", "x_max",
    "y_max"}] or null}], shares of width and height. They are not split by the judge, and have six values more: `spatial_*` counts
    of the phrases with boxes those that follow and whose boxes lie, by more than half of their pixels, in the boxes of
    the phrases named as evidence; `grounding_*` counts the same among the phrases with boxes that follow.

    An empty or missing candidate has no phrase, so a recall of 0 and no precision. A case is left out where neither report
    has a phrase, where an answer stays unreadable after a second try, or where a grounded text is no such list. Of several
    references the one with the highest F1 counts. `agreement`, with repeats: the share of pairs of repeats of a decision
    that agree; each phrase then follows to the share of its readable repeats that say so.

    Args:
        judge: a generator of the catalogue.
        phrases_prompt: a YAML file with `user` and, if wanted, `system`; slot {report}.
        entailment_prompt: the same; slots {phrases} and {statement}.
        grounded: whether texts are lists of phrases with boxes.
        repeats: how often each decision is asked for.
        max_new_tokens: of one answer.
    """

    name: ClassVar[str] = "radfact"
    papers = ("bannur2024maira2",)
    scope: ClassVar[str] = "chest X-ray reports"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"escaped"})

    def __init__(
        self,
        *,
        judge: str,
        phrases_prompt: str | None = None,
        entailment_prompt: str | None = None,
        grounded: bool = False,
        repeats: int = 1,
        max_new_tokens: int = 1024,
    ) -> None:
        if repeats < 1:
            raise ContentError(f"option `repeats`: expected 1 or more, got `{repeats}`")
        self.judge, self.annotators, self.max_new_tokens = judge, (judge,), max_new_tokens
        self.grounded, self.repeats = grounded, repeats
        self._split = Prompt.read(phrases_prompt or "radfact-phrases-v1", ("report",))
        self._decide = Prompt.read(entailment_prompt or "radfact-entailment-v1", ("phrases", "statement"))
        self._kinds = ("", "spatial_", "grounding_") if grounded else ("",)
        shares = [f"{has}{kind}{side}" for side in _SIDES for kind in self._kinds for has in ("", "has_")]
        agreement = ("agreeing", "compared") if repeats > 1 else ()
        self.columns = (*shares, *_DESCRIBED, *agreement, "cases")

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """What the judge is shown around the texts."""
        return (self._decide,) if self.grounded else (self._split, self._decide)

    def signature(self) -> Mapping[str, str]:
        prompts = "+".join(f"{prompt.name}@{prompt.digest}" for prompt in self.prompts)
        boxes = {"boxes": "half covered"} if self.grounded else {}
        return {"prompt": prompts, **boxes, "tokens": str(self.max_new_tokens), "repeats": str(self.repeats)}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        if not any(text.strip() for text in case.references):
            return []
        return [Ask(self.judge, request) for request in self._hear(case, replies)[0]]

    def objections(self, case: Case) -> Sequence[Objection]:
        """The statements that do not follow: of the candidate, and of the reference, which the candidate omits."""
        if not any(text.strip() for text in case.references):
            return []
        _, decided = self._hear(case, case.annotations)
        if isinstance(decided, Excluded):
            return []
        counts = self._counted(self._rows(decided))
        votes = iter(decided.votes)
        told: list[Objection] = []
        for i, (said, known) in enumerate(both_ways(decided.pairs)):
            heard = [(statement, next(votes) if known else ()) for statement in said]
            if i // 2 == counts:
                told += [_objection(statement, own, _SIDES[i % 2]) for statement, own in heard if not own or own[0].status != "entailment"]
        return told

    def row(self, case: Case) -> Row | Excluded:
        if not any(text.strip() for text in case.references):
            return NO_REFERENCE
        still_open, decided = self._hear(case, case.annotations)
        if still_open:
            return NOT_ASKED
        if isinstance(decided, Excluded):
            return decided
        rows = self._rows(decided)
        return rows[self._counted(rows)]

    def value(self, sums: NDArray[np.float64]) -> Values:
        of = dict(zip(self.columns, sums.T, strict=True))
        values: Values = {}
        for kind in self._kinds:
            precision, recall = (ratio(of[f"{kind}{side}"], of[f"has_{kind}{side}"]) for side in _SIDES)
            f1 = np.where(precision + recall == 0, 0.0, ratio(2 * precision * recall, precision + recall))
            values |= {f"{kind}precision": precision, f"{kind}recall": recall, f"{kind}f1": f1}
        values |= {name: ratio(of[name], of["cases"]) for name in _DESCRIBED}
        return values if self.repeats == 1 else {**values, "agreement": ratio(of["agreeing"], of["compared"])}

    def _hear(self, case: Case, replies: Sequence[Reply]) -> tuple[Sequence[Request], Excluded | Decided]:
        """What is to be asked next; if nothing, what was decided, or why nothing was."""
        texts = [text for text in (case.text, *case.references) if text.strip()]
        first, escaped = self._reports(texts, replies)
        if first.open:
            return first.open, NOT_ASKED
        if failed := failure(first.verdicts):
            return (), failed
        reports = [report for report in first.verdicts if not isinstance(report, Excluded)]
        candidate, references = (reports[0], reports[1:]) if case.text.strip() else ((), reports)
        pairs = [(candidate, reference) for reference in references if candidate or reference]
        about = [self._about(statement, known) for said, known in both_ways(pairs) if known for statement in said]
        again = [replace(request, sample_id=f"repeat {k}") for k in range(2, self.repeats + 1) for request in about]
        second = hear(about + again, first.later, _read_entailment)
        if second.open:
            return second.open, NOT_ASKED
        votes = [[vote for vote in second.verdicts[i :: len(about)] if not isinstance(vote, Excluded)] for i in range(len(about))]
        if not all(votes):
            return (), failure(second.verdicts) or NOT_ASKED
        return (), Decided(pairs, votes, escaped) if pairs else _NO_PHRASE

    def _rows(self, decided: Decided) -> list[Row]:
        """A row for each reference that states something."""
        heard = iter(decided.votes)
        found = [_shares(said, known, heard, len(self._kinds)) for said, known in both_ways(decided.pairs)]
        agreeing = _agreement(decided.votes) if self.repeats > 1 else ()
        return [
            np.array([*precision, *recall, len(said), len(wanted), decided.escaped, *agreeing, 1.0])
            for (said, wanted), precision, recall in zip(decided.pairs, found[::2], found[1::2], strict=True)
        ]

    def _counted(self, rows: Sequence[Row]) -> int:
        """The place of the reference that counts."""
        return max(range(len(rows)), key=lambda i: float(self.value(rows[i][None])["f1"][0])) if len(rows) > 1 else 0

    def _reports(self, texts: Sequence[str], replies: Sequence[Reply]) -> tuple[Hearing[Said], int]:
        """The phrases of each text, and the marks taken out of all."""
        if self.grounded:
            given = [phrases(text) for text in texts]
            said = [phrase.text for report in given if not isinstance(report, Excluded) for phrase in report]
            return Hearing((), given, replies), sum(quote(text)[1] for text in said)
        filled = [self._split.turns({"report": text}) for text in texts]
        return hear([self._request(turns) for turns, _ in filled], replies, _read_phrases), sum(n for _, n in filled)

    def _about(self, statement: Phrase, known: Said) -> Request:
        listed = "\n".join(f"- {phrase.text}" for phrase in known)
        return self._request(self._decide.turns({"statement": statement.text, "phrases": listed})[0])

    def _request(self, turns: tuple[Turn, ...]) -> Request:
        return Request(turns=turns, max_new_tokens=self.max_new_tokens)


def both_ways(pairs: Sequence[tuple[Said, Said]]) -> list[tuple[Said, Said]]:
    """Statements of the first report, judged by the second: of each pair the candidate's, then the reference's."""
    return [way for pair in pairs for way in (pair, pair[::-1])]


def _objection(statement: Phrase, votes: Sequence[Entailment], side: str) -> Objection:
    """To a statement that does not follow; `side` as in `_SIDES`."""
    is_of_candidate = side == "precision"
    how = "contradicted by" if any(vote.status == "contradiction" for vote in votes) else "not in"
    by = "reference" if is_of_candidate else "candidate"
    return Objection(f"{how} the {by}", statement.text, "candidate" if is_of_candidate else "reference")


def _shares(said: Said, known: Said, heard: Iterator[Sequence[Entailment]], n_kinds: int) -> list[float]:
    """Of what is said the share that follows and 1; of what has boxes the share that is placed right and 1; the same of what
    has boxes and follows. 0 and 0 where there is nothing to take a share of. The first `n_kinds` of these pairs."""
    votes = [next(heard) if known else () for _ in said]
    follows = [_mean([vote.status == "entailment" for vote in of_one]) for of_one in votes]
    boxed = [i for i, phrase in enumerate(said) if phrase.boxes]
    placed = [_mean([_is_placed(said[i], vote, known) for vote in votes[i]]) for i in boxed]
    follow_boxed = sum(follows[i] for i in boxed)
    wholes = [(sum(follows), len(said)), (sum(placed), len(boxed)), (sum(placed), follow_boxed)]
    return [number for part, whole in wholes[:n_kinds] for number in ((part / whole, 1.0) if whole else (0.0, 0.0))]


def _is_placed(phrase: Phrase, vote: Entailment, known: Said) -> bool:
    """Whether a phrase follows and its boxes lie in those of its evidence."""
    named = {_folded(text) for text in vote.evidence if isinstance(text, str)} if isinstance(vote.evidence, list | tuple) else set()
    evidence = [box for other in known if _folded(other.text) in named for box in other.boxes]
    return vote.status == "entailment" and is_covered(phrase.boxes, evidence)


def _agreement(votes: Sequence[Sequence[Entailment]]) -> tuple[float, float]:
    pairs = [pair for of_one in votes for pair in combinations(of_one, 2)]
    return float(sum((a.status == "entailment") == (b.status == "entailment") for a, b in pairs)), float(len(pairs))


def _mean(shares: Sequence[bool]) -> float:
    return sum(shares) / len(shares) if shares else 0.0


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).strip("- .")


def _read_phrases(text: str) -> Said | Unparsed:
    found = read_json(text, Phrases)
    return found if isinstance(found, Unparsed) else tuple(Phrase(phrase.strip()) for phrase in found.phrases if phrase.strip())


def _read_entailment(text: str) -> Entailment | Unparsed:
    return read_json(text, Entailment)
