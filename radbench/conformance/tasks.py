"""A task, tried with a model that is always right: its samples are asked, answered by their targets, read and measured."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.conformance.datasets import check_dataset
from radbench.conformance.reading import NotChecked, perfect_reply
from radbench.conformance.stand_ins import StandIns
from radbench.datasets.base import Dataset
from radbench.errors import MissingDataError, MissingPackageError
from radbench.metrics.base import Metric
from radbench.protocols.base import EvaluationProtocol
from radbench.sample import Case, Reply, Sample, Unparsed
from radbench.scoring.apart import ids_apart
from radbench.scoring.rows import annotate
from radbench.terms import reason_of, words

_LIMIT: Final = 50  # samples tried


def check_task(catalog: Catalog, task: TaskCard, roots: Mapping[str, Path]) -> list[str]:
    """What is wrong with a task, one sentence each.

    Raises:
        ContentError: a component refuses the card's options.
        UnknownNameError: a component is not known.
        NotChecked: its data or an optional package is not here; all that can be checked without was.
    """
    protocol: EvaluationProtocol = catalog.build(
        "protocols", task.ask.protocol, task.ask.options, where=task.where, answer=task.ask.answer, reader=task.score.reader
    )
    metrics: list[Metric] = [catalog.build("metrics", use.name, use.options, where=task.where) for use in task.score.metrics]
    if task.ask.answer not in protocol.answer_modes:
        return [f"protocol `{task.ask.protocol}` cannot ask for `answer: {task.ask.answer}`, but for: {', '.join(protocol.answer_modes)}"]
    catalog.component("datasets", task.ask.dataset)
    try:
        wanted = filter(None, (task.ask.split, task.ask.train, task.ask.validation))
        splits: list[Dataset] = [catalog.dataset(task, split, roots) for split in wanted]
    except (MissingDataError, MissingPackageError) as error:
        raise NotChecked(words(error)) from error
    found = [problem for split in splits for problem in check_dataset(split)]
    samples = (
        [splits[0][i] for i in range(len(splits[0]))] if task.ask.select else [splits[0][i] for i in range(min(_LIMIT, len(splits[0])))]
    )
    kept = list(islice((s for s in samples if all(s.subgroups.get(key) in values for key, values in task.ask.select.items())), _LIMIT))
    if not kept:
        return [*found, f"`select` keeps none of the {len(samples)} samples of split `{task.ask.split}`"]
    unknown = [group for group in task.score.subgroups if not any(group in sample.subgroups for sample in kept)]
    found += [f"no sample has the subgroup `{group}`; they have: {', '.join(kept[0].subgroups)}" for group in unknown]
    return found + _tried(protocol, metrics, task, kept, StandIns(catalog))


def _tried(protocol: EvaluationProtocol, metrics: list[Metric], task: TaskCard, samples: list[Sample], stand_ins: StandIns) -> list[str]:
    replies: dict[str, tuple[Sample, Reply]] = {}
    cases, unread = [], []
    for sample in samples:
        before = replies.get(sample.follows)
        request = protocol.ask(sample, history=(before,) if before else ())
        reply = perfect_reply(protocol, sample, request)
        replies[sample.id] = (sample, reply)
        answer = protocol.read(sample, reply)
        if isinstance(answer, Unparsed):
            unread.append(f"the target of sample `{sample.id}` cannot be read as an answer: {reason_of(protocol, answer.reason)}")
        cases.append(Case(sample, answer))
    found = unread[:3]
    names: list[list[str]] = [[] for _ in metrics]
    asking = False
    for own, metric in zip(names, metrics, strict=True):
        try:
            annotated = annotate(metric, cases, stand_ins)
        except NotChecked:  # it asks a judge
            asking = True
            continue
        metric.prepare(annotated)
        rows = metric.measure(annotated)
        kept = np.array([reason is None for reason in rows.excluded])
        own.extend(metric.aggregate(rows.array[kept], np.ones((1, int(kept.sum())))))
        if not kept.any():
            found.append(f"metric `{metric.name}` measures none of the samples: {reason_of(metric, str(rows.excluded[0]))}")
    values = {id_ for ids in ids_apart([(use.name, use.options) for use in task.score.metrics], names) for id_ in ids}
    if task.score.primary not in values and not asking:
        found.append(f"`primary`: no metric of the task gives `{task.score.primary}`; they give: {', '.join(sorted(values))}")
    return found
