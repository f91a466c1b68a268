"""What looks wrong on a board is told, on boards made for it and on those that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import TASK, Bench

from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard
from radbench.folder import find_runs, write_json
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.lint import lint
from radbench.leaderboard.published import COLUMNS


def board(folder: Path, rows: list[dict[str, str]], metrics: list[str]) -> Board:
    filled = [{"source": "a paper", "unit": "raw", "n": "9", "protocol": "p", "exposure": "zero-shot", **row} for row in rows]
    text = "\n".join([",".join(COLUMNS), *(",".join(row.get(name, "") for name in COLUMNS) for row in filled)]) + "\n"
    (folder / "rows.csv").write_text(text)
    columns = [{"task": "not.yet", "title": m, "group": "set", "published": {"metric": m}} for m in metrics]
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": columns, "rows": "rows.csv", "file": folder / "b.yaml"})
    return build(card, [], Catalog())


def rows_of(values: dict[str, list[float]]) -> list[dict[str, str]]:
    return [{"model": model, "metric": f"m{i}", "value": str(value)} for model, own in values.items() for i, value in enumerate(own)]


def test_two_models_with_the_same_numbers_in_one_source_are_told(tmp_path: Path) -> None:
    found = lint(board(tmp_path, rows_of({"small": [1, 2, 3], "large": [1, 2, 3], "other": [1, 2, 4]}), ["m0", "m1", "m2"]))

    assert len(found) == 1
    assert "small" in found[0]
    assert "large" in found[0]
    assert "the same 3 numbers in a paper" in found[0]


def test_a_number_that_the_models_other_numbers_contradict_is_told(tmp_path: Path) -> None:
    values = {f"model-{i}": [i + 0.1 * metric for metric in range(5)] for i in range(10)}
    values["model-9"][3] = -1.0  # best everywhere, last here

    (found,) = lint(board(tmp_path, rows_of(values), [f"m{i}" for i in range(5)]))

    assert found == "model-9 (p), set m3: -1 does not go with its other numbers there"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [("4", "5", "its stated interval ends at the value itself, 5"), ("6", "7", "5 lies outside its stated interval"), ("4", "6", "")],
)
def test_an_interval_that_contradicts_its_value_is_told(tmp_path: Path, low: str, high: str, said: str) -> None:
    found = lint(board(tmp_path, [{"model": "m", "metric": "m0", "value": "5", "low": low, "high": high}], ["m0"]))

    assert [text for text in found if said in text] == found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("120", "percent", ["m (p), set m0: 1.2 of a whole is reported: its unit may be another one"]),
        ("100", "percent", []),
        ("120", "raw", []),
        ("45", "fraction", ["m (p), set m0: 45 of a whole is reported: its unit may be another one"]),
    ],
)
def test_a_share_of_more_than_a_whole_is_told(tmp_path: Path, value: str, unit: str, said: list[str]) -> None:
    assert lint(board(tmp_path, [{"model": "m", "metric": "m0", "value": value, "unit": unit}], ["m0"])) == said


def test_what_a_source_does_not_state_is_counted(tmp_path: Path) -> None:
    found = lint(board(tmp_path, [{"model": "m", "metric": "m0", "value": "5", "n": "", "exposure": ""}], ["m0"]))

    assert found == ["a paper does not state n (1 cell), exposure (1 cell)"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cxr-reports", "Med-PaLM M 562B and Med-PaLM M 12B have the same 4 numbers"),
        ("cxr-reports", "MAIRA-2 (ReXrank), IU-Xray GREEN: 0.194 does not go with its other numbers"),
        ("radbench", "RadFM (RadFM table 4), diagnosis F1: its stated interval ends at the value itself"),
    ],
)
def test_known_slips_in_the_shipped_rows_are_found(name: str, expected: str) -> None:
    catalog = Catalog()

    assert any(expected in said for said in lint(build(catalog.board(name), [], catalog)))


def test_a_cell_judged_long_before_the_others_of_its_column_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench", n=6)
    for name, days in (("constant-yes", "2026-01-02..2026-02-01"), ("constant-no", "2026-09-01")):
        folder = bench.run(name).folder
        summary = folder.read_summary()
        values = [
            v.model_copy(update={"signature": v.signature.replace("|ask:", f"|by:j@0123abcd(m)|judged:{days}|ask:")})
            for v in summary.values
        ]
        write_json(folder.summary, summary.model_copy(update={"values": tuple(values)}))
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK}]})

    board = build(card, find_runs(bench.out), bench.catalog())

    assert [cell.is_comparable for _, cell in board.column(0)] == [True, True]  # days alone keep nothing from being compared
    assert [said for said in lint(board) if "judged" in said] == [
        f"constant-yes, {TASK} (exact_match): judged on 2026-02-01, others as late as 2026-09-01: the judge may have changed"
    ]


def test_a_column_scored_by_different_judges_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench", n=6)
    for name, judge in (("constant-yes", "j@0123abcd"), ("constant-no", "other@9999abcd")):
        folder = bench.run(name).folder
        summary = folder.read_summary()
        values = [v.model_copy(update={"signature": v.signature.replace("|ask:", f"|by:{judge}|ask:")}) for v in summary.values]
        write_json(folder.summary, summary.model_copy(update={"values": tuple(values)}))
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK}]})

    found = lint(build(card, find_runs(bench.out), bench.catalog()))

    (said,) = (said for said in found if "different annotators" in said)
    assert "j@0123abcd for constant-yes" in said
    assert "other@9999abcd for constant-no" in said
