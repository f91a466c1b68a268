"""Shards of a run, merged into it once all are complete: the same files as of a run in one piece, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import reduce

from radbench.errors import RunError
from radbench.folder import PredictionIndex, RunFolder, read_lines, to_line, write_json
from radbench.records import SampleRecord
from radbench.running.journal import rewrite
from radbench.running.lock import FolderLock
from radbench.running.memory import larger


def merge(folder: RunFolder, of: int) -> str:
    """Merge the `of` shards of a run if all are complete; what is missing otherwise, "" once merged.

    Raises:
        RunError: the shards do not belong together (another model, data or radbench changed the keys between them).
    """
    shards = [folder.shard(index, of) for index in range(1, of + 1)]
    records = []
    for shard in shards:
        try:
            records.append(shard.read_run())
        except RunError:
            continue
    done = [record for record in records if record.status == "complete"]
    if len(done) < of:
        return f"{len(done)} of {of} shards are complete; the run is merged with the last one"
    if any(record.identity != done[0].identity for record in done):
        raise RunError(f"the shards of {folder.path} were answered by models of different identity: delete those that are out of date")
    with ExitStack() as stack:
        try:
            stack.enter_context(FolderLock(folder.lock))
        except RunError as error:
            return f"all shards are complete, but {error}"
        samples = sorted((s for shard in shards for s in _current(shard)), key=lambda s: s.position)
        indices = [stack.enter_context(PredictionIndex(shard.predictions)) for shard in shards]
        rewrite(folder.samples, map(to_line, samples))
        rewrite(folder.predictions, _predictions(samples, indices, folder))
        seconds = sum(record.seconds for record in done)
        ended = max(record.ended for record in done)
        memory = reduce(larger, (record.memory for record in done))
        update = {"shard": "", "seconds": seconds, "ended": ended, "memory": memory}
        write_json(folder.run, done[0].model_copy(update=update))
    return ""


def _predictions(samples: Iterable[SampleRecord], indices: Sequence[PredictionIndex], folder: RunFolder) -> Iterator[bytes]:
    for sample in samples:
        for key in sample.keys:
            found = next((p for index in indices if (p := index.get(key))), None)
            if found is None:
                raise RunError(f"{folder.path}: no shard holds the prediction `{key}` of sample `{sample.id}`: run the shards again")
            yield to_line(found)


def _current(shard: RunFolder) -> list[SampleRecord]:
    return list({sample.id: sample for sample in read_lines(shard.samples, SampleRecord)}.values())
