"""`radbench reproduce`: published numbers beside ours, and the gap by its causes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from radbench.catalog import Catalog
from radbench.conventions import PRESETS
from radbench.errors import ContentError, RunError, UnknownNameError
from radbench.evaluation import Asking, evaluate_all, plan_all, score_as_published
from radbench.folder import RunFolder, find_runs
from radbench.leaderboard.published import COLUMNS
from radbench.reproducing.cells import CAUSES, CellReproduced, names_source, published_cells
from radbench.reproducing.reproduce import reproduce, run_of
from radbench.reproducing.steps import scored
from radbench.reproducing.text import text
from radbench.running.annotations import Annotators
from radbench.running.engine import Control
from radbench.scoring import IntervalSettings

TASK = "demo.report"
COLUMN = {"task": TASK, "published": {"task": "made-up"}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out, catalog = tmp_path_factory.mktemp("runs"), Catalog()
    asking = Asking(out=out)
    plans = plan_all(catalog, [catalog.model("majority")], [catalog.task(TASK)], asking)
    list(evaluate_all(plans, asking, Control(), IntervalSettings(draws=50)))
    return out


def annotators(runs: Path, cards: Path | None = None) -> Annotators:
    return Annotators(Catalog([cards] if cards else []), runs / "annotations")


def published(cards: Path, shown: str, metric: str, **row: str) -> Path:
    """A folder of cards with a board of one column and one published row."""
    cards.mkdir(exist_ok=True)
    full = {"model": "Majority", "task": "made-up", "metric": metric, "n": "55", "source": "a paper", "protocol": "its own", **row}
    (cards / "rows.csv").write_text(f"{','.join(COLUMNS)}\n{','.join(full.get(name, '') for name in COLUMNS)}\n")
    card = {"title": "Made up", "rows": "rows.csv", "columns": [{**COLUMN, "value": shown}]}
    (cards / "made-up.yaml").write_text(yaml.safe_dump(card))
    return cards


def cell(runs: Path, cards: Path, paper: str = "r2gen", **more: object) -> CellReproduced:
    (folder,) = find_runs(runs)
    (found,) = reproduce(folder, paper, annotators(runs, cards), **more).cells  # type: ignore[arg-type]  # keywords of it
    return found


def as_published(runs: Path, copy: Path, paper: str) -> Mapping[str, float | None]:
    (folder,) = find_runs(runs)
    view = RunFolder(copy)
    copy.mkdir()
    for path in (folder.run, folder.samples, folder.predictions):
        (copy / path.name).write_bytes(path.read_bytes())
    return {value.id: value.value for value in score_as_published(view, paper, annotators(runs))[0].values}


def test_the_parts_add_up_to_the_gap_between_strict_and_convention(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "bleu-4", "BLEU-4", value="0.5", unit="fraction"))

    assert found.strict is not None
    assert found.convention is not None
    assert [part.cause for part in found.parts] == list(CAUSES)
    gap = (found.convention.value or 0) - (found.strict.value or 0)
    assert gap != 0
    assert sum(part.change or 0 for part in found.parts) == pytest.approx(gap, abs=1e-12)
    changed = {part.cause for part in found.parts if part.change}
    assert changed == {"section", "cleaning"}  # which leaves nothing for the tokenizer to do
    assert found.unexplained == pytest.approx(0.5 - (found.convention.value or 0))


def test_ours_under_the_convention_is_what_the_preset_gives_and_strict_what_the_run_has(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "bleu-4", "BLEU-4", value="0.5", unit="fraction"))

    assert found.convention is not None
    assert found.strict is not None
    assert found.convention.value == as_published(runs, tmp_path / "copy", "r2gen")["bleu-4"]
    summary = find_runs(runs)[0].read_summary()
    assert found.strict.value == next(value.value for value in summary.values if value.id == "bleu-4")


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "reproduced"), (0.2, "within interval"), (40.0, "not reproduced")], ids=["digits", "interval", "far"]
)
def test_the_verdict_is_by_digits_then_by_interval(runs: Path, tmp_path: Path, shift: float, verdict: str) -> None:
    ours = as_published(runs, tmp_path / "copy", "r2gen")["bleu-1"]
    assert ours is not None

    found = cell(runs, published(tmp_path / "cards", "bleu-1", "BLEU-1", value=f"{100 * ours + shift:.1f}", unit="percent"))

    assert found.verdict == verdict
    assert found.reported == pytest.approx(ours + shift / 100, abs=0.0006)


def test_samples_of_the_paper_that_the_run_lacks_are_named(runs: Path, tmp_path: Path) -> None:
    (folder,) = find_runs(runs)
    cards = published(tmp_path / "cards", "bleu-1", "BLEU-1", value="0.5", unit="fraction")

    found = cell(runs, cards, ids=[next(folder.iter_samples()).id, "nobody-1", "nobody-2"])

    assert found.convention is not None
    assert found.convention.n == 1
    assert "the run lacks 2 of the paper's samples: nobody-1, nobody-2" in found.reasons


@pytest.mark.parametrize(("split", "differs"), [("test of findings reference", False), ("test of findings+impression reference", True)])
def test_a_row_of_another_section_of_the_references_says_so(runs: Path, tmp_path: Path, split: str, differs: bool) -> None:
    found = cell(runs, published(tmp_path / "cards", "bleu-1", "BLEU-1", value="0.5", unit="fraction", split=split))

    assert PRESETS["r2gen"].convention.section == "findings"
    assert any(reason.startswith("the row is of references' findings+impression") for reason in found.reasons) == differs


def test_intervals_are_by_cluster_where_the_paper_resampled_nothing(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "rouge1", "ROUGE", value="0.5", unit="fraction"), "radfm-v1")

    assert found.convention is not None
    assert found.strict is not None
    assert (found.convention.value, found.convention.ci) == (found.strict.value, found.strict.ci)


def test_the_median_of_draws_is_the_aggregation(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "rougeL", "ROUGE-L", value="0.5", unit="fraction"), "llavarad-2024")

    (aggregation,) = (part for part in found.parts if part.cause == "aggregation")
    assert aggregation.change != 0
    assert "bootstrap median of 500 draws" in aggregation.said
    assert found.convention is not None
    assert found.convention.value == pytest.approx((found.strict.value or 0) + sum(p.change or 0 for p in found.parts))  # type: ignore[union-attr]


def test_a_tokenizer_is_told_from_the_section(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "bleu-1", "BLEU-1", value="0.5", unit="fraction"), "llavarad-2024")

    said = {part.cause: part.said for part in found.parts if part.change}
    assert said["tokenizer"] == "case lower -> mixed, smoothing default -> exp, tokenizer regex -> 13a"
    assert said["section"] == "as_is -> findings"


def test_a_reciprocal_turns_its_interval_round(runs: Path) -> None:
    summary = find_runs(runs)[0].read_summary()
    plain, turned = (scored(summary, "rougeL", is_reciprocal=how) for how in (False, True))

    assert plain is not None
    assert turned is not None
    assert plain.value is not None
    assert plain.ci is not None
    assert turned.value == 1 / plain.value
    assert turned.ci == (1 / plain.ci[1], 1 / plain.ci[0])


def test_a_metric_that_the_card_lacks_starts_from_its_defaults(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "rougeL_coco", "RG-L", value="0.5", unit="fraction"))

    assert found.strict is not None
    assert "radbench's defaults" in found.strict.signature
    assert found.strict.value is not None


def test_the_papers_cases_alone_are_the_selection(runs: Path, tmp_path: Path) -> None:
    cards = published(tmp_path / "cards", "bleu-1", "BLEU-1", value="0.5", unit="fraction", n="20")
    ids = [sample.id for sample in find_runs(runs)[0].iter_samples()][:20]

    found = cell(runs, cards, ids=ids)

    assert found.convention is not None
    assert found.convention.n == 20
    assert found.parts[0].cause == "selection"
    assert found.parts[0].change
    assert not any("n = " in reason for reason in found.reasons)


def test_the_run_is_left_as_it_was(runs: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in sorted(runs.rglob("*")) if path.is_file()}

    cell(runs, published(tmp_path / "cards", "bleu-1", "BLEU-1", value="0.5", unit="fraction"))

    assert {path: path.read_bytes() for path in sorted(runs.rglob("*")) if path.is_file()} == before


def test_what_cannot_be_measured_says_so(runs: Path, tmp_path: Path) -> None:
    found = cell(runs, published(tmp_path / "cards", "cider", "CIDEr", value="0.5", unit="fraction", n="", protocol=""))

    assert found.verdict == "not measured"
    assert found.parts == ()
    assert any("`cider`" in reason for reason in found.reasons)
    assert "the source does not state n" in found.reasons


def test_the_text_names_order_causes_and_what_is_not_re_enacted(runs: Path, tmp_path: Path) -> None:
    cards = published(tmp_path / "cards", "bleu-4", "BLEU-4", value="0.5", unit="fraction")
    found = reproduce(find_runs(runs)[0], "r2gen", annotators(runs, cards))

    said = text(found)

    assert "section " in said
    assert "both -> findings" not in said  # the card compares texts as they came
    assert "as_is -> findings" in said
    assert "differs: METEOR there is the Java program" in said
    assert json.loads(json.dumps(found.as_json()))["cells"][0]["parts"][1]["cause"] == "section"


@pytest.mark.parametrize(
    ("paper", "model", "error", "said"),
    [
        ("r2gen-2", "", UnknownNameError, "r2gen"),
        ("r2gen", "Other", ContentError, "`Other` belongs to this task; it has rows of\n  --as 'Majority': a paper"),
    ],
)
def test_a_name_that_is_not_there_is_refused(runs: Path, tmp_path: Path, paper: str, model: str, error: type[Exception], said: str) -> None:
    cards = published(tmp_path / "cards", "bleu-4", "BLEU-4", value="0.5")

    with pytest.raises(error, match=said):
        reproduce(find_runs(runs)[0], paper, annotators(runs, cards), model=model)


def test_a_task_without_rows_is_told_the_tasks_that_have_some_and_which_have_rows_of_the_paper() -> None:
    with pytest.raises(ContentError) as found:
        published_cells(Catalog(), "demo.vqa", "radfm-v1")

    said = str(found.value)
    assert said.startswith(
        "no published row belongs to the task `demo.vqa`. Tasks with rows of radfm-v1: not in the catalogue: radfm.modality,"
    )
    assert "Tasks with any rows: vqarad.closed, vqarad.open; not in the catalogue: " in said


def test_the_shipped_rows_on_vqa_rad_belong_to_its_tasks_and_follow_a_known_convention() -> None:
    cells = {task: published_cells(Catalog(), task, "llava-med") for task in ("vqarad.closed", "vqarad.open")}

    assert [(one.row.model, one.row.value, one.value) for one in cells["vqarad.closed"]] == [
        ("STLLaVA-Med-7B", 60.35, "accuracy"),
        ("TinyLLaVA-Med", 64.54, "accuracy"),
    ]
    assert [(one.row.value, one.value) for one in cells["vqarad.open"]] == [(37.12, "token_recall"), (10.83, "token_f1")]
    assert all(names_source(PRESETS["llava-med"], one.row) for found in cells.values() for one in found)


@pytest.mark.parametrize("paper", [name for name, known in PRESETS.items() if name != "r2gen"])
def test_every_convention_but_one_has_shipped_rows_that_follow_it(paper: str) -> None:
    catalog = Catalog()
    tasks = {column.task[0] for name in catalog.names("leaderboards") for column in catalog.board(name).columns if column.published}

    assert any(names_source(PRESETS[paper], one.row) for task in tasks for one in published_cells(catalog, task, paper))


def test_several_runs_or_none_ask_for_one(runs: Path) -> None:
    with pytest.raises(
        RunError, match=r"no run of demo\.text is here: radbench run --model NAME --task demo\.text, or name one with --run"
    ):
        run_of("demo.text", find_runs(runs))
