"""A reproduction for people."""

from __future__ import annotations

from collections.abc import Iterator

from radbench.reproducing.cells import ALIKE, CAUSES, CellReproduced, Reproduction, Scored


def text(found: Reproduction) -> str:
    """Each cell with its verdict, its gap by causes, and what a reader must know."""
    lines = [f"{found.task} as in {found.title} ({found.source})", f"run {found.run} of {found.model}, {found.status}", ""]
    for cell in found.cells:
        lines += [*_cell(cell), ""]
    lines += [f"  causes are changed in this order, each after those before it: {', '.join(CAUSES)}"]
    lines += [f"  not measured: {problem}" for problem in found.problems]
    lines += [f"  differs: {said}" for said in found.differs]
    return "\n".join(lines) + "\n"


def _cell(cell: CellReproduced) -> Iterator[str]:
    stated = f" [{cell.reported_ci[0]:.4g}, {cell.reported_ci[1]:.4g}]" if cell.reported_ci else ""
    yield f"{cell.model}, {cell.metric}: {cell.verdict}"
    yield f"  reported      {cell.reported:.4f}{stated}  {cell.source}"
    yield f"  as the paper  {_scored(cell.convention)}"
    yield f"  strict        {_scored(cell.strict)}"
    if cell.parts:
        changed = [f"{part.cause} {_change(part.change)} ({part.said})" for part in cell.parts if part.change != 0]
        nothing = [part.cause if part.said == ALIKE else f"{part.cause} ({part.said})" for part in cell.parts if part.change == 0]
        yield f"  from strict to the paper: {'; '.join(changed) or 'nothing changes it'}"
        yield f"    without effect: {', '.join(nothing)}" if nothing else "    each has an effect"
    if cell.unexplained is not None:
        yield f"  unexplained   {cell.unexplained:+.4f}"
    yield from (f"  - {reason}" for reason in cell.reasons)


def _scored(one: Scored | None) -> str:
    if one is None:
        return "-"
    value = "undefined" if one.value is None else f"{one.value:.4f}"
    ci = f" [{one.ci[0]:.4f}, {one.ci[1]:.4f}]" if one.ci else ""
    return f"{value}{ci}  {one.id}, n = {one.n}, {one.signature.partition('|ask:')[0]}"


def _change(value: float | None) -> str:
    return "undefined" if value is None else f"{value:+.4f}"
