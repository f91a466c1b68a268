"""`correlate`: published numbers, ceiling, controls, differences, what is left out; anchoring; figures; the command."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import radbench
from radbench.catalog import Catalog
from radbench.cli import main
from radbench.errors import ContentError, RunError
from radbench.folder import RunFolder
from radbench.metrics.grad import Grad
from radbench.metrics.radfact import Radfact
from radbench.metrics.rouge import Rouge
from radbench.ratings.anchoring import anchor
from radbench.ratings.correlating import correlate
from radbench.ratings.correlations import CEILING, CorrelationSettings, MetricScores
from radbench.ratings.gathering import only_criterion
from radbench.ratings.leaks import leaks, prompts_of
from radbench.ratings.report import anchored_text, table, words
from radbench.ratings.scored import by_model, from_runs, length_controls
from radbench.ratings.table import RatedItems, RatedText, Ratings, Scale
from radbench.sample import Case

QUALITY = Scale("ordinal", 1, 5)
ERRORS = Scale("count", 0, lower_is_better=True)
FEW = CorrelationSettings(draws=200)


@pytest.fixture(autouse=True)
def _fonts_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib lists the machine's fonts at its first start, which takes seconds; that list outlives the test's home."""
    monkeypatch.setenv("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "radbench-tests-matplotlib"))


def rated(
    n_studies: int = 30, n_systems: int = 3, n_raters: int = 3, scale: Scale = QUALITY, seed: int = 0
) -> tuple[RatedItems, np.ndarray]:
    """Ratings of some systems' texts, and the quality behind them."""
    rng = np.random.default_rng(seed)
    items = tuple((f"study {i:03}", f"system {j}") for i in range(n_studies) for j in range(n_systems))
    quality = rng.normal(size=len(items)) + np.tile(np.arange(n_systems) * 0.5, n_studies)
    given = quality[:, None] + 0.7 * rng.normal(size=(len(items), n_raters))
    values = np.clip(np.round(3 - given if scale.lower_is_better else 3 + given), 0, 6)
    return RatedItems(items, tuple(f"rater {r}" for r in range(n_raters)), values, scale), quality


def noisy(quality: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return quality + noise * np.random.default_rng(seed).normal(size=len(quality))


def test_published_correlations_of_bagel_are_reproduced(shared_dir: Path):
    """Informativeness of 404 sentences; max over references, rouge-score with stemmer: neulab/BARTScore, analysis.ipynb."""
    held = json.loads((shared_dir / "data" / "human_ratings_bagel" / "bagel.json").read_text("utf-8"))
    items = tuple((key, "system") for key in held)
    values = np.array([[row["scores"]["informativeness"]] for row in held.values()])
    cases = [Case.of(row["sys_summ"], row["ref_summs"]) for row in held.values()]
    metrics = []
    for references in ("max", "mean"):
        metric = Rouge(stem=True, references=references)
        scores = metric.value(np.stack([metric.row(case) for case in cases]))
        metrics += [MetricScores(f"{name} {references}", scores[name]) for name in ("rouge1", "rouge2", "rougeL")]

    found = correlate(
        RatedItems(items, ("published",), values, Scale("interval", 1, 6)), metrics, criterion="informativeness", settings=FEW
    )

    by_name = {metric.name: metric.estimates["pooled"] for metric in found.metrics}
    published = {"rouge1 max": (0.2343, 0.1780), "rouge2 max": (0.1986, 0.1510), "rougeL max": (0.1886, 0.1455)}
    for name, expected in published.items():
        assert (by_name[name]["spearman"].value, by_name[name]["tau_b"].value) == pytest.approx(expected, abs=0.003)
    mean = by_name["rouge1 mean"]
    assert (mean["spearman"].value, mean["tau_b"].value) == pytest.approx((0.1941, 0.1446), abs=0.003)


def test_agreement_is_positive_whichever_way_either_side_is_written():
    better, quality = rated()
    errors, _ = rated(scale=ERRORS)
    x = noisy(quality, 0.5, 1)

    found = [
        correlate(ratings, [MetricScores("m", sign * x, sign < 0)], criterion="c", settings=FEW).metrics[0].of("pooled", "tau_b").value
        for ratings in (better, errors)
        for sign in (1, -1)
    ]

    assert found[0] == found[1]
    assert found[2] == found[3]
    assert min(found) > 0.4


def test_a_metric_that_disagrees_stays_negative():
    ratings, quality = rated()

    found = correlate(ratings, [MetricScores("m", -quality)], criterion="c", settings=FEW)

    assert found.metrics[0].of("pooled", "tau_b").value < -0.4


def test_the_same_texts_stand_behind_every_metric_and_what_was_left_out_is_counted():
    ratings, quality = rated()
    some = quality.copy()
    some[:5] = np.nan
    none = np.full(len(quality), np.nan)

    found = correlate(ratings, [MetricScores("a", quality), MetricScores("b", some), MetricScores("c", none)], criterion="c", settings=FEW)

    assert found.n == len(quality) - 5
    assert {metric.n for metric in found.metrics} == {found.n}
    assert dict(found.left_out) == {"b": 5}
    assert dict(found.not_measured) == {"c": "has no value of 90 of 90 rated texts"}
    assert "b: no value of 5 rated texts" in table(found)


def test_without_any_value_there_is_nothing_to_correlate():
    ratings, quality = rated()

    with pytest.raises(ContentError, match="m has no value of 90 of 90 rated texts"):
        correlate(ratings, [MetricScores("m", np.full(len(quality), np.nan))], criterion="c")


def test_the_ceiling_is_each_rater_against_the_mean_of_the_others():
    ratings, quality = rated(n_raters=3)

    found = correlate(ratings, [MetricScores("m", quality)], criterion="c", settings=FEW)

    expected = [stats.kendalltau(ratings.values[:, r], np.delete(ratings.values, r, axis=1).mean(axis=1)).statistic for r in range(3)]
    assert [one.name for one in found.ceiling] == ["rater 0", "rater 1", "rater 2", CEILING]
    assert [one.of("pooled", "tau_b").value for one in found.ceiling] == pytest.approx([*expected, np.mean(expected)])
    top = found.ceiling[-1].of("pooled", "tau_b")
    assert top.low < top.value < top.high
    assert "One rater against the others reaches" in words(found)


def test_a_rater_of_some_texts_is_held_against_others_on_those():
    ratings, quality = rated(n_raters=3)
    values = ratings.values.copy()
    values[10:, 2] = np.nan

    found = correlate(replace(ratings, values=values), [MetricScores("m", quality)], criterion="c", settings=FEW)

    assert [one.n for one in found.ceiling[:3]] == [90, 90, 10]


def test_one_rater_gives_no_ceiling():
    ratings, quality = rated(n_raters=1)

    found = correlate(ratings, [MetricScores("m", quality)], criterion="c", settings=FEW)

    assert found.ceiling == ()
    assert "no ceiling" in words(found)


def test_a_better_metric_is_told_from_a_worse_one_with_its_numbers():
    ratings, quality = rated(n_studies=60)
    good, bad = MetricScores("good", noisy(quality, 0.3, 1)), MetricScores("bad", noisy(quality, 3, 2))

    found = correlate(ratings, [bad, good], criterion="c", settings=CorrelationSettings(draws=500, seed=3))

    pooled, within = found.differences
    assert (pooled.level, within.level) == ("pooled", "within")
    assert pooled.estimate.value == pytest.approx(
        found.metrics[0].of("pooled", "tau_b").value - found.metrics[1].of("pooled", "tau_b").value
    )
    assert pooled.estimate.low < pooled.estimate.value < pooled.estimate.high < 0
    assert within.estimate.low < within.estimate.value < within.estimate.high
    assert pooled.p == pooled.p_adjusted == 1 / 501
    assert f"good over bad by {-pooled.estimate.value:.3f}" in words(found)
    assert "(500 swaps of clusters, Holm)" in words(found)
    assert [metric.name for metric in found.ordered("pooled")] == ["good", "bad"]


def test_swaps_are_as_many_as_so_many_pairs_of_metrics_need():
    ratings, quality = rated()
    metrics = [MetricScores(f"m{i}", noisy(quality, 1, i)) for i in range(8)]

    found = correlate(ratings, metrics, criterion="c", settings=FEW)

    assert len(found.differences) == 2 * 28
    assert found.swaps == 559  # 28 / (559 + 1) = .05
    assert min(one.p_adjusted for one in found.differences) == pytest.approx(28 / 560)


def test_without_draws_there_are_values_and_nothing_else():
    ratings, quality = rated()

    found = correlate(ratings, [MetricScores("m", quality)], criterion="c", settings=CorrelationSettings(draws=0))

    assert found.metrics[0].of("pooled", "tau_b").low is None
    assert found.differences == ()
    assert "[" not in table(found)


def test_a_constant_metric_is_undefined_and_its_studies_are_counted():
    ratings, quality = rated()

    found = correlate(ratings, [MetricScores("flat", np.ones(len(quality))), MetricScores("m", quality)], criterion="c", settings=FEW)

    flat = found.metrics[0]
    assert flat.of("pooled", "tau_b").value is None
    assert (flat.n_studies, flat.n_constant) == (30, 30)
    assert next(one for one in found.differences if one.level == "pooled").p is None
    assert "undefined" in table(found)
    json.dumps(found.as_json(), allow_nan=False)


def test_systems_are_compared_from_three_on():
    levels = [
        correlate(ratings, [MetricScores("m", quality)], criterion="c", settings=FEW).metrics[0].estimates.keys()
        for ratings, quality in (rated(n_systems=1), rated(n_systems=2), rated(n_systems=3))
    ]

    assert [set(found) for found in levels] == [{"pooled"}, {"pooled", "within"}, {"pooled", "within", "system"}]


def test_counted_errors_have_a_mean_difference_and_other_values_have_none():
    ratings, _ = rated(scale=ERRORS)
    counts = np.round(ratings.mean + 1)

    found = correlate(
        ratings,
        [MetricScores("counted", counts, True), MetricScores("score", counts / 7, True)],
        criterion="errors",
        settings=FEW,
    )

    assert found.metrics[0].of("pooled", "mae").value == pytest.approx(np.abs(counts - ratings.mean).mean())
    assert found.metrics[1].of("pooled", "mae").value is None
    assert found.ceiling[-1].of("pooled", "mae").value > 0


def test_the_median_over_raters_can_be_taken():
    ratings, quality = rated(n_raters=3)

    found = correlate(ratings, [MetricScores("m", quality)], criterion="c", settings=replace(FEW, over_raters="median"))

    expected = stats.kendalltau(quality, np.median(ratings.values, axis=1)).statistic
    assert found.metrics[0].of("pooled", "tau_b").value == pytest.approx(expected)


def test_patients_are_drawn_where_runs_know_them():
    ratings, quality = rated()
    clusters = {study: f"patient {i // 5}" for i, study in enumerate(sorted({study for study, _ in ratings.items}))}

    found = correlate(ratings, [MetricScores("m", quality)], criterion="c", clusters=clusters, settings=FEW)

    assert (found.n_studies, found.n_clusters) == (30, 6)
    assert "Only 6 clusters" in table(found)


def test_the_same_seed_gives_the_same_bytes():
    ratings, quality = rated()
    metrics = [MetricScores("a", noisy(quality, 1, 1)), MetricScores("b", noisy(quality, 1, 2))]

    found = [json.dumps(correlate(ratings, metrics, criterion="c", settings=FEW).as_json()) for _ in range(2)]

    assert found[0] == found[1]


def test_length_controls_count_words_and_miss_none():
    texts = {("s", "a"): RatedText("s", "a", "one two three", ("one", "one two three four"))}
    items = [("s", "a")]

    nearest, mean = length_controls(texts, items, "max"), length_controls(texts, items, "mean")

    assert [control.values.tolist() for control in nearest] == [[3.0], [1.0]]
    assert mean[1].values.tolist() == [1.5]
    assert [control.lower_is_better for control in nearest] == [False, True]
    assert length_controls(texts, [*items, ("s", "b")], "max") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There is a small LEFT\npleural effusion.", [0]),
        ("there is a small left pleural effusions", []),
        ("No acute findings.", []),  # four words would be found in any prompt
        ("", []),
    ],
)
def test_a_text_leaks_where_the_prompt_shows_it_word_for_word(text: str, expected: list[int]):
    prompt = 'Count errors. Example: "There is a small left pleural effusion." against "No acute findings." gives 1.'

    assert leaks(prompt, [text]) == expected


def test_the_prompts_of_a_judged_metric_are_all_that_it_tells_judges():
    (prompt,) = prompts_of(Grad(judge="someone"))

    assert "{candidate}" in prompt
    assert len(list(prompts_of(Radfact(judge="someone")))) == 2
    assert list(prompts_of(Rouge())) == []
    example = next(line for line in prompt.splitlines() if len(line.split()) > 8)
    assert leaks(prompt, ["Heart size is normal and lungs are clear.", example]) == [1]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """Three baselines on the reports of the demo suite, scored."""
    out = tmp_path_factory.mktemp("runs")
    return {name: radbench.evaluate(name, "demo.report", out=out, draws=0).folder for name in ("constant", "majority", "nearest-neighbour")}


@pytest.fixture(scope="module")
def ratings_file(demo: dict[str, RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Errors that three raters count in the texts of every other sample: the fewer, the higher ROUGE-L is."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["study", "system", "rater", "criterion", "value"])
        for system, folder in demo.items():
            studies = [sample.id for sample in folder.iter_samples()][::2]
            items = [(study, system) for study in studies]
            scores = from_runs({system: folder}, items, ["rougeL"], Catalog()).metrics[0].values
            for study, score in zip(studies, scores, strict=True):
                for rater in "abc":
                    table.writerow([study, system, rater, "errors", max(0, round(6 * (1 - score) + 0.7 * rng.normal()))])
    return path


def test_values_of_runs_are_those_of_their_cases(demo: dict[str, RunFolder]):
    folder = demo["nearest-neighbour"]
    samples = {sample.id: sample for sample in folder.iter_samples()}
    study = next(iter(samples))
    items = [(study, "nearest-neighbour"), ("nowhere", "nearest-neighbour"), (study, "another")]

    found = from_runs({"nearest-neighbour": folder, "constant": demo["constant"]}, items, ["rougeL", "cider", "bleu5"], Catalog())

    by_name = {metric.name: metric for metric in found.metrics}
    text = found.texts[study, "nearest-neighbour"]
    expected = Rouge().row(Case.of(text.text, text.references))[Rouge.columns.index("rougeL")]
    assert by_name.keys() == {"rougeL", "cider"}
    assert by_name["rougeL"].values[0] == pytest.approx(expected)
    assert np.isnan(by_name["rougeL"].values[1:]).all()
    assert by_name["rougeL"].signature.startswith("rouge|stem:no|refs:max")
    assert "did you mean `bleu" in found.missing["bleu5"]
    assert found.clusters[study] == samples[study].cluster
    assert found.notes == ["No rating is of constant."]


def test_runs_of_systems_that_nobody_rated_are_refused(demo: dict[str, RunFolder]):
    with pytest.raises(ContentError, match="rated are dr-no, runs are of constant, majority"):
        from_runs(demo, [("a", "dr-no")], [], Catalog())


def test_two_runs_of_one_model_are_refused(demo: dict[str, RunFolder]):
    with pytest.raises(RunError, match="both of constant"):
        by_model([demo["constant"], demo["constant"]])


def run(*arguments: str | Path) -> int:
    """The exit status of a command."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_the_command_correlates_runs_with_ratings(
    demo: dict[str, RunFolder], ratings_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    pytest.importorskip("matplotlib", reason="figures need matplotlib (extra: plots)")
    runs = [option for folder in demo.values() for option in ("--runs", folder.path)]
    arguments = ["correlate", "--ratings", ratings_file, *runs, "--metric", "rougeL,cider", "--draws", "300"]

    assert run(*arguments, "--out", tmp_path / "out") == 0
    text = capsys.readouterr().out
    assert run(*arguments, "--json") == 0
    document = json.loads(capsys.readouterr().out)

    assert [metric["name"] for metric in document["metrics"]] == ["rougeL", "cider", "length", "length_difference"]
    assert document["n"] == 84
    assert document["words"] in text
    assert "Less is better in the rating errors, length_difference: their sign was changed." in text
    assert "length (control)" in text
    assert CEILING in text
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        *("correlations.json", "correlations.txt", "forest.png", "forest.svg", "scatter.png", "scatter.svg")
    ]
    assert (tmp_path / "out" / "correlations.txt").read_text("utf-8") == text
    assert json.loads((tmp_path / "out" / "correlations.json").read_text("utf-8")) == document


def test_the_command_says_what_is_missing_and_leaves_with_1(
    demo: dict[str, RunFolder], ratings_file: Path, capsys: pytest.CaptureFixture[str]
):
    folder = demo["majority"].path.parents[2]

    status = run("correlate", "--ratings", ratings_file, "--runs", folder, "--metric", "rougeL,bleu4", "--draws", "100")

    assert status == 1
    assert "bleu4 takes no part: no run has a metric or value of that name; did you mean `bleu-4`" in capsys.readouterr().out


def test_where_no_metric_asked_for_is_there_nothing_is_said_of_any(
    demo: dict[str, RunFolder], ratings_file: Path, capsys: pytest.CaptureFixture[str]
):
    folder = demo["majority"].path.parents[2]

    assert run("correlate", "--ratings", ratings_file, "--runs", folder, "--metric", "bleu5", "--draws", "0") == 1
    assert capsys.readouterr().out.endswith("No metric takes part, only controls, so nothing can be said of any.\n")


def test_what_a_study_asked_again_or_as_a_control_is_no_criterion_to_choose():
    held = Ratings((), dict.fromkeys(["errors.control", "errors", "errors.repeat"], Scale("count")), "a.csv")

    assert only_criterion(held) == "errors"
    with pytest.raises(ContentError, match="which of its criteria"):
        only_criterion(replace(held, scales={**held.scales, "quality": Scale("ordinal")}))


def test_the_command_scores_the_rated_texts_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    findings = ["small left effusion", "no effusion", "large right pneumothorax", "stable nodule", "clear lungs"]
    held = {
        str(i): {
            "src": "",
            "sys_summ": f"There is {findings[i % 5]} today.",
            "ref_summs": [f"There is {findings[(i + i // 5) % 5]}.", "Nothing."],
            "scores": {"informativeness": 6.0 - i // 5, "quality": 3.0},
        }
        for i in range(15)
    }
    Path("bagel.json").write_text(json.dumps(held))

    arguments = ["correlate", "--ratings", "bagel.json", "--criterion", "informativeness", "--metric", "rouge:rouge1,rouge:rougeL,quality"]
    status = run(*arguments, "--metric-arg", "rouge.stem=true", "--references", "mean", "--draws", "200", "--json")

    document = json.loads(capsys.readouterr().out)
    by_name = {metric["name"]: metric for metric in document["metrics"]}
    assert status == 0
    assert list(by_name) == ["rouge1", "rougeL", "quality", "length", "length_difference"]
    assert by_name["rouge1"]["signature"].startswith("rouge|stem:yes|refs:mean")
    assert by_name["rouge1"]["estimates"]["pooled"]["tau_b"]["value"] > 0
    assert by_name["quality"]["estimates"]["pooled"]["tau_b"]["value"] is None  # the same for all


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--metric", "rouge"], "needs --ratings FILE"),
        (["--ratings", "FILE"], "needs --metric NAME"),
        (["--ratings", "FILE", "--anchor", "x", "--runs", "y"], "--anchor goes with one --metric"),
        (["--ratings", "FILE", "--metric", "rouge", "--metric-arg", "stem=true"], "expected METRIC.OPTION=VALUE"),
        (["--ratings", "FILE", "--metric", "rouge", "--criterion", "error"], "no ratings of `error`; did you mean `errors`"),
        (["--ratings", "FILE", "--metric", "rouge"], "holds no texts"),
        (["--ratings", "FILE", "--metric", "rouge", "--metric-arg", "blue.stem=true"], "`blue` is none of the metrics asked for: rouge"),
        (["--ratings", "FILE", "--metric", "rouge", "--runs", "y", "--metric-arg", "rouge.stem=true"], "runs are scored already"),
        (["--ratings", "FILE", "--metric", "rouge", "--seed", "-1"], "greater than or equal to 0"),
        (["--ratings", "FILE", "--metric", "rouge", "--scale", "error=count"], "has no `error`; did you mean `errors`"),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_the_mend(
    ratings_file: Path, tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)

    assert run("correlate", *(ratings_file if argument == "FILE" else argument for argument in arguments)) == 2
    assert said in capsys.readouterr().err


def test_runs_are_anchored_in_ratings_of_some_of_their_texts(
    demo: dict[str, RunFolder], ratings_file: Path, capsys: pytest.CaptureFixture[str]
):
    runs = [option for folder in demo.values() for option in ("--anchor", folder.path)]

    assert run("correlate", "--ratings", ratings_file, *runs, "--metric", "rougeL", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert run("correlate", "--ratings", ratings_file, *runs) == 0
    text = capsys.readouterr().out

    first = document["models"][0]
    assert first["model"] == "nearest-neighbour"  # fewest errors
    assert first["estimate"]["n"] == 55
    assert first["estimate"]["n_rated"] == 28
    assert first["estimate"]["low"] < first["estimate"]["value"] < first["estimate"]["high"]
    assert first["worth"] > 1
    assert len(document["pairs"]) == 3
    assert document["pairs"][0]["estimate"]["level"] == pytest.approx(1 - 0.05 / 3)
    assert "nearest-neighbour is better than majority: nearest-neighbour - majority = -" in text
    assert "anchored in its ratings by rougeL (rouge|stem:no" in text  # the task's primary value
    assert "drawn at random from the test set" in text


def test_models_that_few_ratings_do_not_set_apart_are_told_how_many_more_would(demo: dict[str, RunFolder]):
    rng = np.random.default_rng(1)
    studies = [sample.id for sample in demo["constant"].iter_samples()][::2]
    items = tuple((study, system) for study in sorted(studies) for system in ("constant", "majority"))
    noise = RatedItems(items, ("a",), rng.normal(size=(len(items), 1)) + [[0.2 * (system == "majority")] for _, system in items], QUALITY)

    found = anchor(noise, {name: demo[name] for name in ("constant", "majority")}, Catalog(), criterion="quality")

    (pair,) = found.pairs
    assert not pair.is_separated
    assert "are not set apart" in anchored_text(found)
    if pair.further is not None:
        assert f"{pair.further} further rated clusters would" in anchored_text(found)


def test_a_value_that_runs_lack_anchors_nothing(demo: dict[str, RunFolder]):
    ratings = RatedItems((("a", "constant"),), ("r",), np.ones((1, 1)), QUALITY)

    with pytest.raises(ContentError, match="`green`: it has no value of that id"):
        anchor(ratings, {"constant": demo["constant"]}, Catalog(), criterion="c", value="green")
    with pytest.raises(ContentError, match="no run is of a rated model"):
        anchor(ratings, {"majority": demo["majority"]}, Catalog(), criterion="c")


def test_too_few_ratings_anchor_nothing_and_say_so(demo: dict[str, RunFolder]):
    studies = sorted(sample.id for sample in demo["constant"].iter_samples())[:2]
    items = tuple((study, system) for study in studies for system in ("constant", "majority"))
    ratings = RatedItems(items, ("r",), np.ones((len(items), 1)), QUALITY)

    found = anchor(ratings, {name: demo[name] for name in ("constant", "majority")}, Catalog(), criterion="c")

    assert math.isnan(found.models[0].estimate.value)
    assert "too few" in anchored_text(found)
    json.dumps(found.as_json(), allow_nan=False)


def test_figures_are_the_same_bytes_each_time_and_name_each_metric(tmp_path: Path):
    pytest.importorskip("matplotlib", reason="figures need matplotlib (extra: plots)")
    from radbench.ratings.plots import draw_figures

    ratings, quality = rated()
    metrics = [
        MetricScores("good", quality),
        MetricScores("flat", np.ones(len(quality))),
        MetricScores("length", -quality, is_control=True),
    ]
    found = correlate(ratings, metrics, criterion="c", settings=FEW)
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written.append([path.read_bytes() for path in draw_figures(found, metrics, ratings.mean, tmp_path / name)])

    assert [path.name for path in sorted((tmp_path / "one").iterdir())] == ["forest.png", "forest.svg", "scatter.png", "scatter.svg"]
    assert written[0] == written[1]
    assert written[0][0].startswith(b"\x89PNG")


def test_the_examples_of_the_page_run(
    demo: dict[str, RunFolder], ratings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    page = (Path(__file__).parents[2] / "docs" / "correlate.md").read_text("utf-8")
    commands = [line.split() for line in page.splitlines() if line.startswith("radbench correlate --ratings ratings.csv")]
    monkeypatch.chdir(tmp_path)
    Path("ratings.csv").write_bytes(ratings_file.read_bytes())
    Path("runs").symlink_to(demo["constant"].path.parents[2])

    assert len(commands) == 2
    for command in commands:
        assert run(*command[1:]) == 0
    assert ratings_file.read_text().splitlines()[0] in page
