"""`radbench rerun`: each repetition asks anew in a folder of its own, and is compared with the run it repeats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, ids_answered, rows
from noted_judge import PLUGIN, judge, questions

import radbench
from radbench.cli import main
from radbench.folder import RunFolder, find_runs
from radbench.rerunning import annotations_of, compare

N = 12


@pytest.fixture
def run(bench: Bench, capsys: pytest.CaptureFixture[str]) -> RunFolder:
    """A run of twelve questions."""
    assert left(bench.arguments("--limit", str(N))) == 0
    capsys.readouterr()
    return bench.only_run()


def left(arguments: list[str]) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    return int(leaving.value.code or 0)


def again(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, JSON ({} where there is none) and stderr of a repetition."""
    status = left(["rerun", str(run.path), *bench.arguments()[5:11], "--json", *more])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else {}, err


def test_each_repetition_asks_everything_anew_in_a_folder_of_its_own(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    status, first, _ = again(bench, run, capsys)
    _, second, _ = again(bench, run, capsys)

    assert status == 0
    assert (first["n_same"], second["n_same"], first["n_both"]) == (N, N, N)
    assert len(bench.asked()) == 3 * N
    assert [Path(found["run_dir"]).relative_to(bench.folder / "reruns").parts[0] for found in (first, second)] == ["1", "2"]
    assert len({first["run_dir"], second["run_dir"], str(run.path)}) == 3


def test_a_repetition_beside_the_run_is_not_compared_with_the_run_itself(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    before = run.predictions.read_bytes()

    status, found, _ = again(bench, run, capsys, "--out", str(bench.out))

    assert status == 0
    assert Path(found["run_dir"]).resolve() != run.path.resolve()
    assert len(bench.asked()) == 2 * N
    assert run.predictions.read_bytes() == before


def test_a_repetition_that_was_stopped_is_gone_on_with(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    _, found, _ = again(bench, run, capsys)
    stopped = RunFolder(Path(found["run_dir"]))
    stopped.predictions.write_bytes(b"".join(stopped.predictions.read_bytes().splitlines(keepends=True)[:5]))
    stopped.run.write_text(stopped.run.read_text().replace('"complete"', '"partial"'))

    status, resumed, _ = again(bench, run, capsys)

    assert (status, resumed["run_dir"]) == (0, found["run_dir"])
    assert len(bench.asked()) == 2 * N + N - 5
    assert len(ids_answered(stopped)) == N


def test_what_was_answered_otherwise_is_told(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    run.predictions.write_text(run.predictions.read_text().replace("answer to q3", "another answer"))

    _, found, _ = again(bench, run, capsys)

    assert (found["n_same"], found["n_both"]) == (N - 1, N)


def test_judges_are_asked_only_what_they_were_not_asked_for_the_run(bench: Bench, capsys: pytest.CaptureFixture[str]):
    (bench.cards / "noted.py").write_text(PLUGIN)
    bench.score |= {"metrics": ["answer-text", "noting"]}
    bench.write_card()
    judge(bench)
    assert left(bench.arguments("--limit", str(N))) == 0
    capsys.readouterr()
    before = questions(bench)

    status, found, _ = again(bench, bench.only_run(), capsys)

    assert (status, len(before)) == (0, N)
    assert questions(bench) == before
    assert found["values"]["noting"] == [1.0, 1.0]
    assert Path(found["annotations"]) == (bench.out / "annotations").resolve()


def test_a_run_of_a_python_function_is_to_be_evaluated_from_python_again(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def answer(requests: Sequence[radbench.Request]) -> list[str]:
        return ["yes"] * len(requests)

    radbench.evaluate(answer, "demo.vqa", out=tmp_path / "python", limit=3, draws=0)
    (run,) = find_runs(tmp_path / "python")

    status, found, err = again(bench, run, capsys)

    assert (status, found) == (2, {})
    assert "evaluate it there again" in err
    assert len(err.splitlines()) == 1


def test_data_that_changed_meanwhile_are_told(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    changed = rows(60)
    changed[2]["question"] = "What else does line 2 show?"
    bench.write_rows(changed)

    _, found, _ = again(bench, run, capsys)

    (names,) = [name for name in found["differences"] if name.startswith("data")]
    then, now = found["differences"][names]
    assert names == "data: ids, texts, references"
    assert then != now


def test_images_that_changed_meanwhile_are_counted(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    _, found, _ = again(bench, run, capsys)
    repeated = RunFolder(Path(found["run_dir"]))
    for folder, digest in ((run, "a" * 64), (repeated, "b" * 64)):
        medium = {"name": "jsonl", "path": "film.png", "ndim": 2, "digest": digest}
        lines = [json.dumps({**json.loads(line), "media": [medium]}) for line in folder.samples.read_text().splitlines()]
        folder.samples.write_text("\n".join(lines) + "\n")

    assert compare(run, repeated).differences == {"data: images": ("-", f"{N} changed")}


def test_a_run_that_was_not_scored_is_refused_with_what_scores_it(bench: Bench, run: RunFolder, capsys: pytest.CaptureFixture[str]):
    run.summary.unlink()

    status, _, err = again(bench, run, capsys)

    assert (status, err.splitlines()) == (2, [f"radbench: no summary.json in {run.path}: it was not scored yet: radbench score {run.path}"])


def test_what_is_no_run_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for path in (tmp_path, tmp_path / "nowhere", Path("/")):
        assert left(["rerun", str(path)]) == 2
        _, err = capsys.readouterr()
        assert "no run folder" in err
        assert len(err.splitlines()) == 1


def test_a_run_that_lies_by_itself_has_its_annotations_beside_it():
    assert annotations_of(RunFolder(Path("/run"))) == Path("/annotations")
