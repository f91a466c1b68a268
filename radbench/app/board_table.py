"""A board as a table of the app: the frame and its columns, and the same as an HTML table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from radbench.app import tables
from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line
from radbench.leaderboard.efficiency import Spent
from radbench.leaderboard.printing.reading import amount, decimals, headed, interval, number

_ROW_PX, _MOST_PX = 35, 770
_TEXTS = {"kind", "group", "exposure"}


def facts(board: Board) -> dict[str, str]:
    """The heading of each line, by its name and kind."""
    return {line.label: heading for heading, lines in headed(board) for line in lines}


def show(board: Board, *, groups: Mapping[str, str], spent: Mapping[str, Spent], intervals: bool, key: str) -> tuple[str, int] | None:
    """Show the board as a grid; the label of the line and the place of the column that is selected, if one is."""
    import pandas as pd

    records, config = _content(board, groups, spent, intervals=intervals)
    shown = st.dataframe(
        pd.DataFrame.from_records(records, columns=list(config)),
        hide_index=True,
        height=min(_MOST_PX, _ROW_PX * (len(records) + 1) + 3),
        column_config=config,
        on_select="rerun",
        selection_mode="single-cell",
        key=key,
        placeholder="--",
        alt=f"{board.title}: {len(board.lines)} lines, {len(board.columns)} values; the plain table holds the same",
    )
    cells = shown["selection"]["cells"] if shown else []
    for row, name in cells:
        place = name.split()[0]
        if row < len(board.lines):
            return board.lines[row].label, int(place) if place.isdigit() else 0
    return None


def show_plain(board: Board, *, groups: Mapping[str, str], spent: Mapping[str, Spent], intervals: bool) -> None:
    """Show the same as an HTML table."""
    records, config = _content(board, groups, spent, intervals=intervals)
    names = [name for name in config if not name.isdigit() and not name.endswith(" ci")]
    places = [decimals(board, place) for place in range(len(board.columns))]
    head, rows = [], []
    for name in config:
        if not name.endswith(" ci"):
            head.append(str(config[name]["label"]))
    for line, record in zip(board.lines, records, strict=True):
        row: list[str | tables.Entry] = []
        for name in config:
            if name.isdigit():
                cell = line.cells[int(name)]
                text = "--" if cell is None else number(cell, places[int(name)])
                below = interval(cell, places[int(name)]) if cell is not None and intervals else ""
                row.append(tables.Entry(text, below))
            elif name in names:
                value = record.get(name)
                row.append(tables.Entry("" if value is None else _short(value), is_text=name in _TEXTS))
        rows.append(row)
    tables.table(board.title, head, rows)


def _content(
    board: Board, groups: Mapping[str, str], spent: Mapping[str, Spent], *, intervals: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines, and the columns that have something in one of them."""
    places = [decimals(board, place) for place in range(len(board.columns))]
    records = [_record(line, places, groups.get(line.label, ""), spent.get(line.label)) for line in board.lines]
    filled = {name for record in records for name, value in record.items() if value is not None and value != ""}
    return records, {name: column for name, column in _config(board, intervals).items() if name in filled or name.isdigit()}


def _record(line: Line, places: Sequence[int], group: str, used: Spent | None) -> dict[str, Any]:
    first = next(cell for cell in line.cells if cell is not None)
    record: dict[str, Any] = {
        "model": line.name,
        "kind": line.kind,
        "group": group,
        "exposure": first.exposure,
        **_of_card(first),
        **_dates(line),
    }
    for place, cell in enumerate(line.cells):
        if cell is not None:
            record |= {
                f"{place}": cell.value,
                f"{place} ci": interval(cell, places[place]),
                f"{place} rank": standing(cell),
            }
    record["n"] = _sizes(line.cells)
    if used is not None:
        record["seconds"] = used.cost("seconds")
        record["memory"], record["gpu memory"] = used.cost("memory"), used.cost("gpu_memory")
        record["price"] = None if used.cost("price") is None else amount(used.costs["price"])
    return record


def standing(cell: Cell) -> str:
    """The rank with its interval, group and class, and what is to be known of the number; sorts as text by rank."""
    marks = " †" if cell.is_partial else ""
    if cell.reported is not None:
        return "reported"
    if not cell.is_comparable:
        return f"scored otherwise{marks}"
    if cell.rank is None:
        return marks.strip()
    best = {1: " best", 2: " second" if cell.rank > 1 else " below a baseline"}.get(cell.order or 0, "")
    known = f", {cell.exposure}" if cell.exposure != "unknown" else ""
    if cell.standing is None:
        return f"{cell.rank}{best}{marks}{known}"
    low, high, letters = cell.standing.low, cell.standing.high, cell.standing.letters
    span = f"{low}" if low == high else f"{low}–{high}"
    return f"{cell.rank} ({span}){f' {letters}' if letters else ''}{best}{marks}{known}"


def _of_card(cell: Cell) -> dict[str, str]:
    if not cell.runs:
        return {"weights": "", "parameters": ""}
    about = cell.runs[0].run.model_card.get("about", {})
    return {
        "weights": {True: "open", False: "closed"}.get(about.get("open"), "unstated"),
        "parameters": str(about.get("parameters") or "unstated"),
    }


def _dates(line: Line) -> dict[str, str]:
    ended = [part.run.ended or part.run.started for cell in line.cells if cell for part in cell.parts]
    reported = [cell.reported.version for cell in line.cells if cell and cell.reported]
    return {"date": max(ended)[:10] if ended else next(filter(None, reported), "")}


def _sizes(cells: Sequence[Cell | None]) -> str:
    found = {
        " + ".join(str(part.value.n_scored) for part in cell.parts) if cell.parts else cell.reported.n if cell.reported else ""
        for cell in cells
        if cell is not None and cell.outlay is None
    }
    return " / ".join(sorted(found))


def _config(board: Board, intervals: bool) -> dict[str, Any]:
    """The columns in their order."""
    text, column = st.column_config.TextColumn, st.column_config.NumberColumn
    config: dict[str, Any] = {
        "model": text("Model", pinned=True),
        "kind": text(
            "Kind",
            help="model; baseline: a floor, such as the nearest training case; control: without its images; reported: not reproduced",
        ),
    }
    if board.card.group:
        config["group"] = text("Group")
    for place, of in enumerate(board.columns):
        arrow = "↓" if board.lower_is_better(place) else "↑"
        n = decimals(board, place)
        config[f"{place}"] = column(
            f"{arrow} {of.name}", format="%.3g" if of.cost else f"%.{n}f", help=f"{of.value or 'primary value'} of {' + '.join(of.task)}"
        )
        if of.cost:
            continue
        if intervals:
            config[f"{place} ci"] = text(f"interval, {of.name}")
        config[f"{place} rank"] = text(
            f"rank, {of.name}",
            width="medium",
            help="rank in its class, its interval, letters: models that share one are not told apart; best: no baseline is better",
        )
    config |= {
        "exposure": text("Exposure", help="what the model saw of the data in training, as its card states; ranks are within a class"),
        "weights": text("Weights"),
        "parameters": text("Parameters"),
        "n": text("n"),
        "seconds": column("s / reply", format="%.3g"),
        "memory": column("main memory, GiB", format="%.3g"),
        "gpu memory": column("GPU memory, GiB", format="%.3g"),
        "price": text("per 1,000 replies"),
        "date": text("Date"),
    }
    return config


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
