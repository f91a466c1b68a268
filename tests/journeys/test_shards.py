"""Shards of a run: whatever their order, the merged run is the same as one in a single piece."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest
from bench import Bench, command, rows, start
from fakes import FakeModel

from radbench.errors import RunError, SampleModelError
from radbench.folder import RunFolder
from radbench.running.plan import Shard
from radbench.sample import Media, Reply, Request


def said(folder: RunFolder) -> list[tuple[str, str, int, str]]:
    """What a journal holds, in order, without the times."""
    lines = map(json.loads, folder.predictions.read_text().splitlines())
    return [(line["key"], line["sample_id"], line.get("repeat", 0), line["output"]) for line in lines]


@pytest.fixture
def whole(bench: Bench) -> RunFolder:
    """The run in one piece, in a folder of its own."""
    bench.models = {"fake": FakeModel()}
    return bench.run(out=bench.folder / "whole").folder


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_shards_in_any_order_merge_to_the_run_in_one_piece(bench: Bench, whole: RunFolder, order: tuple[int, ...]):
    results = [bench.run(shard=Shard(index=index, of=3)) for index in order]
    assert [result.summary is None for result in results] == [True, True, False]
    merged = results[-1].folder
    assert merged.path.relative_to(bench.out) == whole.path.relative_to(bench.folder / "whole")
    assert merged.samples.read_bytes() == whole.samples.read_bytes()
    assert merged.summary.read_bytes() == whole.summary.read_bytes()
    assert said(merged) == said(whole)
    assert results[-1].is_whole
    record = merged.read_run()
    assert record.shard == ""
    assert record.memory["main"] == max(merged.shard(index, 3).read_run().memory["main"] for index in order)


def test_a_shard_before_the_last_says_what_is_missing(bench: Bench):
    bench.models = {"fake": FakeModel()}
    first = bench.run(shard=Shard(index=2, of=3))
    assert first.message == "1 of 3 shards are complete; the run is merged with the last one"
    assert first.is_whole


def test_no_sample_is_asked_by_two_shards(bench: Bench):
    bench.models = {"fake": (model := FakeModel())}
    for index in (1, 2, 3, 4, 5, 6, 7):
        bench.run(shard=Shard(index=index, of=7))
    assert sorted(model.asked_ids) == sorted(f"q{i}" for i in range(60))


def test_more_shards_than_samples_merge_too(bench: Bench):
    bench.models = {"fake": FakeModel()}
    results = [bench.run(shard=Shard(index=index, of=5), limit=3) for index in (1, 2, 3, 4, 5)]
    assert results[-1].summary.counts.n_total == 3


def test_a_conversation_stays_within_one_shard(bench: Bench):
    bench.write_rows({**row, "follows": f"q{i - 1}" if i % 4 else ""} for i, row in enumerate(rows(24)))
    bench.models = {"fake": FakeModel()}
    alone = bench.run(out=bench.folder / "whole").folder
    for index in (1, 2, 3):
        bench.models = {"fake": (model := FakeModel())}
        result = bench.run(shard=Shard(index=index, of=3))
        places = [int(name[1:]) for name in model.asked_ids]
        assert {place // 4 for place in places} == {place // 4 for place in places if place % 4 == 0}
        assert len(places) == 4 * len({place // 4 for place in places})
    assert result.folder.summary.read_bytes() == alone.summary.read_bytes()
    assert said(result.folder) == said(alone)


def test_shards_with_repeats_and_swapped_images_merge_to_the_run_in_one_piece(bench: Bench):
    for i in range(12):
        (bench.data / f"{i}.png").write_bytes(b"image %d" % i)
    bench.write_rows({**row, "image": f"{i}.png"} for i, row in enumerate(rows(12)))
    bench.models = {"fake": FakeModel(answer=digests)}
    asking = {"repeats": 2, "images": "swapped", "seed": 5}
    alone = bench.run(out=bench.folder / "whole", **asking).folder
    results = [bench.run(shard=Shard(index=index, of=2), **asking) for index in (2, 1)]
    assert results[-1].folder.samples.read_bytes() == alone.samples.read_bytes()
    assert results[-1].folder.summary.read_bytes() == alone.summary.read_bytes()
    assert said(results[-1].folder) == said(alone)


def test_a_failed_sample_of_a_shard_is_mended_by_that_shard_and_merged_again(bench: Bench, whole: RunFolder):
    bench.models = {"fake": FakeModel(errors={"q4": SampleModelError("too long")})}
    results = [bench.run(shard=Shard(index=index, of=3)) for index in (1, 2, 3)]
    assert results[-1].summary.counts.n_failed == 1
    bench.models = {"fake": (mended := FakeModel())}
    again = bench.run(shard=Shard(index=2, of=3))
    assert mended.asked_ids == ["q4"]
    assert again.folder.summary.read_bytes() == whole.summary.read_bytes()


def test_shards_answered_by_different_weights_are_not_merged(bench: Bench):
    bench.models = {"fake": FakeModel(name="old")}
    bench.run(shard=Shard(index=1, of=2))
    bench.models = {"fake": FakeModel(name="new")}
    with pytest.raises(RunError, match="different identity"):
        bench.run(shard=Shard(index=2, of=2))


def test_the_merged_run_is_not_asked_again_in_one_piece(bench: Bench):
    bench.models = {"fake": (model := FakeModel())}
    for index in (1, 2):
        bench.run(shard=Shard(index=index, of=2))
    model.asked.clear()
    assert bench.run().is_whole
    assert model.asked == []


def test_shards_run_at_the_same_time_merge_to_the_run_in_one_piece(bench: Bench):
    assert command(bench.arguments(sleep_s=0.002, out=bench.folder / "whole")).returncode == 0
    alone = bench.only_run(bench.folder / "whole")
    bench.log.unlink()
    crowd = [start(bench.arguments("--shard", f"{index}/3", "--json", sleep_s=0.002)) for index in (1, 2, 3)]
    ends = [(*process.communicate(), process.returncode) for process in crowd]
    assert [code for *_, code in ends] == [0, 0, 0], ends
    merged = bench.only_run()
    assert merged.samples.read_bytes() == alone.samples.read_bytes()
    assert merged.summary.read_bytes() == alone.summary.read_bytes()
    assert sorted(bench.asked()) == sorted(f"q{i}" for i in range(60))


@pytest.mark.slow
def test_many_shards_that_end_at_the_same_time_merge_whoever_comes_first(bench: Bench, tmp_path: Path):
    for turn in range(4):
        out = tmp_path / str(turn)
        crowd = [start(bench.arguments("--shard", f"{index}/6", out=out)) for index in range(1, 7)]
        ends = [(*process.communicate(), process.returncode) for process in crowd]
        assert [code for *_, code in ends] == [0] * 6, ends
        assert bench.only_run(out).read_summary().counts.n_scored == 60


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/2/3", ""])
def test_a_shard_of_another_form_is_refused(text: str):
    with pytest.raises(RunError, match="expected i/n"):
        Shard.parse(text)


def digests(request: Request) -> Reply:
    return Reply(output=" ".join(part.digest for turn in request.turns for part in turn.parts if isinstance(part, Media)))
