"""Runs at an endpoint that stop before their end: killed, interrupted, out of budget, waiting for batch files; and how they go on."""

from __future__ import annotations

import json
import signal

import pytest
from bench import command, ids_answered, rows, start, wait_for
from endpoint import Endpoint, counted
from stub_server import Step, answer, completion, failure

from radbench.cli import main

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


PRICES = "{prompt: 1000, output: 5000, currency: EUR}"  # 14 tokens and 0.03 EUR a reply


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    ("budget", "n", "used"),
    [
        ("{tokens: 60}", 4, "56 tokens"),
        ("{money: 0.18}", 6, "84 tokens, 0.1800 EUR"),
        ("{tokens: 60, money: 9}", 4, "56 tokens, 0.1200 EUR"),
    ],
    ids=["tokens", "money", "both"],
)
def test_a_budget_in_tokens_or_money_is_not_passed_and_the_message_says_what_was_used(
    endpoint: Endpoint, budget: str, n: int, used: str, concurrency: int
):
    endpoint.stub.default = Step(body=completion("yes"), sleep_s=0.02)
    status, entry, _ = endpoint.run(budget=budget, prices=PRICES, concurrency=concurrency)
    assert (status, entry["status"]) == (1, "partial")
    assert len(endpoint.stub.asked) == n
    assert f"has no room for one more request ({used} used by {n} requests): the same command with a larger budget" in entry["message"]


def test_a_resumed_run_counts_what_earlier_sessions_used(endpoint: Endpoint):
    endpoint.run(budget="{tokens: 60}")
    status, entry, _ = endpoint.run(budget="{tokens: 100}")
    assert (status, len(endpoint.stub.asked)) == (1, 7)
    assert "98 tokens used by 7 requests" in entry["message"]
    assert endpoint.run(budget="{tokens: 168}")[0] == 0
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))


def test_a_stated_limit_is_reserved_so_that_long_answers_do_not_pass_the_budget_together(endpoint: Endpoint):
    for line in range(12):  # short at first, then as long as they may be
        usage = {"prompt_tokens": 10, "completion_tokens": 4 if line < 3 else 40, "total_tokens": 0}
        endpoint.stub.script(line, Step(body=json.dumps({**json.loads(completion("yes")), "usage": usage}).encode(), sleep_s=0.02))
    status, entry, _ = endpoint.run("--gen", "max_tokens=40", budget="{tokens: 200}", concurrency=8)
    assert (status, entry["status"]) == (1, "partial")
    assert "192 tokens used by 6 requests" in entry["message"]  # 3 x 14 + 3 x 50


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


# a server that hears no more


def test_a_key_revoked_in_the_middle_stops_the_run_in_one_sentence_and_nothing_is_lost(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STUB_KEY", "sk-very-secret")
    endpoint.stub.closed, endpoint.stub.closes_after = failure(401), 5
    status, entry, err = endpoint.run(api_key_env="STUB_KEY", concurrency=3)
    assert (status, entry["status"], err) == (1, "partial", "")
    host = endpoint.stub.url[7:-3]
    mend = "set a key that may use `stub`; then the same command goes on from here"
    assert entry["message"] == f"{host} refuses the key in STUB_KEY (401): {mend}"
    assert counted(entry) == {"total": 12, "scored": 5, "excluded": 7}
    endpoint.stub.closed = None
    status, entry, _ = endpoint.run(api_key_env="STUB_KEY")
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))


def test_one_prompt_that_a_gateway_forbids_fails_alone(endpoint: Endpoint):
    endpoint.stub.script(5, failure(403))
    status, entry, _ = endpoint.run(concurrency=1)
    assert (status, entry["status"]) == (1, "complete")
    assert counted(entry) == {"total": 12, "scored": 12, "failed": 1}


def test_a_key_that_may_no_longer_ask_stops_the_run_and_nothing_is_lost(endpoint: Endpoint):
    endpoint.stub.closed, endpoint.stub.closes_after = failure(403), 2
    status, entry, _ = endpoint.run(concurrency=1)
    assert (status, entry["status"]) == (1, "partial")
    assert "(403): set a key" in entry["message"]
    assert endpoint.stub.n_calls == 2 + 8
    endpoint.stub.closed = None
    assert endpoint.run()[0] == 0
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))


def test_before_a_run_goes_on_the_rest_is_priced_by_what_was_answered(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]):
    prices = {"prices": "{prompt: 0, output: 100, per: 1}"}
    assert endpoint.run(budget="{requests: 5}", **prices)[0] == 1
    with pytest.raises(SystemExit):
        main(endpoint.command("--dry-run", **prices))
    (plan,) = json.loads(capsys.readouterr().out)["plans"]
    # each reply of the stub takes 4 tokens, and 7 of 12 requests are left
    assert (plan["n_answered"], plan["output_tokens"], plan["price"]) == (5, 28, "2800.00 USD")
    assert plan["outputs"] == "by the mean of 5 stored replies"


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


def test_a_batch_of_failures_alone_is_asked_anew_by_the_same_command(endpoint: Endpoint):
    endpoint.stub.script(7, failure(500))
    for n_asked in (12, 13):
        assert endpoint.run(batch="true")[0] == 1
        assert len(endpoint.stub.asked) == n_asked
    endpoint.stub.script(7, answer("answer to q7"))
    status, entry, _ = endpoint.run(batch="true")
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})


@pytest.mark.parametrize("ends", ["failed", "expired"])
def test_a_batch_that_ends_without_answers_leaves_the_run_partial(endpoint: Endpoint, ends: str):
    endpoint.stub.batch_ends = ends
    status, entry, _ = endpoint.run(batch="true")
    assert (status, entry["status"]) == (1, "partial")
    assert f"ended as `{ends}`" in entry["message"]
    endpoint.stub.batch_ends = "completed"
    status, entry, _ = endpoint.run(batch="true")
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})


def test_files_are_deleted_at_the_provider_once_their_answers_are_written_down(endpoint: Endpoint):
    endpoint.bench.write_rows(rows(60))
    endpoint.stub.script(7, failure(500))
    assert endpoint.run(batch="true")[0] == 1
    assert len(endpoint.stub.batches) == 2
    assert endpoint.stub.files == {}
    assert len(endpoint.predictions()) == 60
    for n_batches in (3, 4):  # what failed is asked anew, though the batch of the time before had the same requests
        assert endpoint.run(batch="true")[0] == 1
        assert (len(endpoint.stub.batches), endpoint.stub.files) == (n_batches, {})


def test_files_stay_where_nobody_knows_whether_their_answers_were_written_down(endpoint: Endpoint):
    endpoint.stub.n_polls = 10_000
    process = start(endpoint.command(batch="true"))
    wait_for(lambda: len(endpoint.stub.batches) == 1, "a batch")
    process.kill()
    process.communicate()
    assert len(endpoint.stub.files) == 1
    endpoint.stub.n_polls = 1
    assert endpoint.run(batch="true")[0] == 0
    assert endpoint.stub.files == {}


def test_files_that_the_provider_keeps_are_named(endpoint: Endpoint):
    endpoint.stub.keeps_files = True
    status, entry, _ = endpoint.run(batch="true")
    assert (status, entry["status"]) == (0, "complete")
    assert entry["message"] == f"127.0.0.1 did not delete the batch files {', '.join(endpoint.stub.files)}: delete them there"


def test_a_key_refused_on_every_line_of_a_batch_stops_the_run_and_no_sample_fails(endpoint: Endpoint):
    endpoint.stub.default = failure(401)
    status, entry, _ = endpoint.run(batch="true")
    assert (status, entry["status"]) == (1, "partial")
    assert entry["message"].startswith("127.0.0.1 refuses the key for every request of a batch (401)")
    assert counted(entry) == {"total": 12, "excluded": 12}
    endpoint.stub.default = None
    status, entry, _ = endpoint.run(batch="true")
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})


def test_a_key_refused_on_one_line_of_a_batch_fails_that_sample(endpoint: Endpoint):
    endpoint.stub.script(7, failure(401))
    status, entry, _ = endpoint.run(batch="true")
    assert (status, counted(entry)) == (1, {"total": 12, "scored": 12, "failed": 1})
    assert endpoint.predictions()["q7"]["error"] == "the server said 401: it refuses the key"


def test_a_budget_bounds_a_batch(endpoint: Endpoint):
    status, entry, _ = endpoint.run(batch="true", budget="{requests: 5}")
    assert (status, entry["status"]) == (1, "partial")
    assert len(endpoint.stub.asked) == 5
    assert endpoint.run(budget="{requests: 12}")[0] == 0
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))


def test_a_budget_in_tokens_bounds_a_batch_and_the_message_says_what_was_used(endpoint: Endpoint):
    endpoint.bench.write_rows(rows(60))
    status, entry, _ = endpoint.run("--gen", "max_tokens=4", batch="true", budget="{tokens: 390}")
    assert (status, entry["status"]) == (1, "partial")
    # 60 characters and a limit of 4 reserve 19 tokens; from line 10 on they are 61 and reserve 20; each reply takes 14
    assert "280 tokens used by 20 requests" in entry["message"]
    assert sorted(endpoint.stub.asked_lines()) == list(range(20))


def test_after_a_first_batch_limits_far_above_the_replies_do_not_stop_the_run(endpoint: Endpoint):
    endpoint.bench.write_rows(rows(60))
    status, entry, _ = endpoint.run("--gen", "max_tokens=500", batch="true", budget="{tokens: 14000}")
    assert (status, entry["status"]) == (0, "complete")


@pytest.mark.parametrize("code", [401, 403])
def test_a_key_that_the_interface_of_batches_refuses_ends_the_run_in_one_sentence(endpoint: Endpoint, code: int):
    endpoint.stub.closed = failure(code)
    status, _, err = endpoint.run(batch="true")
    assert status == 2
    assert f"refuses a request without a key (`api_key_env` names none) ({code})" in err
    assert len(err.strip().splitlines()) == 1


def test_a_server_without_batch_files_is_told_in_one_sentence(endpoint: Endpoint):
    endpoint.stub.closed = failure(404)
    status, _, err = endpoint.run(batch="true")
    assert (status, err) == (2, "radbench: 127.0.0.1 takes no batch files (404): ask it without `batch`\n")


def test_a_key_revoked_between_batches_stops_the_run_and_nothing_is_lost(endpoint: Endpoint):
    endpoint.bench.write_rows(rows(60))
    endpoint.stub.closed, endpoint.stub.closes_after = failure(401), 5  # list, upload, begin, look, fetch: one batch
    status, entry, _ = endpoint.run(batch="true")
    assert (status, entry["status"]) == (1, "partial")
    assert entry["message"].endswith("then the same command goes on from here")
    assert counted(entry) == {"total": 60, "scored": 25, "excluded": 35}
    endpoint.stub.closed = None
    assert endpoint.run(batch="true")[0] == 0
    assert sorted(endpoint.stub.asked_lines()) == list(range(60))


def test_a_missing_key_of_one_model_is_told_before_another_is_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(SystemExit) as left:
        main(["run", "--model", "constant-yes,gpt-4o", "--task", "demo.vqa", "--limit", "2", "--out", str(tmp_path)])

    assert left.value.code == 2
    assert "OPENAI_API_KEY" in capsys.readouterr().err
    assert not list(tmp_path.rglob("predictions.jsonl"))
