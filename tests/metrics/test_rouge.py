from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from radbench.metrics.rouge import Rouge, lcs_length, rouge, rouge_tokens
from radbench.sample import Case

NAMES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
SCORER = {stem: RougeScorer(list(NAMES), use_stemmer=stem) for stem in (False, True)}


def oracle(reference: str, candidate: str, *, stem: bool) -> list[float]:
    scores = SCORER[stem].score(reference, candidate)
    return [part for name in NAMES for part in scores[name]]


lines = st.lists(st.sampled_from(["no", "The", "effusions", "left", "3.5", "T2-weighted,", "\n", "\n", "é", "."]), max_size=14).map(
    " ".join
)


@given(lines, lines.filter(lambda text: rouge_tokens(text, stem=False)), st.booleans())
def test_precision_recall_and_f1_equal_rouge_score(candidate: str, reference: str, stem: bool) -> None:
    assert rouge(candidate, reference, stem=stem) == pytest.approx(oracle(reference, candidate, stem=stem), abs=1e-9)


@pytest.mark.parametrize("stem", [False, True])
def test_the_better_of_two_references_counts_for_each_score(texts: tuple[list[str], list[list[str]]], stem: bool) -> None:
    metric = Rouge(stem=stem)
    rows = metric.measure([Case.of(c, r) for c, r in zip(*texts, strict=True)]).array

    multi = [SCORER[stem].score_multi(r, c) for c, r in zip(*texts, strict=True)]
    expected = np.array([[part for name in NAMES for part in scores[name]] for scores in multi])

    assert rows[:, :-1] == pytest.approx(expected, abs=1e-9)


def test_the_mean_over_references_is_offered() -> None:
    one, other = "no effusion", "small left effusion"
    row = Rouge(references="mean").row(Case.of("left effusion", [one, other]))

    expected = (np.array(oracle(one, "left effusion", stem=False)) + oracle(other, "left effusion", stem=False)) / 2
    assert row == pytest.approx(np.append(expected, 1))


@given(st.text("abc", max_size=70), st.text("abc", max_size=70))
def test_the_longest_common_subsequence_has_the_length_found_by_the_usual_table(candidate: str, reference: str) -> None:
    table = [0] * (len(reference) + 1)
    for said in candidate:
        previous, table = table, [0]
        for i, wanted in enumerate(reference):
            table.append(previous[i] + 1 if said == wanted else max(previous[i + 1], table[i]))

    assert lcs_length(candidate, reference) == table[-1]


@pytest.mark.parametrize("candidate", ["", "...", "é"])
def test_a_candidate_without_tokens_scores_zero(candidate: str) -> None:
    assert Rouge().row(Case.of(candidate, ["Clear lungs."])).tolist() == [0.0] * 12 + [1.0]


@pytest.mark.parametrize("references", [[], [""], ["___ ."]])
def test_a_case_whose_references_have_no_token_is_left_out(references: list[str]) -> None:
    assert Rouge().measure([Case.of("Clear.", references)]).excluded == ("no reference text",)


def test_a_single_token_has_no_rouge2_even_against_itself() -> None:
    metric = Rouge()
    values = metric.value(metric.row(Case.of("Normal.", ["Normal."]))[None])

    assert values["rouge1"][0] == values["rougeL"][0] == 1
    assert values["rouge2"][0] == 0


def test_the_mean_is_weighted_and_undefined_without_weight() -> None:
    metric = Rouge()
    rows = metric.measure([Case.of("clear", ["clear"]), Case.of("other", ["clear"])]).array

    assert metric.aggregate(rows, np.array([[1.0, 3.0], [0.0, 0.0]]))["rouge1"] == pytest.approx([0.25, np.nan], nan_ok=True)


def test_the_signature_names_stemming_and_references() -> None:
    assert Rouge(stem=True, references="mean").signature() == {"stem": "yes", "refs": "mean"}
