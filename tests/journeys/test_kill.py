"""Runs that are killed, by `kill -9` at any moment, by SIGTERM, by a full or closed disk; and two processes in one folder."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench, command, ids_answered, start, wait_for

BATCH = 4  # the fake's


def undisturbed(bench: Bench, arguments: list[str]) -> bytes:
    """summary.json of the same command in another folder, its log taken away afterwards."""
    other = bench.folder / "undisturbed"
    done = command([str(other) if argument == str(bench.out) else argument for argument in arguments])
    assert done.returncode == 0, done.stderr
    bench.log.unlink()
    return bench.only_run(other).summary.read_bytes()


def kill_again_and_again(bench: Bench, arguments: list[str], rng: random.Random, n_kills: int) -> None:
    """Kill so many runs, each at a random moment; none may ask what an earlier one has an answer for."""
    for _ in range(n_kills):
        folder = next(iter(bench.out.glob("*/*/*")), None)
        answered = ids_answered(bench.only_run()) if folder else []
        before = len(bench.asked())
        process = start(arguments)
        wait_for_questions(bench, process, before + rng.randrange(1, 14))
        time.sleep(rng.random() * 0.02)
        process.kill()
        process.communicate()
        asked = bench.asked()[before:]
        assert not set(asked) & set(answered)
        lost = [sample_id for sample_id in asked if sample_id not in ids_answered(bench.only_run())]
        assert lost == asked[len(asked) - len(lost) :]
        assert len(lost) <= BATCH


def wait_for_questions(bench: Bench, process: subprocess.Popen[str], n: int) -> None:
    wait_for(lambda: len(bench.asked()) >= n or process.poll() is not None, f"{n} questions")


def test_a_run_killed_again_and_again_ends_as_if_it_had_not_been(bench: Bench):
    arguments = bench.arguments(sleep_s=0.004)
    expected = undisturbed(bench, arguments)
    kill_again_and_again(bench, arguments, random.Random(7), n_kills=4)
    done = command(arguments)
    assert done.returncode == 0, done.stderr
    assert "took over the lock" in done.stderr
    folder = bench.only_run()
    assert folder.summary.read_bytes() == expected
    assert sorted(ids_answered(folder)) == sorted(f"q{i}" for i in range(60))
    assert len(bench.asked()) <= 60 + 4 * BATCH


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_kills_at_any_moment_from_start_to_scoring_lose_nothing(bench: Bench, seed: int):
    arguments = bench.arguments(sleep_s=0.01)
    expected = undisturbed(bench, arguments)
    rng = random.Random(seed)
    for _ in range(12):
        process = start(arguments)
        time.sleep(rng.uniform(0.1, 1.6))
        process.kill()
        process.communicate()
    done = command(arguments)
    assert done.returncode == 0, done.stderr
    assert bench.only_run().summary.read_bytes() == expected
    assert sorted(ids_answered(bench.only_run())) == sorted(f"q{i}" for i in range(60))
    assert len(bench.asked()) <= 60 + 12 * BATCH


def test_the_command_after_a_kill_asks_only_what_was_in_flight_again(bench: Bench):
    arguments = bench.arguments(die_after=22)
    assert command(arguments).returncode == -signal.SIGKILL
    assert ids_answered(bench.only_run()) == [f"q{i}" for i in range(20)]
    assert command(arguments).returncode == 0
    assert bench.asked() == [f"q{i}" for i in [*range(22), *range(20, 60)]]


def test_sigterm_ends_a_run_cleanly_as_partial_and_the_same_command_goes_on(bench: Bench):
    arguments = bench.arguments("--json", sleep_s=0.01)
    expected = undisturbed(bench, arguments)
    process = start(arguments)
    wait_for_questions(bench, process, 9)
    process.terminate()
    out, err = process.communicate()
    assert process.returncode == 1
    assert "the same command goes on" in err
    (entry,) = json.loads(out)["runs"]
    assert entry["status"] == "partial"
    assert 0 < entry["n_scored"] < 60
    folder = bench.only_run()
    assert folder.read_run().status == "partial"
    assert not folder.lock.exists()
    assert command(arguments).returncode == 0
    assert folder.summary.read_bytes() == expected
    assert bench.asked() == [f"q{i}" for i in range(60)]


def test_sigkill_after_sigterm_loses_no_more_than_sigkill(bench: Bench):
    arguments = bench.arguments(sleep_s=0.2)
    process = start(arguments)
    wait_for_questions(bench, process, 5)
    process.terminate()
    process.kill()
    process.communicate()
    assert ids_answered(bench.only_run()) == ["q0", "q1", "q2", "q3"]


def test_a_second_process_on_one_run_folder_is_told_who_writes_it(bench: Bench):
    arguments = bench.arguments(sleep_s=0.1)
    first = start(arguments)
    wait_for_questions(bench, first, 1)
    second = command(arguments)
    assert second.returncode == 2
    assert f"process {first.pid} on" in second.stderr
    assert "Traceback" not in second.stderr
    first.terminate()
    first.communicate()
    assert first.returncode == 1
    assert bench.asked() == ids_answered(bench.only_run())
    assert len(set(bench.asked())) == len(bench.asked())


def test_of_several_processes_started_at_once_one_writes_and_nothing_is_lost(bench: Bench):
    arguments = bench.arguments(sleep_s=0.03)
    crowd = [start(arguments) for _ in range(4)]
    ends = [(process.communicate()[1], process.returncode) for process in crowd]
    assert sorted(code for _, code in ends) == [0, 2, 2, 2], ends
    assert bench.asked() == [f"q{i}" for i in range(60)]


def test_a_full_disk_ends_a_run_with_a_message_and_it_goes_on_where_there_is_room(bench: Bench, small_disk: Path):
    out = small_disk / "runs"
    arguments = bench.arguments(text="word " * 400, out=out)
    full = command(arguments)
    assert full.returncode in {1, 2}
    assert "Traceback" not in full.stderr
    assert "No space left on device" in full.stdout + full.stderr
    kept = ids_answered(bench.only_run(out))
    assert 0 < len(kept) < 60
    before = len(bench.asked())
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    done = command(arguments)
    assert done.returncode == 0, done.stderr
    assert not set(bench.asked()[before:]) & set(kept)
    assert sorted(ids_answered(bench.only_run(out))) == sorted(f"q{i}" for i in range(60))


def test_a_read_only_disk_is_refused_with_a_message(bench: Bench, small_disk: Path):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = command(bench.arguments(out=small_disk / "runs"))
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
    assert bench.asked() == []


def test_scoring_on_a_read_only_disk_is_refused_with_a_message(bench: Bench, small_disk: Path):
    out = small_disk / "runs"
    assert command(bench.arguments(out=out)).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = command(["score", str(bench.only_run(out).path), "--catalog", str(bench.cards)])
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_may_not_grow_ends_a_run_with_a_message_and_whole_lines(bench: Bench):
    arguments = bench.arguments(text="word " * 100)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    stopped = command(arguments, preexec_fn=limit)
    assert stopped.returncode == 1
    assert "File too large" in stopped.stdout
    assert "Traceback" not in stopped.stderr
    folder = bench.only_run()
    assert folder.read_run().status == "failed"
    assert folder.predictions.read_bytes().endswith(b"\n")
    kept = ids_answered(folder)
    assert 0 < len(kept) < 60
    before = len(bench.asked())
    assert command(arguments).returncode == 0
    assert not set(bench.asked()[before:]) & set(kept)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 KiB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(place)], check=False, capture_output=True).returncode
    ):
        pytest.skip("a small disk can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)
