"""No way to send credentialed data to an external host: not by any command, spelling of the host, or part of the catalogue."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bench import TASK, Bench, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stub_server import StubServer

from radbench import evaluate
from radbench.cli import main
from radbench.errors import DataTermsError
from radbench.folder import find_runs
from radbench.terms import host_of, is_local

AGREEMENT = "provider=judge.example.com;retention=none;training=no;review=no;by=A. Person;date=2026-01-01"

# A family that would write down whatever reached it, and a metric that asks one of it.
PLUGIN = """
from pathlib import Path

from radbench import Reply, SumMetric, register
from radbench.metrics.base import Ask
from radbench.sample import Request, Turn
import numpy as np


@register("model", "far")
class Far:
    batch_size = 4

    def __init__(self, *, endpoint: str, log: Path, generation: dict = {}):
        self.endpoint, self.log = endpoint, log

    def load(self, reader):
        self._say("loaded")

    def identity(self):
        return {"endpoint": self.endpoint}

    def generate(self, requests):
        self._say("asked")
        return [Reply(output="yes") for _ in requests]

    def _say(self, word):
        with self.log.open("a") as file:
            file.write(word + "\\n")


@register("metric", "far-judge")
class FarJudge(SumMetric):
    name = "far-judge"
    columns = ("n",)
    annotators = ("judge",)

    def asks(self, case, replies):
        return [] if replies else [Ask("judge", Request(turns=(Turn("user", (case.text,)),)))]

    def row(self, case):
        return np.array([float(case.annotations[0].output == "yes")])

    def value(self, sums):
        return {"far-judge": sums[:, 0]}
"""

# A model that quotes what it is asked in its errors, and a metric that quotes what it measures.
QUOTING = """
from radbench import Reply, SumMetric, register
from radbench.errors import ContentError, SampleModelError, ScoringError


@register("model", "quoting")
class Quoting:
    batch_size = 4

    def __init__(self, *, how: str):
        self.how = how

    def load(self, reader):
        pass

    def identity(self):
        return {"how": self.how}

    def generate(self, requests):
        said = str(requests[0].turns[-1].parts)
        if self.how == "answers":
            return [Reply(output="yes") for _ in requests]
        if self.how == "model":
            raise SampleModelError(said)
        if self.how == "content":
            raise ContentError(said)
        try:
            raise KeyError(said)
        except KeyError as error:
            raise ValueError(said) from error


@register("metric", "quoter")
class Quoter(SumMetric):
    name = "quoter"
    columns = ("n",)

    def row(self, case):
        raise ScoringError(case.sample.texts["question"])

    def missing(self, case):
        raise RuntimeError(case.sample.texts["question"])

    def value(self, sums):
        return {"quoter": sums[:, 0]}
"""

labels = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
names = st.lists(labels, min_size=2, max_size=4).map(".".join)
public = st.sampled_from(["8.8.8.8", "1.1.1.1", "[2606:4700:4700::1111]", "172.32.0.1", "11.0.0.1", "192.169.0.1"])
lookalikes = names.flatmap(
    lambda n: st.sampled_from([f"localhost.{n}", f"127.0.0.1.{n}", f"localhost@{n}", f"10.0.0.1.{n}", f"user:localhost@{n}"])
)
hosts = st.one_of(names, public, lookalikes, names.map(str.upper), names.map(lambda n: f"{n}."))
endpoints = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    hosts,
    st.sampled_from(["", ":80", ":8000", ":443"]),
    st.sampled_from(["", "/", "/v1", "/localhost/v1", "/v1?host=127.0.0.1", "/v1#localhost"]),
).filter(lambda endpoint: not endpoint.rstrip("/").lower().endswith(".localhost"))


@pytest.fixture
def closed(bench: Bench) -> Bench:
    """The bench with credentialed data and the plugin in its catalogue."""
    bench.ask["dataset_options"] = {key: value for key, value in bench.ask["dataset_options"].items() if key != "access"}
    bench.write_rows(rows(6))
    bench.write_card()
    (bench.cards / "far.py").write_text(PLUGIN)
    return bench


def log(bench: Bench) -> Path:
    return bench.folder / "sent.log"


def agreement(endpoint: str) -> str:
    """The agreement that covers the host of an endpoint."""
    return AGREEMENT.replace("judge.example.com", host_of(endpoint) or "nowhere.example.com")


def card(bench: Bench, name: str, endpoint: str) -> None:
    text = f"title: Elsewhere\nfamily: far\nendpoint: {json.dumps(endpoint)}\narguments: {{log: {json.dumps(str(log(bench)))}}}\n"
    (bench.cards / f"{name}.yaml").write_text(text)


def left(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    return int(leaving.value.code or 0)


def common(bench: Bench) -> list[str]:
    return ["--catalog", str(bench.cards), "--data-dir", f"jsonl={bench.data}", "--out", str(bench.out)]


@pytest.mark.parametrize("by", ["card", "argument", "file"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_a_run_sends_nothing_to_an_external_host(closed: Bench, by: str, endpoint: str):
    card(closed, "elsewhere", endpoint if by != "argument" else "http://127.0.0.1:1/v1")
    model = {
        "card": ["elsewhere"],
        "argument": ["elsewhere", "--model-arg", f"endpoint={endpoint}"],
        "file": [str(closed.cards / "elsewhere.yaml")],
    }

    assert left(["run", "--model", *model[by], "--task", TASK, *common(closed)]) == 2
    assert not log(closed).exists()


def test_no_model_is_asked_where_another_of_the_same_command_may_not_be(closed: Bench):
    card(closed, "near", "http://127.0.0.1:1/v1")
    card(closed, "yonder", "https://api.example.com/v1")

    assert left(["run", "--model", "near,yonder", "--task", TASK, *common(closed)]) == 2
    assert not log(closed).exists()
    assert not list(closed.out.rglob("run.json"))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_a_judge_elsewhere_is_sent_no_text(closed: Bench, endpoint: str):
    card(closed, "judge", endpoint)
    closed.score |= {"metrics": ["far-judge"], "primary": "far-judge"}
    closed.write_card()

    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed)]) == 2
    for options in ([], ["--dry-run"]):
        assert left(["score", str(closed.out), "--catalog", str(closed.cards), *options]) == 2
    assert not log(closed).exists()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_the_python_door_is_guarded_alike(closed: Bench, endpoint: str):
    card(closed, "elsewhere", endpoint)

    with pytest.raises(DataTermsError, match="nothing was sent"):
        evaluate("elsewhere", TASK, catalog=[closed.cards], data_dirs={"jsonl": closed.data}, out=closed.out)
    assert not log(closed).exists()


def test_a_metric_that_names_its_endpoint_is_guarded_too(closed: Bench):
    (closed.cards / "near.py").write_text(
        PLUGIN.replace('"far"', '"near"')
        .replace('"far-judge"', '"near-judge"')
        .replace("columns =", "endpoint = 'https://api.example.com/v1'\n    columns =")
    )
    closed.score |= {"metrics": ["near-judge"], "primary": "near-judge"}
    closed.write_card()

    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed)]) == 2
    assert not log(closed).exists()


def test_whose_data_it_is_cannot_be_said_on_the_command_line(closed: Bench):
    card(closed, "elsewhere", "https://api.example.com/v1")

    assert left(["run", "--model", "elsewhere", "--task", TASK, *common(closed), "--task-arg", "dataset_options.access=open"]) == 2
    assert not log(closed).exists()


def test_an_agreement_for_one_run_is_none_for_scoring_it_again(closed: Bench):
    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed), "--data-agreement", AGREEMENT]) == 0
    card(closed, "judge", "https://judge.example.com/v1")
    closed.score |= {"metrics": ["far-judge"], "primary": "far-judge"}
    closed.write_card()

    assert left(["score", str(closed.out), "--catalog", str(closed.cards)]) == 2
    assert not log(closed).exists()
    assert left(["score", str(closed.out), "--catalog", str(closed.cards), "--data-agreement", AGREEMENT]) == 0
    (folder,) = find_runs(closed.out)
    assert folder.read_summary().agreement["provider"] == "judge.example.com"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://[bad/v1",
        "http://localhost:80:evil/v1",
        "http://[::1]evil.com/v1",
        "http://evil.com\uff0f.localhost/v1",
        "http://203.0.113.9/v1",
    ],
)
def test_an_address_that_can_be_read_in_two_ways_is_not_local(endpoint: str):
    assert not is_local(endpoint)


@given(st.text())
def test_any_text_as_an_endpoint_is_judged_without_an_error(endpoint: str):
    assert is_local(f"http://{endpoint}") in {True, False}


def test_an_object_that_names_its_endpoint_is_guarded_too(closed: Bench):
    class Elsewhere:
        batch_size = 1
        endpoint = "https://api.example.com/v1"

        def load(self, reader: object) -> None:
            raise AssertionError("loaded")

        def identity(self) -> dict[str, object]:
            return {}

    with pytest.raises(DataTermsError):
        evaluate(Elsewhere(), TASK, catalog=[closed.cards], data_dirs={"jsonl": closed.data}, out=closed.out)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_a_run_is_not_repeated_elsewhere(closed: Bench, endpoint: str):
    shutil.rmtree(closed.out, ignore_errors=True)
    card(closed, "elsewhere", "http://127.0.0.1:1/v1")
    assert left(["run", "--model", "elsewhere", "--task", TASK, *common(closed)]) == 0
    (folder,) = find_runs(closed.out)
    folder.run.write_text(folder.run.read_text().replace('"http://127.0.0.1:1/v1"', json.dumps(endpoint)))
    sent = log(closed).read_text()

    for options in ([], ["--data-agreement", agreement("https://other.example.com")], ["--debug"]):
        assert left(["rerun", str(folder.path), *common(closed)[:4], "--out", str(closed.folder / "again"), *options]) == 2
    assert log(closed).read_text() == sent


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_a_repeated_run_is_not_judged_elsewhere(closed: Bench, endpoint: str):
    shutil.rmtree(closed.out, ignore_errors=True)
    card(closed, "judge", endpoint)
    closed.write_card()
    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed)]) == 0
    (folder,) = find_runs(closed.out)
    record = json.loads(folder.run.read_text())
    record["task_card"]["score"] |= {"metrics": [{"far-judge": {}}], "primary": "far-judge"}
    folder.run.write_text(json.dumps(record))

    assert left(["rerun", str(folder.path), *common(closed)[:4], "--out", str(closed.folder / "again")]) == 2
    assert not log(closed).exists()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints, options=st.sampled_from([[], ["--dry-run"], ["--debug"], ["--json"], ["--draws", "0"]]))
def test_predictions_made_elsewhere_are_judged_nowhere_else(closed: Bench, endpoint: str, options: list[str]):
    card(closed, "judge", endpoint)
    closed.score |= {"metrics": ["far-judge"], "primary": "far-judge"}
    closed.write_card()
    predictions = closed.folder / "said.jsonl"
    predictions.write_text("".join(json.dumps({"sample_id": f"q{i}", "output": "yes"}) + "\n" for i in range(6)))

    assert left(["score", "--predictions", str(predictions), "--task", TASK, *common(closed), *options]) == 2
    assert not log(closed).exists()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_what_only_reads_runs_sends_nothing(closed: Bench, endpoint: str):
    shutil.rmtree(closed.out, ignore_errors=True)
    card(closed, "judge", endpoint)
    closed.write_card()
    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed)]) == 0
    closed.score |= {"metrics": ["answer-text", "far-judge"], "primary": "exact_match"}
    closed.write_card()
    closed.score |= {"metrics": ["answer-text"]}
    (closed.cards / "ours.yaml").write_text(f"title: Ours\ncolumns: [{{task: {TASK}}}]\n")
    (folder,) = find_runs(closed.out)
    (closed.folder / "said").mkdir(exist_ok=True)

    assert left(["score", str(folder.path), "--annotations", str(closed.folder / "said"), "--catalog", str(closed.cards)]) == 1
    assert left(["table", "ours", "--catalog", str(closed.cards), "--out", str(closed.out)]) == 0
    assert left(["show", str(folder.path), "--catalog", str(closed.cards)]) == 0
    assert left(["show", str(folder.path), "q1"]) == 0
    assert left(["ls", "runs", "--out", str(closed.out)]) == 0
    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed), "--dry-run"]) == 0
    assert not log(closed).exists()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=st.one_of(st.text(max_size=40), st.text(max_size=30).map("https://{}".format), endpoints))
def test_any_text_as_an_endpoint_on_the_command_line_sends_nothing_outside(closed: Bench, endpoint: str):
    card(closed, "elsewhere", "http://127.0.0.1:1/v1")
    log(closed).unlink(missing_ok=True)

    status = left(["run", "--model", "elsewhere", "--model-arg", f"endpoint={endpoint}", "--task", TASK, *common(closed)])

    assert status == (0 if is_local(endpoint) else 2)
    assert log(closed).exists() == is_local(endpoint)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_an_agreement_with_another_host_is_none(closed: Bench, endpoint: str):
    card(closed, "elsewhere", endpoint)
    of_others = [AGREEMENT, agreement("https://example.com"), agreement(endpoint).replace(";", ".example.com;", 1)]

    for stated in of_others:
        assert left(["run", "--model", "elsewhere", "--task", TASK, *common(closed), "--data-agreement", stated]) == 2
    assert not log(closed).exists()


def test_the_address_of_the_environment_is_not_asked(closed: Bench, stub: StubServer, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("openai", reason="needs the extra `api`")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.setenv(name, "https://api.example.com/v1")  # a request there fails the test: see `_no_network`
    arguments = ["--model-arg", "model=stub", "--model-arg", f"endpoint={stub.url}", "--model-arg", "max_retries=0"]

    assert left(["run", "--model", "openai", *arguments, "--task", TASK, *common(closed)]) == 0
    assert len(stub.asked) == 6
    assert left(["run", "--model", "openai", "--model-arg", "model=stub", "--task", TASK, *common(closed)]) == 2


def test_nothing_that_a_foreign_model_or_metric_says_of_closed_data_is_printed(
    closed: Bench, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    (closed.cards / "quoting.py").write_text(QUOTING)
    closed.score |= {"metrics": ["quoter", "answer-text"], "primary": "exact_match"}
    closed.write_card()

    for how in ("model", "value", "content", "answers"):
        (closed.cards / "q.yaml").write_text(f"title: Q\nfamily: quoting\narguments: {{how: {how}}}\n")
        assert left(["run", "--model", "q", "--task", TASK, *common(closed), "--debug"]) > 0
    printed = "".join(capsys.readouterr()) + caplog.text
    assert "at quoting.py:" in printed
    assert "What does line" not in printed
    assert all("What does line" not in file.read_text() for file in closed.out.rglob("*.json"))
    lines = [json.loads(line) for folder in find_runs(closed.out) for line in folder.predictions.read_text().splitlines()]
    errors = [line["error"] for line in lines if "error" in line]
    assert len(errors) == 2 * 6
    assert all("at quoting.py:" in error and "What does line" not in error for error in errors)
    problems = [problem for folder in find_runs(closed.out) if folder.summary.exists() for problem in folder.read_summary().problems]
    assert sorted({problem.partition(" at quoting.py:")[0] for problem in problems}) == ["quoter: RuntimeError", "quoter: ScoringError"]


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_an_unforeseen_error_on_closed_data_is_told_by_its_way_alone(closed: Bench, capsys: pytest.CaptureFixture[str], debug: list[str]):
    raising = (
        "try:\n            raise KeyError(self.seen)\n        except KeyError as error:\n            raise ValueError(self.seen) from error"
    )
    raising = f"self.seen = 'What does line 1 show?'\n        {raising}"
    (closed.cards / "quoting.py").write_text(QUOTING.replace('return {"how": self.how}', raising))
    (closed.cards / "q.yaml").write_text("title: Q\nfamily: quoting\narguments: {how: answers}\n")

    assert left(["run", "--model", "q", "--task", TASK, *common(closed), *debug]) == 1
    out, err = capsys.readouterr()
    assert "radbench: unforeseen ValueError at quoting.py:" in err
    assert ("raise KeyError(self.seen)" in err) == bool(debug)
    assert "What does line" not in out + err


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_with_the_agreement_they_pass_and_it_is_in_the_run(closed: Bench, endpoint: str):
    card(closed, "elsewhere", endpoint)

    shutil.rmtree(closed.out, ignore_errors=True)
    stated = agreement(endpoint)

    status = left(["run", "--model", "elsewhere", "--task", TASK, *common(closed), "--data-agreement", stated])

    agreements = [folder.read_run().agreement for folder in find_runs(closed.out)]
    if host_of(endpoint) is None:  # an address that can be read in two ways is covered by nothing
        assert (status, agreements) == (2, [])
    else:
        assert status == 0
        assert [(found["by"], found["provider"]) for found in agreements if found] == [("A. Person", host_of(endpoint))]


@pytest.mark.parametrize(
    "agreement", ["provider=X", AGREEMENT.replace("retention=none;", ""), AGREEMENT.replace("by=A. Person", "by="), "yes", ""]
)
def test_an_agreement_with_a_gap_is_none(closed: Bench, agreement: str):
    card(closed, "elsewhere", "https://api.example.com/v1")

    assert left(["run", "--model", "elsewhere", "--task", TASK, *common(closed), "--data-agreement", agreement]) == 2
    assert not log(closed).exists()


@pytest.mark.parametrize(
    "endpoint", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:1/v1", "http://10.1.2.3/v1", "http://192.168.0.9:8000"]
)
def test_local_hosts_need_no_agreement(closed: Bench, endpoint: str):
    card(closed, "elsewhere", endpoint)

    assert left(["run", "--model", "elsewhere", "--task", TASK, *common(closed)]) == 0


@given(endpoints)
def test_no_spelling_of_an_external_host_counts_as_local(endpoint: str):
    assert not is_local(endpoint)
