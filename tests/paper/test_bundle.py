"""`radbench paper` and `radbench verify`: what a bundle holds, and that no number in it can differ from its runs unnoticed."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import shutil
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from bench import TASK, Bench

from radbench.catalog import Catalog
from radbench.catalog.cards import BoardCard
from radbench.certificates import Certificate, write_certificate
from radbench.errors import ContentError, RunFormatError
from radbench.folder import HIDDEN, RunFolder, find_runs, write_json
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.printing.bibtex import Bibliography
from radbench.leaderboard.published import COLUMNS
from radbench.leaderboard.standing import infer
from radbench.metrics.grad import Grad
from radbench.paper.bundle import Making, write_bundle
from radbench.paper.facts import Facts, gather
from radbench.paper.methods import methods, metric_sentence
from radbench.paper.records import prompts
from radbench.paper.verifying import Verification, text, verify
from radbench.places import HERE

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

NASTY = "Größe_1 & 50% <b> `[α]` 中"
MAKING = Making(made="2026-01-02T03:04:05+00:00", radbench="0.0", cases=3, matplotlib=version("matplotlib"))
SECRET = "the planted sentence of a reference"


@pytest.fixture(autouse=True)
def _fonts_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib lists the machine's fonts at its first start, which takes seconds; that list outlives the test's home."""
    monkeypatch.setenv("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "radbench-tests-matplotlib"))


def answer(i: int) -> str:
    return "left pleural effusion" if i % 2 else f"no effusion, {SECRET}"


def filled(folder: Path, access: str = "open") -> Bench:
    """Two models, a baseline and a published row; a metric that asks a labeller beside one that asks nobody."""
    bench = Bench(folder, n=24)
    ids = [json.loads(line)["id"] for line in (bench.data / "test.jsonl").read_text().splitlines()]
    rows = [json.loads(line) | {"answer": answer(i)} for i, line in enumerate((bench.data / "test.jsonl").read_text().splitlines())]
    bench.write_rows(rows)
    bench.ask["dataset_options"]["access"] = access
    bench.score["metrics"] = ["answer-text", {"chexbert": {"annotator": "rules-14"}}]
    bench.write_card()
    for name, right in (("model_a", 20), ("model_b", 6)):
        said = [answer(i) if i < right else "nothing ``` to see" for i in range(len(ids))]
        (bench.folder / f"{name}.jsonl").write_text(
            "".join(json.dumps({"id": i, "output": t}) + "\n" for i, t in zip(ids, said, strict=True))
        )
        about = {"trained_on": {"bench": []}, "parameters": "7B", "licence": "MIT", "paper": "arXiv 2001.00001"}
        card = {"title": name, "family": "replay", "arguments": {"file": f"{bench.folder / name}.jsonl"}, "about": about}
        (bench.cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
        bench.run(name, draws=100)
    bench.run("majority", draws=100)
    (bench.cards / "rows.csv").write_text(f'{",".join(COLUMNS)}\n"{NASTY}",t,d,test,,,,F1,12.5,,,percent,,a paper,\n')
    return bench


def board_of(bench: Bench) -> Board:
    return board_in(bench.cards, bench.out, bench.catalog())


def board_in(cards: Path, runs: Path, catalog: Catalog) -> Board:
    columns = [{"task": TASK}, {"task": TASK, "value": "f1_14_micro", "published": {"metric": "F1"}}]
    card = {"name": "made", "title": "Made & up", "columns": columns, "rows": "rows.csv", "file": cards / "made.yaml"}
    return infer(build(BoardCard.model_validate(card), find_runs(runs), catalog), catalog)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `bench/` and the `bundle/` made of it."""
    folder = tmp_path_factory.mktemp("paper")
    bench = filled(folder / "bench")
    write_bundle(board_of(bench), bench.catalog(), MAKING, folder / "bundle")
    return folder


@pytest.fixture
def copied(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "copy"))


def verified(folder: Path) -> Verification:
    return verify(folder / "bundle", [folder / "bench" / "runs"], Catalog([folder / "bench" / "cards"]))


def run_of(folder: Path, model: str) -> RunFolder:
    return next(found for found in find_runs(folder / "bench" / "runs") if found.read_run().model == model)


def test_a_bundle_as_it_was_made_verifies_wherever_its_runs_lie(copied: Path) -> None:
    found = verified(copied)

    assert found.differences == ()
    assert (found.n_runs, found.n_cells, found.notes) == (3, 6, ())


def test_runs_that_were_scored_before_their_cases_were_kept_verify_as_well(copied: Path) -> None:
    for run in find_runs(copied / "bench" / "runs"):
        run.cases.unlink()

    assert verified(copied).differences == ()


def test_a_bundle_that_is_stopped_half_way_leaves_a_folder_in_which_it_can_be_made(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    cards, folder = copied / "bench" / "cards", tmp_path / "again"
    board = board_in(cards, copied / "bench" / "runs", Catalog([cards]))
    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_bundle(board, Catalog([cards]), MAKING, folder)

    assert list(folder.iterdir()) == []
    made = write_bundle(board, Catalog([cards]), MAKING, folder)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {*made.files, "manifest.json"}


def test_a_certificate_of_an_annotator_is_stated_and_verified(copied: Path, tmp_path: Path) -> None:
    out, bench_cards = copied / "bench" / "runs", Catalog([copied / "bench" / "cards"])
    identity = next((out / "annotations" / "rules-14").iterdir()).name
    stated = {"model": "rules-14", "identity": identity, "weights": "", "stated": {}, "canaries": {}, "versions": {}}
    write_certificate(out, Certificate(**stated, date="2026-02-03T00:00:00", passed=True, checks=()))
    board = infer(build(bench_cards.board(copied / "bundle" / "board" / "made.yaml"), find_runs(out), bench_cards), bench_cards)

    write_bundle(board, bench_cards, MAKING, tmp_path / "bundle")

    assert f"identity {identity[:8]}, verified on 2026-02-03: passed" in (tmp_path / "bundle" / "methods.md").read_text()
    assert verify(tmp_path / "bundle", [out], bench_cards).differences == ()


def test_no_file_of_a_bundle_tells_where_its_runs_and_their_files_lie(original: Path) -> None:
    """Each model's card names a file by its whole path."""
    told = [path.name for path in (original / "bundle").rglob("*") if path.is_file() and str(original).encode() in path.read_bytes()]

    assert told == []
    assert HERE in (original / "bundle" / "settings.json").read_text()


def test_it_holds_tables_figures_words_and_records(original: Path) -> None:
    names = {path.relative_to(original / "bundle").as_posix() for path in (original / "bundle").rglob("*") if path.is_file()}

    assert {f"table.{end}" for end in ("tex", "md", "csv", "html", "json")} <= names
    assert {
        "methods.md",
        "prompts.md",
        "cases.md",
        "settings.json",
        "failures.csv",
        "references.bib",
        "manifest.json",
        "README.md",
    } <= names
    assert {"figures/forest.svg", "figures/ranks.pdf", "board/made.yaml", "board/rows.csv"} <= names
    assert {"checklist-claim-2024.md", "checklist-mi-clear-llm.md"} <= names
    manifest = json.loads((original / "bundle" / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}


def test_the_methods_state_data_models_metrics_and_statistics(original: Path) -> None:
    said = (original / "bundle" / "methods.md").read_text()

    for part in (
        "24 cases from 8 clusters (unit: image; clusters: by patient) of the test split of jsonl",
        "parameters: 7B",
        "[@arxiv2020",
        "answer_text|articles:kept|",
        "percentile bootstrap of clusters, Wilson for shares, 100 draws, seed 0",
        "Holm over 1 pair at 0.05",
        "`rules-14`",
        "**GAP**",
    ):
        assert part in said
    key = said.partition("`model_a` [@")[2].partition("]")[0]
    assert f"@misc{{{key}," in (original / "bundle" / "references.bib").read_text()


def test_what_the_methods_cite_stands_in_the_bibliography_and_nothing_else_does(original: Path) -> None:
    said, listed = ((original / "bundle" / name).read_text() for name in ("methods.md", "references.bib"))

    cited = set(re.findall(r"@([\w-]+)", " ".join(re.findall(r"\[(@[^]]+)\]", said))))
    assert cited == set(re.findall(r"^@\w+\{([^,]+),$", listed, re.MULTILINE))
    assert {"rajpurkar2016squad", "smit2020chexbert"} <= cited
    assert "title = {{SQuAD}: 100,000+ Questions" in listed
    assert f"Numbers of {NASTY} are as reported, not reproduced: a paper [@" in said


def test_every_metric_has_a_sentence_with_what_it_is_and_its_works(original: Path) -> None:
    bench_board = Catalog([original / "bench" / "cards"])
    board = build(bench_board.board(original / "bundle" / "board" / "made.yaml"), [], bench_board)
    needed = {"annotator": "somebody", "judge": "somebody", "encoder": "somebody"}
    own = set()
    for entry in Catalog().entries("metrics"):
        if entry.name == "evaluate":  # a user's own, which states no works
            continue
        kind = Catalog().component("metrics", entry.name)
        taken = inspect.signature(kind).parameters
        options = {name: said for name, said in needed.items() if name in taken and taken[name].default is inspect.Parameter.empty}
        metric = Catalog().build("metrics", entry.name, options)
        facts = Facts(board, Catalog(), {}, {}, {}, {}, Bibliography.of(metric.papers))

        said = metric_sentence(metric, ["`value`"], ["how"], facts)

        assert entry.title.rstrip(".") in said
        assert "a case without a readable answer" in said
        assert all(f"@{key}" in said for key in metric.papers)
        if not metric.papers:
            own.add(entry.name)
    assert own == {"equivalence", "rubric"}  # radbench's own judges, of which nothing is published


def test_the_methods_tell_when_a_served_judge_answered_and_mark_days_that_are_missing(original: Path) -> None:
    catalog = Catalog([original / "bench" / "cards"])
    board = build(catalog.board(original / "bundle" / "board" / "made.yaml"), find_runs(original / "bench" / "runs"), catalog)

    def judged(signature: str) -> str:
        line = next(line for line in board.lines if line.name == "model_a")
        (cell, *others) = line.cells
        assert cell is not None
        part = replace(cell.parts[0], value=cell.parts[0].value.model_copy(update={"signature": signature}))
        lines = (replace(line, cells=(replace(cell, parts=(part,)), *others)),)
        return methods(gather(replace(board, lines=lines), catalog), "0.0")

    how = "answer_text|articles:kept|by:judge@0123abcd(model-0613)"
    assert "`judge` (identity 0123abcd, not verified), served as model-0613, answered between 2026-11-20 and 2026-11-22." in judged(
        f"{how}|judged:2026-11-20..2026-11-22|ask:1"
    )
    assert "served as model-0613, answered on 2026-11-20." in judged(f"{how}|judged:2026-11-20|ask:1")
    assert "served as model-0613, answered on **GAP**, days not recorded." in judged(f"{how}|ask:1")
    here = judged("chexbert|by:rules-14@0123abcd|ask:1")
    assert "identity 0123abcd, not verified)" in here
    assert "answered on" not in here  # what runs here is told by its identity alone


def test_prompts_are_verbatim_with_slots_for_what_a_sample_brings(original: Path) -> None:
    said = (original / "bundle" / "prompts.md").read_text()

    assert "{question}" in said
    assert "What does line" not in said


def test_a_judges_prompt_is_verbatim(original: Path) -> None:
    catalog = Catalog()
    board = Board(BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": "t"}]}), (), ())
    metric = Grad(judge="somebody")

    said = prompts(Facts(board, catalog, {}, {}, {"grad|prompt:x": metric}, {}, Bibliography.of(())))

    assert metric.prompt.user in said
    assert f"{metric.prompt.name}@{metric.prompt.digest}" in said


def test_cases_are_drawn_by_the_rule_and_shown_whole(original: Path) -> None:
    said = (original / "bundle" / "cases.md").read_text()

    assert said.count("\n### ") == 3
    assert SECRET in said
    assert "````\nnothing ``` to see\n````" in said  # a fence that the text cannot end
    assert "sha256 of `0:<task>:<id>`" in said


def test_texts_of_closed_data_stay_out_of_every_file(tmp_path: Path) -> None:
    bench = filled(tmp_path / "bench", access="credentialed")
    write_bundle(board_of(bench), bench.catalog(), MAKING, tmp_path / "bundle")

    texts = [path.read_bytes().decode("utf-8", "replace") for path in (tmp_path / "bundle").rglob("*") if path.is_file()]
    assert not any(SECRET in one or "nothing ```" in one or "What does line" in one for one in texts)
    assert (tmp_path / "bundle" / "cases.md").read_text().count("\n- `q") == 3


def test_references_that_a_submission_must_not_tell_stay_out_of_every_file_though_their_data_are_open(tmp_path: Path) -> None:
    bench = filled(tmp_path / "bench")
    (bench.out / HIDDEN).touch()

    write_bundle(board_of(bench), bench.catalog(), MAKING, tmp_path / "bundle")

    assert [path.name for path in (tmp_path / "bundle").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()] == []
    assert "- `" in (tmp_path / "bundle" / "cases.md").read_text()  # ids alone
    assert verified(tmp_path).differences == ()


def test_of_predictions_made_elsewhere_nobody_claims_when_and_how_they_were_asked(original: Path) -> None:
    bundle = original / "bundle"

    told = (bundle / "methods.md").read_text()
    assert "Predictions of `model_a`, `model_b` were made elsewhere and read from files" in told
    assert "**GAP**, when and how these models were asked" in told
    assert "were asked with" not in told
    assert "of `model_a`, `model_b` were made elsewhere, with prompts that are not known" in (bundle / "prompts.md").read_text()
    items = (bundle / "checklist-mi-clear-llm.md").read_text()
    assert [line[:8] for line in items.splitlines() if line.startswith("- [x]")] == []
    assert "When each model was asked. model_a, model_b: predictions made elsewhere (**GAP**)." in items


def test_a_checklist_ticks_what_the_runs_tell_and_marks_the_rest(original: Path) -> None:
    claim = (original / "bundle" / "checklist-claim-2024.md").read_text()

    assert len([line for line in claim.splitlines() if line.startswith("- [")]) == 44
    assert "- [ ] 7. Where the data come from. bench.questions: jsonl, open. **GAP**: sites and dates." in claim
    assert "- [x] 10. How parts of the data were chosen. bench.questions: all samples of the split." in claim
    assert "- [ ] 44. Funding and the role of funders. **GAP**: to be written by the authors." in claim


def test_a_tampered_number_is_found_in_any_text(copied: Path) -> None:
    numbers = {f"table.{end}": ("0.83", "0.93") for end in ("tex", "md", "csv", "html", "json")}
    numbers |= {"methods.md": ("24 cases", "42 cases"), "failures.csv": ("complete,24", "complete,42")}
    for name, (old, new) in numbers.items():
        path = copied / "bundle" / name
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new, 1))

    found = verified(copied)

    for name in numbers:
        assert name in {one.where for one in found.differences}  # its hash
        (line,) = (one for one in found.differences if one.where.startswith(f"{name}:"))
        assert line.printed != line.recomputed
        assert line.where in text(found)


def test_a_number_tampered_together_with_its_hash_is_still_found(copied: Path) -> None:
    path, manifest = copied / "bundle" / "table.csv", copied / "bundle" / "manifest.json"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text().replace("0.83", "0.93"))
    manifest.write_text(manifest.read_text().replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))

    assert [one.where.partition(":")[0] for one in verified(copied).differences] == ["table.csv"]


def test_a_figure_that_was_redrawn_by_hand_is_named(copied: Path) -> None:
    (copied / "bundle" / "figures" / "forest.svg").write_text("<svg/>")
    (copied / "bundle" / "figures" / "forest.png").unlink()

    said = {one.where: one.said for one in verified(copied).differences}

    assert said == {"figures/forest.svg": "was changed since the bundle was made", "figures/forest.png": "is missing"}


def test_a_figure_redrawn_together_with_its_hash_is_found_where_the_same_matplotlib_can_draw_it_again(copied: Path) -> None:
    path, manifest = copied / "bundle" / "figures" / "forest.svg", copied / "bundle" / "manifest.json"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text().replace("<path", "<!-- --><path", 1))
    manifest.write_text(manifest.read_text().replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))

    assert [(one.where, one.said) for one in verified(copied).differences] == [
        ("figures/forest.svg", "is not what the runs give when it is drawn again")
    ]

    manifest.write_text(manifest.read_text().replace(f'"matplotlib": "{version("matplotlib")}"', '"matplotlib": "0.1"'))
    found = verified(copied)
    assert found.differences == ()
    assert any("held to their hashes alone: drawn with matplotlib 0.1" in note for note in found.notes)


def test_a_tampered_reply_changes_the_recomputed_numbers(copied: Path) -> None:
    folder = run_of(copied, "model_b")
    folder.predictions.write_text(folder.predictions.read_text().replace("nothing ``` to see", "left pleural effusion"))

    found = verified(copied)

    said = [one.said for one in found.differences if one.where == f"run {folder.path.name}"]
    assert "predictions.jsonl was changed since the bundle was made" in said
    assert any(one.where.startswith("table.tex:") for one in found.differences)
    assert any("f1_14_micro" in note for note in found.notes)  # its stored rows are of other replies


def test_a_tampered_summary_is_no_source_of_numbers(copied: Path) -> None:
    folder = run_of(copied, "model_b")
    summary = folder.read_summary()
    values = tuple(value.model_copy(update={"value": 0.99}) for value in summary.values)
    write_json(folder.summary, summary.model_copy(update={"values": values}))

    found = verified(copied)

    assert {one.where for one in found.differences} == {f"run {folder.path.name}"}  # the bundle itself is right
    assert any("exact_match: its summary has 0.99" in one.said for one in found.differences)


def test_a_missing_run_is_named_and_the_others_are_still_checked(copied: Path) -> None:
    gone = run_of(copied, "model_a").path
    shutil.rmtree(gone)
    table = copied / "bundle" / "table.json"
    cells = json.loads(table.read_text())
    next(cell for cell in cells["cells"] if cell["model"] == "model_b")["value"] = 0.5
    table.write_text(json.dumps(cells, indent=1))

    found = verified(copied)

    said = {one.where: one for one in found.differences}
    assert "is missing (bench.questions, model_a)" in said[f"run {gone.name}"].said
    assert said[f"table.json model_b model {TASK} (exact_match) value"].printed == "0.5"
    assert found.n_runs == 2


def test_a_damaged_run_is_told_and_does_not_stop_the_rest(copied: Path) -> None:
    folder = run_of(copied, "model_a")
    folder.summary.write_text("{")

    found = verified(copied)

    assert any("cannot be recomputed" in one.said for one in found.differences)
    assert found.n_runs == 2


def test_a_run_whose_record_is_damaged_is_named_and_the_others_are_still_checked(copied: Path) -> None:
    folder = run_of(copied, "model_b")
    folder.run.write_text("{")

    found = verified(copied)

    assert [one.where for one in found.differences] == [f"run {folder.path.name}"]
    assert "cannot be recomputed" in found.differences[0].said
    assert found.n_runs == 2
    assert [note for note in found.notes if "no text or figure was written again" in note]


def test_counts_and_reasons_of_a_summary_are_those_of_its_replies(copied: Path) -> None:
    folder = run_of(copied, "model_a")
    summary = json.loads(folder.summary.read_text())
    folder.summary.write_text(json.dumps({**summary, "failed": {"an invented reason": 3}}))

    found = verified(copied)

    assert [(one.where, one.said) for one in found.differences] == [
        (f"run {folder.path.name}", "failed: not as its replies give it, in its summary")
    ]


def test_a_file_that_was_put_into_the_bundle_is_noted(copied: Path) -> None:
    (copied / "bundle" / "figures" / "more.svg").write_text("<svg/>")

    found = verified(copied)

    assert (found.differences, found.notes) == ((), ("figures/more.svg is none of the bundle's files",))


def test_verifying_writes_nothing_into_runs_or_bundle(copied: Path) -> None:
    before = {path: path.read_bytes() for path in sorted(copied.rglob("*")) if path.is_file()}

    verified(copied)

    assert {path: path.read_bytes() for path in sorted(copied.rglob("*")) if path.is_file()} == before


def test_a_folder_that_holds_something_is_not_written_into(original: Path) -> None:
    bench_board = Catalog([original / "bench" / "cards"])
    board = build(bench_board.board(original / "bundle" / "board" / "made.yaml"), [], bench_board)

    with pytest.raises(ContentError, match="is not empty"):
        write_bundle(board, bench_board, MAKING, original / "bundle")


@pytest.mark.parametrize("manifest", [None, "{", "{}"])
def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path, manifest: str | None) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)

    with pytest.raises(ContentError, match="is no bundle"):
        verify(tmp_path, [], Catalog())


@pytest.mark.parametrize(
    ("old", "new"), [('"table.md"', '"../table.md"'), ('"board": "made"', '"board": "../made"'), ('"table.md"', '"/etc/hosts"')]
)
def test_a_name_that_leads_out_of_the_folder_is_refused(copied: Path, old: str, new: str) -> None:
    path = copied / "bundle" / "manifest.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))

    with pytest.raises(ContentError, match="leads out of the folder"):
        verified(copied)


def test_a_board_without_numbers_is_refused_with_the_reason(tmp_path: Path) -> None:
    card = BoardCard.model_validate({"name": "b", "title": "B", "columns": [{"task": "lab.vqa"}]})

    with pytest.raises(ContentError, match=r"board b has no numbers .* no card of the task lab.vqa is known: --catalog DIR"):
        write_bundle(build(card, [], Catalog()), Catalog(), MAKING, tmp_path / "bundle")


def test_a_bundle_of_a_newer_format_asks_for_a_newer_radbench(copied: Path) -> None:
    path = copied / "bundle" / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2', 1))

    with pytest.raises(RunFormatError, match="has format 2"):
        verified(copied)


def test_a_paper_of_runs_whose_samples_are_not_here_is_refused_before_anything_is_written(copied: Path, tmp_path: Path) -> None:
    run_of(copied, "model_a").samples.unlink()
    cards = Catalog([copied / "bench" / "cards"])
    board = infer(build(cards.board(copied / "bundle" / "board" / "made.yaml"), find_runs(copied / "bench" / "runs"), cards), cards)

    with pytest.raises(ContentError, match="a paper is made of whole runs"):
        write_bundle(board, cards, MAKING, tmp_path / "new")
    assert not (tmp_path / "new").exists()
