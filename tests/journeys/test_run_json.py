"""`--json`: one document on stdout with fixed keys; exit statuses; what is said where."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from typing import Any

import pytest
from bench import CATALOGUE, TASK, Bench, command, rows, start, wait_for

RUN_KEYS = {
    *("task", "model", "run_dir", "status", "seconds", "metrics"),
    *("n_total", "n_scored", "n_failed", "n_refused", "n_truncated", "n_unparsed", "n_empty", "n_excluded"),
}
METRIC_KEYS = {"id", "signature", "value", "ci", "level", "n_scored"}


def document(arguments: Sequence[str], status: int) -> dict[str, Any]:
    """The one JSON document on stdout of a command that ends with this status."""
    done = command(arguments)
    assert done.returncode == status, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_run_json_is_one_document_with_the_keys_that_programs_rely_on(bench: Bench):
    (run,) = document(bench.arguments("--json"), 0)["runs"]
    assert set(run) >= RUN_KEYS
    assert (run["task"], run["model"], run["status"]) == (TASK, "fake", "complete")
    assert run["run_dir"] == str(bench.only_run().path)
    assert (run["n_total"], run["n_scored"], run["n_excluded"], run["n_failed"]) == (60, 60, 0, 0)
    assert [metric["id"] for metric in run["metrics"]] == ["exact_match", "token_f1", "token_recall"]
    for metric in run["metrics"]:
        assert set(metric) == METRIC_KEYS
        assert metric["ci"][0] <= metric["value"] <= metric["ci"][1]
        assert metric["level"] == 0.95
        assert metric["n_scored"] == 60
    assert run["metrics"][0]["value"] == 0.5


def test_score_json_is_the_same_document(bench: Bench):
    ran = document(bench.arguments("--json"), 0)
    scored = document(["score", str(bench.only_run().path), "--catalog", str(bench.cards), "--draws", "50", "--json"], 0)
    assert scored == ran


def test_what_became_of_replies_is_counted_and_failures_make_the_exit_status_1(bench: Bench):
    arguments = bench.arguments("--json", "--limit", "20", fail_ids="q3,q7=runtime,q8=media,q9=transient")
    (run,) = document(arguments, 1)["runs"]
    assert run["status"] == "complete"
    assert (run["n_total"], run["n_scored"], run["n_excluded"], run["n_failed"]) == (20, 20, 0, 4)
    assert run["metrics"][0]["value"] == 7 / 20


def test_a_shard_has_the_keys_too(bench: Bench):
    (run,) = document(bench.arguments("--json", "--shard", "1/2"), 0)["runs"]
    assert set(run) >= RUN_KEYS
    assert run["metrics"] == []


def test_several_models_and_tasks_are_several_entries(bench: Bench):
    arguments = bench.arguments("--json", "--limit", "5")
    arguments[arguments.index("--model") + 1] = "constant,constant-yes"
    arguments[arguments.index("--task") + 1] = f"{TASK},demo.text-qa"
    without_log = arguments.index("--model-arg")
    found = document([*arguments[:without_log], *arguments[without_log + 2 :]], 0)["runs"]
    assert sorted((run["model"], run["task"]) for run in found) == [
        *(("constant", TASK), ("constant", "demo.text-qa"), ("constant-yes", TASK), ("constant-yes", "demo.text-qa"))
    ]


def test_without_draws_there_are_no_intervals(bench: Bench):
    arguments = bench.arguments("--json", "--limit", "5")
    arguments[arguments.index("--draws") + 1] = "0"
    (run,) = document(arguments, 0)["runs"]
    assert [(metric["ci"], metric["level"]) for metric in run["metrics"]] == [(None, None)] * 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--task", "bench.question"], "no task `bench.question`; did you mean `bench.questions`?"),
        (["--model", "faker"], "no model `faker`; did you mean `fake`?"),
        (["--images", "upside-down"], "upside-down"),
        (["--shard", "5/3"], "--shard `5/3`: expected i/n"),
        (["--task-arg", "shots=many"], "shots"),
        (["--data-agreement", "provider=x"], "`retention` is missing"),
        (["--catalog", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_carried_out_ends_with_status_2_and_one_message(bench: Bench, more: list[str], said: str):
    arguments = bench.arguments("--json")
    if more[0] in arguments and more[0] != "--catalog":
        arguments[arguments.index(more[0]) + 1] = more[1]
    else:
        arguments += more
    done = command(arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not bench.out.exists()


def test_rescoring_asks_no_model(bench: Bench):
    command(bench.arguments())
    asked = bench.asked()
    bench.score["metrics"] = ["rouge"]
    bench.score["primary"] = "rouge_l"
    bench.write_card()
    (run,) = document(["score", str(bench.out), "--catalog", str(bench.cards), "--draws", "0", "--json"], 0)["runs"]
    assert bench.asked() == asked
    assert all("rouge" in metric["id"] for metric in run["metrics"])


def test_progress_does_not_reach_stdout_or_a_stderr_that_is_no_terminal(bench: Bench):
    done = command(bench.arguments("--limit", "8"))
    assert done.stderr == ""
    assert done.stdout.startswith(f"{TASK} x fake: complete")


def test_a_second_interrupt_ends_at_once_with_status_130(bench: Bench):
    process = start(bench.arguments(sleep_s=0.5))
    wait_for(lambda: len(bench.asked()) >= 1, "a question")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert bench.only_run().read_run().status == "partial"
    assert not bench.only_run().lock.exists()


def test_an_imported_file_of_predictions_is_scored_as_a_run(bench: Bench):
    file = bench.folder / "team.jsonl"
    file.write_text("".join(json.dumps({"id": row["id"], "prediction": row["answer"]}) + "\n" for row in rows(59)))
    arguments = ["score", "--predictions", str(file), "--task", TASK, "--catalog", str(bench.cards), "--catalog", str(CATALOGUE)]
    arguments += ["--data-dir", f"jsonl={bench.data}", "--out", str(bench.out), "--json"]
    (run,) = document(arguments, 1)["runs"]
    assert (run["model"], run["n_total"], run["n_failed"]) == ("team", 60, 1)
    assert run["metrics"][0]["value"] == 59 / 60
