"""What pages show, from the same folders that a browser would be given."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import app_folders
import pytest
from bench import TASK, Bench, rows
from demo_runs import asked
from fakes import FakeModel
from streamlit.testing.v1 import AppTest

from radbench.app import loading
from radbench.app.settings import VARIABLE, Settings
from radbench.app.texts import plain
from radbench.sample import Reply

Opened = Callable[..., AppTest]
PAGES = ("overview", "task", "compare", "metrics", "efficiency", "runs", "export", "about")


def said(app: AppTest) -> str:
    """All that a page says in words, as it is handed to the browser."""
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.error, *app.warning]
    return "\n".join([str(part.value) for part in parts] + [html(app)])


def html(app: AppTest) -> str:
    return "\n".join(str(one.proto.body) for one in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_a_fault(opened: Opened, page: str):
    app = opened(page)
    assert [one.value for one in app.error] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_where_there_is_no_run_and_names_the_command_that_makes_one(opened: Opened, tmp_path: Path, page: str):
    app = opened(page, below=tmp_path / "nothing")
    assert [one.value for one in app.error] == []
    if page in {"overview", "task", "compare", "efficiency", "runs"}:
        assert any("radbench demo" in code.value for code in app.code)


def test_the_overview_shows_all_models_and_keeps_reports_floors_and_controls_apart(opened: Opened):
    app = opened(board="all")
    (grid,) = app.dataframe
    kinds = dict(zip(grid.value["model"], grid.value["kind"], strict=True))
    assert [name for name, kind in kinds.items() if kind == "model"] == ["model_a", "model_b", "model_c"]
    assert kinds["majority"] == "baseline"
    assert kinds["model_c (images none)"] == "control"
    assert list(kinds.values()).count("reported") == 2
    assert list(grid.value["1 rank"])[-2:] == ["reported", "reported"]


def worked_out(board: str) -> None:
    """Wait until the ranks of a board are there."""
    while loading.ranked(board) is None:
        loading.rank(board)
        time.sleep(0.01)


def test_ranks_with_their_intervals_and_letters_stand_beside_the_numbers_once_inferred(opened: Opened):
    opened(board="all")
    worked_out("all")
    (grid,) = opened(board="all").dataframe
    rank = dict(zip(grid.value["model"], grid.value["0 rank"], strict=True))
    assert rank["model_a"] == "1 (1) a best, zero-shot"
    assert rank["model_b"] == "1 (1) a best †, zero-shot"
    assert rank["model_c"] == "3 (3) b, zero-shot"


def test_a_heading_of_the_url_opens_its_tab(opened: Opened):
    (grid,) = opened(board="all", heading="recall").dataframe
    assert "1" not in grid.value.columns
    models = grid.value[grid.value["kind"] == "model"]
    assert list(models["0"]) == sorted(models["0"], reverse=True)


def test_filters_of_the_url_choose_lines(opened: Opened):
    (grid,) = opened(board="all", find="MODEL_", kind="model").dataframe
    assert list(grid.value["model"]) == ["model_a", "model_b", "model_c"]


def test_a_column_without_an_entry_in_any_line_takes_no_place(opened: Opened):
    (whole,) = opened(board="all").dataframe
    (floors,) = opened(board="all", kind="baseline").dataframe
    assert {"0", "0 ci", "0 rank", "n"} <= set(whole.value.columns)
    assert {"0", "0 ci", "n"} <= set(floors.value.columns)
    assert "0 rank" not in floors.value.columns


def test_the_plain_table_holds_the_numbers_of_the_grid_and_escapes_names(opened: Opened):
    app = opened(board="all", plain="true")
    assert list(app.dataframe) == []
    assert "&lt;script&gt;window.hacked" in html(app)
    assert "<script" not in html(app)
    assert "<img" not in html(app)


def test_the_origin_of_a_cell_names_its_run_and_signature(opened: Opened):
    app = opened(board="all", line="model_b")
    run = next(one.run for one in loading.runs() if one.run and one.run.model == "model_b")
    assert run.id in html(app)
    assert run.ask_hash in html(app)
    assert "answer_text|" in html(app)


def test_the_origin_of_a_report_names_its_source(opened: Opened):
    app = opened(board="all", line=f"{app_folders.NASTY} [reported]", cell="answers_& bench.questions token_f1")
    assert "a &amp; b_c" in html(app)


def test_what_a_card_says_is_never_markup(opened: Opened):
    app = opened(board="all")
    assert not any(one.proto.allow_html for one in app.markdown)
    assert r"With \<img src\=x" in said(app)


def test_a_task_is_taken_apart_by_a_subgroup_and_small_levels_say_few(opened: Opened):
    app = opened("task", task=TASK, by="kind", value="token_f1")
    shown = html(app)
    assert '<th scope="col">even</th><th scope="col">odd</th>' in shown
    assert "n 30" in shown
    assert "few (under 30)" not in shown


def test_two_runs_are_compared_with_difference_p_and_wins(opened: Opened):
    app = opened("compare", task=TASK, value="exact_match", runs=["model_a", "model_c"])
    shown = html(app)
    assert "model_a − model_c" in shown
    assert "significant" in shown
    assert "47 / 13 / 0" in shown
    assert "The widest gaps" in shown
    how = " ".join(one.value for one in app.markdown).replace("\\", "")
    assert "Holm over 1 pair;" in how
    assert "of differences and ranks by percentile bootstrap of clusters, 10000 draws, seed 0; of values by" in how
    assert "Wilson for shares" in how


def test_one_run_alone_is_not_compared(opened: Opened):
    app = opened("compare", task=TASK, runs=["model_a"])
    assert app.multiselect[0].value == ["model_a"]
    assert [one.value for one in app.info] == ["Choose two runs at least."]


def test_damaged_foreign_and_unscored_folders_are_listed_with_their_reasons(opened: Opened):
    app = opened("runs")
    shown = html(app)
    assert "3 folders that boards leave out, and why" in shown
    for reason in ("is damaged", "foreign", "no summary.json"):
        assert reason in shown


def test_a_run_under_way_shows_how_many_replies_it_has(opened: Opened):
    app = opened("runs")
    assert app.subheader[0].value == "Under way: 1"
    assert [one.proto.text for one in app.get("progress")] == [r"model\_a on bench\.questions\: 21 of 60 replies"]


def test_a_run_of_the_url_shows_its_card_and_counts(opened: Opened):
    run = next(one.run for one in (opened("runs") and loading.runs()) if one.run and one.run.model == "model_b")
    app = opened("runs", run=run.id)
    assert "&quot;family&quot;: &quot;replay&quot;" in html(app)
    assert run.ask_hash in html(app)


def test_efficiency_of_a_board_lists_costs_and_the_frontier(opened: Opened):
    app = opened("efficiency", board="all", cost="seconds a reply")
    assert "On the frontier" in html(app)


def test_what_correlate_wrote_is_shown_with_the_ceiling(opened: Opened, tmp_path: Path):
    app_folders.correlations(tmp_path / "runs" / "quality")
    app = opened("metrics", below=tmp_path / "runs")
    shown = html(app)
    assert "rougeL" in shown
    assert "0.400" in shown
    assert "[0.300, 0.500]" in shown
    assert r"0\.650\, is one rater against the others" in said(app)


def test_a_damaged_correlation_is_named(opened: Opened, tmp_path: Path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "correlations.json").write_text("{")
    app = opened("metrics", below=tmp_path / "runs")
    assert "holds no correlations" in app.warning[0].value


def test_the_latex_of_a_board_has_the_numbers_that_the_overview_shows(opened: Opened):
    opened("export", board="all")
    worked_out("all")
    app = opened("export", board="all", lines=["model_a", "model_c"])
    latex = app.code[0].value
    assert "0.83" in latex
    assert "0.05" in latex
    assert "majority" not in latex
    assert {button.proto.label for button in app.get("download_button")} >= {"CSV", "LaTeX", "Markdown", "HTML page", "Parquet"}


def test_until_ranks_are_there_pages_say_so_and_show_the_numbers_but_offer_no_files(
    opened: Opened, folders: app_folders.Folders, tmp_path: Path
):
    shutil.copytree(folders.runs, tmp_path / "runs")
    app = opened(below=tmp_path / "runs", board="all")
    assert "being worked out" in said(app)
    assert "model_a" in list(app.dataframe[0].value["model"])
    app = opened("export", below=tmp_path / "runs", board="all")
    assert "files are offered when they are there" in said(app)
    assert len(app.code) == 0
    worked_out("all")
    assert "being worked out" not in said(opened(below=tmp_path / "runs", board="all"))


def test_export_opens_on_the_board_that_the_overview_opens_and_stars_what_differs_from_a_model(opened: Opened):
    worked_out(opened("export").selectbox(key="board").value)
    app = opened("export")
    assert app.selectbox(key="board").value == opened().selectbox(key="board").value
    assert app.selectbox(key="compare").value == "none"
    assert "--compare-to" not in app.code[1].value
    app = opened("export", board="all", compare="model_a", columns="recall", lines=["model_a", "model_c"], intervals="false")
    rows = [line for line in app.code[0].value.splitlines() if "model" in line and "&" in line]
    assert ["*" in row for row in rows] == [False, True]
    assert app.code[1].value == (
        "radbench table all --columns recall --models model_a --models model_c --compare-to model_a --no-intervals --to all.tex"
    )


def test_a_board_whose_card_is_damaged_is_named_and_the_others_are_shown(opened: Opened, folders: app_folders.Folders):
    broken = folders.cards / "vqa.yaml"
    broken.write_text("title: x\ncolumns: 3\n")
    try:
        app = opened()
        assert "vqa" in app.warning[0].value
        assert len(app.dataframe) == 1
    finally:
        broken.unlink()


@pytest.mark.parametrize("page", ["overview", "export"])
def test_a_board_over_a_task_without_a_card_says_which_and_what_adds_it(
    opened: Opened, folders: app_folders.Folders, monkeypatch: pytest.MonkeyPatch, page: str
):
    card = folders.cards / "gone.yaml"
    card.write_text("title: Gone\ncolumns: [{task: bench.gone}]\n")
    shown = Settings(runs=(folders.runs,), catalog=(folders.cards,), boards=("gone",))
    monkeypatch.setattr(app_folders.Folders, "environment", {VARIABLE: shown.to_json()})
    try:
        told = [one.value for one in opened(page).warning]
        assert plain("no card of the task bench.gone is known: --catalog DIR adds the folder that holds it") in told, told
    finally:
        card.unlink()


KINDS = {
    "modality": ("CT", "MR"),
    "organ": ("chest", "head"),
    "view": ("AP", "PA"),
    "sex": ("F", "M"),
    "age": ("18-64", "65+"),
    "question_type": ("presence", "size"),
    "finding": ("effusion", "nodule"),
}


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """48 questions of two models, told apart in every way; of each way 38 cases are of the first level and 10 of the second."""
    bench = Bench(tmp_path_factory.mktemp("grouped") / "bench")
    told = [{**row, **{name: levels[i >= 38] for name, levels in KINDS.items()}} for i, row in enumerate(rows(48))]
    bench.write_rows(told)
    bench.write_rows(({**row, "id": f"train-{row['id']}"} for row in told), split="train")
    bench.ask["dataset_options"]["subgroups"] = bench.score["subgroups"] = [*KINDS]
    bench.write_card()
    bench.models = {"right": FakeModel(), "wrong": FakeModel(answer=lambda _: Reply(output="no idea"))}
    for model in bench.models:
        bench.run(model)
    return bench


@pytest.mark.parametrize("by", KINDS)
def test_a_value_is_taken_apart_by_every_way_that_a_task_states_and_levels_of_few_cases_are_marked(opened: Opened, grouped: Bench, by: str):
    app = opened("task", below=grouped.out, task=TASK, by=by)
    shown = html(app)
    first, second = KINDS[by]
    assert f'<th scope="col">{first}</th><th scope="col">{second}</th>' in shown
    assert "n 38<" in shown
    assert "n 10, few (under 30)" in shown


def test_ways_to_take_a_value_apart_are_offered_with_findings_and_data_sets(opened: Opened, grouped: Bench, tmp_path: Path):
    assert opened("task", below=grouped.out, task=TASK).selectbox(key="by").options == [*KINDS, "data set"]
    asked(tmp_path / "runs", "demo.findings", "majority")
    app = opened("task", below=tmp_path / "runs", task="demo.findings")
    assert "f1:" in app.selectbox(key="by").options
    shown = html(opened("task", below=tmp_path / "runs", task="demo.findings", by="f1:"))
    assert "effusion" in shown.lower()
