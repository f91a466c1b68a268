"""Quality against what it costs: seconds, memory, tokens and money, parameters; the line that no model beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from radbench.app import loading, tables
from radbench.app.controls import choice, switch
from radbench.app.frame import shown
from radbench.app.origin import names_of
from radbench.app.states import no_runs
from radbench.app.texts import notes, plain
from radbench.catalog.cards import Cost
from radbench.leaderboard.board import Board
from radbench.leaderboard.costs import COSTS
from radbench.leaderboard.efficiency import Spent, efficiency, pareto
from radbench.leaderboard.printing.reading import NOT_RECORDED, amount, decimals, interval, number

# told apart on light and on dark, by colour-blind readers, and by shape
_COLOURS: Final = {"domain": ["beaten", "on the frontier"], "range": ["#808080", "#d9722e"]}
_NOTES: Final = (
    "Seconds are wall time as replies state it, of a batch its share; loading the model is not in them.",
    "Prices are those that the model's card states, for the tokens that its server counted.",
    "Memory is the highest peak of the process that asked the model, main memory and GPU apart; endpoints record none.",
    f"A line is on the frontier if no other has more quality at the same or a lower cost. {NOT_RECORDED}: not recorded, or not stated.",
)


def page() -> None:
    """The whole page."""
    st.title("Efficiency", anchor=False)
    boards = [name for name, of in loading.boards()[0].items() if any(line.kind in ("model", "baseline") for line in of.lines)]
    if not boards:
        no_runs("Costs are those of runs of your own, and no board has one yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        board = loading.board(choice("Board", boards, "board", first="efficiency"))
        names = names_of(board)
        offered = [name for place, name in enumerate(names) if any(cell.parts for _, cell in board.column(place))]
        place = names.index(choice("Quality", offered, "quality"))
        named = {said: name for name, said in COSTS.items()}
        cost = named[choice("Cost", list(named), "cost")]
        is_log = switch("Logarithmic cost", "log", on=True)
    spent = efficiency(board, place)
    known = [one for one in spent if one.cost(cost) is not None]
    front = pareto(known, cost)
    if known:
        _chart(board, place, known, front, cost, is_log=is_log)
    else:
        st.info(plain(f"No run of this column records {COSTS[cost]}."))
    _table(board, place, spent, front)
    notes(_NOTES)


def _chart(board: Board, place: int, known: Sequence[Spent], front: Sequence[Spent], cost: Cost, *, is_log: bool) -> None:
    def point(one: Spent) -> dict[str, object]:
        low, high = one.cell.ci or (one.cell.value, one.cell.value)
        return {"cost": one.cost(cost), "quality": one.cell.value, "low": low, "high": high, "name": one.line.label, "kind": one.line.kind}

    on_front = {id(one) for one in front}
    x = {"field": "cost", "type": "quantitative", "title": COSTS[cost], "scale": {"type": "log" if is_log else "linear"}}
    y = {"field": "quality", "type": "quantitative", "title": names_of(board)[place], "scale": {"zero": False}}
    points = [{**point(one), "frontier": "on the frontier" if id(one) in on_front else "beaten"} for one in known]
    spec = {
        "height": 420,
        "layer": [
            {
                "data": {"values": [point(one) for one in front]},
                "mark": {"type": "line", "interpolate": "step-after", "strokeDash": [5, 3], "color": "gray"},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": points},
                "mark": {"type": "rule", "color": "gray"},
                "encoding": {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": points},
                "mark": {"type": "point", "filled": True, "size": 90},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": {"field": "frontier", "type": "nominal", "title": None, "legend": {"orient": "bottom"}, "scale": _COLOURS},
                    "shape": {"field": "frontier", "type": "nominal", "title": None, "scale": {"domain": _COLOURS["domain"]}},
                    "tooltip": [{"field": name} for name in ("name", "kind", "cost", "quality", "low", "high")],
                },
            },
            {
                "data": {"values": [point(one) for one in front]},
                "mark": {"type": "text", "dy": -12, "align": "left", "color": "#ddd" if st.context.theme.type == "dark" else "#222"},
                "encoding": {"x": x, "y": y, "text": {"field": "name"}},
            },
        ],
    }
    best = ", ".join(one.line.name for one in front)
    alt = (
        f"{names_of(board)[place]} against {COSTS[cost]} of {len(known)} lines; on the frontier: {best}. The table below holds all numbers."
    )
    st.vega_lite_chart(spec, width="stretch", key="quality-cost", alt=alt)


def _table(board: Board, place: int, spent: Sequence[Spent], front: Sequence[Spent]) -> None:
    n, on_front = decimals(board, place), {id(one) for one in front}
    rows: list[tables.Row] = [
        [
            tables.Entry(one.line.name, "" if one.line.kind == "model" else one.line.kind),
            tables.Entry(number(one.cell, n), interval(one.cell, n)),
            *(amount(one.costs[cost]) for cost in COSTS),
            "yes" if id(one) in on_front else "no",
        ]
        for one in spent
    ]
    head = ["Model", names_of(board)[place], *COSTS.values(), "On the frontier"]
    tables.table("Quality and costs", head, rows)


shown(page)
