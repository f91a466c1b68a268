"""What the page of samples keeps between two looks: the samples of some runs, and their images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from radbench.app.kept import Kept, lasting
from radbench.app.loading import Stamp, catalog, stamp, stored_run
from radbench.app.pictures import Gallery
from radbench.app.settings import settings
from radbench.leaderboard.cases.samples import SampleSet
from radbench.records import RunRecord

_sets: Kept[tuple[tuple[str, Path], ...], SampleSet] = Kept(
    most=500_000, size=lambda samples: sum(len(stored.cases) for stored in samples.runs.values())
)  # cases: four runs of 100,000 samples take up to 200 MB
_galleries: Kept[str, Gallery] = Kept(most=2)


def sample_set(runs: Mapping[str, Path]) -> SampleSet:
    """The samples of some scored runs of one task, by the runs' names.

    Raises:
        RunError: a folder is no run folder, was never scored, or holds a damaged line.
    """
    files = ("samples.jsonl", "predictions.jsonl", "summary.json")
    content: tuple[Stamp, ...] = tuple(stamp(path / file) for path in runs.values() for file in files)

    def made() -> SampleSet:
        return lasting(SampleSet({name: stored_run(path) for name, path in runs.items()}, catalog()))

    return _sets.get(tuple(runs.items()), content, made)


def gallery(run: RunRecord) -> Gallery:
    """The images of a run's samples."""
    return _galleries.get(run.id, None, lambda: Gallery(run, catalog(), settings().data_dirs))
