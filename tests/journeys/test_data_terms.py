"""No way to send credentialed data to an external host: not by any command, spelling of the host, or part of the catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import TASK, Bench, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radbench import evaluate
from radbench.cli import main
from radbench.errors import DataTermsError
from radbench.folder import find_runs
from radbench.terms import is_local

AGREEMENT = "provider=Example;retention=none;training=no;review=no;by=A. Person;date=2026-01-01"

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

    def asks(self, case, replies):
        return [] if replies else [Ask("judge", Request(turns=(Turn("user", (case.text,)),)))]

    def row(self, case):
        return np.array([float(case.annotations[0].output == "yes")])

    def value(self, sums):
        return {"far-judge": sums[:, 0]}
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
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_a_judge_elsewhere_is_sent_no_text(closed: Bench, endpoint: str):
    card(closed, "judge", endpoint)
    closed.score |= {"metrics": ["far-judge"], "primary": "far-judge"}
    closed.write_card()

    assert left(["run", "--model", "constant-yes", "--task", TASK, *common(closed)]) == 2
    for options in ([], ["--dry-run"]):
        assert left(["score", str(closed.out), "--catalog", str(closed.cards), *options]) == 2
    assert not log(closed).exists()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert folder.read_summary().agreement["provider"] == "Example"


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


def test_a_run_is_not_repeated_elsewhere(closed: Bench):
    card(closed, "elsewhere", "http://127.0.0.1:1/v1")
    assert left(["run", "--model", "elsewhere", "--task", TASK, *common(closed)]) == 0
    (folder,) = find_runs(closed.out)
    text = folder.run.read_text().replace("http://127.0.0.1:1/v1", "https://api.example.com/v1")
    folder.run.write_text(text)
    sent = log(closed).read_text()

    assert left(["rerun", str(folder.path), *common(closed)[:4], "--out", str(closed.folder / "again")]) == 2
    assert log(closed).read_text() == sent


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(endpoint=endpoints)
def test_with_the_agreement_they_pass_and_it_is_in_the_run(closed: Bench, endpoint: str):
    card(closed, "elsewhere", endpoint)

    status = left(["run", "--model", "elsewhere", "--task", TASK, *common(closed), "--data-agreement", AGREEMENT])

    assert status == 0
    agreements = [folder.read_run().agreement for folder in find_runs(closed.out)]
    assert agreements
    assert all(agreement and agreement["by"] == "A. Person" and agreement["provider"] == "Example" for agreement in agreements)


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
