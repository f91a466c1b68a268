"""What of a run may be seen by everyone: how it was asked, what it scored, how many cases failed; nothing of a single case.

Rows of metrics stay private as well, by hashed ids too: who knows the predictions finds a sample again by the length of its text,
and reads off its row what the reference holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import BaseModel

from radbench.places import placeless
from radbench.records import RunRecord, Summary, ValueRecord

FEWEST: Final = 10  # scored cases of a subgroup: the values of fewer are told of single cases

RecordT = TypeVar("RecordT", bound=BaseModel)


def public_run(run: RunRecord) -> RunRecord:
    """The record without the machine, its paths and addresses, and without messages, which may quote."""
    return _without_places(run).model_copy(update={"hardware": {}, "message": "", "media_notes": {}, "agreement": None})


def public_summary(summary: Summary) -> Summary:
    """The values and counts; reasons, which models and metrics of anyone word, are counted together, and small subgroups are left out."""
    placeless = _without_places(summary)
    told = {
        "failed": _together("failed", summary.failed),
        "unparsed": _together("unparsed", summary.unparsed),
        "excluded": _together("left out", summary.excluded),
        "values": tuple(map(_public_value, placeless.values)),
        "problems": tuple(f"{problem.partition(':')[0]}: not all was measured" for problem in summary.problems),
        "agreement": None,
    }
    return placeless.model_copy(update=told)


def _public_value(value: ValueRecord) -> ValueRecord:
    kept = {name: _large(levels) for name, levels in value.subgroups.items()}
    return value.model_copy(update={"excluded": _together("left out", value.excluded), "subgroups": kept})


def _large(levels: Mapping[str, ValueRecord]) -> dict[str, ValueRecord]:
    """The levels of a subgroup that are no single cases, unless the others are what is left of the whole when these are taken away."""
    small = sum(one.n_scored for one in levels.values() if one.n_scored < FEWEST)
    if 0 < small < FEWEST:
        return {}
    return {level: _public_value(one) for level, one in levels.items() if one.n_scored >= FEWEST}


def _together(what: str, reasons: Mapping[str, int]) -> dict[str, int]:
    return {what: sum(reasons.values())} if reasons else {}


def _without_places(record: RecordT) -> RecordT:
    return type(record).model_validate(placeless(record.model_dump(mode="json")))
