"""The samples of several runs: filters, orders, pages, and one sample in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from bench import Bench, rows
from demo_runs import asked
from fakes import FakeModel

from radbench.catalog import Catalog
from radbench.errors import ModelError, RunError
from radbench.folder import find_runs, to_line
from radbench.leaderboard.cases.places import JournalPlaces, SamplePlaces
from radbench.leaderboard.cases.samples import PAGE, SampleSet, Wanted
from radbench.records import Prediction, SampleRecord
from radbench.sample import Reply, Request
from radbench.scoring.stored import StoredRun


def who_knows(name: str, known: Callable[[int], bool], fails: Iterable[str] = (), refused: Iterable[str] = ()) -> FakeModel:
    """A model that answers the questions q<i> rightly for which `known(i)`."""

    def answer(request: Request) -> Reply:
        i = int(request.sample_id[1:])
        if request.sample_id in refused:
            return Reply(finish_reason="refused", output="")
        right = f"answer to q{i}" if i % 2 else "something else"
        return Reply(output=right if known(i) else f"no idea of q{i}")

    return FakeModel(answer=answer, name=name, errors={q: ModelError("broken") for q in fails}, batch_size=1)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    """60 questions; `good` knows three in four, and fails and refuses one; `fair` knows half, and was asked 40."""
    bench = Bench(tmp_path_factory.mktemp("samples") / "bench")
    bench.models = {
        "good": who_knows("good", lambda i: i % 4 < 3, fails=["q5"], refused=["q6"]),
        "fair": who_knows("fair", lambda i: i % 4 < 2),
    }
    bench.run("good", draws=0)
    bench.run("fair", draws=0, limit=40)
    stored = (StoredRun.open(folder, bench.catalog()) for folder in find_runs(bench.out))
    return SampleSet({one.run.model: one for one in stored}, bench.catalog())


def ids(samples: SampleSet, **wanted: object) -> list[str]:
    return [samples.ids[row] for row in samples.select(Wanted(**wanted))]  # type: ignore[arg-type]  # tests name fields


def test_all_samples_of_any_run_come_in_the_order_asked(samples: SampleSet):
    assert set(ids(samples)) == {f"q{i}" for i in range(60)}
    assert ids(samples)[:3] == ["q0", "q1", "q2"]


def test_ids_that_end_in_nothing_that_can_be_seen_are_found_again(tmp_path: Path):
    bench = Bench(tmp_path / "bench", n=4)
    bench.write_rows([{**row, "id": f"{row['id']}\0"} for row in rows(4)])
    bench.run("constant", draws=0)
    made = SampleSet({"constant": StoredRun.open(bench.only_run(), bench.catalog())}, bench.catalog())
    assert ids(made) == ["q0\0", "q1\0", "q2\0", "q3\0"]
    assert made.values("exact_match").tolist() == [[0.0] * 4]


def test_the_primary_value_is_offered_first(samples: SampleSet):
    assert samples.offered()[0] == "exact_match"
    assert {"token_f1", "token_recall"} <= set(samples.offered())


def test_values_stand_by_run_and_sample_and_are_undefined_where_nothing_was_asked(samples: SampleSet):
    good, fair = (dict(zip(samples.ids, row, strict=True)) for row in _by_name(samples, "exact_match"))
    assert (good["q0"], good["q3"], good["q5"]) == (1.0, 0.0, 0.0)
    assert (fair["q1"], fair["q2"]) == (1.0, 0.0)
    assert np.isnan(fair["q41"])


def test_the_worst_of_one_run_come_first_and_the_best_in_the_other_order(samples: SampleSet):
    wrong = {f"q{i}" for i in range(60) if i % 4 == 3} | {"q5", "q6"}
    worst = ids(samples, order="worst", value="exact_match", run="good")
    assert set(worst[: len(wrong)]) == wrong
    best = ids(samples, order="best", value="exact_match", run="good")
    assert set(best[-len(wrong) :]) == wrong


def test_the_largest_gaps_come_first_and_samples_of_one_run_alone_last(samples: SampleSet):
    # good alone knows i % 4 == 2, but refused q6; fair alone knows q5, at which good failed
    differ = {f"q{i}" for i in range(40) if i % 4 == 2 and i != 6} | {"q5"}
    wanted = Wanted(order="largest gap", value="exact_match")
    found = ids(samples, order="largest gap", value="exact_match")
    assert set(found[: len(differ)]) == differ
    assert set(found[-20:]) == {f"q{i}" for i in range(40, 60)}
    spread = samples.spread(wanted)
    assert spread is not None
    assert np.nanmax(spread) == 1.0


def test_two_metrics_disagree_where_a_sample_stands_high_under_one_and_low_under_the_other(samples: SampleSet):
    values = {name: _by_name(samples, name)[0] for name in ("exact_match", "token_recall")}
    share = {}
    for name, own in values.items():
        n = len(own)
        share[name] = np.array([((own < x).sum() + ((own == x).sum() - 1) / 2) / (n - 1) for x in own])
    spread = samples.spread(Wanted(order="disagreement", value="exact_match", against="token_recall", run="good"))
    assert spread is not None
    np.testing.assert_allclose(spread, np.abs(share["exact_match"] - share["token_recall"]), atol=1e-12)


@pytest.mark.parametrize(("outcome", "expected"), [("failed", {"q5"}), ("refused", {"q6"}), ("truncated", set()), ("unparsed", set())])
def test_replies_are_filtered_by_what_became_of_them(samples: SampleSet, outcome: str, expected: set[str]):
    assert set(ids(samples, outcome=outcome)) == expected


def test_samples_that_a_run_was_not_asked_are_found(samples: SampleSet):
    assert set(ids(samples, outcome="not asked")) == {f"q{i}" for i in range(40, 60)}


def test_samples_are_filtered_by_subgroup_and_by_id(samples: SampleSet):
    assert samples.subgroups == {"kind": ("even", "odd")}
    assert set(ids(samples, levels={"kind": "odd"})) == {f"q{i}" for i in range(60) if i % 4 >= 2}
    assert ids(samples, text="Q51") == ["q51"]


def test_a_page_holds_fifty_samples_with_what_each_run_said(samples: SampleSet):
    rows = samples.select(Wanted())
    first, second = samples.page(rows, 1), samples.page(rows, 2)
    assert (len(first), len(second)) == (PAGE, 10)
    _, record, outputs = first[5]
    assert record.texts["question"] == "What does line 5 show?"
    assert outputs == {"good": "(failed: broken)", "fair": "answer to q5"}
    assert second[0][2]["fair"] == "(not asked)"


def test_one_sample_is_shown_with_its_values_replies_and_reasons(samples: SampleSet):
    found = samples.shown("q3")
    assert found is not None
    good = next(one for one in found.candidates if one.run == "good")
    assert good.prediction is not None
    assert good.prediction.output == "no idea of q3"
    assert good.case is not None
    assert good.case.text == "no idea of q3"
    assert good.values["exact_match"] == 0.0
    assert samples.shown("nothing") is None


def test_a_run_that_was_not_asked_has_no_candidate(samples: SampleSet):
    found = samples.shown("q50")
    assert found is not None
    fair = next(one for one in found.candidates if one.run == "fair")
    assert (fair.prediction, fair.case, dict(fair.values)) == (None, None, {})


def test_unreadable_answers_are_found_by_reading_the_replies(tmp_path: Path):
    (folder,) = asked(tmp_path, "demo.grounding", "constant-yes", limit=4)
    made = SampleSet({"yes": StoredRun.open(folder, Catalog())}, Catalog())
    assert len(ids(made, outcome="unparsed")) == 4


def test_statements_that_a_report_cannot_have_are_placed_in_its_text(tmp_path: Path):
    (folder,) = asked(tmp_path, "demo.report", limit=1, said={"test-000-film1": "Unchanged nodule of 9 mm."})
    shown = SampleSet({"said": StoredRun.open(folder, Catalog())}, Catalog()).shown("test-000-film1")
    assert shown is not None
    (candidate,) = shown.candidates
    assert candidate.case is not None
    places = {one.kind: one.words for _, one in candidate.errors}
    assert places == {"comparison without prior": "Unchanged", "invented measurement": "9 mm"}


def test_lines_are_found_whatever_ids_and_texts_hold(tmp_path: Path):
    names = ['a"b', "back\\slash", "ü\n", '","key":"x', "plain"]
    file = tmp_path / "samples.jsonl"
    file.write_bytes(
        b"".join(to_line(SampleRecord(id=name, texts={"question": f'{{"id":"{name}'}, position=i)) for i, name in enumerate(names))
    )
    places = SamplePlaces(file)
    assert list(places.offsets) == names
    assert [places.get(name).position for name in names] == list(range(5))  # type: ignore[union-attr]  # all are there
    journal = tmp_path / "predictions.jsonl"
    lines = [Prediction(key=f"k{i}", sample_id=name, output='"key":"k9","sample_id":"z"', prompt=name) for i, name in enumerate(names)]
    journal.write_bytes(b"".join(map(to_line, lines)))
    found = JournalPlaces(journal)
    assert [found.get(f"k{i}") for i in range(5)] == lines
    assert found.get("k9") is None


def test_of_a_keys_lines_the_last_one_with_an_output_holds(tmp_path: Path):
    lines = [
        Prediction(key="k", sample_id="a", error="lost"),
        Prediction(key="k", sample_id="a", output="first"),
        Prediction(key="k", sample_id="a", error="lost again"),
        Prediction(key="m", sample_id="b", error="one"),
        Prediction(key="m", sample_id="b", error="two"),
    ]
    journal = tmp_path / "predictions.jsonl"
    journal.write_bytes(b"".join(map(to_line, lines)) + b'{"output":"torn')
    found = JournalPlaces(journal)
    assert found.get("k") == lines[1]
    assert found.get("m") == lines[4]
    assert found.states["failed"] == {"b"}


def test_a_damaged_line_is_named_without_its_text(tmp_path: Path):
    journal = tmp_path / "predictions.jsonl"
    journal.write_bytes(to_line(Prediction(key="k", sample_id="a", output="x")) + b'{"secret report"\n')
    with pytest.raises(RunError, match="holds no Prediction") as caught:
        JournalPlaces(journal)
    assert "secret" not in str(caught.value)


def test_an_absent_journal_is_an_empty_one(tmp_path: Path):
    assert JournalPlaces(tmp_path / "predictions.jsonl").get("k") is None


def _by_name(samples: SampleSet, value: str) -> list[np.ndarray]:
    rows = dict(zip(samples.runs, samples.values(value), strict=True))
    return [rows["good"], rows["fair"]]


def test_a_value_that_is_no_statistic_is_left_out_and_hides_no_other(tmp_path: Path):
    """`threshold` shares its signature with values that have rows."""
    folders = asked(tmp_path, "demo.diagnosis", "majority", limit=6)
    made = SampleSet({folder.read_run().model: StoredRun.open(folder, Catalog()) for folder in folders[:1]}, Catalog())
    shown = made.shown("test-000-film1")
    assert shown is not None
    assert "threshold" not in shown.candidates[0].values
    assert np.isnan(made.values("threshold")).all()
    assert not any("threshold" in reason for reason in shown.candidates[0].excluded.values())
