"""Data terms: closed data stay with local hosts unless an agreement is stated in full."""

from __future__ import annotations

import pytest

from radbench.errors import DataTermsError
from radbench.terms import AGREEMENT_KEYS, guard, is_local, parse_agreement

STATED = ";".join(f"{key}=x" for key in AGREEMENT_KEYS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost:8000/v1",
        "http://LOCALHOST/",
        "http://gpu.localhost",
        "http://127.0.0.1:8000",
        "http://127.8.9.1",
        "http://[::1]:8000/v1",
        "http://10.1.2.3",
        "https://192.168.0.7/v1",
        "http://172.16.0.1",
        "http://[fd00::1]/v1",
    ],
)
def test_this_machine_and_private_networks_are_local(endpoint: str):
    assert is_local(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://api.example.com/v1",
        "https://localhost.example.com",
        "https://notlocalhost",
        "https://127.0.0.1.example.com",
        "https://8.8.8.8",
        "https://172.32.0.1",
        "https://user@10.0.0.1@api.example.com",
        "https://127.0.0.1@api.example.com/v1",
        "https://[2606:4700::1111]/",
        "api.example.com",
        "localhost:8000",
        "https://2130706433/",
        "",
    ],
)
def test_everything_else_counts_as_external(endpoint: str):
    assert not is_local(endpoint)


def test_a_full_agreement_is_read_key_by_key():
    text = "provider=Cloud Co; retention=none;training=no;review=no;by=J. Doe;date=2026-01-31;"
    assert parse_agreement(text) == {
        "provider": "Cloud Co",
        "retention": "none",
        "training": "no",
        "review": "no",
        "by": "J. Doe",
        "date": "2026-01-31",
    }


@pytest.mark.parametrize("key", AGREEMENT_KEYS)
def test_a_missing_or_empty_key_is_named(key: str):
    for text in (STATED.replace(f"{key}=x", ""), STATED.replace(f"{key}=x", f"{key}= ")):
        with pytest.raises(DataTermsError, match=f"`{key}` is missing"):
            parse_agreement(text)


def test_an_unknown_key_is_named():
    with pytest.raises(DataTermsError, match="`colour` is unknown"):
        parse_agreement(f"{STATED};colour=red")


@pytest.mark.parametrize("access", ["open", "non-commercial"])
def test_data_that_are_not_closed_may_go_anywhere(access: str):
    guard(access, "https://api.example.com", None, what="task t", to="model m")


@pytest.mark.parametrize("endpoint", [None, "http://localhost:8000"])
def test_closed_data_may_stay(endpoint: str | None):
    guard("credentialed", endpoint, None, what="task t", to="model m")


def test_closed_data_leave_only_with_an_agreement():
    with pytest.raises(DataTermsError) as raised:
        guard("credentialed", "https://api.example.com/v1?key=secret", None, what="task t", to="model m")
    message = str(raised.value)
    assert "task t is credentialed data and model m answers at the external host `api.example.com`: nothing was sent" in message
    assert "--data-agreement 'provider=...;retention=...;" in message
    assert "secret" not in message
    guard("credentialed", "https://api.example.com", parse_agreement(STATED), what="task t", to="model m")
