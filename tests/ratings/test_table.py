"""The long table as a matrix of items and raters."""

from __future__ import annotations

import numpy as np
import pytest

from radbench.errors import ContentError
from radbench.ratings.table import Rating, Ratings, Scale, rated_items

COUNT = Scale("count", low=0, lower_is_better=True)


def grade(study: str, rater: str, value: float, **more: object) -> Rating:
    return Rating(**{"study": study, "system": "m", "rater": rater, "criterion": "quality", "value": value, **more})


def errors(study: str, rater: str, value: float, category: str = "a", significance: str = "significant", **more: object) -> Rating:
    return grade(study, rater, value, criterion="errors", category=category, significance=significance, **more)


def table(*rows: Rating) -> Ratings:
    return Ratings(rows, {"errors": COUNT, "quality": Scale("ordinal", 1, 5)}, "ratings.csv")


def test_items_and_raters_are_sorted_and_what_was_not_rated_is_nan():
    found = rated_items(table(grade("s2", "b", 4), grade("s1", "a", 2), grade("s1", "b", 3)), "quality")
    assert found.items == (("s1", "m"), ("s2", "m"))
    assert found.raters == ("a", "b")
    np.testing.assert_array_equal(found.values, [[2, 3], [np.nan, 4]])
    np.testing.assert_array_equal(found.mean, [2.5, 4])


def test_counts_are_summed_over_categories_and_significance():
    rows = [errors("s", "a", 1, "omission"), errors("s", "a", 2, "location"), errors("s", "a", 4, "location", "insignificant")]
    assert rated_items(table(*rows), "errors").values.tolist() == [[7]]
    assert rated_items(table(*rows), "errors", significance="significant").values.tolist() == [[3]]
    assert rated_items(table(*rows), "errors", categories=["location"]).values.tolist() == [[6]]


def test_a_rater_who_counted_other_errors_alone_found_none_of_those_chosen():
    rows = [errors("s", "a", 1, "omission"), errors("s", "b", 2, "location")]
    assert rated_items(table(*rows), "errors", categories=["omission"]).values.tolist() == [[1, 0]]


def test_a_text_seen_twice_counts_with_the_mean_of_its_showings():
    graded = [grade("s", "a", 2, position=1), grade("s", "a", 4, position=9)]
    assert rated_items(table(*graded), "quality").values.tolist() == [[3]]
    shown = [(1, "omission", 1), (1, "location", 2), (9, "omission", 1), (9, "location", 0)]
    counted = [errors("s", "a", value, category, position=position) for position, category, value in shown]
    assert rated_items(table(*counted), "errors").values.tolist() == [[2]]


def test_an_unknown_criterion_is_told_with_those_there_are():
    with pytest.raises(ContentError, match=r"no ratings of `qualty`; did you mean `quality`\?"):
        rated_items(table(grade("s", "a", 1)), "qualty")


def test_a_choice_that_leaves_nothing_is_told():
    with pytest.raises(ContentError, match="no rating of `errors` is left"):
        rated_items(table(errors("s", "a", 1)), "errors", significance="insignificant")
