"""What requests will take: tokens by characters, by limits and by earlier replies, and the price of all."""

from __future__ import annotations

import pytest

from radbench.running.estimates import Estimate
from radbench.sample import Reply, Request, Tokens, Turn

PRICES = {"prompt": 2.0, "output": 10.0, "per": 1000, "currency": "EUR"}


def request(characters: int, limit: int | None = None, kind: str = "generate") -> Request:
    return Request(kind=kind, turns=(Turn("user", ("x" * characters,)),), max_new_tokens=limit)  # type: ignore[arg-type]  # a kind that exists


def test_without_earlier_replies_outputs_are_priced_by_their_limits():
    estimate = Estimate({"prices": PRICES, "system": "y" * 40})
    estimate.add(request(360, limit=50), times=3)
    estimate.add(request(360, limit=20))

    prompt, output = 4 * (360 + 40) // 4, 3 * 50 + 20

    assert estimate.n_requests == 4
    assert estimate.told([]) == {
        "prompt_tokens": prompt,
        "output_tokens": output,
        "outputs": "at most, by their limits",
        "price": f"{(prompt * 2 + output * 10) / 1000:.2f} EUR",
    }


def test_with_earlier_replies_outputs_are_priced_by_their_mean():
    estimate = Estimate({"prices": PRICES})
    estimate.add(request(400, limit=500), times=10)
    earlier = [Reply(output="a", tokens=Tokens(9, 30)), Reply(output="b", tokens=Tokens(9, 40)), Reply(output="not counted")]

    told = estimate.told(earlier)

    assert (told["output_tokens"], told["outputs"]) == (10 * 35, "by the mean of 2 stored replies")
    assert told["price"] == f"{(1000 * 2 + 350 * 10) / 1000:.2f} EUR"


def test_a_price_that_cannot_be_known_is_not_told():
    estimate = Estimate({"prices": PRICES})
    estimate.add(request(40))

    assert estimate.told([])["output_tokens"] is None
    assert estimate.told([])["price"] is None
    assert Estimate({}).told([Reply(output="", tokens=Tokens(1, 1))])["price"] is None


@pytest.mark.parametrize(
    ("options", "limit", "kind", "expected"),
    [
        ({"generation": {"max_tokens": 100}}, None, "generate", 100),
        ({"generation": {"max_tokens": 100}}, 30, "generate", 30),
        ({"generation": {"max_completion_tokens": 20}}, 30, "generate", 20),
        ({"thinking_tokens": 1000}, 30, "generate", 1030),
        ({"generation": {"max_tokens": 100}, "thinking_tokens": 1000}, 30, "generate", 100),
        ({"generation": {"max_tokens": 100}}, 30, "rank", 1),
    ],
)
def test_the_limit_is_that_by_which_the_model_will_be_asked(options: dict[str, object], limit: int | None, kind: str, expected: int):
    estimate = Estimate(options)
    estimate.add(request(4, limit, kind))

    assert estimate.told([])["output_tokens"] == expected
