"""The contract of an annotator, held against a few texts, an empty and a very long one among them; and whether its metric can read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from radbench.catalog import Catalog
from radbench.conformance.stand_ins import StandIns
from radbench.errors import ModelError, ScoringError
from radbench.metrics.base import Metric
from radbench.models.base import Annotator, Embedder
from radbench.sample import Case, Reply, Request, Sample, Text, Turn, Vectors
from radbench.scoring.rows import annotate
from radbench.terms import words

_SHORT: Final = (
    "The lungs are clear. No pleural effusion or pneumothorax.",
    "Small left pleural effusion, unchanged; the heart is enlarged.",
    "A 9 mm nodule in the right upper lobe.",
)
_EMPTY: Final = ""
_LONG: Final = " ".join(
    ["No focal consolidation, effusion or pneumothorax; the heart size is normal."] * 60
)  # longer than the 512 tokens that most encoders see at once
_CLOSE: Final = 1e-4  # numbers of a text read alone and among others, where padding differs

# family -> a metric that reads its replies, and the option that names the annotator
_READERS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("chexbert", "label-file", "rules-14"), ("chexbert", "annotator")),
    "radgraph": ("radgraph", "annotator"),
    "ratescore-ner": ("ratescore", "ner"),
    "encoder": ("bertscore", "annotator"),
    "term-list": ("terms", "annotator"),
}


def check_annotator(model: Annotator, family: str) -> list[str]:
    """What is wrong with a loaded annotator, one sentence each.

    Raises:
        ModelError: it refuses the texts, one at a time as well as in pairs.
    """
    known = tuple(getattr(model, "known", ())[:2])  # of a table of replies: texts that it holds
    texts = (*_SHORT, *known)
    is_paired = _compares(model)
    requests = [_request(text, is_paired) for text in (*texts, _EMPTY, _LONG)]
    replies = model.annotate(requests)
    found = _shaped(requests, replies)
    if found:
        return found
    if not _same(replies, model.annotate(requests)):
        found.append("the same texts asked twice give other replies")
    if not _same(replies, [model.annotate([request])[0] for request in requests]):
        found.append(
            "texts asked one by one give other replies than asked together: one is due for each text, in the order of the requests"
        )
    failed = [text for text, reply in zip(known, replies[len(_SHORT) :], strict=False) if reply.error is not None]
    if failed:
        found.append("a text that it says it knows gets an error")
    if isinstance(model, Embedder):
        found += _embedded(model)
    return found + _read(model, family, known or texts)


def _compares(model: Annotator) -> bool:
    """Whether a question is about two texts."""
    try:
        model.annotate([_request(_SHORT[0], False)])
    except ModelError as error:
        try:
            model.annotate([_request(_SHORT[0], True)])
        except ModelError:
            raise error from None
        return True
    return False


def _request(text: str, is_paired: bool) -> Request:
    return Request(kind="annotate", turns=(Turn("user", (text, _SHORT[0]) if is_paired else (text,)),))


def _shaped(requests: Sequence[Request], replies: Sequence[Reply]) -> list[str]:
    if not isinstance(replies, Sequence) or len(replies) != len(requests):
        return [f"{len(requests)} requests, one of an empty and one of a very long text, should give a list of as many `Reply`, in order"]
    if others := [type(reply).__name__ for reply in replies if not isinstance(reply, Reply)]:
        return [f"each reply should be a `Reply(output=...)` (radbench.sample), not `{others[0]}`"]
    found = []
    if any((reply.output is None) == (reply.error is None) for reply in replies):
        found.append("a reply has an output or an error, and never both")
    if wrong := [type(reply.output).__name__ for reply in replies if not isinstance(reply.output, str | dict | Vectors | None)]:
        found.append(f"an output should be JSON text, a mapping to numbers, or `Vectors`, not `{wrong[0]}`")
    return found


def _embedded(model: Embedder) -> list[str]:
    """One vector a text, two texts a request."""
    requests = [Request(kind="embed", turns=(Turn("user", (text, _SHORT[0])),)) for text in (*_SHORT, _EMPTY, _LONG)]
    replies = model.embed(requests)
    if any(not isinstance(reply.output, Vectors) or reply.output.shape[0] != 2 for reply in replies):
        return ["asked to `embed` two texts, it should give `Vectors` of two rows"]
    if not _same(replies, [model.embed([request])[0] for request in requests]):
        return ["texts embedded one by one give other vectors than together"]
    return []


def _read(model: Annotator, family: str, texts: Sequence[str]) -> list[str]:
    """Whether the metric that asks this family can read its replies; not told of a family that no metric of radbench's names."""
    if family not in _READERS:
        return []
    name, option = _READERS[family]
    catalog = Catalog()
    metric: Metric = catalog.build("metrics", name, {option: "it"})
    others = StandIns(catalog)

    def answer(asked: str, requests: Sequence[Request]) -> Sequence[Reply]:
        return model.annotate(requests) if asked == "it" else others(asked, requests)

    cases = [
        Case(Sample(id=str(i), references=(Text(texts[i]),)), Text(texts[i - 1] if i % 2 else texts[i])) for i in range(len(texts))
    ] + [Case(Sample(id="empty", references=(Text(texts[0]),)), Text(_EMPTY))]
    try:
        metric.measure(annotate(metric, cases, answer))
    except (ScoringError, ValueError, KeyError, TypeError, IndexError) as error:
        return [f"the metric `{name}`, which asks this family, cannot read its replies: {type(error).__name__}: {words(error)}"]
    return []


def _same(some: Sequence[Reply], others: Sequence[Reply]) -> bool:
    return len(some) == len(others) and all(
        one.error == other.error and _close(one.output, other.output) for one, other in zip(some, others, strict=True)
    )


def _close(one: Any, other: Any) -> bool:  # noqa: ANN401  # outputs of all kinds
    if isinstance(one, Vectors) and isinstance(other, Vectors):
        return one.shape == other.shape and bool(abs(one.array() - other.array()).max(initial=0) < 1e-2)  # float16
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(math.isclose(one[key], other[key], abs_tol=_CLOSE) for key in one)
    return bool(one == other)
