"""What the runs behind a cell took: seconds, memory, tokens and money, and the parameters that the model's card states."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from radbench.catalog.cards import Cost
from radbench.leaderboard.cells import Asked, Outlay

COSTS: Final[Mapping[Cost, str]] = {
    "seconds": "seconds a reply",
    "memory": "peak main memory, GiB",
    "gpu_memory": "peak GPU memory, GiB",
    "tokens": "tokens a reply",
    "price": "price of 1,000 replies",
    "parameters": "parameters, billions",
}
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


def costs(asked: Sequence[Asked]) -> dict[Cost, Outlay]:
    """All costs of some runs of one model together: means over their replies, and the highest peak of memory.

    A cost that one of the runs does not record, or the card does not state, has the value None.
    """
    used = [usage(one.folder.predictions) for one in asked]
    n_timed, n_counted = sum(one.n_timed for one in used), sum(one.n_counted for one in used)
    tokens = sum(one.prompt_tokens + one.output_tokens for one in used)
    price, currency = _price(asked, used)
    count = parameter_count(str(asked[0].run.model_card.get("about", {}).get("parameters", "")))
    return {
        "seconds": Outlay(_share(sum(one.seconds for one in used), n_timed, all(one.n_timed for one in used)), n_timed),
        "memory": Outlay(_peak(asked, "main")),
        "gpu_memory": Outlay(_peak(asked, "gpu")),
        "tokens": Outlay(_share(tokens, n_counted, all(one.n_counted for one in used)), n_counted),
        "price": Outlay(price, n_counted, currency),
        "parameters": Outlay(None if count is None else count / 1e9),
    }


def usage(predictions: Path) -> Usage:
    """What a journal records. A torn last line and lines that are no JSON are passed over: scoring names them."""
    try:
        found = predictions.stat()
    except OSError:
        return Usage()
    return _usage(predictions, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4096)
def _usage(predictions: Path, _size: int, _changed_ns: int) -> Usage:
    """Read once for each content of a journal: boards ask again for every column."""
    n_timed, seconds, n_counted, prompt, output = 0, 0.0, 0, 0, 0
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


def frontier(points: Sequence[tuple[Outlay, float]]) -> list[int]:
    """Which of (cost, quality), higher being better, no other beats at the same or a lower cost; the cheapest first, one of equals.

    None of costs that are not known, and none at all where prices are in several currencies: radbench knows no rates.
    """
    known = {at: cost.value for at, (cost, _) in enumerate(points) if cost.value is not None}
    if len({points[at][0].currency for at in known}) > 1:
        return []
    found: list[int] = []
    for at in sorted(known, key=lambda at: (known[at], -points[at][1])):
        if not found or points[at][1] > points[found[-1]][1]:
            found.append(at)
    return found


def parameter_count(text: str) -> float | None:
    """The number that a card's `parameters` begins with.

    >>> parameter_count("7B"), parameter_count("110M, 3 layers"), parameter_count("unstated")
    (7000000000.0, 110000000.0, None)
    """
    found = _COUNT.match(text)
    return float(found[1]) * _SIZES[(found[2] or "").upper()] if found else None


def _share(total: float, n: int, is_known: bool) -> float | None:
    return total / n if n and is_known else None


def _peak(asked: Sequence[Asked], kind: str) -> float | None:
    """In GiB; None where a run records none: it asked an endpoint, used no GPU, read predictions of a file, or is of an older radbench."""
    peaks = [one.run.memory.get(kind) for one in asked]
    known = [peak for peak in peaks if peak]
    return max(known) / 2**30 if known and len(known) == len(peaks) else None


def _price(asked: Sequence[Asked], used: Sequence[Usage]) -> tuple[float | None, str]:
    """Of a thousand replies by the prices that the model's card states; None where a run states none or counted no tokens."""
    money, n, currencies = 0.0, 0, set()
    for one, took in zip(asked, used, strict=True):
        prices = _prices(one.run.model_card)
        if prices is None or not took.n_counted:
            return None, ""
        per = float(prices.get("per", 1_000_000))
        money += (took.prompt_tokens * float(prices["prompt"]) + took.output_tokens * float(prices["output"])) / per
        n += took.n_counted
        currencies.add(str(prices.get("currency", "USD")))
    return (1000 * money / n, currencies.pop()) if len(currencies) == 1 else (None, "")


def _prices(card: dict[str, Any]) -> dict[str, Any] | None:
    found = card.get("options", {}).get("prices") or card.get("arguments", {}).get("prices")
    return found if isinstance(found, dict) and "prompt" in found and "output" in found else None
