"""The command line from runs to a table, as docs/rate.md prints it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rating_studies import answer_all

from radbench.cli import main
from radbench.ratings.studies.export import Opened

PAGE = Path(__file__).parents[3] / "docs" / "rate.md"


def status(*arguments: str | Path) -> int:
    """The exit status of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def commands(section: str) -> list[list[str]]:
    """The commands that a section of the page prints, without `radbench`."""
    text = PAGE.read_text("utf-8").partition(f"# {section}\n")[2].partition("\n## ")[0]
    return [shlex.split(line)[1:] for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines()]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rated") / "runs"
    assert (
        status("run", "--model", "majority,nearest-neighbour", "--task", "demo.report", "--limit", "10", "--draws", "0", "--out", out) == 0
    )
    return out


@pytest.fixture
def here(tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the page's draft and runs of some of the demo's samples."""
    (tmp_path / "study.yaml").write_text(re.search(r"^```yaml study.yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)[1])
    (tmp_path / "runs").symlink_to(runs)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_leads_from_runs_to_results_and_adjudication(here, capsys):
    run, create, status_, analyse = commands("Rating studies")
    assert run[:2] == ["run", "--model"]
    assert status(*create) == 0
    assert status(*status_) == 1  # pages are unanswered
    assert status(*analyse) == 0

    opened = Opened.at(here / "study")
    assert len(opened.study.cases[0].media) >= 1
    assert set(opened.study.cases[0].texts) == {"indication"}
    for rater, count in (("ann", "3"), ("ben", "0")):
        answer_all(opened, rater, lambda _, count=count: {"count.omission_finding.significant": count})
    assert status(*status_) == 0
    for command in (*commands("Results"), *commands("Adjudication")):
        assert status(*command) == 0, command
    out = capsys.readouterr().out
    assert "unblinded by the owner" in out
    assert "majority" in out.partition("unblinded")[2]
    assert "nearest-neighbour" not in out.partition("unblinded")[0]
    assert (here / "second" / "study.json").exists()
    assert Opened.at(here / "second").study.case_of
    assert all(
        (here / "second" / "media" / media.path).exists()
        for case in opened.study.cases
        for media in case.media
        if case in Opened.at(here / "second").study.cases
    )

    assert status("ratings", "ratings.csv", "--criterion", "errors") == 0


def test_create_tells_machines_what_it_made(here, capsys):
    assert status("rate", "create", "study.yaml", "--runs", "runs", "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert told["study"] == "study"
    assert [rater["rater"] for rater in told["raters"]] == ["ann", "ben"]
    assert all((here / rater["link"]).read_text().startswith("/r/") for rater in told["raters"])
    assert told["hash"] == Opened.at(here / "study").study.hash


def test_a_study_is_not_made_twice_nor_of_nothing(here, capsys):
    (here / "empty").mkdir()
    assert status("rate", "create", "study.yaml", "--runs", "empty") == 2
    assert "holds no run" in capsys.readouterr().err
    assert status("rate", "create", "study.yaml", "--runs", "runs") == 0
    assert status("rate", "create", "study.yaml", "--runs", "runs") == 2
    assert "never written over" in capsys.readouterr().err


def test_one_run_named_twice_is_refused(here, capsys):
    assert status("rate", "create", "study.yaml", "--runs", "runs", "--runs", "runs") == 2
    assert "is named twice" in capsys.readouterr().err


def test_a_study_inside_a_run_folder_is_refused(here, capsys):
    (folder,) = (here / "runs").glob("*/majority/*")
    assert status("rate", "create", "study.yaml", "--runs", "runs", "--out", folder / "study") == 2
    assert "inside the run folder" in capsys.readouterr().err


def test_answers_go_to_another_machine_and_back(here, capsys):
    assert status("rate", "create", "study.yaml", "--runs", "runs", "--out", "study") == 0
    answer_all(Opened.at(here / "study"), "ann", lambda _: {})
    assert status("rate", "export", "study", "--out", "ann.csv") == 0
    assert status("rate", "import", "study", "ann.csv") == 0
    assert "0 answers imported" in capsys.readouterr().out


def test_the_server_says_where_it_is_and_ends_with_ctrl_c(here):
    pytest.importorskip("uvicorn", reason="the pages need the extra `rate`")
    assert status("rate", "create", "study.yaml", "--runs", "runs", "--out", "study") == 0
    arguments = ["-c", "from radbench.cli import main; main()", "rate", "serve", "study", "--port", "0"]
    env = {**os.environ, "PYTHONPATH": str(PAGE.parents[1])}
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as server:
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)[0] + (here / "study" / "links" / "ann").read_text().strip()
        with urllib.request.urlopen(address) as reply:
            page = reply.read().decode()
        with urllib.request.urlopen(f"{address}image/1/0.png") as reply:
            assert reply.read(4) == b"\x89PNG"
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=20)
    assert "page 1 of" in page
    assert address.split("/r/")[1].strip("/") not in line + errors  # the secret is in no log
    assert server.returncode in {0, 130}
