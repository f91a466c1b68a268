"""Letters of groups in a table of many systems."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from radbench.leaderboard.comparing.tabulating import _letters


def of_systems_that_all_differ(n: int) -> list[str]:
    pairs = np.array(list(combinations(range(n), 2)))
    return _letters(SimpleNamespace(pairs=pairs), list(range(n)), np.full(len(pairs), 0.001))


@pytest.mark.parametrize("n", [2, 26])
def test_each_of_so_many_groups_has_a_letter(n: int):
    assert of_systems_that_all_differ(n) == list("abcdefghijklmnopqrstuvwxyz"[:n])


def test_groups_that_the_alphabet_does_not_hold_have_none():
    assert of_systems_that_all_differ(27) == [""] * 27
