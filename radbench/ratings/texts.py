"""Rated texts as runs: a task whose samples are the rated studies, and a run a system that gives back what it wrote.

What is written lies below the runs' folder, in `rated/`: a task card, its studies, and a file of predictions a system.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse
from radbench.errors import ContentError
from radbench.evaluation import Asking, Result, evaluate_all, import_plan
from radbench.metrics.base import Metric
from radbench.ratings.table import RatedText, Ratings
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

_PROMPT: Final = "The text that was rated."  # shown to no one: predictions are given back, not asked for


def runs_of(
    ratings: Ratings, metrics: Sequence[MetricUse], asking: Asking, catalog: Catalog, intervals: IntervalSettings | None = None
) -> dict[str, Result]:
    """Run and score the rated texts: a result a system. Sample and cluster of a case are its study.

    Systems that were rated on the same studies against the same references share a task; others have one of their own, so that
    no run holds a study that its system has no text of. Texts are compared as they stand. Without `intervals` none are made.

    Raises:
        ContentError: the ratings hold no texts, or those that they hold have no reference.
    """
    folder = asking.out / "rated"
    folder.mkdir(parents=True, exist_ok=True)
    plans = []
    systems = []
    groups = list(_groups(ratings))
    used = [metric.model_dump(mode="json") for metric in metrics]
    for number, texts in enumerate(groups, start=1):
        name = f"rated.{_as_name(Path(ratings.source).stem)}{f'.{number}' if len(groups) > 1 else ''}"
        score = {"metrics": used, "primary": _first_value(metrics[0], catalog), "cluster": "study"}
        card = _task(folder, name, next(iter(texts.values())), ratings, score)
        for system, written in texts.items():
            lines = [{"id": text.study, "prediction": text.text} for text in written]
            predictions = _write(folder, f"{name}-{_as_name(system)}", ".jsonl", _jsonl(lines))
            plans.append(import_plan(catalog, predictions, str(card), system, asking))
            systems.append(system)
    results = evaluate_all(plans, asking, Control(), intervals or IntervalSettings(draws=0))
    return dict(zip(systems, results, strict=True))


def _groups(ratings: Ratings) -> Iterable[Mapping[str, list[RatedText]]]:
    """The texts of each system, sorted by study; systems with the same studies and references together."""
    if not any(text.references for text in ratings.texts):
        what = "texts without references" if ratings.texts else "no texts"
        raise ContentError(f"{ratings.source}: holds {what}, so metrics have nothing to compare: give the file that holds them as well")
    by_system: defaultdict[str, list[RatedText]] = defaultdict(list)
    for text in sorted(ratings.texts, key=lambda text: (text.system, text.study)):
        by_system[text.system].append(text)
    groups: defaultdict[tuple[tuple[str, tuple[str, ...]], ...], dict[str, list[RatedText]]] = defaultdict(dict)
    for system, texts in by_system.items():
        groups[tuple((text.study, text.references) for text in texts)][system] = texts
    return groups.values()


def _first_value(use: MetricUse, catalog: Catalog) -> str:
    """The name of the first value that a metric gives; of nothing, if need be."""
    metric: Metric = catalog.build("metrics", use.name, use.options)
    return next(iter(metric.aggregate(np.zeros((1, len(metric.columns))), np.ones((1, 1)))))


def _task(folder: Path, name: str, texts: Sequence[RatedText], ratings: Ratings, score: Mapping[str, object]) -> Path:
    studies = _write(folder, name, ".studies.jsonl", _jsonl({"study": t.study, "references": list(t.references)} for t in texts))
    columns = {"id": "study", "answer": "references", "cluster": "study"}
    card = {
        "title": f"Rated texts of {Path(ratings.source).name}",
        "ask": {
            "version": 1,
            "dataset": "jsonl",
            "dataset_options": {"file": studies.name, "columns": columns, "access": ratings.access},
            "split": "test",
            "unit": "study",
            "protocol": "text",
            "options": {"task": "change", "prompt": _PROMPT},  # the kind of text task that keeps answers as they stand
        },
        "score": score,
        "about": {"access": ratings.access, "n": len(texts)},
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")  # JSON is YAML
    return path


def _write(folder: Path, stem: str, suffix: str, text: str) -> Path:
    """A file named after what it holds, so that it never changes under a run that was made of it."""
    path = folder / f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:12]}{suffix}"
    path.write_text(text, "utf-8")
    return path


def _jsonl(rows: Iterable[Mapping[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _as_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", text).strip("._+-") or "unnamed"
