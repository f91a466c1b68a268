"""Judges of a run: made sure of before anything is asked, told in a dry run, interrupted at once, and never asked after a stop."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest
from bench import Bench, command, ids_answered, start, wait_for
from noted_judge import PLUGIN, heard, judge, questions

from radbench.cli import main
from radbench.folder import find_runs

N = 60  # rows of the bench

Radbench = Callable[..., tuple[int, str, str]]  # arguments -> exit status, stdout, stderr


@pytest.fixture
def judged(bench: Bench) -> Bench:
    """The bench with a judge's metric beside one that asks nobody."""
    (bench.cards / "noted.py").write_text(PLUGIN)
    bench.score |= {"metrics": ["answer-text", "noting"]}
    bench.write_card()
    judge(bench)
    return bench


@pytest.fixture
def radbench(capsys: pytest.CaptureFixture[str]) -> Radbench:
    def call(*arguments: str) -> tuple[int, str, str]:
        status = 0
        try:
            main(list(arguments))
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        return status, *capsys.readouterr()

    return call


def close(bench: Bench) -> None:
    """Make the bench's data closed."""
    del bench.ask["dataset_options"]["access"]
    bench.write_card()


def test_a_judge_that_closed_data_may_not_reach_stops_a_run_before_anything_is_asked(judged: Bench, radbench: Radbench):
    close(judged)
    judge(judged, endpoint="https://judge.example.com/v1")

    status, out, err = radbench(*judged.arguments())

    assert (status, out) == (2, "")
    assert "metric noting: this run's text is credentialed data and annotator judge answers at" in err
    assert "--data-agreement 'provider=judge.example.com;" in err
    assert (judged.asked(), questions(judged), find_runs(judged.out)) == ([], [], [])


def test_a_judge_without_its_key_stops_a_run_before_anything_is_asked(judged: Bench, radbench: Radbench):
    judge(judged, endpoint="http://127.0.0.1:1/v1", key="JUDGE_KEY")

    status, out, err = radbench(*judged.arguments())

    assert (status, out) == (2, "")
    assert err == "radbench: metric noting asks `judge`, which cannot be asked: set the environment variable JUDGE_KEY to the key\n"
    assert (judged.asked(), find_runs(judged.out)) == ([], [])


def test_a_judge_that_is_in_no_catalogue_stops_a_run_before_anything_is_asked(judged: Bench, radbench: Radbench):
    (judged.cards / "judge.yaml").rename(judged.cards / "jugde.yaml")

    status, _, err = radbench(*judged.arguments())

    assert status == 2
    assert "metric noting asks `judge`, which cannot be asked: no model `judge`; did you mean `jugde`?" in err
    assert judged.asked() == []


@pytest.mark.parametrize("spelt", ["the-judge", "the_judge"])
def test_weights_that_are_not_where_the_caller_says_stop_a_run(judged: Bench, radbench: Radbench, spelt: str):
    (judged.cards / "judge.yaml").rename(judged.cards / "the-judge.yaml")
    (judged.cards / "noted.py").write_text(PLUGIN.replace('"judge"', '"the-judge"'))

    status, _, err = radbench(*judged.arguments("--weights", f"{spelt}={judged.folder / 'nothing'}"))

    assert status == 2
    assert f"no weights at `{judged.folder / 'nothing'}`" in err
    assert judged.asked() == []


@pytest.mark.parametrize("command", ["run", "score"])
def test_weights_of_a_model_that_nobody_knows_are_refused(judged: Bench, radbench: Radbench, command: str):
    run = judged.arguments()
    asked = run if command == "run" else ["score", str(judged.folder / "nowhere"), "--catalog", str(judged.cards)]

    status, _, err = radbench(*asked, "--weights", f"judgd={judged.folder}")

    assert status == 2
    assert "no model `judgd`; did you mean `judge`?" in err
    assert judged.asked() == []


def test_weights_that_a_card_expects_and_that_are_not_there_cost_a_warning(
    judged: Bench, radbench: Radbench, caplog: pytest.LogCaptureFixture
):
    judge(judged, more="weights: {path: nothing}\n")

    status, _, _ = radbench(*judged.arguments("--limit", "4"))

    assert status == 0
    assert f"no weights of `judge` at {judged.cards / 'nothing'}" in caplog.text
    assert len(judged.asked()) == 4


def test_a_score_pass_keeps_what_needs_no_judge_and_sends_nothing(judged: Bench, radbench: Radbench):
    radbench(*judged.arguments("--limit", "6"))
    close(judged)
    (folder,) = find_runs(judged.out)
    folder.run.write_text(folder.run.read_text().replace('"access": "open"', '"access": "credentialed"'))
    judge(judged, endpoint="https://judge.example.com/v1")
    heard(judged).unlink()

    status, out, err = radbench("score", str(judged.out), "--catalog", str(judged.cards))

    summary = folder.read_summary()
    assert status == 2
    assert "radbench: metric noting: this run's text is credentialed data" in err
    assert "not measured: noting: " in out
    assert "exact_match" in {value.id for value in summary.values}
    assert [problem.partition(":")[0] for problem in summary.problems] == ["noting"]
    assert questions(judged) == []


def test_a_metric_that_does_not_say_whom_it_asks_is_still_kept_from_asking(judged: Bench, radbench: Radbench):
    close(judged)
    judge(judged, endpoint="https://judge.example.com/v1")
    (judged.cards / "noted.py").write_text(PLUGIN.replace('    annotators = ("judge",)\n', ""))

    status, _, err = radbench(*judged.arguments("--limit", "4"))

    (folder,) = find_runs(judged.out)
    assert status == 2
    assert "nothing was sent" in err
    assert "exact_match" in {value.id for value in folder.read_summary().values}
    assert questions(judged) == []


def test_ctrl_c_while_judges_are_asked_stops_at_once_and_the_same_command_asks_the_rest(judged: Bench):
    judge(judged, sleep_s=0.05)
    process = start(judged.arguments())
    wait_for(lambda: len(questions(judged)) >= 5, "five questions to the judge")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (130, "radbench: stopped.\n")
    first = questions(judged)
    assert len(first) < N
    judge(judged)
    done = command(judged.arguments())
    assert done.returncode == 0, done.stderr
    assert sorted(judged.asked()) == sorted(f"q{i}" for i in range(N))
    rest = questions(judged)[len(first) :]
    assert len(set(first) & set(rest)) <= 1  # the one that was out
    assert len({*first, *rest}) == N


def test_after_ctrl_c_while_the_model_is_asked_no_judge_is_asked(judged: Bench):
    process = start(judged.arguments("--json", sleep_s=0.02))
    wait_for(lambda: len(judged.asked()) >= 8, "eight questions to the model")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert len(err.splitlines()) == 1
    (entry,) = json.loads(out)["runs"]
    assert entry["status"] == "partial"
    assert "exact_match" in {metric["id"] for metric in entry["metrics"]}
    assert questions(judged) == []
    assert 0 < len(ids_answered(judged.only_run())) < N
    assert command(judged.arguments()).returncode == 0
    assert len(questions(judged)) == N


@pytest.mark.parametrize(
    ("endpoint", "asked_at", "is_external"),
    [(None, "this machine", False), ("http://10.1.2.3/v1", "10.1.2.3", False), ("https://j.example.com/v1", "j.example.com", True)],
)
def test_a_dry_run_says_whom_metrics_will_ask(judged: Bench, radbench: Radbench, endpoint: str | None, asked_at: str, *, is_external: bool):
    judge(judged, endpoint=endpoint, key="JUDGE_KEY", prices={"prompt": 2.5, "currency": "EUR"})

    status, out, _ = radbench(*judged.arguments("--dry-run", "--json"))
    _, text, _ = radbench(*judged.arguments("--dry-run"))

    (plan,) = json.loads(out)["plans"]
    about = {"metric": "noting", "annotator": "judge", "asked_at": asked_at, "is_external": is_external}
    assert status == 0
    assert plan["annotators"] == [{**about, "prices": "prompt 2.5, currency EUR"}]
    assert f"judge, for metric noting, at {asked_at} ({'external' if is_external else 'local'}), prompt 2.5" in text


def test_a_dry_run_tells_no_password_in_an_address(judged: Bench, radbench: Radbench):
    judge(judged, endpoint="https://me:secret@j.example.com/v1")
    (judged.cards / "mine.yaml").write_text((judged.cards / "judge.yaml").read_text())

    for model in ("judge", "mine"):
        status, out, _ = radbench(*judged.arguments("--model", model, "--dry-run"))
        assert status == 0
        assert "secret" not in out
        assert "not plainly written" in out


def test_a_dry_score_pass_needs_no_key(judged: Bench, radbench: Radbench):
    judge(judged)
    radbench(*judged.arguments("--limit", "6"))
    judge(judged, endpoint="https://j.example.com/v1", key="JUDGE_KEY")

    status, out, _ = radbench("score", str(judged.out), "--catalog", str(judged.cards), "--dry-run")

    assert (status, out) == (0, "nothing would be asked\n")


def test_stored_replies_of_a_judge_lie_with_its_identity_only_once_it_was_asked(judged: Bench, radbench: Radbench):
    radbench(*judged.arguments("--limit", "2"))

    assert len(list(judged.out.glob("annotations/judge/*/identity.json"))) == 1


def test_what_is_missing_among_stored_replies_is_counted_in_the_document_too(judged: Bench, radbench: Radbench):
    radbench(*judged.arguments("--limit", "2"))
    annotations = judged.out / "annotations"
    (replies,) = annotations.rglob("*.jsonl")
    replies.write_text(replies.read_text().splitlines(keepends=True)[0])

    status, out, _ = radbench("score", str(judged.out), "--catalog", str(judged.cards), "--annotations", str(annotations), "--json")

    document = json.loads(out)
    assert (status, document["unanswered"], document["runs"][0]["problems"]) == (1, {"judge": 1}, [])
    assert len(questions(judged)) == 2


def test_why_a_metric_is_not_measured_stands_in_the_document_too(judged: Bench, radbench: Radbench):
    radbench(*judged.arguments("--limit", "2"))

    status, out, _ = radbench("score", str(judged.out), "--catalog", str(judged.cards), "--annotations", str(judged.folder), "--json")

    document = json.loads(out)
    assert status == 1
    assert "noting: no replies of `judge` are stored" in document["runs"][0]["problems"][0]
