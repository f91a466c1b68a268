"""The family `openai` against a stub server: what it sends, what it makes of what comes back, how many at a time."""

from __future__ import annotations

import asyncio
import base64
import io
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from stub_server import Step, StubServer, answer, completion, failure

pytest.importorskip("openai", reason="needs the extra `api`")

from radbench.errors import ContentError
from radbench.media import Reader
from radbench.models.base import Embedder, Generator, Ranker
from radbench.models.openai import Openai
from radbench.running.answering import Streamer
from radbench.sample import Media, Part, Reply, Request, Tokens, Turn


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def made(stub: StubServer, **options: Any) -> Openai:
    model = Openai(**{"model": "stub", "endpoint": stub.url, "max_retries": 1, **options})
    model.load(Reader({}))
    return model


def asking(*parts: Part, line: int = 0, **more: Any) -> Request:
    return Request(sample_id=str(line), turns=(Turn("user", (*parts, f"What does line {line} show?")),), **more)


def sent(stub: StubServer, request: Request, **options: Any) -> dict[str, Any]:
    """The body that a request becomes."""
    made(stub, **options).generate([request])
    return stub.asked[-1]


def film(height: int = 20, width: int = 30) -> Media:
    file = io.BytesIO()
    Image.fromarray(np.arange(height * width, dtype=np.uint32).reshape(height, width).astype(np.uint8)).save(file, "PNG")
    return Media(name="phantom", path="film.png", data=file.getvalue())


def volume(depth: int = 9) -> Media:
    """Slice i is grey value i, 4 x 6."""
    file = io.BytesIO()
    np.save(file, np.broadcast_to(np.arange(depth, dtype=np.uint8)[:, None, None], (depth, 4, 6)))
    return Media(name="phantom", path="volume.npy", data=file.getvalue(), ndim=3)


def pictures(body: dict[str, Any]) -> list[np.ndarray]:
    """The pictures of the last message, decoded."""
    items = [part["image_url"]["url"] for part in body["messages"][-1]["content"] if part["type"] == "image_url"]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(item.partition(",")[2])))) for item in items]


def test_it_generates_and_ranks_and_streams_and_does_not_embed(stub: StubServer):
    model = made(stub)
    assert isinstance(model, Generator)
    assert isinstance(model, Ranker)
    assert isinstance(model, Streamer)
    assert not isinstance(model, Embedder)


# what is sent


def test_a_text_alone_is_one_message(stub: StubServer):
    assert sent(stub, asking()) == {"model": "stub", "messages": [{"role": "user", "content": "What does line 0 show?"}]}


def test_turns_and_system_texts_keep_their_order(stub: StubServer):
    turns = (
        Turn("system", ("Be brief.",)),
        Turn("user", ("Which organ?",)),
        Turn("assistant", ("Lung.",)),
        Turn("user", ("Side, line 1?",)),
    )
    body = sent(stub, Request(turns=turns), system="You are a radiologist.")
    assert body["messages"] == [
        {"role": "system", "content": "You are a radiologist.\n\nBe brief."},
        {"role": "user", "content": "Which organ?"},
        {"role": "assistant", "content": "Lung."},
        {"role": "user", "content": "Side, line 1?"},
    ]


def test_images_are_data_uris_where_they_stand_in_the_turn(stub: StubServer):
    body = sent(stub, asking("First:", film(), "then:", film(8, 8)))
    content = body["messages"][0]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "text", "image_url", "text"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert [picture.shape for picture in pictures(body)] == [(20, 30), (8, 8)]
    np.testing.assert_array_equal(pictures(body)[0], np.arange(600).reshape(20, 30).astype(np.uint8))


def test_large_images_are_shrunk_to_the_longest_side_and_small_ones_are_not_enlarged(stub: StubServer):
    body = sent(stub, asking(film(20, 30), film(5, 8)), preprocessing={"image_px": 15})
    assert [picture.shape for picture in pictures(body)] == [(10, 15), (5, 8)]


def test_jpeg_and_detail_are_sent_where_stated(stub: StubServer):
    body = sent(stub, asking(film()), preprocessing={"image_format": "jpeg", "detail": "low"})
    image = body["messages"][0]["content"][0]["image_url"]
    assert image["detail"] == "low"
    assert image["url"].startswith("data:image/jpeg;base64,/9j/")


def test_a_volume_is_as_many_evenly_spaced_slices_as_stated(stub: StubServer):
    shown = pictures(sent(stub, asking(volume()), preprocessing={"slices": 3}))
    assert [picture[0, 0] for picture in shown] == [1, 4, 7]  # the middles of three thirds of nine slices


def test_a_volume_as_montage_is_one_picture_of_all_slices_row_by_row(stub: StubServer):
    (grid,) = pictures(sent(stub, asking(volume()), preprocessing={"slices": 3, "volumes": "montage"}))
    assert grid.shape == (8, 12)
    assert [grid[0, 0], grid[0, 6], grid[4, 0], grid[4, 6]] == [1, 4, 7, 0]


def test_an_image_that_cannot_be_read_fails_its_own_request(stub: StubServer):
    broken = Media(name="phantom", path="film.png", data=b"no image")
    replies = made(stub).generate([asking(line=1), asking(broken, line=2), asking(line=3)])
    assert [reply.error is None for reply in replies] == [True, False, True]
    assert "phantom/film.png" in (replies[1].error or "")


@pytest.mark.parametrize(
    ("generation", "task_limit", "expected"),
    [
        ({"temperature": 0}, None, {"temperature": 0}),
        ({"temperature": "0", "top_p": "0.5", "stop": "END"}, None, {"temperature": 0, "top_p": 0.5, "stop": "END"}),
        ({}, 20, {"max_tokens": 20}),
        ({"max_tokens": 50}, 20, {"max_tokens": 20}),
        ({"max_tokens": 10}, 20, {"max_tokens": 10}),
        ({"max_completion_tokens": 50}, 20, {"max_completion_tokens": 20}),
        (
            {"top_k": 3, "chat_template_kwargs": {"enable_thinking": False}},
            None,
            {"top_k": 3, "chat_template_kwargs": {"enable_thinking": False}},
        ),
    ],
)
def test_generation_settings_are_handed_on_and_the_lower_limit_wins(
    stub: StubServer, generation: dict[str, Any], task_limit: int | None, expected: dict[str, Any]
):
    body = sent(stub, asking(max_new_tokens=task_limit), generation=generation)
    assert {name: value for name, value in body.items() if name not in {"model", "messages"}} == expected


def test_room_for_thoughts_comes_on_top_of_the_tasks_limit(stub: StubServer):
    assert sent(stub, asking(max_new_tokens=20), thinking_tokens=1000)["max_tokens"] == 1020


# what comes back


def test_thoughts_kept_apart_by_the_server_are_reasoning(stub: StubServer):
    stub.default = answer("No.", reasoning_content="Both angles are sharp.")
    (reply,) = made(stub).generate([asking()])
    assert (reply.output, reply.reasoning) == ("No.", "Both angles are sharp.")


@pytest.mark.parametrize(("said", "finish", "ok"), [('{"a": 1}', "stop", True), ("a is 1", "stop", False), ('{"a": ', "length", True)])
def test_structured_output_is_checked(stub: StubServer, said: str, finish: str, ok: bool):
    stub.default = answer(said, finish=finish)
    (reply,) = made(stub, generation={"response_format": {"type": "json_object"}}).generate([asking()])
    assert (reply.error is None) == ok


def test_a_prompt_stopped_by_azures_filter_is_a_refusal(stub: StubServer):
    stub.default = failure(400, code=None, innererror={"code": "ResponsibleAIPolicyViolation"})
    (reply,) = made(stub).generate([asking()])
    assert (reply.error, reply.finish_reason) == (None, "refused")


def test_errors_do_not_quote_what_the_server_says(stub: StubServer):
    stub.default = failure(400, message="cannot read `What does line 0 show?`", type="invalid_request_error", param="messages", code="bad")
    (reply,) = made(stub).generate([asking()])
    assert reply.error == "the server said 400 (invalid_request_error, bad, parameter `messages`)"


def test_words_in_the_place_of_a_code_are_not_told(stub: StubServer):
    stub.default = failure(400, type="What does line 0 show?", param="What does line 0 show?", code="What does line 0 show?")
    (reply,) = made(stub).generate([asking()])
    assert reply.error == "the server said 400"


def test_a_prompt_longer_than_the_context_is_told_so(stub: StubServer):
    stub.default = failure(400, message="This model's maximum context length is 10 tokens", type="BadRequestError", code=400)
    (reply,) = made(stub).generate([asking()])
    assert reply.error == "the server said 400 (BadRequestError): longer than the model's context"


def test_a_stream_that_was_not_asked_for_is_told_from_a_broken_answer(stub: StubServer):
    chunk = b'data: {"choices": [{"index": 0, "delta": {"content": "No"}}]}\n\ndata: [DONE]\n\n'
    stub.default = Step(body=chunk, headers={"Content-Type": "text/event-stream"})
    (reply,) = made(stub).generate([asking()])
    assert reply.error == "the server streams its answer, which is not read: have it answer in one piece"
    assert "stream" not in stub.asked[0]


def test_a_prompt_that_no_server_can_be_sent_fails_for_what_it_is(stub: StubServer):
    (reply,) = made(stub).generate([asking("\ud800")])  # half of a character
    assert reply.error == "UnicodeEncodeError while asking"


# who is not heard


@pytest.mark.parametrize(
    "step",
    [failure(401), failure(403), Step(400, b'[{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]')],
    ids=["401", "403", "400 as Gemini words it"],
)
def test_a_key_that_is_refused_from_the_first_raises(stub: StubServer, step: Step):
    stub.default = step
    with pytest.raises(ContentError, match="refuses a request without a key"):
        made(stub).generate([asking()])


# ranking


def test_ranking_lists_the_options_under_letters_and_asks_for_one_token(stub: StubServer):
    stub.default = answer("A", logprobs={"A": -0.1, "B": -2.0})
    made(stub, generation={"max_completion_tokens": 300, "temperature": 0}).rank([asking(kind="rank", options=("yes", "no"))])
    (body,) = stub.asked
    assert body["messages"][0]["content"].endswith("show?\nA. yes\nB. no\nAnswer with the letter of the right option and nothing else.")
    assert (body["logprobs"], body["top_logprobs"], body["max_completion_tokens"]) == (True, 20, 1)


def test_an_options_likelihood_is_that_of_all_tokens_that_are_its_letter(stub: StubServer):
    stub.default = answer(
        "B", finish="length", logprobs={"B": math.log(0.5), " B": math.log(0.2), "A.": math.log(0.1), "The": math.log(0.05)}
    )
    (reply,) = made(stub).rank([asking(kind="rank", options=("yes", "no", "maybe"))])
    assert reply.finish_reason == "stop"
    assert isinstance(reply.output, dict)
    assert list(reply.output) == ["yes", "no", "maybe"]
    assert [round(math.exp(score), 6) for score in reply.output.values()] == [0.1, 0.7, 0.05]  # maybe: at most the least of those told


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (answer("A"), "the server ignores them"),
        (answer("A", logprobs={}), "the server ignores them"),
        (answer("The", logprobs={"The": -0.1}), "none of the letters A to B"),
    ],
)
def test_a_server_that_tells_no_likelihoods_cannot_rank_and_the_reply_says_so(stub: StubServer, step: Step, reason: str):
    stub.default = step
    (reply,) = made(stub).rank([asking(kind="rank", options=("yes", "no"))])
    assert reply.output is None
    assert reason in (reply.error or "")


def test_more_options_than_likelihoods_told_cannot_be_ranked(stub: StubServer):
    (reply,) = made(stub).rank([asking(kind="rank", options=tuple(map(str, range(21))))])
    assert "21 options cannot be ranked" in (reply.error or "")
    assert stub.asked == []


# how many at a time, and how much


def test_a_server_that_says_429_is_asked_less_at_a_time(stub: StubServer):
    for line in range(8):
        stub.script(line, failure(429, headers={"retry-after-ms": "40"}), Step(body=completion("yes"), sleep_s=0.02))
    stub.default = Step(body=completion("yes"), sleep_s=0.02)
    model = made(stub, concurrency=8, max_retries=3)
    replies = model.generate([asking(line=line) for line in range(16)])
    assert all(reply.error is None for reply in replies)
    assert stub.most_out <= 8
    assert len(stub.asked) == 24


def test_earlier_replies_of_the_run_count_for_the_budget(stub: StubServer):
    earlier = [Reply(output="", tokens=Tokens(prompt=10, output=4))] * 3
    with made(stub, budget={"requests": 5}, concurrency=1).exchange(earlier) as exchange:
        for line in range(4):
            exchange.submit(str(line), asking(line=line))
        found = {}
        while replies := exchange.collect():
            found.update(replies)
    assert sorted(found) == ["0", "1"]
    assert "5 requests" in exchange.stopped


def test_requests_beyond_the_budget_are_failures_where_nothing_can_be_resumed(stub: StubServer):
    replies = made(stub, budget={"requests": 1}, concurrency=1).generate([asking(line=line) for line in range(2)])
    assert [reply.error is None for reply in replies] == [True, False]
    assert "budget" in (replies[1].error or "")


def test_a_server_that_goes_away_stops_the_run_and_not_every_request(stub: StubServer):
    model = made(stub, max_retries=0, concurrency=1, timeout_s=5)
    with model.exchange() as exchange:
        exchange.submit("first", asking())
        assert len(exchange.collect()) == 1
        stub.stop()
        for place in range(30):
            exchange.submit(str(place), asking())
        found = []
        while replies := exchange.collect():
            found += replies
        assert len(found) < 12
        assert exchange.stopped.startswith("no connection to 127.0.0.1:")
        assert exchange.stopped.endswith("the same command goes on from here")


def test_it_works_where_an_event_loop_runs_already(stub: StubServer):
    async def in_a_notebook() -> list[Reply]:
        return list(made(stub).generate([asking(line=4)]))

    assert asyncio.run(in_a_notebook())[0].output == "answer to q4"
