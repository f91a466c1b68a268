"""How many requests are out at a time, and what a run has spent: the parts of the family `openai` that need no server."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from radbench.models._budget import Budget, Ledger, Prices, Size
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


# budgets


def answered(prompt: int, output: int) -> Reply:
    return Reply(output="", tokens=Tokens(prompt, output))


def test_what_is_out_is_reserved_with_four_characters_a_token_and_the_limit_of_the_output():
    ledger = Ledger(Budget(tokens=100), None)
    ledger.add(answered(2, 2))  # 96 are left
    assert ledger.reserve(Size(characters=79, limit=30)) == Tokens(20, 30)
    assert ledger.reserve(Size(characters=79, limit=30)) is None  # 50 would do, 46 are left
    assert ledger.reserve(Size(characters=64, limit=30)) == Tokens(16, 30)


def test_without_a_limit_the_largest_reply_so_far_is_reserved():
    ledger = Ledger(Budget(tokens=1000), None)
    ledger.add(answered(300, 5))  # an image: no character tells how many tokens it is
    ledger.add(answered(10, 20))
    assert ledger.reserve(Size(characters=40, limit=None)) == Tokens(300, 20)


def test_until_a_reply_was_counted_one_request_is_out_at_a_time():
    ledger = Ledger(Budget(tokens=1000), None)
    first = ledger.reserve(Size(40, 10))
    assert first is not None
    assert ledger.reserve(Size(40, 10)) is None
    ledger.settle(first, answered(12, 3))
    assert ledger.reserve(Size(40, 10)) is not None
    assert ledger.reserve(Size(40, 10)) is not None


def test_the_last_request_is_alone_and_held_against_the_mean_of_those_before():
    def after_two(money: float) -> Ledger:
        ledger = Ledger(Budget(money=money), Prices(prompt=10, output=100, per=1000))
        ledger.add(answered(20, 3))  # 0.5
        ledger.add(answered(20, 1))  # 0.3
        return ledger

    size = Size(80, 500)  # its limit alone would cost 50; what the others took on average is 0.4
    assert after_two(1.2).reserve(size) == Tokens(20, 2)
    spent = after_two(1.19)
    assert spent.reserve(size) is None
    assert spent.spent == "the budget of 1.19 USD has no room for one more request (44 tokens, 0.8000 USD used by 0 requests)"


def test_a_prompt_that_is_refused_costs_nothing_and_a_server_that_counts_nothing_is_told():
    ledger = Ledger(Budget(tokens=100), None)
    ledger.add(Reply(output="", finish_reason="refused"))
    ledger.add(Reply(error="the server said 500"))
    assert ledger.reserve(Size(4, None)) == Tokens(1, 0)
    ledger.add(Reply(output="No."))
    assert ledger.reserve(Size(4, None)) is None
    assert "counts no tokens" in ledger.spent


def test_a_budget_in_requests_and_none_at_all_reserve_nothing():
    ledger = Ledger(Budget(requests=2), None)
    assert [ledger.reserve(Size(400, 900)) for _ in range(3)] == [Tokens(0, 0), Tokens(0, 0), None]
    assert ledger.spent == "the budget of 2 requests is spent"


def test_in_batch_files_the_largest_output_stands_in_for_the_limit_once_one_is_known():
    ledger = Ledger(Budget(tokens=10_000), None, is_batch=True)
    assert [ledger.reserve(Size(40, 500)) for _ in range(2)] == [Tokens(10, 500)] * 2
    ledger.settle(Tokens(10, 500), answered(10, 7))
    assert ledger.reserve(Size(40, 500)) == Tokens(10, 7)


@given(
    budget=st.integers(1, 3000),
    outputs=st.lists(st.integers(0, 50), min_size=1, max_size=60),
    concurrency=st.integers(1, 16),
    is_limited=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_a_budget_is_passed_by_one_requests_misestimate_at_most(budget, outputs, concurrency, is_limited, order):
    """Prompts of 10 tokens, outputs of up to 50: with limits stated, only the last request, which is alone, can pass the budget."""
    ledger, out, waiting = Ledger(Budget(tokens=budget), None), [], list(outputs)
    while waiting or out:
        taken = ledger.reserve(Size(40, 50 if is_limited else None)) if waiting and len(out) < concurrency else None
        if taken is not None:
            out.append((taken, waiting.pop()))
        elif out:
            reserved, output = out.pop(order.randrange(len(out)))
            before = ledger.tokens
            ledger.settle(reserved, answered(10, output))
            if is_limited:
                assert ledger.tokens <= budget or (not out and before <= budget)
        else:
            break
    assert ledger.n_out == 0
    if is_limited:
        assert ledger.tokens <= budget + 60
    if waiting:  # stopped: no request like the mean would have fitted
        assert ledger.tokens + 10 + max(outputs) > budget
