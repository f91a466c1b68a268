from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from radbench.metrics.chrf import Chrf
from radbench.sample import Case


def corpus(metric: Chrf, candidates: list[str], references: list[list[str]]) -> float:
    rows = metric.measure([Case.of(c, r) for c, r in zip(candidates, references, strict=True)]).array
    return float(metric.aggregate(rows, np.ones((1, len(rows))))["chrf"][0])


@pytest.mark.parametrize("case", ["mixed", "lower"])
@pytest.mark.parametrize("n_references", [1, 2])
def test_corpus_values_equal_sacrebleu(texts: tuple[list[str], list[list[str]]], case: str, n_references: int) -> None:
    candidates, references = texts[0], [own[:n_references] for own in texts[1]]
    streams = [list(stream) for stream in zip(*references, strict=True)]

    expected = CHRF(lowercase=case == "lower").corpus_score(candidates, streams).score / 100

    assert corpus(Chrf(case=case), candidates, references) == pytest.approx(expected, abs=1e-9)


short = st.text("ab .é", max_size=12)


@given(short, st.lists(short.filter(str.strip), min_size=1, max_size=3))
def test_values_of_cases_equal_sacrebleu_sentence_scores(candidate: str, references: list[str]) -> None:
    expected = CHRF().sentence_score(candidate, references).score / 100

    assert corpus(Chrf(), [candidate], [references]) == pytest.approx(expected, abs=1e-9)


def test_a_text_of_two_letters_against_itself_scores_one() -> None:
    assert corpus(Chrf(), ["CT"], [["CT"]]) == 1


def test_an_empty_candidate_scores_zero_and_a_case_without_reference_is_left_out() -> None:
    metric = Chrf()
    rows = metric.measure([Case.of(" ", ["Clear."]), Case.of("Clear.", ["\n"])])

    assert metric.value(rows.array[:1])["chrf"].tolist() == [0]
    assert rows.excluded == (None, "no reference text")


def test_without_weight_the_value_is_undefined() -> None:
    metric = Chrf()
    rows = metric.measure([Case.of("Clear.", ["Clear."])]).array

    assert np.isnan(metric.aggregate(rows, np.zeros((1, 1)))["chrf"]).all()


def test_the_signature_names_case_and_orders() -> None:
    assert Chrf(case="lower").signature() == {"case": "lower", "nc": "6", "nw": "0", "beta": "2"}
