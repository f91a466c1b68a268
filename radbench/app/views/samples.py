"""The samples of a task: found by their values, then one of them with its images, texts, answers and where they come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import streamlit as st

from radbench.app import loading, sample_detail, tables
from radbench.app.browsing import sample_set
from radbench.app.controls import choice, picks, several, switch, words
from radbench.app.frame import shown
from radbench.app.settings import settings
from radbench.app.states import no_runs
from radbench.app.texts import note, plain
from radbench.errors import RadbenchError
from radbench.leaderboard.cases.said import worded
from radbench.leaderboard.cases.samples import ORDERS, OUTCOMES, PAGE, SampleSet, Wanted
from radbench.leaderboard.views import under

_MOST: Final = 4
_CLIPPED: Final = 160  # characters of a text in the list
_ALL: Final = "all"


def page() -> None:
    """The whole page."""
    st.title("Samples", anchor=False)
    tasks = list(loading.tasks())
    if not tasks:
        no_runs("No run is scored yet.")
        return
    with st.expander("Which samples", expanded=not st.session_state.get("sample", st.query_params.get("sample"))):
        with st.container(horizontal=True):
            task = choice("Task", tasks, "task")
            paths = _runs(task)
            names = several("Runs", list(paths), "runs", first=list(paths)[:2], most=_MOST, hint="up to four; none chosen: the first two")
        chosen = {name: paths[name] for name in names or list(paths)[:2]}
        if not chosen:
            st.info("No run of this task can be read.")
            return
        try:
            samples = sample_set(chosen)
        except RadbenchError as error:
            st.error(plain(str(error)))
            return
        wanted = _wanted(samples)
        name = words("Open the sample with the id", "sample", hint="or click on a line of the list")
    rows = samples.select(wanted)
    is_open = settings().show_closed or all(stored.run.data.access == "open" for stored in samples.runs.values())
    if not is_open:
        st.info("These data are not open: values are shown, texts and images only if the app is started with --show-closed.")
    if name and name in samples.ids:
        _steps(samples, rows, name)
        sample_detail.show(samples, name, is_open=is_open)
        return
    if name:
        st.warning(plain(f"None of these runs has a sample `{name}`."))
    _list(samples, rows, wanted, is_open=is_open)


def _runs(task: str) -> dict[str, Path]:
    """The folders of a task's runs by the names they have on boards, the best first."""
    found = {}
    for line in under(loading.task_board(task, ""), "").lines:
        cell = line.cells[0]
        if cell is not None and cell.parts:
            found[line.label] = cell.parts[0].folder.path
    return found


def _wanted(samples: SampleSet) -> Wanted:
    """The controls of order and filters."""
    values = samples.offered()
    orders = [order for order in ORDERS if values or order == "as asked"]
    orders = [order for order in orders if order != "largest gap" or len(samples.runs) > 1]
    orders = [order for order in orders if order != "disagreement" or len(values) > 1]
    value = against = run = ""
    with st.container(horizontal=True):
        order = choice("Order", orders, "order", hint="disagreement: far apart in the orders of two metrics")
        if values:
            value = choice("Value", values, "value")
        if order == "disagreement":
            against = choice("Against", [other for other in values if other != value], "against")
        if order in {"worst", "best", "disagreement"} and len(samples.runs) > 1:
            run = choice("Whose", [_ALL, *samples.runs], "whose", hint="all: the mean over the runs")
    with st.container(horizontal=True):
        outcome = choice("Replies", [_ALL, *OUTCOMES], "replies", hint="of any of the runs")
        levels = {}
        for name, known in samples.subgroups.items():
            level = choice(name, [_ALL, *(one or "(none)" for one in known)], f"by-{name}")
            if level != _ALL:
                levels[name] = "" if level == "(none)" else level
        text = words("Id contains", "find")
    return Wanted(
        value=value,
        against=against,
        order=next(known for known in ORDERS if known == order),
        run="" if run == _ALL else run,
        outcome="" if outcome == _ALL else outcome,
        levels=levels,
        text=text,
    )


def _list(samples: SampleSet, rows: Any, wanted: Wanted, *, is_open: bool) -> None:  # noqa: ANN401  # an array of numpy, which pages do not import
    note(f"{len(rows)} of {len(samples.ids)} samples")
    if not len(rows):
        st.info("No sample fits these filters.")
        return
    is_plain = switch("Plain table", "plain", hint="the same as an HTML table: for screen readers, print and copying")
    number = int(st.pagination(max(1, math.ceil(len(rows) / PAGE)), key="page", bind="query-params"))
    records = _records(samples, rows, number, wanted, is_open=is_open)
    caption = f"Samples {(number - 1) * PAGE + 1} to {(number - 1) * PAGE + len(records)} of {len(rows)}, {wanted.order}"
    if is_plain:
        body = [[_cell(value) for value in record.values()] for record in records]
        tables.table(caption, list(records[0]), body)
        return
    import pandas as pd

    key = f"list {number}"
    st.dataframe(
        pd.DataFrame.from_records(records),
        hide_index=True,
        height=min(700, 35 * (len(records) + 1) + 3),
        column_config={
            name: st.column_config.NumberColumn(name, format="%.3f")
            if isinstance(value, float)
            else st.column_config.TextColumn(name, pinned=name == "sample")
            for name, value in records[0].items()
        },
        on_select=picks(key, "sample", [str(record["sample"]) for record in records]),
        selection_mode="single-row",
        key=key,
        alt=f"{caption}; the plain table holds the same",
    )
    note("A click at the left end of a line opens the sample.")


def _records(samples: SampleSet, rows: Any, number: int, wanted: Wanted, *, is_open: bool) -> list[dict[str, str | float]]:  # noqa: ANN401  # as in `_list`
    """The lines of one page, column by column."""
    spread = samples.spread(wanted)
    values = dict(zip(samples.runs, samples.values(wanted.value), strict=True)) if wanted.value else {}
    found: list[dict[str, str | float]] = []
    for row, record, outputs in samples.page(rows, number):
        line: dict[str, str | float] = {"sample": record.id}
        if spread is not None:
            line[wanted.order] = float(spread[row])
        line |= {f"{wanted.value}, {run}": float(own[row]) for run, own in values.items()}
        line |= {name: record.subgroups.get(name, "") for name in samples.subgroups}
        if is_open:
            line["question"] = _clipped(record.texts.get("question") or record.texts.get("indication", ""))
            line["reference"] = _clipped(" / ".join(map(worded, record.references)))
            line |= {run: _clipped(said) for run, said in outputs.items()}
        found.append(line)
    return found


def _steps(samples: SampleSet, rows: Any, name: str) -> None:  # noqa: ANN401  # as in `_list`
    """Back to the list, and to the neighbours in its order."""
    place = next((i for i, row in enumerate(rows) if samples.ids[row] == name), None)

    def opened(sample: str) -> None:
        st.session_state["sample"] = sample

    def neighbour(by: int) -> str:
        at = None if place is None else place + by
        return samples.ids[rows[at]] if at is not None and 0 <= at < len(rows) else ""

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back to the list", key="back", on_click=opened, args=("",), icon=":material/arrow_back:")
        st.button("Previous", key="previous", on_click=opened, args=(neighbour(-1),), disabled=not neighbour(-1))
        st.button("Next", key="next", on_click=opened, args=(neighbour(1),), disabled=not neighbour(1))
        note("not among those the filters leave" if place is None else f"{place + 1} of {len(rows)}")


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CLIPPED else f"{line[:_CLIPPED]}…"


def _cell(value: str | float) -> str | tables.Entry:
    if isinstance(value, str):
        return tables.Entry(value, is_text=True)
    return "--" if math.isnan(value) else f"{value:.3f}"


shown(page)
