"""Run ids and files: a model's card means the same from anywhere, and another file's content is another run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import radbench
from radbench.catalog import Catalog
from radbench.cli import main
from radbench.evaluation import Asking, plan_all
from radbench.records import Settings
from radbench.running.plan import Plan

WEIGHTY = """
from pathlib import Path

from radbench import Reply, register
from radbench.errors import MissingDataError


@register("model", "weighty")
class Weighty:
    batch_size = 8

    def __init__(self, *, weights: str):
        self.weights = Path(weights)

    def load(self, reader):
        if not self.weights.exists():
            raise MissingDataError(f"no weights at {self.weights}")

    def identity(self):
        return {"weights": self.weights.read_text()}

    def generate(self, requests):
        return [Reply(output=self.weights.read_text()) for _ in requests]
"""


def cards(folder: Path, reply: str = "yes") -> Path:
    """A folder with a card that replays a file beside it."""
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("title: Mine\nfamily: replay\narguments: {file: said.jsonl}\n")
    (folder / "said.jsonl").write_text(json.dumps({"id": "a", "prediction": reply}) + "\n")
    return folder


def plan(card: str | Path, *, catalog: Path | str | None = None, **options: object) -> Plan:
    found = Catalog([catalog] if catalog else [])
    (one,) = plan_all(found, [found.model(card)], [found.task("demo.vqa")], Asking(settings=Settings(limit=1), model_options=options))
    return one


def status(*arguments: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    return int(str(leaving.value.code or 0))


def test_a_card_gives_one_run_id_by_whatever_path_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cards(tmp_path / "deep" / "cards")
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    found = [
        plan(folder / "mine.yaml"),
        plan("deep/cards/mine.yaml"),
        plan("./deep/../deep/cards/mine.yaml"),
        plan("link/mine.yaml"),
        plan("mine", catalog=folder),
        plan("mine", catalog="link"),
    ]
    ids = [one.run_id for one in found]
    monkeypatch.chdir(folder)
    ids += [plan("./mine.yaml").run_id, plan("mine", catalog=os.curdir).run_id]

    assert len(set(ids)) == 1


def test_a_card_that_moves_with_its_file_keeps_its_run_id_and_another_content_has_another(tmp_path: Path) -> None:
    here, there, other = cards(tmp_path / "a"), cards(tmp_path / "b"), cards(tmp_path / "c", reply="no")

    assert plan(here / "mine.yaml").run_id == plan(there / "mine.yaml").run_id != plan(other / "mine.yaml").run_id
    before = plan(here / "mine.yaml").run_id
    (here / "said.jsonl").write_text((other / "said.jsonl").read_text())
    assert plan(here / "mine.yaml").run_id == plan(other / "mine.yaml").run_id != before


def test_a_file_of_the_command_line_counts_by_content_and_is_kept_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cards(tmp_path / "cards")
    monkeypatch.chdir(folder)
    near = plan("replay", file="said.jsonl")
    far = plan("replay", file=str(folder / "said.jsonl"))

    assert near.run_id == far.run_id
    assert near.model_record()["options"] == far.model_record()["options"] == {"file": str(folder / "said.jsonl")}


def test_folders_and_weights_count_by_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")
    monkeypatch.chdir(tmp_path)

    def key(place: str) -> str:
        return plan("chexbert", weights=place, tokenizer=f"{place}/tokenizer").run_id

    assert key("one") == key("./one") == key(str(tmp_path / "one")) == key("link") != key("two")
    assert plan("chexbert", weights="org/name").model_key["options"] == {"weights": "org/name"}


def test_a_run_of_a_card_with_a_relative_path_is_repeated_from_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = radbench.evaluate("constant-yes", "demo.vqa", out=tmp_path / "first", limit=4, draws=0)
    folder = cards(tmp_path / "cards")
    (folder / "said.jsonl").write_bytes(said.folder.predictions.read_bytes())
    monkeypatch.chdir(tmp_path)
    run = radbench.evaluate("cards/mine.yaml", "demo.vqa", out="runs", limit=4, draws=0)
    again = run.folder.path.resolve()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert status("rerun", str(again), "--out", "again") == 0
    assert "replies: 4 of 4 the same, word for word" in capsys.readouterr().out


def test_weights_that_were_moved_are_named_when_a_run_is_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalog = tmp_path / "cards"
    catalog.mkdir()
    (catalog / "weighty.py").write_text(WEIGHTY)
    for place in ("then", "now"):
        (tmp_path / place).write_text("yes")
    options = {"weights": str(tmp_path / "then")}
    run = radbench.evaluate("weighty", "demo.vqa", out=tmp_path / "runs", limit=3, draws=0, model_options=options, catalog=[catalog])
    (tmp_path / "then").unlink()
    asked = ["rerun", str(run.folder.path), "--catalog", str(catalog)]

    assert status(*asked) == 2
    assert status(*asked, "--weights", f"weighty={tmp_path / 'now'}") == 0
    assert "replies: 3 of 3 the same, word for word" in capsys.readouterr().out
