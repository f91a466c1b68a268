"""A board with everything that writers must cope with, made of real runs and published rows."""

from __future__ import annotations

import json

import yaml
from bench import TASK, Bench

from radbench.catalog.cards import BoardCard
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.published import COLUMNS
from radbench.leaderboard.standing import infer

NASTY = "Größe_1 & 50% #{x} <b>[α] 中"  # what a name may hold


def everything(bench: Bench) -> Board:
    """Two models with a tie, a partial run, a baseline, a control, a report with a nasty name, and missing cells."""
    for name, right in (("model_a", 50), ("model_b", 50), ("model_c", 3)):
        _ran(bench, name, right)
    bench.run("majority", draws=200)
    bench.run("model_c", draws=200, images="none")
    folder = next(folder for folder in find_runs(bench.out) if folder.read_run().model == "model_b")
    _with_failures(folder)
    (bench.cards / "rows.csv").write_text(
        f'{",".join(COLUMNS)}\n"{NASTY}",t,d,test,,,,F1,12.5,,,percent,,"a & b_c <script>alert(1)</script>",\n'
    )
    columns = [
        {"task": TASK, "group": "answers_&", "title": "exact 100%"},
        {"task": TASK, "value": "token_f1", "group": "answers_&", "published": {"metric": "F1"}},
        {"task": "not.yet", "title": "nothing here"},
    ]
    card = {"name": "all", "title": "All & <everything> $x_1$", "columns": columns, "rows": "rows.csv", "file": bench.cards / "all.yaml"}
    return infer(build(BoardCard.model_validate(card), find_runs(bench.out), bench.catalog()), bench.catalog(), draws=500)


def _ran(bench: Bench, name: str, right: int) -> None:
    references = [row["answer"] for row in map(json.loads, (bench.data / "test.jsonl").read_text().splitlines())]
    lines = [json.dumps({"id": f"q{i}", "output": text if i < right else "nothing"}) for i, text in enumerate(references)]
    (bench.folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    about = {"trained_on": {"bench": []}, "open": name != "model_c"}
    card = {"title": name, "family": "replay", "arguments": {"file": str(bench.folder / f"{name}.jsonl")}, "about": about}
    (bench.cards / f"{name}.yaml").write_text(yaml.safe_dump(card))
    bench.run(name, draws=200)


def _with_failures(folder: RunFolder) -> None:
    summary = folder.read_summary()
    write_json(folder.summary, summary.model_copy(update={"counts": summary.counts.model_copy(update={"n_failed": 3})}))
