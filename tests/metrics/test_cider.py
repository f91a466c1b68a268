from __future__ import annotations

import numpy as np
import pytest
from pycocoevalcap.cider.cider import Cider as CocoCider

from radbench.errors import ScoringError
from radbench.metrics.cider import Cider
from radbench.sample import Case


def scores(metric: Cider, cases: list[Case]) -> np.ndarray:
    metric.prepare(cases)
    return metric.value(metric.measure(cases).array)["cider"]


def coco(candidates: list[str], references: list[list[str]]) -> np.ndarray:
    keys = range(len(candidates))
    return CocoCider().compute_score({i: references[i] for i in keys}, {i: [candidates[i]] for i in keys})[1]


@pytest.mark.parametrize("n_references", [1, 2])
def test_scores_equal_pycocoevalcap(texts: tuple[list[str], list[list[str]]], n_references: int) -> None:
    candidates, references = texts[0], [own[:n_references] for own in texts[1]]

    ours = scores(Cider(), [Case.of(c, r) for c, r in zip(candidates, references, strict=True)])

    assert ours == pytest.approx(coco(candidates, references), abs=1e-9)


def test_tokenizer_and_case_reach_references_and_candidates(texts: tuple[list[str], list[list[str]]]) -> None:
    candidates, references = [c.lower() for c in texts[0]], [[r.lower() for r in own] for own in texts[1]]

    ours = scores(Cider(case="lower"), [Case.of(c, r) for c, r in zip(*texts, strict=True)])

    assert ours == pytest.approx(coco(candidates, references), abs=1e-9)


def test_a_text_against_itself_scores_ten() -> None:
    cases = [Case.of(t, [t]) for t in ("Both lungs are clear .", "Small left pleural effusion .")]

    assert scores(Cider(), cases) == pytest.approx([10.0, 10.0])


def test_document_frequencies_stay_fixed_whatever_is_measured() -> None:
    cases = [Case.of("Clear lungs today .", [t]) for t in ("Clear lungs today .", "Small effusion today .", "Rib fracture .")]
    metric = Cider()
    together = scores(metric, cases)

    assert [metric.measure([case]).array[0, 0] for case in cases] == together.tolist()


def test_repeats_of_a_sample_count_once_in_the_document_frequencies() -> None:
    cases = [Case.of("a", ["clear lungs"]), Case.of("b", ["small effusion"])]
    once, thrice = Cider(), Cider()
    once.prepare(cases)
    thrice.prepare([Case(c.sample, c.answer, repeat) for c in cases for repeat in range(3)])

    assert once.fingerprint() == thrice.fingerprint()


def test_the_fingerprint_tells_reference_sets_apart_but_not_their_order() -> None:
    cases = [Case.of("", ["clear lungs"]), Case.of("", ["small effusion"]), Case.of("", ["rib fracture"])]
    forwards, backwards, fewer, never = Cider(), Cider(), Cider(), Cider()
    forwards.prepare(cases)
    backwards.prepare(cases[::-1])
    fewer.prepare(cases[:2])

    assert forwards.fingerprint() == backwards.fingerprint() != fewer.fingerprint()
    assert never.fingerprint() == ""


def test_one_distinct_reference_set_is_refused_with_the_reason() -> None:
    with pytest.raises(ScoringError, match="not defined on these 3 samples: all have the same references"):
        Cider().prepare([Case.of("a", ["Clear lungs."]) for _ in range(3)])


def test_measuring_without_frequencies_is_refused() -> None:
    with pytest.raises(ScoringError, match="call `prepare`"):
        Cider().measure([Case.of("a", ["b"])])


def test_an_empty_candidate_scores_zero_and_a_case_without_reference_is_left_out() -> None:
    cases = [Case.of("", ["clear lungs"]), Case.of("x", ["small effusion"]), Case.of("x", [" "])]
    metric = Cider()
    metric.prepare(cases)
    rows = metric.measure(cases)

    assert rows.array[0].tolist() == [0, 1]
    assert rows.excluded == (None, None, "no reference text")


def test_an_empty_corpus_is_no_error() -> None:
    metric = Cider()
    metric.prepare([])

    assert np.isnan(metric.aggregate(metric.measure([]).array, np.ones((1, 0)))["cider"]).all()


def test_the_signature_names_tokenizer_and_case() -> None:
    assert Cider(tokenizer="13a", case="lower").signature() == {"tok": "13a", "case": "lower"}
