"""What a run may spend at an endpoint, what it has spent (requests, tokens, money), and who answered."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict, Field

from radbench.sample import Reply


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


class Ledger:
    """Counts what a run spends and which models answer, and says when it must stop."""

    def __init__(self, budget: Budget, prices: Prices | None) -> None:
        self._budget, self._prices = budget, prices
        self.n_requests = 0  # sent, answered or not
        self._n_counted = self._n_uncounted = 0  # answered, with and without the server's count of tokens
        self._n_prompt = self._n_output = 0
        self._served: Counter[str] = Counter()

    def add(self, reply: Reply) -> None:
        """Count a reply's tokens, and the model that served it."""
        if reply.served_model:
            self._served[reply.served_model] += 1
        if reply.tokens is not None:
            self._n_counted += 1
            self._n_prompt += reply.tokens.prompt
            self._n_output += reply.tokens.output
        elif reply.error is None:
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
        return self._n_prompt + self._n_output

    @property
    def money(self) -> float:
        """Money so far; 0 where no prices are known."""
        prices = self._prices
        return (self._n_prompt * prices.prompt + self._n_output * prices.output) / prices.per if prices else 0.0

    def exhausted(self, n_in_flight: int) -> str:
        """Why one more request may not be sent; "" if it may.

        What is in flight counts at the mean of the replies so far, so that a budget is met closely and seldom passed.
        """
        budget = self._budget
        if budget.requests is not None and self.n_requests >= budget.requests:
            return f"the budget of {budget.requests} requests is spent"
        if budget.tokens is None and budget.money is None:
            return ""
        if self._n_uncounted:
            return "the server counts no tokens, so a budget in tokens or money cannot be kept: give one in requests"
        share = 1 + n_in_flight / self._n_counted if self._n_counted else 1.0
        if budget.tokens is not None and self.tokens * share >= budget.tokens:
            return f"the budget of {budget.tokens} tokens is spent ({self.tokens} so far)"
        if budget.money is not None and self.money * share >= budget.money:
            currency = self._prices.currency if self._prices else ""
            return f"the budget of {budget.money:g} {currency} is spent ({self.money:.4f} so far)"
        return ""
