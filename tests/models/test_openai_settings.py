"""The settings of the family `openai`: addresses, keys, Azure's two interfaces, and the cards that come along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import StubServer

pytest.importorskip("openai", reason="needs the extra `api`")

import openai

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.media import Reader
from radbench.models._wire import Route
from radbench.models.openai import Openai
from radbench.sample import Request, Turn
from radbench.terms import is_local

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def made(stub: StubServer, **options: Any) -> Openai:
    model = Openai(**{"model": "stub", "endpoint": stub.url, "max_retries": 1, **options})
    model.load(Reader({}))
    return model


def asking(line: int = 0) -> Request:
    return Request(sample_id=str(line), turns=(Turn("user", (f"What does line {line} show?",)),))


def test_identity_is_what_decides_answers_and_leaves_out_the_means(stub: StubServer):
    one = made(stub).identity()
    other = made(
        stub,
        endpoint="http://10.1.2.3:8000/v1",
        concurrency=3,
        timeout_s=7,
        max_retries=9,
        budget={"requests": 1},
        prices={"prompt": 1, "output": 2},
    ).identity()
    assert one == other
    assert json.loads(json.dumps(one)) == one
    changed = [{"model": "other"}, {"endpoint": "https://api.example.com/v1"}, {"system": "Be brief."}, {"generation": {"temperature": 1}}]
    changed += [{"preprocessing": {"image_px": 512}}]
    assert len({json.dumps(made(stub, **change).identity()) for change in [{}, *changed]}) == 6


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"endpoint": "localhost:8000"}, "`endpoint`"),
        ({"endpoint": "http://user:word@127.0.0.1/v1"}, "`endpoint`: holds a password"),
        ({"endpoint": "http://127.0.0.1:99999/v1"}, "`http://127.0.0.1:99999/v1` has a port that is no number from 1 to 65535"),
        ({"endpoint": "http://127.0.0.1:0/v1"}, "has a port"),
        ({"endpoint": "http://127.0.0.1:http/v1"}, "has a port"),
        ({"endpoint": "http://256.1.1.1/v1"}, "no IP address"),
        ({"endpoint": "http://[1::2::3]/v1"}, "`endpoint`"),
        ({"endpoint": "http://a..example.com/v1"}, "no name can be"),
        ({"endpoint": f"http://{'a' * 64}.example.com/v1"}, "no name can be"),
        ({"endpoint": "http:///v1"}, "has no host"),
        ({"endpoint": "https://api.example.com/v1", "api_version": "2024-10-21", "batch": True}, "undated"),
        ({"concurrency": 0}, "`concurrency`"),
        ({"preprocessing": {"image_pixels": 5}}, "image_px"),
        ({"preprocessing": {"volumes": "film"}}, "volumes"),
        ({"budget": {"request": 5}}, "requests"),
        ({"budget": {"money": 5}}, "`prices`"),
        ({"prices": {"prompt": 5}}, "output"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(options: dict[str, Any], named: str):
    with pytest.raises(ContentError, match=named):
        Openai(**{"model": "m", "endpoint": "http://127.0.0.1/v1", **options})


@pytest.mark.parametrize(
    "endpoint", ["http://[::1]:8000/v1", "https://api.example.com.:443/v1", "http://a_b.internal/v1", "HTTP://LOCALHOST/v1"]
)
def test_addresses_that_a_server_can_have_are_taken(endpoint: str):
    assert Openai(model="m", endpoint=endpoint).endpoint == endpoint


@pytest.mark.parametrize("kind", [{}, {"batch": True}, {"api_version": "2024-10-21"}])
def test_what_the_environment_states_for_openai_goes_to_nobody_else(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch, kind: dict[str, Any]
):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gate: secret\nAuthorization: Bearer of-another")
    monkeypatch.setenv("STUB_KEY", "sk-one")
    stub.keeps_files = True
    endpoint = stub.url.removesuffix("/v1") if kind.get("api_version") else stub.url
    (reply,) = made(stub, api_key_env="STUB_KEY", endpoint=endpoint, **kind).generate([asking(line=2)])
    assert reply.output == "answer to q2"
    assert not stub.headers & {"x-gate", "openai-organization", "openai-project"}
    assert stub.keys <= {"Bearer sk-one", ""}


def test_what_the_environment_states_for_openai_goes_to_openai(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    client = openai.AsyncOpenAI(api_key="k", base_url="https://api.openai.com/v1")
    assert Route("https://api.openai.com/v1").bare(client).organization == "org-1"
    assert Route("https://api.openai.com.example.com/v1").bare(client).organization is None


# Azure


def test_an_azure_deployment_of_the_dated_kind_is_asked_at_its_own_path(stub: StubServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZURE_KEY", "azure-key")
    model = made(stub, endpoint=stub.url.removesuffix("/v1"), api_version="2024-10-21", api_key_env="AZURE_KEY")
    model.generate([asking()])
    assert stub.paths == ["/openai/deployments/stub/chat/completions?api-version=2024-10-21"]
    assert stub.azure_keys == {"azure-key"}


def test_an_azure_deployment_of_the_undated_kind_is_asked_like_any_other_server(stub: StubServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZURE_KEY", "azure-key")
    model = made(stub, endpoint=stub.url.replace("/v1", "/openai/v1"), api_key_env="AZURE_KEY")
    assert model.generate([asking(line=2)])[0].output == "answer to q2"
    assert stub.paths == ["/openai/v1/chat/completions"]
    assert stub.keys == {"Bearer azure-key"}
    assert stub.asked[0]["model"] == "stub"


def test_batch_files_of_an_undated_azure_deployment_name_it_on_each_line(stub: StubServer):
    stub.keeps_files = True
    model = made(stub, endpoint=stub.url.replace("/v1", "/openai/v1"), batch=True)
    assert [reply.output for reply in model.generate([asking(line=1), asking(line=2)])] == ["answer to q1", "answer to q2"]
    assert stub.paths == ["/openai/v1/files", "/openai/v1/batches"]
    lines = [json.loads(line) for line in stub.files["file-0"].splitlines()]
    assert [(line["url"], line["body"]["model"]) for line in lines] == [("/v1/chat/completions", "stub")] * 2


CARDS = [path.stem for path in sorted((REPOSITORY / "adapters").glob("*.yaml")) if "\nfamily: openai\n" in path.read_text("utf-8")]


@pytest.mark.parametrize("name", CARDS)
def test_every_card_of_the_family_makes_a_model_of_it(name: str):
    catalog = Catalog()
    card = catalog.model(name)
    catalog.build("models", card.family, card.options(), where=card.where)


@pytest.mark.parametrize("name", CARDS)
def test_every_card_of_the_family_says_who_answers_on_which_terms_and_since_when_it_costs_what(name: str):
    card = Catalog().model(name)
    options = card.options()
    assert card.about.tested == "card-only"  # no test of ours reaches a provider
    assert card.about.summary
    assert card.about.licence
    if not is_local(str(options["endpoint"])):
        assert options["api_key_env"]
        assert card.about.home.startswith("https://")
        assert card.about.open is False
    prices = options.get("prices", {"as_of": "none", "source": "https://none"})
    assert isinstance(prices, dict)
    assert prices["as_of"]
    assert prices["source"].startswith("https://")


# keys


@pytest.mark.parametrize("key", ["sk-one\nsk-two", "sk-one sk-two", "sk-\N{EN DASH}dash", "sk-\x07"])
def test_a_key_that_no_header_can_carry_is_refused_before_anything_is_sent(stub: StubServer, monkeypatch: pytest.MonkeyPatch, key: str):
    monkeypatch.setenv("STUB_KEY", key)
    with pytest.raises(ContentError, match="the key in STUB_KEY holds") as refusal:
        made(stub, api_key_env="STUB_KEY")
    assert "sk-" not in str(refusal.value)


def test_white_space_around_a_key_is_no_part_of_it(stub: StubServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STUB_KEY", " sk-one\n")
    made(stub, api_key_env="STUB_KEY").generate([asking()])
    assert stub.keys == {"Bearer sk-one"}
