"""The files printed in docs/adding-a-*.md are what they claim to be: complete, valid, and usable at once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from radbench.cli import main
from radbench.folder import read_lines
from radbench.records import Prediction

DOCS = Path(__file__).parents[2] / "docs"
_FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example_files(page: str, folder: Path) -> list[Path]:
    """The files a page prints, written into a folder."""
    found = _FILE.findall((DOCS / page).read_text("utf-8"))
    assert found, f"{page} prints no file"
    for name, text in found:
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name, _ in found]


def status(*arguments: str | Path) -> int:
    """The exit status of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_the_task_page_prints_a_task_that_validates(tmp_path, capsys):
    example_files("adding-a-task.md", tmp_path)

    assert status("validate", tmp_path / "mylab.effusion.yaml", "--data-dir", f"jsonl={tmp_path}") == 0
    assert "not checked" not in capsys.readouterr().out


def test_the_task_page_prints_a_task_that_runs(tmp_path, capsys):
    example_files("adding-a-task.md", tmp_path)
    where = ["--catalog", tmp_path, "--data-dir", f"jsonl={tmp_path}", "--out", tmp_path / "runs"]

    assert status("run", "--model", "constant-yes", "--task", "mylab.effusion", *where, "--json") == 0


def test_the_model_page_prints_a_family_that_runs(tmp_path, capsys):
    example_files("adding-a-model.md", tmp_path)
    asked = ["--model", "word-echo", "--model-arg", "n=2", "--task", "demo.vqa", "--limit", "5"]

    assert status("run", *asked, "--catalog", tmp_path, "--out", tmp_path / "runs", "--json") == 0


def test_the_model_page_prints_a_card_and_a_family_that_validate(tmp_path, capsys):
    assert status("validate", *example_files("adding-a-model.md", tmp_path)) == 0
    assert "not checked" not in capsys.readouterr().out


def test_the_metric_page_prints_a_metric_that_validates(tmp_path, capsys):
    assert status("validate", *example_files("adding-a-metric.md", tmp_path)) == 0
    assert "not checked" not in capsys.readouterr().out


def test_the_page_on_clinical_metrics_prints_a_task_that_validates(tmp_path, capsys):
    example_files("clinical-metrics.md", tmp_path)

    assert status("validate", tmp_path / "mylab.reports.yaml", "--data-dir", f"jsonl={tmp_path}") == 0


def test_the_board_page_prints_a_board_that_validates_and_has_a_number_in_each_column(tmp_path, capsys):
    files = example_files("adding-a-board.md", tmp_path)
    tasks = "demo.vqa,demo.modality,demo.dicom-modality,demo.report"
    assert status("run", "--model", "constant-yes", "--task", tasks, "--limit", "5", "--out", tmp_path / "runs", "--json") == 0

    assert status("validate", files[0]) == 0
    assert status("table", files[0], "--format", "text", "--runs", tmp_path / "runs") == 0
    assert "no numbers" not in capsys.readouterr().out


def test_the_dataset_page_prints_a_data_set_that_validates(tmp_path, capsys):
    files = example_files("adding-a-dataset.md", tmp_path)
    (tmp_path / "p1-a.txt").write_text("The lungs are clear.\n---\nNormal chest.", "utf-8")

    assert status("validate", *files, "--data-dir", f"report-folder={tmp_path}") == 0
    assert "not checked" not in capsys.readouterr().out


def test_the_page_of_the_app_prints_predictions_with_a_heat_map_that_are_scored(tmp_path, capsys):
    (file,) = example_files("app.md", tmp_path)
    np.save(tmp_path / "film1.npy", np.eye(4))
    asked = ["score", "--predictions", file, "--task", "demo.report", "--name", "looked", "--out", tmp_path / "runs", "--json"]

    assert status(*asked) == 1  # the samples without a prediction have failed
    (journal,) = (tmp_path / "runs").glob("demo.report/looked/*/predictions.jsonl")
    maps = [line.heat_maps for line in read_lines(journal, Prediction) if line.error is None]
    assert [[found.array().tolist() for found in of_one] for of_one in maps] == [[(np.eye(4) * 255).tolist()], []]


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("adding-a-*.md")))
def test_a_page_fits_one_screen_or_little_more(page):
    assert len((DOCS / page).read_text("utf-8").splitlines()) <= 80
