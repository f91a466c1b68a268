"""How metrics agree with radiologists: what `radbench correlate` found here, and what others report."""

from __future__ import annotations

from typing import Final, get_args

import streamlit as st

from radbench.app import loading, tables, texts
from radbench.app.controls import choice
from radbench.app.frame import link, shown
from radbench.app.settings import settings
from radbench.app.texts import note, plain
from radbench.errors import ContentError
from radbench.ratings.correlations import CEILING, Agreement, Correlations, Estimate, Level
from radbench.ratings.kept import find_correlations, read_correlations
from radbench.ratings.published import Published, published
from radbench.ratings.report import LEVELS, STATISTICS, heading, notes, words

_BOARD: Final = "metrics-vs-radiologists"
_COMMAND: Final = "radbench correlate --ratings RATINGS --metric bleu,rouge,chrf --out runs/correlations"


def page() -> None:
    """The whole page."""
    st.title("Metrics vs radiologists", anchor=False)
    _measured()
    _reported()


def _measured() -> None:
    st.subheader("Measured here", anchor=False)
    found: dict[str, Correlations] = {}
    for path in find_correlations(settings().runs):
        try:
            found[path.parent.name] = read_correlations(path)
        except ContentError as error:
            st.warning(plain(str(error)))
    if not found:
        st.info("No correlation was written below the folders of runs. A file of ratings and this command make one:")
        st.code(_COMMAND, language="sh")
        return
    with st.container(horizontal=True):
        one = found[choice("Ratings", list(found), "ratings")]
        levels = [level for level in get_args(Level) if one.ordered(level)]
        level = levels[[LEVELS[each] for each in levels].index(choice("Level", [LEVELS[each] for each in levels], "level"))]
        names = [name for name in STATISTICS if any(name in metric.estimates[level] for metric in one.ordered(level))]
        statistic = names[
            [STATISTICS[each] for each in names].index(choice("Statistic", [STATISTICS[each] for each in names], "statistic"))
        ]
    st.write(plain(heading(one)))
    _forest(one, level, statistic)
    _table(one, level, names)
    _differences(one, level)
    st.write(plain(words(one)))
    texts.notes(notes(one))


def _forest(one: Correlations, level: Level, statistic: str) -> None:
    """Estimates with intervals, and the ceiling as a line."""
    points = [_point(metric, metric.of(level, statistic)) for metric in one.ordered(level) if metric.of(level, statistic).value is not None]
    if not points:
        return
    ceiling = next((rater.of(level, statistic).value for rater in one.ceiling if rater.name == CEILING), None)
    y = {"field": "metric", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}}
    x = {"type": "quantitative", "title": STATISTICS[statistic], "scale": {"padding": 8}}
    layers: list[dict[str, object]] = [
        {"mark": {"type": "rule", "color": "gray"}, "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
        {
            "mark": {"type": "point", "filled": True, "size": 80},
            "encoding": {
                "y": y,
                "x": {**x, "field": "value"},
                "shape": {"field": "kind", "type": "nominal", "title": None, "legend": {"orient": "bottom"}},
                "color": {"field": "kind", "type": "nominal", "title": None},
                "tooltip": [{"field": name} for name in ("metric", "value", "low", "high")],
            },
        },
    ]
    said = ""
    if ceiling is not None:
        layers.append(
            {
                "data": {"values": [{"at": ceiling}]},
                "mark": {"type": "rule", "strokeDash": [5, 3], "color": "gray"},
                "encoding": {"x": {**x, "field": "at"}},
            }
        )
        said = f"; the dashed line, {ceiling:.3f}, is one rater against the others"
    alt = f"{STATISTICS[statistic]} of {len(points)} metrics with intervals{said}. The table below holds the numbers."
    st.vega_lite_chart({"data": {"values": points}, "layer": layers, "height": {"step": 26}}, width="stretch", key="forest", alt=alt)
    if said:
        note(said.removeprefix("; ").capitalize())


def _point(metric: Agreement, of: Estimate) -> dict[str, object]:
    kind = "control: knows nothing of content" if metric.is_control else "metric"
    return {"metric": metric.name, "value": of.value, "low": of.low, "high": of.high, "kind": kind}


def _table(one: Correlations, level: Level, names: list[str]) -> None:
    found = [*one.ordered(level), *(rater for rater in one.ceiling if level in rater.estimates)]
    rows: list[tables.Row] = [
        [
            tables.Entry(metric.name, "control" if metric.is_control else ""),
            *(_entry(metric.of(level, name)) for name in names),
            str(metric.n),
        ]
        for metric in found
    ]
    tables.table(f"Agreement, {LEVELS[level]}", ["Metric", *(STATISTICS[name] for name in names), "Texts"], rows)


def _entry(of: Estimate) -> tables.Entry:
    if of.value is None:
        return tables.Entry("--")
    return tables.Entry(f"{of.value:.3f}", "" if of.low is None or of.high is None else f"[{of.low:.3f}, {of.high:.3f}]")


def _differences(one: Correlations, level: Level) -> None:
    """Which metrics differ, after correction."""
    rows: list[tables.Row] = [
        [
            f"{pair.first} − {pair.second}",
            _entry(pair.estimate),
            "not tested" if pair.p_adjusted is None else f"{pair.p_adjusted:.4f}",
            "significant" if pair.p_adjusted is not None and pair.p_adjusted <= 1 - one.settings.level else "not told apart",
        ]
        for pair in one.differences
        if pair.level == level
    ]
    if rows:
        tables.table("Differences between metrics", ["Pair", "Difference", "Adjusted p", "Verdict"], rows)


def _reported() -> None:
    st.subheader("Reported by others", anchor=False)
    note("Sets, coefficients and pooling differ from source to source: none is ranked with another, or with what is measured here.")
    for what in dict.fromkeys(one.what for one in published()):
        rows = [_row(one) for one in published() if one.what == what]
        tables.table(what.capitalize(), ["Name", "Value", "Statistic", "Texts", "Raters", "Source"], rows)
    if _BOARD in loading.board_names():
        link("overview", "The board of metrics against radiologists", {"board": _BOARD})


def _row(one: Published) -> tables.Row:
    ends = "" if one.low is None or one.high is None else f"{one.low:g} to {one.high:g}"
    return [
        one.name,
        tables.Entry(ends if one.value is None else f"{one.value:g}", ends if one.value is not None else one.interval),
        tables.Entry(one.statistic, is_text=True),
        "unstated" if one.n_items is None else str(one.n_items),
        "unstated" if one.n_raters is None else str(one.n_raters),
        tables.Entry(one.source, one.note, is_text=True),
    ]


shown(page)
