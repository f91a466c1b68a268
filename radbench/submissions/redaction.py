"""What of a run may be seen by everyone: how it was asked, what it scored, how many cases failed; nothing of a single case.

Rows of metrics stay private as well, by hashed ids too: who knows the predictions finds a sample again by the length of its text,
and reads off its row what the reference holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from radbench.records import RunRecord, Summary, ValueRecord
from radbench.terms import is_local

FEWEST: Final = 10  # scored cases of a subgroup: the values of fewer are told of single cases
HERE: Final = "(local)"  # in the place of a path or address of the machine that scored

# two parts at least: what begins with one slash may be an instruction of a prompt
_PATH: Final = re.compile(r"(?<![^\s:=(`'\"])(?:/[^/\s|]+/|~/|[A-Za-z]:[\\/](?!/)|\\\\)[^\s|,;:)`'\"]*")
_ADDRESS: Final = re.compile(r"https?://[^\s|,;)`'\"]+")

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
    return type(record).model_validate(_placeless(record.model_dump(mode="json")))


def _placeless(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value whose texts, keys too, name no place on this machine or in its network."""
    if isinstance(value, dict):
        return {without_places(key): _placeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_placeless(item) for item in value]
    return without_places(value) if isinstance(value, str) else value


def without_places(text: str) -> str:
    """The text with `(local)` in the place of absolute paths and of addresses of this machine or its network.

    >>> without_places("evaluate:/srv/lab/mine.py at http://10.0.0.5:8000/v1, https://example.org/a/b")
    'evaluate:(local) at (local), https://example.org/a/b'
    """
    plain = _ADDRESS.sub(lambda found: HERE if is_local(found[0]) else found[0], text)
    return _PATH.sub(HERE, plain)
