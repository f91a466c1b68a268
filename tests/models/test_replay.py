from __future__ import annotations

import shutil

import numpy as np
import pytest

from radbench.errors import ContentError
from radbench.folder import to_line
from radbench.media import Reader
from radbench.models.replay import Replay
from radbench.records import Prediction
from radbench.sample import Box, Boxes, Reply, Request, Turn, Vectors
from radbench.terms import opened


def _request(sample_id: str) -> Request:
    return Request(sample_id=sample_id, turns=(Turn("user", ("Describe.",)),))


@pytest.fixture
def replay(tmp_path):
    opened.note("open")
    yield made(tmp_path)
    opened.forget()


def made(tmp_path):
    vectors = Vectors.of(np.eye(2))
    written = [
        Prediction(key="1", sample_id="text", output="Clear lungs.", seconds=1.5),
        Prediction(key="2", sample_id="text", repeat=1, output="Effusion."),
        Prediction(key="3", sample_id="scores", output={"yes": -0.1, "no": -2.0}),
        Prediction(key="4", sample_id="vectors", output=vectors),
        Prediction(key="5", sample_id="boxes", output=Boxes((Box(0, 0, 4, 5),))),
        Prediction(key="6", sample_id="refused", error="refused", finish_reason="refused"),
    ]
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b"".join(map(to_line, written)))
    model = Replay(file=path)
    model.load(Reader({}))
    return model


def test_each_sample_gets_its_stored_reply_as_a_plain_reply(replay):
    text, boxes, refused = replay.generate([_request("text"), _request("boxes"), _request("refused")])
    assert text == Reply(output="Clear lungs.", seconds=1.5)
    assert (type(text), boxes.output.boxes[0].x1) == (Reply, 4)
    assert refused == Reply(error="refused", finish_reason="refused")


def test_a_journals_words_on_an_error_are_told_of_open_data_alone(tmp_path):
    opened.forget()
    (refused,) = made(tmp_path).generate([_request("refused")])
    assert refused.error == "predictions.jsonl tells an error in place of a prediction"


def test_stored_scores_and_vectors_answer_rankings_and_embeddings(replay):
    assert replay.rank([_request("scores")])[0].output == {"yes": -0.1, "no": -2.0}
    np.testing.assert_array_equal(replay.embed([_request("vectors")])[0].output.array(), np.eye(2))


def test_a_sample_without_a_prediction_is_an_error(replay):
    assert replay.generate([_request("absent")]) == [Reply(error="no prediction for this sample in predictions.jsonl")]


def test_a_prediction_of_another_kind_than_asked_is_an_error(replay):
    wanted = "the prediction for this sample in predictions.jsonl holds no"
    assert replay.rank([_request("text")])[0].error == f"{wanted} option scores"
    assert replay.embed([_request("scores")])[0].error == f"{wanted} vectors"
    assert replay.generate([_request("vectors")])[0].error == f"{wanted} text"


def test_the_identity_is_that_of_the_bytes_wherever_they_lie(replay, tmp_path):
    moved = Replay(file=shutil.copy(replay.file, tmp_path / "moved.jsonl"))
    moved.load(Reader({}))
    assert moved.identity() == replay.identity()
    changed = Replay(file=tmp_path / "moved.jsonl")
    changed.file.write_bytes(changed.file.read_bytes() + to_line(Prediction(key="7", sample_id="more", output="x")))
    changed.load(Reader({}))
    assert changed.identity() != replay.identity()


def test_a_file_without_predictions_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("id,prediction\n")
    with pytest.raises(ContentError, match=r"empty\.csv: holds no predictions"):
        Replay(file=tmp_path / "empty.csv").load(Reader({}))
