"""The cases of a run: each reply read as an answer beside its sample, in the order asked, and a census of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from radbench.catalog.cards import Score
from radbench.folder import PredictionIndex, RunFolder
from radbench.protocols.base import EvaluationProtocol
from radbench.protocols.legacy import DROPPED
from radbench.records import Counts, Prediction, RunRecord, SampleRecord, adapter
from radbench.sample import Answer, Case, Sample, Unparsed
from radbench.terms import reason_of
from radbench.thoughts import split_reasoning

NOT_ASKED: Final = "not asked yet"
_CONTENT: Final = {"id", "texts", "options", "references"}  # what a sample is, wherever its media lie


@dataclass(slots=True)
class Census:
    """What became of the cases (samples x repeats), and what aggregation needs to know of each one that was asked."""

    n_total: int = 0
    states: Counter[str] = field(default_factory=Counter)  # failed, refused, truncated, unparsed, empty
    failed: Counter[str] = field(default_factory=Counter)  # reason -> cases
    unparsed: Counter[str] = field(default_factory=Counter)  # reason -> cases
    excluded: Counter[str] = field(default_factory=Counter)  # reason -> cases
    sample_ids: list[str] = field(default_factory=list)  # of each case asked, in order; so are the next three
    repeats: list[int] = field(default_factory=list)  # from 0
    clusters: list[str] = field(default_factory=list)
    subgroups: dict[str, list[str]] = field(default_factory=dict)  # by subgroup, the level
    fingerprint: str = ""  # of ids, texts, options and references of all samples, in any order

    def counts(self) -> Counts:
        """As the summary states it."""
        n_excluded = self.excluded.total()
        names = ("failed", "refused", "truncated", "unparsed", "empty")
        states = {f"n_{name}": self.states[name] for name in names}
        return Counts(n_total=self.n_total, n_scored=self.n_total - n_excluded, n_excluded=n_excluded, **states)


class CaseReader:
    """Iterates the cases of a run that were asked; `census` is complete after the first whole iteration.

    Nothing is held in memory but the census. A case that a legacy reader drops is excluded, as its scorer excluded it.
    """

    def __init__(self, folder: RunFolder, index: PredictionIndex, protocol: EvaluationProtocol, run: RunRecord, score: Score) -> None:
        self._folder, self._index, self.protocol, self.access = folder, index, protocol, run.data.access
        self._repeats, self._n_samples, self._subgroups = run.settings.repeats, run.data.n_samples or 0, score.subgroups
        self._convention = score.convention if score.convention.signature() else None
        self._census: Census | None = None

    def __iter__(self) -> Iterator[Case]:
        census = Census(subgroups={name: [] for name in self._subgroups})
        digest = 0
        for record in self._folder.iter_samples():
            digest ^= _content_hash(record)
            census.n_total += self._repeats
            if record.excluded:
                census.excluded[record.excluded] += self._repeats
            for repeat, key in enumerate(record.keys):
                prediction = self._index.get(key)
                if prediction is None:
                    census.excluded[NOT_ASKED] += 1
                    continue
                answer = self._read(record, prediction, census)
                if answer == DROPPED:
                    census.excluded[DROPPED.reason] += 1
                    continue
                census.sample_ids.append(record.id)
                census.repeats.append(repeat)
                census.clusters.append(record.cluster or record.id)
                for name, levels in census.subgroups.items():
                    levels.append(record.subgroups.get(name, ""))
                case = Case(record, answer, repeat)
                yield self._convention.case(case) if self._convention else case
        unseen = self._n_samples * self._repeats - census.n_total  # a run that was stopped before it came to them
        if unseen > 0:
            census.n_total += unseen
            census.excluded[NOT_ASKED] += unseen
        census.fingerprint = f"{digest:032x}"[:8]
        self._census = census

    @property
    def census(self) -> Census:
        """What became of the cases; reads them all where that has not happened yet."""
        if self._census is None:
            for _ in self:
                pass
        assert self._census is not None  # set at the end of every whole iteration
        return self._census

    def _read(self, sample: Sample, prediction: Prediction, census: Census) -> Answer | None:
        """The answer in a reply; None for a failed or refused one."""
        states = census.states
        if prediction.finish_reason == "length":
            states["truncated"] += 1
        if prediction.error is not None:
            states["failed"] += 1
            census.failed[prediction.error] += 1
            return None
        if prediction.finish_reason == "refused":
            states["refused"] += 1
            return None
        reply = prediction
        if isinstance(prediction.output, str):
            _, text = split_reasoning(prediction.output)
            states["empty"] += not text.strip()
            if text is not prediction.output:
                reply = replace(prediction, output=text)
        answer = self.protocol.read(sample, reply)
        if isinstance(answer, Unparsed) and answer != DROPPED:
            states["unparsed"] += 1
            census.unparsed[reason_of(self.protocol, answer.reason, self.access)] += 1
        return answer


def _content_hash(record: SampleRecord) -> int:
    content = adapter(SampleRecord).dump_json(record, include=_CONTENT, exclude_defaults=True)
    return int.from_bytes(hashlib.blake2b(content, digest_size=16).digest())
