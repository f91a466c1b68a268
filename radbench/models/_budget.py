"""What a run may spend at an endpoint, what it has spent (requests, tokens, money), and who answered."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from radbench.sample import Reply, Tokens

_CHARACTERS: Final = 4  # of text, for one token


class Budget(BaseModel):
    """The most that one run may spend, resumed sessions included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)  # of prompts and outputs together
    money: float | None = Field(default=None, gt=0)  # in the currency of the card's prices


class Prices(BaseModel):
    """What an endpoint charges, as its price list says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0)  # for `per` tokens of prompts
    output: float = Field(ge=0)  # for `per` tokens of outputs, thoughts among them
    per: int = Field(default=1_000_000, ge=1)
    currency: str = "USD"
    as_of: str = ""  # the date of the price list
    source: str = ""  # where the price list is


@dataclass(frozen=True, slots=True)
class Size:
    """What is known of a request before it is sent."""

    characters: int  # of its texts; how many tokens a picture is, no server says beforehand
    limit: int | None  # of its output, in tokens; None: none is stated


class Ledger:
    """Counts what a run spends and which models answer, and says whether one more request may be sent.

    What is out is reserved, so that all of it together cannot pass a budget in tokens or money: a prompt at a token for every
    four characters, or at the largest prompt so far where that is more; an output at its limit, else at the largest output so
    far. Until a reply was counted, one request is out at a time. A request for which the reserve leaves no room waits until
    nothing else is out, and is then held against the mean of the replies so far: a budget is passed by no more than what that
    one request takes beyond the mean, and by what replies without a limit take beyond the largest before them.

    In batch files (`is_batch`), where waiting is long, the first ones go together, and largest outputs stand in for limits.
    """

    def __init__(self, budget: Budget, prices: Prices | None, *, is_batch: bool = False) -> None:
        self._budget, self._prices, self._is_batch = budget, prices, is_batch
        self.is_metered = budget.tokens is not None or budget.money is not None
        self.n_requests = 0  # sent, answered or not
        self.n_out = 0  # sent, and not yet settled
        self._n_counted = self._n_uncounted = 0  # answered, with and without the server's count of tokens
        self._used = self._largest = self._reserved = Tokens(0, 0)
        self._served: Counter[str] = Counter()

    def reserve(self, size: Size) -> Tokens | None:
        """Put aside what a request may take, and count it as sent; None where there is no room for it now."""
        if self._budget.requests is not None and self.n_requests >= self._budget.requests:
            return None
        taken = Tokens(0, 0)
        if self.is_metered:
            if self._n_uncounted or (self.n_out and not self._n_counted and not self._is_batch):
                return None
            taken = self._most(size)
            if not self._fits(taken) and (self.n_out or not self._fits(taken := self._expected(size))):
                return None
        self.n_requests += 1
        self.n_out += 1
        self._reserved = _sum(self._reserved, taken)
        return taken

    def settle(self, taken: Tokens, reply: Reply | None) -> None:
        """Give back what was reserved for a request, and count its reply; None: none came."""
        self.n_out -= 1
        self._reserved = Tokens(self._reserved.prompt - taken.prompt, self._reserved.output - taken.output)
        if reply is not None:
            self.add(reply)

    def add(self, reply: Reply) -> None:
        """Count a reply's tokens, and the model that served it."""
        if reply.served_model:
            self._served[reply.served_model] += 1
        if reply.tokens is not None:
            self._n_counted += 1
            self._used = _sum(self._used, reply.tokens)
            self._largest = Tokens(max(self._largest.prompt, reply.tokens.prompt), max(self._largest.output, reply.tokens.output))
        elif reply.error is None and reply.finish_reason != "refused":  # a prompt that is refused is not read, nor charged
            self._n_uncounted += 1

    @property
    def remark(self) -> str:
        """What should be said of the run at its end: that its replies come from more than one served model."""
        if len(self._served) < 2:
            return ""
        return "the server changed its model: " + ", ".join(f"{name} gave {n} replies" for name, n in sorted(self._served.items()))

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return self._used.prompt + self._used.output

    @property
    def money(self) -> float:
        """Money so far; 0 where no prices are known."""
        return self._cost(self._used)

    @property
    def spent(self) -> str:
        """Why there is no room for one more request, said when nothing is out."""
        budget = self._budget
        if budget.requests is not None and self.n_requests >= budget.requests:
            return f"the budget of {budget.requests} requests is spent"
        if self._n_uncounted:
            return "the server counts no tokens, so a budget in tokens or money cannot be kept: give one in requests"
        currency = self._prices.currency if self._prices else ""
        stated = f"{budget.tokens} tokens" if budget.tokens is not None else ""
        used = f"{self.tokens} tokens"
        if budget.money is not None:
            stated += f"{' and ' if stated else ''}{budget.money:g} {currency}"
            used += f", {self.money:.4f} {currency}"
        return f"the budget of {stated} has no room for one more request ({used} used by {self.n_requests} requests)"

    def _most(self, size: Size) -> Tokens:
        """The most that a request may take, as far as can be known."""
        prompt, output = max(math.ceil(size.characters / _CHARACTERS), self._largest.prompt), self._largest.output
        if size.limit is None:
            return Tokens(prompt, output)
        return Tokens(prompt, min(size.limit, output) if self._is_batch and self._n_counted else size.limit)

    def _expected(self, size: Size) -> Tokens:
        """What a request like those before it takes; before the first of them, its prompt alone."""
        if not self._n_counted:
            return Tokens(math.ceil(size.characters / _CHARACTERS), 0)
        prompt, output = round(self._used.prompt / self._n_counted), round(self._used.output / self._n_counted)
        return Tokens(prompt, output if size.limit is None else min(size.limit, output))

    def _fits(self, taken: Tokens) -> bool:
        budget, total = self._budget, _sum(self._used, self._reserved, taken)
        if budget.tokens is not None and total.prompt + total.output > budget.tokens:
            return False
        return budget.money is None or self._cost(total) <= budget.money

    def _cost(self, tokens: Tokens) -> float:
        prices = self._prices
        return (tokens.prompt * prices.prompt + tokens.output * prices.output) / prices.per if prices else 0.0


def _sum(*tokens: Tokens) -> Tokens:
    return Tokens(sum(one.prompt for one in tokens), sum(one.output for one in tokens))
