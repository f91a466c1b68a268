"""What metrics over annotations share: the questions about the texts of a case, and their replies sorted to the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from radbench.errors import ScoringError
from radbench.metrics.base import Ask, Excluded
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case, Reply, Request, Turn, Vectors

FAILED: Final = Excluded("annotator failed")


def ask(annotator: str, *texts: str, kind: Literal["annotate", "embed"] = "annotate") -> Ask:
    """One question about one or more texts."""
    return Ask(annotator, Request(kind=kind, turns=(Turn("user", texts),)))


def worded(case: Case) -> tuple[str, list[str]]:
    """The candidate, "" where it holds no word, and the references that hold one."""
    candidate = case.text
    return (candidate if candidate.strip() else ""), [text for text in case.references if text.strip()]


def ask_each(annotator: str, case: Case, kind: Literal["annotate", "embed"] = "annotate") -> list[Ask]:
    """A question about the candidate unless it is empty, then one about each reference; none where there is no reference."""
    candidate, references = worded(case)
    if not references:
        return []
    return [ask(annotator, text, kind=kind) for text in (*filter(None, (candidate,)), *references)]


def ask_pairs(annotator: str, case: Case) -> list[Ask]:
    """A question about the candidate and each reference; none where either is empty."""
    candidate, references = worded(case)
    return [ask(annotator, candidate, text) for text in references] if candidate else []


def replies_to_each(case: Case) -> tuple[Reply | None, tuple[Reply, ...]] | Excluded:
    """The replies to `ask_each`: to the candidate, None where it is empty, and to the references."""
    candidate, references = worded(case)
    if not references:
        return NO_REFERENCE
    if any(reply.error is not None for reply in case.annotations):
        return FAILED
    return (case.annotations[0], case.annotations[1:]) if candidate else (None, case.annotations)


def replies_to_pairs(case: Case) -> tuple[Reply, ...] | Excluded:
    """The replies to `ask_pairs`, none where the candidate is empty."""
    if not worded(case)[1]:
        return NO_REFERENCE
    return FAILED if any(reply.error is not None for reply in case.annotations) else case.annotations


def numbers(reply: Reply, names: tuple[str, ...], metric: str) -> list[float]:
    """The numbers of these names in a reply.

    Raises:
        ScoringError: the annotator does not give them.
    """
    output = reply.output
    if not isinstance(output, Mapping) or not all(name in output for name in names):
        raise ScoringError(f"metric `{metric}`: its annotator does not give {', '.join(names)}; name another one as its option")
    return [output[name] for name in names]


def vectors(reply: Reply, metric: str) -> Vectors:
    """The vectors in a reply.

    Raises:
        ScoringError: the annotator gives none.
    """
    if not isinstance(reply.output, Vectors):
        raise ScoringError(f"metric `{metric}`: its annotator gives no vectors; name another one as its option")
    return reply.output
