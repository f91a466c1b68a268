"""The run itself: samples become requests, requests become lines in the journal. Resumes by itself.

    sample -> media identified -> request (shots, history, ablation) -> key --in the journal?--> batch -> replies -> journal

A reply that another run of the same model has under the same key (a run with another limit, or of data that were changed
since) is copied, not asked for.

A run folder is complete when every sample stands in samples.jsonl and each of its keys has a prediction. Whatever
stops a run earlier (kill, full disk, SIGTERM), the same command goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from radbench.errors import ContentError, DataError, RunError
from radbench.folder import PredictionIndex, RunFolder, read_lines, to_line
from radbench.media import Reader
from radbench.models.base import Model
from radbench.protocols.base import History
from radbench.records import Prediction, SampleRecord, extend
from radbench.running import provenance
from radbench.running.answering import can_answer, open_exchange
from radbench.running.journal import Journal, rewrite
from radbench.running.lock import FolderLock
from radbench.running.plan import Plan, Shard
from radbench.running.requests import Keys, render
from radbench.running.swap import partners
from radbench.sample import Media, Reply, Request, Sample
from radbench.terms import endpoint_of, told

_LINES_HELD = 256
_HOPELESS = 25  # requests: a model that failed every one of so many is not asked further


@dataclass(slots=True)
class Control:
    """How the world outside watches a run and stops it."""

    progress: Callable[[str, int, int], None] = lambda _task, _done, _total: None  # samples passed, samples of the split
    stop: bool = False  # set by a signal: the batch in flight is finished, then the run ends as partial
    at_once: bool = False  # True while there is no batch to finish: a signal ends everything at once


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request of one sample, with what its journal line needs."""

    key: str
    sample_id: str
    repeat: int
    request: Request
    failure: str  # why there is no use in asking; "" if there is


class Session:
    """One process asking one task (or one shard of it) of a loaded model. `ask_all` does it."""

    def __init__(
        self, plan: Plan, model: Model, reader: Reader, *, folder: RunFolder, control: Control, learned: str, shard: Shard | None
    ) -> None:
        self._plan, self._model, self._reader, self._folder, self._control = plan, model, reader, folder, control
        self._shard = shard
        self._dataset = plan.dataset(plan.task.ask.split)
        self._protocol = plan.protocol()
        brought = plan.model.arguments if plan.instance is not None else {}  # what tells objects of a Python program apart
        self.identity = {"family": plan.model.family, "learned": learned, **model.identity(), **brought}
        self._keys = Keys(self.identity)
        self._is_served = endpoint_of(model) is not None  # by a server, which may run another model another day
        self._shots = plan.shots()
        self._partners = partners(plan.samples(self._dataset), plan.settings.seed) if plan.settings.images == "swapped" else {}
        self._passed: dict[str, tuple[int, tuple[str, ...]]] = {}  # sample id -> place in the data set, keys
        self._waiting: dict[str, _Asked] = {}  # handed to the model, by key
        self._kinds: set[str] = set()  # of requests, known to be within the model's power
        self._ready: list[Prediction] = []  # known without asking, and not yet in the journal
        self._sample_lines: list[bytes] = []  # not yet written; they always are before a reply to one of them
        self._n_failed = self._n_answered = 0
        self.message = ""  # once asked: why the run is not complete, or what should be said of it

    def ask_all(self, lock: FolderLock) -> int | None:
        """Ask what the journal does not hold yet; the number of samples of the task, None where stopped earlier.

        Raises:
            RunError: the disk is full, the lock was lost, the model cannot answer this kind of request, or fails at all.
        """
        self._lock = lock
        total = min(len(self._dataset), self._plan.settings.limit or len(self._dataset))
        n_samples, is_through = 0, False
        with Journal(self._folder.samples) as self._samples, Journal(self._folder.predictions) as self._journal:
            self._written, self._n_lines = {}, 0
            for record in read_lines(self._folder.samples, SampleRecord):
                self._written[record.id] = _digest(to_line(record))
                self._n_lines += 1
            earlier = read_lines(self._folder.predictions, Prediction)
            with ExitStack() as stack:
                self._index = stack.enter_context(PredictionIndex(self._folder.predictions))
                self._exchange = stack.enter_context(open_exchange(self._model, earlier, self._dataset.access))
                self._kin = [stack.enter_context(PredictionIndex(folder.predictions)) for folder in self._plan.kin()]
                for position, place, sample in self._own_samples():
                    if self._control.stop or self._exchange.stopped:
                        break
                    self._visit(position, place, sample)
                    self._control.progress(self._plan.task.name, position + 1, total)
                    n_samples = position + 1
                else:
                    is_through = True
                is_through = self._flush() and is_through
                self._write_samples()
            self.message = "; ".join(filter(None, (self._exchange.remark, self._exchange.stopped)))  # its end included
        if not is_through:
            self.message = self.message or "stopped: the same command goes on from here"
            return None
        if self._n_lines != len(self._passed):
            self._tidy()
        return max(n_samples, self._n_seen)

    def _own_samples(self) -> Iterator[tuple[int, int, Sample]]:
        """Position in the task, place in the data set, sample: those of this shard."""
        shard_of: dict[str, int] = {}
        self._n_seen = 0
        for position, (place, sample) in enumerate(self._plan.placed_samples(self._dataset)):
            self._n_seen = position + 1
            if self._shard is not None:
                owner = shard_of[sample.id] = shard_of.get(sample.follows, position % self._shard.of)
                if owner != self._shard.index - 1:
                    continue
            yield position, place, sample

    def _visit(self, position: int, place: int, sample: Sample) -> None:
        """Write down one sample, and line up those of its requests that have no reply yet."""
        if sample.id in self._passed:
            raise ContentError(f"data set `{self._plan.task.ask.dataset}`: two samples have the id `{sample.id}`")
        if sample.follows and self._is_under_way(sample.follows) and not self._flush():
            return
        failure, swap = "", {}
        try:
            sample = self._identified(sample)
            swap = self._swap(sample)
        except DataError as error:
            failure = told(error, self._dataset.access)
        excluded = self._excluded(sample)
        lined_up = [] if excluded else self._requests(sample, swap, failure)
        keys = tuple(asked.key for asked in lined_up)
        self._passed[sample.id] = (place, keys)
        self._note_sample(extend(SampleRecord, _without_bytes(sample), position=position, keys=keys, excluded=excluded))
        unanswered = [asked for asked in lined_up if not self._index.is_answered(asked.key)]
        self._n_answered += len(lined_up) - len(unanswered)
        for asked in unanswered:
            self._line_up(asked)
        # until something was answered, small steps: a model that always fails is found out after _HOPELESS requests
        if len(self._waiting) + len(self._ready) >= (
            self._model.batch_size if self._n_answered else min(self._model.batch_size, _HOPELESS)
        ):
            self._take()

    def _is_under_way(self, sample_id: str) -> bool:
        """True if replies about a sample are still to come or to be written."""
        return any(one.sample_id == sample_id for one in self._waiting.values()) or any(one.sample_id == sample_id for one in self._ready)

    def _identified(self, sample: Sample) -> Sample:
        return replace(sample, media=tuple(map(self._reader.identify, sample.media))) if sample.media else sample

    def _swap(self, sample: Sample) -> dict[Media, Media]:
        """What is shown instead of each medium of the sample, where images are swapped."""
        return dict(zip(sample.media, map(self._reader.identify, self._partners.get(sample.id, ())), strict=False))

    def _excluded(self, sample: Sample) -> str:
        """Why nothing can be asked about the sample; "" if something can."""
        if self._plan.settings.images == "swapped" and sample.media and sample.id not in self._partners:
            return "no other cluster has images of the same modality and number"
        if self._plan.settings.images != "real" and not sample.media and not sample.follows:
            return "it has no images"
        _, keys_before = self._passed.get(sample.follows, (0, ("",)))
        return "" if keys_before else "the turn before it is excluded"

    def _requests(self, sample: Sample, swap: Mapping[Media, Media], failure: str) -> list[_Asked]:
        """The requests of one sample, one a repeat; those of a conversation's later turn differ by its own replies so far."""
        repeats = self._plan.settings.repeats
        lined_up: list[_Asked] = []
        if not sample.follows:
            request = self._request(sample, (), swap)
            keys = self._keys.of(request, repeats)
            return [_Asked(keys[repeat], sample.id, repeat, request, failure) for repeat in range(repeats)]
        for repeat in range(repeats):
            history = self._history(sample, repeat)
            cut = any(reply.error is not None for _, reply in history)
            # an image shown in several turns stays the one it was swapped for in the first
            shown = swap if cut else {**swap, **{old: new for earlier, _ in reversed(history) for old, new in self._swap(earlier).items()}}
            request = self._request(sample, history, shown)
            key = self._keys.of(request, repeat + 1)[repeat]
            lined_up.append(_Asked(key, sample.id, repeat, request, "a turn before it has no reply" if cut else failure))
        return lined_up

    def _request(self, sample: Sample, history: History, swap: Mapping[Media, Media]) -> Request:
        shots = list(map(self._identified, self._plan.shots_for(sample, self._shots))) if self._shots else ()
        return self._plan.request(self._protocol, sample, shots, history, swap)

    def _history(self, sample: Sample, repeat: int) -> History:
        """The earlier turns of the sample's conversation with the model's own replies."""
        turns: list[tuple[Sample, Reply]] = []
        while sample.follows:
            if sample.follows not in self._passed:
                raise ContentError(f"sample `{sample.id}` follows `{sample.follows}`, which does not come before it in this task")
            place, keys = self._passed[sample.follows]
            sample = self._dataset[place]
            reply = self._index.get(keys[repeat])
            if reply is not None and reply.error is None:
                sample = self._identified(sample)
            turns.append((sample, reply or Reply(error="not asked")))
        return turns[::-1]

    def _note_sample(self, record: SampleRecord) -> None:
        """Keep a sample's line for writing, unless the file ends with the same one for this sample."""
        line = to_line(record)
        if not self._written or self._written.get(record.id) != _digest(line):
            self._sample_lines.append(line)
            self._n_lines += 1
            if len(self._sample_lines) >= _LINES_HELD:
                self._write_samples()

    def _write_samples(self) -> None:
        if self._sample_lines:
            self._samples.append(b"".join(self._sample_lines))
            self._sample_lines.clear()

    def _tidy(self) -> None:
        """Leave one line a sample, in the order asked, where samples changed or went away since an earlier session."""
        kept = [record for record in self._folder.iter_samples() if record.id in self._passed]
        rewrite(self._folder.samples, map(to_line, sorted(kept, key=lambda record: record.position)))

    def _line_up(self, asked: _Asked) -> None:
        """Hand a request to the model, unless there is no use in it or a run of the same kind has the reply."""
        if asked.failure:
            self._ready.append(_prediction(asked, Reply(error=asked.failure)))
            return
        for kin in self._kin:
            known = kin.get(asked.key)
            if known is not None and known.error is None:
                self._ready.append(known)
                return
        kind = asked.request.kind
        if kind not in self._kinds:
            if not can_answer(self._model, kind):
                raise ContentError(f"model {self._plan.model.name} cannot `{kind}`, which task {self._plan.task.name} asks for")
            self._kinds.add(kind)
        self._waiting[asked.key] = asked
        self._exchange.submit(asked.key, asked.request)

    def _flush(self) -> bool:
        """Wait for all replies and write them down; False where the model stopped before all had come."""
        while (self._waiting or self._ready) and self._take():
            pass
        return not self._waiting

    def _take(self) -> bool:
        """Write down the replies that have come; False where none will come any more."""
        self._lock.check()
        started = time.perf_counter()
        found = self._exchange.collect()
        is_free = getattr(self._model, "is_free", False)
        share = 0.0 if is_free else (time.perf_counter() - started) / max(1, len(found))  # how long a file takes to read is no cost
        day = provenance.today() if self._is_served else ""
        fresh = [_prediction(self._waiting.pop(key), reply, share, day) for key, reply in found]
        written = [(to_line(prediction), prediction) for prediction in (*self._ready, *fresh)]
        self._ready.clear()
        self._write_samples()
        self._journal.append(b"".join(line for line, _ in written))
        for line, prediction in written:
            self._index.add(prediction, len(line))
            self._n_failed += prediction.error is not None
            self._n_answered += prediction.error is None
        if self._n_failed >= _HOPELESS and not self._n_answered and not is_free:
            raise RunError(
                f"the first {self._n_failed} requests all failed, so the rest was not asked. The last reason: {prediction.error}"
            )
        return bool(written)


def _prediction(asked: _Asked, reply: Reply, seconds: float = 0.0, day: str = "") -> Prediction:
    """A reply as it stands in the journal; `seconds` where it does not say itself how long it took."""
    stated = {"key": asked.key, "sample_id": asked.sample_id, "repeat": asked.repeat, "prompt": render(asked.request), "asked": day}
    return extend(Prediction, reply, **stated, seconds=reply.seconds or round(seconds, 6))


def _without_bytes(sample: Sample) -> Sample:
    """The sample with its media named but not held: phantoms carry their files in memory."""
    if all(media.data is None for media in sample.media):
        return sample
    return replace(sample, media=tuple(replace(media, data=None) for media in sample.media))


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()
