"""The organiser's side: hidden references stay hidden, missing predictions count as failures, a board reads what is public."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from bench import TASK

from radbench.catalog.cards import BoardCard
from radbench.errors import ContentError
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.board import build
from radbench.leaderboard.lint import lint
from radbench.leaderboard.printing.page import page
from radbench.places import HERE, without_places
from radbench.records import ValueRecord
from radbench.submissions.receiving import Folders, is_hidden, sample_ids
from radbench.submissions.redaction import FEWEST, public_run, public_summary

SECRET, SAID = "planted reference of", "planted output of"


def everything_in(folder: Path) -> str:
    """All names and contents below a folder."""
    return "".join(f"{path.relative_to(folder)}\n{path.read_text('utf-8')}" for path in sorted(folder.rglob("*")) if path.is_file())


def everything_in_text(folder: Path) -> str:
    return "".join(path.read_text("utf-8", "replace") for path in folder.rglob("*.json*"))


def board(desk):
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": TASK}]})
    return build(card, find_runs(desk.public), desk.bench.catalog())


def test_the_public_folder_holds_no_reference_no_output_and_no_id(desk):
    received = desk.hand_in("reporter", desk.answers(40))

    public, private = everything_in(desk.public), everything_in_text(desk.private)
    assert SECRET in private
    assert SAID in private
    for planted in (SECRET, SAID, "What does line", "q17", "p5", "reports@example.org", str(desk.private.parent)):
        assert planted not in public
    assert sorted(path.name for path in received.public.path.iterdir()) == ["run.json", "summary.json"]


def test_a_board_reads_the_public_summary_like_that_of_any_run(desk):
    desk.hand_in("reporter", desk.answers(40))
    desk.hand_in("other", desk.answers(10), open=False)

    made = board(desk)

    assert {line.name: line.cells[0].value for line in made.lines if line.cells[0]} == {"reporter": 40 / 60, "other": 10 / 60}
    assert [line.cells[0].rank for line in made.lines if line.cells[0]] == [1, 2]
    assert {line.cells[0].exposure for line in made.lines if line.cells[0]} == {"zero-shot"}
    assert lint(made) == []
    assert "reporter" in page(made)


def test_missing_ids_count_as_failures_even_where_the_first_of_the_task_are_missing(desk):
    late = {row["id"]: row["answer"] for row in desk.rows[40:]}

    received = desk.hand_in("late", late)

    summary = received.public.read_summary()
    assert received.report.missing is not None
    assert len(received.report.missing) == 40
    assert (summary.counts.n_total, summary.counts.n_scored, summary.counts.n_failed) == (60, 60, 40)
    assert next(value.value for value in summary.values if value.id == "exact_match") == 20 / 60
    assert summary.failed == {"failed": 40}


def test_a_submission_with_faults_is_refused_before_anything_is_kept(desk):
    with pytest.raises(ContentError, match=r"reporter\.jsonl:61: the task has no sample `nobody`"):
        desk.hand_in("reporter", {**desk.answers(3), "nobody": "x"})

    assert not desk.private.exists()
    assert not desk.public.exists()


def test_a_submission_that_answers_nothing_is_refused(desk):
    with pytest.raises(ContentError, match="holds no prediction"):
        desk.hand_in("reporter", dict.fromkeys(desk.answers(3)))


def test_the_private_folder_is_its_owners_alone_and_keeps_what_was_sent(desk):
    earlier = desk.hand_in("reporter", desk.answers(40)).public
    first = sorted(desk.private.glob(f"received/{TASK}/reporter/*/*"))
    write_json(earlier.run, earlier.read_run().model_copy(update={"started": "2020-01-01T00:00:00+00:00"}))
    desk.hand_in("reporter", desk.answers(41))

    assert stat.S_IMODE(desk.private.stat().st_mode) == 0o700
    assert [path.name for path in first] == ["predictions.jsonl", "reporter.yaml"]
    assert len(list(desk.private.glob(f"received/{TASK}/reporter/*"))) == 2
    assert len(find_runs(desk.public)) == 2  # the later one stands on the board
    assert [line.cells[0].value for line in board(desk).lines if line.cells[0]] == [41 / 60]


def test_the_same_submission_again_is_the_same_run(desk):
    first = desk.hand_in("reporter", desk.answers(40))
    again = desk.hand_in("reporter", desk.answers(40))

    assert again.public.path == first.public.path
    assert len(find_runs(desk.private)) == 1


@pytest.mark.parametrize(("private", "public"), [("served/private", "served"), ("a", "a"), ("a", "a/public"), ("a", "b/../a/public")])
def test_a_private_folder_within_a_served_one_is_refused(tmp_path, private, public):
    with pytest.raises(ContentError, match="keep them apart"):
        Folders(tmp_path / private, tmp_path / public)


def test_a_link_does_not_bring_the_private_folder_below_the_public_one(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "public")

    with pytest.raises(ContentError, match="keep them apart"):
        Folders(tmp_path / "elsewhere" / "private", tmp_path / "public")


def test_all_below_a_private_folder_is_known_as_hidden(desk):
    received = desk.hand_in("reporter", desk.answers(40))

    assert is_hidden(received.result.folder.path)
    assert not is_hidden(received.public.path)


def test_the_ids_handed_out_are_those_of_the_samples_asked(desk):
    catalog = desk.bench.catalog()

    assert sample_ids(catalog, catalog.task(TASK), {"jsonl": desk.bench.data}) == [row["id"] for row in desk.rows]


def test_whatever_models_metrics_and_machines_say_is_redacted(desk):
    folder = desk.hand_in("reporter", desk.answers(40)).result.folder
    run, summary = folder.read_run(), folder.read_summary()
    reasons = {SECRET: 2, f"{SECRET} too": 3}
    values = tuple(value.model_copy(update={"excluded": reasons, "signature": "x|corpus:/srv/refs.txt|v:1"}) for value in summary.values)
    told = {"failed": reasons, "unparsed": reasons, "excluded": reasons, "values": values, "problems": (f"bleu: {SECRET}",)}
    score = {**summary.score, "metrics": [{"evaluate:/srv/mine.py": {}}]}
    loud = summary.model_copy(update={**told, "agreement": {"by": "A. Person"}, "score": score})
    card = {**run.model_card, "endpoint": "http://10.0.0.5:8000/v1", "options": {"weights": "~/models/x", "file": "C:\\data\\x"}}
    noisy = run.model_copy(update={"message": SECRET, "media_notes": {SECRET: 1}, "model_card": card, "agreement": {"by": "A. Person"}})

    public_one, public_two = public_run(noisy), public_summary(loud)

    whole = public_one.model_dump_json() + public_two.model_dump_json()
    for planted in (SECRET, "10.0.0.5", "~/models", "data\\\\x", "/srv", "A. Person", str(desk.private)):
        assert planted not in whole
    assert public_two.failed == {"failed": 5}
    assert public_two.problems == ("bleu: not all was measured",)
    assert {value.signature for value in public_two.values} == {f"x|corpus:{HERE}|v:1"}
    assert public_one.model_card["options"] == {"weights": HERE, "file": HERE}


@pytest.mark.parametrize(
    "text",
    [
        "bleu|tok:13a|case:lower|v:1",
        "/no_think Describe the image.",
        "and/or",
        "https://example.org/a/b",
        "10.1000/x/y",
        "a: b",
        "7/8",
        "//",
    ],
)
def test_what_names_no_place_stays_as_it_is(text):
    assert without_places(text) == text


def of_level(value: ValueRecord, n: int) -> ValueRecord:
    return value.model_copy(update={"n_scored": n, "subgroups": {}})


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ({"x": FEWEST, "y": FEWEST}, ["x", "y"]),
        ({"x": 50, "y": FEWEST - 1, "z": 1}, ["x"]),
        ({"x": 50, "y": 40, "z": FEWEST - 1}, []),  # else the third would follow from the whole and the first two
    ],
)
def test_subgroups_of_a_few_cases_are_left_out_and_do_not_follow_from_the_others(desk, sizes, kept):
    summary = desk.hand_in("reporter", desk.answers(40)).result.summary
    value = summary.values[0]
    value = value.model_copy(update={"subgroups": {"kind": {level: of_level(value, n) for level, n in sizes.items()}}})

    (public,) = public_summary(summary.model_copy(update={"values": (value,)})).values

    assert list(public.subgroups["kind"]) == kept


def test_a_public_run_cannot_be_scored_again_into_nothing(desk):
    from radbench.errors import RunError
    from radbench.evaluation import rescore
    from radbench.running.annotations import Annotators
    from radbench.scoring import IntervalSettings

    public = desk.hand_in("reporter", desk.answers(40)).public
    before = public.summary.read_text()

    with pytest.raises(RunError, match=r"has no samples\.jsonl"):
        rescore(public, Annotators(desk.bench.catalog(), desk.private / "annotations"), IntervalSettings(draws=0))
    assert public.summary.read_text() == before


def test_conversations_are_scored_whatever_their_place(desk):
    for before, row in zip(desk.rows[::3], desk.rows[1::3], strict=True):
        row["follows"] = before["id"]
    desk.bench.write_rows(desk.rows)
    predictions = {row["id"]: row["answer"] for row in desk.rows[30:]}

    summary = desk.hand_in("talker", predictions).public.read_summary()

    assert (summary.counts.n_scored, summary.counts.n_failed) == (60, 30)


def test_a_damaged_public_folder_is_a_note_of_the_board(desk):
    received = desk.hand_in("reporter", desk.answers(40))
    desk.hand_in("other", desk.answers(20))
    write_json(received.public.summary, RunFolder(received.public.path).read_run())

    made = board(desk)

    assert [line.name for line in made.lines] == ["other"]
    assert any(note.startswith("left out: ") for note in made.notes)
