"""A task asked of an endpoint by the command line: whatever the server does ends in the right count, and nothing is asked twice."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from bench import TASK
from endpoint import Endpoint, counted
from stub_server import SERVED, Step, StubServer, answer, completion, failure

from radbench.cli import main

pytest.importorskip("openai", reason="needs the extra `api`")


@pytest.fixture(autouse=True)
def _own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and certificates of the machine that runs the tests do not reach them."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}:
            monkeypatch.delenv(name)


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
    assert endpoint.bench.only_run().read_run().memory == {}  # this process held no model


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


def test_each_reply_has_the_day_on_which_it_was_asked_and_the_model_served(endpoint: Endpoint):
    before = datetime.now(UTC).date()
    endpoint.stub.script(3, failure(400))

    endpoint.run()

    lines = endpoint.predictions()
    assert len(lines) == 12
    assert all(before <= date.fromisoformat(line["asked"]) <= datetime.now(UTC).date() for line in lines.values())
    assert {line.get("served_model") for line in lines.values()} == {SERVED, None}


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


@pytest.mark.parametrize("batch", ["false", "true"])
def test_a_redirect_is_not_followed_and_ends_the_run_in_one_sentence(endpoint: Endpoint, batch: str):
    with StubServer() as elsewhere:
        endpoint.stub.closed = Step(307, headers={"Location": f"{elsewhere.url}/chat/completions"})
        status, _, err = endpoint.run(batch=batch)
    assert status == 2
    assert "sends requests elsewhere (307)" in err
    assert len(err.strip().splitlines()) == 1
    assert elsewhere.n_calls == 0


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


EXTERNAL = "https://api.example.com/v1"
BATCH = pytest.mark.parametrize("batch", ["false", "true"], ids=["one by one", "in batch files"])


@pytest.fixture
def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@BATCH
@pytest.mark.parametrize(
    ("setting", "address", "endpoint_url"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:{port}", EXTERNAL),
        ("https_proxy", "127.0.0.1:{port}", EXTERNAL),
        ("HTTP_PROXY", "http://127.0.0.1:{port}", "http://api.example.com/v1"),
        ("ALL_PROXY", "http://no-such-proxy.invalid:3128", EXTERNAL),
    ],
)
def test_a_proxy_that_is_not_there_is_named_in_one_sentence(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, closed_port: int, batch: str, setting: str, address: str, endpoint_url: str
):
    monkeypatch.setenv(setting, address.format(port=closed_port))
    status, _, err = endpoint.run(endpoint=endpoint_url, batch=batch)
    mend = f"mend {setting}, or name the host in NO_PROXY"
    assert (status, err) == (2, f"radbench: the proxy on the way to api.example.com does not let requests through: {mend}\n")


@BATCH
@pytest.mark.parametrize(
    "address",
    ["gopher://127.0.0.1", "http://127.0.0.1:99999", "http://127.0.0.1:http", "not an address", "http://", "socks5://127.0.0.1:9"],
)
def test_a_proxy_setting_that_cannot_be_used_is_named_in_one_sentence(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, batch: str, address: str
):
    monkeypatch.setenv("HTTPS_PROXY", address)
    status, _, err = endpoint.run(endpoint=EXTERNAL, batch=batch)
    told = "HTTPS_PROXY is no address like http://proxy:3128"
    assert (status, err) == (2, f"radbench: the proxy settings of the environment cannot be used: {told}\n")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_a_server_on_this_machine_is_reached_past_the_proxy(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, address: str):
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, address)
    assert endpoint.run()[0] == 0


@BATCH
def test_a_host_that_is_not_found_ends_the_run_in_one_sentence(endpoint: Endpoint, batch: str):
    status, _, err = endpoint.run(endpoint="http://no-such-host.invalid/v1", batch=batch, max_retries=9)
    mend = "mend its name in the address, or this machine's network"
    assert (status, err) == (2, f"radbench: the host no-such-host.invalid is not found: {mend}\n")


@BATCH
def test_a_port_at_which_nothing_listens_ends_the_run_in_one_sentence(endpoint: Endpoint, closed_port: int, batch: str):
    status, _, err = endpoint.run(endpoint=f"http://127.0.0.1:{closed_port}/v1", batch=batch, max_retries=0)
    assert (status, err) == (2, f"radbench: no connection to 127.0.0.1:{closed_port}: start the server or mend its address\n")


# certificates


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and its self-signed certificate for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("`openssl` is not installed, which makes the certificate")
    made = tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, "-keyout", str(made), "-out", "-"]
    signed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    made.write_text(made.read_text() + signed)
    return made


@pytest.fixture
def secure(certificate: Path) -> Iterator[StubServer]:
    with StubServer(certificate=certificate) as server:
        yield server


@BATCH
def test_a_self_signed_certificate_is_refused_in_one_sentence_and_accepted_where_named(
    endpoint: Endpoint, secure: StubServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, batch: str
):
    status, _, err = endpoint.run(endpoint=secure.url, batch=batch)
    mend = "set SSL_CERT_FILE to the certificate (PEM) of the authority that signed it"
    assert (status, err) == (2, f"radbench: the certificate of {secure.url[8:-3]} is not trusted: {mend}\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert endpoint.run(endpoint=secure.url, batch=batch)[0] == 0


def test_a_certificate_named_where_only_another_client_reads_it_is_told_so(
    endpoint: Endpoint, secure: StubServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    status, _, err = endpoint.run(endpoint=secure.url)
    assert status == 2
    assert err.endswith("set SSL_CERT_FILE to the certificate (PEM) of the authority that signed it (REQUESTS_CA_BUNDLE is not read)\n")


def test_a_bundle_that_is_not_read_may_be_missing(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    assert endpoint.run()[0] == 0


@BATCH
@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "no certificate"])
def test_certificates_that_cannot_be_read_are_named_in_one_sentence(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, batch: str, content: str | None
):
    named = tmp_path / "authority.pem"
    if content:
        named.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    status, _, err = endpoint.run(batch=batch)
    told = "which is no file of certificates (PEM) that can be read: mend or unset it"
    assert (status, err) == (2, f"radbench: SSL_CERT_FILE names `{named}`, {told}\n")


def test_a_folder_of_certificates_that_is_not_there_is_named_in_one_sentence(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    status, _, err = endpoint.run()
    assert (status, err.startswith(f"radbench: SSL_CERT_DIR names `{tmp_path / 'none'}`")) == (2, True)


@BATCH
def test_a_server_without_tls_is_told_from_one_that_is_not_there(endpoint: Endpoint, batch: str):
    status, _, err = endpoint.run(endpoint=endpoint.stub.url.replace("http://", "https://"), batch=batch)
    mend = "a server without TLS has an address that begins with http://"
    assert (status, err) == (2, f"radbench: no secure connection to {endpoint.stub.url[7:-3]}: {mend}\n")


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
