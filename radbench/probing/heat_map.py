"""The heat map of a probe: values down, edits across; the change is written in each cell, its shade is what the edit costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from radbench.extras import need
from radbench.probing.edits import EDITS
from radbench.probing.responses import MetricResponse, Probe

_STYLE: Final[dict[Any, Any]] = {"svg.hashsalt": "radbench", "svg.fonttype": "path", "font.size": 8.0}


def draw(probe: Probe, folder: Path) -> list[Path]:
    """Write heat_map.png and heat_map.svg into an existing folder; the files written. The same numbers give the same bytes.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    need("matplotlib", extra="plots", purpose="drawing the heat map of a probe")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = sorted((name for name in EDITS if probe.applies[name]), key=lambda name: EDITS[name].harm == "harmless")
    costs = np.array([_relative(metric, shown) for metric in probe.metrics])
    written = []
    with rc_context(_STYLE):
        figure = Figure(figsize=(2.4 + 0.62 * len(shown), 2.2 + 0.3 * len(probe.metrics)), layout="constrained")
        ax = figure.subplots()
        image = ax.imshow(np.ma.masked_invalid(costs), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        for row, metric in enumerate(probe.metrics):
            for column, name in enumerate(shown):
                change = metric.response(name).change.value
                said, cost = "-" if change is None else f"{change:+.3g}", costs[row, column]
                ax.text(column, row, said, ha="center", va="center", fontsize=6, color="white" if abs(cost) > 0.7 else "black")
        ax.set_xticks(range(len(shown)), [f"{name} ({EDITS[name].harm})" for name in shown], rotation=60, ha="right")
        ax.set_yticks(range(len(probe.metrics)), [f"{m.name}{' (control)' if m.is_control else ''}" for m in probe.metrics])
        ax.axvline(sum(EDITS[name].harm == "harmful" for name in shown) - 0.5, color="black", linewidth=1.5)
        figure.colorbar(image, ax=ax, label="cost, as a share of the\nlargest of the value", shrink=0.8)
        ax.set_title(f"Change of each value by edits of {probe.n} reports (edited minus unedited)", fontsize=9)
        for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
            path = folder / f"heat_map{suffix}"
            figure.savefig(path, metadata=metadata, dpi=150)
            written.append(path)
    return written


def _relative(metric: MetricResponse, edits: list[str]) -> list[float]:
    """What each edit costs, positive for the worse, as a share of the largest cost or gain of the value; NaN where it has none."""
    sign = 1 if metric.lower_is_better else -1
    costs = [sign * change if (change := metric.response(name).change.value) is not None else np.nan for name in edits]
    largest = np.nanmax(np.abs(costs)) if not np.isnan(costs).all() else 0.0
    return [cost / largest if largest else cost for cost in costs]
