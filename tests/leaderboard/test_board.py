"""Boards: which runs stand in which line, what is compared with what, and how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard, Column
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.printing.reading import decimals, footnotes, scored_by
from radbench.leaderboard.printing.text import text
from radbench.leaderboard.published import COLUMNS as COLUMNS_OF_ROWS
from radbench.leaderboard.selection import select
from radbench.records import Settings
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

COLUMNS = [{"task": "demo.diagnosis"}, {"task": "demo.vqa"}]
CARD = BoardCard.model_validate({"name": "small", "title": "A small | board", "columns": COLUMNS})


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog()


def evaluated(catalog: Catalog, out: Path, models: list[str], tasks: list[str], **settings: object) -> None:
    asking = Asking(out=out, settings=Settings.model_validate({"limit": 12, **settings}))
    plans = plan_all(catalog, list(map(catalog.model, models)), list(map(catalog.task, tasks)), asking)
    assert all(result.is_whole for result in evaluate_all(plans, asking, Control(), IntervalSettings(draws=50)))


def board(catalog: Catalog, out: Path) -> Board:
    return build(CARD, find_runs(out), catalog)


def test_a_line_holds_the_runs_of_one_model_and_a_missing_run_is_a_gap(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.diagnosis", "demo.vqa"])
    evaluated(catalog, tmp_path, ["constant-yes"], ["demo.vqa"])

    found = board(catalog, tmp_path)

    assert [(line.name, line.kind, [cell is not None for cell in line.cells]) for line in found.lines] == [
        ("majority (first 12)", "baseline", [True, True]),
        ("constant-yes (first 12)", "baseline", [False, True]),
    ]
    assert [column.value for column in found.columns] == ["auroc", "exact_match"]


def test_runs_on_the_validation_split_are_no_results(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.diagnosis"])

    assert len(find_runs(tmp_path)) == 2
    assert len(board(catalog, tmp_path).lines) == 1


def test_numbers_with_different_signatures_are_not_compared(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority", "constant-yes"], ["demo.vqa"])
    evaluated(catalog, tmp_path, ["constant-no"], ["demo.vqa"], limit=20)

    found = board(catalog, tmp_path)
    cells = {line.name: line.cells[1] for line in found.lines}

    assert {name: cell.is_comparable for name, cell in cells.items() if cell} == {
        "constant-no (first 20)": False,
        "constant-yes (first 12)": True,
        "majority (first 12)": True,
    }
    assert any("constant-no (first 20) on demo.vqa: not compared" in note and "n 20 against 12" in note for note in footnotes(found))
    assert any(line.startswith("constant-no (first 20)") and "(0." in line for line in text(found).splitlines())


def test_columns_of_one_name_are_told_apart_by_their_heading_and_value() -> None:
    columns = [
        {"task": "demo.vqa", "value": "accuracy", "title": "closed", "group": "A"},
        {"task": "demo.text", "value": "accuracy", "title": "closed", "group": "B"},
        {"task": "demo.text", "value": "f1_macro", "title": "closed", "group": "B"},
        {"task": "demo.text", "value": "rougeL"},
    ]
    found = Board(BoardCard.model_validate({"name": "b", "title": "B", "columns": columns}), (), ())

    assert found.names == ["A closed", "B closed (accuracy)", "B closed (f1_macro)", "demo.text"]


def test_a_selection_says_nothing_of_lines_that_it_leaves_out(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority", "constant-yes"], ["demo.vqa"])
    evaluated(catalog, tmp_path, ["constant-no"], ["demo.vqa"], limit=20)

    found = select(board(catalog, tmp_path), models=["majority (first 12)"])

    assert not any("constant-no" in note for note in footnotes(found))


def test_a_limited_run_is_not_what_whole_runs_are_compared_with(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority", "constant-yes", "constant-no"], ["demo.vqa"])
    evaluated(catalog, tmp_path, ["majority", "nearest-neighbour"], ["demo.vqa"], limit=None)

    cells = {line.name: line.cells[1] for line in board(catalog, tmp_path).lines}

    assert {name for name, cell in cells.items() if cell and cell.is_comparable} == {"majority", "nearest-neighbour"}


def test_baselines_and_controls_have_no_rank_and_are_never_best(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["nearest-neighbour", "constant-no"], ["demo.vqa"])
    evaluated(catalog, tmp_path, ["nearest-neighbour"], ["demo.vqa"], images="blank")

    found = board(catalog, tmp_path)
    kinds = {line.name: (line.kind, cell.rank, cell.order) for line in found.lines if (cell := line.cells[1])}

    assert kinds == {
        "nearest-neighbour (first 12)": ("baseline", None, None),
        "constant-no (first 12)": ("baseline", None, None),
        "nearest-neighbour (first 12, images blank)": ("control", None, None),
    }


def test_a_damaged_run_is_named_and_the_rest_is_shown(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.vqa"])
    damaged = tmp_path / "demo.vqa" / "other" / "0123"
    damaged.mkdir(parents=True)
    (damaged / "run.json").write_text('{"format": 1, "id"')

    found = board(catalog, tmp_path)

    assert len(found.lines) == 1
    assert any("damaged" in note and "0123" in note for note in found.notes)


def test_missing_replies_are_marked_and_counted(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.vqa"])
    (folder,) = find_runs(tmp_path)
    summary = folder.read_summary()
    counts = summary.counts.model_copy(update={"n_failed": 3})
    write_json(folder.summary, summary.model_copy(update={"counts": counts}))

    shown = markdown(board(catalog, tmp_path))

    assert "†" in shown
    assert "majority (first 12) on demo.vqa: 3 of 12 failed" in shown


def test_the_tables_show_the_same_numbers_as_the_summaries(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority", "nearest-neighbour"], ["demo.diagnosis", "demo.vqa"])
    found = board(catalog, tmp_path)
    runs = [folder for folder in find_runs(tmp_path) if folder.read_run().data.split == "test"]

    places = {column.task[0]: decimals(found, place) for place, column in enumerate(found.columns)}
    for shown in (markdown(found), text(found)):
        for summary in map(RunFolder.read_summary, runs):
            primary = next(value for value in summary.values if value.id == summary.score["primary"])
            assert f"{primary.value:.{places[summary.task]}f}" in shown, summary.task
    assert "A small \\| board" in markdown(found)


def test_an_empty_board_says_so(catalog: Catalog, tmp_path: Path) -> None:
    assert "no numbers yet" in text(board(catalog, tmp_path))


def test_a_task_without_a_card_is_named_with_its_runs_and_the_option_that_adds_it(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority", "constant-yes"], ["demo.vqa"])
    for folder in find_runs(tmp_path):
        run = folder.read_run()
        write_json(folder.run, run.model_copy(update={"task": "lab.vqa"}))
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": "lab.vqa"}, {"task": "lab.other"}]})

    told = text(build(card, find_runs(tmp_path), catalog), width=1000)

    assert "no card of the task lab.vqa is known, and its 2 runs are left out: --catalog DIR adds the folder that holds it" in told
    assert "no card of the task lab.other is known: --catalog DIR adds the folder that holds it" in told


def test_a_column_of_published_rows_alone_needs_no_card(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(f"{','.join(COLUMNS_OF_ROWS)}\nm,t,d,test,,,,F1,0.5,,,fraction,,a paper,\n")
    columns = [{"task": "lab.vqa", "published": {"metric": "F1"}}]
    made = {"name": "b", "title": "B", "columns": columns, "rows": "rows.csv", "file": tmp_path / "b.yaml"}

    assert build(BoardCard.model_validate(made), [], catalog).notes == ()


def test_columns_with_bootstrap_intervals_of_few_clusters_are_named_and_those_with_wilsons_are_not(
    catalog: Catalog, tmp_path: Path
) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.modality", "demo.vqa"])  # the first 12: one case a patient, and several
    columns = [{"task": "demo.modality", "value": value, "title": value} for value in ("accuracy", "f1_macro")] + [
        {"task": "demo.vqa", "value": "token_f1"}
    ]
    made = build(BoardCard.model_validate({"name": "b", "title": "B", "columns": columns}), find_runs(tmp_path), catalog)

    (said,) = (note for note in footnotes(made) if note.startswith("fewer than 30 clusters"))

    assert said.partition("lean on: ")[2] == "f1_macro (12)"
    assert all(said in written(made).replace("\\_", "_") for written in (markdown, lambda made: text(made, width=1000)))


def test_each_signature_is_told_with_its_columns(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.diagnosis", "demo.vqa"])
    columns = [{"task": "demo.vqa", "group": "a"}, {"task": "demo.vqa", "value": "token_f1", "group": "b"}, {"task": "demo.diagnosis"}]
    made = build(BoardCard.model_validate({"name": "b", "title": "B", "columns": columns}), find_runs(tmp_path), catalog)

    (told,) = scored_by(made)

    assert [part.rpartition("(")[2] for part in told.split("; ")] == ["a demo.vqa, b demo.vqa)", "demo.diagnosis)"]
    assert told.startswith("scored by answer_text|")
    assert all("(" not in said for said in scored_by(select(made, ["demo.diagnosis"])))


@pytest.mark.parametrize("name", ["demo", "retrieval", "ct-mr", "efficiency"])
def test_every_value_that_a_shipped_board_wants_of_the_demo_is_one_that_its_task_gives(catalog: Catalog, tmp_path: Path, name: str) -> None:
    card = catalog.board(name)
    tasks = dict.fromkeys(task for column in card.columns for task in column.task if task.startswith("demo."))
    evaluated(catalog, tmp_path, ["majority"], list(tasks))

    found = build(card, find_runs(tmp_path), catalog)

    (line,) = [line for line in found.lines if line.kind == "baseline"]
    wanted = [column.name for column in found.columns if column.task[0].startswith("demo.")]
    assert [column.name for column, cell in zip(found.columns, line.cells, strict=True) if cell is not None] == wanted


def test_of_several_runs_asked_alike_the_latest_is_shown_and_that_is_said(catalog: Catalog, tmp_path: Path) -> None:
    for place, started in (("first", "2026-01-01T00:00:00+00:00"), ("second", "2026-01-02T00:00:00+00:00")):
        evaluated(catalog, tmp_path / place, ["majority"], ["demo.vqa"])
        (folder,) = find_runs(tmp_path / place)
        write_json(folder.run, folder.read_run().model_copy(update={"started": started}))

    found = board(catalog, tmp_path)

    (line,) = found.lines
    assert line.cells[1] is not None
    assert "second" in str(line.cells[1].runs[0].folder.path)
    assert "several runs were asked alike, and the latest is shown: majority (first 12) on demo.vqa" in found.notes


def test_a_value_that_no_run_has_is_told(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.vqa"])
    card = CARD.model_copy(update={"columns": (*CARD.columns, Column(task=("demo.vqa",), value="acuracy", title="typo"))})

    found = build(card, find_runs(tmp_path), catalog)

    assert [note for note in found.notes if "acuracy" in note] == ["typo: no model has a run of demo.vqa with a value `acuracy`"]


def test_an_option_as_the_card_has_it_is_no_change_and_a_changed_one_is_named_without_its_place(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["majority"], ["demo.vqa"])
    (folder,) = find_runs(tmp_path)
    card = {
        **folder.read_run().model_card,
        "family": "some-family",
        "arguments": {"file": "answers.jsonl", "prices": {"prompt": 1}},
        "weights": {"path": None, "hub": "org/name", "revision": "0123"},
        "generation": {"temperature": 0, "seed": 1},
    }
    as_stated = {
        "file": "/anywhere/answers.jsonl",
        "prices": {"prompt": 1},
        "weights": "org/name",
        "revision": "0123",
        "generation": {"temperature": 0, "seed": 1},
    }

    def named(**changed: object) -> str:
        record = folder.read_run().model_copy(update={"model_card": {**card, "options": {**as_stated, **changed}}})
        write_json(folder.run, record)
        (line,) = board(catalog, tmp_path).lines
        return line.name

    assert named() == "majority (first 12)"
    assert named(file="/anywhere/others.jsonl") == "majority (file=others.jsonl, first 12)"
    assert named(weights="/home/me/step-2000") == "majority (weights=step-2000, first 12)"
    assert named(generation={"temperature": 0.7, "seed": 1}) == "majority (temperature=0.7, first 12)"


def test_a_column_that_cannot_be_pooled_says_so_once_and_nothing_else_of_it(catalog: Catalog, tmp_path: Path) -> None:
    tasks = ["demo.modality", "demo.dicom-modality"]
    evaluated(catalog, tmp_path, ["majority", "constant-yes"], tasks, limit=None)
    columns = [{"task": tasks, "value": "accuracy", "over": over, "title": over} for over in ("pooled", "average")]
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": columns})

    said = text(build(card, find_runs(tmp_path), catalog), 1000)

    assert said.count("classification depends on the corpus it saw: `over: average` instead of `pooled`") == 1
    assert "no model has a run" not in said
    assert "demo.modality + demo.dicom-modality 40 (40 patients) + 7 (6 patients)" in said


def test_of_a_value_of_some_cases_the_clusters_of_all_are_not_taken_for_theirs(catalog: Catalog, tmp_path: Path) -> None:
    evaluated(catalog, tmp_path, ["constant-yes"], ["demo.text-qa"], limit=None)
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": "demo.text-qa", "value": "exact_match"}]})

    found = build(card, find_runs(tmp_path), catalog)

    (folder,) = find_runs(tmp_path)
    unanswerable = sum("unanswerable" in line for line in folder.samples.read_text().splitlines())
    assert footnotes(found)[0] == f"n (clusters): demo.text-qa {55 - unanswerable} of 55 (40 patients)"
