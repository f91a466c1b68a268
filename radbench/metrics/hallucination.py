"""A panel of statements that a report cannot have from its study: each a rate, with the places in the text.

The definitions are ours and go by words (radbench/metrics/_claims.py). Kinds: reference to an earlier study or view that
was not there is an error type of Med-PaLM M's rating protocol (arXiv 2307.14334) and of CheXprompt's comparison errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from radbench.findings import LABELS
from radbench.metrics import _claims as claims
from radbench.metrics._annotated import ask_each, numbers, replies_to_each
from radbench.metrics.base import Ask, Excluded, Objection, Row, SumMetric, Values, ratio
from radbench.sample import Case, Reply, Sample

Kind: TypeAlias = Literal[
    "comparison_without_prior", "absent_view", "invented_measurement", "laterality_contradiction", "positive_on_normal"
]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_PRESENT: Final = 1  # of the labeller's classes
_NO_FINDING: Final = LABELS.index("No Finding")
_FINDINGS: Final = tuple(label for label in LABELS if label not in {"No Finding", "Support Devices"})


@dataclass(frozen=True, slots=True)
class Span:
    """A statement of the candidate: from `start` to before `end`, in characters; the whole text where labels were read from it."""

    kind: Kind
    start: int
    end: int
    note: str = ""  # what contradicts it, or which labels


class Hallucination(SumMetric):
    """Five shares of reports in [0, 1], lower is better, each among the reports where it can be told.

    Made for reports of chest X-rays; the rates that go by words alone hold for other films as well.

    - `comparison_without_prior`: speaks of change or of an earlier study, among cases without earlier images (`is_prior`) and
      without a text whose role begins with `prior`. Saying that there is nothing to compare with does not count.
    - `absent_view`: speaks of a view that was not shown, among cases whose images all tell their view.
    - `invented_measurement`: holds a length, volume or density that stands in no text of the sample and in no reference, in
      any unit; among all cases.
    - `laterality_contradiction`: places a finding on one side that the references place on the other alone, among cases where
      both name a side of the same finding.
    - `positive_on_normal`: has a positive label (devices aside), among cases whose references all have "No Finding".

    `told:<rate>`, the share of cases among which a rate is taken, is no score. A text without a statement commits none of
    them: read the rates beside a score of what was found. A case without a readable answer, or whose labels could not be had,
    is left out. `spans` gives the places.

    Args:
        annotator: the labeller, of CheXbert's labels: `rules-14`, `chexbert`, or a card of family `label-file`.
    """

    name: ClassVar[str] = "hallucination"
    papers = ("tu2023medpalmm",)
    scope: ClassVar[str] = "chest X-ray reports"
    columns: tuple[str, ...] = (*(f"{part}{kind}" for kind in KINDS for part in ("", "told:")), "cases")
    lower_is_better: ClassVar[frozenset[str]] = frozenset(KINDS)
    when_missing: ClassVar[Literal["worst", "excluded"]] = "excluded"

    def __init__(self, *, annotator: str = "rules-14") -> None:
        self.annotator, self.annotators = annotator, (annotator,)

    def signature(self) -> dict[str, str]:
        return {"panel": "words-v1", "level": "report"}

    def asks(self, case: Case, replies: Sequence[Reply]) -> Sequence[Ask]:
        return [] if replies else ask_each(self.annotator, case)

    def objections(self, case: Case) -> Sequence[Objection]:
        return objections(case)

    def row(self, case: Case) -> Row | Excluded:
        labelled = _by_labels(case)
        if isinstance(labelled, Excluded):
            return labelled
        told = _by_words(case) | labelled
        found = {span.kind for span in _spans(case, told)}
        return np.array([*(float(part) for kind in KINDS for part in (kind in found, kind in told)), 1.0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        rates: Values = {kind: ratio(sums[:, 2 * i], sums[:, 2 * i + 1]) for i, kind in enumerate(KINDS)}
        return {**rates, **{f"told:{kind}": ratio(sums[:, 2 * i + 1], sums[:, -1]) for i, kind in enumerate(KINDS)}}


def spans(case: Case) -> list[Span]:
    """The statements of a case, in the order of the text. Without its annotations, all but `positive_on_normal`, which needs them.

    >>> plain = Case.of("Unchanged nodule of 9 mm.", [""])
    >>> [(span.kind, plain.text[span.start : span.end]) for span in spans(plain)]
    [('comparison_without_prior', 'Unchanged'), ('invented_measurement', '9 mm')]
    """
    labelled = _by_labels(case) if case.annotations else frozenset[Kind]()
    told = _by_words(case) | (frozenset() if isinstance(labelled, Excluded) else labelled)
    return sorted(_spans(case, told), key=lambda span: (span.start, span.end, span.kind))


def objections(case: Case) -> list[Objection]:
    """The `spans` of a case as every metric tells what it objects to."""
    return [
        Objection(span.kind.replace("_", " "), case.text[span.start : span.end], place=(span.start, span.end), note=span.note)
        for span in spans(case)
    ]


def _by_words(case: Case) -> frozenset[Kind]:
    """The kinds that can be told of a case by its words."""
    told: set[Kind] = {"invented_measurement"}
    if not _has_prior(case.sample):
        told.add("comparison_without_prior")
    if claims.views(case.sample.media) is not None:
        told.add("absent_view")
    if _sides(case.text).keys() & _sides(*case.references).keys():
        told.add("laterality_contradiction")
    return frozenset(told)


def _by_labels(case: Case) -> frozenset[Kind] | Excluded:
    """The kinds that can be told of an annotated case by its labels."""
    if not any(text.strip() for text in case.references):
        return frozenset()
    replies = replies_to_each(case)
    if isinstance(replies, Excluded):
        return replies
    is_normal = all(_classes(reply)[_NO_FINDING] == _PRESENT for reply in replies[1])
    return frozenset({"positive_on_normal"}) if is_normal else frozenset()


def _spans(case: Case, told: frozenset[Kind]) -> Iterator[Span]:
    text, sample = case.text, case.sample
    if "comparison_without_prior" in told:
        yield from (Span("comparison_without_prior", *place) for place in claims.comparisons(text))
    if "absent_view" in told:
        shown = claims.views(sample.media) or set()
        yield from (Span("absent_view", *place) for place in claims.absent_views(text, shown, len(sample.media)))
    known = {
        number for source in (*sample.texts.values(), *case.references) for _, found in claims.measurements(source) for number in found
    }
    yield from (Span("invented_measurement", *place) for place, found in claims.measurements(text) if not found <= known)
    if "laterality_contradiction" in told:
        wanted = _sides(*case.references)
        for place, finding, where in claims.sides(text):
            if finding in wanted and not where & wanted[finding]:
                yield Span("laterality_contradiction", *place, note=f"reference: {' and '.join(sorted(wanted[finding]))}")
    if "positive_on_normal" in told and text.strip():
        classes = _classes(case.annotations[0])
        positive = [label for label in _FINDINGS if classes[LABELS.index(label)] == _PRESENT]
        if positive:
            yield Span("positive_on_normal", 0, len(text), ", ".join(positive))


def _has_prior(sample: Sample) -> bool:
    return any(item.is_prior for item in sample.media) or any(
        role.startswith("prior") and text.strip() for role, text in sample.texts.items()
    )


def _sides(*texts: str) -> dict[str, frozenset[str]]:
    """The sides on which texts place each finding."""
    found: dict[str, frozenset[str]] = {}
    for text in texts:
        for _, finding, where in claims.sides(text):
            found[finding] = found.get(finding, frozenset()) | where
    return found


def _classes(reply: Reply) -> list[float]:
    return numbers(reply, LABELS, Hallucination.name)
