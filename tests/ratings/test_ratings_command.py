"""`radbench ratings` on the files that its page prints."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from radbench.cli import main
from radbench.ratings.formats import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "ratings.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, in the current folder."""
    for name, text in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


COMMANDS = re.findall(r"^radbench (ratings \S.*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(command: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    assert status(*shlex.split(command)) == 0
    assert capsys.readouterr().out


def test_the_page_lists_every_format():
    assert set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)) == set(FORMATS)


def test_the_summary_tells_counts_raters_agreement_and_how_intervals_were_made(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert status("ratings", "reader-study.csv", "--seed", "3") == 0
    said = capsys.readouterr().out
    assert "reader-study.csv: 8 ratings, 4 texts (credentialed)" in said
    assert "quality: scale ordinal:1..5, 4 items (2 studies, 2 systems), 2 ratings each, mean 3.750" in said
    assert "raters: ann (4), ben (4)" in said
    assert re.search(r"percent agreement +0\.500  \[", said)
    assert "95% percentile, cluster bootstrap by study, 2000 draws, seed 3; fewer than 30: do not lean on these intervals" in said


def test_the_same_seed_gives_the_same_json(folder: Path, capsys: pytest.CaptureFixture[str]):
    printed = []
    for _ in range(2):
        assert status("ratings", "reader-study.csv", "--json", "--access", "open") == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    document = json.loads(printed[0])
    assert (document["access"], document["intervals"]["cluster"]) == ("open", "study")
    assert document["criteria"][0]["n_items_of"] == {"ann": 4, "ben": 4}


def test_ratings_are_written_as_a_long_table_without_texts(folder: Path):
    assert status("ratings", "wide.csv", "--map", "mapping.yaml", "--to", "long.csv") == 0
    assert "Clear lungs" not in (folder / "long.csv").read_text("utf-8")
    assert status("ratings", "long.csv") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs a file of ratings"),
        (["reader-study.csv", "--criterion", "qualty"], "did you mean `quality`"),
        (["reader-study.csv", "--scale", "ordinal:1..5"], "--scale: expected CRITERION=SCALE"),
        (["wide.csv"], "of which format?"),
        (["absent.csv"], "there is no such file or folder of ratings"),
    ],
)
def test_a_mistake_of_the_user_is_one_sentence_and_exit_2(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert status("ratings", *arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_formats_are_listed(capsys: pytest.CaptureFixture[str]):
    assert status("ratings", "--formats") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FORMATS)
