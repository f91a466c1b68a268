"""`radbench compare`: which runs are compared, on which cases, and what is said of them."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from bench import TASK, Bench, rows
from fakes import FakeModel

from radbench.catalog import Catalog
from radbench.cli import main
from radbench.errors import ModelError, RunError
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.comparing.compare import compare
from radbench.leaderboard.comparing.compare_text import rendered, sentence
from radbench.leaderboard.comparing.comparison import Comparison, Entry, Pair, Table
from radbench.leaderboard.comparing.sheet import CompareSettings
from radbench.metrics.base import Row, SumMetric, Values, ratio
from radbench.records import Settings
from radbench.running.engine import Control
from radbench.sample import Case, Reply, Request
from radbench.scoring import IntervalSettings

MODELS = ["majority", "nearest-neighbour", "constant-yes"]


class Right(SumMetric):
    """The share of right answers among those that were given."""

    name = "right"
    columns = ("right", "cases")
    when_missing = "excluded"

    def row(self, case: Case) -> Row:
        return np.array([float(case.text in case.references), 1.0])

    def value(self, sums: np.ndarray) -> Values:
        return {"right": ratio(sums[:, 0], sums[:, 1])}


def who_knows(name: str, known: Callable[[int], bool], fails: Iterable[str] = ()) -> FakeModel:
    """A model that answers the questions q<i> rightly for which `known(i)`."""

    def answer(request: Request) -> Reply:
        i = int(request.sample_id[1:])
        right = f"answer to q{i}" if i % 2 else "something else"
        return Reply(output=right if known(i) else "no idea")

    return FakeModel(answer=answer, name=name, errors={q: ModelError("broken") for q in fails}, batch_size=1)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """60 questions of 20 patients; `good` knows three in four, `fair` half, `poor` one in four."""
    made = Bench(tmp_path / "bench")
    made.models = {
        "good": who_knows("good", lambda i: i % 4 < 3),
        "fair": who_knows("fair", lambda i: i % 4 < 2),
        "poor": who_knows("poor", lambda i: i % 4 < 1),
    }
    return made


def compared(bench: Bench, *, with_claims: bool = False, **settings: object) -> Comparison:
    chosen = CompareSettings(**{"draws": 999, **settings})  # type: ignore[arg-type]  # a test names fields that exist
    return compare(find_runs(bench.out), bench.catalog(), chosen, with_claims=with_claims)


def only_table(comparison: Comparison) -> Table:
    (table,) = comparison.tables
    return table


def pair_of(table: Table, first: str, second: str) -> Pair:
    return next(pair for pair in table.pairs if (pair.first, pair.second) == (first, second))


def entry_of(table: Table, name: str) -> Entry:
    return next(entry for entry in table.entries if entry.name == name)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three baselines on three demo tasks."""
    out = tmp_path_factory.mktemp("demo") / "runs"
    evaluated(out, MODELS, ["demo.vqa", "demo.diagnosis", "demo.text"])
    return out


def evaluated(out: Path, models: list[str], tasks: list[str], **settings: object) -> None:
    catalog, asking = Catalog(), Asking(out=out, settings=Settings.model_validate(settings))
    plans = plan_all(catalog, list(map(catalog.model, models)), list(map(catalog.task, tasks)), asking)
    assert all(result.is_whole for result in evaluate_all(plans, asking, Control(), IntervalSettings(draws=2000)))


def summaries(out: Path, task: str) -> dict[str, object]:
    """The primary value of each run of a task, by model; not of validation runs."""
    runs = [folder for folder in find_runs(out / task) if folder.read_run().data.split == "test"]
    found = [(folder.read_run().model, folder.read_summary()) for folder in runs]
    return {model: next(v for v in summary.values if v.id == summary.score["primary"]) for model, summary in found}


def test_values_and_intervals_are_those_of_the_summaries(demo: Path):
    comparison = compare(find_runs(demo), Catalog(), CompareSettings(draws=2000))
    assert [table.task for table in comparison.tables] == ["demo.diagnosis", "demo.text", "demo.vqa"]
    for table in comparison.tables:
        own = summaries(demo, table.task)
        assert {entry.name for entry in table.entries} == set(own)
        for entry in table.entries:
            assert entry.value == pytest.approx(own[entry.name].value)
            assert entry.ci == pytest.approx(own[entry.name].ci)


def test_differences_lie_between_neighbours_best_first(demo: Path):
    for table in compare(find_runs(demo), Catalog(), CompareSettings(draws=500)).tables:
        values = {entry.name: entry.value for entry in table.entries}
        assert list(values.values()) == sorted(values.values(), reverse=True)
        assert [pair.difference for pair in table.pairs] == pytest.approx([values[p.first] - values[p.second] for p in table.pairs])
        assert all(pair.ci[0] <= pair.difference <= pair.ci[1] for pair in table.pairs)


def test_where_lower_is_better_the_lower_one_comes_first(demo: Path):
    table = only_table(compare(find_runs(demo / "demo.diagnosis"), Catalog(), CompareSettings(value="brier", draws=500)))
    assert table.lower_is_better
    assert [entry.name for entry in table.entries] == ["nearest-neighbour", "majority", "constant-yes"]
    assert all(pair.difference < 0 for pair in table.pairs)
    assert pair_of(table, "nearest-neighbour", "constant-yes").wins > pair_of(table, "nearest-neighbour", "constant-yes").losses


def test_the_same_seed_gives_the_same_bytes_in_any_order_of_runs(demo: Path):
    folders, catalog = find_runs(demo / "demo.vqa"), Catalog()
    first = compare(folders, catalog, CompareSettings(draws=300), with_claims=True)
    again = compare(folders, catalog, CompareSettings(draws=300), with_claims=True)
    other = compare(folders[::-1], catalog, CompareSettings(draws=300))
    assert json.dumps(first.as_json()) == json.dumps(again.as_json())
    assert other.tables == first.tables


def test_a_clear_difference_is_significant_and_an_absent_one_is_not(bench: Bench):
    bench.models["fair-too"] = who_knows("fair-too", lambda i: i % 4 in (1, 2))
    for model in ("good", "fair", "fair-too"):
        bench.run(model)
    table = only_table(compared(bench))
    assert pair_of(table, "good", "fair").is_significant
    assert pair_of(table, "good", "fair").wins == 15
    alike = pair_of(table, *sorted(("fair", "fair-too")))
    assert not alike.is_significant
    assert (alike.wins, alike.ties, alike.losses) == (15, 30, 15)
    assert entry_of(table, "fair").letters == entry_of(table, "fair-too").letters != entry_of(table, "good").letters


def test_mcnemar_stands_beside_the_test_of_right_and_wrong_answers_alone(bench: Bench, demo: Path):
    bench.run("good"), bench.run("fair")
    (pair,) = only_table(compared(bench)).pairs
    assert pair.mcnemar_p == pytest.approx(2 / 2**15)  # good is right on 15 that fair is not, never the other way
    graded = only_table(compare(find_runs(demo / "demo.text"), Catalog(), CompareSettings(draws=200)))
    assert {pair.mcnemar_p for pair in graded.pairs} == {None}


def test_only_cases_that_all_have_are_compared_and_their_number_is_stated(bench: Bench):
    bench.metrics = {"right": Right}
    bench.score = {"metrics": ["right"], "primary": "right", "cluster": "patient", "subgroups": ["kind"]}
    bench.write_card()
    bench.models["gaps"] = who_knows("gaps", lambda i: i % 4 < 3, fails=[f"q{i}" for i in range(0, 24)])
    bench.run("fair"), bench.run("gaps")
    table = only_table(compared(bench))
    assert (table.n_cases, table.n_clusters) == (36, 12)
    assert entry_of(table, "fair").value == 0.5
    assert entry_of(table, "gaps").value == 0.75
    assert any("the 36 cases that all have, of 60; gaps has the fewest, 36" in note for note in table.notes)
    assert any("24 of 60 replies failed" in note for note in table.notes)


def test_a_run_of_other_data_is_left_out_with_what_differs(bench: Bench):
    bench.run("good"), bench.run("fair"), bench.run("poor", limit=30)
    comparison = compared(bench)
    assert [entry.name for entry in only_table(comparison).entries] == ["good", "fair"]
    (said,) = comparison.left_out
    assert said.startswith(f"{TASK}: poor (first 30): `exact_match` was made in another way: data ")
    assert "n 30 against 60" in said


def test_two_runs_of_different_data_cannot_be_compared(bench: Bench):
    bench.run("good"), bench.run("poor", limit=30)
    with pytest.raises(RunError, match=r"only good has `exact_match`; poor \(first 30\).* n 30 against 60"):
        compared(bench)


def test_a_value_measured_in_another_way_is_left_out_with_what_differs(bench: Bench):
    bench.run("good"), bench.run("fair")
    bench.score["metrics"] = [{"answer-text": {"articles": "dropped"}}]
    bench.write_card()
    bench.run("poor")
    (said,) = compared(bench).left_out
    assert said == f"{TASK}: poor: `exact_match` was made in another way: articles dropped against kept"


def test_an_unknown_value_names_near_ones(bench: Bench):
    bench.run("good"), bench.run("fair")
    with pytest.raises(RunError, match="no run has a value `exact_mach`; did you mean `exact_match`"):
        compared(bench, value="exact_mach")


def test_an_unscored_run_is_named_and_the_others_are_compared(bench: Bench):
    bench.run("good"), bench.run("fair"), bench.run("poor").folder.summary.unlink()
    comparison = compared(bench)
    assert len(only_table(comparison).entries) == 2
    assert any("summary.json" in text for text in comparison.left_out)


def test_models_are_ranked_the_best_first(bench: Bench):
    bench.run("good"), bench.run("fair"), bench.run("poor")
    entries = only_table(compared(bench)).entries
    assert [(entry.name, entry.rank, entry.upper_bound_rank) for entry in entries] == [("good", 1, 1), ("fair", 2, 2), ("poor", 3, 3)]


def test_controls_and_floors_are_compared_but_marked_and_have_no_rank(tmp_path: Path):
    for images in ("real", "blank"):
        evaluated(tmp_path, ["nearest-neighbour", "constant-no"], ["demo.vqa"], limit=12, images=images)
    for folder in find_runs(tmp_path / "demo.vqa" / "nearest-neighbour"):  # as if it were a model that looks at images
        run = folder.read_run()
        write_json(folder.run, run.model_copy(update={"model_card": {**run.model_card, "family": "llava"}}))
    found = compare(find_runs(tmp_path), Catalog(), CompareSettings(draws=200))
    assert {(entry.name, entry.kind, entry.rank is None) for entry in only_table(found).entries} == {
        ("nearest-neighbour (first 12)", "model", False),
        ("nearest-neighbour (first 12, images blank)", "control", True),
        ("constant-no (first 12)", "baseline", True),
        ("constant-no (first 12, images blank)", "control", True),
    }
    assert len(only_table(found).pairs) == 6
    assert "constant-no (first 12) [baseline]" in rendered(found, "text")
    assert "nearest-neighbour (first 12, images blank) [control]" in rendered(found, "text")


def test_runs_of_one_model_are_told_apart_by_what_differs(bench: Bench):
    bench.run("good"), bench.run("good", seed=1), bench.run("fair")
    names = {entry.name for entry in only_table(compared(bench)).entries}
    assert names == {"good (seed=0)", "good (seed=1)", "fair"}


def test_repeats_are_averaged_and_each_is_a_view_of_the_claim(bench: Bench):
    bench.run("good", repeats=3), bench.run("fair", repeats=3)
    comparison = compared(bench, with_claims=True)
    (pair,) = only_table(comparison).pairs
    assert (pair.wins, pair.ties, pair.losses) == (15, 45, 0)
    assert pair.difference == pytest.approx(0.25)
    assert pair.mcnemar_p is None
    repeats = [view for view in comparison.claims[0].views if view.kind == "repeat"]
    assert [view.name for view in repeats] == ["1", "2", "3"]
    assert [view.difference for view in repeats] == pytest.approx([0.25] * 3)


def test_few_clusters_are_warned_of_and_few_swaps_are_gone_through_whole(bench: Bench):
    bench.write_rows(rows(12))
    bench.run("good"), bench.run("fair"), bench.run("poor")
    table = only_table(compared(bench))
    assert (table.n_clusters, table.is_exact) == (4, True)
    assert min(pair.p for pair in table.pairs) >= 2 / 2**4
    assert any("4 clusters are fewer than 30" in note for note in table.notes)
    assert any("smallest adjusted p is 0.375: nothing can be significant" in note for note in table.notes)


def test_there_are_as_many_swaps_as_it_takes_for_one_of_so_many_pairs_to_be_significant(bench: Bench):
    bench.run("good"), bench.run("fair"), bench.run("poor")
    few, enough = (only_table(compared(bench, draws=draws)) for draws in (10, 100))
    assert [(table.draws, table.swaps) for table in (few, enough)] == [(10, 59), (100, 100)]
    assert min(pair.p for pair in few.pairs) == 1 / 60
    assert few.pairs[0].p_adjusted == pytest.approx(0.05)
    assert few.pairs[0].is_significant


def test_benjamini_hochberg_is_no_stricter_than_holm(bench: Bench):
    bench.run("good"), bench.run("fair"), bench.run("poor")
    holm, bh = (only_table(compared(bench, correction=name)) for name in ("holm", "bh"))
    assert [pair.p for pair in holm.pairs] == [pair.p for pair in bh.pairs]
    assert all(b.p_adjusted <= h.p_adjusted for h, b in zip(holm.pairs, bh.pairs, strict=True))


def test_a_share_of_independent_samples_has_wilson_s_interval(bench: Bench):
    bench.write_rows({**row, "patient": row["id"]} for row in rows(40))
    bench.models["all"] = who_knows("all", lambda i: True)
    bench.run("all"), bench.run("fair")
    table = only_table(compared(bench))
    assert entry_of(table, "all").ci == pytest.approx((1 / (1 + 1.959964**2 / 40), 1.0))  # Wilson at 40 of 40
    assert table.value_interval == "percentile bootstrap of clusters, Wilson for shares, 50 draws, seed 0"


def test_a_clustered_share_on_fewer_cases_than_a_run_has_wilson_s_interval_by_its_design_effect(bench: Bench):
    bench.models["first-half"] = who_knows("first-half", lambda i: True, fails=[f"q{i}" for i in range(30, 60)])
    bench.score["metrics"], bench.score["primary"] = ["right"], "right"
    bench.metrics["right"] = Right
    bench.write_card()
    bench.models["all"] = who_knows("all", lambda i: True)
    bench.run("all"), bench.run("first-half")
    table = only_table(compared(bench))
    n_clusters = table.n_clusters
    assert table.n_cases == 30
    assert entry_of(table, "all").ci == pytest.approx((1 / (1 + 1.959964**2 / n_clusters), 1.0))  # at 1 a cluster is worth one case
    assert "Wilson by the design effect of clusters" in table.value_interval


def test_a_folder_whose_runs_were_never_scored_is_refused_by_name(bench: Bench):
    bench.run("good"), bench.run("fair")
    for folder in find_runs(bench.out):
        folder.summary.unlink()
    with pytest.raises(RunError, match=r"no summary\.json"):
        compared(bench)


def test_the_interval_of_a_value_is_the_one_a_board_prints_whatever_the_draws(bench: Bench):
    bench.run("good"), bench.run("fair")
    printed = {folder.read_run().model: folder.read_summary().values[0].ci for folder in find_runs(bench.out)}
    table = only_table(compared(bench, value="exact_match", draws=5000))
    assert {entry.name: entry.ci for entry in table.entries} == printed
    assert table.value_interval == "percentile bootstrap of clusters, Wilson for shares, 50 draws, seed 0"


def test_on_fewer_cases_than_a_run_has_its_interval_is_of_those_cases(bench: Bench):
    bench.score["metrics"], bench.score["primary"] = ["right"], "right"
    bench.metrics["right"] = Right
    bench.write_card()
    bench.models["failing"] = who_knows("failing", lambda i: i % 4 < 2, fails=[f"q{i}" for i in range(20)])
    bench.run("good"), bench.run("failing")
    table = only_table(compared(bench))
    stated = {folder.read_run().model: folder.read_summary().values[0].ci for folder in find_runs(bench.out)}
    assert table.n_cases == 40
    assert entry_of(table, "failing").ci == stated["failing"]
    assert entry_of(table, "good").ci != stated["good"]
    assert entry_of(table, "good").ci[0] < entry_of(table, "good").value < entry_of(table, "good").ci[1]


def test_the_worst_level_of_a_subgroup_has_a_gap_with_a_corrected_interval(bench: Bench):
    bench.models["even-only"] = who_knows("even-only", lambda i: i % 4 < 2)  # the level `even`
    bench.run("even-only"), bench.run("good")
    gap = next(gap for gap in only_table(compared(bench)).gaps if gap.system == "even-only")
    assert (gap.subgroup, gap.level, gap.n_cases, gap.value, gap.gap, gap.n_levels) == ("kind", "odd", 30, 0.0, -0.5, 2)
    assert gap.ci[0] <= -0.5 <= gap.ci[1]


def test_non_inferiority_is_decided_by_the_margin(bench: Bench):
    bench.models["nearly"] = who_knows("nearly", lambda i: i % 4 < 3 and i != 0)
    folders = {name: bench.run(name).folder.path.resolve() for name in ("good", "nearly", "poor")}
    table = only_table(compared(bench, margin=0.1, against=frozenset([folders["good"]])))
    assert {(one.system, one.is_shown) for one in table.non_inferiority} == {("nearly", True), ("poor", False)}
    assert all(one.against == "good" for one in table.non_inferiority)
    assert "nearly is no worse than good (margin 0.1)" in rendered(
        compared(bench, margin=0.1, against=frozenset([folders["good"]])), "text"
    )


def test_a_planned_difference_has_a_power_and_the_clusters_it_takes(bench: Bench):
    bench.run("good"), bench.run("fair")
    (pair,) = only_table(compared(bench, plan=0.05)).pairs
    assert pair.detectable > 0.05
    assert 0 < pair.planned_power < 0.8
    assert pair.planned_clusters == math.ceil(20 * (pair.detectable / 0.05) ** 2)
    assert f"takes {pair.planned_clusters}" in rendered(compared(bench, plan=0.05), "text")


def test_a_system_without_a_value_is_in_no_group_and_in_no_test(demo: Path):
    table = only_table(compare(find_runs(demo / "demo.diagnosis"), Catalog(), CompareSettings(value="ppv", draws=200)))
    without = [entry for entry in table.entries if entry.value is None]
    assert without == list(table.entries[-len(without) :])
    assert {entry.letters for entry in without} == {""}
    assert table.family == sum(pair.p is not None for pair in table.pairs) < len(table.pairs)


def test_bca_intervals_differ_from_percentile_ones_and_hold_the_difference(bench: Bench):
    bench.models["rare"] = who_knows("rare", lambda i: i % 4 < 1 or i < 9)  # a difference in few clusters: skewed draws
    bench.run("rare"), bench.run("poor")
    percentile, bca = (only_table(compared(bench, interval=name)).pairs[0] for name in ("percentile", "bca"))
    assert percentile.p == bca.p
    assert bca.ci != percentile.ci
    assert bca.ci[0] <= bca.difference <= bca.ci[1]


def test_a_claim_is_held_against_other_values_subgroups_and_exposure(bench: Bench):
    folders = [bench.run(name).folder for name in ("good", "fair")]
    for folder, seen in zip(folders, ([], ["train"]), strict=True):
        run = folder.read_run()
        card = {**run.model_card, "about": {**run.model_card["about"], "trained_on": {"jsonl": seen}}}
        write_json(folder.run, run.model_copy(update={"model_card": card}))
    chosen, agreed = CompareSettings(draws=999), {"answer_text": "tau 0.3", "token_recall": "tau 0.1"}
    found = compare(find_runs(bench.out), bench.catalog(), chosen, with_claims=True, agreement=agreed)
    (claim,) = found.claims
    assert (claim.first, claim.second, claim.exposures) == ("good", "fair", ("zero-shot", "trained-on-train"))
    assert [(view.kind, view.name, view.outcome, view.agreement) for view in claim.views] == [
        ("value", "token_f1", "confirmed", "tau 0.3"),
        ("value", "token_recall", "confirmed", "tau 0.1"),
        ("subgroup", "kind even", "tied", "tau 0.3"),
        ("subgroup", "kind odd", "confirmed", "tau 0.3"),
    ]
    assert claim.verdict.startswith("holds in direction (4 further views: 3 confirmed, 1 tied)")
    assert "not like with like" in rendered(found, "markdown")


def test_published_conventions_under_which_all_runs_were_scored_are_views(demo: Path, tmp_path: Path):
    runs = [str(path) for path in sorted((demo / "demo.text").glob("*/*"))]
    assert status("score", *runs, "--preset", "r2gen") == 0
    found = compare(find_runs(demo / "demo.text"), Catalog(), CompareSettings(draws=200), with_claims=True)
    assert len(found.claims) == len(only_table(found).pairs)
    names = {view.name for view in found.claims[0].views if view.kind == "convention"}
    assert {"bleu-1 as r2gen", "bleu-4 as r2gen"} <= names
    assert {view.agreement for view in found.claims[0].views} == {"unstated"}


def test_a_sentence_carries_all_that_it_rests_on(demo: Path):
    table = only_table(compare(find_runs(demo / "demo.vqa"), Catalog(), CompareSettings(draws=1999, seed=3)))
    said = sentence(table, table.pairs[0])
    low, high = table.pairs[0].ci
    for part in (
        *("nearest-neighbour beats majority", "demo.vqa, exact_match", f"[{low:+.4f}, {high:+.4f}]", "(Holm over 3 pairs"),
        *("sign flips of cluster sums", "B = 1999, seed 3", "n = 202 cases in 40 clusters (patient)"),
    ):
        assert part in said


def status(*arguments: str) -> int:
    """The exit status of a command."""
    try:
        main(list(arguments))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_the_command_prints_text_markdown_csv_and_json_of_the_same_numbers(demo: Path, capsys: pytest.CaptureFixture[str]):
    written = {}
    for fmt in ("text", "markdown", "csv", "json"):
        assert status("compare", str(demo / "demo.vqa"), "--draws", "500", "--format", fmt) == 0
        written[fmt] = capsys.readouterr().out
    document = json.loads(written["json"])
    pairs = document["tables"][0]["pairs"]
    rows = list(csv.DictReader(io.StringIO(written["csv"])))
    assert [float(row["difference"]) for row in rows] == [pair["difference"] for pair in pairs]
    for pair in pairs:
        assert f"{pair['difference']:+.4f}" in written["text"]
        assert f"{pair['difference']:+.4f}" in written["markdown"]
    assert status("compare", str(demo / "demo.vqa"), "--draws", "500", "--json") == 0
    assert capsys.readouterr().out == written["json"]


def test_the_command_writes_a_file_and_claims_as_csv(demo: Path, tmp_path: Path):
    out = tmp_path / "new" / "claims.csv"
    assert status("compare", str(demo / "demo.vqa"), "--draws", "500", "--claims", "--format", "csv", "--out", str(out)) == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert {row["kind"] for row in rows} == {"value", "subgroup"}
    assert {row["first"] for row in rows} == {"nearest-neighbour", "majority"}


def test_the_command_leaves_with_1_where_a_run_was_left_out_and_with_2_where_nothing_is_left(
    bench: Bench, capsys: pytest.CaptureFixture[str]
):
    limited = bench.run("poor", limit=30).folder.path
    good, fair = (bench.run(name).folder.path for name in ("good", "fair"))
    where = ["--catalog", str(bench.cards), "--draws", "200"]
    assert status("compare", str(good), str(fair), *where) == 0
    assert status("compare", str(good), str(fair), str(limited), *where) == 1
    assert "Not compared" in capsys.readouterr().out
    assert status("compare", str(good), str(limited), *where) == 2
    assert status("compare", str(good), str(good), *where) == 2
    assert status("compare", str(bench.data), *where) == 2


def test_a_margin_needs_a_run_to_be_held_against(demo: Path, capsys: pytest.CaptureFixture[str]):
    assert status("compare", str(demo / "demo.vqa"), "--margin", "0.1") == 2
    assert "--margin and --against belong together" in capsys.readouterr().err
    against = str(demo / "demo.vqa" / "majority")
    assert status("compare", str(demo / "demo.vqa"), "--margin", "0.1", "--against", against, "--draws", "300") == 0
    assert "no worse than majority (margin 0.1)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plan", "0"], "--plan: expected a difference above 0, in units of the value, got `0`"),
        (["--plan", "inf"], "got `inf`"),
        (["--margin", "inf", "--against", "RUN"], "--margin: expected a number, in units of the value, got `inf`"),
        (["--seed", "-1"], "greater than or equal to 0"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(demo: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    against = str(demo / "demo.vqa" / "majority")
    assert status("compare", str(demo / "demo.vqa"), *(against if argument == "RUN" else argument for argument in arguments)) == 2
    assert said in capsys.readouterr().err


def test_a_chosen_threshold_is_no_value_to_compare(demo: Path):
    with pytest.raises(RunError, match="threshold"):
        compare(find_runs(demo / "demo.diagnosis"), Catalog(), CompareSettings(value="threshold", draws=200))


def test_an_unfinished_run_folder_does_not_stop_the_rest(demo: Path, tmp_path: Path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text('{"format": 1')
    found = compare([*find_runs(demo / "demo.text"), RunFolder(broken)], Catalog(), CompareSettings(draws=200))
    assert len(found.tables) == 1
    assert "damaged" in found.left_out[0]


def test_the_page_on_compare_prints_commands_that_work_and_the_columns_they_show(
    demo: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    page = (Path(__file__).parents[3] / "docs" / "compare.md").read_text("utf-8")
    commands = [line.split()[1:] for line in page.splitlines() if line.startswith("radbench compare ")]
    monkeypatch.chdir(demo.parent)
    for command in commands:
        assert status(*command) == 0
    capsys.readouterr()
    assert status(*commands[0]) == 0
    shown = capsys.readouterr().out.splitlines()
    printed = page.partition("```text\n")[2].partition("```")[0].splitlines()
    heads = [line.split() for line in printed if line.startswith(("system", "first"))]
    assert len(heads) == 2
    assert [head for head in heads if head not in [line.split() for line in shown]] == []  # numbers may follow the demo's baselines
