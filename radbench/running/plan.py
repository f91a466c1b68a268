"""What a run will ask, resolved: one task card, one model card and the settings, and the folder that follows from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from radbench.catalog import Catalog
from radbench.catalog.cards import PATHS, ModelCard, TaskCard, ask_hash
from radbench.datasets.base import Dataset
from radbench.errors import ContentError, MissingDataError, RunError
from radbench.folder import RunFolder, find_runs
from radbench.models.base import Model
from radbench.protocols.base import EvaluationProtocol, History
from radbench.records import Settings
from radbench.running.requests import ablate, fingerprint
from radbench.sample import Media, Request, Sample
from radbench.terms import is_local

_PLACED: Final = frozenset({*PATHS, "weights"})  # arguments of model families that name a file or folder
# arguments that say by what means a model is asked, and not what: a run goes on where they change
_MEANS: Final = frozenset({"api_key_env", "batch", "batch_size", "budget", "concurrency", "device", "max_retries", "prices", "timeout_s"})


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
    instance: Model | None = None  # the model itself, where a caller brings it; else the card's family makes it
    _datasets: dict[str, Dataset] = field(default_factory=dict, compare=False, repr=False)  # split -> data set, made once

    @property
    def run_id(self) -> str:
        """16 hex digits: the hash of all that is asked. The same command finds the same folder."""
        data = getattr(self.dataset(self.task.ask.split), "digest", "")
        asked = {
            "task": self.task.name,
            "ask": ask_hash(self.task),
            "data": data,
            "model": self.model_key,
            "settings": self.settings.model_dump(),
        }
        return fingerprint(asked)[:16]

    @property
    def model_key(self) -> dict[str, Any]:
        """The part of the model card that decides its answers; where a server of one's own stands is no part of it."""
        options = {name: _what(name, value) for name, value in self.model.options(self.overrides).items() if name not in _MEANS}
        if is_local(str(options.get("endpoint", ""))):
            options["endpoint"] = "local"
        return {"name": self.model.name, "family": self.model.family, "options": options}

    @property
    def folder(self) -> RunFolder:
        """Where the run lies."""
        return RunFolder(self.out / self.task.name / _as_name(self.model.name) / self.run_id)

    def kin(self) -> list[RunFolder]:
        """Other runs that asked this model in the same way, but for the limit or the state of the data."""
        return [folder for folder in find_runs(self.folder.path.parent) if folder.path != self.folder.path and self._is_kin(folder)]

    def _is_kin(self, folder: RunFolder) -> bool:
        try:
            run = folder.read_run()
        except RunError:
            return False
        alike = run.settings.model_copy(update={"limit": self.settings.limit}) == self.settings
        return alike and run.model_card == self.model_record() and folder.predictions.exists()

    def model_record(self) -> dict[str, Any]:
        """The model card as run.json keeps it, with the options as they were changed; files and folders by their whole paths."""
        options = {name: _from_anywhere(name, value) for name, value in self.model.options(self.overrides).items()}
        return {**self.model.model_dump(mode="json"), "options": options}

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

    def request(
        self,
        protocol: EvaluationProtocol,
        sample: Sample,
        shots: Sequence[Sample],
        history: History = (),
        swap: Mapping[Media, Media] | None = None,
    ) -> Request:
        """What is put before the model about a sample, its images as `--images` says; `swap`: medium -> what is shown instead.

        Raises:
            ContentError: the sample lacks what the protocol needs, or the task cannot be asked without images.
        """
        request = protocol.ask(sample, shots=shots, history=history)
        if self.settings.images != "none":
            return ablate(request, self.settings.images, self.settings.seed, swap or {})
        if request.kind == "embed":
            raise ContentError("--images none is not defined for tasks that embed images: try blank, noise or swapped")
        # asked anew, so that the words that introduce images go with them
        return protocol.ask(_bare(sample), shots=list(map(_bare, shots)), history=[(_bare(s), reply) for s, reply in history])

    def train_samples(self) -> tuple[Dataset, Sequence[Sample]]:
        """The selected samples of the task's train split.

        Raises:
            MissingDataError: the task names no train split.
            ContentError: it is the split that is asked.
        """
        split = self.task.ask.train
        if split is None:
            raise MissingDataError(
                f"task {self.task.name} has no train split, which shots and models that learn need (`ask: train:` in its card)"
            )
        if split == self.task.ask.split:
            raise ContentError(
                f"task {self.task.name} is asked on its train split `{split}`: shots and models that learn would have seen the answers. "
                "Name another one, such as --task-arg train=..."
            )
        dataset = self.dataset(split)
        return dataset, list(self.samples(dataset))

    def shots(self) -> Sequence[Sample]:
        """The train samples in the order in which they are taken as solved examples: by a hash of seed and id."""
        if not self.task.ask.shots:
            return ()
        _, samples = self.train_samples()
        if len(samples) < self.task.ask.shots:
            raise ContentError(
                f"task {self.task.name}: {self.task.ask.shots} shots asked, but its train split holds {len(samples)} samples"
            )
        return sorted(samples, key=lambda s: hashlib.sha256(f"{self.settings.seed}/{s.id}".encode()).digest())

    def shots_for(self, sample: Sample, ordered: Sequence[Sample]) -> list[Sample]:
        """The solved examples shown before a sample: the first of those in order that are of another cluster."""
        own = sample.cluster or sample.id
        return list(islice((shot for shot in ordered if (shot.cluster or shot.id) != own), self.task.ask.shots))


def _what(name: str, value: object) -> object:
    """An option as a run id counts it: a file by what it holds, a folder (and weights, which are large) by where it really lies."""
    if name not in _PLACED or not isinstance(value, str | Path):
        return value
    path = Path(value).expanduser()
    if name != "weights" and path.is_file():
        found = path.stat()
        return {"sha256": _digest(path.resolve(), found.st_size, found.st_mtime_ns)}
    return str(path.resolve()) if path.exists() else str(value)


def _from_anywhere(name: str, value: object) -> object:
    """An option that means the same in any working directory."""
    if name not in _PLACED or not isinstance(value, str | Path):
        return value
    path = Path(value).expanduser()
    return str(path.absolute()) if path.exists() else str(value)


@cache
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bare(sample: Sample) -> Sample:
    return replace(sample, media=())


def _as_name(name: str) -> str:
    """A model's name as one folder name."""
    return "".join(c if c.isalnum() or c in "-_.+@" else "_" for c in name)
