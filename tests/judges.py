"""Judges for tests: hearings in rounds as the score pass holds them, and a judge for each metric that compares letter by letter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from radbench.metrics.base import Metric
from radbench.sample import Case, Reply, Request

_QUOTED = re.compile(r'"""(.*?)"""', re.DOTALL)
_UNSURE = "The heart is not enlarged."  # what no judge here gives a readable answer on


def heard(metric: Metric, case: Case, judge: Callable[[Request], str | Reply] | Iterable[str | Reply]) -> Case:
    """The case with all replies to the metric's questions, asked in rounds as the score pass asks them."""
    queue = None if callable(judge) else iter(judge)
    replies: list[Reply] = []
    while asks := metric.asks(case, replies):
        for ask in asks:
            said = judge(ask.request) if callable(judge) else next(queue)
            replies.append(Reply(output=said) if isinstance(said, str) else said)
    return replace(case, annotations=tuple(replies))


def user_text(request: Request) -> str:
    """The last turn of a request."""
    return str(request.turns[-1].parts[0])


def fields(request: Request) -> list[str]:
    """What a question quotes, in order; of worked examples too."""
    return _QUOTED.findall(user_text(request))


def letter_by_letter(right: str, wrong: str) -> Callable[[Request], Reply]:
    """A judge that gives one answer where candidate and reference are equal, else the other."""

    def judge(request: Request) -> Reply:
        quoted = fields(request)
        if not quoted or quoted[-1] == _UNSURE:
            return Reply(output="Hard to say.")
        return Reply(output=right if quoted[-1] == quoted[-2] else wrong)

    return judge


def sentences(request: Request) -> Reply:
    """RadFact's judge: phrases are sentences, and a statement is entailed if it stands among the phrases."""
    quoted = fields(request)
    if len(quoted) == 1:
        return Reply(output=json.dumps({"phrases": [part.strip() for part in quoted[0].split(".") if part.strip()]}))
    phrases, statement = quoted
    found = f"- {statement}" in phrases.split("\n")
    return Reply(output=json.dumps({"status": "entailment" if found else "contradiction", "evidence": [statement] if found else []}))


def _counted(n: int) -> str:
    halves = ("significant", "insignificant")
    return "\n".join(f"Number of clinically {half} errors by type: [(A, {n}), (B, 0), (C, 0), (D, 0), (E, 0), (F, {n})]" for half in halves)


def _assessed(errors: int) -> str:
    return f"[Clinically Significant Errors]:\n(a) False report: {errors}. x\n\n[Matched Findings]:\n2. y; z"


def _evaluated(matched: bool) -> str:
    findings = [[{"id": name, "clinical_significance": "urgent"}] for name in ("R1", "P1")]
    errors = {"false_findings": [] if matched else ["P1"], "missing_findings": [] if matched else ["R1"], "attribute_errors": []}
    pairs = [{"ref_id": "R1", "pred_id": "P1"}] if matched else []
    return json.dumps({"reference_findings": findings[0], "predicted_findings": findings[1], "matched_findings": pairs, "errors": errors})


JUDGES = {
    "crimson": letter_by_letter(_evaluated(True), _evaluated(False)),
    "equivalence": letter_by_letter("Equivalent: yes", "Equivalent: no"),
    "grad": letter_by_letter(_counted(0), _counted(2)),
    "green": letter_by_letter(_assessed(0), _assessed(1)),
    "radfact": sentences,
    "rubric": letter_by_letter("Score: 5", "Score: 2"),
}  # metric -> its judge
