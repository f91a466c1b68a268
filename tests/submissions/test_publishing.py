"""Static sites: aggregates for everyone, samples of open data alone, snapshots that stay as they were."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.errors import ContentError
from radbench.folder import find_runs
from radbench.submissions.publishing import publish

SECRET, SAID = "planted reference of", "planted output of"


def result_of(bench: Bench, name: str, right: int) -> None:
    """A run that gives the reference to the first `right` questions."""
    lines = [json.dumps({"id": f"q{i}", "output": f"{SECRET if i < right else SAID} q{i}"}) for i in range(60)]
    (bench.folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    card = {"title": name, "family": "replay", "arguments": {"file": str(bench.folder / f"{name}.jsonl")}}
    (bench.cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
    bench.run(name)


def made_bench(folder: Path, access: str) -> Bench:
    bench = Bench(folder, n=60)
    rows = [json.loads(line) for line in (bench.data / "test.jsonl").read_text().splitlines()]
    bench.write_rows([{**row, "answer": f"{SECRET} {row['id']}"} for row in rows])
    bench.ask["dataset_options"] = {**bench.ask["dataset_options"], "access": access}
    bench.write_card()
    (bench.cards / "mine.yaml").write_text(
        yaml.safe_dump({"title": "Mine <b>", "columns": [{"task": TASK}, {"task": TASK, "cost": "seconds"}]})
    )
    return bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = made_bench(tmp_path / "bench", "open")
    result_of(made, "good", 50)
    return made


def content(folder: Path) -> dict[str, str]:
    """The text of each file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_site_of_closed_data_holds_no_reference_and_no_output_even_when_samples_are_asked_for(tmp_path):
    bench = made_bench(tmp_path / "bench", "credentialed")
    result_of(bench, "good", 50)
    result_of(bench, "bad", 10)

    made = publish(bench.catalog(), [bench.out], tmp_path / "site", ["mine"], samples=True)

    whole = json.dumps(content(tmp_path / "site"), ensure_ascii=False)
    for planted in (SECRET, SAID, "What does line", "q17", str(tmp_path)):
        assert planted not in whole
    assert made.n_runs == 2
    assert all("its data are credentialed" in note for note in made.left_out)


def test_samples_of_open_data_are_published_only_where_asked_for(tmp_path, bench):
    without = publish(bench.catalog(), [bench.out], tmp_path / "a", ["mine"])
    made = publish(bench.catalog(), [bench.out], tmp_path / "b", ["mine"], samples=True)

    assert not list(without.folder.glob("samples/*"))
    assert SECRET not in json.dumps(content(without.folder))
    (file,) = made.folder.glob("samples/*.jsonl")
    samples = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(samples) == 60
    assert samples[0] == {
        "id": "q0",
        "texts": {"question": "What does line 0 show?"},
        "references": [{"text": f"{SECRET} q0"}],
        "subgroups": {"kind": "even"},
        "outputs": [f"{SECRET} q0"],
    }


def test_samples_below_a_folder_marked_as_hidden_are_never_published(tmp_path, bench):
    (bench.out / "hidden.txt").write_text("yes")

    made = publish(bench.catalog(), [bench.out], tmp_path / "site", ["mine"], samples=True)

    assert SECRET not in json.dumps(content(tmp_path / "site"))
    assert made.left_out == (f"the samples of good on {TASK}: its references are hidden",)


def test_a_snapshot_names_its_boards_and_runs_and_the_hash_of_each_file(tmp_path, bench):
    result_of(bench, "bad", 10)

    made = publish(bench.catalog(), [bench.out], tmp_path / "site", ["mine"], now=datetime(2030, 1, 2, tzinfo=UTC))

    files = content(made.folder)
    about = json.loads(files.pop("snapshot.json"))
    assert made.folder.name == f"2030-01-02-{about['content']}"
    assert about["made"] == "2030-01-02T00:00:00+00:00"
    assert about["files"] == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    assert sum(name.startswith("runs/") for name in files) == 2
    assert 'href="boards/mine.html"' in files["index.html"]
    assert "Mine &lt;b&gt;" in files["index.html"]
    assert all(f'href="{name}"' in files["index.html"] for name in files if name.startswith("runs/"))
    run = json.loads(next(text for name, text in files.items() if name.startswith("runs/")))
    assert run["summary"]["counts"]["n_total"] == 60
    cells = json.loads(files["boards/mine.json"])["cells"]
    assert {cell["runs"][0]["folder"] for cell in cells} == {name for name in files if name.startswith("runs/")}
    assert [(cell["rank_low"], cell["rank_high"]) for cell in cells if cell["rank"]] == [
        (1, 1),
        (2, 2),
    ]  # inferred from rows that stay where they are


def test_the_same_runs_again_are_no_new_snapshot_and_earlier_ones_are_never_touched(tmp_path, bench):
    site = tmp_path / "site"
    first = publish(bench.catalog(), [bench.out], site, ["mine"], now=datetime(2030, 1, 2, tzinfo=UTC))
    before = content(first.folder)
    again = publish(bench.catalog(), [bench.out], site, ["mine"], now=datetime(2030, 3, 4, tzinfo=UTC))
    result_of(bench, "bad", 10)
    second = publish(bench.catalog(), [bench.out], site, ["mine"], now=datetime(2030, 5, 6, tzinfo=UTC))

    assert (again.folder, again.is_new) == (first.folder, False)
    assert second.is_new
    assert content(first.folder) == before
    index = (site / "index.html").read_text("utf-8")
    assert index.index(second.folder.name) < index.index(first.folder.name)
    assert not [path for path in site.iterdir() if path.name.startswith(".")]


def test_a_damaged_run_is_listed_with_its_reason_and_without_its_path(tmp_path, bench):
    result_of(bench, "bad", 10)
    folder = next(folder for folder in find_runs(bench.out) if folder.read_run().model == "bad")
    folder.summary.write_text("{")

    made = publish(bench.catalog(), [bench.out], tmp_path / "site", ["mine"])

    assert made.n_runs == 1
    assert len(made.left_out) == 1
    assert made.left_out[0].startswith(f"{TASK}/bad/")
    assert "is damaged" in made.left_out[0]
    assert str(tmp_path) not in json.dumps(content(tmp_path / "site"))


def test_runs_without_samples_are_published_with_what_they_have(tmp_path, bench):
    for folder in find_runs(bench.out):
        folder.samples.unlink()

    made = publish(bench.catalog(), [bench.out], tmp_path / "site", samples=True)

    assert made.n_runs == 1
    assert made.left_out == (f"the samples of good on {TASK}: they are not in its folder",)


def test_names_of_a_foreign_run_neither_climb_out_nor_become_markup(tmp_path, bench):
    folder = find_runs(bench.out)[0]
    nasty = {"model": "../../../<script>alert(1)</script>", "id": "../../escaped"}
    folder.run.write_text(json.dumps({**json.loads(folder.run.read_text()), **nasty}))

    publish(bench.catalog(), [bench.out], tmp_path / "site", ["mine"])

    files = content(tmp_path / "site")
    assert not list(tmp_path.rglob("*escaped*"))
    pages = [text for name, text in files.items() if name.endswith(".html")]
    assert not any("<script>alert" in text for text in pages)
    assert any("&lt;script&gt;alert" in text for text in pages)


def test_boards_without_a_number_of_these_runs_are_published_only_where_named(tmp_path, bench):
    made = publish(bench.catalog(), [bench.out], tmp_path / "site")

    assert made.boards == ("mine",)


def test_public_folders_of_several_submissions_are_published_without_what_needs_their_rows(tmp_path, desk):
    for name, right in (("good", 50), ("bad", 10)):
        desk.hand_in(name, desk.answers(right))
    (desk.bench.cards / "mine.yaml").write_text(yaml.safe_dump({"title": "Mine", "columns": [{"task": TASK}]}))

    made = publish(desk.bench.catalog(), [desk.public], tmp_path / "site", ["mine"])

    board = json.loads((made.folder / "boards" / "mine.json").read_text("utf-8"))
    assert [(cell["rank"], cell["rank_low"]) for cell in board["cells"]] == [(1, None), (2, None)]
    assert any("no ranks" in note for note in board["notes"])


def test_nothing_to_publish_or_a_place_that_would_serve_the_runs_is_refused(tmp_path, bench):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ContentError, match="no run folder is here"):
        publish(bench.catalog(), [tmp_path / "empty"], tmp_path / "site")
    with pytest.raises(ContentError, match="publish into a folder of its own"):
        publish(bench.catalog(), [bench.out], bench.folder)
