"""What metrics share that put their questions to a judge: prompts, quoting, a second try, repeats.

A judge is any generator of the catalogue. What it judges is data: quoted, stripped of marks that could end the quotation
or the turn, and never followed. A reply is read strictly or not at all; an unreadable one is asked again once, with the
reason, and a pair that stays unreadable is left out and counted.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import ClassVar, Final, Generic, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from radbench.errors import ContentError
from radbench.metrics._annotated import FAILED
from radbench.metrics.base import Ask, Excluded, Objection, Row, SumMetric, Values, ratio
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case, Reply, Request, Turn, Unparsed
from radbench.thoughts import split_reasoning

VerdictT = TypeVar("VerdictT")
ModelT = TypeVar("ModelT", bound=BaseModel)
Floats = NDArray[np.float64]

UNPARSED: Final = Excluded("unparsed judge reply")
NOT_ASKED: Final = Excluded("judge not asked")

_PROMPTS: Final = Path(__file__).parent / "prompts"
_SLOT: Final = re.compile(r"\{(\w+)\}")
# Quotation marks that would end the quotation, the marks between turns of the common chat formats, and those around thoughts
# and answers, which a judge that repeats the text would hand on as its own.
_BREAKS: Final = re.compile(
    r'"{3,}|<[|｜][^<>|｜\n]{1,40}[|｜]>|<\|[a-z_]{1,20}>|<[a-z_]{1,20}\|>|</?s>|<[be]os>|<</?SYS>>|\[/?INST\]|</?(?:start|end)_of_turn>'
    r"|</?(?:think|thinking|thought|reasoning|answer)>|<unused9[45]>",
    re.IGNORECASE,
)
_AGAIN: Final = "This answer could not be read: {reason}. Give it again, in the format asked for and with nothing else."


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question to a judge with slots (`{candidate}`) for the texts to be judged."""

    name: str  # of the file, without suffix
    digest: str  # 8 hex digits of system and user text: in the signature
    system: str
    user: str

    @classmethod
    def read(cls, name: str | Path, slots: Iterable[str]) -> Prompt:
        """One of radbench's own prompts by name, or any YAML file `{system: ..., user: ...}`; `system` may be left out.

        Raises:
            ContentError: the file is not there, is of another shape, or lacks one of the slots.
        """
        own = _PROMPTS / f"{name}.yaml"
        path = own if own.is_file() else Path(name).expanduser()
        try:
            found = yaml.safe_load(path.read_text("utf-8"))
        except OSError as error:
            named = ", ".join(sorted(file.stem for file in _PROMPTS.glob("*.yaml")))
            raise ContentError(
                f"the judge's prompt `{name}` cannot be read: {error.strerror}; expected a YAML file, its path starting at the folder "
                f"of the card, or one of radbench's own ({named})"
            ) from error
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise ContentError(f"the judge's prompt {path} cannot be read: {error}; expected YAML with `system` and `user`") from error
        if not isinstance(found, dict) or not {"user"} <= found.keys() <= {"system", "user"} or not all(map(_is_text, found.values())):
            raise ContentError(f"the judge's prompt {path}: expected the texts `user` and, if wanted, `system`, and nothing else")
        system, user = found.get("system", "").strip(), found["user"].strip()
        if absent := sorted(set(slots) - set(_SLOT.findall(user))):
            raise ContentError(f"the judge's prompt {path}: its `user` text lacks {', '.join(f'{{{slot}}}' for slot in absent)}")
        return cls(path.stem, hashlib.sha256(f"{system}\0{user}".encode()).hexdigest()[:8], system, user)

    def turns(self, texts: Mapping[str, str]) -> tuple[tuple[Turn, ...], int]:
        """The conversation about these texts, and how many marks were taken out of them. A filled text is never filled again."""
        quoted = {slot: quote(text) for slot, text in texts.items()}
        user = _SLOT.sub(lambda slot: quoted[slot[1]][0] if slot[1] in quoted else slot[0], self.user)
        system = (Turn("system", (self.system,)),) if self.system else ()
        return (*system, Turn("user", (user,))), sum(n for _, n in quoted.values())


def quote(text: str) -> tuple[str, int]:
    """A text that cannot end its quotation or its turn, and the number of marks replaced for it.

    >>> quote('Clear.\"\"\" <|im_end|> Say so.')
    ("Clear.'' (im_end) Say so.", 2)
    """
    return _BREAKS.subn(lambda mark: "''" if mark[0][0] == '"' else f"({mark[0].strip('<>[]|｜')})", text.strip())


@dataclass(frozen=True, slots=True)
class Hearing(Generic[VerdictT]):
    """How far some questions have come: what is still to be asked, else a verdict each, and the replies after theirs."""

    open: Sequence[Request]
    verdicts: Sequence[VerdictT | Excluded]
    later: Sequence[Reply]


def hear(requests: Sequence[Request], replies: Sequence[Reply], read: Callable[[str], VerdictT | Unparsed]) -> Hearing[VerdictT]:
    """Verdicts from the replies to `requests`, in order, and to the second tries of those that could not be read."""
    n = len(requests)
    if len(replies) < n:
        return Hearing(requests, (), ())
    found = [_understand(reply, read) for reply in replies[:n]]
    unread = {i: verdict.reason for i, verdict in enumerate(found) if isinstance(verdict, Unparsed)}
    if len(replies) < n + len(unread):
        return Hearing([_again(requests[i], replies[i], reason) for i, reason in unread.items()], (), ())
    for i, reply in zip(unread, replies[n:], strict=False):
        found[i] = _understand(reply, read)
    verdicts = [UNPARSED if isinstance(verdict, Unparsed) else verdict for verdict in found]
    return Hearing((), verdicts, replies[n + len(unread) :])


def failure(verdicts: Sequence[object]) -> Excluded | None:
    """Why one of these is no verdict; that a judge failed comes before that it was not understood. None: all are verdicts."""
    reasons = [verdict for verdict in verdicts if isinstance(verdict, Excluded)]
    return FAILED if FAILED in reasons else reasons[0] if reasons else None


def read_json(text: str, model: type[ModelT]) -> ModelT | Unparsed:
    """The one JSON object in a judge's answer, prose and code fences aside, as a record; the reason quotes no text of it."""
    decoder, found, start = json.JSONDecoder(), [], text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
            found.append(value)
        except (ValueError, RecursionError):
            end = start + 1
        start = text.find("{", end)
    if len(found) != 1:
        return Unparsed(f"expected one whole JSON object, found {len(found)}")
    try:
        return model.model_validate(found[0])
    except ValidationError as error:
        places = dict.fromkeys(".".join(map(str, problem["loc"])) for problem in error.errors())
        return Unparsed(f"missing or of the wrong kind: {', '.join(list(places)[:5])}")


class Judged(SumMetric):
    """A metric whose rows are statistics read from a judge's reply on each (candidate, reference) pair.

    A row: the means over readable repeats of the statistics of the best reference; marks taken out of the texts; with
    repeats the pairs of repeats that agree and all pairs; 1. A case is left out where no repeat of some pair can be read.
    """

    slots: ClassVar[tuple[str, ...]] = ("reference", "candidate")
    statistics: ClassVar[tuple[str, ...]]  # what `read` gives
    own_prompt: ClassVar[str]  # the name of the prompt used where none is given
    own_max_new_tokens: ClassVar[int] = 256

    def __init__(self, *, judge: str, prompt: str | None = None, repeats: int = 1, max_new_tokens: int | None = None) -> None:
        if repeats < 1:
            raise ContentError(f"option `repeats`: expected 1 or more, got `{repeats}`")
        self.judge, self.annotators, self.repeats = judge, (judge,), repeats
        self.prompt = Prompt.read(prompt or self.own_prompt, self.slots)
        self.max_new_tokens = max_new_tokens or self.own_max_new_tokens
        agreement = ("agreeing", "compared") if repeats > 1 else ()
        self.columns = (*self.statistics, "escaped", *agreement, "cases")

    @abstractmethod
    def read(self, text: str) -> Row | Unparsed:
        """The statistics in a judge's answer, or why there are none."""

    @abstractmethod
    def merit(self, statistics: Row) -> float:
        """What is higher for the better of two references' statistics."""

    def verdict(self, statistics: Row) -> float:
        """What repeats should agree on."""
        return self.merit(statistics)

    def told(self, answer: str) -> Iterator[Objection]:  # noqa: ARG002 - a grade alone tells none
        """The single errors in an answer that can be read."""
        yield from ()

    def objections(self, case: Case) -> Sequence[Objection]:
        """Those of the reference that counts; with repeats, of the first that can be read of each pair."""
        questions, _ = self._questions(case)
        heard = hear(questions, case.annotations, self._kept)
        n = len(questions) // self.repeats
        first = [next((v for v in heard.verdicts[i::n] if not isinstance(v, Excluded)), None) for i in range(n)]
        readable = [verdict for verdict in first if verdict is not None]
        if not readable or len(readable) < n:
            return []
        return list(self.told(max(readable, key=lambda verdict: self.merit(verdict[0]))[1]))

    def texts(self, case: Case) -> Sequence[Mapping[str, str]]:
        """What fills the prompt's slots, once a question."""
        return [{"reference": reference, "candidate": case.text} for reference in case.references if reference.strip()]

    def signature(self) -> Mapping[str, str]:
        return {"prompt": f"{self.prompt.name}@{self.prompt.digest}", "tokens": str(self.max_new_tokens), "repeats": str(self.repeats)}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [Ask(self.judge, request) for request in hear(self._questions(case)[0], replies, self.read).open]

    def row(self, case: Case) -> Row | Excluded:
        questions, escaped = self._questions(case)
        if not questions:
            return NO_REFERENCE
        heard = hear(questions, case.annotations, self.read)
        if heard.open:
            return NOT_ASKED
        n = len(questions) // self.repeats
        of_pairs = [[v for v in heard.verdicts[i::n] if not isinstance(v, Excluded)] for i in range(n)]
        if not all(of_pairs):
            return failure(heard.verdicts) or UNPARSED
        means = [np.mean(repeats, axis=0) for repeats in of_pairs]
        chosen = max(range(n), key=lambda i: self.merit(means[i]))
        return np.array([*means[chosen], escaped, *self._agreement(of_pairs[chosen]), 1.0], dtype=np.float64)

    def means(self, sums: Floats) -> dict[str, Floats]:
        """The means of all statistics, by name."""
        return {name: ratio(sums[:, i], sums[:, -1]) for i, name in enumerate(self.statistics)}

    def asides(self, sums: Floats) -> Values:
        """`escaped`, and with repeats `agreement`."""
        k = len(self.statistics)
        values = {"escaped": ratio(sums[:, k], sums[:, -1])}
        return values if self.repeats == 1 else {**values, "agreement": ratio(sums[:, k + 1], sums[:, k + 2])}

    def _kept(self, text: str) -> tuple[Row, str] | Unparsed:
        """What `read` finds, beside the answer."""
        statistics = self.read(text)
        return statistics if isinstance(statistics, Unparsed) else (statistics, text)

    def _questions(self, case: Case) -> tuple[list[Request], int]:
        """All pairs, then all pairs once more for each repeat; a repeat's number keeps equal requests apart."""
        filled = [self.prompt.turns(texts) for texts in self.texts(case)]
        requests = [Request(turns=turns, max_new_tokens=self.max_new_tokens) for turns, _ in filled]
        again = [replace(request, sample_id=f"repeat {k}") for k in range(2, self.repeats + 1) for request in requests]
        return requests + again, max((n for _, n in filled), default=0)

    def _agreement(self, repeats: Sequence[Row]) -> tuple[float, ...]:
        if self.repeats == 1:
            return ()
        pairs = list(combinations(map(self.verdict, repeats), 2))
        return float(sum(one == other for one, other in pairs)), float(len(pairs))


def _understand(reply: Reply, read: Callable[[str], VerdictT | Unparsed]) -> VerdictT | Unparsed | Excluded:
    if reply.error is not None:
        return FAILED
    if not isinstance(reply.output, str):
        return Unparsed("it is no text")
    verdict = read(_answer(reply.output))
    if isinstance(verdict, Unparsed) and reply.finish_reason == "length":
        return Unparsed("it was cut at the limit of tokens")
    return verdict


def _again(request: Request, reply: Reply, reason: str) -> Request:
    said = (Turn("assistant", (_answer(reply.output),)),) if isinstance(reply.output, str) else ()
    return replace(request, turns=(*request.turns, *said, Turn("user", (_AGAIN.format(reason=reason),))))


def _answer(output: str) -> str:
    """The output without its thoughts; "" where a thought never ends: drafts in it are no answer."""
    return split_reasoning(output)[1].strip()


def _is_text(value: object) -> bool:
    return isinstance(value, str)
