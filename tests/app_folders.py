"""What the app is tested on: a board with everything, beside folders that are damaged, half-written, foreign or still running."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from bench import TASK, Bench
from boards import NASTY, everything

from radbench.app.settings import VARIABLE, Settings
from radbench.folder import RunFolder, find_runs, write_json
from radbench.leaderboard.published import COLUMNS

BOARD = "all"
SCRIPT = "<img src=x onerror=\"window.hacked = 'yes'\"><script>window.hacked = 'yes'</script>"


@dataclass(frozen=True)
class Folders:
    """A folder of runs and a folder of cards."""

    runs: Path
    cards: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the app is started with."""
        return {VARIABLE: Settings(runs=(self.runs,), catalog=(self.cards,), boards=(BOARD, "vqa", "metrics-vs-radiologists")).to_json()}


def make(folder: Path) -> Folders:
    """Runs and cards below a folder that does not exist yet."""
    bench = Bench(folder / "bench")
    everything(bench)
    columns = [
        {"task": TASK, "group": "answers_&", "title": "exact 100%"},
        {"task": TASK, "value": "token_f1", "group": "answers_&", "published": {"metric": "F1"}},
        {"task": TASK, "value": "token_recall", "group": "recall"},
    ]
    row = f'"{SCRIPT.replace(chr(34), chr(34) * 2)}",t,d,test,,,,F1,14,,,percent,,"a source",'
    (bench.cards / "rows.csv").write_text(f'{",".join(COLUMNS)}\n"{NASTY}",t,d,test,,,,F1,12.5,,,percent,,"a & b_c",\n{row}\n')
    card = {"title": "All & <everything> $x_1$", "rows": "rows.csv", "columns": columns, "about": {"summary": f"With {SCRIPT}"}}
    (bench.cards / "all.yaml").write_text(yaml.safe_dump(card, sort_keys=False))
    _broken(bench.out)
    return Folders(bench.out, bench.cards)


def _broken(runs: Path) -> None:
    good = next(folder for folder in find_runs(runs) if folder.read_run().model == "model_a").path
    for name in ("damaged", "foreign", "unscored", "running"):
        shutil.copytree(good, runs / "odd" / "model" / name)
    (runs / "odd" / "model" / "damaged" / "run.json").write_text('{"format": 1, "id": "x"')
    (runs / "odd" / "model" / "foreign" / "run.json").write_text('{"training": true}')
    (runs / "odd" / "model" / "unscored" / "summary.json").unlink()
    going = RunFolder(runs / "odd" / "model" / "running")
    going.summary.unlink()
    lines = going.predictions.read_bytes().splitlines(keepends=True)
    going.predictions.write_bytes(b"".join(lines[:21]) + lines[21][:9])
    write_json(going.run, going.read_run().model_copy(update={"id": "running", "status": "running", "message": SCRIPT}))


def correlations(folder: Path) -> None:
    """What `radbench correlate --out` would have written, of two metrics and two raters."""

    def agreement(name: str, value: float) -> dict[str, object]:
        estimate = {"value": value, "low": value - 0.1, "high": value + 0.1, "undefined_draws": 0}
        levels = {"pooled": {"tau_b": estimate, "accuracy": {**estimate, "low": None, "high": None}}}
        return {"name": name, "estimates": levels, "epsilons": {"pooled": 0.0}, "n": 12, "n_studies": 6, "n_constant": 0}

    found = {
        "criterion": "quality",
        "significance": "",
        "settings": {},
        "is_turned": False,
        "n": 12,
        "n_studies": 6,
        "n_systems": 2,
        "n_clusters": 6,
        "raters": ["r1", "r2"],
        "metrics": [agreement("rougeL", 0.4), agreement("bleu-1", 0.3)],
        "ceiling": [agreement("r1", 0.6), agreement("r2", 0.7), agreement("one rater against the others", 0.65)],
        "differences": [
            {
                "first": "rougeL",
                "second": "bleu-1",
                "level": "pooled",
                "estimate": {"value": 0.1, "low": -0.1, "high": 0.3, "undefined_draws": 0},
                "p": 0.2,
                "p_adjusted": 0.2,
            }
        ],
        "swaps": 2000,
        "left_out": {},
        "words": "as the command prints them",
    }
    folder.mkdir(parents=True)
    (folder / "correlations.json").write_text(json.dumps(found))
