"""Runs at an endpoint that stop before their end: killed, interrupted, out of budget, waiting for batch files; and how they go on."""

from __future__ import annotations

import json
import signal

import pytest
from bench import command, ids_answered, rows, start, wait_for
from endpoint import Endpoint, counted
from stub_server import Step, answer, completion, failure

pytest.importorskip("openai", reason="needs the extra `api`")


# stops


def test_a_killed_run_loses_at_most_what_was_out_and_asks_nothing_twice(endpoint: Endpoint):
    endpoint.bench.write_rows(rows(60))
    endpoint.stub.default = Step(body=completion("yes"), sleep_s=0.02)
    arguments = endpoint.command(concurrency=4)
    process = start(arguments)
    wait_for(lambda: len(endpoint.stub.asked) >= 20, "twenty requests")
    process.kill()
    process.communicate()
    answered = ids_answered(endpoint.bench.only_run())
    asked = len(endpoint.stub.asked)
    assert asked - len(answered) <= 4 + 4  # those out, and those that had come and were about to be written
    assert command(arguments).returncode == 0
    assert sorted(ids_answered(endpoint.bench.only_run())) == sorted(f"q{i}" for i in range(60))
    again = {f"q{line}" for line in endpoint.stub.asked_lines()[asked:]}
    assert not again & set(answered)


def test_ctrl_c_waits_for_what_is_out_and_says_in_one_sentence_how_to_go_on(endpoint: Endpoint):
    endpoint.bench.write_rows(rows(60))
    endpoint.stub.default = Step(body=completion("yes"), sleep_s=0.05)
    process = start(endpoint.command(concurrency=2))
    wait_for(lambda: len(endpoint.stub.asked) >= 4, "four requests")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert len([line for line in err.splitlines() if line.startswith("radbench: stopping")]) == 1
    (entry,) = json.loads(out)["runs"]
    assert entry["status"] == "partial"
    assert "the same command goes on from here" in entry["message"]
    assert len(ids_answered(endpoint.bench.only_run())) == len(endpoint.stub.asked) < 60


# budgets


def test_a_budget_in_requests_stops_cleanly_and_a_larger_one_goes_on(endpoint: Endpoint):
    status, entry, _ = endpoint.run(budget="{requests: 5}", concurrency=2)
    assert status == 1
    assert entry["status"] == "partial"
    assert "the budget of 5 requests is spent" in entry["message"]
    assert "goes on from here" in entry["message"]
    assert len(endpoint.stub.asked) == 5
    endpoint.run(budget="{requests: 5}")
    assert len(endpoint.stub.asked) == 5
    status, entry, _ = endpoint.run(budget="{requests: 12}")
    assert (status, entry["status"]) == (0, "complete")
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))


@pytest.mark.parametrize("budget", ["{tokens: 60}", "{money: 0.18}"], ids=["tokens", "money"])
def test_a_budget_in_tokens_or_money_is_not_passed_by_more_than_what_was_out(endpoint: Endpoint, budget: str):
    prices = "{prompt: 1000, output: 5000, currency: EUR}"  # 14 tokens and 0.03 EUR a reply
    status, entry, _ = endpoint.run(budget=budget, prices=prices, concurrency=1)
    assert (status, entry["status"]) == (1, "partial")
    assert len(endpoint.stub.asked) == (5 if "tokens" in budget else 6)
    assert ("60 tokens" if "tokens" in budget else "0.18 EUR") in entry["message"]


def test_a_budget_in_tokens_needs_a_server_that_counts_them(endpoint: Endpoint):
    endpoint.stub.default = answer("yes", usage=False)
    _, entry, _ = endpoint.run(budget="{tokens: 60}", concurrency=1)
    assert entry["status"] == "partial"
    assert "the server counts no tokens" in entry["message"]
    assert len(endpoint.stub.asked) == 1


def test_a_budget_in_money_needs_prices(endpoint: Endpoint):
    status, _, err = endpoint.run(budget="{money: 2}")
    assert status == 2
    assert "needs `prices`" in err


# batch files


def test_a_task_is_answered_by_batch_files(endpoint: Endpoint):
    endpoint.stub.script(5, failure(400, code="content_filter"))
    endpoint.stub.script(7, failure(500))
    endpoint.stub.n_polls = 2
    status, entry, _ = endpoint.run(batch="true")
    assert status == 1
    assert counted(entry) == {"total": 12, "scored": 12, "refused": 1, "failed": 1}
    assert len(endpoint.stub.batches) == 1
    assert endpoint.predictions()["q3"]["output"] == "answer to q3"


def test_a_run_stopped_while_its_batch_waits_takes_the_answers_of_that_batch(endpoint: Endpoint):
    endpoint.stub.n_polls = 10_000
    process = start(endpoint.command(batch="true"))
    wait_for(lambda: len(endpoint.stub.batches) == 1, "a batch")
    process.kill()
    process.communicate()
    endpoint.stub.n_polls = 1
    status, entry, _ = endpoint.run(batch="true")
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})
    assert len(endpoint.stub.batches) == 1


@pytest.mark.parametrize("ends", ["failed", "expired"])
def test_a_batch_that_ends_without_answers_leaves_the_run_partial(endpoint: Endpoint, ends: str):
    endpoint.stub.batch_ends = ends
    status, entry, _ = endpoint.run(batch="true")
    assert (status, entry["status"]) == (1, "partial")
    assert f"ended as `{ends}`" in entry["message"]
    endpoint.stub.batch_ends = "completed"
    status, entry, _ = endpoint.run(batch="true")
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})


def test_a_budget_bounds_a_batch(endpoint: Endpoint):
    status, entry, _ = endpoint.run(batch="true", budget="{requests: 5}")
    assert (status, entry["status"]) == (1, "partial")
    assert len(endpoint.stub.asked) == 5
    assert endpoint.run(budget="{requests: 12}")[0] == 0
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))
