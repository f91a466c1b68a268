"""`radbench figure`, `paper`, `verify`, `reproduce` and `table` of correlations, as commands: what they print and how they leave."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml

from radbench.catalog import Catalog
from radbench.cli import main
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.leaderboard.published import COLUMNS
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

TASK = "demo.report"
RATINGS = {
    str(i): {
        "src": "",
        "sys_summ": f"text {i}",
        "ref_summs": ["text"],
        "scores": {"quality": 1.0 + i % 5, "own": 1.0 + (i % 5 + i % 3) / 2},
    }
    for i in range(20)
}


@pytest.fixture(autouse=True)
def _fonts_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib lists the machine's fonts at its first start, which takes seconds; that list outlives the test's home."""
    monkeypatch.setenv("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "radbench-tests-matplotlib"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`runs/` with one run of the demo, and `cards/` with a board that publishes a number of it."""
    made, catalog = tmp_path_factory.mktemp("commands"), Catalog()
    asking = Asking(out=made / "runs")
    plans = plan_all(catalog, [catalog.model("majority")], [catalog.task(TASK)], asking)
    list(evaluate_all(plans, asking, Control(), IntervalSettings(draws=50)))
    (made / "cards").mkdir()
    row = {"model": "Majority", "task": "x", "metric": "BLEU-4", "value": "99", "unit": "percent", "source": "a paper"}
    (made / "cards" / "rows.csv").write_text(f"{','.join(COLUMNS)}\n{','.join(row.get(name, '') for name in COLUMNS)}\n")
    columns = [{"task": TASK, "value": "bleu-4", "published": {"metric": "BLEU-4"}}]
    (made / "cards" / "one.yaml").write_text(yaml.safe_dump({"title": "One", "rows": "rows.csv", "columns": columns}))
    return made


def status(*arguments: object) -> int:
    """The exit status of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_a_paper_is_written_and_verified_and_a_changed_number_fails(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--runs", folder / "runs", "--catalog", folder / "cards")

    assert status("paper", "one", "--out", tmp_path / "bundle", *where) == 0
    assert status("verify", tmp_path / "bundle", *where) == 0
    assert "1 runs and 1 cells recomputed, 0 differences" in capsys.readouterr().out

    table = tmp_path / "bundle" / "table.md"
    table.write_text(table.read_text().replace("0.", "9.", 1))
    assert status("verify", tmp_path / "bundle", *where, "--json") == 1
    assert {one["where"].partition(":")[0] for one in json.loads(capsys.readouterr().out)["differences"]} == {"table.md"}
    assert status("paper", "one", "--out", tmp_path / "bundle", *where) == 2


def test_runs_that_a_paper_does_not_show_leave_no_words_in_it_that_verify_cannot_find(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder / "runs", tmp_path / "runs")
    (run,) = (tmp_path / "runs" / TASK / "majority").iterdir()
    earlier = shutil.copytree(run, run.with_name("0123456789abcdef"))
    record = json.loads((earlier / "run.json").read_text())
    (earlier / "run.json").write_text(json.dumps({**record, "id": earlier.name, "started": "2000-01-01T00:00:00+00:00"}))
    (tmp_path / "runs" / TASK / "broken" / "1").mkdir(parents=True)
    (tmp_path / "runs" / TASK / "broken" / "1" / "run.json").write_text("{")
    where = ("--runs", tmp_path / "runs", "--catalog", folder / "cards")

    assert status("paper", "one", "--out", tmp_path / "bundle", *where) == 0
    told = capsys.readouterr().out
    assert "no part of it: several runs were asked alike, and the latest is shown: majority on demo.report" in told
    assert "no part of it: left out: " in told
    assert status("verify", tmp_path / "bundle", *where) == 0
    assert "0 differences" in capsys.readouterr().out


def test_figures_are_drawn_where_asked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("figure", "one", "--to", tmp_path / "drawn", "--runs", folder / "runs", "--catalog", folder / "cards") == 0

    assert (tmp_path / "drawn" / "forest.svg").exists()
    assert str(tmp_path / "drawn" / "forest.pdf") in capsys.readouterr().out


def test_a_run_is_held_against_a_published_number(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--out", folder / "runs", "--catalog", folder / "cards")

    assert status("reproduce", TASK, "--paper", "r2gen", *where) == 0
    assert "Majority, BLEU-4: not reproduced" in capsys.readouterr().out
    assert status("reproduce", TASK, "--paper", "r2gen", *where, "--json") == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert cell["reported"] == 0.99
    assert status("reproduce", "demo.text", "--paper", "r2gen", *where) == 2


def test_correlations_become_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bagel.json").write_text(json.dumps(RATINGS))
    given = ("--ratings", tmp_path / "bagel.json", "--criterion", "quality", "--metric", "own", "--draws", 20)
    assert status("correlate", *given, "--out", tmp_path) == 0
    capsys.readouterr()

    assert status("table", tmp_path / "correlations.json", "--format", "latex", "--label", "tab:x", "--to", tmp_path / "t.tex") == 0
    assert "\\label{tab:x}" in (tmp_path / "t.tex").read_text()
    assert status("table", tmp_path / "correlations.json", "--format", "csv", "--columns", "tau_b,accuracy") == 0
    assert "pooled,own,metric,tau_b," in capsys.readouterr().out
    assert status("table", tmp_path / "correlations.json", "--format", "html") == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert status("table", tmp_path / "correlations.json", "--models", "other") == 2
