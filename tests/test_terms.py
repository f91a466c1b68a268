"""Data terms: closed data stay with local hosts unless an agreement is stated in full."""

from __future__ import annotations

import logging
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.errors import DataTermsError, ModelError, SampleModelError
from radbench.terms import AGREEMENT_KEYS, covers, guard, host_of, is_local, parse_agreement, told

STATED = ";".join(f"{key}=x" for key in AGREEMENT_KEYS)
hosts = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,6}[a-z0-9]", fullmatch=True), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost:8000/v1",
        "http://LOCALHOST/",
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
        "http://gpu.localhost",
        "http://localhost.:8000/v1",
        "http://127.0.0.1./v1",
        "http://10.1.2.3.:8000",
        "",
    ],
)
def test_everything_else_counts_as_external(endpoint: str):
    assert not is_local(endpoint)


def test_a_full_agreement_is_read_key_by_key():
    text = "provider=api.example.com, ours.example.org; retention=none;training=no;review=no;by=J. Doe;date=2026-01-31;"
    assert parse_agreement(text) == {
        "provider": "api.example.com, ours.example.org",
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


def test_a_key_that_is_given_twice_is_named():
    with pytest.raises(DataTermsError, match="`provider` is given twice"):
        parse_agreement(f"{STATED};provider=api.example.com")


@pytest.mark.parametrize("name", ["Cloud Co", "https://api.example.com", "api.example.com:443", "*.example.com", "a,,b", "user@host", "."])
def test_a_provider_that_is_no_host_is_named(name: str):
    with pytest.raises(DataTermsError, match="is no host, such as"):
        parse_agreement(STATED.replace("provider=x", f"provider={name}"))


def test_closed_data_leave_only_with_an_agreement():
    with pytest.raises(DataTermsError) as raised:
        guard("credentialed", "https://api.example.com/v1?key=secret", None, what="task t", to="model m")
    message = str(raised.value)
    assert "task t is credentialed data and model m answers at the external host `api.example.com`: nothing was sent" in message
    assert "--data-agreement 'provider=api.example.com;retention=...;" in message
    assert "secret" not in message
    stated = parse_agreement(message.partition("--data-agreement '")[2].rstrip("'"))
    guard("credentialed", "https://api.example.com", stated, what="task t", to="model m")


def test_an_agreement_covers_the_hosts_it_names_and_the_refusal_says_what_would_cover_another():
    stated = parse_agreement("provider=api.example.com;retention=none;training=no;review=no;by=J. Doe;date=2026-01-31")
    with pytest.raises(DataTermsError) as raised:
        guard("credentialed", "https://ours.example.org/v1", stated, what="task t", to="model m")
    message = str(raised.value)
    assert "the external host `ours.example.org`" in message
    assert "covers api.example.com, not this host" in message
    wider = parse_agreement(message.partition("--data-agreement '")[2].rstrip("'"))
    assert wider == {**stated, "provider": "api.example.com,ours.example.org"}
    guard("credentialed", "https://ours.example.org/v1", wider, what="task t", to="model m")


@given(st.lists(hosts, min_size=1, max_size=3), hosts, st.sampled_from(["{}", "{}.", "{}:443"]))
def test_an_agreement_covers_a_host_exactly_where_it_names_it(named: list[str], host: str, spelt: str):
    stated = parse_agreement(STATED.replace("provider=x", f"provider={' ,'.join(named).upper()}"))
    assert covers(stated, f"https://{spelt.format(host)}/v1") == (host in named)
    assert covers(stated, f"https://{spelt.format(named[0])}/v1")
    assert not covers(stated, f"https://{named[0]}.{host}.evil.example/v1")


@given(st.text(alphabet=string.printable, max_size=30))
def test_an_address_that_is_not_plainly_written_is_covered_by_nothing(endpoint: str):
    if host_of(f"https://{endpoint}") is None:
        assert not covers({"provider": f"{endpoint},api.example.com"}, f"https://{endpoint}")


@given(st.text(max_size=80))
def test_any_text_is_a_whole_agreement_or_a_refusal(text: str):
    try:
        stated = parse_agreement(text)
    except DataTermsError:
        return
    assert set(stated) == set(AGREEMENT_KEYS)


def test_an_address_read_in_two_ways_gets_no_closed_data_with_any_agreement():
    with pytest.raises(DataTermsError, match="can be read in more ways than one"):
        guard("credentialed", "https://api.example.com@x", parse_agreement(STATED), what="task t", to="model m")


def test_an_agreement_names_an_address_of_version_6_too():
    stated = parse_agreement(STATED.replace("provider=x", "provider=2606:4700::1111"))
    assert covers(stated, "https://[2606:4700::1111]:8000/v1")


TEXT = "Mrs Smith has an effusion"


def caught(error: Exception) -> Exception:
    """The error as it is once raised here, in code that is not radbench's."""
    try:
        raise error
    except type(error) as found:
        return found


@pytest.mark.parametrize("error", [ModelError(TEXT), SampleModelError(TEXT), ValueError(TEXT), KeyError(TEXT)])
def test_of_an_error_of_foreign_code_on_closed_data_only_kind_and_place_are_told(error: Exception, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG, logger="radbench")
    said = told(caught(error), "credentialed")
    assert said.startswith(f"{type(error).__name__} at test_terms.py:")
    assert "Smith" not in said + caplog.text


def test_of_an_error_of_foreign_code_on_open_data_the_message_is_told_in_the_log_or_where_it_is_made_for_people(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG, logger="radbench")
    assert told(caught(ModelError("the\n server is gone")), "open") == "the server is gone"
    assert told(caught(ValueError(TEXT)), "open").endswith("(its message: --debug)")
    assert TEXT in caplog.text


def test_what_radbench_itself_says_to_people_is_told_of_closed_data_too(tmp_path: Path):
    from radbench.folder import RunFolder

    with pytest.raises(Exception, match=r"no run\.json") as raised:
        RunFolder(tmp_path).read_run()
    assert told(raised.value, "credentialed").startswith("no run.json in")
