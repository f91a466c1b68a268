"""`radbench show RUN SAMPLE`: exactly what was sent and said, of whom, and what the likelihoods of options were."""

from __future__ import annotations

import json

import pytest
from bench import Bench, rows
from endpoint import Endpoint
from stub_server import SERVED, Step, completion

from radbench.cli import main


def shown(endpoint: Endpoint, sample: str, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    with pytest.raises(SystemExit) as leaving:
        main(["show", str(endpoint.bench.only_run().path), sample, *more])
    assert leaving.value.code == 0
    return capsys.readouterr().out


def test_a_sample_is_shown_with_what_was_asked_of_whom_and_when(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("openai", reason="needs the extra `api`")
    endpoint.run("--gen", "temperature=0.5", "--gen", "max_tokens=77", system="Be brief.")
    line = endpoint.predictions()["q7"]

    out = shown(endpoint, "q7", capsys)

    assert '{"temperature": 0.5, "max_tokens": 77}' in out
    assert "--- system, before each request\nBe brief.\n" in out
    assert f"--- said ({SERVED}, {line['asked']}, 10 + 4 tokens, " in out
    assert out.endswith("answer to q7\n")
    assert json.loads(shown(endpoint, "q7", capsys, "--json"))["asked_of"]["generation"] == {"temperature": 0.5, "max_tokens": 77}


def test_ranked_options_are_shown_with_the_likeliest_first(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("openai", reason="needs the extra `api`")
    bench = endpoint.bench
    bench.ask["dataset_options"]["columns"] |= {"options": "options"}
    bench.ask |= {"options": {"form": "choice"}, "answer": "ranked"}
    bench.score |= {"metrics": ["classification"], "primary": "accuracy"}
    bench.write_rows({**row, "options": ["air", "fluid", "bone"], "answer": "fluid"} for row in rows(3))
    bench.write_card()
    endpoint.stub.default = Step(body=completion("B", logprobs={"A": -2.0, "B": -0.25, "C": -3.5}))
    endpoint.run()

    out = shown(endpoint, "q1", capsys)

    said = [line.split() for line in out.partition("--- said")[2].splitlines()[1:]]
    assert said == [["fluid", "-0.2500"], ["air", "-2.0000"], ["bone", "-3.5000"]]


def test_a_failed_sample_is_shown_with_its_error(bench: Bench, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("openai", reason="needs the extra `api`")
    endpoint.stub.script(2, Step(400, b"{}"))
    endpoint.run()

    assert shown(endpoint, "q2", capsys).endswith("\nthe server said 400\n")
