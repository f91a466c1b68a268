from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeModel

from radbench.errors import TransientModelError
from radbench.models.base import Embedder, Generator, Learner, Ranker
from radbench.sample import Reply, Request, Turn

CATALOGUE = Path(__file__).parent.parent / "data" / "fake_catalog"


def _request(sample_id: str) -> Request:
    return Request(sample_id=sample_id, turns=(Turn("user", ("Describe.",)),))


def test_the_fake_gives_queued_replies_first_and_records_what_it_was_asked():
    model = FakeModel(["yes", Reply(error="refused")])
    assert all(isinstance(model, contract) for contract in (Generator, Ranker, Embedder, Learner))
    replies = model.generate([_request("a"), _request("b"), _request("c")])
    assert [reply.output or reply.error for reply in replies] == ["yes", "refused", "answer to c"]
    assert model.asked_ids == ["a", "b", "c"]


def test_the_fake_fails_each_batch_that_holds_a_chosen_sample():
    model = FakeModel(errors={"b": TransientModelError("rate limit")})
    with pytest.raises(TransientModelError):
        model.generate([_request("a"), _request("b")])
    assert model.generate([_request("a")])[0].output == "answer to a"


def test_the_catalogue_fake_kills_its_process_once(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from fakes import Fake\nfrom radbench.sample import Request, Turn\n"
        "model = Fake(log=sys.argv[2], die_after=2)\n"
        "for i in 'abc': print(model.generate([Request(sample_id=i, turns=(Turn('user', ('?',)),))])[0].output, flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(CATALOGUE), str(tmp_path / "log")]
    killed, second = (subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(2))
    assert (killed.returncode, killed.stdout) == (-9, "answer to a\n")
    assert (second.returncode, second.stdout.split("\n")[:3]) == (0, ["answer to a", "answer to b", "answer to c"])
    assert (tmp_path / "log").read_text() == "a\nb\na\nb\nc\n"
