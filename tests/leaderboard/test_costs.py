"""Columns of costs: what stands in them, where it comes from, and that nothing is ranked or marked by them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.catalog.cards import BoardCard, Cost
from radbench.errors import ContentError
from radbench.evaluation import rescore
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.cells import Cell, Outlay
from radbench.leaderboard.costs import COSTS, frontier
from radbench.leaderboard.printing.provenance import provenance
from radbench.leaderboard.printing.reading import amount
from radbench.leaderboard.standing import infer
from radbench.running.annotations import Annotators
from radbench.scoring import IntervalSettings

PRICES = {"prompt": 1.0, "output": 3.0, "currency": "EUR"}  # of a million tokens


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """`large` is right in all 12, `small` in 6, `wasteful` in 6 at a higher cost than `small`, `majority` is a floor."""
    made = Bench(tmp_path / "bench", n=12)
    for name, right, seconds, gib in (("large", 12, 4.0, 16), ("small", 6, 1.0, 2), ("wasteful", 6, 2.0, 4)):
        folder = _ran(made, name, right)
        _costing(folder, seconds, gib)
        rescore(folder, Annotators(made.catalog(), made.out / "annotations"), IntervalSettings(draws=50))
    made.run("majority")
    return made


def _ran(bench: Bench, name: str, right: int) -> RunFolder:
    references = [row["answer"] for row in map(json.loads, (bench.data / "test.jsonl").read_text().splitlines())]
    lines = [json.dumps({"id": f"q{i}", "output": text if i < right else "nothing"}) for i, text in enumerate(references)]
    (bench.folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    card = {"title": name, "family": "replay", "arguments": {"file": str(bench.folder / f"{name}.jsonl")}, "about": {"parameters": "7B"}}
    (bench.cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
    return bench.run(name).folder


def _costing(folder: RunFolder, seconds: float, gib: int) -> None:
    """As if each reply had taken so long, and 100 and 20 tokens, and the process so much memory of a GPU."""
    tokens = {"prompt": 100, "output": 20}
    replies = [{**json.loads(line), "seconds": seconds, "tokens": tokens} for line in folder.predictions.read_text().splitlines()]
    folder.predictions.write_text("".join(f"{json.dumps(reply)}\n" for reply in replies))
    run = folder.read_run()
    card = {**run.model_card, "options": {**run.model_card["options"], "prices": PRICES}}
    write_json(folder.run, run.model_copy(update={"model_card": card, "memory": {"main": 2**30, "gpu": gib * 2**30}}))


def board(bench: Bench) -> Board:
    columns = [{"task": TASK}, *({"task": TASK, "cost": name} for name in COSTS)]
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": columns})
    return infer(build(card, find_runs(bench.out), bench.catalog()), bench.catalog(), draws=200)


def cells(found: Board, cost: Cost) -> dict[str, Cell]:
    """By the name the model has on its card: prices made its options others."""
    place = 1 + list(COSTS).index(cost)
    return {line.name.partition(" ")[0]: cell for line, cell in found.column(place)}


def test_costs_stand_beside_values_in_the_units_their_headings_name(bench: Bench) -> None:
    found = board(bench)

    assert [column.name for column in found.columns[1:]] == list(COSTS.values())
    assert {name: cells(found, name)["large"].outlay for name in COSTS} == {
        "seconds": Outlay(4.0, 12),
        "memory": Outlay(1.0),
        "gpu_memory": Outlay(16.0),
        "tokens": Outlay(120.0, 12),
        "price": Outlay(1000 * (100 * 1 + 20 * 3) / 1_000_000, 12, "EUR"),
        "parameters": Outlay(7.0),
    }


def test_what_no_run_records_is_said_to_be_missing(bench: Bench) -> None:
    found = board(bench)

    assert {name for name in COSTS if cells(found, name)["majority"].value is None} == {"gpu_memory", "tokens", "price", "parameters"}
    assert amount(Outlay(None)) == "n/r"


def test_the_card_of_a_board_is_read_back_as_it_was_filled_in(bench: Bench) -> None:
    card = board(bench).card

    assert BoardCard.model_validate(card.model_dump(mode="json")) == card


def test_costs_are_neither_ranked_nor_marked_nor_tested(bench: Bench) -> None:
    found = board(bench)
    costs = [cell for line in found.lines for cell in line.cells[1:] if cell]

    assert {(cell.rank, cell.order, cell.standing, cell.ci) for cell in costs} == {(None, None, None, None)}
    assert len(found.tests) == 1


def test_the_frontier_is_what_no_line_beats_at_the_same_or_a_lower_cost(bench: Bench) -> None:
    gpu = cells(board(bench), "gpu_memory")

    assert {name: cell.is_frontier for name, cell in gpu.items()} == {"large": True, "small": True, "wasteful": False, "majority": False}


def test_prices_in_several_currencies_have_no_frontier() -> None:
    euros, dollars = (Outlay(1.0, 1, "EUR"), 0.5), (Outlay(2.0, 1, "USD"), 0.7)
    assert frontier([euros, euros]) == [0]
    assert frontier([euros, dollars]) == []


def test_a_cost_over_several_tasks_needs_a_run_of_each(bench: Bench) -> None:
    columns = [{"task": TASK}, {"task": [TASK, "not.yet"], "cost": "seconds"}]
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": columns})

    assert {line.cells[1] for line in build(card, find_runs(bench.out), bench.catalog()).lines} == {None}


def test_a_cost_names_its_runs_and_how_many_replies_state_it(bench: Bench) -> None:
    told = [cell for cell in provenance(board(bench))["cells"] if cell["model"].startswith("large")]
    by = {cell["value_id"]: cell for cell in told}

    assert (by["seconds"]["shown"], by["seconds"]["n"]) == ("4.00°", "12")
    assert (by["price"]["shown"], by["price"]["value"]) == ("0.160 EUR°", pytest.approx(0.16))
    assert by["gpu_memory"]["n"] == ""
    assert by["seconds"]["runs"] == by["exact_match"]["runs"] != []


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0000123456, "0.0000123"), (0.999, "0.999"), (4.0, "4.00"), (1234567.0, "1234567"), (0.0, "0")]
)
def test_costs_have_three_significant_digits_and_no_exponent(value: float, shown: str) -> None:
    assert amount(Outlay(value)) == shown


def test_a_column_is_of_a_value_or_of_a_cost(bench: Bench) -> None:
    (bench.cards / "both.yaml").write_text("title: T\ncolumns:\n  - {task: t, value: accuracy, cost: seconds}\n")

    with pytest.raises(ContentError, match="expected `cost`, or `value` and `published`, not both"):
        bench.catalog().board(bench.cards / "both.yaml")
