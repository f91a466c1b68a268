"""A task on disk and ways to run it: a file of questions, a card, models and metrics made by the test; in process or as a command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from radbench.catalog import Catalog
from radbench.catalog.cards import ModelCard
from radbench.evaluation import Asking, Result, evaluate_all, plan_all, rescore
from radbench.folder import RunFolder
from radbench.records import Settings
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

CATALOGUE = Path(__file__).parent / "data" / "fake_catalog"
TASK = "bench.questions"
RADBENCH = (sys.executable, "-c", "from radbench.cli import main; main()")

Row = dict[str, Any]


class MadeCatalog(Catalog):
    """A catalogue in which some models and metrics are objects of the test."""

    def __init__(self, folder: Path, models: Mapping[str, object], metrics: Mapping[str, Callable[..., object]]) -> None:
        super().__init__([folder])
        self._models, self._metrics = models, metrics

    def model(self, name: str | Path) -> ModelCard:
        if name in self._models:
            return ModelCard(name=str(name), title=str(name), family=str(name))
        return super().model(name)

    def has(self, kind: str, name: str) -> bool:
        made: Mapping[str, object] = {"models": self._models, "metrics": self._metrics}.get(kind, {})
        return name in made or super().has(kind, name)  # type: ignore[arg-type]  # a test names kinds that exist

    def build(self, kind: str, name: str, options: Mapping[str, object] | None = None, **more: Any) -> Any:
        if kind == "models" and name in self._models:
            return self._models[name]
        if kind == "metrics" and name in self._metrics:
            return self._metrics[name](**(options or {}))
        return super().build(kind, name, options, **more)  # type: ignore[arg-type]  # a test names kinds that exist


class Bench:
    """One task over rows of a JSONL file, `n` at first; every second one is answered rightly by the fake's own words.

    `models` and `metrics` are what the in-process runs know by these names, besides all of radbench's own;
    `external` holds the endpoints of those models that answer elsewhere.
    """

    def __init__(self, folder: Path, n: int = 60) -> None:
        self.folder = folder
        self.out = folder / "runs"
        self.log = folder / "asked.log"
        self.data = folder / "data"
        self.cards = folder / "cards"
        for made in (self.data, self.cards):
            made.mkdir(parents=True)
        self.models: dict[str, object] = {}
        self.metrics: dict[str, Callable[..., object]] = {}
        self.ask: dict[str, Any] = {
            "version": 1,
            "dataset": "jsonl",
            "dataset_options": {
                "file": "{split}.jsonl",
                "columns": {
                    "id": "id",
                    "question": "question",
                    "answer": "answer",
                    "image": "image",
                    "cluster": "patient",
                    "follows": "follows",
                },
                "subgroups": ["kind"],
                "access": "open",
            },
            "split": "test",
            "train": "train",
            "protocol": "vqa",
            "options": {"form": "open"},
        }
        self.score: dict[str, Any] = {"metrics": ["answer-text"], "primary": "exact_match", "cluster": "patient", "subgroups": ["kind"]}
        self.write_rows(rows(n))
        self.write_rows(({**row, "id": f"train-{row['id']}"} for row in rows(9)), split="train")
        self.write_card()

    def write_rows(self, given: Iterable[Row], split: str = "test") -> None:
        (self.data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))

    def write_card(self) -> None:
        card = {"title": "Questions of the bench", "ask": self.ask, "score": self.score, "hashes": {1: "0" * 16}}
        (self.cards / f"{TASK}.yaml").write_text(yaml.safe_dump(card, sort_keys=False))

    def catalog(self) -> Catalog:
        return MadeCatalog(self.cards, self.models, self.metrics)

    def run(
        self, model: str = "fake", *, draws: int = 50, control: Control | None = None, out: Path | None = None, **asking: Any
    ) -> Result:
        """Run and score the task in this process. Settings (`images`, `repeats`, `limit`, `seed`) and `Asking`'s fields as keywords."""
        settings = Settings(**{name: asking.pop(name) for name in list(asking) if name in Settings.model_fields})
        full = Asking(settings=settings, out=out or self.out, data_dirs={"jsonl": self.data}, **asking)
        catalog = self.catalog()
        plans = plan_all(catalog, [catalog.model(model)], [catalog.task(TASK)], full)
        (result,) = evaluate_all(plans, full, control or Control(), IntervalSettings(draws=draws))
        return result

    def rescore(self, *, draws: int = 50) -> Result:
        """Score the only run again by the card as it is now, in this process."""
        annotators = Annotators(self.catalog(), self.out / "annotations")
        return rescore(self.only_run(), annotators, IntervalSettings(draws=draws))

    def arguments(self, *more: str, out: Path | None = None, **model_args: object) -> list[str]:
        """`radbench run` on the task and the catalogue's `fake`, which writes what it is asked into `log`."""
        options = {"log": self.log, **model_args}
        return [
            *("run", "--model", "fake", "--task", TASK, "--catalog", str(CATALOGUE), "--catalog", str(self.cards)),
            *("--data-dir", f"jsonl={self.data}", "--out", str(out or self.out), "--draws", "50"),
            *(part for name, value in options.items() for part in ("--model-arg", f"{name}={value}")),
            *more,
        ]

    def asked(self) -> list[str]:
        """The sample ids that the catalogue's fake was asked, by all processes, in order."""
        return self.log.read_text().split() if self.log.exists() else []

    def only_run(self, out: Path | None = None) -> RunFolder:
        (path,) = (out or self.out).glob(f"{TASK}/*/*")
        return RunFolder(path)


def rows(n: int) -> list[Row]:
    """`n` questions of n/3 patients in two kinds."""
    return [
        {
            "id": f"q{i}",
            "question": f"What does line {i} show?",
            "answer": f"answer to q{i}" if i % 2 else "something else",
            "patient": f"p{i // 3}",
            "kind": "even" if i % 4 < 2 else "odd",
            "image": [],
            "follows": "",
        }
        for i in range(n)
    ]


def command(arguments: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
    """`radbench ...` as a process of its own, to its end."""
    return subprocess.run([*RADBENCH, *arguments], capture_output=True, text=True, check=False, timeout=60, **more)


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """`radbench ...` as a process of its own, left running."""
    return subprocess.Popen([*RADBENCH, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait until something another process does has happened."""
    ends = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(0.002)


def ids_answered(folder: RunFolder) -> list[str]:
    """Sample ids of the whole lines of a journal that hold an output."""
    if not folder.predictions.exists():
        return []
    lines = folder.predictions.read_bytes().split(b"\n")[:-1]
    return [line["sample_id"] for line in map(json.loads, lines) if "error" not in line]
