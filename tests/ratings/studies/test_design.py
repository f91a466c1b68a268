"""What is drawn: cases, codes, orders, sides, controls, repeats."""

from __future__ import annotations

from collections import Counter

import pytest
from rating_studies import SYSTEMS, draft, made, material

from radbench.errors import ContentError
from radbench.ratings.studies.study import REFERENCE, SHUFFLED, Showing, Study


def test_the_same_seed_draws_the_same_cases_and_another_seed_others():
    def drawn(seed: int) -> set[str]:
        return {case.sample for case in made(draft(seed=seed, cases=6), material(40))[0].cases}

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_the_same_seed_gives_the_same_order_though_the_codes_differ():
    def order(study: Study, systems: dict[str, str]) -> list[tuple[str, str]]:
        return [(study.case_of[study.item_of[s.item].case].sample, systems[s.arms[0]]) for s in study.orders["r1"]]

    (first, key), (second, other_key) = made(), made()

    assert order(first, key.systems) == order(second, other_key.systems)
    assert not set(first.arms) & set(second.arms)


def test_no_system_is_named_in_the_study():
    study, key = made(draft("ab", controls={"reference": 1, "shuffled": 1}))

    assert not any(name in study.model_dump_json() for name in (*SYSTEMS, REFERENCE, SHUFFLED))
    assert set(key.systems.values()) == {*SYSTEMS, REFERENCE, SHUFFLED}


def test_cases_are_drawn_in_proportion_to_their_strata():
    study, _ = made(draft(strata=["sex"], cases=6), material(40))

    assert Counter(case.strata["sex"] for case in study.cases) == {"F": 3, "M": 3}


def test_cases_of_different_patients_come_first():
    study, _ = made(draft(cases=8), material(16))

    assert len({case.cluster for case in study.cases}) == 8


def test_every_rater_sees_the_shared_cases_and_the_others_are_shared_out():
    study, _ = made(draft(cases=8, overlap=0.25, raters=[{"id": f"r{i}"} for i in range(3)]), material(8))
    seen = {rater: {study.item_of[s.item].case for s in order} for rater, order in study.orders.items()}
    counts = Counter(case for cases in seen.values() for case in cases)

    assert sorted(counts.values()) == [1] * 6 + [3] * 2
    assert all(len(cases) == 4 for cases in seen.values())


def test_a_rater_judges_all_systems_of_a_case():
    study, key = made(draft(overlap=0.0))
    for order in study.orders.values():
        by_case: dict[str, set[str]] = {}
        for showing in order:
            by_case.setdefault(study.item_of[showing.item].case, set()).add(key.systems[showing.arms[0]])
        assert all(systems == set(SYSTEMS) for systems in by_case.values())


def test_repeats_come_a_quarter_of_the_order_later_at_least_and_the_same_way_round():
    study, _ = made(draft("ab", cases=8, repeats=0.2))
    for order in study.orders.values():
        again = [s for s in order if s.is_repeat]
        assert len(again) == round(0.2 * 24)
        for showing in again:
            first = order.index(Showing(item=showing.item, arms=showing.arms))
            n_others = sum(not s.is_repeat for s in order)
            assert order.index(showing) - first > n_others // 4


def lefts(study: Study, systems: dict[str, str], rater: str) -> Counter[tuple[str, str]]:
    """Pair of systems -> how often the first by name stood left."""
    found: Counter[tuple[str, str]] = Counter()
    for showing in study.orders[rater]:
        left, right = (systems[arm] for arm in showing.arms)
        found[min(left, right), max(left, right)] += left < right
    return found


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_each_system_of_a_pair_stands_left_as_often_as_right_with_each_rater(overlap: float):
    study, key = made(draft("ab", cases=8, overlap=overlap, raters=[{"id": f"r{i}"} for i in range(4)]), material(8))
    n_cases = 8 if overlap else 2
    for rater in study.orders:
        assert set(lefts(study, key.systems, rater).values()) == {n_cases // 2}


def test_a_shared_pair_is_shown_either_way_round_to_as_many_raters():
    study, _ = made(draft("ab", raters=[{"id": f"r{i}"} for i in range(4)]))
    shown = Counter((showing.item, showing.arms) for order in study.orders.values() for showing in order)

    assert set(shown.values()) == {2}


def test_a_control_is_the_reference_or_another_patients():
    study, key = made(draft(controls={"reference": 2, "shuffled": 2}))
    controls = [item for item in study.items if item.control]
    assert Counter(item.control for item in controls) == {"reference": 2, "shuffled": 2}
    for item in controls:
        case, text = study.case_of[item.case], study.arms[item.arms[0]]
        assert (text in case.references) == (item.control == "reference")
        assert key.systems[item.arms[0]] == (REFERENCE if item.control == "reference" else SHUFFLED)
    for order in study.orders.values():
        assert {item.id for item in controls} <= {showing.item for showing in order}
        assert not any(showing.is_repeat and study.item_of[showing.item].control for showing in order)


def test_a_control_of_preferences_stands_beside_a_systems_text():
    study, key = made(draft("ab", controls={"shuffled": 1}))
    (control,) = (item for item in study.items if item.control)

    assert {key.systems[arm] for arm in control.arms} & set(SYSTEMS)
    assert SHUFFLED in {key.systems[arm] for arm in control.arms}


def test_too_few_cases_are_refused_with_the_number_there_are():
    with pytest.raises(ContentError, match="asks for 9 cases, and the runs have 8"):
        made(draft(cases=9))


def test_an_unknown_stratum_is_refused_with_those_there_are():
    with pytest.raises(ContentError, match="subgroup `age`; there are sex"):
        made(draft(strata=["age"]))


def test_preferences_need_two_systems():
    with pytest.raises(ContentError, match="two systems"):
        made(draft("ab"), material(systems=("alpha-net",)))


def test_more_controls_than_cases_are_refused():
    with pytest.raises(ContentError, match="5 of the kind reference need as many cases"):
        made(draft(controls={"reference": 5}))
