"""The score pass: what is measured again and what is not, what becomes of each case, how values are weighed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import pytest
from bench import Bench, rows
from fakes import FakeModel

from radbench.errors import ScoringError
from radbench.metrics.base import Excluded, Row, Rows, SumMetric, Values, ratio
from radbench.records import Summary
from radbench.sample import Case, Reply
from radbench.scoring.stored import StoredRun


class Length(SumMetric):
    """The mean number of characters of a candidate; it remembers the cases it measured."""

    name: ClassVar[str] = "length"
    columns = ("characters", "cases")
    measured: ClassVar[list[str]] = []

    def __init__(self, *, factor: float = 1.0) -> None:
        self.factor = factor

    def signature(self) -> dict[str, str]:
        return {"factor": str(self.factor)}

    def measure(self, cases: Sequence[Case]) -> Rows:
        type(self).measured += [f"{case.sample.id} x {self.factor:g}" for case in cases]
        return super().measure(cases)

    def row(self, case: Case) -> Row | Excluded:
        if case.sample.id == "q11":
            return Excluded("the eleventh is never measured")
        return np.array([self.factor * len(case.text), 1.0])

    def value(self, sums: np.ndarray) -> Values:
        return {"length": ratio(sums[:, 0], sums[:, 1])}


class Broken(Length):
    """A metric that cannot run."""

    name: ClassVar[str] = "broken"

    def measure(self, cases: Sequence[Case]) -> Rows:
        raise ScoringError("there is no such corpus")


@pytest.fixture(autouse=True)
def _forgetful():
    Length.measured = []


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.models = {"fake": FakeModel(answer=lambda request: Reply(output="x" * (1 + int(request.sample_id[1:]))))}
    bench.metrics = {"length": Length, "broken": Broken}
    bench.score |= {"metrics": ["length"], "primary": "length"}
    bench.write_card()
    return bench


def again(bench: Bench, draws: int = 50) -> Summary:
    return bench.rescore(draws=draws).summary


def test_rescoring_without_a_change_measures_nothing_and_writes_the_same_summary(bench: Bench):
    first = bench.run().folder.summary.read_bytes()
    assert len(Length.measured) == 12
    again(bench)
    assert len(Length.measured) == 12
    assert bench.only_run().summary.read_bytes() == first


def test_only_a_metric_whose_options_changed_is_measured_again(bench: Bench):
    bench.score["metrics"] = [{"length": {"factor": 1.0}}, {"length": {"factor": 2.0}}]
    bench.write_card()
    bench.run()
    Length.measured.clear()
    bench.score["metrics"] = [{"length": {"factor": 1.0}}, {"length": {"factor": 3.0}}]
    bench.write_card()
    summary = again(bench)
    assert Length.measured == [f"q{i} x 3" for i in range(12)]
    assert [value.value for value in summary.values] == [6.0, 18.0]


def test_other_draws_or_subgroups_measure_nothing(bench: Bench):
    bench.run()
    Length.measured.clear()
    bench.score["subgroups"] = []
    bench.write_card()
    assert again(bench, draws=7).intervals["draws"] == 7
    assert Length.measured == []


def test_another_reader_measures_again(bench: Bench):
    bench.run()
    Length.measured.clear()
    bench.ask["options"] = {"form": "closed"}
    bench.write_card()
    bench.run(out=bench.folder / "closed")
    Length.measured.clear()
    bench.score["reader"] = "legacy.llavamed_closed_v1"
    bench.write_card()
    bench.run(out=bench.folder / "closed")
    assert len(Length.measured) == 12


@pytest.mark.parametrize("left", [0, 3, 100, -200, -1])
def test_rows_in_a_damaged_file_are_measured_again(bench: Bench, left: int):
    first = bench.run()
    (stored,) = first.folder.scores.iterdir()
    stored.write_bytes(stored.read_bytes()[:left])
    assert again(bench) == first.summary


def test_without_scores_and_summary_a_run_is_scored_to_the_same(bench: Bench):
    first = bench.run()
    text = first.folder.summary.read_bytes()
    for file in first.folder.scores.iterdir():
        file.unlink()
    first.folder.scores.rmdir()
    first.folder.summary.unlink()
    again(bench)
    assert first.folder.summary.read_bytes() == text


def test_stored_rows_can_be_read_by_anyone_with_numpy(bench: Bench):
    folder = bench.run().folder
    with np.load(folder.cases) as cases:
        assert list(cases["strict/samples"]) == [f"q{i}" for i in range(12)]
    with np.load(folder.scores / "length.npz") as stored:
        (name,) = [name for name in stored.files if name.endswith("/rows")]
        np.testing.assert_array_equal(stored[name][:11], [[1 + i, 1] for i in range(11)])
        assert np.isnan(stored[name][11]).all()


def test_a_metric_that_cannot_run_is_named_and_the_others_are_scored(bench: Bench):
    bench.score["metrics"] = ["broken", "length"]
    bench.write_card()
    result = bench.run()
    assert result.summary.problems == ("broken: there is no such corpus",)
    assert [value.id for value in result.summary.values] == ["length"]
    assert not result.is_whole


def test_cases_a_metric_leaves_out_are_counted_with_their_reason(bench: Bench):
    (value,) = bench.run().summary.values
    assert (value.n_scored, value.n_excluded, value.excluded) == (11, 1, {"the eleventh is never measured": 1})


def test_a_subgroup_is_the_same_metric_on_its_cases_alone(bench: Bench):
    (value,) = bench.run().summary.values
    by_kind = {kind: [1 + i for i, row in enumerate(rows(12)) if row["kind"] == kind and i != 11] for kind in ("even", "odd")}
    for kind, lengths in by_kind.items():
        found = value.subgroups["kind"][kind]
        assert found.value == pytest.approx(np.mean(lengths))
        assert found.n_scored == len(lengths)
        assert found.ci is not None
        assert found.ci[0] <= found.value <= found.ci[1]


def test_refused_truncated_empty_unparsed_and_failed_replies_are_counted_and_may_overlap(bench: Bench):
    replies = {
        "q0": Reply(output="no", finish_reason="refused"),
        "q1": Reply(output="cut o", finish_reason="length"),
        "q2": Reply(output="  "),
        "q3": Reply(output="", finish_reason="length"),
        "q4": Reply(error="lost"),
    }
    bench.models = {"fake": FakeModel(answer=lambda request: replies.get(request.sample_id, Reply(output="fine")))}
    counts = bench.run().summary.counts
    assert (counts.n_total, counts.n_scored, counts.n_excluded) == (12, 12, 0)
    assert (counts.n_refused, counts.n_truncated, counts.n_empty, counts.n_failed) == (1, 2, 2, 1)


def test_reasoning_is_taken_off_before_an_answer_is_read(bench: Bench):
    bench.models = {"fake": FakeModel(answer=lambda _: Reply(output="<think>a long thought</think>four"))}
    (value,) = bench.run().summary.values
    assert value.value == 4.0


def test_the_order_of_samples_changes_neither_value_nor_interval(bench: Bench):
    def found() -> list[tuple[float | None, tuple[float | None, float | None] | None]]:
        return [(value.value, value.ci) for value in bench.run().summary.values]

    bench.score["metrics"] = ["length", "answer-text"]
    bench.write_card()
    first = found()
    bench.write_rows(reversed(rows(12)))
    assert found() == first


def test_intervals_are_by_cluster_and_do_not_depend_on_what_else_is_measured(bench: Bench):
    alone = bench.run().summary
    assert alone.intervals["n_clusters"] == 4
    bench.score["metrics"] = ["answer-text", "length"]
    bench.write_card()
    assert again(bench).values[-1].ci == alone.values[0].ci


def test_where_no_sample_names_a_patient_each_is_said_to_be_a_cluster_of_its_own(bench: Bench):
    assert bench.run().summary.intervals["cluster"] == "patient"
    bench.write_rows({**row, "patient": ""} for row in rows(12))
    assert (bench.run().summary.intervals["cluster"], bench.run().summary.intervals["n_clusters"]) == ("sample", 12)


def test_a_signature_says_how_it_was_scored_and_how_it_was_asked(bench: Bench):
    (value,) = bench.run(repeats=2, images="blank").summary.values
    stated = re.sub("(?<=:)[0-9a-f]{8}(?=[|])", "<hash>", value.signature)
    asked = "ask:<hash>|answer:free|repeats:2|images:blank|data:<hash>|n:24"
    assert stated == f"length|factor:1.0|missing:worst|read:strict|v:1|{asked}"


def test_other_references_have_another_data_fingerprint_and_another_order_has_the_same(bench: Bench):
    def fingerprint() -> str:
        (value,) = bench.run().summary.values
        return value.signature.partition("data:")[2]

    first = fingerprint()
    bench.write_rows(reversed(rows(12)))
    assert fingerprint() == first
    bench.write_rows({**row, "answer": "another"} for row in rows(12))
    assert fingerprint() != first


def test_a_partial_run_is_scored_on_what_there_is(bench: Bench):
    result = bench.run()
    lines = result.folder.predictions.read_bytes().splitlines(keepends=True)
    result.folder.predictions.write_bytes(b"".join(lines[:5]))
    counts = again(bench).counts
    assert (counts.n_total, counts.n_scored, counts.n_excluded) == (12, 5, 7)


def test_a_run_whose_task_no_catalogue_holds_is_scored_by_its_own_card(bench: Bench):
    first = bench.run()
    (bench.cards / "bench.questions.yaml").unlink()
    result = bench.rescore()
    assert "scored by the card kept in the run" in result.message
    assert result.summary == first.summary


def test_rows_of_other_columns_are_measured_again_and_not_misread(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    value = bench.run().summary.values[0]
    monkeypatch.setattr(Length, "columns", ("cases", "characters"))
    with pytest.raises(ScoringError, match=r"no stored rows of `length` fit its replies: radbench score"):
        StoredRun.open(bench.only_run(), bench.catalog()).measured(value)
    Length.measured.clear()

    again(bench)

    assert len(Length.measured) == 12


class Fragile(Length):
    """A metric that raises at one place of its work."""

    name: ClassVar[str] = "fragile"

    def __init__(self, *, at: str = "") -> None:
        super().__init__()
        self.at = at
        self.needs_validation = at == "fit"

    def prepare(self, cases: Iterable[Case]) -> None:
        if self.at == "prepare":
            raise KeyError("prepare")

    def fit(self, cases: Iterable[Case]) -> None:
        raise KeyError("fit")

    def fingerprint(self) -> str:
        return str(1 / 0) if self.at == "fingerprint" else ""

    def row(self, case: Case) -> Row | Excluded:
        if self.at == "row" and case.sample.id == "q7":
            raise KeyError("row")
        return np.ones(3) if self.at == "shape" else super().row(case)

    def value(self, sums: np.ndarray) -> Values:
        match self.at:
            case "value":
                raise KeyError("value")
            case "draws" if len(sums) > 3:  # more than the whole and two subgroups
                raise KeyError("draws")
            case "type":
                return {"fragile": "long"}
            case "number":
                return {"fragile": np.full(len(sums), "long")}
        return {"fragile": sums[:, 0]}


@pytest.mark.parametrize("at", ["prepare", "fit", "fingerprint", "row", "shape", "value", "draws", "type", "number"])
def test_a_metric_that_fails_anywhere_fails_alone(bench: Bench, at: str):
    bench.metrics = {"length": Length, "fragile": Fragile}
    bench.models = {"fake": FakeModel()}
    bench.ask["validation"] = "train"
    bench.score |= {"metrics": [{"fragile": {"at": at}}, "answer-text", "length"], "primary": "exact_match"}
    bench.write_card()

    result = bench.run()

    assert result.summary is not None
    assert {value.id for value in result.summary.values} >= {"exact_match", "length"}
    assert {value.signature.partition("|")[0] for value in result.summary.values} == {"answer_text", "length"}
    (problem,) = result.summary.problems
    assert problem.startswith("fragile: ")
    assert not result.is_whole
