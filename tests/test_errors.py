"""The tree of errors: all are messages for people, as the docstring draws them."""

from __future__ import annotations

import re

import pytest

from radbench import errors
from radbench.errors import RadbenchError, UnknownNameError, nearest


def test_the_tree_in_the_docstring_is_the_tree():
    drawn: dict[str, str] = {}
    parents: list[tuple[int, str]] = []
    for indent, name in re.findall(r"^( *)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        parents = [(depth, parent) for depth, parent in parents if depth < len(indent)]
        drawn[name] = parents[-1][1] if parents else "Exception"
        parents.append((len(indent), name))
    classes = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, RadbenchError)]
    assert drawn == {item.__name__: item.__base__.__name__ for item in classes}


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("demo.vqq", ["demo.vqa", "demo.report"], "; did you mean `demo.vqa`?"),
        ("bleu5", ["bleu", "bleus"], "; did you mean `bleu` or `bleus`?"),
        ("zebra", ["demo.vqa"], "."),
        ("a", [], "."),
    ],
)
def test_the_nearest_names_are_offered_where_there_are_any(name: str, known: list[str], said: str):
    assert sorted(re.findall("`.*?`", nearest(name, known))) == sorted(re.findall("`.*?`", said))
    assert nearest(name, known)[0] == said[0]


def test_an_unknown_name_says_where_the_list_is():
    error = UnknownNameError("metric", "blue", ["bleu"], "radbench ls metrics")
    assert str(error) == "no metric `blue`; did you mean `bleu`? The list: radbench ls metrics"
