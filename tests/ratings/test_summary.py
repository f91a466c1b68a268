"""What is said of a rating file, and of how far its raters agree."""

from __future__ import annotations

import math

import pytest

from radbench.ratings.preferences import preferred
from radbench.ratings.summary import AgreementSettings, summarise
from radbench.ratings.table import Rating, Ratings, Scale

FEW_DRAWS = AgreementSettings(draws=50)
SCALES = {"quality": Scale("ordinal", 1, 5), "errors": Scale("count", 0, None, lower_is_better=True), "preference": Scale("preference")}


def table(*rows: Rating) -> Ratings:
    return Ratings(rows, {criterion: SCALES[criterion] for criterion in dict.fromkeys(row.criterion for row in rows)}, "ratings.csv")


def grades(raters: str, values: list[tuple[int, ...]], **more: object) -> list[Rating]:
    return [
        Rating(study=f"s{number}", system="m", rater=rater, criterion="quality", value=value, **more)
        for number, row in enumerate(values)
        for rater, value in zip(raters, row, strict=True)
    ]


def test_counts_shares_and_agreement_of_an_ordinal_criterion():
    (found,) = summarise(table(*grades("ab", [(1, 1), (2, 2), (4, 5), (3, 3)])), settings=FEW_DRAWS)
    assert (found.n_ratings, found.n_items, found.n_studies, found.n_systems) == (8, 4, 4, 1)
    assert found.n_items_of == {"a": 4, "b": 4}
    assert found.ratings_per_item == (2, 2)
    assert found.mean == 21 / 8
    assert found.prevalence == {1: 0.25, 2: 0.25, 3: 0.25, 4: 0.125, 5: 0.125}
    assert found.between["percent agreement"].value == 0.75
    assert found.between["percent agreement"].n_clusters == 4
    assert {"Krippendorff alpha, ordinal", "ICC(A,1)", "ICC(A,k)", "Gwet AC2, quadratic"} < set(found.between)
    assert found.within == {}


def test_items_that_not_every_rater_rated_count_where_they_can():
    rows = [row for row in grades("abc", [(1, 1, 2), (2, 2, 2), (4, 5, 4), (3, 3, 3)]) if (row.study, row.rater) != ("s0", "c")]
    (found,) = summarise(table(*rows), settings=FEW_DRAWS)
    assert found.ratings_per_item == (2, 3)
    assert found.between["Krippendorff alpha, ordinal"].n_items == 4
    assert found.between["ICC(A,1)"].n_items == 3


def test_one_rater_agrees_with_no_one():
    (found,) = summarise(table(*grades("a", [(1,), (2,)])), settings=FEW_DRAWS)
    assert found.between == {}


def test_items_shown_again_tell_of_raters_themselves():
    first = grades("a", [(1,), (2,), (5,)], position=1)
    again = grades("a", [(1,), (3,), (5,)], position=9)
    (found,) = summarise(table(*again, *first), settings=FEW_DRAWS)
    assert found.n_repeated == 3
    assert found.within["percent agreement"].value == pytest.approx(2 / 3)


def test_counts_of_one_showing_are_one_value():
    rows = [
        Rating(study=study, system="m", rater="a", criterion="errors", value=value, category=category, position=position)
        for study, position, counts in (("s1", 1, (1, 1)), ("s1", 5, (2, 0)), ("s2", 2, (0, 0)), ("s2", 6, (1, 0)))
        for category, value in zip(("omission", "location"), counts, strict=True)
    ]
    (found,) = summarise(table(*rows), settings=FEW_DRAWS)
    assert found.n_repeated == 2
    assert found.within["percent agreement"].value == 0.5  # two and two, none and one


def test_a_showing_without_an_error_of_those_chosen_counts_none():
    rows = [
        Rating(study="s", system="m", rater="a", criterion="errors", value=1, significance=significance, position=position)
        for significance, position in (("significant", 1), ("insignificant", 5))
    ]
    (found,) = summarise(table(*rows), "errors", AgreementSettings(significance="significant", draws=10))
    assert (found.n_ratings, found.n_repeated) == (1, 1)
    assert found.within["percent agreement"].value == 0


def test_a_preference_is_one_item_a_pair_of_systems():
    rows = [
        *preferred(("s1", "a", "b"), "ann", 1.0),
        *preferred(("s1", "b", "a"), "bob", -2.0),  # a again, and strongly
        *preferred(("s2", "a", "b"), "ann", 0.0),
        *preferred(("s2", "a", "b"), "bob", -1.0),
    ]
    (found,) = summarise(table(*rows), settings=FEW_DRAWS)
    assert (found.n_items, found.n_studies, found.n_systems) == (2, 2, 2)
    assert found.between["percent agreement"].value == 0.5
    assert found.prevalence == {-1: 0.25, 0: 0.25, 1: 0.5}


def test_significance_chooses_errors():
    rows = [
        Rating(study="s", system="m", rater=rater, criterion="errors", value=value, significance=significance)
        for rater, counts in (("a", (1, 4)), ("b", (1, 0)))
        for significance, value in zip(("significant", "insignificant"), counts, strict=True)
    ]
    (found,) = summarise(table(*rows), "errors", AgreementSettings(significance="significant", draws=10))
    assert found.mean == 1
    assert found.between["percent agreement"].value == 1


def test_what_is_undefined_is_null_in_json():
    (found,) = summarise(table(*grades("ab", [(3, 3), (3, 3)])), settings=FEW_DRAWS)
    assert math.isnan(found.between["ICC(A,1)"].value)
    document = found.as_json()
    assert document["between"]["ICC(A,1)"]["value"] is None
    assert (document["scale"], document["prevalence"]) == ("ordinal:1..5", {"3": 1.0})
