"""YAML as cards are written: words stay words, keys stand once, lines are known."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radbench.catalog.yaml_text import read_yaml
from radbench.errors import ContentError

WORDS = st.text(st.characters(max_codepoint=0xD7FF), max_size=12)  # JSON writes others as pairs that YAML does not join
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.sampled_from(["no", "yes", "on", "1e-3", "010", "2020-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.filter(bool), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("y", "y"),
        ("true", True), ("false", False),
        ("010", "010"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("12:30", "12:30"), ("2020-01-01", "2020-01-01"),
        ("1e-3", 1e-3), ("2.", 2.0), (".5", 0.5), ("-7", -7), ("7B", "7B"), ("1.0.0", "1.0.0"),
        ("", None), ("null", None), ("~", None), ("nothing", "nothing"), ("<<", "<<"), ("=", "="),
    ],
)  # fmt: skip
def test_plain_words_are_what_they_look_like(text, expected):
    found = read_yaml(f"key: {text}", "x.yaml")[0]["key"]
    assert found == expected
    assert type(found) is type(expected)


def test_each_key_and_item_knows_its_line():
    _, lines = read_yaml("a: 1\nb:\n  c: 2\n  d:\n  - x\n  - e: 3\n", "x.yaml")
    assert lines == {("a",): 1, ("b",): 2, ("b", "c"): 3, ("b", "d"): 4, ("b", "d", 0): 5, ("b", "d", 1): 6, ("b", "d", 1, "e"): 6}


def test_a_key_that_stands_twice_is_refused_with_both_lines():
    with pytest.raises(ContentError, match=r"x.yaml:3: key `a` stands twice \(first in line 1\)"):
        read_yaml("a: 1\nb: 2\na: 3\n", "x.yaml")


@pytest.mark.parametrize(
    "text", ["a: [1", "a: b: c", "? [1, 2]\n: 3", "a: \x00", "&a [*a]", "a: 1\n--- \nb: 2", "!!python/object:os.system {}"]
)
def test_what_is_no_plain_yaml_is_a_content_error_with_the_file(text):
    with pytest.raises(ContentError, match=r"x\.yaml"):
        read_yaml(text, "x.yaml")


@given(VALUES)
def test_json_is_read_as_what_it_says(value):
    assert read_yaml(json.dumps({"key": value}), "x.yaml")[0] == {"key": value}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_content_error(text):
    with contextlib.suppress(ContentError):
        read_yaml(text, "x.yaml")
