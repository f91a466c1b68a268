"""A scored run read back for statistics: rows of each value's metric, and the table of its cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import Score, TaskCard
from radbench.errors import RunError, ScoringError, is_own
from radbench.folder import PredictionIndex, RunFolder
from radbench.metrics.base import Metric
from radbench.protocols.base import EvaluationProtocol
from radbench.records import RunRecord, Summary, ValueRecord
from radbench.scoring.apart import as_told
from radbench.scoring.case_table import CaseTable
from radbench.scoring.cases import CaseReader
from radbench.scoring.rows import StoredRows, prepare, stamp
from radbench.scoring.values import Measured
from radbench.terms import told


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One scored run: its records, and the cases that its rows are about."""

    folder: RunFolder
    run: RunRecord
    summary: Summary
    cases: CaseTable
    _catalog: Catalog
    _rows: Mapping[str, StoredRows]  # family -> its file
    _known: dict[str, Measured] = field(default_factory=dict)  # by signature

    @classmethod
    def open(cls, folder: RunFolder, catalog: Catalog, preset: str = "") -> StoredRun:
        """The stored run of a folder, as it was scored by its task's card or under a published convention (`preset`).

        Raises:
            RunError: the folder is no run folder, or was never scored.
        """
        run, summary = folder.read_run(), folder.read_summary(preset)
        half = Score.model_validate(summary.score)
        for needed in (folder.samples, folder.predictions):
            if not needed.exists():
                raise RunError(f"{folder.path} has no {needed.name}: its cases are not here, so nothing can be drawn or tested")
        made_of = stamp(folder)
        rows = {file.stem: StoredRows(folder, file.stem, made_of) for file in sorted(folder.scores.glob("*.npz"))}
        cases = CaseTable.read(folder, made_of, half.reader, half.subgroups)
        if cases is None:
            with stored_cases(folder, run, half, catalog) as reader:
                cases = CaseTable.of(reader.census)
        return cls(folder, run, summary, cases.shared(), catalog, rows)

    def measured(self, value: ValueRecord) -> Measured:
        """The metric of a value of the summary, prepared as it was, and its rows; read once for all values of a metric.

        Raises:
            ScoringError: the rows are absent, or older than the run's predictions; or the value is no statistic (a threshold).
        """
        found = self._known.get(value.signature)
        try:
            if found is None:
                found = self._known[value.signature] = self._read(value)
            kept = found.rows.array[[i for i, reason in enumerate(found.rows.excluded) if reason is None][:1]]
            given = found.metric.aggregate(kept, np.ones((1, len(kept))))
        except Exception as error:  # a metric may be anyone's code
            if is_own(error):
                raise
            raise ScoringError(f"`{value.id}`: {told(error, self.run.data.access)}") from error
        if value.id not in given:
            raise ScoringError(f"`{value.id}` is what {found.metric.name} chose before it measured, and has no rows")
        return found

    def _read(self, value: ValueRecord) -> Measured:
        family = value.signature.partition("|")[0]
        store = self._rows.get(family)
        for metric in self._metrics(family) if store else ():
            rows = store.read_of(value.signature, metric.columns) if store else None
            if rows is not None and all(f"|{key}:{text}" in value.signature for key, text in metric.signature().items() if text):
                ids = [other.id for other in self.summary.values if other.signature == value.signature]
                return Measured(as_told(metric, ids), rows, value.signature)
        raise ScoringError(f"{self.folder.path}: no stored rows of `{value.id}` fit its replies: radbench score {self.folder.path}")

    def _metrics(self, family: str) -> list[Metric]:
        """The metrics of a family that the summary was made with."""
        half = Score.model_validate(self.summary.score)
        built = [self._catalog.build("metrics", use.name, use.options) for use in half.metrics]
        found: list[Metric] = [metric for metric in built if metric.name == family]
        if any(type(metric).prepare is not Metric.prepare for metric in found):
            with stored_cases(self.folder, self.run, half, self._catalog) as cases:
                for metric in found:
                    prepare(metric, cases)
        return found


@contextmanager
def stored_cases(folder: RunFolder, run: RunRecord, half: Score, catalog: Catalog) -> Iterator[CaseReader]:
    """The cases of a run as its metrics see them: each reply read as an answer, under the score half of a task card."""
    ask = TaskCard.model_validate(run.task_card).ask
    protocol: EvaluationProtocol = catalog.build("protocols", ask.protocol, {**ask.options, "answer": ask.answer, "reader": half.reader})
    with PredictionIndex(folder.predictions) as index:
        yield CaseReader(folder, index, protocol, run, half)


def per_case(measured: Measured, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The value `name` of each case by itself, shape (n,); NaN where it is excluded or not defined for one case (AUROC).

    Raises:
        ScoringError: the metric cannot say it of single cases.
    """
    kept = np.array([reason is None for reason in measured.rows.excluded], dtype=bool)
    values = np.full(len(kept), np.nan)
    if measured.metric.sums and kept.any():
        rows = measured.rows.array[kept]
        try:
            values[kept] = measured.metric.value(rows)[name]  # type: ignore[attr-defined]  # `sums` says it has one
        except Exception as error:  # a metric may be anyone's code
            raise ScoringError(f"`{name}` of single cases: {told(error)}") from error
    return values
