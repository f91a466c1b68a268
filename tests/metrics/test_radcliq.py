"""RadCliQ: its parts, and where each comes from."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from radbench.errors import ContentError, ScoringError
from radbench.metrics.base import Excluded
from radbench.metrics.radcliq import Radcliq, bleu_2, radgraph_combined
from radbench.sample import Case, Reply, Vectors

EDEMA, LUNG = ("edema", "OBS-DP"), ("lung", "ANAT-DP")


def graph(*entities, relations=()):
    """An annotation of entities (tokens, label) numbered from 1, with relations (from, kind, to)."""
    found = {
        str(i): {"tokens": tokens, "label": label, "relations": [[kind, str(to)] for source, kind, to in relations if source == i]}
        for i, (tokens, label) in enumerate(entities, start=1)
    }
    return Reply(output=json.dumps({"entities": found}))


def vector(*components):
    return Reply(output=Vectors.of(np.array([components], dtype=np.float64)))


def annotated(candidate, references, *replies):
    plain = Case.of(candidate, references)
    return Case(plain.sample, plain.answer, 0, replies)


def values(case, **options):
    metric = Radcliq(**options)
    return {name: array[0] for name, array in metric.value(metric.row(case)[None]).items()}


def test_equal_reports_have_the_scores_of_parts_that_are_all_1():
    found = graph(EDEMA, LUNG, relations=[(1, "located_at", 2)])
    case = annotated("Edema in lung.", ["Edema in lung."], found, found, vector(1, 2), vector(1, 2), Reply(output={"f1": 1.0}))
    assert values(case) == pytest.approx(
        {
            "radcliq_v0": -0.24213342294409346,
            "radcliq_v1": -1.4406902828047017,
            **dict.fromkeys(("radcliq_radgraph", "radcliq_bertscore", "radcliq_semb_score", "radcliq_bleu_2"), 1),
        }
    )


def test_each_part_comes_from_its_own_annotator():
    case = annotated(
        "Edema in lung.",
        ["Lung edema."],
        graph(EDEMA, LUNG, relations=[(1, "located_at", 2)]),
        graph(LUNG, EDEMA, relations=[(1, "modify", 2)]),
        vector(1, 0),
        vector(3, 4),
        Reply(output={"f1": 0.9}),
    )
    found = values(case, baseline=0.8)
    assert found["radcliq_radgraph"] == pytest.approx((1 + 0) / 2)
    assert found["radcliq_bertscore"] == pytest.approx(0.5)
    assert found["radcliq_semb_score"] == pytest.approx(0.6)
    assert found["radcliq_bleu_2"] == pytest.approx(bleu_2("Edema in lung.", "Lung edema."))


def test_it_asks_what_its_parts_ask():
    metric = Radcliq(radgraph="graphs", chexbert="labels", encoder="words")
    asks = metric.asks(Case.of("said", ["one", "two"]), [])
    assert [(ask.annotator, ask.request.kind, ask.request.turns[0].parts) for ask in asks] == [
        *(("graphs", "annotate", (text,)) for text in ("said", "one", "two")),
        *(("labels", "embed", (text,)) for text in ("said", "one", "two")),
        *(("words", "annotate", ("said", text)) for text in ("one", "two")),
    ]
    assert metric.asks(Case.of("said", ["one"]), [Reply(output="")]) == []


def test_an_empty_candidate_asks_nothing_and_has_0_in_each_part_before_rescaling():
    case = Case.of("", ["Edema."])
    assert Radcliq().asks(case, []) == []
    found = values(case, baseline=0.0)
    assert (found["radcliq_v0"], found["radcliq_v1"]) == pytest.approx((5.516160804054495, 2.4501430833271307))


def test_of_several_references_that_of_lowest_v1_counts():
    same, other = graph(EDEMA), graph(LUNG)
    vectors = [vector(1, 0), vector(0, 1), vector(1, 0)]
    pairs = [Reply(output={"f1": f1}) for f1 in (0.5, 1.0)]
    found = values(annotated("Edema.", ["Lung.", "Edema."], same, other, same, *vectors, *pairs))
    assert found["radcliq_semb_score"] == 1
    assert found["radcliq_bertscore"] == 1


def test_f1_is_0_where_a_side_has_no_entity_or_relation():
    nothing, entity = (frozenset(), frozenset()), (frozenset({EDEMA}), frozenset())
    assert radgraph_combined(nothing, nothing) == 0
    assert radgraph_combined(entity, entity) == 0.5
    assert radgraph_combined(entity, nothing) == 0


def test_a_case_without_reference_or_with_a_failed_annotator_is_left_out():
    assert Radcliq().row(Case.of("Edema.", [""])) == Excluded("no reference text")
    assert Radcliq().row(annotated("Edema.", ["Wet."], Reply(error="too long"))) == Excluded("annotator failed")


def test_an_annotator_of_something_else_and_a_baseline_that_is_none_are_refused():
    with pytest.raises(ScoringError, match="RadGraph entities"):
        Radcliq().row(annotated("Edema.", ["Wet."], *[Reply(output="prose")] * 2, vector(1, 0), vector(1, 0), Reply(output={"f1": 1.0})))
    with pytest.raises(ContentError, match=r"below 1, got `1\.0`"):
        Radcliq(baseline=1.0)


@given(*[st.lists(st.sampled_from(["edema", "lung", "No", "the", "heart."]), min_size=1, max_size=8).map(" ".join)] * 2)
def test_bleu_2_equals_nltk_with_smoothing_method_1(candidate, reference):
    said, wanted = (text.lower().replace(".", " .").split() for text in (candidate, reference))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sentence_bleu([wanted], said, (0.5, 0.5), smoothing_function=SmoothingFunction(epsilon=0.1).method1)
    assert bleu_2(candidate, reference) == pytest.approx(expected, abs=1e-12)
