"""Judged metrics through the score pass: questions answered once, kept with their judge, unreadable answers counted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bench import Bench, rows
from fakes import FakeModel

from radbench.records import comparable
from radbench.sample import Reply, Request


def decide(request: Request) -> Reply:
    """Says yes to even questions, no to odd ones; of q7 it gives a readable answer at the second try, of q3 at none."""
    shown = str(request.turns[1].parts[0])
    number = next(n for n in range(11, -1, -1) if f'"""answer to q{n}"""' in shown)
    is_second = len(request.turns) > 2
    if number == 3 or (number == 7 and not is_second):
        return Reply(output="It depends.")
    return Reply(output=f"Equivalent: {'no' if number % 2 else 'yes'}")


@pytest.fixture
def judge(bench: Bench) -> FakeModel:
    made = FakeModel(answer=decide, batch_size=5)
    bench.write_rows({**row, "answer": "something else"} for row in rows(12))
    bench.models = {"fake": FakeModel(), "judge": made}
    bench.score |= {"metrics": [{"equivalence": {"judge": "judge"}}], "primary": "equivalence"}
    bench.write_card()
    return made


def test_a_judge_is_asked_in_rounds_and_what_it_leaves_open_is_counted(bench: Bench, judge: FakeModel):
    summary = bench.run().summary
    value = next(value for value in summary.values if value.id.endswith("equivalence"))
    assert value.value == pytest.approx(6 / 11)
    assert (value.n_scored, value.n_excluded) == (11, 1)
    assert len([request for batch in judge.asked for request in batch]) == 12 + 2
    assert "equivalence-v1@" in value.signature


def test_scoring_again_asks_the_judge_nothing(bench: Bench, judge: FakeModel):
    bench.run()
    judge.asked.clear()
    bench.run()
    assert judge.asked == []


def test_the_signature_tells_the_model_that_a_server_ran_and_the_days_it_answered_on(bench: Bench, judge: FakeModel):
    bench.models["judge"] = FakeModel(answer=lambda request: replace(decide(request), served_model="model-0613, preview"))
    value = next(value for value in bench.run().summary.values if value.id.endswith("equivalence"))

    today = datetime.now(UTC).date().isoformat()
    assert re.search(r"\|by:judge@[0-9a-f]{8}\(model-0613--preview\)\|", value.signature)
    assert re.search(r"\|judged:\d{4}-\d\d-\d\d\|", value.signature)
    assert f"judged:{today[:4]}" in value.signature
    assert "judged" not in comparable(value.signature)
    assert value.signature == next(v for v in bench.rescore().summary.values if v.id == value.id).signature  # from the store


def test_a_judge_that_answers_without_a_server_has_no_day(bench: Bench, judge: FakeModel):
    assert not any("judged:" in value.signature for value in bench.run().summary.values)
