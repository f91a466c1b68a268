"""Classes of exposure: what a card says of training data decides who is ranked with whom."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.catalog.cards import BoardCard
from radbench.folder import find_runs
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.exposure import exposure
from radbench.leaderboard.printing.latex import latex
from radbench.leaderboard.printing.reading import headed
from radbench.leaderboard.printing.text import text


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench", n=12)


def ran(bench: Bench, name: str, answer: str, trained_on: dict[str, list[str]]) -> None:
    """Run a model that always gives the same answer, under a card of its own."""
    card = {
        "title": name,
        "family": "replay",
        "arguments": {"file": str(bench.folder / f"{name}.jsonl")},
        "about": {"trained_on": trained_on},
    }
    lines = [f'{{"id": "q{i}", "output": "{answer.format(i=i)}"}}\n' for i in range(12)]
    (bench.folder / f"{name}.jsonl").write_text("".join(lines))
    (bench.cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
    bench.run(name)


def board(bench: Bench) -> Board:
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK}]})
    return build(card, find_runs(bench.out), bench.catalog())


@pytest.mark.parametrize(
    ("trained_on", "expected"),
    [
        ({}, "unknown"),
        ({"other": ["train"]}, "unknown"),
        ({"bench": []}, "zero-shot"),
        ({"bench": ["train"]}, "trained-on-train"),
        ({"jsonl": ["train", "test"]}, "trained-on-test"),
    ],
)
def test_the_class_follows_from_the_splits_a_card_names(bench: Bench, trained_on: dict[str, list[str]], expected: str) -> None:
    ran(bench, "some-model", "answer to q{i}", trained_on)

    assert exposure(bench.only_run().read_run()) == expected


def test_models_are_ranked_and_marked_within_their_class(bench: Bench) -> None:
    ran(bench, "seen-well", "answer to q{i}", {"bench": ["train"]})
    ran(bench, "seen-badly", "nothing", {"bench": ["train"]})
    ran(bench, "unseen", "nothing at all", {"bench": []})

    cells = {line.name: line.cells[0] for line in board(bench).lines}

    assert {name: (cell.rank, cell.order) for name, cell in cells.items() if cell} == {
        "seen-well": (1, 1),
        "seen-badly": (2, 2),
        "unseen": (1, None),  # no rival in its class: a rank, but nothing to be best of
    }


def test_a_model_below_a_baseline_is_not_marked_as_best(bench: Bench) -> None:
    ran(bench, "weak-model", "nothing", {"bench": []})
    bench.run("majority")

    cells = {line.name: line.cells[0] for line in board(bench).lines}

    assert {name: (cell.rank, cell.order) for name, cell in cells.items() if cell} == {"weak-model": (1, 2), "majority": (None, None)}


def test_classes_stand_under_headings_of_their_own_and_marks_are_explained(bench: Bench) -> None:
    ran(bench, "seen", "answer to q{i}", {"bench": ["train"]})
    ran(bench, "unseen-well", "answer to q{i}", {"bench": []})
    ran(bench, "unseen-badly", "nothing", {"bench": []})
    ran(bench, "silent", "nothing", {})

    found = board(bench)

    assert [(heading, [line.name for line in lines]) for heading, lines in headed(found)] == [
        ("Models, trained on the train split", ["seen"]),
        ("Models, zero-shot", ["unseen-well", "unseen-badly"]),
        ("Models, exposure unknown", ["silent"]),
    ]
    assert "*: best of its class, and no baseline is better" in text(found)
    assert "underlined: second best" in latex(found)
