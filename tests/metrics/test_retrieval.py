"""Retrieval against a naive ranking of all pairs, and its rules for duplicates, ties and missing vectors."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from radbench.metrics import retrieval
from radbench.metrics.retrieval import Retrieval
from radbench.sample import Case, Media, Vectors


def pair(number, vectors, text, image=None):
    media = (Media(name="demo", path=image or f"{number}.png"),)
    answer = None if vectors is None else Vectors.of(np.asarray(vectors, dtype=float))
    return Case.of(answer, [text], id=str(number), media=media)


def prepared(cases):
    metric = Retrieval()
    metric.prepare(cases)
    return metric


def measured(cases, weights=None):
    metric = prepared(cases)
    weights = np.ones(len(cases)) if weights is None else np.array(weights, float)
    return {name: value[0] for name, value in metric.aggregate(metric.measure(cases).array, weights[None]).items()}


def noisy_pairs(n, texts, seed=0):
    """Pairs of nearby random vectors in 8 dimensions; `texts` repeat in turn."""
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(n, 8))
    return [pair(i, [v, v + 0.8 * rng.normal(size=8)], texts[i % len(texts)], image=f"{i // 2}.png") for i, v in enumerate(images)]


def naive_ranks(cases):
    """Ranks (n, 4) in the order of the columns, by comparing every query with every candidate."""
    vectors = np.stack([case.answer.array() for case in cases]).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    n = range(len(cases))
    ranks = np.zeros((len(cases), 4))
    for way in (0, 1):
        for i in n:
            score = [vectors[i, way] @ vectors[j, 1 - way] for j in n]
            same = {j for j in n if cases[j].references == cases[i].references or cases[j].sample.media == cases[i].sample.media}
            for column, right in ((0, {i}), (1, same)):
                best = max(score[j] for j in right)
                ranks[i, 2 * way + column] = 1 + sum(score[j] >= best - 1e-6 for j in n if j not in right)
    return ranks


@pytest.mark.parametrize("n_texts", [40, 7])
def test_ranks_are_those_of_comparing_all_with_all(n_texts, monkeypatch):
    monkeypatch.setattr(retrieval, "_SCORES_AT_ONCE", 40 * 9)  # blocks of nine queries, the last one smaller
    cases = noisy_pairs(40, [f"report {i}" for i in range(n_texts)])

    assert np.array_equal(naive_ranks(cases), prepared(cases).measure(cases).array[:, 2:])


def test_values_follow_from_ranks_and_an_image_in_two_pairs_counts_once():
    cases = noisy_pairs(9, ["a", "b", "c", "d"])  # images 0 0 1 1 2 2 3 3 4: the last stands in one pair
    weights = np.array([1, 2, 0, 1, 3, 1, 1, 0, 2.0])
    shares = weights * [*[0.5] * 8, 1]
    strict, aware = naive_ranks(cases)[:, :2].T
    values = measured(cases, weights)

    assert values["i2t_recall_strict@5"] == pytest.approx(np.average(strict <= 5, weights=shares))
    assert values["i2t_recall@1"] == pytest.approx(np.average(aware <= 1, weights=shares))
    assert values["i2t_mrr"] == pytest.approx(np.average(1 / aware, weights=shares))
    assert values["i2t_mean_rank"] == pytest.approx(np.average(aware, weights=shares))
    copies = np.repeat(aware, (2 * shares).astype(int))
    assert values["i2t_median_rank"] == np.median(copies)


def test_a_perfect_encoder_of_half_identical_texts_is_perfect_only_when_duplicates_count():
    rng = np.random.default_rng(0)
    texts = [f"text {max(i - 99, 0)}" for i in range(200)]
    embedded = {text: rng.normal(size=16) for text in set(texts)}
    values = measured([pair(i, [embedded[text]] * 2, text) for i, text in enumerate(texts)])

    assert values["i2t_recall@1"] == values["t2i_recall@1"] == 1
    # the hundred equal ones all tie, and ties count against the model
    assert values["i2t_recall_strict@1"] == values["i2t_recall_strict@10"] == 0.5


def test_equal_scores_of_wrong_candidates_count_against_the_model():
    cases = [pair(i, [[1, 0], [1, 0]], f"text {i}") for i in range(5)]

    assert measured(cases)["i2t_mean_rank"] == 5


def test_texts_are_equal_after_case_blanks_and_final_punctuation():
    cases = [pair(0, [[1, 0], [1, 0]], "No  effusion."), pair(1, [[1, 0], [1, 0]], "no effusion")]
    metric = prepared(cases)

    assert (metric.pool_size, metric.duplicate_share, metric.largest_group) == (2, 1, 2)
    assert measured(cases)["t2i_recall@1"] == 1


@pytest.mark.parametrize("vectors", [None, [[1, 0]], [[np.nan, 0], [1, 0]], [[0, 0], [1, 0]]])
def test_a_pair_without_vectors_ranks_last_and_stands_in_nobodys_way(vectors):
    cases = [pair(0, [[1, 0], [1, 0]], "a"), pair(1, [[0, 1], [0, 1]], "b"), pair(2, vectors, "c")]
    ranks = prepared(cases).measure(cases).array[:, 2:]

    assert np.array_equal(ranks, [[1, 1, 1, 1], [1, 1, 1, 1], [3, 3, 3, 3]])


def test_the_floor_is_what_random_rankers_reach():
    cases = [pair(i, [[1, i], [1, i]], "same" if i < 3 else f"text {i}") for i in range(12)]
    values = measured(cases)
    hit = 1 - comb(9, 5) / comb(12, 5)  # one of three among five of twelve

    assert values["random_recall_strict@5"] == pytest.approx(5 / 12)
    assert values["random_recall@5"] == pytest.approx((3 * hit + 9 * 5 / 12) / 12)


def test_the_fingerprint_is_that_of_the_pool_and_not_of_the_vectors():
    texts = ["a", "b"]
    one, other = (prepared(noisy_pairs(6, texts, seed)) for seed in (0, 1))

    assert one.fingerprint() == other.fingerprint() != prepared(noisy_pairs(7, texts)).fingerprint()
    assert one.signature() == {"pool": "6"}
