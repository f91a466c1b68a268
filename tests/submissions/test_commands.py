"""`radbench submit` and `radbench publish` as commands: what they print and how they leave."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bench import TASK

from radbench.cli import COMMANDS, main

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(COMMANDS, "submit", ("radbench.cli.submit:submit", ""))
    monkeypatch.setitem(COMMANDS, "publish", ("radbench.cli.publish:publish", ""))


def status(*arguments: object) -> int:
    """The exit status of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def places(desk) -> list[object]:
    return ["--catalog", desk.bench.cards, "--data-dir", f"jsonl={desk.bench.data}"]


def test_a_good_submission_is_told_so_with_its_missing_ids(desk, capsys):
    file, card = desk.write("reporter", desk.answers(20, of=50))
    assert status("submit", "ids", "--task", TASK, *places(desk)) == 0
    ids = desk.sent / "ids.txt"
    ids.write_text(capsys.readouterr().out)

    assert status("submit", "check", file, "--card", card, "--task", TASK, "--ids", ids, "--catalog", desk.bench.cards) == 0
    assert capsys.readouterr().out.splitlines() == [
        "50 samples with an entry",
        "10 samples of the task have no entry, and count as failures: `q50`, `q51`, `q52`, `q53`, `q54` ...",
        "ok",
    ]


def test_faults_of_card_and_file_are_told_together_and_leave_with_2(desk, capsys):
    file, card = desk.write("reporter", desk.answers(20), titel="x")
    file.write_text(file.read_text() + "nonsense\n")

    assert status("submit", "check", file, "--card", card, "--task", TASK, "--catalog", desk.bench.cards, "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert [fault.partition(": ")[2].partition(" (")[0].partition(";")[0] for fault in found["faults"]] == [
        "key `titel` is unknown",
        "is no JSON",
    ]
    assert found["n_missing"] is None


def test_a_submission_is_scored_and_published(desk, capsys, tmp_path):
    file, card = desk.write("reporter", desk.answers(20))
    folders = ["--private", desk.private, "--public", desk.public]

    assert status("submit", "score", file, "--card", card, "--task", TASK, *places(desk), *folders, "--draws", "50") == 0
    assert "public: " in capsys.readouterr().out
    assert status("publish", desk.private, "--to", tmp_path / "site", "--catalog", desk.bench.cards) == 0
    assert "1 runs, boards: none" in capsys.readouterr().out
    assert (tmp_path / "site" / "index.html").exists()


def test_missing_predictions_leave_with_1(desk, capsys):
    file, card = desk.write("reporter", desk.answers(20, of=50))
    folders = ["--private", desk.private, "--public", desk.public, "--draws", "0", "--json"]

    assert status("submit", "score", file, "--card", card, "--task", TASK, *places(desk), *folders) == 1
    assert json.loads(capsys.readouterr().out)["runs"][0]["n_failed"] == 10


def test_a_refused_submission_leaves_with_2_and_one_message(desk, capsys):
    file, card = desk.write("reporter", {"nobody": "x"})
    folders = ["--private", desk.private, "--public", desk.public]

    assert status("submit", "score", file, "--card", card, "--task", TASK, *places(desk), *folders) == 2
    assert capsys.readouterr().err == f"radbench: {file}:1: the task has no sample `nobody`\n"


def test_the_page_on_submitting_prints_a_submission_that_is_accepted(tmp_path, capsys):
    found = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", (DOCS / "submitting.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for name, text in found:
        (tmp_path / name).write_text(text, "utf-8")
    assert [name for name, _ in found] == ["reporter-7b.yaml", "predictions.jsonl"]

    checked = ["submit", "check", tmp_path / "predictions.jsonl", "--card", tmp_path / "reporter-7b.yaml", "--task", "demo.text-qa"]
    assert status(*checked) == 0
