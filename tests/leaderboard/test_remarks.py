"""Metrics outside their scope are marked, and weights that nobody verified are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.catalog.cards import BoardCard
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.printing.latex import latex
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.printing.page import page
from radbench.leaderboard.printing.text import text
from radbench.leaderboard.selection import select


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "bench", n=6)
    made.score["metrics"] = ["answer-text", {"chexbert": {"annotator": "rules-14"}}]
    return made


def board(bench: Bench, about: dict[str, list[str]]) -> Board:
    card = yaml.safe_load((bench.cards / f"{TASK}.yaml").read_text())
    card |= {"score": bench.score, "about": about}
    (bench.cards / f"{TASK}.yaml").write_text(yaml.safe_dump(card))
    bench.run("constant")
    columns = [{"task": TASK}, {"task": TASK, "value": "f1_14_micro", "title": "F1"}]
    return build(BoardCard.model_validate({"name": "b", "title": "B", "columns": columns}), find_runs(bench.out), bench.catalog())


def test_a_metric_used_outside_its_scope_is_marked_in_every_format(bench: Bench) -> None:
    found = board(bench, {"modality": ["CT"], "region": ["head"]})

    assert set(found.outside) == {1}
    assert "made for chest X-ray reports, used on CT of head" in found.outside[1]
    for written in (text(found), markdown(found), page(found)):
        assert "F1‡" in written
        assert "‡ F1" in written
    assert "F1\\textdaggerdbl{}" in latex(found)
    assert set(select(found, ["F1"]).outside) == {0}


def test_within_its_scope_or_where_the_task_says_nothing_there_is_no_mark(bench: Bench) -> None:
    assert not board(bench, {"modality": ["DX"], "region": ["chest"]}).outside


@pytest.mark.parametrize(
    ("signature", "uses", "is_marked"),
    [
        ("grad|by:j@0", [{"gone": {}}, {"chexprompt": {"judge": "j"}}], True),
        ("radgraph|by:radgraph@0", [{"radgraph": {"annotator": "radgraph-xl"}}, {"radgraph": {"annotator": "radgraph"}}], True),
        ("radgraph|by:radgraph-xl@0", [{"radgraph": {"annotator": "radgraph"}}, {"radgraph": {"annotator": "radgraph-xl"}}], False),
    ],
)
def test_a_value_is_held_against_the_scope_of_the_use_that_gave_it(
    bench: Bench, signature: str, uses: list[object], *, is_marked: bool
) -> None:
    card = board(bench, {"modality": ["CT"], "region": ["chest"]}).card
    (folder,) = find_runs(bench.out)
    summary = folder.read_summary()
    values = tuple(value.model_copy(update={"signature": f"{signature}|{value.signature.partition('|')[2]}"}) for value in summary.values)
    write_json(folder.summary, summary.model_copy(update={"values": values, "score": {**summary.score, "metrics": uses}}))

    assert (1 in build(card, find_runs(bench.out), bench.catalog()).outside) == is_marked


def test_weights_without_a_certificate_are_named_and_verified_ones_are_not(bench: Bench) -> None:
    found = board(bench, {})
    (folder,) = find_runs(bench.out)
    _signed_by(folder, "chexbert@0123abcd")
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK, "value": "f1_14_micro"}]})

    again = build(card, find_runs(bench.out), bench.catalog())
    assert not any("never verified" in note for note in found.notes)  # rules have no weights
    assert any("chexbert@0123abcd were never verified: radbench doctor --verify chexbert" in note for note in again.notes)

    _certify(bench.out, "chexbert", "0123abcd" * 2)
    assert not any("never verified" in note for note in build(card, find_runs(bench.out), bench.catalog()).notes)


def _signed_by(folder: RunFolder, by: str) -> None:
    summary = folder.read_summary()
    values = [value.model_copy(update={"signature": value.signature.replace("|by:rules-14@", f"|by:{by},x@")}) for value in summary.values]
    write_json(folder.summary, summary.model_copy(update={"values": tuple(values)}))


def _certify(out: Path, model: str, identity: str) -> None:
    file = out / "certificates" / model / f"{identity}.json"
    file.parent.mkdir(parents=True)
    record = {"model": model, "identity": identity, "weights": "", "stated": {}, "canaries": {}, "date": "", "versions": {}}
    file.write_text(json.dumps({**record, "passed": True, "checks": []}))
