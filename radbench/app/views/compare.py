"""Two to four runs of a task against each other: differences with intervals and adjusted p, wins and losses, and case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import streamlit as st

from radbench.app import loading, tables
from radbench.app.controls import choice, several
from radbench.app.frame import link, shown
from radbench.app.states import no_runs
from radbench.app.texts import note, notes
from radbench.errors import RadbenchError
from radbench.leaderboard.cases.scatter import Spot, scatter
from radbench.leaderboard.cells import Line
from radbench.leaderboard.comparing.compare_text import corrected, how_tested
from radbench.leaderboard.comparing.comparison import LEVEL, Interval, Pair, Table

_MOST: Final = 4
_LISTED: Final = 10  # of the widest gaps


def page() -> None:
    """The whole page."""
    st.title("Compare", anchor=False)
    tasks = {task: own for task, own in loading.tasks().items() if len(own) > 1}
    if not tasks:
        no_runs("Two runs of one task are needed, and no task has them yet.")
        return
    with st.container(horizontal=True):
        task = choice("Task", list(tasks), "task")
        primary = next(str(one.summary.score["primary"]) for one in tasks[task] if one.summary)
        values = list(dict.fromkeys(value.id for one in tasks[task] if one.summary for value in one.summary.values))
        value = choice("Value", values, "value", first=primary)
    lines = {line.label: line for line in loading.task_board(task, value).lines if line.kind != "reported"}
    chosen = several("Runs", list(lines), "runs", first=list(lines)[:2], most=_MOST, hint="two to four")
    if len(chosen) < 2:
        st.info("Choose two runs at least.")
        return
    with st.spinner("Swapping and drawing"):
        found = loading.comparison(tuple(_path(lines[name]) for name in chosen), value)
    for made in found.tables:
        _pairs(made)
        _systems(made)
        notes([*_notes(made), *found.left_out])
    _cases(task, value, {name: lines[name] for name in chosen})


def _path(line: Line) -> Path:
    cell = line.cells[0]
    assert cell is not None  # a line of a task's board has a run
    return cell.parts[0].folder.path


def _pairs(made: Table) -> None:
    rows: list[tables.Row] = [
        [
            f"{pair.first} − {pair.second}",
            tables.Entry(_number(pair.difference), _interval(pair.ci)),
            _p(pair),
            "significant" if pair.is_significant else "not significant",
            f"{pair.wins} / {pair.ties} / {pair.losses}" if pair.wins is not None else "no single values",
            _number(pair.detectable),
        ]
        for pair in made.pairs
    ]
    arrow = "lower is better" if made.lower_is_better else "higher is better"
    head = ["Pair, the better one first", "Difference", "Adjusted p", "Verdict", "Win / tie / loss", "Detectable"]
    tables.table(f"{made.value} ({arrow}): paired differences", head, rows)


def _systems(made: Table) -> None:
    rows = [
        [
            tables.Entry(entry.name, entry.kind),
            tables.Entry(_number(entry.value), _interval(entry.ci)),
            "none" if entry.rank_ci is None else f"{entry.rank} ({'–'.join(map(str, dict.fromkeys(entry.rank_ci)))})",
            entry.letters or "-",
            entry.exposure,
        ]
        for entry in made.entries
    ]
    tables.table(f"{made.value}: values", ["Run", "Value", "Rank", "Group", "Exposure"], rows)


def _notes(made: Table) -> list[str]:
    return [
        f"{how_tested(made)}; {corrected(made)}; {made.n_cases} cases of {made.n_clusters} clusters ({made.cluster})",
        f"intervals, {LEVEL:.0%}: of differences and ranks by {made.interval}, {made.draws} draws, seed {made.seed}; "
        f"of values by {made.value_interval}",
        f"signature {made.signature}",
        *made.notes,
    ]


def _cases(task: str, value: str, lines: Mapping[str, Line]) -> None:
    """Two of the runs case by case."""
    st.subheader("Case by case", anchor=False)
    pairs = {f"{first} against {second}": (first, second) for first, second in combinations(lines, 2)}
    first, second = pairs[choice("Pair", list(pairs), "pair")]
    try:
        spots = scatter(loading.stored_run(_path(lines[first])), loading.stored_run(_path(lines[second])), value)
    except RadbenchError as error:
        note(str(error))
        return
    picked = _chart(spots, value, first, second)
    listed = [(sample, spot) for spot in spots for sample in spot.samples]
    ids = list(dict.fromkeys([*picked, *(sample for sample, _ in listed)]))[:_LISTED]
    at = dict(listed)
    rows = [[sample, _number(at[sample].first), _number(at[sample].second), _number(at[sample].gap)] for sample in ids if sample in at]
    tables.table(
        "The widest gaps" if not picked else "The cases chosen in the chart, then the widest gaps", ["Sample", first, second, "Gap"], rows
    )
    sample = choice("Sample", ids, "sample")
    link("samples", f"Open {sample}", {"task": task, "sample": sample, "runs": [first, second]})


def _chart(spots: Sequence[Spot], value: str, first: str, second: str) -> list[str]:
    """The scatter; the samples of the spots chosen in it."""
    points = [{"x": spot.first, "y": spot.second, "n": len(spot.samples), "sample": spot.samples[0]} for spot in spots]
    bounds = [min(min(spot.first, spot.second) for spot in spots), max(max(spot.first, spot.second) for spot in spots)]
    scale = {"domain": bounds if bounds[0] < bounds[1] else [bounds[0] - 1, bounds[0] + 1], "nice": True}
    spec = {
        "layer": [
            {
                "data": {"values": [{"x": bound, "y": bound} for bound in bounds]},
                "mark": {"type": "line", "strokeDash": [4, 4], "color": "gray"},
                "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
            },
            {
                "data": {"values": points},
                "params": [{"name": "spot", "select": {"type": "point", "fields": ["sample"]}}],
                "mark": {"type": "circle", "opacity": 0.7},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative", "title": first, "scale": scale},
                    "y": {"field": "y", "type": "quantitative", "title": second, "scale": scale},
                    "size": {"field": "n", "type": "quantitative", "title": "cases", "scale": {"range": [40, 900]}},
                    "tooltip": [
                        {"field": name, "type": kind}
                        for name, kind in (("sample", "nominal"), ("x", "quantitative"), ("y", "quantitative"), ("n", "quantitative"))
                    ],
                },
            },
        ],
        "height": 420,
    }
    n = sum(len(spot.samples) for spot in spots)
    alt = f"{value} of {n} cases: {first} across, {second} up; on the dashed line both are equal. The table below lists the widest gaps."
    state = st.vega_lite_chart(spec, width="stretch", on_select="rerun", selection_mode="spot", key="spots", alt=alt)
    chosen = {str(point.get("sample")) for point in (state["selection"].get("spot") or [])} if state else set()
    return [sample for spot in spots if spot.samples[0] in chosen for sample in spot.samples]


def _number(number: float | None) -> str:
    return "undefined" if number is None else f"{number:.3f}"


def _interval(ci: Interval | None) -> str:
    return "" if ci is None else f"[{ci[0]:.3f}, {ci[1]:.3f}]"


def _p(pair: Pair) -> str:
    return "not tested" if pair.p_adjusted is None else "< 0.001" if pair.p_adjusted < 0.001 else f"{pair.p_adjusted:.3f}"


shown(page)
