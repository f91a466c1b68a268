"""What pages say where there is nothing to show."""

from __future__ import annotations

import streamlit as st

from radbench.app.settings import settings


def no_runs(what: str) -> None:
    """Say that there is no run, and which commands make one."""
    folder = settings().runs[0].name if settings().runs else "runs"
    st.info(f"{what} The first run is made by", icon=":material/info:")
    st.code(f"radbench run --model MODEL --task TASK --out {folder}", language="sh")
    st.write(
        "To see the app with something in it, let the baselines answer the built-in suite of phantoms (half a minute, no data needed):"
    )
    st.code(f"radbench demo --out {folder}", language="sh")
