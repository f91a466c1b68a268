"""The score pass: replies are read as answers, metrics make rows of them, rows become values with intervals.

Derived from samples.jsonl and predictions.jsonl alone: the evaluated model, its data set and its images are not needed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.errors import MissingPackageError, RunError, ScoringError, WeightsError
from radbench.folder import PredictionIndex, RunFolder, RunRecord, Summary, find_runs, write_json
from radbench.metrics.base import Metric
from radbench.protocols.base import EvaluationProtocol
from radbench.running.annotations import Annotators
from radbench.scoring.cases import CaseReader, Census
from radbench.scoring.rows import StoredRows, measure, prepare, stamp
from radbench.scoring.values import Frame, IntervalSettings, Measured

__all__ = ["IntervalSettings", "score"]


def score(folder: RunFolder, card: TaskCard, catalog: Catalog, annotators: Annotators, settings: IntervalSettings) -> Summary:
    """Score a run by a task card whose ask half it followed; write its scores/ and summary.json.

    A metric that cannot run (missing weights or package, a corpus it is not defined for) is named in `problems`, the others are scored.

    Raises:
        RunError: the folder is no run folder, or damaged.
        UnknownNameError, ContentError: the card names a reader, metric or option that does not exist.
        DataTermsError: an annotator is external and the run's data closed.
    """
    run = folder.read_run()
    options = {**card.ask.options, "answer": card.ask.answer, "reader": card.score.reader}
    protocol = catalog.build("protocols", card.ask.protocol, options, where=card.where)
    made_of = stamp(folder, card.score.reader)
    measured, problems = [], []
    with PredictionIndex(folder.predictions) as index:
        cases = CaseReader(folder, index, protocol, repeats=run.settings.repeats, subgroups=card.score.subgroups)
        for use in card.score.metrics:
            metric = catalog.build("metrics", use.name, use.options, where=card.where)
            try:
                if metric.needs_validation:
                    _fit(metric, folder, run, card, protocol)
                prepare(metric, cases)
                how = _how_scored(metric, card)
                rows = measure(
                    metric, how, cases, StoredRows(folder, metric.name, made_of), partial(annotators.answer, access=run.data.access)
                )
                measured.append(Measured(metric, rows, how))
            except (ScoringError, MissingPackageError, WeightsError) as error:
                problems.append(f"{use.name}: {error}")
        census = cases.census
    asked = _how_asked(run, card, census)
    measured = [replace(one, signature=f"{one.signature}|{asked}") for one in measured]
    frame = Frame(census, card.score.subgroups, run.settings.repeats)
    summary = Summary(
        run=run.id,
        task=run.task,
        model=run.model,
        status=run.status,
        counts=census.counts(),
        unparsed=dict(sorted(census.unparsed.items())),
        excluded=dict(sorted(census.excluded.items())),
        intervals={
            "method": "percentile bootstrap of clusters",
            "draws": settings.draws,
            "level": settings.level,
            "seed": settings.seed,
            "cluster": card.score.cluster or "sample",
            "n_clusters": frame.n_clusters,
        },
        score=card.score.model_dump(mode="json"),
        values=tuple(frame.values(measured, settings)),
        problems=tuple(problems),
    )
    write_json(folder.summary, summary)
    return summary


def _fit(metric: Metric, folder: RunFolder, run: RunRecord, card: TaskCard, protocol: EvaluationProtocol) -> None:
    """Let a metric choose its operating point on the same model's run on the task's validation split."""
    split = card.ask.validation
    if split is None or split == card.ask.split:
        raise ScoringError(f"task {card.name} names no other split as `validation`, which this metric chooses its operating point on")
    found = next((other for other in find_runs(folder.path.parent) if _is_validation(other, run, split)), None)
    if found is None:
        raise ScoringError(
            f"there is no complete run of {run.model} on the validation split beside this one: "
            f"radbench run --model {run.model} --task {run.task} --task-arg split={split}"
        )
    with PredictionIndex(found.predictions) as index:
        metric.fit(CaseReader(found, index, protocol, repeats=run.settings.repeats, subgroups=()))


def _is_validation(folder: RunFolder, run: RunRecord, split: str) -> bool:
    """True for a complete run that differs by its split alone; a limit on the samples of either is no matter."""
    try:
        other = folder.read_run()
    except RunError:
        return False
    alike = other.settings.model_copy(update={"limit": run.settings.limit}) == run.settings
    wanted = {**run.task_card["ask"], "split": split}
    return other.status == "complete" and alike and other.model_card == run.model_card and other.task_card["ask"] == wanted


def _how_scored(metric: Metric, card: TaskCard) -> str:
    """The first half of a signature: metric, options, corpus kept fixed, failure policy, reader, version."""
    policy = {"missing": metric.when_missing, "read": card.score.reader, "v": str(metric.version)}
    stated = {**metric.signature(), "corpus": metric.fingerprint()[:8], **policy}
    return "|".join([metric.name, *(f"{key}:{value}" for key, value in stated.items() if value)])


def _how_asked(run: RunRecord, card: TaskCard, census: Census) -> str:
    """The second half: what was asked, how, of which data."""
    stated = {
        "ask": run.ask_hash[:8],
        "answer": card.ask.answer,
        "repeats": run.settings.repeats,
        "images": run.settings.images,
        "data": census.fingerprint,
        "n": census.n_total,
    }
    return "|".join(f"{key}:{value}" for key, value in stated.items())
