"""A column over several data sets: clusters are drawn within each, values averaged or all cases pooled."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from bench import TASK, Bench, rows

from radbench.catalog.cards import BoardCard
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import find_runs
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.cells import Cell
from radbench.leaderboard.combined import Drawn, Over, drawn_together
from radbench.leaderboard.printing.provenance import as_csv
from radbench.leaderboard.printing.reading import footnotes
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings
from radbench.statistics.bootstrap import percentile_interval
from radbench.statistics.proportions import wilson_interval

SECOND = "bench.second"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Two tasks: 12 questions of 4 patients, and 30 of 10 others."""
    made = Bench(tmp_path / "bench", n=12)
    made.write_rows([{**row, "patient": f"other {row['patient']}"} for row in rows(30)], split="second")
    made.score["metrics"] = ["answer-text", "bleu", "cider", "classification"]
    made.write_card()
    card = {"title": "More", "ask": {**made.ask, "split": "second"}, "score": made.score, "hashes": {1: "0" * 16}}
    (made.cards / f"{SECOND}.yaml").write_text(yaml.safe_dump(card, sort_keys=False))
    return made


def ran(bench: Bench, right: int = 9) -> None:
    """A model that says the same of all questions after some that it answers right."""
    lines = [f'{{"id": "q{i}", "output": "{f"answer to q{i}" if i < right else "something else"}"}}\n' for i in range(90)]
    (bench.folder / "model.jsonl").write_text("".join(lines))
    (bench.cards / "model.yaml").write_text(
        yaml.safe_dump({"title": "M", "family": "replay", "arguments": {"file": str(bench.folder / "model.jsonl")}})
    )
    catalog = bench.catalog()
    asking = Asking(out=bench.out, data_dirs={"jsonl": bench.data})
    plans = plan_all(catalog, [catalog.model("model")], [catalog.task(TASK), catalog.task(SECOND)], asking)
    assert all(result.is_whole for result in evaluate_all(plans, asking, Control(), IntervalSettings(draws=400)))


def board(bench: Bench, **column: Any) -> Board:
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": [TASK, SECOND], **column}]})
    return build(card, find_runs(bench.out), bench.catalog())


def only_cell(found: Board) -> Cell:
    (line,) = found.lines
    assert line.cells[0] is not None
    return line.cells[0]


def test_the_average_counts_each_data_set_alike_and_pooling_counts_each_case_alike(bench: Bench) -> None:
    ran(bench)
    average, pooled = only_cell(board(bench)), only_cell(board(bench, over="pooled"))
    values = [part.value.value for part in average.parts]
    sizes = [part.value.n_scored for part in average.parts]

    assert average.value == pytest.approx(np.mean(values))
    assert pooled.value == pytest.approx(np.average(values, weights=sizes))
    assert values[0] != values[1]


def test_an_averaged_and_a_pooled_column_are_told_apart_in_notes_and_in_every_cell_that_is_exported(bench: Bench) -> None:
    ran(bench)
    columns = [{"task": [TASK, SECOND], "over": over} for over in ("average", "pooled")]
    made = build(BoardCard.model_validate({"name": "b", "title": "B", "columns": columns}), find_runs(bench.out), bench.catalog())

    both = f"{TASK} + {SECOND} (exact_match,"
    assert [row["column"] for row in csv.DictReader(io.StringIO(as_csv(made)))] == [f"{both} average)", f"{both} pooled)"]
    told = "others from draws of clusters within each data set"
    average = f"the mean of the values of {TASK}, {SECOND}; intervals of shares put together from Wilson's of each"
    pooled = f"the value of all cases of {TASK}, {SECOND}; intervals of shares Wilson's of all cases"
    assert f"{both} average): {average}, {told}" in footnotes(made)
    assert f"{both} pooled): {pooled}, {told}" in footnotes(made)


@pytest.mark.parametrize("over", ["average", "pooled"])
def test_the_interval_is_narrower_than_that_of_the_smaller_data_set(bench: Bench, over: str) -> None:
    ran(bench)
    cell = only_cell(board(bench, over=over))
    smaller = cell.parts[0].value.ci

    assert cell.ci is not None
    assert cell.value is not None
    assert cell.ci[0] < cell.value < cell.ci[1]
    assert smaller is not None
    assert cell.ci[1] - cell.ci[0] < (smaller[1] or 0) - (smaller[0] or 0)


def drawn(bench: Bench, over: Over, tasks: Sequence[str] = (TASK, SECOND)) -> Drawn:
    """The share of right answers on some tasks, and its draws."""
    folders = {folder.read_run().task: folder for folder in find_runs(bench.out)}
    parts = [(folders[task], folders[task].read_summary().values[0]) for task in tasks]
    (found,) = drawn_together([parts], over, 2000, 0, bench.catalog())
    assert isinstance(found, Drawn)
    return found


def test_the_variance_of_an_average_is_that_of_independent_draws(bench: Bench) -> None:
    """A quarter of the sum of both variances: draws of other patients must not move together."""
    bench.write_rows(rows(60))
    bench.write_rows([{**row, "patient": f"other {row['patient']}"} for row in rows(90)], split="second")
    ran(bench)
    alone = [drawn(bench, "average", [task]).drawn for task in (TASK, SECOND)]

    assert drawn(bench, "average").drawn.var() == pytest.approx((alone[0].var() + alone[1].var()) / 4, rel=0.1)  # of 2000 draws


def test_patients_of_several_tasks_of_a_data_set_are_drawn_for_all_of_them_at_once(bench: Bench) -> None:
    """The same questions under two names are no more certain than once."""
    bench.write_rows(rows(12), split="second")
    ran(bench)

    once, twice = drawn(bench, "average", [TASK]), drawn(bench, "average")
    assert twice.point == once.point
    assert np.array_equal(twice.drawn, once.drawn)
    assert np.allclose(drawn(bench, "pooled").drawn, once.drawn)
    assert twice.of_shares == pytest.approx(once.of_shares)


def test_the_interval_of_a_share_without_any_wrong_answer_has_a_width(bench: Bench) -> None:
    """Draws with a case of both are all 1. A cluster without a wrong answer is worth one case: 4 patients here, 10 there."""
    right = [{**row, "answer": f"answer to {row['id']}"} for row in rows(30)]
    bench.write_rows(right[:12])
    bench.write_rows([{**row, "patient": f"other {row['patient']}"} for row in right], split="second")
    ran(bench, right=90)
    average, pooled = drawn(bench, "average"), drawn(bench, "pooled")

    assert (average.point, pooled.point) == (1, 1)
    assert np.nanmin(average.drawn) == np.nanmin(pooled.drawn) == 1
    below = [1 - wilson_interval(n, n)[0] for n in (4, 10)]
    assert average.of_shares == pytest.approx((1 - np.hypot(*below) / 2, 1))
    assert pooled.of_shares == pytest.approx(wilson_interval(14, 14))
    assert only_cell(board(bench)).ci == average.of_shares
    assert only_cell(board(bench, over="pooled")).ci == pooled.of_shares


def test_the_interval_of_a_share_is_no_narrower_for_a_second_task_on_the_same_patients(bench: Bench) -> None:
    for split in ("test", "second"):
        bench.write_rows([{**row, "answer": f"answer to {row['id']}"} for row in rows(12)], split=split)
    ran(bench, right=90)

    assert drawn(bench, "pooled").of_shares == pytest.approx(wilson_interval(4, 4))
    assert drawn(bench, "average").of_shares == pytest.approx(wilson_interval(4, 4))


def test_a_value_that_is_no_share_of_cases_has_its_interval_from_draws(bench: Bench) -> None:
    ran(bench)
    cell = only_cell(board(bench, value="bleu-2"))

    (made,) = drawn_together([[(part.folder, part.value) for part in cell.parts]], "average", 400, 0, bench.catalog())
    assert isinstance(made, Drawn)
    assert made.of_shares is None
    assert cell.ci == percentile_interval(made.drawn, 0.95)


def test_two_files_are_two_data_sets_though_their_patients_bear_the_same_numbers(bench: Bench) -> None:
    for split in ("train", "second"):
        bench.write_rows(rows(12), split=f"other-{split}")
    path = bench.cards / f"{SECOND}.yaml"
    card = yaml.safe_load(path.read_text())
    card["ask"]["dataset_options"]["file"] = "other-{split}.jsonl"
    path.write_text(yaml.safe_dump(card, sort_keys=False))
    ran(bench)

    once, twice = drawn(bench, "average", [TASK]), drawn(bench, "average")
    assert twice.point == once.point
    assert twice.drawn.var() == pytest.approx(once.drawn.var() / 2, rel=0.15)  # of 2000 draws


def test_a_value_that_depends_on_its_corpus_is_averaged_but_not_pooled(bench: Bench) -> None:
    ran(bench)

    assert only_cell(board(bench, value="cider")).value is not None
    pooled = board(bench, value="cider", over="pooled")
    assert not pooled.lines
    assert any("over: average" in note for note in pooled.notes)


def test_a_value_that_depends_on_its_labels_is_pooled_where_they_are_the_same(bench: Bench) -> None:
    bench.write_rows([{**row, "answer": ("left", "right")[i % 2]} for i, row in enumerate(rows(6))], split="second")
    bench.write_rows([{**row, "answer": ("left", "right")[i % 2]} for i, row in enumerate(rows(12))])
    ran(bench)

    assert only_cell(board(bench, value="accuracy", over="pooled")).value is not None


def test_a_model_without_a_run_on_one_of_the_data_sets_has_no_cell(bench: Bench) -> None:
    ran(bench)
    for folder in find_runs(bench.out):
        if folder.read_run().task == SECOND:
            folder.run.unlink()

    assert not board(bench).lines
