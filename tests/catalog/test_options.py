"""Options are brought to the constructor's types, and refused with their origin where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from radbench.catalog.options import construct
from radbench.errors import ContentError
from radbench.terms import opened


@dataclass
class Thing:
    """Something with options of many kinds."""

    size: int
    case: Literal["lower", "mixed"] = "mixed"
    names: tuple[str, ...] = ()
    root: Path | None = None
    free: Any = None
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("size below 0")


@pytest.fixture(autouse=True)
def _open_data() -> Iterator[None]:
    """As in a command on open data: what a part that is not radbench's says is told."""
    opened.note("open")
    yield
    opened.forget()


def made(**options: object) -> Thing:
    """A thing with options as a card or a command line gives them."""
    return construct(Thing, "the thing", options, "here.yaml", {})


def test_text_becomes_the_annotated_type():
    assert made(size="8", names="[a, no]", root="x/y", share="1e-3") == Thing(8, names=("a", "no"), root=Path("x/y"), share=1e-3)


def test_a_number_becomes_text_where_text_is_wanted():
    assert construct(lambda text: text, "it", {"text": 8}, "here", {}) == 8
    assert made(size=1, names=[7]).names == ("7",)


def test_an_option_without_a_type_is_handed_on():
    assert made(size=1, free={"a": [1]}).free == {"a": [1]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 1, "cas": "lower"}, r"here.yaml: the thing has no option `cas`; did you mean `case`\? Its options: size, case"),
        ({"size": 1, "case": "upper"}, r"here.yaml: option `case` of the thing: expected 'lower' or 'mixed', got `upper`"),
        ({"size": "many"}, r"here.yaml: option `size` of the thing: expected a whole number, got `many`"),
        ({}, r"here.yaml: the thing needs the option `size`"),
        ({"size": -1}, r"here.yaml: the thing refuses its options: size below 0"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_with_its_origin(options, message):
    with pytest.raises(ContentError, match=message):
        made(**options)


def test_fixed_keywords_are_handed_on_as_they_are_and_not_offered():
    marker = object()
    assert construct(Thing, "it", {"size": 1}, "here", {"free": marker}).free is marker
    with pytest.raises(ContentError) as caught:
        construct(Thing, "it", {"sizes": 1}, "here", {"free": marker})
    assert "free" not in str(caught.value)


def test_a_function_is_a_component_too():
    def make(*, words: Sequence[str] = ()) -> tuple[str, ...]:
        return tuple(words)

    assert construct(make, "it", {"words": ["a"]}, "here", {}) == ("a",)


def test_an_annotation_for_type_checkers_only_leaves_the_option_to_the_constructor():
    class Odd:
        def __init__(self, *, value: NotThere = 0) -> None:  # noqa: F821  # the point of the test
            self.value = value

    assert construct(Odd, "it", {"value": "8"}, "here", {}).value == "8"


def test_of_what_a_foreign_part_says_while_closed_data_may_be_at_hand_the_code_is_told():
    opened.forget()
    code = r'ValueError at test_options.py:\d+: `raise ValueError\("size below 0"\)`;'
    with pytest.raises(ContentError, match=f"refuses its options: {code}"):
        made(size=-1)
