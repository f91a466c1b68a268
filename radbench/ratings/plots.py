"""Figures of correlations: a forest of coefficients with the ceiling of one rater, and the ratings against each metric.

Kinds are told by their marks, not by colour alone. The same numbers give the same bytes with the same matplotlib.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from radbench.extras import need
from radbench.ratings.correlations import CEILING, Correlations, Level, MetricScores
from radbench.ratings.report import LEVELS, STATISTICS, heading
from radbench.statistics.correlation import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PURPOSE: Final = "drawing figures of correlations"
_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "radbench",
    "svg.fonttype": "path",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_DARK, _LIGHT, _BAND = "#1b4f72", "#b9770e", "#d5d8dc"
_PANELS: Final = 12  # metrics of which a scatter is drawn, the best ones
_COLUMNS: Final = 4


def draw_figures(found: Correlations, metrics: Sequence[MetricScores], rating: Floats, folder: Path) -> list[Path]:
    """Write forest and scatter as PNG and SVG into a folder; the files written.

    Args:
        found: what was found.
        metrics: the values as the metrics give them.
        rating: of the same texts, over raters, as the raters gave it.
        folder: an existing one.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    need("matplotlib", extra="plots", purpose=_PURPOSE)
    from matplotlib import rc_context

    written = []
    with rc_context(_STYLE):
        for name, figure in (("forest", _forest(found)), ("scatter", _scatter(found, metrics, rating))):
            for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
                path = folder / f"{name}{suffix}"
                figure.savefig(path, metadata=metadata, dpi=120)
                written.append(path)
    return written


def _forest(found: Correlations) -> Figure:
    """A panel a level: each metric's coefficient with its interval; the grey band is the ceiling's interval."""
    from matplotlib.figure import Figure

    levels = [level for level in LEVELS if found.ordered(level)]
    names = [metric.name for metric in reversed(found.ordered("pooled"))]
    figure = Figure(figsize=(3 + 2.6 * len(levels), 1.6 + 0.28 * len(names)), layout="constrained")
    axes = figure.subplots(1, len(levels), sharey=True, squeeze=False)[0]
    for ax, level in zip(axes, levels, strict=True):
        _panel(ax, found, level, {name: i for i, name in enumerate(names)})
    axes[0].set_yticks(range(len(names)), names)
    figure.suptitle(heading(found), fontsize=9)
    return figure


def _panel(ax: Any, found: Correlations, level: Level, row: Mapping[str, int]) -> None:  # noqa: ANN401  # an axes of matplotlib
    coefficient = found.settings.coefficient
    for rater in found.ceiling[-1:]:
        top = rater.of(level, coefficient)
        if top.value is not None:
            ax.axvline(top.value, color="#626567", linestyle="--", linewidth=1, label=CEILING)
        if top.low is not None and top.high is not None:
            ax.axvspan(top.low, top.high, color=_BAND, zorder=0)
    for metric in found.ordered(level):
        one, y = metric.of(level, coefficient), row[metric.name]
        if one.value is None:
            ax.text(0, y, "undefined", va="center", fontsize=7)
            continue
        colour, mark, fill = (_LIGHT, "s", "white") if metric.is_control else (_DARK, "o", _DARK)
        if one.low is not None and one.high is not None:
            ax.hlines(y, one.low, one.high, color=colour, linewidth=1.2)
        ax.plot(one.value, y, mark, color=colour, markerfacecolor=fill, markersize=5)
    ax.axvline(0, color="black", linewidth=0.6)
    ax.set_title(LEVELS[level], fontsize=9)
    ax.set_xlabel(f"{STATISTICS[coefficient]} (squares: controls;\ndashes: {CEILING})", fontsize=7)


def _scatter(found: Correlations, metrics: Sequence[MetricScores], rating: Floats) -> Figure:
    """The rating of each text against each metric, as they were given."""
    from matplotlib.figure import Figure

    by_name = {metric.name: metric for metric in metrics}
    shown = found.ordered("pooled")[:_PANELS]
    n_rows = -(-len(shown) // _COLUMNS)
    figure = Figure(figsize=(2.5 * min(len(shown), _COLUMNS), 2.4 * n_rows + 0.4), layout="constrained")
    axes = figure.subplots(n_rows, min(len(shown), _COLUMNS), sharey=True, squeeze=False)
    for ax in axes.ravel()[len(shown) :]:
        ax.set_axis_off()
    for ax, metric in zip(axes.ravel(), shown, strict=False):
        scores = by_name[metric.name]
        known = ~np.isnan(scores.values)
        ax.plot(scores.values[known], rating[known], "s" if metric.is_control else "o", color=_DARK, alpha=0.35, markersize=3, linestyle="")
        value = metric.of("pooled", found.settings.coefficient).value
        said = "undefined" if value is None else f"{STATISTICS[found.settings.coefficient]} {value:.2f}"
        ax.set_title(f"{metric.name}\n{said}", fontsize=8)
        ax.set_xlabel("less is better" if metric.is_turned else "more is better", fontsize=7)
    for ax in axes[:, 0]:
        ax.set_ylabel(f"{found.criterion} ({'less' if found.is_turned else 'more'} is better)", fontsize=7)
    return figure
