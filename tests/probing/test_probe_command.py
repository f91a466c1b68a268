"""`radbench probe`: from names of metrics to table, JSON and heat map; the examples of its page."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from radbench.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "probe.md").read_text("utf-8")
COMMANDS = re.findall(r"^radbench (probe \S.*)$", PAGE, re.MULTILINE)
FEW = "--draws 200"
HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, in the current folder."""
    for name, text in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(command: str) -> int:
    try:
        main(shlex.split(command))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def probed(command: str, capsys: pytest.CaptureFixture[str], *, leaves: int = 0) -> dict[str, Any]:
    assert status(f"probe {command} {FEW} --json") == leaves
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(command: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    expected = 0 if HAS_MATPLOTLIB or "--out" not in command else 1
    assert status(command) == expected
    assert capsys.readouterr().out


def test_the_page_lists_every_edit():
    from radbench.probing.edits import EDITS
    from radbench.probing.inputs import INPUT_EDITS

    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == {*EDITS, *INPUT_EDITS}


def test_rouge_of_our_own_reports_answers_for_every_edit(folder: Path, capsys: pytest.CaptureFixture[str]):
    found = probed("--metric rouge:rougeL", capsys)
    metric, control = found["metrics"]
    changes = {response["edit"]: response["change"]["value"] for response in metric["responses"]}
    assert (found["n"], metric["n"], metric["name"], metric["unedited"]) == (30, 30, "rougeL", 1.0)
    assert changes["empty"] == -1.0
    assert changes["upper_case"] == 0.0
    assert changes["repeated"] == pytest.approx(2 * (1 / 2) / (1 + 1 / 2) - 1)  # precision 1/2, recall 1
    assert -0.1 < changes["negation"] < 0
    assert metric["sensitivity"]["n"] == sum(r["n_pairs"] for r in metric["responses"])
    assert control["is_control"]
    assert control["name"] == "length_difference"


def test_values_of_single_labels_are_given_where_named_and_dashes_are_as_good(folder: Path, capsys: pytest.CaptureFixture[str]):
    how = "--metric-arg chexbert.annotator=rules-14"
    one = probed(f"--metric chexbert:f1_14_micro,chexbert:f1:Edema,answer-text:token_f1 {how}", capsys)
    assert [metric["name"] for metric in one["metrics"]] == ["f1_14_micro", "f1:Edema", "token_f1", "length_difference"]
    every = probed(f"--metric chexbert {how}", capsys)
    assert not any(":" in metric["name"] for metric in every["metrics"])


def test_the_run_behind_a_probe_lies_with_other_runs_and_is_found_again(folder: Path, capsys: pytest.CaptureFixture[str]):
    first, second = probed("--metric rouge", capsys), probed("--metric rouge", capsys)
    assert first == second
    run = json.loads(Path(first["run"], "run.json").read_text())
    assert (run["task"], run["data"]["access"]) == ("probe.reports", "open")
    summary = json.loads(Path(first["run"], "summary.json").read_text())
    assert summary["values"][0]["subgroups"]["edit"]["empty"]["value"] == 0.0


def test_reports_of_a_user_are_closed_and_edits_that_do_not_apply_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]):
    found = probed("--metric rouge --reports my-reports.csv", capsys)
    assert (found["n"], found["n_clusters"]) == (3, 2)
    assert found["applies"]["other_language"] == 0
    assert found["applies"]["negation"] == 3
    assert json.loads(Path(found["run"], "run.json").read_text())["data"]["access"] == "credentialed"


def test_a_direction_is_respected(folder: Path, capsys: pytest.CaptureFixture[str]):
    found = probed("--metric hallucination:invented_measurement", capsys)
    metric = found["metrics"][0]
    number, omission = (next(r for r in metric["responses"] if r["edit"] == edit) for edit in ("number", "omission"))
    assert metric["lower_is_better"]
    assert number["change"]["value"] > 0.8  # nearly every wrong length is found out, and that is the worse
    assert number["above_harmless"]["value"] > 0.5
    assert omission["change"]["value"] == 0.0


def test_what_cannot_be_measured_is_told_and_the_rest_is_done(folder: Path, capsys: pytest.CaptureFixture[str]):
    found = probed("--metric rouge:rougeL,rouge:rougeX,radgraph", capsys, leaves=1)
    assert [metric["name"] for metric in found["metrics"]] == ["rougeL", "length_difference"]
    assert "did you mean" in found["not_measured"]["rouge:rougeX"]
    assert "weights" in found["not_measured"]["radgraph"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("probe", "needs --metric"),
        ("probe --metric rougee", "did you mean"),
        ("probe --metric rouge --metric-arg stem=true", "METRIC.OPTION=VALUE"),
        ("probe --metric rouge --reports none.csv", "no such file"),
    ],
)
def test_a_slip_of_the_pen_is_answered(command: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    assert status(command) == 2
    assert said in capsys.readouterr().err


def test_the_words_carry_the_numbers_behind_them(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert status(f"probe --metric bleu:bleu-4 {FEW} --seed 5") == 0
    said = capsys.readouterr().out
    assert re.search(r"bleu-4: wording costs more than harm: .* \d+% \[\d+%, \d+%\] of \d+ pairs \(\d+ ties, counted one half\)", said)
    assert "n = 30 reports, 30 clusters; 95% percentile intervals of a bootstrap of clusters, B = 200, seed 5" in said
    assert "signature: bleu|" in said


@pytest.mark.skipif(not HAS_MATPLOTLIB, reason="matplotlib (extra `plots`) is not installed")
def test_the_heat_map_is_the_same_for_the_same_numbers(folder: Path, capsys: pytest.CaptureFixture[str]):
    pictures = []
    for name in ("one", "two"):
        assert status(f"probe --metric rouge {FEW} --out {name}") == 0
        pictures.append({path.name: path.read_bytes() for path in Path(name).iterdir()})
    assert pictures[0] == pictures[1]
    assert set(pictures[0]) == {"probe.txt", "probe.json", "heat_map.png", "heat_map.svg"}
