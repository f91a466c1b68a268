"""The samples of a task under several of its runs: found and sorted by their values, read from the files only where they are shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from radbench.catalog import Catalog
from radbench.catalog.cards import Score, TaskCard
from radbench.errors import RadbenchError, ScoringError
from radbench.folder import RunFolder
from radbench.leaderboard.cases.places import STATES, JournalPlaces, SamplePlaces
from radbench.leaderboard.cases.said import said
from radbench.leaderboard.cases.shown import Candidate, Shown, errors_told
from radbench.metrics.base import Metric
from radbench.protocols.base import EvaluationProtocol
from radbench.records import Prediction, SampleRecord, ValueRecord
from radbench.sample import Unparsed
from radbench.scoring.cases import CaseReader
from radbench.scoring.objecting import Objectors
from radbench.scoring.stored import StoredRun, per_case
from radbench.scoring.values import Measured
from radbench.statistics.roc import midranks
from radbench.terms import told as said_of

Floats: TypeAlias = NDArray[np.float64]
Order: TypeAlias = Literal["as asked", "worst", "best", "largest gap", "disagreement"]

PAGE: Final = 50
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
OUTCOMES: Final = (*STATES, "unparsed", "not asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which samples, and in which order."""

    value: str = ""  # what `order` goes by
    against: str = ""  # the other value of a disagreement
    order: Order = "as asked"
    run: str = ""  # whose values count; "": the mean over all runs
    outcome: str = ""  # one of OUTCOMES, in any run; "": all
    levels: Mapping[str, str] = field(default_factory=dict)  # subgroup -> the level wanted
    text: str = ""  # in the id, in any letter case


class SampleSet:
    """The samples of scored runs of one task. Made once (seconds for 100,000 samples), then asked page by page.

    Raises:
        RunError: a line of a run's files is damaged.
    """

    def __init__(self, runs: Mapping[str, StoredRun], catalog: Catalog) -> None:
        self.runs = dict(runs)
        self._catalog = catalog
        self._samples = {name: SamplePlaces(stored.folder.samples) for name, stored in runs.items()}
        self._journals = {name: JournalPlaces(stored.folder.predictions) for name, stored in runs.items()}
        self.ids = tuple(dict.fromkeys(sample for places in self._samples.values() for sample in places.offsets))
        self._row = {sample: row for row, sample in enumerate(self.ids)}
        named = {sample.rstrip("\0"): row for sample, row in self._row.items()}  # as arrays hold names: without such an end
        self._cases = {
            name: np.array([named[one] for one in stored.cases.samples.tolist()], dtype=np.intp) for name, stored in runs.items()
        }
        self._levels = self._codes()
        self._measured: dict[tuple[str, str], Measured] = {}  # by run and signature
        self._objectors: dict[str, Objectors] = {}  # by run, once a sample of it is shown
        self._values: dict[str, Floats] = {}
        self._outcomes: dict[str, NDArray[np.bool_]] = {}

    @property
    def subgroups(self) -> dict[str, tuple[str, ...]]:
        """Each subgroup with its levels, sorted."""
        return {name: levels for name, (levels, _) in self._levels.items()}

    def offered(self) -> list[str]:
        """The values that are defined for single cases in every run, the task's primary one first."""
        shared: list[str] | None = None
        for stored in self.runs.values():
            sums = {metric.name for metric in self._metrics(stored) if metric.sums}
            own = [value.id for value in stored.summary.values if value.signature.partition("|")[0] in sums and ":" not in value.id]
            shared = own if shared is None else [value for value in shared if value in own]
            primary = str(stored.summary.score["primary"])
            shared.sort(key=lambda value, primary=primary: value != primary)  # type: ignore[misc]  # mypy knows no default of a lambda
        return list(dict.fromkeys(shared or []))

    def is_lower_better(self, value: str) -> bool:
        """True where a low value is a good one."""
        return any(one.lower_is_better for stored in self.runs.values() for one in stored.summary.values if one.id == value)

    def values(self, name: str) -> Floats:
        """A value of each sample, the mean over repeats, shape (n_runs, n); NaN where it is undefined or not measured."""
        if name not in self._values:
            self._values[name] = np.stack([self._of_run(run, name) for run in self.runs])
        return self._values[name]

    def spread(self, wanted: Wanted) -> Floats | None:
        """What an order by gap or disagreement goes by, shape (n,); None for other orders.

        A gap is the highest minus the lowest value of any run. A disagreement is the distance of a sample's places under two
        values, in shares of the samples from 0 to 1: the mean over runs.
        """
        if wanted.order == "largest gap":
            values = self.values(wanted.value)
            gap: Floats = _over(values, np.fmax) - _over(values, np.fmin)
            gap[np.isfinite(values).sum(axis=0) < 2] = np.nan
            return gap
        if wanted.order == "disagreement":
            return _mean(np.abs(self._shares(wanted.value) - self._shares(wanted.against))[self._of(wanted.run)])
        return None

    def select(self, wanted: Wanted) -> NDArray[np.intp]:
        """The rows (places in `ids`) of the samples wanted, in order; those without the value come last."""
        keep = np.ones(len(self.ids), dtype=bool)
        for name, level in wanted.levels.items():
            levels, codes = self._levels[name]
            keep &= codes == levels.index(level)
        if wanted.outcome:
            keep &= self._outcome(wanted.outcome)
        if text := wanted.text.strip().casefold():
            keep &= np.fromiter((text in sample.casefold() for sample in self.ids), bool, len(self.ids))
        rows = np.flatnonzero(keep)
        if wanted.order == "as asked":
            return rows
        key = self.spread(wanted)
        if key is not None:
            key = -key
        else:
            key = _mean(self.values(wanted.value)[self._of(wanted.run)])
            if (wanted.order == "worst") == self.is_lower_better(wanted.value):
                key = -key
        return rows[np.argsort(key[rows], kind="stable")]

    def page(self, rows: Sequence[int] | NDArray[np.intp], number: int) -> list[tuple[int, SampleRecord, dict[str, str]]]:
        """Page `number` (from 1) of some rows: the row, the sample, and by run what it said (its first repeat), in one line."""
        found = []
        for row in rows[(number - 1) * PAGE : number * PAGE]:
            records = {run: places.get(self.ids[row]) for run, places in self._samples.items()}
            first = next(record for record in records.values() if record is not None)
            found.append((int(row), first, {run: said(self._prediction(run, record, 0)) for run, record in records.items()}))
        return found

    def shown(self, sample: str, repeat: int = 0) -> Shown | None:
        """One sample with all that is known of it; None where no run has it."""
        records = {run: places.get(sample) for run, places in self._samples.items()}
        first = next((record for record in records.values() if record is not None), None)
        if first is None:
            return None
        return Shown(first, tuple(self._candidate(run, record, repeat) for run, record in records.items()))

    def _candidate(self, run: str, record: SampleRecord | None, repeat: int) -> Candidate:
        prediction = self._prediction(run, record, repeat)
        if record is None or prediction is None:
            return Candidate(run, None, None, {}, {})
        cases = [case for case in self._reader(run, [record]) if case.repeat == repeat]
        case = cases[0] if cases else None
        values, excluded = self._alone(run, record.id, repeat)
        if run not in self._objectors:
            self._objectors[run] = Objectors(self.runs[run], self._catalog)
        is_report = self.runs[run].run.task_card["ask"]["protocol"] == "report"
        told, silent = errors_told(case, self._objectors[run], is_report=is_report)
        return Candidate(run, prediction, case, values, excluded, told, silent)

    def _prediction(self, run: str, record: SampleRecord | None, repeat: int) -> Prediction | None:
        return self._journals[run].get(record.keys[repeat]) if record is not None and repeat < len(record.keys) else None

    def _alone(self, run: str, sample: str, repeat: int) -> tuple[dict[str, float], dict[str, str]]:
        """The values of one case, and why metrics leave it out."""
        stored = self.runs[run]
        values: dict[str, float] = {}
        excluded: dict[str, str] = {}
        at = next((int(i) for i in np.flatnonzero(self._cases[run] == self._row[sample]) if stored.cases.repeats[i] == repeat), None)
        if at is None:
            return values, excluded
        for record in stored.summary.values:
            family = record.signature.partition("|")[0]
            measured = self._measure(run, record)
            if isinstance(measured, str):
                excluded.setdefault(family, measured)
            elif (reason := measured.rows.excluded[at]) is not None:
                excluded[family] = reason
            elif measured.metric.sums:
                excluded.pop(family, None)
                try:
                    alone = measured.metric.aggregate(measured.rows.array[[at]], np.ones((1, 1)))
                except Exception as error:  # a metric may be anyone's code
                    excluded[family] = said_of(error, stored.run.data.access)
                    continue
                if record.id in alone and math.isfinite(number := float(alone[record.id][0])):
                    values[record.id] = number
        return values, excluded

    def _of(self, run: str) -> slice:
        place = list(self.runs).index(run) if run in self.runs else None
        return slice(None) if place is None else slice(place, place + 1)

    def _of_run(self, run: str, name: str) -> Floats:
        n, stored = len(self.ids), self.runs[run]
        record = next((value for value in stored.summary.values if value.id == name), None)
        measured = self._measure(run, record) if record else ""
        if isinstance(measured, str) or not _gives(measured, name):
            return np.full(n, np.nan)
        try:
            single = per_case(measured, name)
        except ScoringError:  # why is told where a sample is read
            return np.full(n, np.nan)
        defined = np.isfinite(single)
        place = self._cases[run][defined]
        counts = np.bincount(place, minlength=n)
        sums = np.bincount(place, weights=single[defined], minlength=n)
        mean: Floats = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
        return mean

    def _shares(self, name: str) -> Floats:
        """Of each run the samples' places under a value, the worst 0 and the best 1, shape (n_runs, n)."""
        values = -self.values(name) if self.is_lower_better(name) else self.values(name)
        shares = np.full_like(values, np.nan)
        for own, out in zip(values, shares, strict=True):
            defined = np.isfinite(own)
            if (n := int(defined.sum())) > 1:
                out[defined] = (midranks(own[defined]) - 1) / (n - 1)
        return shares

    def _measure(self, run: str, record: ValueRecord) -> Measured | str:
        """The rows of a value, or why there are none."""
        key = run, record.signature
        if key not in self._measured:
            try:
                self._measured[key] = self.runs[run].measured(record)
            except RadbenchError as error:  # not kept: another value of the same signature may have rows
                return str(error)
        return self._measured[key]

    def _outcome(self, outcome: str) -> NDArray[np.bool_]:
        if outcome not in self._outcomes:
            mask = np.zeros(len(self.ids), dtype=bool)
            for run in self.runs:
                if outcome == "not asked":
                    mask |= np.bincount(self._cases[run], minlength=len(self.ids)) == 0
                else:
                    mask[[self._row[sample] for sample in self._with(run, outcome) if sample in self._row]] = True
            self._outcomes[outcome] = mask
        return self._outcomes[outcome]

    def _with(self, run: str, outcome: str) -> Iterator[str]:
        """The samples with a reply of this outcome; only for unreadable answers are all replies read."""
        if outcome != "unparsed":
            yield from self._journals[run].states[outcome]
        elif self.runs[run].summary.counts.n_unparsed:
            yield from (case.sample.id for case in self._reader(run) if isinstance(case.answer, Unparsed))

    def _reader(self, run: str, records: Sequence[SampleRecord] | None = None) -> CaseReader:
        """The cases of a run, or of some of its samples, as metrics see them."""
        stored = self.runs[run]
        half = Score.model_validate(stored.summary.score)
        card = TaskCard.model_validate(stored.run.task_card)
        options = {**card.ask.options, "answer": card.ask.answer, "reader": half.reader}
        protocol: EvaluationProtocol = self._catalog.build("protocols", card.ask.protocol, options)
        folder = RunFolder(stored.folder.path) if records is None else _Some(stored.folder, records)
        return CaseReader(folder, self._journals[run], protocol, stored.run, half)  # type: ignore[arg-type]  # of an index it asks `get` alone

    def _metrics(self, stored: StoredRun) -> list[Metric]:
        half = Score.model_validate(stored.summary.score)
        return [self._catalog.build("metrics", use.name, use.options) for use in half.metrics]

    def _codes(self) -> dict[str, tuple[tuple[str, ...], NDArray[np.int32]]]:
        """Of each subgroup its levels, and the place of each sample's among them, -1 where it was asked by no run."""
        found: dict[str, NDArray[np.object_]] = {}
        for run, stored in self.runs.items():
            for name, of_cases in stored.cases.subgroups.items():
                found.setdefault(name, np.full(len(self.ids), None, dtype=object))[self._cases[run]] = of_cases
        coded = {}
        for name, of_samples in found.items():
            levels = tuple(sorted({level for level in of_samples if level is not None}))
            code = {level: i for i, level in enumerate(levels)}
            coded[name] = (levels, np.array([code.get(level, -1) for level in of_samples], dtype=np.int32))
        return coded


class _Some(RunFolder):
    """A run of which only some samples are looked at."""

    def __init__(self, folder: RunFolder, records: Sequence[SampleRecord]) -> None:
        super().__init__(folder.path)
        self._records = records

    def iter_samples(self) -> Iterator[SampleRecord]:
        return iter(self._records)


def _gives(measured: Measured, name: str) -> bool:
    """False for what a family chose before it measured: a threshold."""
    return name in measured.metric.aggregate(np.zeros((1, measured.rows.array.shape[1])), np.ones((1, 1)))


def _over(values: Floats, of: np.ufunc) -> Floats:
    return np.asarray(of.reduce(values, axis=0))


def _mean(values: Floats) -> Floats:
    """The mean over runs of what is defined, shape (n,); NaN where nothing is."""
    counts = np.isfinite(values).sum(axis=0)
    sums = np.nansum(values, axis=0)
    mean: Floats = np.divide(sums, counts, out=np.full(values.shape[1], np.nan), where=counts > 0)
    return mean
