"""One value of a task in parts: by subgroup, by finding, by data set; a heat table that is a real table."""

from __future__ import annotations

from typing import Final

import streamlit as st

from radbench.app import loading, tables
from radbench.app.controls import choice, switch
from radbench.app.frame import link, shown
from radbench.app.states import no_runs
from radbench.app.texts import note, notes, plain
from radbench.catalog.cards import TaskCard
from radbench.leaderboard.board import Board
from radbench.leaderboard.breakdown import DATA_SETS, BrokenDown, Part, break_down, ways
from radbench.leaderboard.printing.reading import decimals, footnotes
from radbench.leaderboard.printing.reading import plain as rounded
from radbench.records import FEW

_ALL: Final = "all cases"


def page() -> None:
    """The whole page."""
    st.title("Task", anchor=False)
    tasks = loading.tasks()
    if not tasks:
        no_runs("No run has been scored yet.")
        return
    with st.container(horizontal=True):
        task = choice("Task", list(tasks), "task")
        primary = next(str(one.summary.score["primary"]) for one in tasks[task] if one.summary)
        values = list(dict.fromkeys(value.id for one in tasks[task] if one.summary for value in one.summary.values))
        value = choice("Value", values, "value", first=primary, hint="the task's primary value comes first")
        board = loading.task_board(task, value)
        by = choice(
            "In parts by",
            [*ways(board), DATA_SETS],
            "by",
            hint="subgroups of the samples, findings one by one, or tasks with the same value",
        )
    shade = switch("Shades", "shade", on=True, hint="darker is better; the numbers say the same")
    _about(tasks[task][-1])
    if by == DATA_SETS:
        others = tuple(name for name, own in tasks.items() if name != task and any(_has(one, value) for one in own))
        board = loading.task_board(task, value, others)
    if not board.lines:
        st.info(plain(f"No run of {task} can be shown: {'; '.join(board.notes) or 'the task is not in the catalogue'}"))
        return
    _heat(board, break_down(board, by), shade=shade)
    link("samples", f"Samples of {task}", {"task": task})
    link("compare", f"Compare runs of {task}", {"task": task})
    notes(footnotes(board))


def _has(one: loading.Read, value: str) -> bool:
    return one.summary is not None and any(known.id == value for known in one.summary.values)


def _about(one: loading.Read) -> None:
    """What is asked, by the card that the latest run used."""
    if one.run is None:
        return
    card = TaskCard.model_validate(one.run.task_card)
    facts = [card.title, card.about.summary, f"{one.run.data.name}, split {one.run.data.split}, {one.run.data.access}", card.about.paper]
    notes(filter(None, facts))


def _heat(board: Board, found: BrokenDown, *, shade: bool) -> None:
    places = decimals(board, 0)
    low, high = found.span()

    def entry(part: Part | None, *, is_whole: bool = False) -> tables.Entry:
        if part is None:
            return tables.Entry("--")
        if part.value is None:
            return tables.Entry("undefined", f"n {part.n}")
        few = f", few (under {FEW})" if part.n < FEW else ""
        ci = f"[{rounded(part.ci[0], places)}, {rounded(part.ci[1], places)}] " if part.ci else ""
        depth = (part.value - low) / (high - low) if high > low else 0.0
        is_shaded = shade and not few and not is_whole
        return tables.Entry(
            rounded(part.value, places),
            f"{ci}n {part.n}{few}",
            shade=max(0.0, min(1.0, 1 - depth if found.lower_is_better else depth)) if is_shaded else None,
            is_faint=bool(few),
        )

    rows = [
        [tables.Entry(line.name, "" if line.kind == "model" else line.kind), entry(whole, is_whole=True), *map(entry, parts)]
        for line, whole, parts in found.lines
    ]
    arrow = "lower is better" if found.lower_is_better else "higher is better"
    tables.table(f"{found.value or 'primary value'} ({arrow}) by {found.by.rstrip(':')}", ["Model", _ALL, *found.levels], rows)
    if not found.levels:
        note("The runs state nothing to take this value apart by.")


shown(page)
