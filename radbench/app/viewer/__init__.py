"""The image viewer: a component of the page, its scripts and style beside this file; it loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

_FOLDER: Final = Path(__file__).parent

_mount = st.components.v2.component(
    "radbench_viewer",
    html=(_FOLDER / "viewer.html").read_text("utf-8"),
    css=(_FOLDER / "viewer.css").read_text("utf-8"),
    js="\n".join((_FOLDER / name).read_text("utf-8") for name in ("heat.js", "overlays.js", "hands.js", "viewer.js")),
)


def viewer(packed: bytes, *, key: str, on_view_change: Callable[[], None]) -> None:
    """Show a packed picture (`radbench.app.pictures.packed`).

    `st.session_state[key]["view"]` holds what is looked at once that was changed: the slice (its number in the volume, from 0),
    centre and width of the window, opacity and number of the heat map (from 1; 0: none).
    """
    _mount(data=packed, key=key, on_view_change=on_view_change)
