"""One sample as it is shown: what each run has for it, and the errors that its metrics tell one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from radbench.metrics.base import Objection, is_readable
from radbench.metrics.hallucination import Hallucination
from radbench.metrics.hallucination import objections as by_words
from radbench.records import Prediction, SampleRecord
from radbench.sample import Case
from radbench.scoring.objecting import Objectors

Told: TypeAlias = tuple[tuple[str, Objection], ...]  # each with who tells it: a metric, or WORDS

WORDS: Final = "words"  # what a report cannot have from its study


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one run has for a sample."""

    run: str
    prediction: Prediction | None  # None: not asked
    case: Case | None  # as metrics see it; None: nothing was read
    values: Mapping[str, float]  # of this case alone, as far as they are defined for one
    excluded: Mapping[str, str]  # metric -> why it leaves this case out
    errors: Told = ()  # as metrics tell them one by one
    silent: Mapping[str, str] = field(default_factory=dict)  # metric -> why the errors it could tell are not known


@dataclass(frozen=True, slots=True)
class Shown:
    """A sample with what each run has for it."""

    record: SampleRecord
    candidates: tuple[Candidate, ...]


def errors_told(case: Case | None, objectors: Objectors, *, is_report: bool) -> tuple[Told, Mapping[str, str]]:
    """The errors in a case, of a report also those that its words alone tell; and why those of some metrics are not known."""
    if case is None or not is_readable(case.answer):
        return (), {}
    found = objectors.of(case)
    silent = objectors.faults | {metric: said for metric, said in found.items() if isinstance(said, str)}
    told = [(metric, one) for metric, said in found.items() if not isinstance(said, str) for one in said]
    if is_report and (Hallucination.name not in found or Hallucination.name in silent):
        told += [(WORDS, one) for one in by_words(case)]
    return tuple(told), silent
