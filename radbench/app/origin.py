"""Where a number comes from: the run or the source behind a cell of a board."""

from __future__ import annotations

import streamlit as st

from radbench.app import tables
from radbench.app.controls import choice
from radbench.app.frame import link
from radbench.app.texts import plain
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Part
from radbench.leaderboard.printing.reading import decimals, interval, number


def origin(board: Board, picked: tuple[str, int] | None) -> None:
    """The origin of one cell, chosen below or `picked` in the grid as the label of a line and the place of a column."""
    labels = [line.label for line in board.lines]
    names = names_of(board)
    if picked is not None and picked != st.session_state.get("picked"):
        st.session_state["picked"] = picked
        st.session_state["line"], st.session_state["cell"] = picked[0], names[picked[1]]
    st.subheader("Where a number comes from", anchor=False)
    with st.container(horizontal=True):
        label = choice("Line", labels, "line", hint="a click on a cell of the table chooses it too")
        name = choice("Value", names, "cell")
    place = names.index(name)
    cell = board.lines[labels.index(label)].cells[place]
    if cell is None:
        st.write(plain(f"{label} has no number there."))
        return
    n = decimals(board, place)
    shown = f"{number(cell, n)} {interval(cell, n)}".strip()
    tables.table(f"{label}, {name}: {shown}", ["fact", "value"], [[fact, tables.Entry(text, is_text=True)] for fact, text in _facts(cell)])
    for part in cell.parts:
        with st.container(horizontal=True):
            _links(part)


def names_of(board: Board) -> list[str]:
    """The columns by names that differ."""
    found: list[str] = []
    for column in board.columns:
        name = " ".join(dict.fromkeys(filter(None, (column.group, column.name, column.value))))
        found.append(name if name not in found else f"{name} ({len(found) + 1})")
    return found


def _facts(cell: Cell) -> list[tuple[str, str]]:
    if (row := cell.reported) is not None:
        return [
            ("reported by", row.source),
            ("as", f"{row.value:g} ({row.unit})"),
            ("protocol", row.protocol),
            ("n", row.n),
            ("exposure", row.exposure),
            ("version", row.version or "unstated"),
            ("note", row.note or "-"),
            ("rank", "none: reported, not reproduced"),
        ]
    facts = [("unrounded", "undefined" if cell.value is None else repr(cell.value)), ("exposure", cell.exposure)]
    if not cell.is_comparable:
        facts.append(("not compared", f"its signature is not the one that most runs of this column share: {cell.unlike}"))
    if cell.standing is not None:
        facts.append(("differs from", ", ".join(sorted(cell.standing.differs)) or "no other, after correction"))
    for part in cell.parts:
        facts += _of_run(part)
    if cell.outlay is not None:
        facts += [("mean of", f"{cell.outlay.n} replies")] if cell.outlay.n else []
        facts += [("run", f"{asked.run.id}, {asked.folder.path}") for asked in cell.spent_by]
    return facts


def _of_run(part: Part) -> list[tuple[str, str]]:
    run, counts, how = part.run, part.summary.counts, part.summary.intervals
    judge = next((text.removeprefix("by:") for text in part.value.signature.split("|") if text.startswith("by:")), "")
    weights = run.model_card.get("weights") or {}
    return [
        ("run", run.id),
        ("folder", str(part.folder.path)),
        ("signature", part.value.signature),
        ("judge or annotator", judge or "none"),
        ("status", f"{run.status} {run.message}".strip()),
        ("date", f"{run.started} to {run.ended or 'now'}"),
        (
            "cases",
            f"{counts.n_total}: {part.value.n_scored} scored, {part.value.n_excluded} excluded, {counts.n_failed} failed, "
            f"{counts.n_refused} refused, {counts.n_unparsed} unparsed, {counts.n_truncated} truncated, {counts.n_empty} empty",
        ),
        ("interval", f"{how.get('method')}, {how.get('draws')} draws, seed {how.get('seed')}, by {how.get('cluster')}"),
        ("data", f"{run.data.name}, split {run.data.split}, {run.data.access}"),
        ("ask hash", run.ask_hash),
        ("weights", " ".join(str(weights[key]) for key in ("hub", "path", "revision") if weights.get(key)) or "none stated"),
        ("radbench", f"{run.versions.get('radbench', 'unstated')} {run.commit[:12]}".strip()),
    ]


def _links(part: Part) -> None:
    link("runs", f"Run of {part.run.task}", {"run": part.run.id})
    link("task", f"{part.run.task} in parts", {"task": part.run.task})
    link("samples", f"Samples of {part.run.task}", {"task": part.run.task})
