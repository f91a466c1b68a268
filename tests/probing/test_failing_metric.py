"""Anyone's metric that fails on single texts fails alone, with its reason, in `probe`, `correlate` and the table of samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import radbench
from radbench.catalog import Catalog
from radbench.cli import main
from radbench.leaderboard.cases.samples import SampleSet
from radbench.scoring.stored import StoredRun

# sums of all texts it can read; of many texts, each by itself, it knows nothing
PLUGIN = '''
import numpy as np
from radbench import SumMetric, register


@register("metric", "gregarious")
class Gregarious(SumMetric):
    """The share of candidates that are not empty."""

    name, version, columns, higher_is_better = "gregarious", 1, ("filled", "n"), True

    def row(self, case):
        return np.array([float(bool(case.text)), 1.0])

    def value(self, sums):
        if len(sums) > 1 and (sums[:, 1] == 1).all():
            raise ZeroDivisionError("a text alone")
        return {"gregarious": sums[:, 0] / np.maximum(sums[:, 1], 1)}
'''
TASK = """
title: Questions
ask: {version: 1, dataset: demo, dataset_options: {task: vqa}, split: test, protocol: vqa, options: {form: any}}
score: {metrics: [gregarious, answer-text], primary: exact_match}
"""


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with the metric and a task that uses it; the working directory is its parent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "gregarious.py").write_text(PLUGIN)
    return tmp_path / "cards"


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the document printed."""
    status = 0
    try:
        main([*arguments, "--json"])
    except SystemExit as leaving:
        status = int(str(leaving.code or 0))
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_probe_measures_the_others_and_says_why_not_this_one(cards: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = command(capsys, "probe", "--metric", "gregarious,rouge:rougeL", "--draws", "20", "--catalog", str(cards))

    assert status == 1
    assert [one["name"] for one in found["metrics"]] == ["rougeL", "length_difference"]
    assert found["not_measured"].keys() == {"gregarious"}
    assert "`gregarious` of single cases: ZeroDivisionError at gregarious.py" in found["not_measured"]["gregarious"]


def test_correlate_and_the_table_of_samples_do_without_it(cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cards / "mine.questions.yaml").write_text(TASK)
    run = radbench.evaluate("constant-yes", "mine.questions", limit=12, draws=0, catalog=[cards], out=tmp_path / "runs")
    ids = [sample.id for sample, _ in run.samples()]
    rows = [f"{sample},constant-yes,{rater},errors,{(i + len(rater)) % 4}" for i, sample in enumerate(ids) for rater in ("a", "bb")]
    (tmp_path / "ratings.csv").write_text("\n".join(["study,system,rater,criterion,value", *rows]) + "\n")

    asked = ["correlate", "--ratings", "ratings.csv", "--runs", "runs", "--draws", "20", "--catalog", str(cards)]
    status, found = command(capsys, *asked, "--metric", "gregarious,exact_match")

    assert run["gregarious"].value == 1 - run.summary.counts.n_unparsed / len(ids)  # of all texts together it is no trouble
    assert status == 1
    assert "`gregarious` of single cases: ZeroDivisionError at gregarious.py" in found["not_measured"]["gregarious"]
    assert "exact_match" in json.dumps(found["metrics"])

    table = SampleSet({"constant-yes": StoredRun.open(run.folder, Catalog([cards]))}, Catalog([cards]))
    assert np.isnan(table.values("gregarious")).all()
    assert np.isfinite(table.values("exact_match")).any()
    assert table.shown(ids[0]) is not None
