"""What requests will take, before they are asked: tokens of prompts and of outputs, and their price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from radbench.models.base import output_limit
from radbench.running.requests import render
from radbench.sample import Reply, Request

_CHARACTERS: Final = 4  # of text, for one token


@dataclass(slots=True)
class Estimate:
    """Requests to one model, summed up as its card's `options` say they will be asked."""

    options: Mapping[str, Any]
    n_requests: int = 0
    characters: int = 0  # of their texts and the system text; pictures and earlier turns come on top
    most_output: int = 0  # tokens: the limits of those that have one
    n_unlimited: int = 0

    def add(self, request: Request, times: int = 1) -> None:
        """Count a request, asked so many times."""
        limit = output_limit(request, self.options)
        self.n_requests += times
        self.characters += times * (len(render(request)) + len(str(self.options.get("system") or "")))
        self.most_output += times * (limit or 0)
        self.n_unlimited += times * (limit is None)

    def told(self, earlier: Iterable[Reply]) -> dict[str, Any]:
        """Tokens, price, and what stands behind those of outputs: the mean of `earlier` replies of the model, else their limit.

        `output_tokens` is None where neither is known, `price` too, as where the card states no prices.
        """
        counted = [reply.tokens.output for reply in earlier if reply.tokens is not None]
        prompt, output, by = self.characters // _CHARACTERS, None, "unknown: no limit is stated, and no reply is stored"
        if counted:
            output, by = round(self.n_requests * sum(counted) / len(counted)), f"by the mean of {len(counted)} stored replies"
        elif not self.n_unlimited:
            output, by = self.most_output, "at most, by their limits"
        return {"prompt_tokens": prompt, "output_tokens": output, "outputs": by, "price": self._price(prompt, output)}

    def _price(self, prompt: int, output: int | None) -> str | None:
        prices = self.options.get("prices")
        if not isinstance(prices, Mapping) or output is None:
            return None
        money = (prompt * float(prices["prompt"]) + output * float(prices["output"])) / float(prices.get("per", 1_000_000))
        return f"{money:.{2 if money >= 1 else 4}f} {prices.get('currency', 'USD')}"
