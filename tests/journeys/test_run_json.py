"""`--json`: one document on stdout with fixed keys; exit statuses; what is said where."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bench import CATALOGUE, TASK, Bench, command, rows, start, wait_for

from radbench.cli import main

RUN_KEYS = {
    *("task", "model", "run_dir", "status", "seconds", "metrics"),
    *("n_total", "n_scored", "n_failed", "n_refused", "n_truncated", "n_unparsed", "n_empty", "n_excluded"),
}
METRIC_KEYS = {"id", "signature", "value", "ci", "level", "n_scored"}


Call = Callable[[Sequence[str]], "Done"]


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    def runs(self, status: int = 0) -> list[dict[str, Any]]:
        """The runs in the one JSON document on stdout of a command that ended with this status."""
        assert self.status == status, self.err
        found: list[dict[str, Any]] = json.loads(self.out)["runs"]
        return found


@pytest.fixture
def radbench(capsys: pytest.CaptureFixture[str]) -> Call:
    """`radbench ...` in this process."""

    def call(arguments: Sequence[str]) -> Done:
        status = 0
        try:
            main(list(arguments))
        except SystemExit as left:
            status = int(left.code or 0)
        written = capsys.readouterr()
        return Done(status, written.out, written.err)

    return call


def test_run_json_is_one_document_with_the_keys_that_programs_rely_on(bench: Bench, radbench: Call):
    (run,) = radbench(bench.arguments("--json")).runs()
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


def test_score_json_is_the_same_document(bench: Bench, radbench: Call):
    ran = radbench(bench.arguments("--json")).runs()
    scored = radbench(["score", str(bench.only_run().path), "--catalog", str(bench.cards), "--draws", "50", "--json"]).runs()
    assert scored == ran


def test_what_became_of_replies_is_counted_and_failures_make_the_exit_status_1(bench: Bench, radbench: Call):
    arguments = bench.arguments("--json", "--limit", "20", fail_ids="q3,q7=runtime,q8=media,q9=transient")
    (run,) = radbench(arguments).runs(1)
    assert run["status"] == "complete"
    assert (run["n_total"], run["n_scored"], run["n_excluded"], run["n_failed"]) == (20, 20, 0, 4)
    assert run["metrics"][0]["value"] == 7 / 20


def test_a_shard_has_the_keys_too(bench: Bench, radbench: Call):
    (run,) = radbench(bench.arguments("--json", "--shard", "1/2")).runs()
    assert set(run) >= RUN_KEYS
    assert run["metrics"] == []


def test_several_models_and_tasks_are_several_entries(bench: Bench, radbench: Call):
    arguments = bench.arguments("--json", "--limit", "5")
    arguments[arguments.index("--model") + 1] = "constant,constant-yes"
    arguments[arguments.index("--task") + 1] = f"{TASK},demo.text-qa"
    without_log = arguments.index("--model-arg")
    found = radbench([*arguments[:without_log], *arguments[without_log + 2 :]]).runs()
    assert sorted((run["model"], run["task"]) for run in found) == [
        *(("constant", TASK), ("constant", "demo.text-qa"), ("constant-yes", TASK), ("constant-yes", "demo.text-qa"))
    ]


def test_without_draws_there_are_no_intervals(bench: Bench, radbench: Call):
    arguments = bench.arguments("--json", "--limit", "5")
    arguments[arguments.index("--draws") + 1] = "0"
    (run,) = radbench(arguments).runs()
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
def test_what_cannot_be_carried_out_ends_with_status_2_and_one_message(bench: Bench, radbench: Call, more: list[str], said: str):
    arguments = bench.arguments("--json")
    if more[0] in arguments and more[0] != "--catalog":
        arguments[arguments.index(more[0]) + 1] = more[1]
    else:
        arguments += more
    done = radbench(arguments)
    assert done.status == 2
    assert done.out == ""
    assert said in done.err
    assert "Traceback" not in done.err
    assert not bench.out.exists()


def test_rescoring_asks_no_model(bench: Bench, radbench: Call):
    radbench(bench.arguments())
    asked = bench.asked()
    bench.score["metrics"] = ["rouge"]
    bench.score["primary"] = "rougeL"
    bench.write_card()
    (run,) = radbench(["score", str(bench.out), "--catalog", str(bench.cards), "--draws", "0", "--json"]).runs()
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


def test_an_imported_file_of_predictions_is_scored_as_a_run(bench: Bench, radbench: Call):
    file = bench.folder / "team.jsonl"
    file.write_text("".join(json.dumps({"id": row["id"], "prediction": row["answer"]}) + "\n" for row in rows(59)))
    arguments = ["score", "--predictions", str(file), "--task", TASK, "--catalog", str(bench.cards), "--catalog", str(CATALOGUE)]
    arguments += ["--data-dir", f"jsonl={bench.data}", "--out", str(bench.out), "--json"]
    (run,) = radbench(arguments).runs(1)
    assert (run["model"], run["n_total"], run["n_failed"]) == ("team", 60, 1)
    assert run["metrics"][0]["value"] == 59 / 60


def test_slips_in_the_score_half_are_named_and_the_rest_is_measured(bench: Bench, radbench: Call):
    bench.score |= {"primary": "exact_mach", "subgroups": ["knid"]}
    bench.write_card()
    done = radbench([*bench.arguments(), "--draws", "0"])
    assert done.status == 1
    assert "primary: no metric gives `exact_mach`; did you mean `exact_match`?" in done.out
    assert "subgroups: no sample has `knid`" in done.out


def test_the_reasons_of_failures_stand_beside_their_count(bench: Bench, radbench: Call):
    done = radbench(bench.arguments(fail_ids="q1,q2=media"))
    assert done.status == 1
    assert "n_failed=2" in done.out
    assert len(re.findall(r"^    1 failed: ", done.out, re.MULTILINE)) == 2


def test_predictions_of_no_sample_of_the_task_are_remarked(bench: Bench, radbench: Call):
    file = bench.folder / "predictions.csv"
    file.write_text("id,prediction\nq0,yes\nzzz,no\n")
    where = ["--catalog", str(bench.cards), "--data-dir", f"jsonl={bench.data}", "--out", str(bench.out)]
    done = radbench(["score", "--predictions", str(file), "--task", TASK, *where])
    assert "1 predictions of predictions.csv are of no sample of bench.questions: zzz" in done.out


def test_a_data_dir_that_no_task_uses_is_refused(bench: Bench, radbench: Call):
    done = radbench([*bench.arguments(), "--data-dir", "jsnol=."])
    assert done.status == 2
    assert "did you mean `jsonl`?" in done.err


def test_a_run_without_its_files_is_named(bench: Bench, radbench: Call):
    (run,) = radbench([*bench.arguments(), "--json"]).runs()
    (Path(run["run_dir"]) / "predictions.jsonl").unlink()
    done = radbench(["score", run["run_dir"]])
    assert done.status == 2
    assert "has no predictions.jsonl" in done.err
