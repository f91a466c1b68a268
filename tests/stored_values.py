"""What radbench gives for the values of the shared file of reference values, in the shape in which they stand there."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from radbench.findings import FIVE, LABELS
from radbench.metrics.base import Metric
from radbench.metrics.bleu import Bleu
from radbench.metrics.chexbert import Chexbert
from radbench.metrics.cider import Cider
from radbench.metrics.coco_rouge import CocoRouge
from radbench.metrics.crimson import Evaluation, weighed
from radbench.metrics.grad import read_counts
from radbench.metrics.radcliq import _COEFFICIENT, _INTERCEPT, _MEAN, _SCALE, PARTS, radcliq
from radbench.metrics.radgraph import Radgraph
from radbench.metrics.ratescore import TYPES as ENTITIES
from radbench.metrics.ratescore import Ratescore, unit
from radbench.metrics.rouge import Rouge
from radbench.sample import Case, Reply

Golden = dict[str, Any]

COCO_TINY, COCO_SMALL = 1e-15, 1e-9  # what coco's scorer adds to matches and to totals


def pairs(golden: Golden) -> list[Case]:
    block = golden["lexical_invented_12pairs"]
    return [Case.of(said, [wanted]) for said, wanted in zip(block["hyps"], block["refs"], strict=True)]


def values(metric: Metric, cases: list[Case]) -> dict[str, float]:
    metric.prepare(cases)
    rows = metric.measure(cases).array
    return {name: float(value[0]) for name, value in metric.aggregate(rows, np.ones((1, len(rows)))).items()}


def bleus(metric: Bleu, cases: list[Case]) -> list[float]:
    return [values(metric, cases)[f"bleu-{n}"] for n in (1, 2, 3, 4)]


def split(text: str) -> str:
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))


def sacrebleu(metric: Bleu, cases: list[Case]) -> dict[str, Any]:
    """The score, its parts and its signature, as sacrebleu prints them."""
    sums = metric.measure(cases).array.sum(axis=0)
    said, wanted = sums[8:]
    options = metric.signature()
    letters = {"mixed": "mixed", "lower": "lc"}[options["case"]]
    return {
        "score_0_100": 100 * bleus(metric, cases)[3],
        "precisions": (100 * sums[:4] / sums[4:8]).tolist(),
        "bp": min(1.0, math.exp(1 - wanted / said)),
        "hyp_len": said,
        "ref_len": wanted,
        # no order lacks a candidate that is long enough, so effective order makes no difference
        "signature": f"nrefs:1|case:{letters}|eff:no|tok:{options['tok']}|smooth:{options['smooth']}|version:2.6.0",
    }


def coco(cases: list[Case]) -> list[list[float]]:
    """BLEU-1 to 4 of each case by our counts, with the constants that coco's scorer adds to them."""
    found = []
    for row in Bleu(tokenizer="none").measure(cases).array:
        product = np.cumprod((row[:4] + COCO_TINY) / (row[4:8] + COCO_SMALL))
        brevity = min(1.0, math.exp(1 - (row[9] + COCO_SMALL) / (row[8] + COCO_TINY)))
        found.append([brevity * product[n] ** (1 / (n + 1)) for n in range(4)])
    return found


def nltk_corpus_bleu(golden: Golden) -> float:
    """By our counts: nltk's differs in that a candidate with fewer than n words still counts one n-gram."""
    metric = Bleu(tokenizer="none", smoothing="none")
    rows = metric.measure(pairs(golden)).array
    rows[:, 4:8] = np.maximum(rows[:, 4:8], 1)
    return float(metric.value(rows.sum(axis=0)[None])["bleu-4"][0])


def coco_rouge(cases: list[Case]) -> dict[str, Any]:
    return {"mean": values(CocoRouge(), cases)["rougeL_coco"], "per_sample": CocoRouge().measure(cases).array[:, 0].tolist()}


def cider(golden: Golden) -> dict[str, Any]:
    metric, cases = Cider(), pairs(golden)
    mean = values(metric, cases)["cider"]
    return {"mean": mean, "per_sample": [float(metric.aggregate(row[None], np.ones((1, 1)))["cider"][0]) for row in rows_of(metric, cases)]}


def rows_of(metric: Metric, cases: list[Case]) -> np.ndarray:
    return metric.measure(cases).array


def rouge_score(golden: Golden, *, stem: bool) -> dict[str, Any]:
    metric, cases = Rouge(stem=stem), pairs(golden)
    means, rows = values(metric, cases), rows_of(metric, cases)
    first = {name: metric.columns.index(f"{name}_precision") for name in ("rouge1", "rouge2", "rougeL")}
    return {name: {"mean_f1": means[name], "per_sample_p_r_f1": rows[:, at : at + 3].tolist()} for name, at in first.items()}


def sacrebleu_readme(golden: Golden) -> dict[str, Any]:
    block = golden["sacrebleu_readme"]
    cases = [Case.of(said, wanted) for said, *wanted in zip(block["sys"], *block["refs_streams"], strict=True)]
    found = sacrebleu(Bleu(), cases)
    printed = {"score": round(found["score_0_100"], 2), "precisions": [round(share, 1) for share in found["precisions"]]}
    printed |= {"bp": round(found["bp"], 3), "hyp_len": found["hyp_len"], "ref_len": found["ref_len"]}
    return {"expected": printed, "score_full": found["score_0_100"], "signature": "nrefs:2" + found["signature"][7:-14]}


def radgraph_rewards(golden: Golden, letters: str) -> list[list[float]]:
    found = []
    for item in golden["radgraph_rewards_invented"]["items"]:
        bare = Case.of("a report", ["another"])
        graphs = tuple(Reply(output=json.dumps(item[side])) for side in ("hyp", "ref"))
        one = values(Radgraph(case=letters), [Case(bare.sample, bare.answer, annotations=graphs)])
        found.append([one[f"radgraph_{level}"] for level in ("simple", "partial", "complete")])
    return found


def labels_f1(golden: Golden, uncertain: str, n: int) -> dict[str, Any]:
    block = golden["chexbert_label_f1_random"]
    replies = [
        tuple(Reply(output=dict(zip(block["labels"], classes, strict=True))) for classes in both)
        for both in zip(block["hypothesis"], block["reference"], strict=True)
    ]
    bare = Case.of("said", ["wanted"])
    found = values(Chexbert(uncertain=uncertain), [Case(bare.sample, bare.answer, annotations=both) for both in replies])
    names = {14: LABELS, 5: FIVE}[n]
    return {
        **{f"{average}_f1": found[f"f1_{n}_{average}"] for average in ("micro", "macro", "weighted", "samples")},
        **{
            "micro_precision": found[f"precision_{n}_micro"],
            "micro_recall": found[f"recall_{n}_micro"],
            "exact_match": found[f"exact_{n}"],
        },
        "label_f1": {name: found[f"f1:{name}"] for name in names},
        "support": {name: found[f"support:{name}"] for name in names},
    }


def radcliq_constants(version: int) -> dict[str, Any]:
    renamed = {"radgraph": "radgraph_combined", "bleu_2": "bleu_score"}
    numbers = {"mean": _MEAN, "scale": _SCALE, "coef": _COEFFICIENT, "intercept": _INTERCEPT}
    return {"cols": [renamed.get(part, part) for part in PARTS], **{name: table[version].tolist() for name, table in numbers.items()}}


def radcliq_examples(golden: Golden, version: int) -> list[float]:
    return radcliq(np.array([example["x"] for example in golden["radcliq"]["examples"]], dtype=np.float64))[:, version].tolist()


def evaluations(golden: Golden) -> list[Evaluation]:
    return [Evaluation.model_validate(item["evaluation"]) for item in golden["crimson_arithmetic"]["items"]]


def crimson_parts(golden: Golden) -> list[dict[str, float]]:
    found = []
    for everything, false, credit in map(weighed, evaluations(golden)):
        share = (credit - false) / everything if everything else -(1 + false)  # what stands in there, and the score does not use
        names = ("N_G", "E_penalty", "correct", "errors_more_than_correct", "S")
        found.append(dict(zip(names, (everything, false, credit, false - credit, share), strict=True)))
    return found


def ratescore_matrix(affinity: str) -> dict[str, float]:
    metric = Ratescore(affinity=affinity)
    table = {f"{a}_{b}".lower(): metric._weights[i, j] for i, a in enumerate(ENTITIES) for j, b in enumerate(ENTITIES)}
    return {**table, "neg_weight": metric._negation}


def ratescore_values(golden: Golden, affinity: str) -> list[dict[str, float]]:
    metric, found = Ratescore(affinity=affinity), []
    for item in golden["ratescore_arithmetic"]["items"]:
        reference, candidate = (
            (unit(np.array(item[f"{side}_embeddings"])), np.array([ENTITIES.index(kind) for kind in item[f"{side}_types"]]))
            for side in ("ref", "hyp")
        )
        ways = {
            "over_reference_entities": metric.directed(reference, candidate),
            "over_hypothesis_entities": metric.directed(candidate, reference),
        }
        found.append({**ways, "score": metric.score(candidate, reference)})
    return found


def error_counts(golden: Golden, half: int) -> dict[str, int]:
    counts = read_counts(golden["chexprompt_parse"]["parse_example"]["text"])
    assert isinstance(counts, np.ndarray)
    return dict(zip("ABCDEF", counts[half].tolist(), strict=True))


def lexical(metric: Bleu) -> Callable[[Golden], Any]:
    return lambda golden: sacrebleu(metric, pairs(golden))
