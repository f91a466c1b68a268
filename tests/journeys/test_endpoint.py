"""A task asked of an endpoint by the command line: whatever the server does ends in the right count, and nothing is asked twice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from bench import TASK
from endpoint import Endpoint, counted
from stub_server import Step, StubServer, answer, completion, failure

from radbench.cli import main

pytest.importorskip("openai", reason="needs the extra `api`")


def test_a_task_is_answered_and_scored(endpoint: Endpoint):
    status, entry, _ = endpoint.run()
    assert status == 0
    assert counted(entry) == {"total": 12, "scored": 12}
    assert sorted(endpoint.stub.asked_lines()) == list(range(12))
    line = endpoint.predictions()["q3"]
    assert line["output"] == "answer to q3"
    assert line["served_model"] == "stub-1"
    assert line["tokens"] == {"prompt": 10, "output": 4}
    assert line["seconds"] > 0


GOOD = answer("answer to q5")
CUT = Step(body=completion("answer to q5"), cut_after=20)


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        pytest.param([failure(429), GOOD], {}, id="429 without Retry-After, then an answer"),
        pytest.param([failure(429, headers={"Retry-After": "0.05"}), GOOD], {}, id="429 with Retry-After, then an answer"),
        pytest.param([failure(429, headers={"retry-after-ms": "10"})], {"failed": 1}, id="429 for ever"),
        pytest.param([failure(500, headers={"retry-after-ms": "10"}), GOOD], {}, id="500, then an answer"),
        pytest.param([failure(500, headers={"retry-after-ms": "10"})], {"failed": 1}, id="500 for ever"),
        pytest.param([failure(503, headers={"retry-after-ms": "10"}), GOOD], {}, id="503, then an answer"),
        pytest.param([failure(400, type="invalid_request_error", code="context_length_exceeded")], {"failed": 1}, id="too long"),
        pytest.param([CUT, GOOD], {}, id="a body cut short, then an answer"),
        pytest.param([CUT], {"failed": 1}, id="a body cut short for ever"),
        pytest.param([Step(body=b'{"choices": [')], {"failed": 1}, id="malformed JSON"),
        pytest.param([Step(body=b"[]")], {"failed": 1}, id="JSON of another shape"),
        pytest.param([Step(body=b"<html>")], {"failed": 1}, id="no JSON at all"),
        pytest.param([Step(body=b'{"choices": []}')], {"failed": 1}, id="empty choices"),
        pytest.param([Step(body=b'{"choices": [{}]}')], {"failed": 1}, id="a choice without a message"),
        pytest.param([Step(body=b'{"error": {"message": "no"}}')], {"failed": 1}, id="an error with status 200"),
        pytest.param([Step(307, headers={"Location": "http://203.0.113.1/v1"})], {"failed": 1}, id="a redirect is not followed"),
        pytest.param([answer("I cannot", finish="content_filter")], {"refused": 1}, id="content filter of the answer"),
        pytest.param([answer(None, refusal="I cannot help.")], {"refused": 1}, id="a refusal"),
        pytest.param([failure(400, code="content_filter")], {"refused": 1}, id="content filter of the prompt"),
        pytest.param([answer("answer to", finish="length")], {"truncated": 1}, id="an answer cut by its limit"),
        pytest.param([answer("")], {"empty": 1}, id="an empty answer"),
        pytest.param([answer(None)], {"empty": 1}, id="no content"),
        pytest.param([answer("answer to q5", usage=False)], {}, id="no count of tokens"),
        pytest.param([answer([{"type": "text", "text": "answer to q5"}])], {}, id="content in parts"),
    ],
)
def test_whatever_the_server_does_ends_in_the_right_count(endpoint: Endpoint, steps: list[Step], counts: dict[str, int]):
    endpoint.stub.script(5, *steps)
    status, entry, _ = endpoint.run()
    assert counted(entry) == {"total": 12, "scored": 12, **counts}
    assert status == (1 if "failed" in counts else 0)
    assert entry["status"] == "complete"
    for line in endpoint.predictions().values():
        assert "What does" not in line.get("error", "")


def test_silence_and_slow_streams_are_failures_of_their_samples(endpoint: Endpoint):
    endpoint.stub.script(4, Step(body=completion("late"), sleep_s=1.0))
    endpoint.stub.script(5, Step(body=completion("answer to q5"), trickle_s=0.05))
    _, entry, _ = endpoint.run(timeout_s=0.3, max_retries=1)
    assert counted(entry) == {"total": 12, "scored": 12, "failed": 2}
    assert "no answer in time" in endpoint.predictions()["q4"]["error"]
    assert "too slowly" in endpoint.predictions()["q5"]["error"]


def test_a_failed_sample_is_asked_again_by_the_same_command_and_the_others_are_not(endpoint: Endpoint):
    endpoint.stub.script(5, failure(400), GOOD)
    assert endpoint.run()[0] == 1
    status, entry, _ = endpoint.run()
    assert status == 0
    assert counted(entry) == {"total": 12, "scored": 12}
    assert endpoint.stub.asked_lines().count(5) == 2
    assert len(endpoint.stub.asked) == 13


def test_a_changed_model_is_told_at_the_end_and_of_each_reply(endpoint: Endpoint):
    endpoint.stub.script(5, answer("answer to q5", model="stub-2"))
    status, entry, _ = endpoint.run()
    assert status == 0
    assert entry["message"] == "the server changed its model: stub-1 gave 11 replies, stub-2 gave 1 replies"
    assert endpoint.predictions()["q5"]["served_model"] == "stub-2"


def test_an_address_that_changes_on_this_machine_is_no_other_run(endpoint: Endpoint):
    endpoint.run()
    with StubServer() as moved:
        status, _, _ = endpoint.run(endpoint=moved.url, concurrency=3, timeout_s=9, max_retries=1)
        assert status == 0
        assert moved.asked == []
    assert endpoint.bench.only_run()


def test_no_more_requests_are_out_at_a_time_than_asked_for(endpoint: Endpoint):
    endpoint.stub.default = Step(body=completion("yes"), sleep_s=0.02)
    endpoint.run(concurrency=3)
    assert endpoint.stub.most_out == 3


# what nobody would get a reply with: one sentence, exit 2


def test_a_key_that_is_not_there_is_named_by_its_variable_before_anything_is_asked(endpoint: Endpoint):
    status, _, err = endpoint.run(api_key_env="STUB_KEY")
    assert status == 2
    assert err.strip() == f"radbench: set the environment variable STUB_KEY to the key for {endpoint.stub.url[7:-3]}"
    assert endpoint.stub.asked == []


@pytest.mark.parametrize("code", [401, 403])
def test_a_wrong_key_ends_the_run_in_one_sentence_without_the_key(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, code: int):
    monkeypatch.setenv("STUB_KEY", "sk-very-secret")
    endpoint.stub.default = failure(code, message="Incorrect API key: sk-very-secret")
    status, _, err = endpoint.run(api_key_env="STUB_KEY", concurrency=1)
    assert status == 2
    assert "refuses the key in STUB_KEY" in err
    assert len(err.strip().splitlines()) == 1
    assert len(endpoint.stub.asked) == 1
    assert endpoint.stub.keys == {"Bearer sk-very-secret"}
    files = [file.read_text() for file in endpoint.bench.out.rglob("*") if file.is_file()]
    assert files
    assert not any("very-secret" in text for text in [err, *files])


def test_the_key_of_another_service_is_not_sent_to_a_server_that_wants_none(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    endpoint.run()
    assert endpoint.stub.keys == {"Bearer none"}


def test_an_unknown_model_ends_the_run_in_one_sentence(endpoint: Endpoint):
    endpoint.stub.default = failure(404, code="model_not_found")
    status, _, err = endpoint.run()
    assert status == 2
    assert "knows no `stub`" in err
    assert len(err.strip().splitlines()) == 1


def test_a_server_that_is_not_there_ends_the_run_in_one_sentence(endpoint: Endpoint):
    with StubServer() as gone:
        pass
    status, _, err = endpoint.run(endpoint=gone.url, max_retries=0)
    assert status == 2
    assert "no connection to 127.0.0.1:" in err
    assert len(err.strip().splitlines()) == 1


def test_a_spent_account_ends_the_run_as_partial(endpoint: Endpoint):
    endpoint.stub.script(5, failure(429, code="insufficient_quota", headers={"retry-after-ms": "1"}), GOOD)
    status, entry, _ = endpoint.run(concurrency=1, max_retries=0)
    assert (status, entry["status"]) == (1, "partial")
    assert "no quota left" in entry["message"]
    status, entry, _ = endpoint.run()
    assert (status, counted(entry)) == (0, {"total": 12, "scored": 12})


def test_a_proxy_that_refuses_is_named_in_one_sentence(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", endpoint.stub.url.removesuffix("/v1"))
    status, _, err = endpoint.run(endpoint="https://api.example.com/v1")
    assert status == 2
    assert "the proxy on the way to api.example.com" in err
    assert "NO_PROXY" in err
    assert len(err.strip().splitlines()) == 1


def test_a_proxy_setting_that_is_no_address_is_named_in_one_sentence(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1")
    status, _, err = endpoint.run(endpoint="https://api.example.com/v1")
    assert status == 2
    assert "proxy settings" in err
    assert len(err.strip().splitlines()) == 1


def test_a_server_on_this_machine_is_reached_past_the_proxy(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert endpoint.run()[0] == 0


def test_a_self_signed_certificate_is_refused_in_one_sentence_and_accepted_where_named(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    if shutil.which("openssl") is None:
        pytest.skip("`openssl` is not installed, which makes the certificate")
    made = tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, "-keyout", str(made), "-out", "-"]
    certificate = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    made.write_text(made.read_text() + certificate)
    with StubServer(certificate=made) as secure:
        status, _, err = endpoint.run(endpoint=secure.url)
        assert status == 2
        assert "is not trusted: set SSL_CERT_FILE" in err
        assert len(err.strip().splitlines()) == 1
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        assert endpoint.run(endpoint=secure.url)[0] == 0


# data terms


@pytest.mark.parametrize("how", ["--model-arg", "arguments", "endpoint"])
def test_closed_data_do_not_go_to_an_external_host_however_it_is_named(endpoint: Endpoint, how: str, capsys: pytest.CaptureFixture[str]):
    endpoint.bench.ask["dataset_options"]["access"] = "credentialed"
    endpoint.bench.write_card()
    host = "https://api.example.com/v1"
    card: dict[str, Any] = {"title": "Elsewhere", "family": "openai", "arguments": {"model": "m", "max_retries": 0}}
    if how == "arguments":
        card["arguments"]["endpoint"] = host
    elif how == "endpoint":
        card["endpoint"] = host
    (endpoint.bench.cards / "elsewhere.yaml").write_text(yaml.safe_dump(card, sort_keys=False))
    stated = ("--model-arg", f"endpoint={host}") if how == "--model-arg" else ()
    data = ("--catalog", str(endpoint.bench.cards), "--data-dir", f"jsonl={endpoint.bench.data}", "--out", str(endpoint.bench.out))
    with pytest.raises(SystemExit) as leaving:
        main(["run", "--model", "elsewhere", "--task", TASK, *data, *stated])
    assert leaving.value.code == 2
    assert "nothing was sent" in capsys.readouterr().err
