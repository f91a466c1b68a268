"""An answer as one number a criterion: what agreement, spread and means are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from radbench.ratings.studies.answers import counts_of, preference
from radbench.ratings.studies.store import Record
from radbench.ratings.studies.study import Study

SIGNIFICANT: Final = "significant errors"
ALL: Final = "errors"


def scores(study: Study, record: Record) -> dict[str, float]:
    """Criterion -> value: a level; a number of errors; a preference, above 0 for the item's first text whichever side it stood on."""
    match study.draft.mode:
        case "ordinal":
            return {name: float(level) for name, level in record.answer["scores"].items()}
        case "ab":
            sign = 1 if record.arms == study.item_of[record.item].arms else -1
            return {name: sign * preference(said) + 0.0 for name, said in record.answer["choices"].items()}
        case _:
            counts = counts_of(record.answer, study.draft)
            significant = sum(count for (_, significance), count in counts.items() if significance == "significant")
            return {SIGNIFICANT: float(significant), ALL: float(counts.total())}


def choices(record: Record) -> Iterator[tuple[str, str | None]]:
    """Of a preference: criterion, and the arm that was chosen (None: a tie, or both bad)."""
    for name, said in record.answer["choices"].items():
        yield name, {"left": record.arms[0], "right": record.arms[1]}.get(said["choice"])
