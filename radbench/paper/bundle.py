"""A folder that carries a paper's numbers with all they rest on, and that `radbench verify` can recompute from the runs.

table.tex, .md, .csv, .html, .json    the board; the last says where each number comes from
figures/                              as `radbench figure`
methods.md, prompts.md, cases.md      words, prompts verbatim, cases drawn by a stated rule
settings.json, failures.csv           of each run
references.bib, checklist-*.md        papers of tasks, models and metrics; reporting checklists with gaps marked
board/                                the board's card and the published rows it shows
manifest.json                         what was made of which runs, with hashes
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.folder import RunFolder, write_json
from radbench.leaderboard.board import Board
from radbench.leaderboard.printing.figures import draw
from radbench.leaderboard.printing.latex import latex
from radbench.leaderboard.printing.markdown import markdown
from radbench.leaderboard.printing.page import page
from radbench.leaderboard.printing.provenance import as_csv, provenance
from radbench.paper.checklists import NAMES, checklist
from radbench.paper.facts import Facts, gather
from radbench.paper.methods import methods
from radbench.paper.records import cases, failures, prompts, provenance_of, settings

MANIFEST: Final = "manifest.json"
BOARD: Final = "board"
FIGURES: Final = "figures"
FORMAT: Final = 1


def _inside(name: str) -> str:
    """A name of a file that lies below the bundle."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"`{name}` leads out of the folder")
    return name


_Inside = Annotated[str, AfterValidator(_inside)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunHashes(_Record):
    """A run behind a bundle."""

    task: str
    model: str
    sha256: dict[str, str]  # of samples.jsonl and predictions.jsonl


class Making(_Record):
    """What decides the words of a bundle besides its runs."""

    made: str  # ISO, UTC
    radbench: str
    cases: int = 5  # drawn a task
    seed: int = 0  # of that drawing
    matplotlib: str = ""  # the version that drew the figures


class Manifest(_Record):
    """manifest.json."""

    format: int = FORMAT
    board: _Inside
    making: Making
    files: dict[_Inside, str]  # name -> sha256
    runs: dict[str, RunHashes]


def write_bundle(board: Board, catalog: Catalog, making: Making, folder: Path) -> Manifest:
    """Write the bundle of a board with its standings into an empty folder.

    Raises:
        ContentError: the folder holds something, the board has no number, or a run is but a public summary.
        MissingPackageError: matplotlib is not installed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ContentError(f"{folder} is not empty: name a new folder, since a bundle is never overwritten")
    if not board.lines:
        raise ContentError(". ".join([f"the board {board.card.name} has no numbers to make a paper of", *board.notes]))
    facts = gather(board, catalog)
    for part in facts.runs.values():
        if not (part.folder.samples.exists() and part.folder.predictions.exists()):
            raise ContentError(
                f"{part.folder.path} has no samples or no replies: a paper is made of whole runs, not of their public summaries"
            )
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as made:  # what is stopped half-way leaves an empty folder, and can be made again
        manifest = _write(facts, making, Path(made))
        for path in Path(made).iterdir():
            path.rename(folder / path.name)
    return manifest


def _write(facts: Facts, making: Making, folder: Path) -> Manifest:
    board = facts.board
    for name, text in {**documents(facts, making), "README.md": _readme(board, making)}.items():
        (folder / name).write_text(text, "utf-8")
    _write_card(board, folder / BOARD)
    draw(board, folder / FIGURES)
    manifest = Manifest(
        board=board.card.name,
        making=making,
        files={path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()},
        runs={id_: RunHashes(task=p.run.task, model=p.run.model, sha256=hashes(p.folder)) for id_, p in facts.runs.items()},
    )
    write_json(folder / MANIFEST, manifest)
    return manifest


def documents(facts: Facts, making: Making) -> Mapping[str, str]:
    """The texts of a bundle that hold numbers of its runs, by file name; the same facts give the same texts."""
    board = facts.board
    found = provenance_of(provenance(board), making.made, making.radbench)
    return {
        "table.tex": latex(board, label=f"tab:{board.card.name}"),
        "table.md": markdown(board),
        "table.csv": as_csv(board),
        "table.html": page(board, made=found),
        "table.json": json.dumps(found, indent=1, ensure_ascii=False) + "\n",
        "methods.md": methods(facts, making.radbench),
        "prompts.md": prompts(facts),
        "cases.md": cases(facts, making.cases, making.seed),
        "settings.json": settings(facts),
        "failures.csv": failures(facts),
        "references.bib": str(facts.bibliography),
        **{f"checklist-{name}.md": checklist(name, facts) for name in NAMES},
    }


def hashes(folder: RunFolder) -> dict[str, str]:
    """Of what a run asked and what was said."""
    return {path.name: sha256(path) for path in (folder.samples, folder.predictions)}


def sha256(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_card(board: Board, folder: Path) -> None:
    """The board's card, its published rows beside it."""
    folder.mkdir()
    beside = board.card.file.parent if board.card.file else Path()
    for name in board.card.rows:
        (folder / Path(name).name).write_bytes((beside / name).read_bytes())
    card: dict[str, Any] = board.card.model_dump(mode="json", exclude={"name"})
    card["rows"] = [Path(name).name for name in board.card.rows]
    (folder / f"{board.card.name}.yaml").write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True), "utf-8")


def _readme(board: Board, making: Making) -> str:
    listing = (__doc__ or "").partition("\n\n")[2]
    said = f"Made {making.made} by radbench {making.radbench}. `radbench verify DIR --runs RUNS` recomputes every number in it."
    return f"# {board.title}\n\n{said}\n\n{listing}"
