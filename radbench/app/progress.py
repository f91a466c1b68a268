"""How far a run is: whole lines of its journals against what it will ask."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from radbench.app.kept import Kept
from radbench.app.loading import CachedRun, stamp
from radbench.records import RunRecord

_BLOCK: Final = 1 << 20
_lines: Kept[Path, int] = Kept()


@dataclass(frozen=True, slots=True)
class Progress:
    """Replies in the journals, failed ones and their repetitions among them."""

    n_replies: int
    n_wanted: int | None  # None: not known before all samples have been seen
    idle_s: float | None  # since the last reply; None: there is none

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where it is not known."""
        return min(1.0, self.n_replies / self.n_wanted) if self.n_wanted else 0.0


def progress(folder: CachedRun, run: RunRecord, others: Iterable[RunRecord] = ()) -> Progress:
    """The progress of a run, its shards together. How many samples there are may be known from `others` that were asked the same."""
    journals = [path for path in (folder.predictions, *sorted(folder.path.glob("shards/*/predictions.jsonl"))) if path.exists()]
    n = sum(_lines.get(path, stamp(path), partial(_count, path)) for path in journals)
    last = max((stamp(path)[1] for path in journals), default=None)
    whole = (
        one.data.n_samples for one in others if one.ask_hash == run.ask_hash and one.status == "complete" and one.settings.limit is None
    )
    told = (run.settings.limit, run.data.n_samples, *whole)
    wanted = next((n for n in told if n is not None), None)
    return Progress(
        n,
        None if wanted is None else wanted * run.settings.repeats,
        None if last is None else max(0.0, time.time() - last / 1e9),
    )


def _count(path: Path) -> int:
    """Whole lines."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
