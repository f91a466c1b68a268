"""Ranks, their intervals, and letters of groups."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.statistics.ranks import letters, rank_intervals, ranks, upper_bound_ranks


def test_ties_share_the_best_rank_and_the_direction_counts():
    values = np.array([0.5, 0.7, 0.5, 0.1])
    np.testing.assert_array_equal(ranks(values), [2, 1, 2, 4])
    np.testing.assert_array_equal(ranks(values, lower_is_better=True), [2, 4, 2, 1])


@pytest.mark.parametrize("lower_is_better", [False, True])
def test_a_system_without_a_value_ranks_last(lower_is_better: bool):
    assert ranks(np.array([np.nan, 0.5, 0.7]), lower_is_better=lower_is_better)[0] == 3


def test_a_rank_interval_holds_the_middle_of_the_ranks():
    draws = np.zeros((100, 2))
    draws[:, 1] = np.where(np.arange(100) < 10, -1, 1)  # the second is better in 90 of 100 draws
    np.testing.assert_array_equal(rank_intervals(draws, 0.95), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(rank_intervals(draws, 0.7), [[2, 2], [1, 1]])


def test_the_upper_bound_rank_counts_the_systems_that_lie_wholly_above():
    intervals = np.array([[0.8, 0.9], [0.7, 0.85], [0.5, 0.75], [0.1, 0.2]])
    np.testing.assert_array_equal(upper_bound_ranks(intervals), [1, 1, 2, 4])
    np.testing.assert_array_equal(upper_bound_ranks(-intervals[:, ::-1], lower_is_better=True), [1, 1, 2, 4])


def test_letters_of_a_chain():
    differ = np.zeros((3, 3), bool)
    differ[0, 2] = differ[2, 0] = True  # the best and the worst differ, the middle one from neither
    assert letters(differ, [0, 1, 2]) == ["a", "ab", "b"]
    assert letters(differ, [2, 1, 0]) == ["b", "ab", "a"]


@given(st.integers(1, 9), st.integers(0, 2**32), st.floats(0, 1))
def test_two_systems_share_a_letter_exactly_where_they_do_not_differ(n: int, seed: int, share: float):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < share, 1)
    differ = upper | upper.T
    found = [set(re.findall(r"[a-z]\d*", text)) for text in letters(differ, rng.permutation(n).tolist())]
    for i in range(n):
        assert found[i]
        for j in range(n):
            assert i == j or bool(found[i] & found[j]) != differ[i, j]


def test_thirty_systems_that_all_differ_have_thirty_letters():
    found = letters(~np.eye(30, dtype=bool), list(range(30)))
    assert len(set(found)) == 30
    assert (found[0], found[25], found[26]) == ("a", "z", "a1")


def test_without_draws_any_rank_is_possible():
    assert rank_intervals(np.empty((0, 3))).tolist() == [[1, 3]] * 3
