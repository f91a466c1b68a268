"""Keys: equal exactly where the same model is asked the same thing; and requests as text for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.running.requests import Keys, ablate, fingerprint, render
from radbench.sample import Media, Request, Turn

FILM = Media(name="set", path="a.png", modality="CR", size=3, digest="d1")
ASKED = Request(sample_id="s", turns=(Turn("user", (FILM, "Is there an effusion?")),), options=("yes", "no"))


def key(request: Request, identity: dict[str, object] | None = None) -> str:
    return Keys(identity or {"family": "m"}).of(request)[0]


def with_film(**changes: object) -> Request:
    return replace(ASKED, turns=(Turn("user", (replace(FILM, **changes), "Is there an effusion?")),))


@pytest.mark.parametrize(
    "changed",
    [
        replace(ASKED, sample_id="t"),
        replace(ASKED, kind="rank"),
        replace(ASKED, options=("no", "yes")),
        replace(ASKED, max_new_tokens=5),
        replace(ASKED, turns=(Turn("user", ("Is there an effusion?", FILM)),)),
        replace(ASKED, turns=(Turn("user", (FILM, "Is there an effusion? ")),)),
        replace(ASKED, turns=(Turn("system", (FILM, "Is there an effusion?")),)),
        replace(ASKED, turns=(Turn("user", (FILM,)), Turn("user", ("Is there an effusion?",)))),
        with_film(digest="d2"),
        with_film(edits=("blank",)),
        with_film(ndim=3),
        with_film(modality="DX"),
        with_film(view="PA"),
    ],
)
def test_whatever_reaches_the_model_changes_the_key(changed: Request):
    assert key(changed) != key(ASKED)


@pytest.mark.parametrize("same", [with_film(name="other"), with_film(path="b/c.png"), with_film(size=9), with_film(data=b"xyz")])
def test_where_an_image_lies_does_not(same: Request):
    assert key(same) == key(ASKED)


@pytest.mark.parametrize("identity", [{"family": "n"}, {"family": "m", "revision": "b"}, {"family": "m", "generation": {"temperature": 0}}])
def test_another_identity_has_other_keys_for_everything(identity: dict[str, object]):
    assert key(ASKED, identity) != key(ASKED)


def test_the_order_of_an_identitys_parts_is_irrelevant():
    assert key(ASKED, {"a": 1, "b": 2}) == key(ASKED, {"b": 2, "a": 1})


def test_repeats_have_keys_of_their_own_and_the_first_is_that_of_one_asking():
    keys = Keys({"family": "m"}).of(ASKED, 4)
    assert len(set(keys)) == 4
    assert keys[0] == key(ASKED)
    assert Keys({"family": "m"}).of(ASKED, 2) == keys[:2]


@given(st.lists(st.text(max_size=4), max_size=3), st.lists(st.text(max_size=4), max_size=3))
def test_parts_never_run_together(one: list[str], other: list[str]):
    first, second = (replace(ASKED, turns=(Turn("user", tuple(parts)),)) for parts in (one, other))
    assert (key(first) == key(second)) == (_as_written(one) == _as_written(other))


def _as_written(parts: list[str]) -> list[str]:
    return [part.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") for part in parts]


def test_a_fingerprint_does_not_depend_on_the_order_of_keys():
    assert fingerprint({"a": [1, 2], "b": {"c": None}}) == fingerprint({"b": {"c": None}, "a": [1, 2]})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})


def test_a_request_is_rendered_for_people():
    assert render(ASKED) == "<image: set/a.png>\nIs there an effusion?"
    assert render(replace(ASKED, kind="rank")).endswith("\n\n[options] yes | no")
    assert render(with_film(edits=("blank",), ndim=3)).startswith("<volume: set/a.png (blank)>")
    talk = replace(ASKED, turns=(Turn("system", ("Be brief.",)), *ASKED.turns))
    assert render(talk) == "[system]\nBe brief.\n\n[user]\n<image: set/a.png>\nIs there an effusion?"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("real", lambda film: film),
        ("blank", lambda film: replace(film, edits=("blank",))),
        ("noise", lambda film: replace(film, edits=("noise:7/d1",))),
        ("swapped", lambda film: replace(film, path="b.png", digest="d2")),
    ],
)
def test_an_ablation_changes_images_alone(mode: str, expected: Callable[[Media], Media]):
    other = replace(FILM, path="b.png", digest="d2")
    (turn,) = ablate(ASKED, mode, 7, {FILM: other}).turns
    assert turn.parts == (expected(FILM), "Is there an effusion?")


def test_swapping_leaves_images_that_have_no_partner_named():
    assert ablate(ASKED, "swapped", 0, {}) == ASKED
