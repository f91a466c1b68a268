"""Runs plans: each model is loaded once for all its tasks, each task ends in a run folder with a status.

A run that another process writes, that is refused by data terms, or whose data are missing raises before anything is
asked. What fails later is in run.json: `partial` (stopped; the same command goes on) or `failed` (with the reason).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from radbench.catalog.cards import ask_hash
from radbench.errors import ContentError, ModelError, RadbenchError, RunError, RunFormatError, is_own
from radbench.folder import RunFolder, write_json
from radbench.media import Reader
from radbench.models.base import Model
from radbench.records import DataRecord, RunRecord
from radbench.running import provenance
from radbench.running.digests import DigestStore
from radbench.running.engine import Control, Session
from radbench.running.learning import learn
from radbench.running.lock import FolderLock
from radbench.running.memory import forget_peaks, larger, peak_memory
from radbench.running.plan import Plan, Shard
from radbench.running.shards import merge
from radbench.terms import endpoint_of, guard, told

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan: its folder, and why it is not complete where it is not."""

    plan: Plan
    folder: RunFolder
    status: str  # as in run.json
    message: str = ""
    seconds: float = 0.0  # of all sessions together
    is_scorable: bool = True  # False for a shard before the run is merged, and where nothing was asked


def run(
    plans: Sequence[Plan], control: Control, *, shard: Shard | None = None, agreement: Mapping[str, str] | None = None
) -> Iterator[Outcome]:
    """Carry out plans, those of one model together; an outcome each, as it comes. One that fails does not stop the others.

    Raises:
        RadbenchError: a model or a data set cannot be had, data terms forbid it, or the only plan cannot be carried out.
    """
    in_order = sorted(plans, key=lambda plan: plan.model.name)
    groups = [list(group) for _, group in groupby(in_order, key=lambda plan: (plan.model.name, str(plan.overrides)))]
    made = [_made(same_model, agreement) for same_model in groups]  # what cannot be, or may not be, is known before anything is sent
    # an endpoint's load reads its key and no more: a missing one is known before another model has been asked for hours
    readers = [_loaded(*one, group[0]) if endpoint_of(one[0]) else None for one, group in zip(made, groups, strict=True)]
    for same_model, opened in zip(groups, readers, strict=True):
        model, roots = made.pop(0)  # let go of when the next one is taken: it may fill a GPU
        reader = opened or _loaded(model, roots, same_model[0])
        for plan in same_model:
            try:
                yield _run_one(plan, model, reader, control=control, shard=shard, agreement=agreement)
            except RadbenchError as error:
                if len(plans) == 1:
                    raise
                yield Outcome(plan, plan.folder, "failed", told(error), is_scorable=False)


def _made(plans: Sequence[Plan], agreement: Mapping[str, str] | None) -> tuple[Model, dict[str, Path]]:
    """The model of some plans, not yet loaded, which all their data may reach; and where these lie, by data set.

    Raises:
        DataTermsError: the model answers elsewhere, and some of the data may not go there.
        ContentError: there is no such model, or its options do not fit.
    """
    first = plans[0]
    where = f"{first.model.where} with {', '.join(first.overrides)} as stated" if first.overrides else first.model.where
    model = first.instance or first.catalog.build("models", first.model.family, first.model.options(first.overrides), where=where)
    if not isinstance(model, Model):
        raise ContentError(f"{where}: family `{first.model.family}` is no model: it needs `batch_size`, `load` and `identity`")
    roots: dict[str, Path] = {}
    for plan in plans:
        for split in filter(None, {plan.task.ask.split, plan.task.ask.train}):
            dataset = plan.dataset(split)
            guard(dataset.access, endpoint_of(model), agreement, what=f"task {plan.task.name}", to=f"model {plan.model.name}")
            roots.update(dataset.roots)
    return model, roots


def _loaded(model: Model, roots: Mapping[str, Path], plan: Plan) -> Reader:
    """Load a model with a reader of media that lie in `roots`; that reader."""
    reader = Reader(roots, DigestStore(plan.out / "digests"))
    forget_peaks()
    try:
        model.load(reader)
    except RadbenchError:
        raise
    except Exception as error:  # someone else's code: anything can happen in it
        raise ModelError(f"model {plan.model.name} cannot be loaded: {told(error)}") from error
    return reader


def _run_one(
    plan: Plan, model: Model, reader: Reader, *, control: Control, shard: Shard | None, agreement: Mapping[str, str] | None
) -> Outcome:
    folder = plan.folder if shard is None else plan.folder.shard(shard.index, shard.of)
    started, noted = time.monotonic(), reader.notes
    with FolderLock(folder.lock) as lock:
        try:
            learned = learn(plan, model, reader)
        except Exception as error:  # a learner may be anyone's code, and what it says may quote what it learned from
            if is_own(error):
                raise
            said = told(error, plan.dataset(plan.task.ask.train or plan.task.ask.split).access)
            raise ModelError(f"model {plan.model.name} failed while learning: {said}") from error
        session = Session(plan, model, reader, folder=folder, control=control, learned=learned, shard=shard)
        record = _begin(plan, folder, session.identity, shard, agreement)
        try:
            n_samples = session.ask_all(lock)
            status, message = ("complete" if n_samples is not None else "partial"), session.message
        except RunError as error:
            n_samples, status, message = None, "failed", told(error, record.data.access)
        except BaseException as error:
            said = told(error, record.data.access) if isinstance(error, Exception) else type(error).__name__
            write_json(folder.run, record.model_copy(update={"status": "partial", "message": said}))
            raise
        if n_samples is None:  # stopped: how many there are is told without asking any
            n_samples = sum(1 for _ in plan.placed_samples(plan.dataset(plan.task.ask.split)))
        data = record.data.model_copy(update={"n_samples": n_samples})
        seconds = record.seconds + time.monotonic() - started
        update = {"status": status, "message": message, "ended": provenance.now(), "seconds": seconds, "data": data}
        update["media_notes"] = {**record.media_notes, **(reader.notes - noted)}
        if endpoint_of(model) is None and not getattr(model, "is_free", False):
            update["memory"] = larger(record.memory, peak_memory())
        write_json(folder.run, record.model_copy(update=update))
    if shard is None:
        return Outcome(plan, folder, status, message, seconds, is_scorable=folder.samples.exists())
    if status == "complete" and not (message := merge(plan.folder, shard.of)):
        return Outcome(plan, plan.folder, status, seconds=plan.folder.read_run().seconds)
    return Outcome(plan, folder, status, message, seconds, is_scorable=False)


def _begin(
    plan: Plan, folder: RunFolder, identity: Mapping[str, object], shard: Shard | None, agreement: Mapping[str, str] | None
) -> RunRecord:
    """Write run.json as of now; a run that goes on keeps its start and its seconds."""
    dataset = plan.dataset(plan.task.ask.split)
    record = RunRecord(
        id=plan.run_id,
        task=plan.task.name,
        model=plan.model.name,
        task_card=plan.task.model_dump(mode="json"),
        model_card=plan.model_record(),
        identity=dict(identity),
        settings=plan.settings,
        shard=str(shard or ""),
        data=DataRecord(name=plan.task.ask.dataset, split=plan.task.ask.split, access=dataset.access),
        ask_hash=ask_hash(plan.task),
        agreement=dict(agreement) if agreement else None,
        versions=provenance.versions(),
        hardware=provenance.hardware(),
        commit=provenance.commit(),
        started=provenance.now(),
    )
    try:
        before = folder.read_run()
        kept = ("started", "seconds", "media_notes", "memory")
        record = record.model_copy(update={name: getattr(before, name) for name in kept})
    except RunFormatError:
        raise
    except RunError as error:
        _log.debug("no earlier session: %s", error)
    write_json(folder.run, record)
    return record
