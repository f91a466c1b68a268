"""Figures of a board: what is drawn, the same bytes each time, and names of any kind."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from bench import Bench
from boards import everything

from radbench.leaderboard.board import Board
from radbench.leaderboard.efficiency import Usage
from radbench.leaderboard.printing.figures import draw

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


@pytest.fixture(autouse=True)
def _fonts_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib lists the machine's fonts at its first start, which takes seconds; that list outlives the test's home."""
    monkeypatch.setenv("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "radbench-tests-matplotlib"))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return everything(Bench(tmp_path_factory.mktemp("figures") / "bench", n=60))


def timed(path: Path) -> Usage:
    """A model's seconds by the length of its name: any numbers that differ."""
    return Usage(n_timed=1, seconds=float(len(path.parent.parent.name)))


@pytest.fixture(scope="module")
def drawn(board: Board, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(board, tmp_path_factory.mktemp("drawn"), timed)


def test_each_figure_comes_in_three_formats_and_is_the_same_again(board: Board, drawn: list[Path], tmp_path: Path) -> None:
    again = draw(board, tmp_path, timed)

    assert {path.name for path in drawn} == {
        f"{name}-1-answers.{end}" for name in ("forest", "ranks", "cost") for end in ("svg", "pdf", "png")
    }
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]


def test_without_ranks_and_costs_only_values_are_drawn(board: Board, tmp_path: Path) -> None:
    bare = replace(board, lines=tuple(line for line in board.lines if line.kind == "reported"))

    assert {path.stem for path in draw(bare, tmp_path)} == {"forest-1-answers"}


def test_a_board_without_numbers_has_no_figure(board: Board, tmp_path: Path) -> None:
    assert draw(replace(board, lines=()), tmp_path) == []


def test_one_changed_value_changes_the_picture(board: Board, drawn: list[Path], tmp_path: Path) -> None:
    line = board.lines[0]
    assert line.cells[0] is not None
    other = replace(board, lines=(replace(line, cells=(replace(line.cells[0], value=0.5), *line.cells[1:])), *board.lines[1:]))

    assert draw(other, tmp_path, timed)[0].read_bytes() != drawn[0].read_bytes()
