"""Whatever a model does, each request ends in one reply."""

from __future__ import annotations

import pytest
from fakes import FakeModel

from radbench.errors import ContentError, MediaError, MissingPackageError, SampleModelError, TransientModelError, WeightsError
from radbench.running.answering import answer, can_answer
from radbench.sample import Reply, Request, Turn


class OnlyTalks:
    """A model that generates and does nothing else."""

    batch_size = 4

    def load(self, reader):
        pass

    def identity(self):
        return {}

    def generate(self, requests):
        return [Reply(output="words") for _ in requests]


def ask(*ids: str, kind: str = "generate") -> list[Request]:
    return [Request(sample_id=name, kind=kind, turns=(Turn("user", ("?",)),), options=("yes", "no")) for name in ids]


def test_replies_come_in_the_order_of_requests_of_several_kinds():
    requests = [*ask("a"), *ask("b", kind="rank"), *ask("c"), *ask("d", kind="rank")]
    replies = answer(FakeModel(), requests)
    assert [type(reply.output) for reply in replies] == [str, dict, str, dict]
    assert [replies[0].output, replies[2].output] == ["answer to a", "answer to c"]


def test_a_failing_batch_is_asked_one_by_one_and_each_error_stays_with_its_sample():
    model = FakeModel(errors={"b": SampleModelError("too\n long"), "d": TransientModelError("rate limit")})
    replies = answer(model, ask("a", "b", "c", "d"), "open")
    assert [reply.error for reply in replies] == [None, "too long", None, "rate limit"]
    assert [len(batch) for batch in model.asked] == [4, 1, 1, 1, 1]


def test_errors_made_for_people_are_quoted_and_others_named_by_place_alone():
    model = FakeModel(errors={"a": MediaError("cannot read `x.png`"), "b": ValueError("Mrs Smith has an effusion")})
    first, second = answer(model, ask("a", "b"), "open")
    assert first.error == "cannot read `x.png`"
    assert second.error is not None
    assert second.error.startswith("ValueError at fakes.py:")
    assert "Smith" not in second.error


@pytest.mark.parametrize("error", [SampleModelError("Mrs Smith has an effusion"), ValueError("Mrs Smith has an effusion")])
def test_the_words_of_a_foreign_model_are_not_kept_where_the_data_are_closed(error: Exception):
    (reply,) = answer(FakeModel(errors={"a": error}), ask("a"))
    assert reply.error is not None
    assert reply.error.startswith(f"{type(error).__name__} at fakes.py:")
    assert "Smith" not in reply.error


def test_what_no_request_can_pass_is_raised_without_the_words_of_a_foreign_model():
    with pytest.raises(
        ContentError, match=r"ContentError at fakes\.py:\d+: `raise self\._errors\[request\.sample_id\]`; the words of code that"
    ):
        answer(FakeModel(errors={"a": ContentError("Mrs Smith has an effusion")}), ask("a"))


@pytest.mark.parametrize("error", [ContentError("no such file"), MissingPackageError("needs torch"), WeightsError("missing keys")])
def test_what_no_request_can_pass_is_raised(error: Exception):
    with pytest.raises(type(error)):
        answer(FakeModel(errors={"a": error}), ask("a", "b"))


def test_an_interrupt_is_no_failure_of_a_model():
    with pytest.raises(KeyboardInterrupt):
        answer(FakeModel(errors={"a": KeyboardInterrupt()}), ask("a"))


def test_a_kind_that_the_model_does_not_offer_is_said_for_those_requests_alone():
    replies = answer(OnlyTalks(), [*ask("a"), *ask("b", kind="rank")])
    assert replies[0].output == "words"
    assert replies[1].error == "this model does not rank"
    assert [can_answer(OnlyTalks(), kind) for kind in ("generate", "rank", "embed")] == [True, False, False]


def test_nothing_asked_is_nothing_answered():
    assert answer(FakeModel(), []) == []
