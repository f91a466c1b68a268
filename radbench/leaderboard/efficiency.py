"""Quality against what it costs: seconds, tokens and money a reply, and parameters, for each line of a board's column."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from radbench.leaderboard.board import Board
from radbench.leaderboard.cells import Cell, Line, Part

Cost: TypeAlias = Literal["seconds", "tokens", "price", "parameters"]

COSTS: Final[tuple[Cost, ...]] = ("seconds", "tokens", "price", "parameters")
_SIZES: Final = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_COUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([KMBT])(?![A-Za-z])|(?=parameters)|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the answered lines of one journal say they took; sums."""

    n_timed: int = 0  # replies that state seconds
    seconds: float = 0.0  # wall time; of a batch, its share
    n_counted: int = 0  # replies that state tokens
    prompt_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.n_timed + other.n_timed,
            self.seconds + other.seconds,
            self.n_counted + other.n_counted,
            self.prompt_tokens + other.prompt_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """A line's quality and costs; None: not stated or not recorded."""

    line: Line
    cell: Cell
    seconds: float | None  # a reply
    tokens: float | None  # a reply: prompt and output
    price: float | None  # of a thousand replies
    currency: str  # of the price
    parameters: float | None

    def cost(self, name: Cost) -> float | None:
        """One of the costs."""
        found: float | None = getattr(self, name)
        return found


def usage(predictions: Path) -> Usage:
    """What a journal records. A torn last line and lines that are no JSON are passed over: scoring names them."""
    n_timed, seconds, n_counted, prompt, output = 0, 0.0, 0, 0, 0
    if not predictions.exists():
        return Usage()
    with predictions.open("rb") as file:
        for line in file:
            if b'"seconds"' not in line and b'"tokens"' not in line:
                continue
            try:
                reply = json.loads(line)
            except ValueError:
                continue
            if "error" in reply:
                continue
            if reply.get("seconds"):
                n_timed, seconds = n_timed + 1, seconds + float(reply["seconds"])
            if tokens := reply.get("tokens"):
                n_counted, prompt, output = n_counted + 1, prompt + int(tokens["prompt"]), output + int(tokens["output"])
    return Usage(n_timed, seconds, n_counted, prompt, output)


def efficiency(board: Board, place: int, usage_of: Callable[[Path], Usage] = usage) -> list[Spent]:
    """Each line of our own that has a defined value in a column, with its costs over the tasks of that column."""
    return [
        _spent(line, cell, usage_of)
        for line, cell in board.column(place)
        if cell.parts and cell.value is not None and line.kind in ("model", "baseline")
    ]


def pareto(spent: Sequence[Spent], name: Cost) -> list[Spent]:
    """The lines that no other beats in quality at the same or a lower cost, the cheapest first; cells not compared take no part."""
    known = [one for one in spent if one.cost(name) is not None and one.cell.is_comparable]
    front: list[Spent] = []
    for one in sorted(known, key=lambda one: (one.cost(name) or 0.0, -_quality(one))):
        if not front or _quality(one) > _quality(front[-1]):
            front.append(one)
    return front


def parameter_count(text: str) -> float | None:
    """The number that a card's `parameters` begins with.

    >>> parameter_count("7B"), parameter_count("110M, 3 layers"), parameter_count("unstated")
    (7000000000.0, 110000000.0, None)
    """
    found = _COUNT.match(text)
    return float(found[1]) * _SIZES[(found[2] or "").upper()] if found else None


def _spent(line: Line, cell: Cell, usage_of: Callable[[Path], Usage]) -> Spent:
    used = [usage_of(part.folder.predictions) for part in cell.parts]
    whole = sum(used, Usage())
    price, currency = _price(cell.parts, used)
    stated = str(cell.parts[0].run.model_card.get("about", {}).get("parameters", ""))
    return Spent(
        line,
        cell,
        whole.seconds / whole.n_timed if whole.n_timed else None,
        (whole.prompt_tokens + whole.output_tokens) / whole.n_counted if whole.n_counted else None,
        price,
        currency,
        parameter_count(stated),
    )


def _price(parts: Iterable[Part], used: Sequence[Usage]) -> tuple[float | None, str]:
    """Of a thousand replies by the prices that the model's card states; None where a run states none or counted no tokens."""
    money, n, currencies = 0.0, 0, set()
    for part, one in zip(parts, used, strict=True):
        prices = _prices(part.run.model_card)
        if prices is None or not one.n_counted:
            return None, ""
        per = float(prices.get("per", 1_000_000))
        money += (one.prompt_tokens * float(prices["prompt"]) + one.output_tokens * float(prices["output"])) / per
        n += one.n_counted
        currencies.add(str(prices.get("currency", "USD")))
    return (1000 * money / n, currencies.pop()) if len(currencies) == 1 else (None, "")


def _prices(card: dict[str, Any]) -> dict[str, Any] | None:
    found = card.get("options", {}).get("prices") or card.get("arguments", {}).get("prices")
    return found if isinstance(found, dict) and "prompt" in found and "output" in found else None


def _quality(spent: Spent) -> float:
    assert spent.cell.value is not None  # `efficiency` takes no others
    return -spent.cell.value if spent.cell.lower_is_better else spent.cell.value
