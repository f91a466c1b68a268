"""A run scored afresh in another place: from its predictions where its metrics ask nobody, else from its stored rows."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Final

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse, Score, TaskCard
from radbench.errors import RadbenchError, RunError
from radbench.folder import HIDDEN, RunFolder, is_hidden, write_json
from radbench.metrics.base import Metric
from radbench.records import Summary, ValueRecord
from radbench.running.annotations import Annotators
from radbench.scoring import IntervalSettings, score
from radbench.scoring.stored import StoredRun
from radbench.scoring.values import Frame, Measured

_COUNTED: Final = ("counts", "failed", "unparsed", "excluded", "intervals")  # what a summary tells of its cases, besides values


def recomputed(folder: RunFolder, to: Path, catalog: Catalog) -> tuple[RunFolder, list[str]]:
    """A run folder with the same samples and predictions and a new summary; and what could not be recomputed.

    Only the summary's settings are taken over: its score half, draws, seed and level. Nothing is written into the run.

    Args:
        folder: of a scored run.
        to: a folder that is not there.
        catalog: knows its metrics.

    Raises:
        RunError: the run is damaged.
    """
    run, summary = folder.read_run(), folder.read_summary()
    made = RunFolder(to)
    to.mkdir(parents=True)
    if is_hidden(folder.path):
        (to / HIDDEN).touch()
    for path in (folder.samples, folder.predictions):
        if not path.exists():
            raise RunError(f"{folder.path} has no {path.name}")
        (to / path.name).symlink_to(path.resolve())
    write_json(made.run, run)
    how = summary.intervals
    settings = IntervalSettings(
        draws=int(how["draws"]), seed=int(how["seed"]), level=float(how["level"]), by_row=str(how["method"]).endswith("of cases")
    )
    half = Score.model_validate(summary.score)
    own = [use for use in half.metrics if _asks_nobody(use, catalog)]
    values, problems, base = list[ValueRecord](), list[str](), summary
    if own:
        card = TaskCard.model_validate({**run.task_card, "score": {**summary.score, "metrics": [use.model_dump() for use in own]}})
        fresh = score(made, card, catalog, Annotators(catalog, to / "annotations", "stored"), settings)
        values, base = list(fresh.values), summary.model_copy(update={name: getattr(fresh, name) for name in _COUNTED})
        problems = [said for said in fresh.problems if not said.startswith("primary:")]
    measured = {family for use in own if (family := _family(use, catalog))}
    rest = [value for value in summary.values if value.signature.partition("|")[0] not in measured]
    from_rows, more = _from_rows(folder, rest, catalog, settings)
    for name in {value.signature.partition("|")[0] for value in from_rows}:
        made.scores.mkdir(exist_ok=True)
        shutil.copy(folder.scores / f"{name}.npz", made.scores)
    order = {value.id: place for place, value in reversed(list(enumerate(summary.values)))}
    merged = tuple(sorted([*values, *from_rows], key=lambda value: order.get(value.id, len(order))))
    write_json(made.summary, base.model_copy(update={"values": merged}))
    return made, [*problems, *more]


def _from_rows(
    folder: RunFolder, values: list[ValueRecord], catalog: Catalog, settings: IntervalSettings
) -> tuple[list[ValueRecord], list[str]]:
    """Values anew from stored rows; and why some have none."""
    if not values:
        return [], []
    stored, problems = StoredRun.open(folder, catalog), dict[str, None]()
    found: dict[str, Measured] = {}
    for value in values:
        try:
            if value.signature not in found:
                found[value.signature] = stored.measured(value)
        except RadbenchError as error:
            problems[f"{value.id}: {error}"] = None
    clusters = list(map(str, range(len(stored.cases)))) if settings.by_row else stored.cases.clusters.tolist()
    frame = Frame(clusters, {name: levels.tolist() for name, levels in stored.cases.subgroups.items()}, stored.run.settings.repeats)
    wanted = {(value.id, value.signature) for value in values}
    made = frame.values(list(found.values()), settings) if found else []
    return [value for value in made if (value.id, value.signature) in wanted], list(problems)


def _asks_nobody(use: MetricUse, catalog: Catalog) -> bool:
    """True for a metric that depends on this run's replies alone."""
    metric = _built(use, catalog)
    return metric is not None and type(metric).asks is Metric.asks and not metric.needs_validation


def _family(use: MetricUse, catalog: Catalog) -> str:
    metric = _built(use, catalog)
    return metric.name if metric else ""


def _built(use: MetricUse, catalog: Catalog) -> Metric | None:
    try:
        metric: Metric = catalog.build("metrics", use.name, use.options)
    except RadbenchError:
        return None
    return metric


def rewritten(summary: Summary, fresh: Summary) -> list[str]:
    """The values and counts of a summary that are not what its run gives, in words."""
    now = {(value.id, value.signature): value for value in fresh.values}
    said = [f"{name}: not as its replies give it, in its summary" for name in _COUNTED if getattr(summary, name) != getattr(fresh, name)]
    for value in summary.values:
        other = now.get((value.id, value.signature))
        if other is not None and not all(map(_equal, (value.value, *(value.ci or ())), (other.value, *(other.ci or ())))):
            said.append(f"{value.id}: its summary has {value.value} {value.ci}, its replies give {other.value} {other.ci}")
    return said


def _equal(one: float | None, other: float | None) -> bool:
    """Equal but for the last digits, in which sums differ from machine to machine."""
    return one == other if one is None or other is None else math.isclose(one, other, rel_tol=1e-12)
