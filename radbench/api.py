"""The Python door: `evaluate`, `score`, `load_run`, `board`, and `model` for a callable. The same code as the commands.

import radbench

@radbench.model("my-model", version="step-1000")
def answer(requests, reader):
    return [net.say(request, reader) for request in requests]

run = radbench.evaluate(answer, "vqarad.closed", data_dirs={"vqarad": "VQA_RAD"})
run["accuracy"].value, run["accuracy"].ci
"""

from __future__ import annotations

import inspect
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, overload

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard, Score
from radbench.catalog.components import canonical
from radbench.errors import ContentError, RunError, nearest
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import PredictionIndex, RunFolder, find_runs
from radbench.leaderboard.board import Board
from radbench.leaderboard.board import build as build_board
from radbench.media import Reader
from radbench.metrics.base import Metric
from radbench.models.base import Model
from radbench.records import Prediction, RunRecord, SampleRecord, Settings, Summary, ValueRecord
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.sample import AnswerMode, Case, ImageMode, Reference, Reply, Request
from radbench.scoring import IntervalSettings
from radbench.scoring.apart import Use, told_apart
from radbench.scoring.rows import annotate
from radbench.scoring.stored import stored_cases
from radbench.scoring.values import Frame, Measured
from radbench.terms import Access, endpoint_of, guard, parse_agreement

Answerer: TypeAlias = Callable[..., Sequence[Reply | str]]  # (requests) or (requests, reader) -> a reply or a text a request
Paths: TypeAlias = Mapping[str, Path | str]

_log = logging.getLogger(__name__)


@dataclass
class CallableModel:
    """A function as a model that generates. Made by `radbench.model`; still callable as the function."""

    function: Answerer
    name: str
    version: str  # answers are reused only under the same name and version
    batch_size: int = 8
    _reader: Reader | None = None

    def __post_init__(self) -> None:
        """Be of the function's module: what it says of errors are the words of whoever wrote it."""
        self.__module__ = getattr(self.function, "__module__", "") or ""

    def __call__(self, *arguments: object) -> Sequence[Reply | str]:
        return self.function(*arguments)

    def load(self, reader: Reader) -> None:
        """Keep the reader, for a function that takes it."""
        self._reader = reader

    def identity(self) -> Mapping[str, object]:
        """Name and version, as stated."""
        return {"callable": self.name, "version": self.version}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """What the function returns; plain texts become replies."""
        wants_reader = len(inspect.signature(self.function).parameters) > 1
        replies = self.function(requests, self._reader) if wants_reader else self.function(requests)
        return [Reply(output=reply) if isinstance(reply, str) else reply for reply in replies]


@overload
def model(name: str, *, version: str = ..., batch_size: int = ...) -> Callable[[Answerer], CallableModel]: ...
@overload
def model(name: Answerer) -> CallableModel: ...
def model(name: str | Answerer, *, version: str = "", batch_size: int = 8) -> CallableModel | Callable[[Answerer], CallableModel]:
    """Make a model of a function from a batch of requests (and, if it takes two arguments, a media reader) to replies.

    Args:
        name: the model's name in run folders and boards; used bare, as `@radbench.model`, the function's own.
        version: names the weights and settings that answer, such as a training step. Answers of an earlier evaluation
            are reused only under the same version; without one, every evaluation asks anew.
        batch_size: how many requests the function is given at once.
    """
    if not isinstance(name, str):
        return CallableModel(name, _name_of(name), version)

    def wrap(function: Answerer) -> CallableModel:
        return CallableModel(function, name, version, batch_size)

    return wrap


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


def evaluate(
    model: str | Answerer | CallableModel | Model,
    task: str | Path,
    *,
    limit: int | None = None,
    images: ImageMode = "real",
    answer: AnswerMode | None = None,
    shots: int | None = None,
    repeats: int = 1,
    seed: int = 0,
    draws: int = 2000,
    model_options: Mapping[str, object] | None = None,
    data_dirs: Paths | None = None,
    weights: Paths | None = None,
    data_agreement: str | None = None,
    catalog: Sequence[Path | str] = (),
    out: Path | str = "runs",
) -> Run:
    """Evaluate a model on a task, as `radbench run` does; what was answered before is not asked again.

    Args:
        model: a name or card, a function (see `radbench.model`), or an object with `load`, `identity`, `batch_size` and one of
            `generate`, `rank`, `embed`; an object already loaded on a GPU is used as it is. What an object's `identity` says decides
            which answers are reused, and its run folder holds the latest identity alone: in a training loop, name the step in it and
            in `out`, or use `radbench.model` with a `version`.
        task: a name, or the path of a card.
        draws: bootstrap draws for intervals; 0: none.
        data_dirs: data set -> folder.
        weights: model or annotator -> where its weights lie.
        data_agreement: the terms under which closed data may go to an external endpoint.
        catalog: further folders of cards and components.

    Raises:
        RadbenchError: it cannot be carried out; the message says what to do.
    """
    cards = Catalog(catalog)
    card, instance = _as_model(cards, model)
    changes = {name: value for name, value in (("answer", answer), ("shots", shots)) if value is not None}
    asking = Asking(
        settings=Settings(limit=limit, seed=seed, images=images, repeats=repeats),
        task_changes=changes,
        model_options=model_options or {},
        agreement=parse_agreement(data_agreement) if data_agreement else None,
        data_dirs={name: Path(path) for name, path in (data_dirs or {}).items()},
        weights=_weights(weights),
        out=Path(out),
    )
    plans = plan_all(cards, [card], [cards.task(task)], asking, instance=instance)
    (result,) = evaluate_all(plans, asking, Control(), IntervalSettings(draws=draws, seed=seed))
    if result.summary is None:
        raise RunError(f"{result.task} x {result.model}: {result.message}")
    return load_run(result.folder.path)


def load_run(path: Path | str) -> Run:
    """A run that was scored, from its folder.

    Raises:
        RunError: there is none, it was not scored yet, or it is damaged.
    """
    folder = RunFolder(Path(path))
    return Run(folder, folder.read_run(), folder.read_summary())


def score(
    references: Sequence[str | Reference | Sequence[str | Reference]],
    candidates: Sequence[str | None],
    metrics: Sequence[str | Metric | Mapping[str, Mapping[str, object]]],
    *,
    clusters: Sequence[str] | None = None,
    draws: int = 2000,
    seed: int = 0,
    access: Access = "credentialed",
    data_agreement: str | None = None,
    weights: Paths | None = None,
    store: Path | str = "runs/annotations",
    catalog: Sequence[Path | str] = (),
) -> dict[str, ValueRecord]:
    """Values of metrics on texts, without a task: value id -> value with interval and signature.

    Where two metrics give a value of one name, the second's says in brackets what it differs by: `bleu-4(tokenizer=none)`.

    Annotators and judges are asked as `radbench score` asks them: once for all texts that are equal, what they said is kept, and
    questions that fail are asked again next time.

    Args:
        references: what is right for each candidate: a text, or several any of which is right.
        candidates: a text each; None: there was no answer, which counts as each metric says.
        metrics: names, `{name: options}`, or metric objects.
        clusters: what is resampled (patients); by default each candidate by itself.
        access: whose texts these are: "open", "non-commercial" or "credentialed", which go to no external judge without an agreement.
        data_agreement: the terms under which closed texts may go to an external endpoint.
        weights: annotator -> where its weights lie.
        store: where replies of annotators and judges are kept.

    Raises:
        ContentError: the lists differ in length, or a metric asks somebody who cannot be asked.
        DataTermsError: the texts are closed and a judge is external, without an agreement. Nothing was sent.
        ScoringError: a metric cannot run on these texts.
    """
    if len(references) != len(candidates) or (clusters is not None and len(clusters) != len(candidates)):
        raise ContentError(
            f"{len(references)} references, {len(candidates)} candidates and {len(clusters or candidates)} clusters: expected one each"
        )
    cards = Catalog(catalog)
    cases = [
        Case.of(
            candidate,
            [right] if isinstance(right, str) or not isinstance(right, Sequence) else right,
            id=str(i),
            cluster=(clusters or [""] * len(candidates))[i],
        )
        for i, (right, candidate) in enumerate(zip(references, candidates, strict=True))
    ]
    agreement = parse_agreement(data_agreement) if data_agreement else None
    annotators = Annotators(cards, Path(store), agreement=agreement, weights=_weights(weights))
    built = [metric if isinstance(metric, Metric) else _built(cards, *_use(metric)) for metric in metrics]
    for known in built:
        guard(access, endpoint_of(known), agreement, what="these texts", to=f"metric {known.name}")
        for name in known.annotators:
            annotators.check(name, access, metric=known.name)
    uses = [(metric.name, metric.signature()) if isinstance(metric, Metric) else _use(metric) for metric in metrics]
    measured = [_measured(known, cases, annotators, access) for known in built]
    frame = Frame([case.sample.cluster or case.sample.id for case in cases])
    given = [frame.values([one], IntervalSettings(draws=draws, seed=seed)) for one in measured]
    return {value.id: value for value in told_apart(uses, given)}


def board(name: str | Path, runs: Path | str = "runs", *, catalog: Sequence[Path | str] = ()) -> Board:
    """A board of the catalogue, filled from the runs below a folder; a notebook shows it as a table."""
    cards = Catalog(catalog)
    return build_board(cards.board(name), find_runs(Path(runs)), cards)


def _as_model(catalog: Catalog, model: str | Answerer | CallableModel | Model) -> tuple[ModelCard, Model | None]:
    """The card of a model and, where the caller brings one, the model."""
    if isinstance(model, str):
        return catalog.model(model), None
    if not isinstance(model, Model):
        model = CallableModel(model, _name_of(model), "")
    if not isinstance(model, CallableModel):
        name = type(model).__name__
        return ModelCard(name=name, title=name, family="instance"), model
    version = model.version or uuid.uuid4().hex  # without a version nobody knows whether it would answer the same again
    known = CallableModel(model.function, model.name, version, model.batch_size)
    return ModelCard(name=model.name, title=model.name, family="callable", arguments={"version": version}), known


def _name_of(function: Answerer) -> str:
    return str(getattr(function, "__name__", type(function).__name__)).strip("<>")


def _weights(stated: Paths | None) -> dict[str, Path]:
    return {canonical(name): Path(path).expanduser() for name, path in (stated or {}).items()}


def _measured(metric: Metric, cases: Sequence[Case], annotators: Annotators, access: Access) -> Measured:
    used: dict[str, None] = {}

    def answer(name: str, requests: Sequence[Request]) -> Sequence[Reply]:
        used[name] = None
        return annotators.answer(name, requests, access)

    metric.prepare(cases)
    rows = metric.measure(annotate(metric, cases, answer) if type(metric).asks is not Metric.asks else cases)
    for name in used:
        for fault in annotators.faults(name):
            _log.warning("metric %s: %s", metric.name, fault)
    by = ",".join(f"{name}@{annotators.identity(name)}" for name in used)
    stated = {**metric.signature(), "corpus": metric.fingerprint()[:8], "missing": metric.when_missing, "v": str(metric.version), "by": by}
    signature = "|".join([metric.name, *(f"{key}:{value}" for key, value in stated.items() if value), f"n:{len(cases)}"])
    return Measured(metric, rows, signature)


def _use(metric: str | Mapping[str, Mapping[str, object]]) -> Use:
    ((name, options),) = [(metric, {})] if isinstance(metric, str) else metric.items()
    return canonical(name), options


def _built(catalog: Catalog, name: str, options: Mapping[str, object]) -> Metric:
    built: Metric = catalog.build("metrics", name, options, where="metrics")
    return built
