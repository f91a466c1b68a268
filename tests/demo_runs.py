"""Runs of the demo suite, for tests that look at images and reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from radbench.catalog import Catalog
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import RunFolder, Settings, find_runs
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

SCRIPT = "<img src=x onerror=\"window.hacked = 'yes'\"><script>window.hacked = 'yes'</script>"


def asked(out: Path, task: str, *models: str, limit: int | None = None, said: Mapping[str, str] | None = None) -> list[RunFolder]:
    """The runs of some models on a demo task; with `said`, also one of a model that gives these outputs, by sample."""
    catalog = Catalog()
    cards = [catalog.model(model) for model in models]
    if said:
        out.mkdir(parents=True, exist_ok=True)
        file = out / "said.jsonl"
        file.write_text("".join(json.dumps({"id": sample, "prediction": text}) + "\n" for sample, text in said.items()))
        cards.append(catalog.model("replay").model_copy(update={"arguments": {"file": str(file)}}))
    asking = Asking(out=out, settings=Settings(limit=limit))
    for plan in plan_all(catalog, cards, [catalog.task(task)], asking):
        list(evaluate_all([plan], asking, Control(), IntervalSettings(draws=0)))
    return find_runs(out / task)
