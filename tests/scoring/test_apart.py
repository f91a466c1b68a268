"""Values of one name that two metrics of a card give: told apart, and read back under the name they were told by."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bench import TASK, Bench

import radbench
from radbench.errors import ContentError, ScoringError
from radbench.metrics.base import Row, SumMetric, Values, ratio
from radbench.records import Summary
from radbench.sample import Case
from radbench.scoring.apart import ids_apart, use_of
from radbench.scoring.stored import StoredRun, per_case


class Length(SumMetric):
    """The mean number of characters of a candidate, divided by an option; lower is better."""

    name: ClassVar[str] = "length"
    columns: tuple[str, ...] = ("characters", "cases")
    lower_is_better = frozenset({"length"})

    def __init__(self, *, unit: float = 1.0, of: str = "") -> None:
        self.unit, self.of = unit, of

    def signature(self) -> dict[str, str]:
        return {"unit": f"{self.unit:g}", "of": self.of}

    def row(self, case: Case) -> Row:
        return np.array([len(case.text) / self.unit, 1.0])

    def value(self, sums: np.ndarray) -> Values:
        return {"length": ratio(sums[:, 0], sums[:, 1])}


class Size(Length):
    """Another metric with a value of that name, and one of its own."""

    name: ClassVar[str] = "size"

    def value(self, sums: np.ndarray) -> Values:
        return {**super().value(sums), "size": sums[:, 0]}


def scored(bench: Bench, *metrics: object, primary: str = "length") -> Summary:
    bench.metrics |= {"length": Length, "size": Size}
    bench.score |= {"metrics": list(metrics), "primary": primary}
    bench.write_card()
    summary = bench.run("constant").summary
    assert summary is not None
    assert summary.problems == ()
    return summary


def test_a_metric_used_again_says_in_brackets_what_it_differs_by(bench: Bench) -> None:
    summary = scored(bench, "length", {"length": {"unit": 10}}, {"length": {"unit": 10, "of": "words"}}, {"length": {"of": "words"}})

    ids = ["length", "length(unit=10)", "length(of=words unit=10)", "length(of=words)"]
    assert [value.id for value in summary.values] == ids
    plain = summary.values[0].value
    assert [value.value for value in summary.values] == pytest.approx([plain, plain / 10, plain / 10, plain])
    assert all(value.lower_is_better for value in summary.values)


def test_another_metric_with_a_value_of_that_name_adds_its_own_name_to_that_value_alone(bench: Bench) -> None:
    summary = scored(bench, "length", "size", {"size": {"unit": 2}})

    assert [value.id for value in summary.values] == ["length", "length(size)", "size", "length(size unit=2)", "size(unit=2)"]


def test_an_option_that_only_the_first_use_states_is_called_default(bench: Bench) -> None:
    summary = scored(bench, {"length": {"unit": 10}}, "length", primary="length(unit=default)")

    assert [value.id for value in summary.values] == ["length", "length(unit=default)"]


def test_rows_are_read_back_under_the_name_that_the_summary_has(bench: Bench) -> None:
    summary = scored(bench, "length", {"length": {"unit": 10}}, "size")
    stored = StoredRun.open(bench.only_run(), bench.catalog())

    for value in summary.values:
        measured = stored.measured(value)
        assert measured.metric.aggregate(measured.rows.array, np.ones((1, 12)))[value.id][0] in {value.value, 12 * value.value}
        if value.id != "size":
            assert per_case(measured, value.id).mean() == pytest.approx(value.value)
            assert value.id in measured.metric.lower_is_better


def test_the_same_metric_with_the_same_options_is_refused_with_the_line(bench: Bench) -> None:
    bench.score["metrics"] = ["bleu", "answer-text", "bleu"]
    bench.write_card()

    with pytest.raises(ContentError, match=rf"{TASK}\.yaml:\d+: `score\.metrics`: .*`bleu` stands twice with the same"):
        bench.catalog().task(TASK)


def test_the_use_behind_an_id_is_found() -> None:
    uses = [("length", {"unit": 10}), ("length", {"unit": 2}), ("length", {"unit": 2, "of": "words"})]

    assert [use_of(id_, uses) for (id_,) in ids_apart(uses, [["length"]] * 3)] == uses
    assert use_of("size(length)", uses) == uses[0]
    assert use_of("size(length unit=2)", uses) == uses[1]


def test_texts_scored_without_a_task_lose_no_value() -> None:
    found = radbench.score(["No effusion."], ["Effusion, no."], ["bleu", {"bleu": {"tokenizer": "none"}}], draws=0)

    assert found["bleu-1"].value == pytest.approx(0.25)  # of four tokens, the full stop
    assert found["bleu-1(tokenizer=none)"].value == 0
    with pytest.raises(ContentError, match="`bleu` is used twice with the same options"):
        radbench.score(["No effusion."], ["Effusion."], ["bleu", "bleu"], draws=0)


def test_the_first_use_keeps_its_names_even_where_it_fails(bench: Bench) -> None:
    """Or else a column of a board would hold values of two kinds."""
    bench.metrics["length"] = lambda **options: Length(**options) if options else Failing()
    bench.score |= {"metrics": ["length", {"length": {"unit": 10}}], "primary": "length"}
    bench.write_card()

    summary = bench.run("constant").summary

    assert summary is not None
    assert [value.id for value in summary.values] == ["length(unit=10)"]


class Failing(Length):
    """It cannot measure."""

    def row(self, case: Case) -> Row:
        raise ScoringError("there is no such corpus")
