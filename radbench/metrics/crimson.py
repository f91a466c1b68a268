"""CRIMSON-style score: a judge takes both reports apart and grades their findings; the arithmetic is done here.

Source: arXiv 2603.06183; rajpurkarlab/CRIMSON, the arithmetic of `CRIMSON/generate_score.py`. The prompt `crimson-v1` is
worded anew, so its scores are another metric than those of the published prompt or of the published judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from radbench.metrics._judging import Judged, read_json
from radbench.metrics.base import Objection, Row, Values
from radbench.sample import Case, Unparsed

WEIGHTS: Final[Mapping[str, float]] = {
    "urgent": 1.0,
    "actionable_not_urgent": 0.5,
    "not_actionable_not_urgent": 0.25,
    "benign_expected": 0.0,
}  # of findings
SEVERITIES: Final[Mapping[str, float]] = {"significant": 0.5, "negligible": 0.0}  # of wrong attributes
_UNKNOWN: Final = 0.25  # what an unknown grade of either kind weighs

_CONTEXT: Final = ("age", "sex", "indication", "history", "context")


class Finding(BaseModel):
    """A single finding of one report."""

    id: str
    clinical_significance: str
    finding: object = ""  # told to readers only: whatever it is, it spoils no answer


class Match(BaseModel):
    """A finding of the reference that the candidate reports."""

    ref_id: str
    pred_id: str


class WrongAttribute(BaseModel):
    """Something told wrongly of a matched finding."""

    ref_id: str
    severity: str
    error_types: object = ()  # as `finding`


class Errors(BaseModel):
    """What is wrong with the candidate; findings by their ids."""

    false_findings: tuple[str, ...]
    missing_findings: tuple[str, ...]
    attribute_errors: tuple[WrongAttribute, ...]


class Evaluation(BaseModel):
    """A judge's answer."""

    reference_findings: tuple[Finding, ...]
    predicted_findings: tuple[Finding, ...]
    matched_findings: tuple[Match, ...]
    errors: Errors


class Crimson(Judged):
    """`crimson`: the mean over cases of a weighted score in [-1, 1], never quite -1, higher is better.

    Made for reports of chest X-rays.

    With weights w of findings (urgent 1, actionable .5, neither .25, expected 0, unknown .25) and of wrong attributes
    (significant .5, negligible 0, unknown .25): S = (credit - false) / all, where `all` sums w over the reference,
    `false` over the candidate's false findings, and `credit` over matched findings of the reference, each once, as w, or
    w * w / (w + weights of its wrong attributes). The score is S if S >= 0, else -x / (1 + x) with x = false - credit.
    Where the reference weighs nothing, it is 1 if the candidate's false findings weigh nothing either.

    `false_findings`, `missing_findings`, `attribute_errors`: means a case, lower is better; `escaped`, `agreement`: as in `grad`.
    The judge is shown the sample's age, sex, indication, history and context, as far as there are any. An answer that
    names unknown ids, or calls a matched finding false or missing, is asked for once more and the case then left out.
    Of several references the best one counts; a missing candidate is judged as empty.

    Args:
        judge: a generator of the catalogue.
        prompt: a YAML file with `user` and, if wanted, `system`; slots {reference}, {candidate} and {context}.
        repeats: how often each pair is put to the judge.
        max_new_tokens: of one answer.
    """

    name: ClassVar[str] = "crimson"
    papers = ("baharoon2026crimson",)
    scope: ClassVar[str] = "chest X-ray reports"
    slots: ClassVar[tuple[str, ...]] = ("reference", "candidate", "context")
    statistics: ClassVar[tuple[str, ...]] = ("crimson", "false_findings", "missing_findings", "attribute_errors")
    own_prompt: ClassVar[str] = "crimson-v1"
    own_max_new_tokens: ClassVar[int] = 4096  # as published: both reports are written out as lists
    lower_is_better: ClassVar[frozenset[str]] = frozenset({*statistics[1:], "escaped"})

    def texts(self, case: Case) -> Sequence[Mapping[str, str]]:
        known = "\n".join(f"{name}: {text}" for name in _CONTEXT if (text := case.sample.texts.get(name)))
        return [{**texts, "context": known or "nothing is known"} for texts in super().texts(case)]

    def read(self, text: str) -> Row | Unparsed:
        found = read_json(text, Evaluation)
        if isinstance(found, Unparsed):
            return found
        if problem := inconsistency(found):
            return Unparsed(problem)
        errors = found.errors
        counts = len(errors.false_findings), len(errors.missing_findings), len(errors.attribute_errors)
        return np.array([crimson(found), *counts], dtype=np.float64)

    def told(self, answer: str) -> Iterator[Objection]:
        found = read_json(answer, Evaluation)
        if isinstance(found, Unparsed):
            return
        reference, candidate = (
            {finding.id: finding.finding if isinstance(finding.finding, str) else "" for finding in findings}
            for findings in (found.reference_findings, found.predicted_findings)
        )
        matched = {match.ref_id: match.pred_id for match in found.matched_findings}
        graded = {finding.id: finding.clinical_significance for finding in (*found.reference_findings, *found.predicted_findings)}
        for name in found.errors.false_findings:
            yield Objection(f"false finding ({graded[name].replace('_', ' ')})", candidate[name])
        for name in found.errors.missing_findings:
            yield Objection(f"missing finding ({graded[name].replace('_', ' ')})", reference[name], "reference")
        for error in found.errors.attribute_errors:
            types = ", ".join(map(str, error.error_types)) if isinstance(error.error_types, list) else ""
            about = candidate.get(matched.get(error.ref_id, ""), "")
            yield Objection(f"wrong attribute ({error.severity})", about, note=types)

    def merit(self, statistics: Row) -> float:
        return float(statistics[0])

    def value(self, sums: NDArray[np.float64]) -> Values:
        return {**self.means(sums), **self.asides(sums)}


def crimson(evaluation: Evaluation) -> float:
    """The score of one evaluation, in (-1, 1]."""
    everything, false, credit = weighed(evaluation)
    if everything == 0 and false == 0:
        return 1.0
    if credit >= false and everything > 0:
        return (credit - false) / everything
    return -(false - credit) / (1 + false - credit)


def weighed(evaluation: Evaluation) -> tuple[float, float, float]:
    """What the reference's findings weigh, what the candidate's false ones do, and the credit for the matched ones."""
    errors = evaluation.errors
    reference = {finding.id: WEIGHTS.get(finding.clinical_significance, _UNKNOWN) for finding in evaluation.reference_findings}
    candidate = {finding.id: WEIGHTS.get(finding.clinical_significance, _UNKNOWN) for finding in evaluation.predicted_findings}
    credit = 0.0
    for matched in {match.ref_id: None for match in evaluation.matched_findings}:
        weight = reference[matched]
        wrong = sum(SEVERITIES.get(error.severity, _UNKNOWN) for error in errors.attribute_errors if error.ref_id == matched)
        credit += weight * weight / (weight + wrong) if wrong else weight
    return sum(reference.values()), sum(candidate[found] for found in errors.false_findings), credit


def inconsistency(evaluation: Evaluation) -> str:
    """Why an evaluation contradicts itself; "" if it does not."""
    errors = evaluation.errors
    reference = [finding.id for finding in evaluation.reference_findings]
    candidate = [finding.id for finding in evaluation.predicted_findings]
    if len(set(reference)) < len(reference) or len(set(candidate)) < len(candidate):
        return "two findings have the same id"
    matched = {match.ref_id for match in evaluation.matched_findings}
    reported = {match.pred_id for match in evaluation.matched_findings}
    named = matched | set(errors.missing_findings) | {error.ref_id for error in errors.attribute_errors}
    if named - set(reference) or (reported | set(errors.false_findings)) - set(candidate):
        return "an id stands for no listed finding"
    if matched & set(errors.missing_findings) or reported & set(errors.false_findings):
        return "a matched finding is also called missing or false"
    return ""
