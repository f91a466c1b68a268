"""The edits of reports by which metrics are probed: what each does, of which kind it is, and whether it does harm.

Harm is what a reader of the report would be told wrongly, not how much of the text changes. Edits of form (empty, twice, very long,
in another language) have a harm too, but no pairs are made of them: how they ought to be scored depends on the use of the score.
A new edit is one function and one entry of `EDITS`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from radbench.probing import _statements as statements
from radbench.probing import _swaps as swaps
from radbench.probing import _wordings as wordings
from radbench.probing.reports import Report

Kind: TypeAlias = Literal["finding", "detail", "comparison", "wording", "form", "several"]
Harm: TypeAlias = Literal["harmful", "harmless"]

UNEDITED: Final = "unedited"
MOST_TOGETHER: Final = 4  # harmful edits of one report


@dataclass(frozen=True, slots=True)
class Edit:
    """One way to change a report."""

    kind: Kind
    harm: Harm
    change: Callable[[Report], str | None]  # None: the report has nothing that it could change

    @property
    def is_paired(self) -> bool:
        """True for an edit of content or of wording, which pairs are made of."""
        return self.kind != "form"


def _of(change: Callable[[str], str | None]) -> Callable[[Report], str | None]:
    return lambda report: change(report.text)


EDITS: Final[Mapping[str, Edit]] = {
    "negation": Edit("finding", "harmful", _of(statements.negation)),
    "omission": Edit("finding", "harmful", _of(statements.omission)),
    "addition": Edit("finding", "harmful", _of(statements.addition)),
    "template": Edit("finding", "harmful", _of(statements.template)),
    "laterality": Edit("detail", "harmful", _of(swaps.sides)),
    "severity": Edit("detail", "harmful", _of(swaps.severities)),
    "location": Edit("detail", "harmful", _of(swaps.locations)),
    "number": Edit("detail", "harmful", _of(swaps.numbers)),
    "unit": Edit("detail", "harmful", _of(swaps.units)),
    "false_prior": Edit("comparison", "harmful", _of(statements.false_prior)),
    "paraphrase": Edit("wording", "harmless", _of(wordings.paraphrase)),
    "conversion": Edit("wording", "harmless", _of(swaps.converted)),
    "reordering": Edit("wording", "harmless", _of(wordings.reordered)),
    "boilerplate": Edit("wording", "harmless", _of(wordings.boilerplate)),
    "upper_case": Edit("wording", "harmless", _of(wordings.upper_case)),
    "punctuation": Edit("wording", "harmless", _of(wordings.unpunctuated)),
    "repeated": Edit("form", "harmless", _of(wordings.repeated)),
    "very_long": Edit("form", "harmless", _of(wordings.very_long)),
    "other_language": Edit("form", "harmless", lambda report: report.translation or None),
    "empty": Edit("form", "harmful", lambda _: ""),
}

# the order in which harmful edits are laid over each other, so that none undoes or covers one before it
_TOGETHER: Final = ("omission", "negation", "laterality", "severity", "location", "number", "unit", "false_prior", "addition")


def versions(report: Report) -> dict[str, str]:
    """The report as it is, under each edit that applies, and under 1 to 4 harmful edits together (`harmful-1` ...), by name."""
    found = {UNEDITED: report.text}
    for name, edit in EDITS.items():
        if (text := edit.change(report)) is not None:
            found[name] = text
    return found | {together(n): text for n, text in enumerate(_piled(report, found), start=1)}


def together(n: int) -> str:
    """The name of the version with n harmful edits."""
    return f"harmful-{n}"


def _piled(report: Report, applicable: Mapping[str, str]) -> list[str]:
    """The report with one harmful edit, with two and so on; which ones they are is drawn by a hash of its id."""
    known = [name for name in _TOGETHER if name in applicable]
    drawn = sorted(known, key=lambda name: (zlib.crc32(f"{report.id}/{name}".encode()), name))[:MOST_TOGETHER]
    piled: list[str] = []
    text = report.text
    for name in filter(drawn.__contains__, _TOGETHER):
        changed = EDITS[name].change(Report(report.id, text))
        if changed is not None:
            text = changed
            piled.append(text)
    return piled
