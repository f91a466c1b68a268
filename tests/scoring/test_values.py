"""Intervals of values: Wilson's for shares of cases, percentiles of draws of clusters for all else."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.metrics.base import Row, Rows, SumMetric, Values, ratio
from radbench.metrics.bleu import Bleu
from radbench.metrics.cider import Cider
from radbench.metrics.classification import Classification
from radbench.metrics.multilabel import Multilabel
from radbench.metrics.rouge import Rouge
from radbench.records import ValueRecord
from radbench.sample import Case, Choice, LabelSet
from radbench.scoring.values import Frame, IntervalSettings, Measured, is_mean_of_parts
from radbench.statistics.proportions import wilson_interval


class Share(SumMetric):
    """The share of cases that are right; rows are made by the test."""

    name = "share"
    columns = ("right", "cases")

    def row(self, case: Case) -> Row:
        raise NotImplementedError

    def value(self, sums: np.ndarray) -> Values:
        return {"share": ratio(sums[:, 0], sums[:, 1])}


def value(right: list[float], clusters: list[str], levels: list[str] | None = None, **settings: object) -> ValueRecord:
    array = np.column_stack([right, np.ones(len(right))])
    rows = Rows(array=array, excluded=[None] * len(right))
    frame = Frame(clusters, {"sex": levels} if levels else {})
    (found,) = frame.values([Measured(Share(), rows, "s")], IntervalSettings(draws=200, **settings))  # type: ignore[arg-type]  # of its fields
    return found


def test_a_share_of_independent_cases_has_wilsons_interval_in_all_and_in_each_subgroup() -> None:
    found = value([1.0] * 20 + [0.0] * 20, list(map(str, range(40))), ["f"] * 20 + ["m"] * 20)

    z2 = 1.959963984540054**2
    assert found.ci == pytest.approx((0.5 - 0.5 * np.sqrt(z2 / (40 + z2)), 0.5 + 0.5 * np.sqrt(z2 / (40 + z2))))  # Wilson at one half
    assert found.subgroups["sex"]["f"].ci == pytest.approx((20 / (20 + z2), 1.0))  # at 20 of 20
    assert found.subgroups["sex"]["m"].ci == pytest.approx((0.0, z2 / (20 + z2)))  # at 0 of 20


def test_where_all_cases_of_clusters_are_right_a_cluster_counts_as_one_case() -> None:
    found = value([1.0] * 40, [str(i // 2) for i in range(40)])

    z2 = 1.959963984540054**2
    assert found.ci == pytest.approx((20 / (20 + z2), 1.0))  # Wilson at 20 of 20


def test_pairs_of_equal_cases_are_worth_one_case_each() -> None:
    independent = value([1.0] * 15 + [0.0] * 5, list(map(str, range(20))))
    paired = value([1.0] * 30 + [0.0] * 10, [str(i // 2) for i in range(40)])

    worth = 40 / (2 * 39 / 38)  # the design effect of 20 pairs: both variances have their n / (n - 1), of 20 and of 40
    assert paired.ci == pytest.approx(wilson_interval(0.75 * worth, worth))
    assert paired.ci == pytest.approx(independent.ci, abs=0.01)


def test_a_share_of_some_cases_goes_by_these_alone() -> None:
    """Sensitivity: of six positive cases all are found, and the interval does not say that there can be no seventh."""
    array = np.array([[1.0, 1.0]] * 6 + [[0.0, 0.0]] * 30)
    rows = Rows(array=array, excluded=[None] * 36)

    (found,) = Frame(list(map(str, range(36)))).values([Measured(Share(), rows, "s")], IntervalSettings(draws=200))

    assert found.value == 1.0
    assert found.ci == pytest.approx(wilson_interval(6, 6))


def test_a_mean_of_other_numbers_and_a_bootstrap_by_row_keep_their_draws() -> None:
    independent = list(map(str, range(40)))

    assert value([0.5] * 40, independent).ci == (0.5, 0.5)
    assert value([1.0] * 40, independent, by_row=True).ci == (1.0, 1.0)


def test_a_value_that_happens_to_be_the_share_of_all_cases_is_none_in_a_subgroup() -> None:
    """Balanced accuracy is accuracy where both labels are as frequent, and goes by the few cases of the rarer one elsewhere."""
    truth = ["yes"] * 200 + ["no"] * 200
    sexes = ["f"] * 190 + ["m"] * 10 + ["f"] * 10 + ["m"] * 190
    metric = Classification()
    cases = [Case.of(Choice(label if i % 5 else "neither"), [Choice(label)]) for i, label in enumerate(truth)]
    metric.prepare(cases)

    found = Frame(list(map(str, range(400))), {"sex": sexes}).values(
        [Measured(metric, metric.measure(cases), "s")], IntervalSettings(draws=500)
    )

    of = {record.id: record for record in found}
    assert of["balanced_accuracy"].value == pytest.approx(of["accuracy"].value)
    assert of["accuracy"].n_effective == pytest.approx(400)
    assert of["balanced_accuracy"].n_effective is None
    low, high = of["balanced_accuracy"].subgroups["sex"]["m"].ci or (np.nan, np.nan)
    half = 1.96 * 0.5 * np.sqrt(0.8 * 0.2 / 10)  # of the ten alone, which are half of the value
    assert high - low > half  # and not the 0.11 of 200 cases


def test_without_draws_no_interval_is_made() -> None:
    rows = Rows(array=np.ones((4, 2)), excluded=[None] * 4)

    (found,) = Frame(list("abcd")).values([Measured(Share(), rows, "s")], IntervalSettings(draws=0))

    assert found.ci is None


@pytest.mark.parametrize(("metric", "name", "is_share"), [(Rouge(), "rougeL", True), (Bleu(), "bleu-1", False), (Cider(), "cider", False)])
def test_a_value_that_is_zero_in_all_cases_has_wilsons_interval_only_where_it_is_a_mean_of_numbers_up_to_one(
    metric: SumMetric, name: str, is_share: bool
) -> None:
    """All zeros do not tell a mean of cases from a corpus value: how the value is made does."""
    cases = [Case.of("clear lungs", [f"large effusion {i}"], id=str(i)) for i in range(40)]
    metric.prepare(iter(cases))
    made = Frame(list(map(str, range(40)))).values([Measured(metric, metric.measure(cases), "s")], IntervalSettings(draws=100))
    found = next(one for one in made if one.id == name)

    assert found.value == 0
    assert found.ci == pytest.approx(wilson_interval(0, 40) if is_share else (0, 0))
    assert found.n_effective == (40 if is_share else None)


@pytest.mark.parametrize(
    ("metric", "means", "others"),
    [
        (Rouge(), {"rouge1", "rougeL_recall"}, set()),
        (Bleu(), set(), {"bleu-1", "bleu-4"}),
        (Multilabel(), {"exact_match", "f1_samples"}, {"f1_micro", "f1_macro"}),
    ],
)
def test_a_mean_of_cases_is_told_by_how_it_is_made(metric: SumMetric, means: set[str], others: set[str]) -> None:
    metric.prepare([Case.of(LabelSet(("a",)), [LabelSet(("a", "b"))])])
    assert all(is_mean_of_parts(metric, name) for name in means)
    assert not any(is_mean_of_parts(metric, name) for name in others)
