from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocoevalcap.bleu.bleu import Bleu as CocoBleu
from sacrebleu.metrics import BLEU

from radbench.metrics._ngrams import clipped_matches
from radbench.metrics.bleu import Bleu
from radbench.sample import Box, Boxes, Case, Unparsed

Texts = tuple[list[str], list[list[str]]]


def corpus(metric: Bleu, candidates: list[str], references: list[list[str]]) -> list[float]:
    rows = metric.measure([Case.of(c, r) for c, r in zip(candidates, references, strict=True)])
    values = metric.aggregate(rows.array, np.ones((1, len(candidates))))
    return [float(values[f"bleu-{n}"][0]) for n in (1, 2, 3, 4)]


def alone(metric: Bleu, candidates: list[str], references: list[list[str]]) -> np.ndarray:
    rows = metric.measure([Case.of(c, r) for c, r in zip(candidates, references, strict=True)])
    return np.column_stack(list(metric.value(rows.array).values()))


def streams(references: list[list[str]]) -> list[list[str]]:
    return [list(stream) for stream in zip(*references, strict=True)]


@pytest.mark.parametrize("tokenizer", ["13a", "none", "intl", "char"])
@pytest.mark.parametrize("case", ["mixed", "lower"])
@pytest.mark.parametrize("smoothing", ["exp", "none"])
@pytest.mark.parametrize("n_references", [1, 2])
def test_corpus_values_equal_sacrebleu(texts: Texts, tokenizer: str, case: str, smoothing: str, n_references: int) -> None:
    candidates, references = texts[0], [own[:n_references] for own in texts[1]]

    ours = corpus(Bleu(tokenizer=tokenizer, case=case, smoothing=smoothing), candidates, references)

    for n in (1, 2, 3, 4):
        oracle = BLEU(lowercase=case == "lower", tokenize=tokenizer, smooth_method=smoothing, max_ngram_order=n)
        assert ours[n - 1] == pytest.approx(oracle.corpus_score(candidates, streams(references)).score / 100, abs=1e-9)


@pytest.mark.parametrize("smoothing", ["exp", "none"])
def test_values_of_cases_equal_sacrebleu_sentence_scores(texts: Texts, smoothing: str) -> None:
    ours = alone(Bleu(smoothing=smoothing), *texts)

    for n in (1, 2, 3, 4):
        oracle = BLEU(smooth_method=smoothing, max_ngram_order=n, effective_order=True)
        theirs = [oracle.sentence_score(c, r).score / 100 for c, r in zip(*texts, strict=True)]
        assert ours[:, n - 1] == pytest.approx(np.array(theirs), abs=1e-9)


def test_the_mean_over_cases_is_that_of_their_own_values(texts: Texts) -> None:
    candidates, references = texts
    expected = alone(Bleu(), candidates, references).mean(axis=0)

    assert corpus(Bleu(over="cases"), candidates, references) == pytest.approx(expected.tolist())
    assert Bleu(over="cases").signature()["over"] == "cases"


def test_corpus_values_equal_coco(texts: Texts) -> None:
    candidates, references = texts
    keys = range(len(candidates))
    theirs, _ = CocoBleu(4).compute_score(
        {i: [" ".join(r.split()) for r in references[i]] for i in keys}, {i: [candidates[i]] for i in keys}, verbose=0
    )

    assert corpus(Bleu(tokenizer="none", smoothing="none"), candidates, references) == pytest.approx(theirs, abs=1e-8)


def test_a_row_holds_matches_totals_and_lengths() -> None:
    # "no effusion": 2 of 3 words, 1 of 2 pairs; the second reference, as far from 3 tokens as the first, is shorter
    row = Bleu().row(Case.of("no effusion left", ["there is no effusion", "no effusion"]))

    assert row.tolist() == [2, 1, 0, 0, 3, 2, 1, 0, 3, 2]


def test_an_empty_candidate_adds_its_reference_length_and_scores_zero() -> None:
    metric = Bleu()
    row = metric.row(Case.of("", ["Clear lungs"]))

    assert row.tolist() == [0] * 9 + [2]
    assert all(value[0] == 0 for value in metric.value(row[None]).values())


@pytest.mark.parametrize("answer", [None, Unparsed("no answer"), Boxes((Box(0, 0, 1, 1),))])
def test_an_answer_without_text_counts_as_an_empty_candidate(answer: object) -> None:
    metric = Bleu()

    assert metric.measure([Case.of(answer, ["Clear."])]).array.tolist() == metric.measure([Case.of("", ["Clear."])]).array.tolist()


@pytest.mark.parametrize("references", [[], [""], [" \n"]])
def test_a_case_without_reference_text_is_left_out(references: list[str]) -> None:
    rows = Bleu().measure([Case.of("Clear.", references), Case.of("Clear.", ["", "Clear."])])

    assert rows.excluded == ("no reference text", None)
    assert np.isnan(rows.array[0]).all()
    assert rows.array[1].tolist() == [2, 1, 0, 0, 2, 1, 0, 0, 2, 2]


def test_orders_longer_than_every_candidate_are_left_out() -> None:
    assert corpus(Bleu(), ["Normal study"], [["Normal study"]]) == [1, 1, 1, 1]


def test_no_case_at_all_is_no_error() -> None:
    metric = Bleu()
    rows = metric.measure([])

    assert rows.array.shape == (0, 10)
    assert np.isnan(metric.aggregate(rows.array, np.ones((2, 0)))["bleu-4"]).all()


def test_the_blocks_do_not_show() -> None:
    cases = [Case.of("no acute fracture of rib " + "x" * (i % 3), ["no fracture of rib"]) for i in range(2500)]

    rows = Bleu().measure(cases).array

    assert (rows[:2499] == np.tile(rows[:3], (833, 1))).all()


tokens = st.lists(st.sampled_from("abc"), max_size=8)


@given(st.lists(st.tuples(tokens, st.lists(tokens, min_size=1, max_size=3)), max_size=4))
def test_matches_equal_those_counted_one_by_one(cases: list[tuple[list[str], list[list[str]]]]) -> None:
    def grams(text: list[str], n: int) -> Counter[tuple[str, ...]]:
        return Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1))

    expected = []
    for candidate, references in cases:
        row = []
        for n in (1, 2, 3):
            most = Counter()
            for reference in references:
                most |= grams(reference, n)
            row.append((grams(candidate, n) & most).total())
        expected.append(row)

    matches = clipped_matches([c for c, _ in cases], [r for _, r in cases], 3)

    assert matches.tolist() == expected


def test_the_signature_names_effective_order_tokenizer_case_and_smoothing() -> None:
    stated = Bleu(tokenizer="regex", case="lower", smoothing="none").signature()
    assert stated == {"eff": "yes", "tok": "regex", "case": "lower", "smooth": "none"}
