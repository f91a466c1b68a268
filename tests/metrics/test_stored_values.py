"""Every value of the shared file of reference values: what radbench gives for it, or why it gives none.

A place in the file is its keys with slashes between them, `*` each item of a list. What stands at a place of `OURS` is compared
leaf by leaf with what its function gives; a place of `WITHOUT` is skipped with a reason that can be read in the report; `GIVEN`
are texts and graphs to compute from, and words on where values come from. A leaf of the file that none of them covers fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from stored_values import (
    Golden,
    bleus,
    cider,
    coco,
    coco_rouge,
    crimson_parts,
    error_counts,
    evaluations,
    labels_f1,
    lexical,
    nltk_corpus_bleu,
    pairs,
    radcliq_constants,
    radcliq_examples,
    radgraph_rewards,
    ratescore_matrix,
    ratescore_values,
    rouge_score,
    sacrebleu_readme,
    split,
    values,
)

from radbench.findings import FIVE, LABELS
from radbench.metrics.bleu import Bleu
from radbench.metrics.chrf import Chrf
from radbench.metrics.crimson import crimson
from radbench.metrics.grad import TYPES as ERRORS
from radbench.metrics.radcliq import _COEFFICIENT, _SCALE, radcliq
from radbench.metrics.rouge import rouge
from radbench.sample import Case

WEIGHTS = "needs the published weights: radbench doctor --verify holds them against the values that are printed for them"
WITHOUT = {
    "radeval_divergence_gallery/items/*/scores/bertscore": WEIGHTS,
    "radeval_divergence_gallery/items/*/scores/f1chexbert": WEIGHTS,
    "radeval_divergence_gallery/items/*/scores/radgraph": WEIGHTS,
    "radeval_divergence_gallery/items/*/scores/green": WEIGHTS,
    "radeval_divergence_gallery/items/*/scores/crimson": "needs the published judge",
    "radeval_divergence_gallery/items/*/scores/radcliq": "needs weights, and is degenerate there: IDF over a single reference",
    "ratescore_readme_inputs": "its README prints no score for these texts, and their entities need the published weights",
}

GIVEN = (
    *("_about", "*/kind", "*/source", "*/note", "*/license", "*/classes", "radcliq/formula"),
    *("lexical_invented_12pairs/refs", "lexical_invented_12pairs/hyps", "sacrebleu_readme/refs_streams", "sacrebleu_readme/sys"),
    *("rouge_score_readme/target", "rouge_score_readme/prediction", "chexprompt_parse/parse_example/text", "radcliq/examples/*/x"),
    *(f"radgraph_rewards_invented/items/*/{key}" for key in ("case", "hyp", "ref")),
    *("chexbert_label_f1_random/reference", "chexbert_label_f1_random/hypothesis", "crimson_arithmetic/items/*/evaluation"),
    *(f"ratescore_arithmetic/items/*/{side}_{what}" for side in ("ref", "hyp") for what in ("embeddings", "types")),
    *(f"radeval_divergence_gallery/items/*/{key}" for key in ("id", "ref", "hyp")),
)

TWELVE = "lexical_invented_12pairs/expected"
OURS: dict[str, Callable[[Golden], Any]] = {
    f"{TWELVE}/coco_bleu[whitespace,cased]/corpus_1_to_4": lambda g: bleus(Bleu(tokenizer="none", smoothing="none"), pairs(g)),
    f"{TWELVE}/coco_bleu[whitespace,cased]/per_sample_1_to_4": lambda g: coco(pairs(g)),
    f"{TWELVE}/coco_bleu[lower,regex words+punctuation]/corpus_1_to_4": lambda g: bleus(
        Bleu(tokenizer="regex", case="lower", smoothing="none"), pairs(g)
    ),
    f"{TWELVE}/coco_rougeL_beta1.2[whitespace,cased]": lambda g: coco_rouge(pairs(g)),
    f"{TWELVE}/coco_rougeL_beta1.2[lower,regex words+punctuation]/mean": lambda g: coco_rouge(
        [Case.of(split(case.text), [split(text) for text in case.references]) for case in pairs(g)]
    )["mean"],
    f"{TWELVE}/coco_cider[whitespace,cased,idf over these refs]": cider,
    **{f"{TWELVE}/sacrebleu_corpus_bleu4[{name},cased]": lexical(Bleu(tokenizer=name)) for name in ("13a", "none", "intl", "char")},
    f"{TWELVE}/sacrebleu_corpus_bleu4[13a,lower]": lexical(Bleu(case="lower")),
    f"{TWELVE}/sacrebleu_corpus_bleu1[13a,cased]/score_0_100": lambda g: 100 * bleus(Bleu(), pairs(g))[0],
    f"{TWELVE}/sacrebleu_sentence_bleu4[13a,cased,effective order]/per_sample_0_100": lambda g: [
        100 * bleus(Bleu(), [case])[3] for case in pairs(g)
    ],
    f"{TWELVE}/sacrebleu_chrf2/corpus_0_100": lambda g: 100 * values(Chrf(), pairs(g))["chrf"],
    f"{TWELVE}/nltk_corpus_bleu4[whitespace,cased]": nltk_corpus_bleu,
    f"{TWELVE}/rouge_score[stem=false]": lambda g: rouge_score(g, stem=False),
    f"{TWELVE}/rouge_score[stem=true]": lambda g: rouge_score(g, stem=True),
    **{f"sacrebleu_readme/{key}": lambda g, key=key: sacrebleu_readme(g)[key] for key in ("expected", "score_full", "signature")},
    "rouge_score_readme/expected": lambda g: dict(
        zip(
            ("rouge1", "rouge2", "rougeL"),
            np.reshape(rouge(g["rouge_score_readme"]["prediction"], g["rouge_score_readme"]["target"], stem=True), (4, 3))[:3].tolist(),
            strict=True,
        )
    ),
    "radgraph_rewards_invented/items/*/case_kept_pypi_0_1_18": lambda g: radgraph_rewards(g, "cased"),
    "radgraph_rewards_invented/items/*/case_folded_master_2026_07": lambda g: radgraph_rewards(g, "lower"),
    "chexbert_label_f1_random/labels": lambda g: list(LABELS),
    "chexbert_label_f1_random/five_indices": lambda g: [LABELS.index(name) for name in FIVE],
    **{
        f"chexbert_label_f1_random/expected/uncertain={policy},{n}": lambda g, policy=policy, n=n: labels_f1(g, policy, n)
        for policy in ("positive", "negative")
        for n in (14, 5)
    },
    "radcliq/v0": lambda g: radcliq_constants(0),
    "radcliq/v1": lambda g: radcliq_constants(1),
    "radcliq/examples/*/v0": lambda g: radcliq_examples(g, 0),
    "radcliq/examples/*/v1": lambda g: radcliq_examples(g, 1),
    "crimson_arithmetic/items/*/crimson_score": lambda g: [round(crimson(one), 4) for one in evaluations(g)],
    "crimson_arithmetic/items/*/metrics": crimson_parts,
    "ratescore_matrices/matrix_long": lambda g: ratescore_matrix("long"),
    "ratescore_matrices/matrix_short": lambda g: ratescore_matrix("short"),
    "ratescore_arithmetic/items/*/long": lambda g: ratescore_values(g, "long"),
    "ratescore_arithmetic/items/*/short": lambda g: ratescore_values(g, "short"),
    "chexprompt_parse/parse_example/significant": lambda g: error_counts(g, 0),
    "chexprompt_parse/parse_example/insignificant": lambda g: error_counts(g, 1),
    "chexprompt_parse/type_map": lambda g: dict(zip("ABCDEF", ERRORS, strict=True)),
    "radeval_divergence_gallery/items/*/scores/bleu": lambda g: [
        coco([Case.of(item["hyp"], [item["ref"]])])[0][3] for item in g["radeval_divergence_gallery"]["items"]
    ],
}
OWN_TEST = ("rexrank_result_rows/rows",)  # its RadCliQ follows from its other columns
TOLERANCE = {  # where it is not 1e-9
    f"{TWELVE}/coco_bleu[whitespace,cased]/corpus_1_to_4": 1e-8,  # coco's constants
    f"{TWELVE}/coco_bleu[lower,regex words+punctuation]/corpus_1_to_4": 1e-8,
    "ratescore_arithmetic/items/*/long": 1e-6,  # computed in float32
    "ratescore_arithmetic/items/*/short": 1e-6,
}


def leaves(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The values within a node, each with its place."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, f"{place}/{key}" if place else str(key))
    else:
        yield place, node


def at(node: Any, keys: list[str]) -> Any:
    """What stands at a place; a list of what stands there in each item where a key is `*`."""
    if not keys:
        return node
    key, *rest = keys
    return [at(item, rest) for item in node] if key == "*" else at(node[key], rest)


def covers(pattern: str, place: str) -> bool:
    keys = place.split("/")
    return all(len(keys) > i and key in {"*", keys[i]} for i, key in enumerate(pattern.split("/")))


@pytest.mark.parametrize("place", OURS)
def test_radbench_gives_the_stored_value(place: str, golden: Golden) -> None:
    stored = dict(leaves(at(golden, place.split("/"))))
    ours = dict(leaves(OURS[place](golden)))

    assert ours == {
        key: value if isinstance(value, str) else pytest.approx(value, abs=TOLERANCE.get(place, 1e-9)) for key, value in stored.items()
    }


@pytest.mark.parametrize("place", WITHOUT)
def test_a_value_that_needs_weights_is_not_met_here(place: str, golden: Golden) -> None:
    assert at(golden, place.split("/"))
    pytest.skip(WITHOUT[place])


def test_radcliq_of_the_mean_parts_that_rexrank_prints_is_the_radcliq_that_it_prints(golden: Golden) -> None:
    """RadCliQ is linear, so that of the means is the mean; parts and values are printed to three digits."""
    head, *rows = golden["rexrank_result_rows"]["rows"]
    assert head[5:11] == ["BLEU", "BertScore", "SembScore", "RadGraph", "RadCliQ-v0", "RadCliQ-v1"]
    parts = np.array([[row[8], row[6], row[7], row[5]] for row in rows], dtype=np.float64)
    printed = np.array([row[9:11] for row in rows], dtype=np.float64)

    rounding = 0.0005 * (np.abs(_COEFFICIENT / _SCALE).sum(axis=1) + 1)
    assert (np.abs(radcliq(parts) - printed) <= rounding).all()


def test_no_value_of_the_file_is_left_out(golden: Golden) -> None:
    known = [*OURS, *WITHOUT, *GIVEN, *OWN_TEST]

    assert [place for place, _ in leaves(golden) if not any(covers(pattern, place) for pattern in known)] == []
    assert [pattern for pattern in known if not any(covers(pattern, place) for place, _ in leaves(golden))] == []
