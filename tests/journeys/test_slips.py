"""Slips of the pen on the command line: exit 2 and one sentence that says what came, where, and the mend; and any locale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import radbench
from radbench.cli import main


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run, in `runs`, and a file that is none of anything."""
    folder = tmp_path_factory.mktemp("slips")
    radbench.evaluate("constant-yes", "demo.vqa", out=folder / "runs", limit=3, draws=0)
    (folder / "file.txt").write_text("hello\n")
    return folder


SLIPS = [
    ("score runs --name x", "--name: for --predictions: a run stays where it is, under its own name"),
    ("score runs --out elsewhere", "--out: for --predictions: a run stays where it is"),
    (
        "score --predictions file.csv --task demo.vqa --preset rexrank --dry-run",
        "--preset and --dry-run: for run folders: import the predictions first, then score their run",
    ),
    ("score runs --annotations nowhere", "--annotations nowhere: there is no such folder"),
    ("table demo --runs nowhere", "there is no folder `nowhere` of runs"),
    ("table demo --runs runs --runs file.txt", "there is no folder `file.txt` of runs"),
    ("app --runs nowhere", "there is no folder `nowhere` of runs"),
    ("table demo --out nowhere", "there is no folder `nowhere` of runs"),
    ("figure demo --runs nowhere", "there is no folder `nowhere` of runs"),
    ("paper demo --runs nowhere --out bundle", "there is no folder `nowhere` of runs"),
    ("rerun file.txt", "no run.json in file.txt: this is no run folder"),
    ("verify file.txt", "file.txt is no bundle: Not a directory"),
    ("probe --metric bleu --metric-arg rouge.stem=true", "--metric-arg: `rouge` is none of the metrics asked for: bleu"),
    ("probe --metric bleu --out file.txt", "nothing can be written to file.txt: file.txt is no folder"),
    ("stress --model constant-yes --task demo.vqa --to file.txt/x", "nothing can be written to file.txt/x: "),
    ("table demo --runs runs --to runs", "cannot open runs: Is a directory"),
    ("compare runs runs --json --format csv", "--json and --format csv: one of them"),
    ("run --model nothere.yaml --task demo.vqa", "nothere.yaml: there is no such file."),
    ("run --model constant-yes --task demo.vqa --catalog file.txt", "the catalogue folder `file.txt` does not exist or is no folder"),
]


@pytest.mark.parametrize(("command", "said"), SLIPS)
def test_a_slip_is_refused_with_one_sentence_and_nothing_is_written(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    monkeypatch.chdir(runs)
    before = sorted(path.name for path in runs.iterdir())

    with pytest.raises(SystemExit) as leaving:
        main(command.split())

    assert leaving.value.code == 2
    assert capsys.readouterr().err.startswith(f"radbench: {said}")
    assert sorted(path.name for path in runs.iterdir()) == before


@pytest.mark.parametrize(
    "command", ["run --model constant --task demo.vqa", "score runs", "probe --metric bleu", "stress", "reproduce a --paper b"]
)
def test_a_seed_below_0_is_no_seed(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as leaving:
        main([*command.split(), "--seed", "-1"])

    assert leaving.value.code == 2
    assert "--seed" in capsys.readouterr().err


@pytest.mark.parametrize("locale", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_tables_are_written_in_utf_8_whatever_the_locale(runs: Path, locale: dict[str, str]) -> None:
    command = [sys.executable, "-m", "radbench", "table", "demo", "--format", "text", "--out", str(runs / "runs")]

    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, **locale})

    assert "exact_match ↑" in done.stdout.decode("utf-8")
