from __future__ import annotations

import pytest
from pycocoevalcap.rouge.rouge import Rouge as Coco

from radbench.metrics.coco_rouge import CocoRouge
from radbench.sample import Case


@pytest.mark.parametrize("n_references", [1, 2])
def test_scores_equal_the_coco_evaluation(texts: tuple[list[str], list[list[str]]], n_references: int) -> None:
    kept = [
        (" ".join(said.split()), [" ".join(text.split()) for text in wanted[:n_references]]) for said, wanted in zip(*texts, strict=True)
    ]
    rows = CocoRouge().measure([Case.of(said, wanted) for said, wanted in kept]).array

    assert rows[:, 0] == pytest.approx([Coco().calc_score([said], wanted) for said, wanted in kept], abs=1e-12)


def test_recall_weighs_more_than_precision() -> None:
    # 2 of 4 words in order, of a reference of 2: P 1/2, R 1, F = 2.44 * 0.5 / (1 + 1.44 * 0.5)
    assert CocoRouge().row(Case.of("a small left effusion", ["small effusion"]))[0] == pytest.approx(2.44 * 0.5 / 1.72)


def test_an_empty_candidate_scores_zero_and_a_case_without_reference_is_left_out() -> None:
    rows = CocoRouge().measure([Case.of(None, ["Clear."]), Case.of("Clear.", [" "])])

    assert rows.array[0].tolist() == [0, 1]
    assert rows.excluded == (None, "no reference text")
