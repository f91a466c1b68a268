from __future__ import annotations

import numpy as np

from radbench.models.constant import Constant
from radbench.sample import Request, Turn, Vectors


def _request(*parts: str, options: tuple[str, ...] = ()) -> Request:
    return Request(turns=(Turn("user", parts),), options=options)


def test_every_request_gets_the_same_words():
    assert [reply.output for reply in Constant(text="no").generate([_request("a"), _request("b")])] == ["no", "no"]


def test_the_option_equal_to_the_text_is_ranked_first_whatever_its_case():
    (reply,) = Constant(text="yes").rank([_request("Effusion?", options=("No", "Yes"))])
    assert reply.output == {"No": -30.0, "Yes": 0.0}


def test_the_first_option_is_ranked_first_where_none_equals_the_text():
    replies = Constant().rank([_request("Plane?", options=("axial", "coronal")), _request("Side?", options=("left", "right"))])
    assert [max(reply.output, key=reply.output.get) for reply in replies] == ["axial", "left"]


def test_a_ranking_without_options_is_empty():
    assert Constant().rank([_request("?")])[0].output == {}


def test_all_parts_get_one_vector():
    (reply,) = Constant().embed([_request("one", "two", "three")])
    assert isinstance(reply.output, Vectors)
    np.testing.assert_array_equal(reply.output.array(), np.ones((3, 1)))
