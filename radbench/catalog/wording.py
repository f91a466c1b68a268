"""What pydantic expected, in the words of those who write cards: lists and text, not tuples and strings."""

from __future__ import annotations

from typing import Final

from pydantic_core import ErrorDetails

_KINDS: Final = {
    "a list": ("tuple_type", "list_type", "set_type", "frozen_set_type"),
    "text": ("string_type",),
    "keys with values, `key: value`": ("mapping_type", "dict_type", "model_type", "model_attributes_type"),
    "true or false": ("bool_type", "bool_parsing"),
    "a whole number": ("int_type", "int_parsing", "int_from_float"),
    "a number": ("float_type", "float_parsing"),
    "nothing": ("none_required",),
}
_WORDS: Final = {problem: words for words, problems in _KINDS.items() for problem in problems}


def expected(problem: ErrorDetails) -> str:
    """`expected` and what would have been right, for one thing that pydantic found.

    A validator of radbench's own speaks for itself.
    """
    if problem["type"] == "too_short":
        least = problem["ctx"]["min_length"]
        return f"expected at least {least} {'item' if least == 1 else 'items'}"
    if words := _WORDS.get(problem["type"]):
        return f"expected {words}"
    return problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
