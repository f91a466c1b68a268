"""From names to results: plans for models x tasks, each run, each scored. What `radbench run` and `radbench demo` do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard, Score, TaskCard
from radbench.catalog.components import canonical
from radbench.conventions import Preset, preset
from radbench.errors import ContentError, UnknownNameError, nearest
from radbench.folder import RunFolder
from radbench.models.base import Model
from radbench.models.predictions import read_predictions
from radbench.records import Counts, Settings, Summary
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.running.plan import Plan, Shard
from radbench.running.runner import run
from radbench.scoring import IntervalSettings, check_annotators, score

_HALTED: Final = "not asked, since the run was stopped: the same command goes on from here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How models are asked: what the command line or a caller changes of the cards."""

    settings: Settings = field(default_factory=Settings)
    task_changes: Mapping[str, object] = field(default_factory=dict)  # of the ask half: `split`, `options.prompt` ...
    model_options: Mapping[str, object] = field(default_factory=dict)
    shard: Shard | None = None
    agreement: Mapping[str, str] | None = None
    data_dirs: Mapping[str, Path] = field(default_factory=dict)
    weights: Mapping[str, Path] = field(default_factory=dict)  # model or annotator, its name with dashes -> where its weights lie
    out: Path = Path("runs")
    annotations: Path | None = None  # where replies of annotators are kept; None: below `out`

    def weights_of(self, model: str) -> dict[str, str]:
        """The option that says where a model's weights lie; empty where its card says it."""
        place = self.weights.get(canonical(model))
        return {"weights": str(place)} if place else {}


@dataclass(frozen=True, slots=True)
class Result:
    """One evaluated task of one model."""

    task: str
    model: str
    folder: RunFolder
    status: str  # as in run.json
    seconds: float
    summary: Summary | None  # None: nothing to score (a shard, a run that could not begin)
    message: str = ""
    refusal: str = ""  # why data terms kept a metric from being measured; "" if none was

    def as_json(self) -> dict[str, Any]:
        """The entry of `runs` that `run --json` and `score --json` print."""
        counts = self.summary.counts.model_dump() if self.summary else dict.fromkeys(Counts.model_fields)
        values = self.summary.values if self.summary else ()
        metrics = [value.model_dump(mode="json", include={"id", "signature", "value", "ci", "level", "n_scored"}) for value in values]
        about = {"task": self.task, "model": self.model, "run_dir": str(self.folder.path), "status": self.status}
        problems = list(self.summary.problems) if self.summary else []
        return {**about, "seconds": round(self.seconds, 3), **counts, "metrics": metrics, "problems": problems, "message": self.message}

    @property
    def is_whole(self) -> bool:
        """True if every case asked for has a reply and every metric ran."""
        return self.status == "complete" and (self.summary is None or not (self.summary.counts.n_failed or self.summary.problems))


def plan_all(
    catalog: Catalog, models: Sequence[ModelCard], tasks: Sequence[TaskCard], asking: Asking, *, instance: Model | None = None
) -> list[Plan]:
    """A plan for each model and task; `instance` is the model itself where a caller brings it.

    Raises:
        ContentError: a change of the ask half that does not fit.
    """
    tasks = [revised(task, asking.task_changes) for task in tasks]
    return [replace(_plan(catalog, model, task, asking), instance=instance) for model in models for task in tasks]


def import_plan(catalog: Catalog, predictions: Path, task: str, name: str | None, asking: Asking) -> Plan:
    """A plan whose model replays a file of predictions, under a name of its own."""
    name = name or predictions.stem
    card = ModelCard(name=name, title=name, family="replay", arguments={"file": str(predictions)})
    return _plan(catalog, card, revised(catalog.task(task), asking.task_changes), asking)


def score_predictions(plan: Plan, predictions: Path, asking: Asking, intervals: IntervalSettings) -> Result:
    """The result of a plan that replays a file, with a remark where some of its predictions are of no sample of the task."""
    (result,) = evaluate_all([plan], asking, Control(), intervals)
    ids = {sample.id for sample in result.folder.iter_samples()}
    strangers = [p.sample_id for p in read_predictions(predictions) if p.sample_id not in ids]
    if not strangers:
        return result
    listed = ", ".join(strangers[:5]) + (" ..." if len(strangers) > 5 else "")
    return replace(result, message=f"{len(strangers)} predictions of {predictions.name} are of no sample of {result.task}: {listed}")


def _plan(catalog: Catalog, model: ModelCard, task: TaskCard, asking: Asking) -> Plan:
    return Plan(
        catalog=catalog,
        task=task,
        model=model,
        overrides={**asking.weights_of(model.name), **asking.model_options},
        settings=asking.settings,
        out=asking.out,
        data_dirs=asking.data_dirs,
    )


def evaluate_all(plans: Sequence[Plan], asking: Asking, control: Control, intervals: IntervalSettings) -> Iterator[Result]:
    """Run and score plans, a result each, as it comes.

    Annotators and judges are made sure of before any request is sent. Where a metric chooses its operating point on the
    validation split, that split is asked first, in a run of its own.

    Raises:
        DataTermsError: a model or a judge is external and the data closed, without an agreement.
        ContentError: a judge does not exist, or its key is not set.
        RadbenchError: as `run`.
    """
    waiting = {plan.folder.path: plan for plan in plans}
    store = asking.annotations or asking.out / "annotations"
    annotators = Annotators(plans[0].catalog, store, agreement=asking.agreement, weights=asking.weights)
    for asked in plans:
        check_annotators(asked, annotators)
    companions = [companion for plan in plans if (companion := _on_validation(plan))]
    for outcome in run([*companions, *plans], control, shard=asking.shard, agreement=asking.agreement):
        plan = waiting.pop(outcome.plan.folder.path, None)
        if plan is None:
            continue
        summary, refusal = None, ""
        if outcome.is_scorable:
            control.at_once = True
            if control.stop:
                annotators.halted = _HALTED
            summary, refusal = _scored(outcome.folder, plan.task, annotators, intervals)
            control.at_once = False
        yield Result(plan.task.name, plan.model.name, outcome.folder, outcome.status, outcome.seconds, summary, outcome.message, refusal)
        if control.stop:
            break
    for plan in waiting.values():
        yield Result(plan.task.name, plan.model.name, plan.folder, "partial", 0.0, None, "stopped before it began")


def _on_validation(plan: Plan) -> Plan | None:
    """The plan on the task's validation split, if one of its metrics needs to see that."""
    card = plan.task
    metrics = (plan.catalog.build("metrics", use.name, use.options, where=card.where) for use in card.score.metrics)
    if not any(metric.needs_validation for metric in metrics) or card.ask.validation in {None, card.ask.split}:
        return None
    return plan.on_split(card.ask.validation)


def _scored(folder: RunFolder, card: TaskCard, annotators: Annotators, intervals: IntervalSettings) -> tuple[Summary, str]:
    """The summary of a run, and why data terms kept a metric from being measured."""
    before = len(annotators.refusals)
    summary = score(folder, card, annotators.catalog, annotators, intervals)
    return summary, next(iter(annotators.refusals[before:]), "")


def rescore(folder: RunFolder, annotators: Annotators, intervals: IntervalSettings) -> Result:
    """Score a run again: asked as it was, measured as the task's card in the catalogue says today."""
    record = folder.read_run()
    card, message = card_today(folder, annotators.catalog)
    summary, refusal = _scored(folder, card, annotators, intervals)
    return Result(record.task, record.model, folder, record.status, record.seconds, summary, message, refusal)


def score_as_published(folder: RunFolder, name: str, annotators: Annotators, seed: int = 0) -> tuple[Summary, Preset]:
    """Score a run by a published convention into summary-<name>.json, beside its own summary.

    Raises:
        UnknownNameError: there is no preset of that name.
    """
    known = preset(name)
    card, _ = card_today(folder, annotators.catalog)
    own = {use.name: use.options for use in reversed(card.score.metrics)}  # of a metric used twice, as it is used first
    metrics = [{metric: options} for metric, options in known.metrics_with(own)]
    convention = {"section": known.convention.section, "clean": known.convention.clean, "absent": known.convention.absent}
    reader = known.reader(str(card.ask.options.get("form", "")), card.score.reader)
    half = Score.model_validate({**card.score.model_dump(mode="json"), "reader": reader, "metrics": metrics, **convention})
    how = known.aggregation
    medians = how.of if how.statistic == "bootstrap median" else ()
    settings = IntervalSettings(draws=how.draws or 2000, seed=seed, by_row=how.unit == "row", medians_of=medians)
    to = folder.path / f"summary-{name}.json"
    return score(folder, card.model_copy(update={"score": half}), annotators.catalog, annotators, settings, to=to), known


def card_today(folder: RunFolder, catalog: Catalog) -> tuple[TaskCard, str]:
    """The ask half that a run followed with the score half that its task has today, and a remark where it has none."""
    record = folder.read_run()
    card = TaskCard.model_validate(record.task_card)
    try:
        return card.model_copy(update={"score": catalog.task(record.task).score}), ""
    except UnknownNameError:
        return card, "its task is in no catalogue given: scored by the card kept in the run"


def revised(card: TaskCard, changes: Mapping[str, object]) -> TaskCard:
    """The card with parts of its ask half changed, each named by its path: `split`, `shots`, `options.prompt`, `select.organ`.

    Raises:
        ContentError: there is no such part, or the value does not fit.
    """
    if not changes:
        return card
    ask = card.ask.model_dump(mode="json", exclude={"version"})
    for path, value in changes.items():
        if path == "dataset_options.access":
            raise ContentError("--task-arg `dataset_options.access`: whose data these are is for the task's card alone to say")
        part, _, inner = path.partition(".")
        if part not in ask or (inner and not isinstance(ask[part], dict)):
            raise ContentError(f"--task-arg `{path}`: the ask half of a task has no such part{nearest(part, ask)}")
        if inner:
            ask[part] = {**ask[part], inner: value}
        else:
            ask[part] = value
    try:
        return TaskCard.model_validate({**card.model_dump(mode="json"), "ask": {**ask, "version": card.ask.version}, "file": card.file})
    except ValidationError as error:
        fault = error.errors()[0]
        raise ContentError(f"--task-arg `{'.'.join(map(str, fault['loc'][1:]))}`: {fault['msg']}, got `{fault['input']}`") from error
