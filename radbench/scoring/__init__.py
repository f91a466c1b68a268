"""The score pass: replies are read as answers, metrics make rows of them, rows become values with intervals.

Derived from samples.jsonl and predictions.jsonl alone: the evaluated model, its data set and its images are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.errors import DataTermsError, RunError, ScoringError, nearest
from radbench.folder import PredictionIndex, RunFolder, find_runs, write_json
from radbench.metrics.base import Metric
from radbench.protocols.base import EvaluationProtocol
from radbench.records import Prediction, RunRecord, Summary, ValueRecord
from radbench.running.annotations import Annotators
from radbench.running.plan import Plan
from radbench.sample import Reply, Request
from radbench.scoring.apart import told_apart
from radbench.scoring.case_table import CaseTable
from radbench.scoring.cases import CaseReader, Census
from radbench.scoring.rows import Answerer, StoredRows, annotate, chunks, measure, prepare, stamp
from radbench.scoring.values import Frame, IntervalSettings, Measured
from radbench.terms import Access, endpoint_of, guard, told

_LISTED: Final = 10  # values that a message names
_REASONS: Final = 5  # of failures that a summary lists; the journal has them all

__all__ = ["IntervalSettings", "check_annotators", "count_questions", "score"]


def score(
    folder: RunFolder, card: TaskCard, catalog: Catalog, annotators: Annotators, settings: IntervalSettings, *, to: Path | None = None
) -> Summary:
    """Score a run by a task card whose ask half it followed; write its scores/ and summary.json, or another file (`to`).

    A metric that cannot run (missing weights or package, a corpus it is not defined for, an annotator that closed data may not
    reach) is named in `problems`, the others are scored.

    Raises:
        RunError: the folder is no run folder, or damaged.
        UnknownNameError, ContentError: the card names a reader, metric or option that does not exist.
    """
    run = folder.read_run()
    for needed in (folder.samples, folder.predictions):
        if not needed.exists():
            raise RunError(f"{folder.path} has no {needed.name}, so there is nothing to score: run its command again")
    made_of = stamp(folder)
    with PredictionIndex(folder.predictions) as index:
        cases = CaseReader(folder, index, _protocol(card, catalog), run, card.score)
        measured, problems = _measure_all(folder, card, run, cases, annotators, settings=settings, made_of=made_of)
        census = cases.census
    CaseTable.of(census).write(folder, made_of, card.score.reader)
    clusters = list(map(str, range(len(census.clusters)))) if settings.by_row else census.clusters
    frame = Frame(clusters, census.subgroups, run.settings.repeats)
    given: list[Sequence[ValueRecord]] = [()] * len(card.score.metrics)  # nothing by a metric that fails
    for (place, _), made in zip(measured, frame.outcomes([one for _, one in measured], settings), strict=True):
        if isinstance(made, Exception):
            problems.append(f"{card.score.metrics[place].name}: {told(made, run.data.access)}")
        else:
            given[place] = made
    values = told_apart([(use.name, use.options) for use in card.score.metrics], given)
    summary = Summary(
        run=run.id,
        task=run.task,
        model=run.model,
        status=run.status,
        counts=census.counts(),
        failed=dict(census.failed.most_common(_REASONS)),
        unparsed=dict(sorted(census.unparsed.items())),
        excluded=dict(sorted(census.excluded.items())),
        intervals={
            "method": "percentile bootstrap of cases" if settings.by_row else "percentile bootstrap of clusters, Wilson for shares",
            "draws": settings.draws,
            "level": settings.level,
            "seed": settings.seed,
            "cluster": "case" if settings.by_row else _cluster(card, census),
            "n_clusters": frame.n_clusters,
        },
        score=card.score.model_dump(mode="json"),
        values=tuple(values),
        agreement=dict(annotators.agreement) if annotators.agreement else None,
        problems=(*problems, *_slips(card, census, [] if to else [value.id for value in values])),
    )
    write_json(to or folder.summary, summary)
    return summary


def _cluster(card: TaskCard, census: Census) -> str:
    """What a cluster is: as the card has it, unless no sample names one, so that each is its own."""
    return "sample" if census.clusters == census.sample_ids else card.score.cluster or "sample"


def _measure_all(
    folder: RunFolder,
    card: TaskCard,
    run: RunRecord,
    cases: CaseReader,
    annotators: Annotators,
    *,
    settings: IntervalSettings,
    made_of: str,
) -> tuple[list[tuple[int, Measured]], list[str]]:
    """The metrics of a card with their rows, each with its place in the card, and one sentence on each that could not run."""
    measured: list[tuple[int, Measured]] = []
    problems: list[str] = []
    told_of: set[str] = set()  # what made annotators fail
    for place, (name, metric) in enumerate(_metrics(card, annotators.catalog)):
        try:
            _guard(name, metric, run.data.access, annotators)
            if metric.needs_validation:
                _fit(metric, folder, run, card, cases.protocol)
            prepare(metric, cases)
            how = _how_scored(metric, card)
            used: dict[str, set[tuple[str, str]]] = {}
            made_by = partial(_made_by, how, annotators, used)
            rows = measure(metric, made_by, cases, StoredRows(folder, metric.name, made_of), _answerer(annotators, run, used))
            parts = (made_by(), settings.signature(metric.name), _how_asked(run, card, cases.census))
            measured.append((place, Measured(metric, rows, "|".join(filter(None, parts)))))
            faults = [said for asked in used for said in annotators.faults(asked) if said not in told_of]  # an earlier metric's too
            problems += [f"{name}: {said}" for said in faults]
            told_of.update(faults)
        except Exception as error:  # a metric may be anyone's code: it fails alone
            if isinstance(error, DataTermsError):
                annotators.refusals.append(f"metric {name}: {told(error, run.data.access)}")
            problems.append(f"{name}: {told(error, run.data.access)}")
    return measured, problems


def _slips(card: TaskCard, census: Census, ids: Sequence[str]) -> list[str]:
    """Names in the score half that nothing answers to: a primary value, a subgroup."""
    found = [f"subgroups: no sample has `{name}`" for name, levels in census.subgroups.items() if levels and not any(levels)]
    if ids and card.score.primary not in ids:
        listed = ", ".join(ids[:_LISTED]) + (f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else "")
        found.append(f"primary: no metric gives `{card.score.primary}`{nearest(card.score.primary, ids)} They give {listed}")
    return found


def check_annotators(plan: Plan, annotators: Annotators) -> None:
    """Make sure, before any request is sent, that a task's metrics may ask whom they ask, and that those are ready.

    Raises:
        DataTermsError, ContentError: as `Annotators.check`, naming the metric and the annotator.
    """
    access = plan.dataset(plan.task.ask.split).access  # first: what a metric says while it is made is told where the data are open
    for name, metric in _metrics(plan.task, annotators.catalog):
        _guard(name, metric, access, annotators)
        for asked in metric.annotators:
            annotators.check(asked, access, metric=name)


def count_questions(folder: RunFolder, card: TaskCard, catalog: Catalog, annotators: Annotators) -> None:
    """Let the metrics that ask put their questions to `annotators`, which only count; nothing is written.

    What a metric asks in later rounds depends on replies, so for what is not stored yet the first round alone is counted.
    """
    run = folder.read_run()
    with PredictionIndex(folder.predictions) as index:
        cases = CaseReader(folder, index, _protocol(card, catalog), run, card.score)
        for _, metric in _metrics(card, catalog):
            if type(metric).asks is not Metric.asks:
                prepare(metric, cases)
                for chunk in chunks(cases):
                    annotate(metric, chunk, _answerer(annotators, run, {}))


def _metrics(card: TaskCard, catalog: Catalog) -> Iterator[tuple[str, Metric]]:
    """The metrics of a card, each by its name in the catalogue."""
    return ((use.name, catalog.build("metrics", use.name, use.options, where=card.where)) for use in card.score.metrics)


def _guard(name: str, metric: Metric, access: Access, annotators: Annotators) -> None:
    guard(access, endpoint_of(metric), annotators.agreement, what="this run's text", to=f"metric {name}")


def _protocol(card: TaskCard, catalog: Catalog) -> EvaluationProtocol:
    options = {**card.ask.options, "answer": card.ask.answer, "reader": card.score.reader}
    protocol: EvaluationProtocol = catalog.build("protocols", card.ask.protocol, options, where=card.where)
    return protocol


def _answerer(annotators: Annotators, run: RunRecord, used: dict[str, set[tuple[str, str]]]) -> Answerer:
    """How a metric's questions are answered for this run; notes who was asked, and of servers the model and day of each reply."""

    def answer(name: str, requests: Sequence[Request]) -> Sequence[Reply]:
        replies = annotators.answer(name, requests, run.data.access)
        seen = used.setdefault(name, set())
        seen |= {(reply.served_model, reply.asked) for reply in replies if isinstance(reply, Prediction) and reply.served_model}
        return replies

    return answer


def _made_by(how: str, annotators: Annotators, used: Mapping[str, set[tuple[str, str]]]) -> str:
    """How rows were scored, with `by:judge@1234abcd(model-0613)`, what a server says it ran; and `judged:` with the days of its answers."""
    named = []
    for name, seen in used.items():
        served = "+".join(sorted({re.sub(r"[|,()&\s]", "-", model) for model, _ in seen}))
        named.append(f"{name}@{annotators.identity(name)}" + (f"({served})" if served else ""))
    days = sorted({day for seen in used.values() for _, day in seen if day})
    by = f"by:{','.join(named)}" if named else ""
    judged = f"judged:{'..'.join(dict.fromkeys((days[0], days[-1])))}" if days else ""
    return "|".join(filter(None, (how, by, judged)))


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
        metric.fit(CaseReader(found, index, protocol, found.read_run(), card.score))


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
    stated = {**metric.signature(), **card.score.convention.signature(), "corpus": metric.fingerprint()[:8], **policy}
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
