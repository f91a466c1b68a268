"""Edited reports as one run: a sample is a report under an edit, its candidate the edited text, its reference the report.

So annotators, their store, data terms and rows are those of any run, and what a metric learns of the corpus is the same for all
edits. What is written lies below the runs' folder, in `probed/`, in files named after what they hold.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse
from radbench.evaluation import Asking, Result, evaluate_all, import_plan
from radbench.metrics.base import Metric
from radbench.probing.edits import UNEDITED, versions
from radbench.probing.reports import Reports
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

_MODEL: Final = "edited"


def run_of(reports: Reports, metrics: Sequence[MetricUse], asking: Asking, catalog: Catalog, control: Control) -> Result:
    """Run and score the reports under all edits; values by edit stand in the run's summary too, without intervals.

    Raises:
        RadbenchError: a metric or an annotator cannot be had, or data terms forbid to ask it.
    """
    folder = asking.out / "probed"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"probe.{re.sub(r'[^A-Za-z0-9._+-]+', '_', reports.name).strip('._+-') or 'reports'}"
    references, candidates = [], []
    for report in reports.reports:
        for edit, text in versions(report).items():
            sample = f"{report.id}/{edit}"
            references.append({"id": sample, "reference": report.text, "cluster": report.cluster or report.id, "edit": edit})
            candidates.append({"id": sample, "prediction": text})
    stored = _write(folder, name, _jsonl(references))
    score = {
        "metrics": [metric.model_dump(mode="json") for metric in metrics],
        "primary": _first_value(metrics[0], catalog),
        "cluster": "report",
        "subgroups": ["edit"],
    }
    card = folder / f"{name}.yaml"
    about = {"access": reports.access, "n": len(references)}
    card.write_text(
        json.dumps({"title": f"Edited reports of {reports.name}", "ask": _ask(stored, reports), "score": score, "about": about})
    )
    plan = import_plan(catalog, _write(folder, f"{name}-{_MODEL}", _jsonl(candidates)), str(card), _MODEL, asking)
    (result,) = evaluate_all([plan], asking, control, IntervalSettings(draws=0))
    return result


def sample_parts(sample: str) -> tuple[str, str]:
    """Report and edit of a sample's id."""
    report, _, edit = sample.rpartition("/")
    return report, edit or UNEDITED


def _ask(stored: Path, reports: Reports) -> dict[str, object]:
    columns = {"id": "id", "answer": "reference", "cluster": "cluster"}
    return {
        "version": 1,
        "dataset": "jsonl",
        "dataset_options": {"file": stored.name, "columns": columns, "subgroups": ["edit"], "access": reports.access},
        "split": "test",
        "unit": "report",
        "protocol": "text",
        "options": {"task": "change", "prompt": "The edited report."},  # the kind of text task that keeps answers as they stand
    }


def _first_value(use: MetricUse, catalog: Catalog) -> str:
    """The name of the first value that a metric gives; of nothing, if need be."""
    metric: Metric = catalog.build("metrics", use.name, use.options)
    return next(iter(metric.aggregate(np.zeros((1, len(metric.columns))), np.ones((1, 1)))))


def _write(folder: Path, stem: str, text: str) -> Path:
    path = folder / f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.jsonl"
    path.write_text(text, "utf-8")
    return path


def _jsonl(rows: Iterable[Mapping[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
