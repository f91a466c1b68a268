"""A task whose references are hidden, and submissions to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.evaluation import Asking
from radbench.scoring import IntervalSettings
from radbench.submissions.receiving import Folders, Received, receive

CARD = {
    "title": "Reporter 7B",
    "maker": "Example Lab",
    "contact": "reports@example.org",
    "open": True,
    "trained_on": {"bench": []},
    "prompts": "The task's own prompt, no examples.",
    "data_use": "The test set was used for nothing but the predictions sent in.",
    "parameters": "7B",
}
SECRET = "planted reference of"  # begins every reference answer
SAID = "planted output of"  # begins every wrong prediction


class Desk:
    """An organiser's desk: the bench with planted references, folders, and a way to hand something in."""

    def __init__(self, folder: Path, n: int = 60) -> None:
        self.bench = Bench(folder / "bench", n=n)
        self.rows = [json.loads(line) for line in (self.bench.data / "test.jsonl").read_text().splitlines()]
        for row in self.rows:
            row["answer"] = f"{SECRET} {row['id']}"
        self.bench.write_rows(self.rows)
        self.sent = folder / "sent"
        self.sent.mkdir()
        self.private, self.public = folder / "private", folder / "public"

    def write(self, name: str, predictions: Mapping[str, str | None], **changed: object) -> tuple[Path, Path]:
        """A file of predictions and its card."""
        file, card = self.sent / f"{name}.jsonl", self.sent / f"{name}.yaml"
        file.write_text("".join(json.dumps({"id": key, "prediction": text}) + "\n" for key, text in predictions.items()))
        card.write_text(yaml.safe_dump({**CARD, **changed}))
        return file, card

    def answers(self, right: int, of: int | None = None) -> dict[str, str | None]:
        """Predictions for the first `of` samples, the first `right` of them as the reference has it."""
        return {row["id"]: row["answer"] if i < right else f"{SAID} {row['id']}" for i, row in enumerate(self.rows[:of])}

    def hand_in(self, name: str, predictions: Mapping[str, str | None], **changed: object) -> Received:
        catalog = self.bench.catalog()
        asking = Asking(data_dirs={"jsonl": self.bench.data})
        folders, intervals = Folders(self.private, self.public), IntervalSettings(draws=50)
        sent = self.write(name, predictions, **changed)
        return receive(catalog, catalog.task(TASK), sent, folders=folders, asking=asking, intervals=intervals)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
