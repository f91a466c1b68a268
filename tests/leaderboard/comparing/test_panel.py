"""Several systems on the same rows: shortcuts give what the plain way gives."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.leaderboard.comparing.mixing import mixable
from radbench.leaderboard.comparing.panel import Panel
from radbench.metrics.base import Metric
from radbench.metrics.bleu import Bleu
from radbench.metrics.boxes import Boxes
from radbench.metrics.classification import Classification
from radbench.metrics.discrimination import Discrimination
from radbench.sample import Box, Case, Choice
from radbench.sample import Boxes as BoxesAnswer
from radbench.statistics.bootstrap import draw_clusters
from radbench.statistics.paired import Swaps, swap_rows, swap_sums

PAIRS = np.array([[0, 1], [0, 2], [1, 2]])
N = 60
CLUSTERS = np.arange(N) // 2


def bleu_panel(names: tuple[str, ...] = ("bleu-3", "bleu-4")) -> Panel:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(12)]
    references = [" ".join(rng.choice(words, size=10)) for _ in range(N)]

    def rows(share: float) -> np.ndarray:
        said = [" ".join(w if rng.random() > share else rng.choice(words) for w in text.split()) for text in references]
        return Bleu().measure([Case.of(text, [reference]) for text, reference in zip(said, references, strict=True)]).array

    return Panel(Bleu(), names, tuple(map(rows, (0.3, 0.4, 0.5))), CLUSTERS, np.ones(N))


def discrimination_panel(names: tuple[str, ...]) -> Panel:
    rng = np.random.default_rng(1)
    metric = Discrimination()
    metric.prepare([Case.of(Choice("a", {"a": 0.5, "b": 0.5}), [Choice(label)]) for label in "ab"])
    truth = rng.random((N, 2)) < 0.5
    rows = tuple(np.hstack([scale * (rng.normal(size=(N, 2)) + truth), truth]) for scale in (1, 10, 100))
    return Panel(metric, names, rows, CLUSTERS, np.ones(N))


def boxes_panel() -> Panel:
    """Three systems, the last of which gives up to two boxes a case, the others one."""
    rng = np.random.default_rng(2)
    true = [Box(10, 10, 20 + i % 5, 20, label="nodule") for i in range(N)]

    def case(box: Box, most: int, shift: float) -> Case:
        found = [
            Box(box.x0 + rng.normal(0, shift), box.y0, box.x1, box.y1, label="nodule", score=float(rng.random()))
            for _ in range(rng.integers(0, most + 1))
        ]
        return Case.of(BoxesAnswer(tuple(found)), [BoxesAnswer((box,))])

    metrics, rows = [], []
    for most, shift in ((1, 1.0), (1, 4.0), (2, 3.0)):
        cases = [case(box, most, shift) for box in true]
        metrics.append(Boxes())
        metrics[-1].prepare(cases)
        rows.append(metrics[-1].measure(cases).array)
    return Panel(metrics[0], ("map@0.5", "mean_iou"), tuple(rows), CLUSTERS, np.ones(N))


def aggregated(metric: Metric, names: tuple[str, ...]):
    return lambda rows, weights: np.stack([metric.aggregate(rows, weights)[name] for name in names])


def p_of(panel: Panel, swaps: Swaps) -> np.ndarray:
    return panel.tested(PAIRS, swaps, panel.are_means(panel.cases()))[0]


def test_points_are_the_metric_s_own_values():
    for panel in (bleu_panel(), discrimination_panel(("auroc_macro", "auprc:a"))):
        for s, rows in enumerate(panel.rows):
            own = panel.metric.aggregate(rows, np.ones((1, N)))
            assert panel.points()[:, s] == pytest.approx([own[name][0] for name in panel.names])


@pytest.mark.parametrize("panel", [bleu_panel(), discrimination_panel(("auroc:b", "auprc_macro"))])
def test_draws_and_groups_are_the_metric_s_values_under_weights(panel: Panel):
    masks = np.stack([np.ones(N), np.arange(N) % 3 == 0]).astype(float)
    drawn = panel.drawn(20, 5, masks)
    block = np.concatenate(list(draw_clusters(N // 2, 20, 5)))[:, CLUSTERS]
    for g, mask in enumerate(masks):
        for s, rows in enumerate(panel.rows):
            plain = panel.metric.aggregate(rows, block * mask)
            np.testing.assert_allclose(drawn[:, g, s], [plain[name] for name in panel.names])
            alone = panel.metric.aggregate(rows[mask > 0], np.ones((1, int(mask.sum()))))
            np.testing.assert_allclose(panel.grouped(masks)[:, g, s], [alone[name][0] for name in panel.names])


@pytest.mark.parametrize("panel", [bleu_panel(), discrimination_panel(("auroc:b",))])
def test_the_jackknife_leaves_out_one_cluster_at_a_time(panel: Panel):
    left_out = CLUSTERS != 7
    for s, rows in enumerate(panel.rows):
        plain = panel.metric.aggregate(rows[left_out], np.ones((1, int(left_out.sum()))))
        np.testing.assert_allclose(panel.jackknifed()[:, s, 7], [plain[name][0] for name in panel.names])


def test_aurocs_are_tested_as_by_swapping_ranked_rows_and_averaging_anew():
    panel = discrimination_panel(("auroc:a", "auroc_macro"))
    swaps = Swaps(N // 2, 300, 0)
    rows = mixable(panel.metric, panel.rows)
    assert rows is not None
    plain = [swap_rows((rows[i], rows[j]), CLUSTERS, panel.weights, aggregated(panel.metric, panel.names), swaps) for i, j in PAIRS]
    np.testing.assert_allclose(p_of(panel, swaps), np.transpose(plain))


def test_average_precision_is_tested_on_scores_ranked_within_each_system():
    panel = discrimination_panel(("auprc:a",))
    scaled = Panel(panel.metric, panel.names, tuple(rows * [7, 7, 1, 1] for rows in panel.rows), CLUSTERS, panel.weights)
    np.testing.assert_array_equal(p_of(panel, Swaps(N // 2, 200, 0)), p_of(scaled, Swaps(N // 2, 200, 0)))


def test_a_corpus_value_is_tested_by_its_sums_and_is_no_mean_of_cases():
    panel, swaps = bleu_panel(), Swaps(N // 2, 300, 0)
    sums = np.stack([np.add.reduceat(rows, np.arange(0, N, 2), axis=0) for rows in panel.rows])
    plain = swap_sums(sums, PAIRS, lambda total: np.stack([panel.metric.value(total)[n] for n in panel.names]), swaps)
    assert panel.are_means(panel.cases()) == [False, False]
    np.testing.assert_array_equal(p_of(panel, swaps), plain)


def test_systems_with_different_numbers_of_boxes_are_tested_all_the_same():
    panel = boxes_panel()
    assert len({rows.shape[1] for rows in panel.rows}) == 2
    assert panel.points()[0] == pytest.approx([panel.metric.aggregate(rows, np.ones((1, N)))["map@0.5"][0] for rows in panel.rows])
    p, tests = panel.tested(PAIRS, Swaps(N // 2, 100, 0), [False, True])
    assert tests == ("swaps of cases by cluster", "sign flips of cluster sums")
    assert ((p > 0) & (p <= 1)).all()


def test_room_for_more_boxes_and_their_ranks_change_no_value():
    panel = boxes_panel()
    rows = mixable(panel.metric, panel.rows)
    assert rows is not None
    for own, mixed in zip(panel.rows, rows, strict=True):
        plain, made = (panel.metric.aggregate(each, np.ones((1, N)))["map@0.5"][0] for each in (own, mixed))
        assert made == pytest.approx(plain)


def test_a_value_that_needs_several_cases_has_none_for_a_single_one():
    assert np.isnan(discrimination_panel(("auroc:a",)).cases()).all()
    assert boxes_panel().cases()[1].mean(axis=1) == pytest.approx(boxes_panel().points()[1])


def test_a_value_that_is_the_mean_of_all_cases_by_chance_is_not_taken_for_one():
    """Balanced accuracy is accuracy where both labels are as frequent; in a group of cases it is not."""
    truth = ["yes", "no"] * (N // 2)
    metric = Classification()

    def cases(right: int) -> list[Case]:
        return [Case.of(Choice(label if i % right else "neither"), [Choice(label)]) for i, label in enumerate(truth)]

    metric.prepare([*cases(3), *cases(5)])
    names = ("accuracy", "balanced_accuracy")
    panel = Panel(metric, names, tuple(metric.measure(cases(right)).array for right in (3, 5)), CLUSTERS, np.ones(N))
    accuracy, balanced = panel.points()
    assert accuracy == pytest.approx(balanced)
    assert panel.are_means(panel.cases()) == [True, False]
