"""What pages say where there is nothing to show, or not yet."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from radbench.app import loading
from radbench.app.settings import settings
from radbench.app.texts import note, plain


def no_runs(what: str, why: Sequence[str] = ()) -> None:
    """Say that there is no run, why those that there are do not count, and which commands make one."""
    folder = settings().runs[0].name if settings().runs else "runs"
    for reason in why:
        st.warning(plain(reason), icon=":material/warning:")
    st.info(f"{what} A run is made by", icon=":material/info:")
    st.code(f"radbench run --model MODEL --task TASK --out {folder}", language="sh")
    st.write(
        "To see the app with something in it, let the baselines answer the built-in suite of phantoms (half a minute, no data needed):"
    )
    st.code(f"radbench demo --out {folder}", language="sh")


def unranked(board: str, meanwhile: str) -> None:
    """Say that the ranks of a board are on their way, and what holds meanwhile; shows the page anew when they are there."""
    _unranked(board, meanwhile, [])


@st.fragment(run_every=1)
def _unranked(board: str, meanwhile: str, ticks: list[int]) -> None:
    if loading.ranked(board) is not None:
        st.rerun()
    waited_s = loading.rank(board) if ticks else 0.0  # begun after the page has been drawn, not before
    ticks.append(len(ticks))
    so_far = f" ({waited_s:.0f} s so far)" if waited_s >= 1 else ""
    note(f"Rank intervals, groups and costs are being worked out{so_far}; {meanwhile}.")
