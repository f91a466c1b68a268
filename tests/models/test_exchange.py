"""How many requests are out at a time, and what a run has spent: the parts of the family `openai` that need no server."""

from __future__ import annotations

import asyncio

from radbench.models._budget import Budget, Ledger, Prices
from radbench.models._exchange import Gate
from radbench.sample import Reply, Tokens


def test_a_429_halves_what_is_out_and_answers_raise_it_again():
    async def play() -> list[float]:
        gate = Gate(16)
        limits = []
        gate.refused()
        gate.refused()  # of requests sent before the first one
        limits.append(gate.limit)
        for _ in range(8):
            gate.answered()
        limits.append(gate.limit)
        for _ in range(1000):
            gate.answered()
        return [*limits, gate.limit]

    halved, a_round_later, in_the_end = asyncio.run(play())
    assert halved == 8
    assert 8.9 < a_round_later < 9.1
    assert in_the_end == 16


def test_the_gate_lets_no_more_through_than_its_limit_and_everyone_in_the_end():
    async def play() -> int:
        gate, most = Gate(4), 0
        gate.refused()

        async def pass_through() -> None:
            nonlocal most
            async with gate:
                most = max(most, gate.n_out)
                await asyncio.sleep(0)

        await asyncio.gather(*(pass_through() for _ in range(50)))
        return most

    assert asyncio.run(play()) == 2


def test_a_ledger_counts_what_is_out_at_the_mean_of_what_came():
    ledger = Ledger(Budget(tokens=100, money=1.0), Prices(prompt=10, output=100, per=1000))
    assert ledger.exhausted(8) == ""
    ledger.add(Reply(output="", tokens=Tokens(prompt=20, output=2)))  # 22 tokens, 0.4
    assert (ledger.tokens, ledger.money) == (22, 0.4)
    assert ledger.exhausted(1) == ""  # 44 tokens, 0.8
    assert "1 USD" in ledger.exhausted(2)  # 66 tokens, 1.2
    assert "100 tokens" in ledger.exhausted(4)
