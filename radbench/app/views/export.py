"""A board to take away: tables for a paper, files for a program, the provenance of every number."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

from radbench.app import loading
from radbench.app.controls import choice, several, switch
from radbench.app.frame import shown
from radbench.app.states import no_runs, unranked
from radbench.app.texts import note, plain
from radbench.leaderboard.board import Board
from radbench.leaderboard.printing.bibtex import Bibliography
from radbench.leaderboard.printing.latex import latex
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.printing.page import page as html_page
from radbench.leaderboard.printing.provenance import as_csv, provenance
from radbench.leaderboard.selection import select
from radbench.leaderboard.views import headings, under

_ALL: Final = "all"
_NONE: Final = "none"


def page() -> None:
    """The whole page."""
    st.title("Export", anchor=False)
    boards, faults = loading.boards()
    for fault in faults:
        st.warning(plain(fault))
    if not boards:
        st.info("The catalogue holds no board that can be shown.")
        return
    name = choice("Board", list(boards), "board", first=loading.first_board(boards))
    if not boards[name].lines:
        no_runs("No run fits this board yet.", boards[name].notes)
        return
    board = loading.ranked(name)
    if board is None:
        unranked(name, "files are offered when they are there")
        return
    found = [heading for heading in headings(board) if heading]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        heading = choice("Columns", [_ALL, *found], "columns")
        models = several("Lines", [line.name for line in board.lines], "lines", hint="none chosen: all")
        tested = [line.name for line in board.lines if any(cell is not None and cell.standing is not None for cell in line.cells)]
        star = choice("Compare to", [_NONE, *tested], "compare", hint="in LaTeX a star marks what differs significantly from it")
        intervals = switch("Intervals in LaTeX", "intervals", on=True)
    compare_to = "" if star == _NONE else star
    board = select(under(board, heading) if heading != _ALL else board, models=models)
    note(f"{len(board.lines)} lines, {len(board.columns)} columns; numbers, ranks and notes are those that the board shows")
    written = latex(board, compare_to=compare_to, intervals=intervals)
    _buttons(name, board, written)
    st.subheader("LaTeX", anchor=False)
    st.code(written, language=None, wrap_lines=True)
    note("The first line names the packages that the table needs. The same on the command line:")
    options = [] if heading == _ALL else ["--columns", heading]
    options += [part for model in models for part in ("--models", model)]
    options += [*(["--compare-to", compare_to] if compare_to else []), *([] if intervals else ["--no-intervals"])]
    st.code(shlex.join(["radbench", "table", name, *options, "--to", f"{name}.tex"]), language="sh", wrap_lines=True)


def _buttons(name: str, board: Board, written: str) -> None:
    """A download each; a file is made when it is asked for."""
    makers: Mapping[str, tuple[str, str, Callable[[], str | bytes]]] = {
        "CSV": ("csv", "text/csv", lambda: as_csv(board)),
        "LaTeX": ("tex", "application/x-tex", lambda: written),
        "Markdown": ("md", "text/markdown", lambda: markdown(board)),
        "HTML page": ("html", "text/html", lambda: html_page(board)),
        "JSON with provenance": ("json", "application/json", lambda: json.dumps(provenance(board), indent=1, ensure_ascii=False) + "\n"),
        "Parquet": ("parquet", "application/vnd.apache.parquet", lambda: _parquet(board)),
        "BibTeX of the papers": ("bib", "application/x-bibtex", lambda: str(Bibliography.of(_papers(board)))),
    }
    with st.container(horizontal=True):
        for label, (suffix, mime, make) in makers.items():
            st.download_button(label, make, f"{name}.{suffix}", mime, key=f"get-{suffix}", on_click="ignore", icon=":material/download:")


def _parquet(board: Board) -> bytes:
    """The cells, a row each; runs as JSON text."""
    import pandas as pd

    rows = [{**cell, "runs": json.dumps(cell["runs"], ensure_ascii=False)} for cell in provenance(board)["cells"]]
    out = io.BytesIO()
    pd.DataFrame.from_records(rows).to_parquet(out, index=False)
    return out.getvalue()


def _papers(board: Board) -> list[str]:
    """Of the board, of the tasks as they were asked, and of the sources of reports."""
    found = [board.card.about.paper]
    for line in board.lines:
        for cell in line.cells:
            for part in cell.parts if cell else ():
                found += [str(card.get("about", {}).get("paper", "")) for card in (part.run.task_card, part.run.model_card)]
            if cell and cell.reported:
                found.append(cell.reported.source)
    return found


shown(page)
