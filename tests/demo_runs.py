"""Runs of the demo suite, for tests that look at images and reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radbench.catalog import Catalog
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import RunFolder, find_runs
from radbench.records import Settings
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

SCRIPT = "<img src=x onerror=\"window.hacked = 'yes'\"><script>window.hacked = 'yes'</script>"


def asked(
    out: Path,
    task: str,
    *models: str,
    limit: int | None = None,
    said: Mapping[str, str] | None = None,
    looked: Mapping[str, NDArray[np.floating]] | None = None,
) -> list[RunFolder]:
    """The runs of some models on a demo task; with `said`, also one of a model that gives these outputs and heat maps, by sample."""
    catalog = Catalog()
    cards = [catalog.model(model) for model in models]
    if said:
        out.mkdir(parents=True, exist_ok=True)
        file = out / f"said-{task}.jsonl"
        rows = [{"id": sample, "prediction": text, "heat_map": None} for sample, text in said.items()]
        for row in rows:
            if row["id"] in (looked or {}):
                np.save(out / f"{row['id']}.npy", looked[row["id"]])
                row["heat_map"] = f"{row['id']}.npy"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        cards.append(catalog.model("replay").model_copy(update={"arguments": {"file": str(file)}}))
    asking = Asking(out=out, settings=Settings(limit=limit))
    for plan in plan_all(catalog, cards, [catalog.task(task)], asking):
        list(evaluate_all([plan], asking, Control(), IntervalSettings(draws=0)))
    return find_runs(out / task)
