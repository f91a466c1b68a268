"""Rank intervals and significance groups of a board."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.catalog.cards import BoardCard
from radbench.folder import find_runs
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.comparing.compare import compare
from radbench.leaderboard.comparing.sheet import CompareSettings
from radbench.leaderboard.selection import select
from radbench.leaderboard.standing import infer


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench", n=60)


def ran(bench: Bench, name: str, *, right: int, trained_on: tuple[str, ...] = ()) -> None:
    """Run a model that gives the reference to the first `right` questions."""
    references = [row["answer"] for row in map(json.loads, (bench.data / "test.jsonl").read_text().splitlines())]
    lines = [json.dumps({"id": f"q{i}", "output": text if i < right else "nothing"}) for i, text in enumerate(references)]
    (bench.folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    about = {"trained_on": {"bench": list(trained_on)}}
    card = {"title": name, "family": "replay", "arguments": {"file": str(bench.folder / f"{name}.jsonl")}, "about": about}
    (bench.cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
    bench.run(name)


def board(bench: Bench, task: list[str] | None = None) -> Board:
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": task or [TASK]}]})
    return infer(build(card, find_runs(bench.out), bench.catalog()), bench.catalog(), draws=1000)


def test_models_far_apart_differ_and_models_near_each_other_share_a_letter(bench: Bench) -> None:
    ran(bench, "good", right=60)
    ran(bench, "nearly-as-good", right=57)
    ran(bench, "bad", right=0)

    standings = {line.name: line.cells[0].standing for line in board(bench).lines if line.cells[0]}
    good, near, bad = (standings[name] for name in ("good", "nearly-as-good", "bad"))

    assert good is not None
    assert near is not None
    assert bad is not None
    assert (bad.low, bad.high, bad.differs) == (3, 3, {"good", "nearly-as-good"})
    assert good.differs == near.differs == {"bad"}
    assert set(good.letters) & set(near.letters)
    assert not set(good.letters) & set(bad.letters)
    assert (good.low, near.high) == (1, 2)


def test_classes_of_exposure_share_no_group_and_a_class_of_one_has_none(bench: Bench) -> None:
    ran(bench, "unseen", right=60)
    ran(bench, "seen", right=0, trained_on=("train",))

    found = board(bench)

    assert [line.cells[0].standing for line in found.lines if line.cells[0]] == [None, None]
    assert found.tests == ()


def test_groups_of_two_classes_have_no_letter_in_common(bench: Bench) -> None:
    for name, right, splits in (("a", 60, ()), ("b", 0, ()), ("c", 50, ("train",)), ("d", 49, ("train",))):
        ran(bench, name, right=right, trained_on=splits)

    letters = {line.name: cell.standing.letters for line in board(bench).lines if (cell := line.cells[0]) and cell.standing}

    assert letters == {"a": "a", "b": "b", "c": "c", "d": "c"}


def test_a_model_whose_rows_are_older_than_its_replies_has_no_rank_and_that_is_told(bench: Bench) -> None:
    for name, right in (("good", 60), ("fair", 30), ("bad", 0)):
        ran(bench, name, right=right)
    (stale,) = [folder for folder in find_runs(bench.out) if folder.read_run().model == "fair"]
    with stale.predictions.open("ab") as journal:
        journal.write(stale.predictions.read_bytes().splitlines(keepends=True)[0])

    found = board(bench)

    assert {line.name for line in found.lines if (cell := line.cells[0]) and cell.standing} == {"good", "bad"}
    (told,) = [note for note in found.notes if "no ranks of" in note]
    assert told.startswith(f"{TASK}, zero-shot: no ranks of fair: ")
    assert "radbench score" in told


def test_runs_that_cannot_be_ranked_are_told_in_one_short_sentence(bench: Bench) -> None:
    for i in range(6):
        ran(bench, f"model-{i}", right=10 * i)
    for folder in find_runs(bench.out):
        folder.cases.unlink()
        for file in folder.scores.iterdir():
            file.unlink()

    (told,) = [note for note in board(bench).notes if "no ranks" in note]
    assert told.endswith("; and 3 more")


def test_there_are_groups_however_few_draws_are_asked_for(bench: Bench) -> None:
    """Of a hundred models no pair could be significant in 10,000 swaps: there are as many as their pairs take."""
    ran(bench, "good", right=60)
    ran(bench, "fair", right=30)
    ran(bench, "bad", right=0)
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": [TASK]}]})

    found = infer(build(card, find_runs(bench.out), bench.catalog()), bench.catalog(), draws=10)

    assert [cell.standing.letters for line in found.lines if (cell := line.cells[0]) and cell.standing] == ["a", "b", "c"]
    assert "Holm over 3 pairs at 0.05, 10 to 59 draws" in found.tests[0]


def test_tests_are_told_of_the_columns_that_are_shown(bench: Bench) -> None:
    ran(bench, "one", right=60)
    ran(bench, "two", right=30)
    columns = [{"task": TASK, "value": value, "title": value} for value in ("exact_match", "token_f1")]
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": columns})

    found = infer(build(card, find_runs(bench.out), bench.catalog()), bench.catalog(), draws=1000)

    (said,) = found.tests  # answers are right or wrong: both tests are the same
    assert said.startswith("ranks and groups of exact_match, exposure zero-shot; token_f1, exposure zero-shot: ")
    (said,) = select(found, columns=["token_f1"]).tests
    assert said.startswith("ranks and groups of token_f1, exposure zero-shot: ")


def test_each_test_is_told_with_its_size_and_correction(bench: Bench) -> None:
    ran(bench, "one", right=60)
    ran(bench, "two", right=30)

    (said,) = board(bench).tests
    assert said.startswith(f"ranks and groups of {TASK} (exact_match), exposure zero-shot: ")
    assert "Holm over 1 pair at 0.05" in said
    assert "60 cases of 20 clusters (patient)" in said


def test_a_test_says_which_difference_it_would_find(bench: Bench) -> None:
    """That of `compare`, which has it from the standard error by cluster; a board has it from its draws."""
    ran(bench, "one", right=60)
    ran(bench, "two", right=30)

    (said,) = board(bench).tests
    (pair,) = compare(find_runs(bench.out), bench.catalog(), CompareSettings(draws=1000)).tables[0].pairs
    told = re.search(r"finds a true difference of ([0-9.]+) with a power of 80% \(median pair, before correction\)", said)
    assert told
    assert pair.detectable is not None
    assert float(told[1]) == pytest.approx(pair.detectable, rel=0.1)  # of 1000 draws of 20 clusters, told with two digits


def test_baselines_and_reports_are_in_no_group(bench: Bench) -> None:
    ran(bench, "one", right=60)
    bench.run("majority")

    found = board(bench)
    assert [line.cells[0].standing for line in found.lines if line.cells[0]] == [None, None]
