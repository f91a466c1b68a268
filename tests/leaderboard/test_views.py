"""Breakdowns, efficiency, case scatters and views, on the board that holds everything."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bench import TASK, Bench
from boards import NASTY, everything
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ScoringError
from radbench.folder import RunFolder, find_runs
from radbench.leaderboard.board import Board
from radbench.leaderboard.breakdown import DATA_SETS, board_of, break_down, ways
from radbench.leaderboard.cases.scatter import scatter
from radbench.leaderboard.cells import Cell, Line, Outlay
from radbench.leaderboard.costs import COSTS, Usage, parameter_count, usage
from radbench.leaderboard.efficiency import Spent, efficiency, pareto
from radbench.leaderboard.views import headings, under, where
from radbench.scoring.stored import StoredRun


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("views") / "bench", n=60)


@pytest.fixture(scope="module")
def board(bench: Bench) -> Board:
    return everything(bench)


def stored(bench: Bench, model: str) -> StoredRun:
    folder = next(f for f in find_runs(bench.out) if f.read_run().model == model and f.read_run().settings.images == "real")
    return StoredRun.open(folder, bench.catalog())


def test_a_value_by_a_subgroup_has_the_values_of_the_summary_and_every_case_once(bench: Bench, board: Board):
    made = board_of(TASK, "exact_match", find_runs(bench.out), bench.catalog())
    assert ways(made) == ["kind"]
    found = break_down(made, "kind")
    assert found.levels == ("even", "odd")
    for line, whole, parts in found.lines:
        if line.kind == "control":
            continue
        assert whole is not None
        assert [part.n for part in parts if part] == [30, 30]
        assert sum(part.value * part.n for part in parts if part and part.value is not None) == pytest.approx(whole.value * 60)


def test_the_span_of_a_breakdown_covers_its_levels(bench: Bench, board: Board):
    found = break_down(board_of(TASK, "exact_match", find_runs(bench.out), bench.catalog()), "kind")
    low, high = found.span()
    values = [part.value for _, _, parts in found.lines for part in parts if part and part.value is not None]
    assert (low, high) == (min(values), max(values))


def test_a_value_by_data_set_has_a_level_for_each_task_that_has_it(bench: Bench, board: Board):
    made = board_of(TASK, "exact_match", find_runs(bench.out), bench.catalog(), others=("demo.vqa",))
    assert break_down(made, DATA_SETS).levels == (TASK,)


def test_values_of_single_findings_are_levels_with_their_support_as_n(tmp_path: Path):
    bench = Bench(tmp_path / "bench", n=9)
    result = bench.run("majority")
    folder = result.folder if isinstance(result.folder, RunFolder) else RunFolder(result.folder)
    summary = folder.read_summary()
    value = summary.values[0]
    more = [value.model_copy(update={"id": name, "value": number}) for name, number in (("f1:nodule", 0.5), ("support:nodule", 4.0))]
    folder.summary.write_text(summary.model_copy(update={"values": (*summary.values, *more)}).model_dump_json())

    made = board_of(TASK, "", [folder], bench.catalog())
    assert ways(made) == ["kind", "f1:"]
    ((_, _, (part,)),) = break_down(made, "f1:").lines
    assert part is not None
    assert (part.value, part.n) == (0.5, 4)


def test_a_heading_shows_its_columns_and_the_lines_that_have_a_number_there(board: Board):
    assert headings(board) == ["answers_&", ""]
    part = under(board, "answers_&")
    assert [column.name for column in part.columns] == ["exact 100%", TASK]
    assert part.lines[-1].name == NASTY
    assert under(board, "").lines == ()


def test_under_a_heading_the_best_of_its_first_column_comes_first_within_each_kind(board: Board):
    turned = replace(board, card=board.card.model_copy(update={"columns": board.columns[1:]}))
    turned = replace(turned, lines=tuple(replace(line, cells=line.cells[1:]) for line in reversed(board.lines)))
    assert [line.name for line in under(turned, "answers_&").lines if line.kind == "model"] == ["model_a", "model_b", "model_c"]


def test_lines_are_found_by_name_kind_and_class(board: Board):
    assert {line.name for line in where(board, text=" MODEL_c ").lines} == {"model_c", "model_c (images none)"}
    assert {line.kind for line in where(board, kinds=["baseline", "reported"]).lines} == {"baseline", "reported"}
    assert {line.name for line in where(board, kinds=["model"], classes=["zero-shot"]).lines} == {"model_a", "model_b", "model_c"}
    assert where(board).lines == board.lines


def test_two_runs_case_by_case_give_all_cases_once_the_widest_gap_first(bench: Bench, board: Board):
    spots = scatter(stored(bench, "model_a"), stored(bench, "model_c"), "exact_match")
    assert {(spot.first, spot.second): len(spot.samples) for spot in spots} == {(1.0, 0.0): 47, (1.0, 1.0): 3, (0.0, 0.0): 10}
    assert spots[0].gap == 1.0
    assert spots[0].samples[0] == "q10"


def test_a_value_that_no_run_has_cannot_be_scattered(bench: Bench, board: Board):
    with pytest.raises(ScoringError, match="has no value `exact_macth`"):
        scatter(stored(bench, "model_a"), stored(bench, "model_c"), "exact_macth")


def test_usage_counts_answered_lines_alone_and_passes_over_a_torn_end(tmp_path: Path):
    lines = [
        {"output": "a", "seconds": 0.5, "tokens": {"prompt": 10, "output": 2}},
        {"output": "b", "seconds": 1.5},
        {"error": "refused", "seconds": 9.0, "tokens": {"prompt": 10, "output": 0}},
        {"output": "c"},
    ]
    path = tmp_path / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"output": "d", "seconds": 3')
    assert usage(path) == Usage(n_timed=2, seconds=2.0, n_counted=1, prompt_tokens=10, output_tokens=2)
    assert usage(tmp_path / "none") == Usage()


def test_costs_are_those_of_a_reply_and_a_price_follows_from_the_cards_prices(board: Board, tmp_path: Path):
    priced = {"prices": {"prompt": 2.0, "output": 10.0, "per": 1000, "currency": "EUR"}}
    reply = {"output": "a", "seconds": 2.0, "tokens": {"prompt": 100, "output": 10}}
    (tmp_path / "predictions.jsonl").write_text(4 * f"{json.dumps(reply)}\n")
    line = next(line for line in board.lines if line.name == "model_a")
    cell = line.cells[0]
    assert cell is not None
    (part,) = cell.parts
    card = {**part.run.model_card, "options": priced, "about": {"parameters": "7B"}}
    run = part.run.model_copy(update={"model_card": card, "memory": {"main": 3 * 2**30}})
    cell = replace(cell, parts=(replace(part, run=run, folder=RunFolder(tmp_path)),))

    (spent,) = efficiency(replace(board, lines=(replace(line, cells=(cell, *line.cells[1:])),)), 0)

    assert spent.costs == {
        "seconds": Outlay(2.0, 4),
        "memory": Outlay(3.0),
        "gpu_memory": Outlay(None),
        "tokens": Outlay(110.0, 4),
        "price": Outlay(1000 * (100 * 2 + 10 * 10) / 1000, 4, "EUR"),
        "parameters": Outlay(7.0),
    }


def test_controls_and_reports_have_no_costs(board: Board):
    assert {one.line.kind for one in efficiency(board, 0)} == {"model", "baseline"}


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 1)), max_size=12))
def test_nothing_on_the_frontier_is_beaten_and_all_else_is(points: list[tuple[float, float]]):
    spent = [_spent(cost, quality) for cost, quality in points]
    front = {_point(one) for one in pareto(spent, "seconds")}
    for one in map(_point, spent):
        beaten = any(other != one and other[0] <= one[0] and other[1] >= one[1] for other in map(_point, spent))
        assert (one in front) != beaten


def _spent(cost: float, quality: float) -> Spent:
    cell = Cell(value=quality, ci=None, exposure="unknown")
    return Spent(Line("m", "model", (cell,)), cell, {**dict.fromkeys(COSTS, Outlay(None)), "seconds": Outlay(cost)})


def _point(spent: Spent) -> tuple[float | None, float | None]:
    return spent.cost("seconds"), spent.cell.value


@pytest.mark.parametrize(
    ("text", "count"),
    [("7B", 7e9), ("0.5 B", 5e8), ("110M", 1.1e8), ("1.3T parameters", 1.3e12), ("unstated", None), ("", None), ("12 layers", None)],
)
def test_parameter_counts_are_read_as_makers_write_them(text: str, count: float | None):
    assert parameter_count(text) == count
