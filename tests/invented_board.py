"""A board of invented models over the demo suite: what a board of real models looks like, for pictures. No model was asked."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Final

import yaml
from app_folders import Folders

from radbench.catalog import Catalog
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.leaderboard.cases.said import worded
from radbench.leaderboard.published import COLUMNS
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

BOARD: Final = "invented"
TASKS: Final = ("demo.vqa", "demo.report")
BASELINES: Final = ("majority", "nearest-neighbour")
# share of samples that are answered with their reference, the others with that of another sample; parameters; open weights
MODELS: Final = {
    "invented-a": (0.95, "7B", True),
    "invented-b": (0.93, "13B", True),
    "invented-c": (0.90, "unstated", False),
    "invented-d": (0.82, "3B", True),
    "invented-e": (0.80, "70B", False),
    "invented-f": (0.70, "1B", True),
}
_SUMMARY: Final = "All answers were made up by a script, to show what a board looks like. No model was asked."


def make(folder: Path) -> Folders:
    """Runs and cards below a folder that does not exist yet."""
    found = Folders(folder / "runs", folder / "cards")
    found.cards.mkdir(parents=True)
    row = "Invented paper,t,d,test,,,,accuracy,87.1,,,percent,,invented for this picture,\n"
    (found.cards / "invented.csv").write_text(f"{','.join(COLUMNS)}\n{row}")
    columns = [
        {"task": "demo.vqa", "title": "Questions", "published": {"metric": "accuracy"}, "group": "answers"},
        {"task": "demo.report", "title": "Reports", "group": "reports"},
    ]
    about = {"title": "An invented board", "rows": "invented.csv", "columns": columns, "about": {"summary": _SUMMARY}}
    (found.cards / f"{BOARD}.yaml").write_text(yaml.safe_dump(about, sort_keys=False))
    for task in TASKS:
        _ran(found, task)
    return found


def _ran(folders: Folders, task: str) -> None:
    catalog = Catalog()
    samples = catalog.dataset(catalog.task(task), "test", {})
    right = {samples[i].id: worded(samples[i].references[0]) for i in range(len(samples))}
    cards = [catalog.model(name) for name in BASELINES]
    for name, (share, parameters, is_open) in MODELS.items():
        rng = random.Random(f"{name} {task}")
        said = {sample: text if rng.random() < share else rng.choice(list(right.values())) for sample, text in right.items()}
        file = folders.cards / f"{name}.{task}.jsonl"
        file.write_text("".join(json.dumps({"id": sample, "prediction": text}) + "\n" for sample, text in said.items()))
        about = {"trained_on": {"demo": []}, "open": is_open, "parameters": parameters, "summary": _SUMMARY}
        card = {**catalog.model("replay").model_dump(mode="json"), "name": name, "title": name, "about": about}
        cards.append(type(catalog.model("replay")).model_validate({**card, "arguments": {"file": str(file)}}))
    asking = Asking(out=folders.runs)
    for plan in plan_all(catalog, cards, [catalog.task(task)], asking):
        list(evaluate_all([plan], asking, Control(), IntervalSettings()))
