"""A board: all models with intervals, rank ranges and groups; reports, floors and controls apart; where each number comes from."""

from __future__ import annotations

import streamlit as st

from radbench.app import board_table, loading
from radbench.app.controls import choice, several, switch, words
from radbench.app.frame import shown
from radbench.app.origin import origin
from radbench.app.states import no_runs, unranked
from radbench.app.texts import note, notes, plain
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import KINDS
from radbench.leaderboard.efficiency import efficiency
from radbench.leaderboard.lint import lint
from radbench.leaderboard.printing.reading import footnotes, scored_by
from radbench.leaderboard.views import headings, under, where


def page() -> None:
    """The whole page."""
    boards, faults = loading.boards()
    for fault in faults:
        st.warning(plain(fault))
    if not boards:
        st.info("The catalogue holds no board that can be shown.")
        return
    head = st.container()
    chosen = choice("Board", list(boards), "board", first=loading.first_board(boards))
    ranked = loading.ranked(chosen)
    board = ranked or loading.board(chosen)
    head.title(plain(board.title), anchor=False)
    if board.card.about.summary:
        head.write(plain(board.card.about.summary))
    if board.lines:
        if not loading.run_folders():
            no_runs("What stands here was reported by others: no run of your own is served yet.")
        if ranked is None:
            unranked(chosen, "the numbers stand")
        _lines(chosen, board, with_costs=ranked is not None)
    else:
        no_runs("No run fits this board yet.", board.notes)
    _notes(board)


def _lines(name: str, board: Board, *, with_costs: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = words("Find a model", "find")
        kinds = several(
            "Kinds", [kind for kind in KINDS if any(line.kind == kind for line in board.lines)], "kind", hint="none chosen: all"
        )
        known = sorted({cell.exposure for line in board.lines for cell in line.cells if cell is not None})
        classes = several("Exposure", known, "exposure", hint="none chosen: all")
    with st.container(horizontal=True):
        intervals = switch("Intervals", "ci", on=True)
        is_plain = switch("Plain table", "plain", hint="the same as an HTML table: for screen readers, print and copying")
    groups = board_table.facts(board) if board.card.group else {}
    heading, tab = _heading(headings(board))
    part = where(under(board, heading), text=text, kinds=kinds, classes=classes)
    with tab:
        whole = len(under(board, heading).lines)
        note(f"{len(part.lines)} of {whole} lines; ↑ higher is better, ↓ lower is better")
        if not part.lines:
            return
        spent = {one.line.label: one for one in efficiency(part, 0)} if with_costs else {}
        if is_plain:
            picked = None
            board_table.show_plain(part, groups=groups, spent=spent, intervals=intervals)
        else:
            picked = board_table.show(part, groups=groups, spent=spent, intervals=intervals, key=f"grid {name} {heading}")
        origin(part, picked)


def _heading(found: list[str]) -> tuple[str, st.delta_generator.DeltaGenerator]:
    """The heading whose tab is open, and the tab."""
    if len(found) == 1:
        return found[0], st.container()
    tabs = st.tabs([plain(name) if name else "other" for name in found], key="heading", bind="query-params")
    return next(((name, tab) for name, tab in zip(found, tabs, strict=True) if tab.open), (found[0], tabs[0]))


def _notes(board: Board) -> None:
    st.subheader("How to read it", anchor=False)
    notes([*footnotes(board), *scored_by(board), *board.card.about.notes, *filter(None, [board.card.about.paper])])
    if found := lint(board):
        st.subheader("To check", anchor=False)
        notes(found)


shown(page)
