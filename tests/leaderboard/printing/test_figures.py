"""Figures of a board: what is drawn, the same bytes each time, and names of any kind."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bench import Bench
from boards import everything

from radbench.folder import RunFolder
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line, Part
from radbench.leaderboard.printing.cost_figure import spread
from radbench.leaderboard.printing.figures import draw, figures

if TYPE_CHECKING:
    from matplotlib.transforms import Bbox

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


@pytest.fixture(autouse=True)
def _fonts_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib lists the machine's fonts at its first start, which takes seconds; that list outlives the test's home."""
    monkeypatch.setenv("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "radbench-tests-matplotlib"))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    found = everything(Bench(tmp_path_factory.mktemp("figures") / "bench", n=60))
    for asked in (asked for line in found.lines for cell in line.cells if cell for asked in cell.runs):
        _timed(asked.folder, float(len(asked.run.model)))
    return found


def _timed(folder: RunFolder, seconds: float) -> None:
    """Say the same time of all replies, so that the same board gives the same bytes."""
    replies = [json.loads(line) for line in folder.predictions.read_text().splitlines()]
    folder.predictions.write_text("".join(f"{json.dumps({**reply, 'seconds': seconds})}\n" for reply in replies))


@pytest.fixture(scope="module")
def drawn(board: Board, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw(board, tmp_path_factory.mktemp("drawn"))


def test_each_figure_comes_in_three_formats_and_is_the_same_again(board: Board, drawn: list[Path], tmp_path: Path) -> None:
    again = draw(board, tmp_path)

    assert {path.name for path in drawn} == {
        f"{name}-1-answers.{end}" for name in ("forest", "ranks", "cost") for end in ("svg", "pdf", "png")
    }
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]


USUAL = "A-Model-{}-multimodal-instruct-72B"
LONG = "A-Model-{}-whose-makers/gave-it-a-name-of-many-words (temperature=0.7, max_new_tokens=2048, first 200)"


def many(board: Board, n: int, name: str) -> Board:
    """The board with n models of that name instead of its own, each with its rank and costs."""
    (model,) = (line for line in board.lines if line.name == "model_a")
    others = [line for line in board.lines if line.kind != "model"]

    def heavy(part: Part, i: int) -> Part:
        return replace(part, run=part.run.model_copy(update={"memory": {"main": (20 + i % 5) * 2**26 + i}}))

    def changed(cell: Cell, i: int) -> Cell:
        standing = cell.standing and replace(cell.standing, high=n)
        parts = tuple(heavy(part, i) for part in cell.parts)
        return replace(cell, value=0.3 + 0.6 * (i * 7 % n) / n, rank=1 + i, standing=standing, parts=parts)

    def copy(i: int) -> Line:
        cells = [cell and changed(cell, i) for cell in model.cells]
        return replace(model, name=name.format(f"{i:02}"), cells=tuple(cells))

    return replace(board, lines=(*map(copy, range(n)), *others))


@pytest.mark.parametrize(("n", "called"), [(3, USUAL), (25, USUAL), (5, LONG)])
def test_all_words_of_a_figure_lie_within_it_and_those_along_an_axis_beside_one_another(board: Board, n: int, called: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    names = []
    for name, _, figure in figures(many(board, n, called)):
        names.append(name)
        FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]  # matplotlib's
        assert not any("mathdefault" in text.get_text() for text in figure.findobj(Text))
        inked, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert -0.01 <= inked.x0 <= inked.x1 <= width + 0.01, name
        assert -0.01 <= inked.y0 <= inked.y1 <= height + 0.01, name
        for ax in figure.axes:
            along = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
            low, high = ax.get_window_extent().x0 - 1, ax.get_window_extent().x1 + 1
            seen = [box for box in along if low <= (box.x0 + box.x1) / 2 <= high]
            assert all(one.x1 <= other.x0 for one, other in pairwise(sorted(seen, key=lambda box: box.x0))), (
                name,
                [label.get_text() for label in ax.get_xticklabels()],
            )
            numbers = [text.get_window_extent() for text in ax.texts if name.startswith("cost")]
            assert not any(one.overlaps(other) for one, other in combinations(map(_inner, numbers), 2)), (name, ax.get_xlabel())
            down = [label.get_window_extent() for label in ax.get_yticklabels() if label.get_text()]
            assert all(one.y1 <= other.y0 + 1 for one, other in pairwise(sorted(down, key=lambda box: box.y0))), (name, ax)

    assert [name.partition("-")[0] for name in names] == ["forest", "ranks", "cost"]


def _inner(box: Bbox) -> Bbox:
    """A box without the space around its digits: an eighth of its height on each side."""
    return box.padded(-box.height / 8)


def test_numbers_of_marks_at_one_place_stand_above_each_other_around_it_in_the_order_of_quality() -> None:
    assert spread([(10, 50)], ["1"], 0, 100) == [50]
    assert spread([(10, 50), (10, 50)], ["1", "2"], 0, 100) == [53.25, 46.75]  # 6.5 points apart
    assert spread([(10, 50), (90, 50)], ["1", "2"], 0, 100) == [50, 50]
    assert spread([(10, 2), (10, 1)], ["1", "2"], 0, 100) == [9.75, 3.25]  # as low as the panel lets them be
    many = spread([(10, 50 + 0.01 * i) for i in range(10)], ["1"] * 10, 0, 65)
    assert [later - earlier for earlier, later in pairwise(many)] == pytest.approx([6.5] * 9)
    assert (many[0], many[-1]) == pytest.approx((3.25, 61.75))


def test_each_figure_says_of_which_board_and_heading_and_by_which_values_it_is(board: Board) -> None:
    group, value = board.columns[0].group, board.columns[0].value
    assert group
    assert value

    for name, _, figure in figures(board):
        words = "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))
        assert f"{board.title}: {group}" in words, name
        assert value in words, name
        assert name.startswith("ranks") == ("among models whose exposure is" in words), name


def test_a_line_whose_costs_nobody_knows_is_named_without_a_number(board: Board) -> None:
    line = next(line for line in board.lines if line.name == "model_a")
    cell = line.cells[0]
    assert cell is not None
    (part,) = cell.parts
    elsewhere = replace(part, folder=RunFolder(part.folder.path / "nothing-here"), run=part.run.model_copy(update={"memory": {}}))
    alone = replace(line, name="nobody-knows", cells=(replace(cell, parts=(elsewhere,)), *(None for _ in line.cells[1:])))

    (figure,) = (figure for name, _, figure in figures(replace(board, lines=(alone, *board.lines))) if name.startswith("cost"))

    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[-1] == "–  nobody-knows (no cost known)"
    assert [label.partition(" ")[0] for label in labels[:-1]] == [str(n + 1) for n in range(len(labels) - 1)]
    assert not any(text.get_text() in ("–", str(len(labels))) for ax in figure.axes for text in ax.texts)


def test_without_ranks_and_costs_only_values_are_drawn(board: Board, tmp_path: Path) -> None:
    bare = replace(board, lines=tuple(line for line in board.lines if line.kind == "reported"))

    assert {path.stem for path in draw(bare, tmp_path)} == {"forest-1-answers"}


def test_a_board_without_numbers_has_no_figure(board: Board, tmp_path: Path) -> None:
    assert draw(replace(board, lines=()), tmp_path) == []


def test_one_changed_value_changes_the_picture(board: Board, drawn: list[Path], tmp_path: Path) -> None:
    line = board.lines[0]
    assert line.cells[0] is not None
    other = replace(board, lines=(replace(line, cells=(replace(line.cells[0], value=0.5), *line.cells[1:])), *board.lines[1:]))

    assert draw(other, tmp_path)[0].read_bytes() != drawn[0].read_bytes()
