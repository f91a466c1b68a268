"""An evaluated task as Python sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from radbench.catalog import Catalog
from radbench.catalog.cards import Score
from radbench.errors import nearest
from radbench.folder import PredictionIndex, RunFolder
from radbench.records import Prediction, RunRecord, SampleRecord, Summary, ValueRecord
from radbench.sample import Case
from radbench.scoring.stored import stored_cases


@dataclass(frozen=True, slots=True)
class Run:
    """An evaluated task of one model: `run["accuracy"]` is a value with its interval, counts and signature."""

    folder: RunFolder
    record: RunRecord
    summary: Summary

    def __getitem__(self, value: str) -> ValueRecord:
        """The value of that id; of several variants the first.

        Raises:
            KeyError: there is none; the message lists those there are, and why metrics were not measured.
        """
        for found in self.summary.values:
            if found.id == value:
                return found
        known = list(dict.fromkeys(found.id for found in self.summary.values))
        unmeasured = "".join(f" Not measured: {problem}." for problem in self.summary.problems)
        raise KeyError(f"no value `{value}`{nearest(value, known)} This run has: {', '.join(known) or 'none'}.{unmeasured}")

    @property
    def primary(self) -> ValueRecord:
        """The value that stands for the task."""
        return self[str(self.summary.score["primary"])]

    def samples(self) -> Iterator[tuple[SampleRecord, tuple[Prediction | None, ...]]]:
        """Each sample with its predictions, one a repeat; None where none was made."""
        with PredictionIndex(self.folder.predictions) as index:
            for sample in self.folder.iter_samples():
                yield sample, tuple(map(index.get, sample.keys))

    def cases(self, *, catalog: Sequence[Path | str] = ()) -> Iterator[Case]:
        """The cases as the run's metrics saw them: each sample and repeat with the answer that was read in the reply."""
        with stored_cases(self.folder, self.record, Score.model_validate(self.summary.score), Catalog(catalog)) as cases:
            yield from cases

    def __repr__(self) -> str:
        counts = self.summary.counts
        states = [f"{name[2:]} {n}" for name, n in counts.model_dump().items() if n and name not in {"n_total", "n_scored"}]
        beside = f" ({', '.join(states)})" if states else ""
        lines = [f"{self.record.task} x {self.record.model}: {self.record.status}, {counts.n_scored} of {counts.n_total} scored{beside}"]
        lines += [f"  {text}" for text in (self.record.message, *self.summary.problems) if text]
        lines += [f"  {value.id:20} {value.shown}" for value in self.summary.values]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        head = " ".join(line for line in repr(self).splitlines()[: -len(self.summary.values) or None])
        rows = "".join(
            f"<tr><td>{escape(v.id)}</td><td>{escape(v.shown)}</td><td>{v.n_scored}</td><td><code>{escape(v.signature)}</code></td></tr>"
            for v in self.summary.values
        )
        return f"<p>{escape(head)}</p><table><tr><th>value</th><th>95%</th><th>n</th><th>signature</th></tr>{rows}</table>"


def load_run(path: Path | str) -> Run:
    """A run that was scored, from its folder.

    Raises:
        RunError: there is none, it was not scored yet, or it is damaged.
    """
    folder = RunFolder(Path(path))
    return Run(folder, folder.read_run(), folder.read_summary())
