"""What stress found, in words: a line an edit, which samples broke, and how the numbers were made."""

from __future__ import annotations

from typing import Final

from radbench.probing.inputs import Rule
from radbench.probing.paired_change import LEVEL
from radbench.probing.probe_text import columns
from radbench.probing.stressing import Reaction, Share, Stress
from radbench.records import FEW

_DEMANDS: Final[dict[Rule, str]] = {
    "keep": "the answer must stay",
    "flip": "yes and no must change places",
    "sides": "left and right must change places",
    "no comparison": "nothing may be compared with a study that is not there",
    "no absent view": "no view may be named that is not there",
    "": "",
}
_SHARES: Final = f"broken: {LEVEL:.0%} Wilson interval, by the design effect of clusters"
_LISTED: Final = 10  # broken samples that are named; JSON has all


def table(found: Stress) -> str:
    """All of it, as text."""
    value = next((one.change.value for one in found.reactions if one.change), "value")
    rows = [["edit", "n", value, "edited", "change", "interval", "p", "adjusted", "same answer", "broken", "interval"]]
    rows += [_row(one) for one in found.reactions]
    parts = [f"{found.model} on {found.task}, edited inputs against the same samples as they are", columns(rows)]
    parts += [f"  {sentence(one)}" for one in found.reactions if one.broken is not None]
    parts += [f"  {one.edit}: {one.problem}" for one in found.reactions if one.problem]
    parts += [f"  {one.edit}: {one.change.note}" for one in found.reactions if one.change and one.change.note]
    if found.inapplicable:
        parts.append(f"  not asked, since no sample has what they would change: {', '.join(found.inapplicable)}")
    return "\n".join([*parts, *(f"  {line}" for line in _footnotes(found)), *(f"  not whole: {line}" for line in found.problems)]) + "\n"


def sentence(one: Reaction) -> str:
    """What became of the demand of an edit, with the samples that broke it."""
    broken = one.broken
    if broken is None or broken.value is None:
        return f"{one.edit}: {_DEMANDS[one.rule]}; none of {one.n} answers can be judged by that"
    said = f"{one.edit}: {_DEMANDS[one.rule]}; broken in {broken.count} of {broken.n} answers{_interval(broken)}"
    left = f"; {one.n - broken.n} cannot be judged" if one.n > broken.n else ""
    ids = one.broken_samples
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"{said}{left}" + (f": {', '.join(ids[:_LISTED])}{more}" if ids else "")


def _row(one: Reaction) -> list[str]:
    c, broken = one.change, one.broken
    return [
        one.edit,
        str(c.n if c else one.n),
        _number(c.plain if c else None),
        _number(c.edited if c else None),
        "-" if c is None or c.difference is None else f"{c.difference:+.4f}",
        "" if c is None or c.ci is None else f"[{c.ci[0]:+.4f}, {c.ci[1]:+.4f}]",
        _p(c.p if c else None),
        _p(one.p_adjusted),
        _percent(one.same),
        "" if broken is None else _percent(broken),
        "" if broken is None else _interval(broken).strip(),
    ]


def _footnotes(found: Stress) -> list[str]:
    if not found.draws:
        return [_SHARES, "no intervals of changes and no tests: 0 draws"]
    notes = [
        f"change: edited minus plain, {LEVEL:.0%} percentile bootstrap of clusters; p: swaps of clusters between the two runs; "
        f"B = {found.draws}, seed {found.seed}; adjusted: Holm over {sum(one.p_adjusted is not None for one in found.reactions)} edits",
        _SHARES,
        "same answer: of those that can be judged; texts of more than five words are the same that state the same findings",
    ]
    clusters = [one.change.n_clusters for one in found.reactions if one.change]
    if clusters and min(clusters) < FEW:
        notes.append(f"fewer than {FEW} clusters ({min(clusters)}) in some: do not lean on these intervals")
    if any(one.change and one.change.p is None for one in found.reactions):
        notes.append("no p: the value is made of no sums, or the edit turns the truth round; its interval tells whether it changed")
    return notes


def _interval(share: Share) -> str:
    return "" if share.ci is None else f" [{share.ci[0]:.1%}, {share.ci[1]:.1%}]"


def _percent(share: Share) -> str:
    return "-" if share.value is None else f"{share.value:.1%} of {share.n}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}" if value >= 0.0001 else "<0.0001"
