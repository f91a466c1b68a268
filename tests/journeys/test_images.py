"""What a model is shown: its images, their ablations, solved examples, repeats, a limit; and nothing in a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bench import TASK, Bench, command, rows
from fakes import FakeModel

from radbench.errors import ContentError
from radbench.sample import Media, Reply, Request

N = 12


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Questions of four patients, each with an image of its own."""
    made = Bench(tmp_path / "bench", n=N)
    for i in range(N):
        (made.data / f"{i}.png").write_bytes(b"image %d" % i)
    made.write_rows({**row, "image": f"{i}.png"} for i, row in enumerate(rows(N)))
    return made


def asked(bench: Bench, **asking: Any) -> dict[str, Request]:
    """What a fresh model was asked, by sample id."""
    bench.models = {"fake": (model := FakeModel())}
    bench.run(**asking)
    return {request.sample_id: request for batch in model.asked for request in batch}


def media_of(request: Request) -> list[Media]:
    return [part for turn in request.turns for part in turn.parts if isinstance(part, Media)]


def words_of(request: Request) -> list[str]:
    return [part for turn in request.turns for part in turn.parts if isinstance(part, str)]


def paths_of(request: Request) -> list[str]:
    return [media.path for media in media_of(request)]


def patients(paths: Sequence[str]) -> list[int]:
    return [int(path.removesuffix(".png")) // 3 for path in paths]


def test_real_images_are_shown_as_they_are(bench: Bench):
    requests = asked(bench)
    assert [paths_of(requests[f"q{i}"]) for i in range(N)] == [[f"{i}.png"] for i in range(N)]
    assert all(media.edits == () and media.digest for request in requests.values() for media in media_of(request))


def test_blank_images_are_the_same_files_with_that_edit(bench: Bench):
    requests = asked(bench, images="blank")
    assert paths_of(requests["q3"]) == ["3.png"]
    assert all(media.edits == ("blank",) for request in requests.values() for media in media_of(request))


def test_noise_differs_from_image_to_image_and_with_the_seed_alone(bench: Bench):
    first, same, other = (
        asked(bench, images="noise"),
        asked(bench, images="noise", out=bench.folder / "b"),
        asked(bench, images="noise", seed=1),
    )
    edits = [media_of(request)[0].edits for request in first.values()]
    assert len(set(edits)) == N
    assert same == first
    assert not set(edits) & {media_of(request)[0].edits for request in other.values()}


def test_without_images_the_words_stay_and_nothing_introduces_what_is_not_there(bench: Bench):
    (bench.data / "lateral.png").write_bytes(b"lateral")
    bench.write_rows({**row, "image": ["0.png", "lateral.png"]} for row in rows(2))
    requests = asked(bench, images="none")
    assert media_of(requests["q0"]) == []
    (words,) = words_of(requests["q0"])
    assert words.startswith("What does line 0 show?")
    assert len(words_of(asked(bench)["q0"])) > 1


def test_images_cannot_be_left_out_where_they_are_to_be_embedded(bench: Bench):
    with_shots(bench)
    bench.ask |= {"protocol": "retrieval", "options": {}}
    bench.score |= {"metrics": ["retrieval"], "primary": "r1"}
    bench.write_card()
    with pytest.raises(ContentError, match="none is not defined for tasks that embed images"):
        asked(bench, images="none")


def test_swapped_images_are_those_of_other_patients(bench: Bench):
    requests = asked(bench, images="swapped")
    shown = [paths_of(requests[f"q{i}"]) for i in range(N)]
    assert sorted(path for (path,) in shown) == sorted(f"{i}.png" for i in range(N))
    assert all(patients(paths) != [i // 3] for i, paths in enumerate(shown))
    assert asked(bench, images="swapped", out=bench.folder / "again") == requests
    assert asked(bench, images="swapped", seed=1) != requests


def test_swapped_images_are_drawn_over_the_whole_split_whatever_the_limit(bench: Bench):
    whole, some = asked(bench, images="swapped"), asked(bench, images="swapped", limit=3, out=bench.folder / "again")
    assert some == {name: whole[name] for name in ("q0", "q1", "q2")}


def test_a_sample_without_a_partner_is_excluded_with_that_reason(bench: Bench):
    bench.write_rows({**row, "image": f"{i}.png", "patient": "p0" if i < 9 else "p1"} for i, row in enumerate(rows(N)))
    bench.models = {"fake": (model := FakeModel())}
    result = bench.run(images="swapped")
    assert len(set(model.asked_ids)) == 6
    assert result.is_whole
    assert result.summary.excluded == {"no other cluster has images of the same modality and number": 6}
    assert (result.summary.counts.n_total, result.summary.counts.n_scored, result.summary.counts.n_excluded) == (12, 6, 6)


def test_a_run_in_which_all_samples_are_excluded_has_no_value(bench: Bench):
    bench.write_rows({**row, "image": f"{i}.png", "patient": "p0"} for i, row in enumerate(rows(N)))
    bench.models = {"fake": (model := FakeModel())}
    result = bench.run(images="swapped")
    assert model.asked == []
    assert [(value.value, value.n_scored) for value in result.summary.values] == [(None, 0)] * 3


def test_a_conversation_is_shown_one_partners_image_throughout(bench: Bench):
    bench.write_rows({**row, "image": f"{i // 3}.png", "follows": f"q{i - 1}" if i % 3 else ""} for i, row in enumerate(rows(N)))
    requests = asked(bench, images="swapped")
    for first in range(0, N, 3):
        shown = paths_of(requests[f"q{first}"])
        assert shown != [f"{first // 3}.png"]
        assert paths_of(requests[f"q{first + 1}"]) == paths_of(requests[f"q{first + 2}"]) == shown


def test_a_conversation_whose_first_turn_has_no_partner_is_excluded_and_did_not_fail(bench: Bench):
    bench.write_rows(
        {**row, "image": f"{i // 3}.png" if i % 3 == 0 else [], "patient": "p", "follows": f"q{i - 1}" if i % 3 else ""}
        for i, row in enumerate(rows(N))
    )
    bench.models = {"fake": FakeModel()}
    result = bench.run(images="swapped")
    assert result.summary.counts.n_failed == 0
    assert result.summary.excluded == {
        "no other cluster has images of the same modality and number": 4,
        "the turn before it is excluded": 8,
    }


def with_shots(bench: Bench, patient: str = "train-") -> None:
    (bench.data / "train.png").write_bytes(b"of the train split")
    of_train = ({**row, "id": f"train-{row['id']}", "patient": f"{patient}{row['patient']}", "image": "train.png"} for row in rows(9))
    bench.write_rows(of_train, split="train")


@pytest.mark.parametrize("images", ["real", "swapped"])
def test_shots_are_solved_examples_of_the_train_split_the_same_for_every_sample(bench: Bench, images: str):
    with_shots(bench)
    requests = asked(bench, task_changes={"shots": 2}, images=images)
    examples = {request.turns[:4] for request in requests.values()}
    assert len(examples) == 1
    (turns,) = examples
    assert [turn.role for turn in turns] == ["user", "assistant"] * 2
    solved = {f"What does line {i} show?": row["answer"] for i, row in enumerate(rows(9))}
    questions = [next(part for part in turn.parts if isinstance(part, str)) for turn in turns[::2]]
    assert [turn.parts for turn in turns[1::2]] == [(solved[question.partition("\n")[0]],) for question in questions]
    assert [media.path for turn in turns for media in turn.parts if isinstance(media, Media)] == ["train.png"] * 2
    assert asked(bench, task_changes={"shots": 2}, images=images, out=bench.folder / "again") == requests
    assert asked(bench, task_changes={"shots": 2}, images=images, seed=1)["q0"].turns[:4] != turns


def test_no_sample_is_shown_a_solved_example_of_its_own_patient(bench: Bench):
    with_shots(bench, patient="")
    requests = asked(bench, task_changes={"shots": 2})

    for sample, request in requests.items():
        shown = [part for turn in request.turns[:4] for part in turn.parts if isinstance(part, str) and part.startswith("What does line")]
        assert len(shown) == 2
        assert all(int(part.split()[3]) // 3 != int(sample[1:]) // 3 for part in shown)


def test_learning_from_the_split_that_is_asked_is_refused(bench: Bench):
    with pytest.raises(ContentError, match="would have seen the answers"):
        asked(bench, task_changes={"shots": 2, "train": "test"})


def test_more_shots_than_the_train_split_holds_are_refused(bench: Bench):
    with pytest.raises(ContentError, match="10 shots asked, but its train split holds 9"):
        asked(bench, task_changes={"shots": 10})


def test_repeats_ask_each_sample_so_often_under_keys_of_their_own_and_weigh_it_once(bench: Bench):
    replies = {"q0": ["something else", "no", "no"]}
    bench.models = {"fake": (model := FakeModel(answer=lambda r: Reply(output=replies.get(r.sample_id, ["no"] * 3).pop(0))))}
    bench.write_rows(rows(4))
    result = bench.run(repeats=3)
    assert model.asked_ids == [f"q{i}" for i in range(4) for _ in range(3)]
    records = list(result.folder.iter_samples())
    assert len({key for record in records for key in record.keys}) == 12
    assert (result.summary.counts.n_total, result.summary.counts.n_scored) == (12, 12)
    assert result.summary.values[0].value == pytest.approx(1 / 3 / 4)


def test_repeats_and_one_asking_are_runs_of_their_own(bench: Bench):
    bench.models = {"fake": FakeModel()}
    assert bench.run().folder.path != bench.run(repeats=2).folder.path


def test_repeats_of_a_conversation_follow_their_own_answers(bench: Bench):
    bench.write_rows({**row, "follows": "q0" if i else ""} for i, row in enumerate(rows(2)))
    bench.models = {"fake": (model := FakeModel(["first", "second", "third", "a", "b", "c"]))}
    bench.run(repeats=3)
    requests = [request for batch in model.asked for request in batch if request.sample_id == "q1"]
    assert [request.turns[1].parts for request in requests] == [("first",), ("second",), ("third",)]


def test_a_limit_asks_the_first_samples_alone(bench: Bench):
    assert list(asked(bench, limit=5)) == ["q0", "q1", "q2", "q3", "q4"]


def test_a_selection_asks_only_the_samples_of_a_subgroup(bench: Bench):
    requests = asked(bench, task_changes={"select.kind": ["even"]})
    assert list(requests) == [row["id"] for row in rows(N) if row["kind"] == "even"]


def test_a_selection_of_nothing_is_refused(bench: Bench):
    with pytest.raises(ContentError, match=rf"task {TASK}: none of the \d+ samples of `jsonl` is selected \(kind: neither\)"):
        asked(bench, task_changes={"select.kind": ["neither"]})


def test_a_dry_run_asks_nothing_and_writes_nothing(bench: Bench):
    done = command(bench.arguments("--dry-run", "--images", "none"))
    assert done.returncode == 0, done.stderr
    assert "What does line 0 show?" in done.stdout
    assert bench.asked() == []
    assert not bench.out.exists()
