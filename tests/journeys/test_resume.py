"""What an old answer may be used for: the same thing asked again of the same model, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bench import TASK, Bench, MadeCatalog, rows
from fakes import FakeModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radbench.errors import MediaError, RunError, SampleModelError
from radbench.evaluation import Asking, evaluate_all, plan_all
from radbench.folder import RunFolder
from radbench.running.engine import Control
from radbench.sample import Media, Reply, Request
from radbench.scoring import IntervalSettings

N = 12
ALL = [f"q{i}" for i in range(N)]


class Revised(FakeModel):
    """A fake whose weights are those of a revision; it answers with its name."""

    def __init__(self, revision: str, **more: Any) -> None:
        super().__init__(answer=lambda request: Reply(output=f"{revision} on {request.sample_id}"), **more)
        self._revision = revision

    def identity(self) -> Mapping[str, object]:
        return {**super().identity(), "revision": self._revision}


def sees_images(request: Request) -> Reply:
    """The digests of the images shown."""
    return Reply(output=" ".join(part.digest for turn in request.turns for part in turn.parts if isinstance(part, Media)))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench", n=N)


def with_images(bench: Bench, n: int = N) -> None:
    """Give each sample an image of its own."""
    for i in range(n):
        (bench.data / f"{i}.png").write_bytes(b"image %d" % i)
    bench.write_rows({**row, "image": f"{i}.png"} for i, row in enumerate(rows(n)))


def test_a_complete_run_is_not_asked_again(bench: Bench):
    bench.models = {"fake": FakeModel()}
    first = bench.run().folder.summary.read_bytes()
    bench.models = {"fake": (again := FakeModel())}
    assert bench.run().folder.summary.read_bytes() == first
    assert again.asked == []


def test_a_changed_prompt_is_asked_anew_and_in_a_folder_of_its_own(bench: Bench):
    bench.models = {"fake": FakeModel()}
    before = bench.run().folder.path
    bench.ask["options"]["prompt"] = "Look closely. {question}"
    bench.write_card()
    bench.models = {"fake": (again := FakeModel())}
    assert bench.run().folder.path != before
    assert again.asked_ids == ALL


@pytest.mark.parametrize("options", [{"preprocessing": {"size": 224}}, {"generation": {"temperature": 1}}, {"revision": "b"}])
def test_changed_settings_of_a_model_are_asked_anew_and_in_a_folder_of_its_own(bench: Bench, options: Mapping[str, object]):
    bench.models = {"fake": FakeModel()}
    before = bench.run().folder.path
    bench.models = {"fake": (again := FakeModel())}
    assert bench.run(model_options=options).folder.path != before
    assert again.asked_ids == ALL


def test_weights_that_changed_where_they_lie_are_asked_anew(bench: Bench):
    bench.models = {"fake": Revised("old")}
    bench.run()
    bench.models = {"fake": (changed := Revised("new"))}
    folder = bench.run().folder
    assert changed.asked_ids == ALL
    assert current_outputs(folder) == [f"new on {name}" for name in ALL]
    bench.models = {"fake": (back := Revised("old"))}
    bench.run()
    assert back.asked == []
    assert current_outputs(folder) == [f"old on {name}" for name in ALL]


def test_a_second_model_never_sees_the_answers_of_the_first(bench: Bench):
    bench.models = {"one": Revised("one"), "two": (two := Revised("two"))}
    bench.run("one")
    assert current_outputs(bench.run("two").folder) == [f"two on {name}" for name in ALL]
    assert two.asked_ids == ALL


def test_a_mended_score_half_uses_all_answers_again(bench: Bench):
    bench.models = {"fake": FakeModel()}
    first = bench.run()
    bench.score["metrics"] = [{"answer-text": {"articles": "dropped"}}]
    bench.write_card()
    bench.models = {"fake": (again := FakeModel())}
    second = bench.run()
    assert again.asked == []
    assert second.folder.path == first.folder.path
    assert "articles:dropped" in second.summary.values[0].signature
    assert first.summary.values[0].signature != second.summary.values[0].signature


def test_a_mended_reference_uses_all_answers_again_and_changes_the_score(bench: Bench):
    bench.models = {"fake": FakeModel()}
    before = bench.run().summary.values[0].value
    bench.write_rows({**row, "answer": f"answer to {row['id']}"} for row in rows(N))
    bench.models = {"fake": (again := FakeModel())}
    assert before == 0.5
    assert bench.run().summary.values[0].value == 1.0
    assert again.asked == []


def test_one_changed_image_is_asked_about_again_and_the_first_image_back_has_its_first_answer(bench: Bench):
    with_images(bench)
    bench.models = {"fake": FakeModel(answer=sees_images)}
    folder = bench.run().folder
    first, samples = folder.summary.read_bytes(), folder.samples.read_bytes()
    (bench.data / "3.png").write_bytes(b"another image")
    bench.models = {"fake": (second := FakeModel(answer=sees_images))}
    bench.run()
    assert second.asked_ids == ["q3"]
    assert current_outputs(folder) == [record.media[0].digest for record in folder.iter_samples()]
    (bench.data / "3.png").write_bytes(b"image 3")
    bench.models = {"fake": (third := FakeModel(answer=sees_images))}
    bench.run()
    assert third.asked == []
    assert folder.summary.read_bytes() == first
    assert folder.samples.read_bytes() == samples


def test_an_image_of_an_earlier_turn_counts_too(bench: Bench):
    with_images(bench, 2)
    first, second = rows(2)
    bench.write_rows([{**first, "image": "0.png"}, {**second, "follows": "q0"}])
    bench.models = {"fake": FakeModel(["same", "words"])}
    bench.run()
    (bench.data / "0.png").write_bytes(b"another image")
    bench.models = {"fake": (again := FakeModel(["same", "words"]))}
    bench.run()
    assert again.asked_ids == ["q0", "q1"]


def test_an_image_shown_in_an_earlier_turn_is_not_shown_again(bench: Bench):
    with_images(bench, 2)
    bench.write_rows({**row, "image": "0.png", "follows": "q0" if i else ""} for i, row in enumerate(rows(2)))
    bench.models = {"fake": (model := FakeModel())}
    bench.run()
    shown = [part for turn in model.asked[1][0].turns for part in turn.parts if isinstance(part, Media)]
    assert len(model.asked[1][0].turns) == 3
    assert [media.path for media in shown] == ["0.png"]


def test_a_later_turn_is_asked_with_the_models_own_earlier_answer(bench: Bench):
    bench.write_rows({**row, "follows": f"q{i - 1}" if i % 3 else ""} for i, row in enumerate(rows(N)))
    bench.models = {"fake": (model := FakeModel())}
    bench.run()
    asked = {request.sample_id: request for batch in model.asked for request in batch}
    said = [part for turn in asked["q5"].turns for part in turn.parts if turn.role == "assistant"]
    assert said == ["answer to q3", "answer to q4"]


def test_a_turn_whose_earlier_turn_failed_fails_and_is_asked_once_that_is_mended(bench: Bench):
    bench.write_rows({**row, "follows": f"q{i - 1}" if i % 3 else ""} for i, row in enumerate(rows(N)))
    bench.models = {"fake": FakeModel(errors={"q3": SampleModelError("too long")})}
    broken = bench.run()
    assert broken.summary.counts.n_failed == 3
    bench.models = {"fake": (mended := FakeModel())}
    whole = bench.run()
    assert mended.asked_ids == ["q3", "q4", "q5"]
    assert whole.summary.counts.n_failed == 0


def test_a_sample_that_left_the_data_set_is_no_longer_scored(bench: Bench):
    bench.models = {"fake": FakeModel()}
    bench.run()
    bench.write_rows(row for row in rows(N) if row["id"] != "q4")
    folder = bench.run().folder
    bench.run(out=bench.folder / "anew")
    assert folder.summary.read_bytes() == bench.only_run(bench.folder / "anew").summary.read_bytes()
    assert folder.samples.read_bytes() == bench.only_run(bench.folder / "anew").samples.read_bytes()


def test_failed_samples_alone_are_asked_again_and_the_run_is_then_as_if_they_had_not_failed(bench: Bench):
    with_images(bench)
    bench.models = {"fake": FakeModel()}
    bench.run(out=bench.folder / "undisturbed")
    (bench.data / "5.png").rename(bench.data / "elsewhere.png")
    bench.models = {"fake": FakeModel(errors={"q7": MediaError("cannot read `jsonl/7.png`: torn in the middle")})}
    broken = bench.run()
    assert not broken.is_whole
    assert broken.status == "complete"
    assert broken.summary.counts.n_failed == 2
    failed = {line["sample_id"]: line["error"] for line in lines(broken.folder) if "error" in line}
    assert failed["q5"] == "cannot read `jsonl/5.png`: No such file or directory"
    assert failed["q7"] == "cannot read `jsonl/7.png`: torn in the middle"
    (bench.data / "elsewhere.png").rename(bench.data / "5.png")
    bench.models = {"fake": (mended := FakeModel())}
    assert bench.run().is_whole
    assert mended.asked_ids == ["q5", "q7"]
    assert broken.folder.summary.read_bytes() == bench.only_run(bench.folder / "undisturbed").summary.read_bytes()


def test_one_bad_sample_does_not_fail_its_batch(bench: Bench):
    bench.models = {"fake": (model := FakeModel(errors={"q5": RuntimeError("the report says: effusion")}))}
    result = bench.run()
    assert result.summary.counts.n_failed == 1
    (error,) = [line["error"] for line in lines(result.folder) if "error" in line]
    assert error.startswith("RuntimeError at ")
    assert "effusion" not in error
    assert [len(batch) for batch in model.asked] == [4, 4, 1, 1, 1, 1, 4]


def test_a_model_that_fails_every_one_of_the_first_requests_is_not_asked_further(bench: Bench):
    bench.write_rows(rows(60))
    bench.models = {"fake": (model := FakeModel(errors={f"q{i}": SampleModelError("no memory") for i in range(60)}))}
    result = bench.run()
    assert result.status == "failed"
    assert "the first 28 requests all failed" in result.message  # 25, at the end of a batch of 4
    assert "no memory" in result.message
    assert len(set(model.asked_ids)) == 28


def test_many_failures_among_many_answers_do_not_stop_a_run_when_they_alone_are_asked_again(bench: Bench):
    bench.write_rows(rows(60))
    errors = {f"q{i}": SampleModelError("too long") for i in range(10, 50)}
    for _ in range(2):
        bench.models = {"fake": FakeModel(errors=errors)}
        result = bench.run()
        assert result.status == "complete"
        assert result.summary.counts.n_failed == 40


def test_too_few_replies_fail_their_batch_since_none_can_be_told_whose_it_is(bench: Bench):
    class Forgetful(FakeModel):
        def generate(self, requests):
            return super().generate(requests)[: 3 if requests[0].sample_id == "q4" else 4]

    bench.models = {"fake": Forgetful()}
    result = bench.run()
    assert [line["sample_id"] for line in lines(result.folder) if "error" in line] == ["q4", "q5", "q6", "q7"]
    assert "3 replies to 4 requests" in lines(result.folder)[4]["error"]


def test_a_stop_finishes_the_batch_in_flight_and_no_more(bench: Bench):
    control = Control()

    class Stopping(FakeModel):
        def generate(self, requests):
            control.stop = True
            return super().generate(requests)

    bench.models = {"fake": (model := Stopping())}
    stopped = bench.run(control=control)
    assert stopped.status == "partial"
    assert model.asked_ids == ["q0", "q1", "q2", "q3"]
    bench.models = {"fake": (rest := FakeModel())}
    assert bench.run().is_whole
    assert rest.asked_ids == ALL[4:]


def test_runs_that_a_stop_kept_from_beginning_are_named_too(bench: Bench):
    control = Control()

    class Stopping(FakeModel):
        def generate(self, requests):
            control.stop = True
            return super().generate(requests)

    catalog = MadeCatalog(bench.cards, {"first": Stopping(batch_size=N), "second": FakeModel()}, {})
    asking = Asking(out=bench.out, data_dirs={"jsonl": bench.data})
    plans = plan_all(catalog, [catalog.model("first"), catalog.model("second")], [catalog.task(TASK)], asking)
    results = list(evaluate_all(plans, asking, control, IntervalSettings(draws=0)))
    assert [(result.model, result.status) for result in results] == [("first", "complete"), ("second", "partial")]
    assert not results[1].is_whole


def test_two_samples_of_one_id_are_refused(bench: Bench):
    bench.write_rows([*rows(3), rows(3)[1]])
    bench.models = {"fake": FakeModel()}
    with pytest.raises(Exception, match="two samples have the id `q1`"):
        bench.run()


def test_scores_that_are_no_finite_numbers_come_back_as_they_were_given(bench: Bench):
    bench.ask |= {"answer": "ranked", "options": {"form": "choice"}}
    bench.ask["dataset_options"] |= {"options": ["answer to q1", "something else"]}
    bench.score |= {"metrics": ["classification"], "primary": "accuracy"}
    bench.write_card()
    bench.write_rows({**row, "answer": "something else"} for row in rows(3))
    nan, infinity = float("nan"), float("inf")
    scores = [{"answer to q1": -infinity, "something else": -1.0}, {"answer to q1": nan, "something else": -1.0}]
    bench.models = {"fake": FakeModel([Reply(output=one) for one in scores])}
    for _ in range(2):
        result = bench.run()
        assert result.is_whole
        assert result.summary.counts.n_unparsed == 1
        assert bench.models["fake"].asked_ids == ["q0", "q1", "q2"]


def test_a_reply_that_is_no_unicode_text_is_kept_as_near_as_can_be(bench: Bench):
    bench.models = {"fake": FakeModel(["bro\ud83dken"])}
    result = bench.run()
    assert result.is_whole
    assert re.fullmatch("bro\ufffd+ken", lines(result.folder)[0]["output"])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), name=st.sampled_from(["predictions", "samples"]))
def test_a_journal_cut_at_any_byte_is_completed_to_the_same_summary(bench: Bench, place: int, name: str):
    bench.models = {"fake": FakeModel()}
    result = bench.run(draws=5)
    expected = result.folder.summary.read_bytes()
    journal: Path = getattr(result.folder, name)
    content = journal.read_bytes()
    cut = place % (len(content) + 1)
    journal.write_bytes(content[:cut])
    bench.models = {"fake": (model := FakeModel())}
    bench.run(draws=5)
    assert result.folder.summary.read_bytes() == expected
    assert len(model.asked_ids) == (N - content[:cut].count(b"\n") if name == "predictions" else 0)


def test_a_line_that_is_damaged_in_the_middle_is_named_with_its_mend(bench: Bench):
    bench.models = {"fake": FakeModel()}
    folder = bench.run().folder
    content = folder.predictions.read_text().splitlines()
    content[4] = content[4][:-9]
    folder.predictions.write_text("\n".join(content) + "\n")
    with pytest.raises(RunError, match=r"predictions.jsonl:5: .*Delete that line to have its sample asked again"):
        bench.run()
    folder.predictions.write_text("\n".join(content[:4] + content[5:]) + "\n")
    bench.models = {"fake": (model := FakeModel())}
    assert bench.run().is_whole
    assert model.asked_ids == ["q4"]


def lines(folder: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.predictions.read_text().splitlines()]


def current_outputs(folder: RunFolder) -> list[str]:
    """What was said to each sample as it stands in samples.jsonl, in order."""
    said = {line["key"]: line["output"] for line in lines(folder)}
    return [said[key] for record in folder.iter_samples() for key in record.keys]


def test_a_limited_run_lends_its_answers_to_the_whole_one(bench: Bench):
    bench.models = {"fake": (model := FakeModel())}
    bench.run(limit=4)
    bench.run()
    assert model.asked_ids == [f"q{i}" for i in range(12)]


def test_another_seed_borrows_no_answers(bench: Bench):
    bench.models = {"fake": (model := FakeModel())}
    bench.run(limit=4)
    bench.run(limit=4, seed=1)
    assert model.asked_ids == [f"q{i}" for i in range(4)] * 2


def test_changed_rows_are_a_run_of_their_own_that_asks_only_what_changed(bench: Bench):
    bench.models = {"fake": (model := FakeModel())}
    first = bench.run()
    before = first.folder.samples.read_bytes()
    model.asked.clear()
    bench.write_rows({**row, "question": "What is new?"} if i == 5 else row for i, row in enumerate(rows(12)))
    second = bench.run()
    assert model.asked_ids == ["q5"]
    assert second.folder.path != first.folder.path
    assert first.folder.samples.read_bytes() == before


def test_a_run_of_a_newer_format_is_not_written_over(bench: Bench):
    bench.models = {"fake": FakeModel()}
    folder = bench.run().folder
    newer = folder.run.read_text().replace('"format": 1', '"format": 99')
    folder.run.write_text(newer)
    with pytest.raises(RunError, match="install a newer one"):
        bench.run()
    assert folder.run.read_text() == newer
