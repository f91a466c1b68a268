"""A comparison for machines: one JSON document, or CSV with a row for each pair (with claims: for each view of a pair)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from radbench.leaderboard.comparing.comparison import Comparison


def as_json(comparison: Comparison) -> str:
    """The document; what is undefined is null."""
    return json.dumps(comparison.as_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Pairs with what they were tested by; with claims, views with the pair they belong to. What is undefined is empty."""
    rows: list[dict[str, Any]] = []
    if comparison.claims:
        for claim in comparison.claims:
            about = {"task": claim.task, "value": claim.value, "first": claim.first, "second": claim.second, "verdict": claim.verdict}
            rows += [{**about, **_flat(asdict(view))} for view in claim.views]
    else:
        shared = (
            "task",
            "value",
            "lower_is_better",
            "n_cases",
            "n_clusters",
            "cluster",
            "test",
            "is_exact",
            "swaps",
            "correction",
            "draws",
            "seed",
        )
        for table in comparison.tables:
            about = {name: getattr(table, name) for name in shared}
            rows += [{**about, **_flat(asdict(pair))} for pair in table.pairs]
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its interval in two columns."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if name == "ci":
            flat["ci_low"], flat["ci_high"] = value or (None, None)
        else:
            flat[name] = value
    return flat
