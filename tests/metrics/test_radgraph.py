"""RadGraph F1: against the rewards of the package, the policies for empty graphs and letter case, several references, failures."""

from __future__ import annotations

import json
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import ScoringError
from radbench.metrics.base import Excluded
from radbench.metrics.radgraph import Radgraph
from radbench.sample import Case, Reply

LEVELS = ("simple", "partial", "complete")

EFFUSION = {
    "1": {"tokens": "small", "label": "OBS-DP", "relations": [["modify", "2"]]},
    "2": {"tokens": "effusion", "label": "OBS-DP", "relations": []},
}
NODULE = {"1": {"tokens": "nodule", "label": "OBS-DP", "relations": []}}


def graph(entities: dict[str, Any]) -> Reply:
    return Reply(output=json.dumps({"text": "", "entities": entities}))


def case(said: dict[str, Any] | None, *wanted: dict[str, Any]) -> Case:
    """A case with ready annotations; None: an empty candidate, which is not annotated."""
    replies = tuple(map(graph, ([] if said is None else [said]) + list(wanted)))
    bare = Case.of("" if said is None else "a report", [f"reference {i}" for i in range(len(wanted))])
    return Case(bare.sample, bare.answer, annotations=replies)


def values(metric: Radgraph, *cases: Case) -> dict[str, float]:
    rows = metric.measure(cases).array
    return {name: float(value[0]) for name, value in metric.aggregate(rows, np.ones((1, len(rows)))).items()}


def graphs() -> st.SearchStrategy[dict[str, Any]]:
    """Up to four entities of few words and labels, so that two graphs share some, with relations between them."""

    def entity(n: int) -> st.SearchStrategy[dict[str, Any]]:
        relation = st.tuples(st.sampled_from(["modify", "located_at"]), st.integers(1, n).map(str)).map(list)
        words = {"tokens": st.sampled_from(["nodule", "Nodule", "apex"]), "label": st.sampled_from(["OBS-DP", "OBS-DA"])}
        return st.fixed_dictionaries({**words, "relations": st.lists(relation, max_size=2)})

    return st.integers(0, 4).flatmap(lambda n: st.fixed_dictionaries({str(i): entity(n) for i in range(1, n + 1)}))


@pytest.fixture(scope="module")
def rewards() -> ModuleType:
    """The package's file of rewards by itself: the package imports far more."""
    found = find_spec("radgraph")
    if found is None or found.origin is None:
        pytest.skip("the package radgraph is not installed: pip install 'radbench[radgraph]'")
    spec = spec_from_file_location("radgraph_rewards", Path(found.origin).with_name("rewards.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(said=graphs(), wanted=graphs())
def test_every_level_is_the_reward_of_the_package(rewards: ModuleType, said: dict[str, Any], wanted: dict[str, Any]):
    found = values(Radgraph(), case(said, wanted))

    expected = rewards.compute_reward({"entities": said}, {"entities": wanted}, "all")
    assert [found[f"radgraph_{level}"] for level in LEVELS] == pytest.approx(expected, abs=1e-12)


def test_precision_recall_and_pooled_values_follow_from_counts():
    found = values(Radgraph(), case(EFFUSION, {"1": EFFUSION["2"]}), case(NODULE, EFFUSION))
    # simple: 1 of 2 said, 1 of 1 wanted; then 0 of 1 and 0 of 2
    assert found["radgraph_simple_precision"] == (1 / 2 + 0) / 2
    assert found["radgraph_simple_recall"] == (1 + 0) / 2
    assert found["radgraph_simple"] == (2 / 3 + 0) / 2
    assert found["radgraph_simple_pooled"] == 2 * 1 / (2 + 1 + 1 + 2)


@pytest.mark.parametrize(("empty", "value"), [("0", 0.0), ("1", 1.0)])
def test_two_empty_graphs_have_the_value_that_was_chosen(empty: str, value: float):
    metric = Radgraph(empty=empty)
    for both in (case({}, {}), case(None, {})):
        found = values(metric, both)
        assert {found[f"radgraph_{level}{part}"] for level in LEVELS for part in ("", "_precision", "_recall")} == {value}
        assert (found["radgraph_both_empty"], found["radgraph_one_empty"]) == (1, 0)
    assert metric.signature()["empty"] == empty


@pytest.mark.parametrize("one", [case({}, NODULE), case(NODULE, {}), case(None, NODULE)])
def test_one_empty_graph_has_zero_whatever_was_chosen(one: Case):
    found = values(Radgraph(empty="1"), one)
    assert {found[f"radgraph_{level}"] for level in LEVELS} == {0}
    assert (found["radgraph_both_empty"], found["radgraph_one_empty"]) == (0, 1)


def test_the_reference_of_highest_f1_counts_for_each_level():
    related = {"1": {"tokens": "small", "label": "OBS-DP", "relations": []}, "2": EFFUSION["2"]}
    found = values(Radgraph(), case(related, EFFUSION, {"1": EFFUSION["2"]}))
    assert found["radgraph_simple"] == 1  # of the first reference, whose words are the same
    assert found["radgraph_partial"] == pytest.approx(2 / 3)  # of the second: 1 of 2 said, 1 of 1 wanted


def test_texts_are_asked_about_once_each_and_empty_ones_not_at_all():
    metric = Radgraph(annotator="mine")
    asks = metric.asks(Case.of("Nodule.", ["A nodule.", " ", "Effusion."]), ())
    assert [(ask.annotator, ask.request.kind, ask.request.turns[0].parts) for ask in asks] == [
        ("mine", "annotate", ("Nodule.",)),
        ("mine", "annotate", ("A nodule.",)),
        ("mine", "annotate", ("Effusion.",)),
    ]
    assert [ask.request.turns[0].parts for ask in metric.asks(Case.of(None, ["A nodule."]), ())] == [("A nodule.",)]
    assert metric.asks(Case.of("Nodule.", ["A nodule."]), [graph(NODULE)]) == []


def test_a_failed_annotation_leaves_the_case_out():
    failed = Case.of("Nodule.", ["A nodule."])
    failed = Case(failed.sample, failed.answer, annotations=(graph(NODULE), Reply(error="out of memory")))
    assert Radgraph().row(failed) == Excluded("annotator failed")


@pytest.mark.parametrize("output", ["prose", "[]", '{"entities": {"1": {"tokens": "a"}}}', {"Edema": 1.0}])
def test_another_kind_of_annotation_is_refused(output: Any):
    wrong = Case.of("Nodule.", ["A nodule."])
    wrong = Case(wrong.sample, wrong.answer, annotations=(Reply(output=output), graph(NODULE)))
    with pytest.raises(ScoringError, match="does not give entities as RadGraph does"):
        Radgraph().row(wrong)
