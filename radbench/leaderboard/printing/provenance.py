"""Where each number of a board comes from: one JSON document beside a table, and a long CSV of the same cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Asked, Cell, Line
from radbench.leaderboard.lint import lint
from radbench.leaderboard.printing.reading import decimals, footnotes, interval, number, scored_by


def provenance(board: Board) -> dict[str, Any]:
    """The board's cells with values as shown and unrounded, runs or source, signature, counts, standing; and its notes."""
    return {
        "board": board.card.name,
        "title": board.title,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "radbench": version("radbench"),
        "columns": [
            {**column.model_dump(mode="json"), "lower_is_better": board.lower_is_better(place)}
            for place, column in enumerate(board.columns)
        ],
        "notes": [*footnotes(board), *scored_by(board)],
        "to_check": lint(board),
        "cells": list(_cells(board)),
    }


def as_csv(board: Board) -> str:
    """A line a cell, with the columns of its JSON that are plain; values are unrounded, `shown` is what tables print."""
    cells = [{key: value for key, value in cell.items() if key != "runs"} for cell in _cells(board)]
    out = io.StringIO()
    fields = list(cells[0]) if cells else ["model", "column", "task", "value_id", "value"]
    writer = csv.DictWriter(out, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: value if key == "shown" else guarded(value) for key, value in cell.items()} for cell in cells)
    return out.getvalue()


def guarded(value: object) -> object:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _cells(board: Board) -> Iterator[dict[str, Any]]:
    places, names = [decimals(board, place) for place in range(len(board.columns))], board.names
    for line in board.lines:
        for place, column in enumerate(board.columns):
            cell = line.cells[place]
            if cell is not None:
                task = " + ".join(column.task)
                yield {
                    "model": line.name,
                    "kind": line.kind,
                    "column": names[place],
                    "task": task,
                    "value_id": column.cost or column.value,
                    **_cell(line, cell, places[place]),
                }


def _cell(line: Line, cell: Cell, places: int) -> dict[str, Any]:
    standing, row = cell.standing, cell.reported
    low, high = cell.ci or (None, None)
    return {
        "value": cell.value,
        "low": low,
        "high": high,
        "shown": f"{number(cell, places)} {interval(cell, places)}".strip(),
        "n": row.n if row else _n(cell),
        "exposure": cell.exposure if line.kind != "reported" else row.exposure if row else "",
        "is_comparable": cell.is_comparable,
        "rank": cell.rank,
        "rank_low": standing.low if standing else None,
        "rank_high": standing.high if standing else None,
        "group": standing.letters if standing else None,
        "signature": cell.signature,
        "source": row.source if row else "",
        "protocol": row.protocol if row else "",
        "stated": f"{row.value:g} {row.unit}" if row else "",
        "runs": [_run(asked) for asked in cell.runs],
    }


def _n(cell: Cell) -> str:
    """Cases scored, of each run; of a cost the replies that it is the mean of."""
    if cell.outlay is not None:
        return str(cell.outlay.n or "")
    return " + ".join(str(part.value.n_scored) for part in cell.parts)


def _run(asked: Asked) -> dict[str, Any]:
    run = asked.run
    return {
        "id": run.id,
        "folder": str(asked.folder.path),
        "task": run.task,
        "model": run.model,
        "identity": run.identity,
        "started": run.started,
        "ended": run.ended,
        "status": run.status,
        "access": run.data.access,
        "counts": asked.summary.counts.model_dump(),
        "intervals": asked.summary.intervals,
        "versions": run.versions,
    }
