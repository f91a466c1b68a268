"""What a run will ask, resolved: one task card, one model card and the settings, and the folder that follows from them."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard, TaskCard, ask_hash
from radbench.datasets.base import Dataset
from radbench.errors import ContentError, MissingDataError, RunError
from radbench.folder import RunFolder, Settings
from radbench.protocols.base import EvaluationProtocol
from radbench.running.requests import fingerprint
from radbench.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The samples whose place leaves `index` - 1 when divided by `of`; later turns of a conversation follow its first."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`2/8` as a shard.

        Raises:
            RunError: not of the form i/n with 1 <= i <= n.
        """
        index, _, of = text.partition("/")
        if not (index.isdecimal() and of.isdecimal() and 1 <= int(index) <= int(of)):
            raise RunError(f"--shard `{text}`: expected i/n with 1 <= i <= n, such as 2/8")
        return cls(index=int(index), of=int(of))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One task asked of one model in one way."""

    catalog: Catalog
    task: TaskCard  # with --answer, --shots and --task-arg applied
    model: ModelCard
    overrides: Mapping[str, object] = field(default_factory=dict)  # --model-arg
    settings: Settings = field(default_factory=Settings)
    out: Path = Path("runs")
    data_dirs: Mapping[str, Path] = field(default_factory=dict)
    _datasets: dict[str, Dataset] = field(default_factory=dict, compare=False, repr=False)  # split -> data set, made once

    @property
    def run_id(self) -> str:
        """16 hex digits: the hash of all that is asked. The same command finds the same folder."""
        asked = {"task": self.task.name, "ask": ask_hash(self.task), "model": self.model_key, "settings": self.settings.model_dump()}
        return fingerprint(asked)[:16]

    @property
    def model_key(self) -> dict[str, Any]:
        """The part of the model card that decides its answers."""
        return {"name": self.model.name, "family": self.model.family, "options": self.model.options(self.overrides)}

    @property
    def folder(self) -> RunFolder:
        """Where the run lies."""
        return RunFolder(self.out / self.task.name / _as_name(self.model.name) / self.run_id)

    def on_split(self, split: str) -> Plan:
        """The same of another split, whole."""
        task = self.task.model_copy(update={"ask": self.task.ask.model_copy(update={"split": split})})
        return replace(self, task=task, settings=self.settings.model_copy(update={"limit": None}), _datasets={})

    def dataset(self, split: str) -> Dataset:
        """A split of the task's data set."""
        if split not in self._datasets:
            self._datasets[split] = self.catalog.dataset(self.task, split, self.data_dirs)
        return self._datasets[split]

    def protocol(self) -> EvaluationProtocol:
        """The task's protocol, as asked and read."""
        ask = self.task.ask
        options = {**ask.options, "answer": ask.answer, "reader": self.task.score.reader}
        protocol: EvaluationProtocol = self.catalog.build("protocols", ask.protocol, options, where=f"task {self.task.name}")
        return protocol

    def placed_samples(self, dataset: Dataset) -> Iterator[tuple[int, Sample]]:
        """The samples asked, each with its place in the data set: those selected, up to the limit."""
        return islice(self._selected(dataset), self.settings.limit)

    def samples(self, dataset: Dataset) -> Iterator[Sample]:
        """The selected samples of a whole split, whatever the limit."""
        return (sample for _, sample in self._selected(dataset))

    def _selected(self, dataset: Dataset) -> Iterator[tuple[int, Sample]]:
        select = self.task.ask.select
        found = False
        for place in range(len(dataset)):
            sample = dataset[place]
            if all(sample.subgroups.get(key) in values for key, values in select.items()):
                found = True
                yield place, sample
        if not found:
            selection = ", ".join(f"{key}: {'|'.join(values)}" for key, values in select.items()) or "everything"
            raise ContentError(
                f"task {self.task.name}: none of the {len(dataset)} samples of `{self.task.ask.dataset}` is selected ({selection})"
            )

    def train_samples(self) -> tuple[Dataset, Sequence[Sample]]:
        """The selected samples of the task's train split.

        Raises:
            MissingDataError: the task names no train split.
        """
        split = self.task.ask.train
        if split is None:
            raise MissingDataError(
                f"task {self.task.name} has no train split, which shots and models that learn need (`ask: train:` in its card)"
            )
        dataset = self.dataset(split)
        return dataset, list(self.samples(dataset))

    def shots(self) -> Sequence[Sample]:
        """The solved examples shown before each sample: drawn once, by a hash of seed and id, from the train split."""
        if not self.task.ask.shots:
            return ()
        _, samples = self.train_samples()
        if len(samples) < self.task.ask.shots:
            raise ContentError(
                f"task {self.task.name}: {self.task.ask.shots} shots asked, but its train split holds {len(samples)} samples"
            )
        return heapq.nsmallest(self.task.ask.shots, samples, key=lambda s: hashlib.sha256(f"{self.settings.seed}/{s.id}".encode()).digest())


def _as_name(name: str) -> str:
    """A model's name as one folder name."""
    return "".join(c if c.isalnum() or c in "-_.+@" else "_" for c in name)
