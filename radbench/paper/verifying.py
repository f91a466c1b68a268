"""`radbench verify`: every number of a bundle recomputed from the runs behind it, and each that differs named."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from radbench.catalog import Catalog
from radbench.certificates import FOLDER
from radbench.errors import ContentError, RadbenchError, RunError, RunFormatError
from radbench.folder import RunFolder, find_runs
from radbench.leaderboard.board import Board, build
from radbench.leaderboard.printing.figures import draw
from radbench.leaderboard.printing.provenance import provenance
from radbench.leaderboard.standing import infer
from radbench.paper.bundle import BOARD, FIGURES, FORMAT, MANIFEST, Manifest, documents, sha256
from radbench.paper.facts import gather
from radbench.paper.recomputing import recomputed, rewritten
from radbench.paper.records import provenance_of
from radbench.records import adapter

_PER_FILE: Final = 10  # differing lines of a file that are named
_AROUND: Final = 24  # characters shown before what differs
_LONG: Final = 80
_NUMBER: Final = re.compile(r"\d+\.\d+(?:e-?\d+)?")
_ROUNDED: Final = 12  # characters of a number up to which it was rounded for print
_COMPARED: Final = ("value", "low", "high", "shown", "n", "signature")  # of a cell, where runs are missing and ranks cannot be known


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in a bundle that its runs do not bear out."""

    where: str  # a file with its line, a run, a cell
    printed: str
    recomputed: str
    said: str = ""  # where it is not one text against another


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying a bundle."""

    board: str
    n_runs: int  # recomputed
    n_cells: int  # of runs of ours, recomputed
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]  # what could not be recomputed, and why

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return asdict(self)


def verify(bundle: Path, runs: Sequence[Path], catalog: Catalog) -> Verification:
    """Recompute a bundle.

    Args:
        bundle: a folder that `radbench paper` wrote.
        runs: where its runs are looked for, by id.
        catalog: knows their tasks and metrics.

    Raises:
        ContentError: the folder is no bundle, its manifest is damaged, or its board's card is.
    """
    manifest = read_manifest(bundle)
    held = {id_: folder for path in runs for folder in find_runs(path) if (id_ := _id(folder)) in manifest.runs}
    differences = [*_files(bundle, manifest), *_runs(held, manifest)]
    notes = [f"{name} is none of the bundle's files" for name in _strangers(bundle, manifest)]
    with TemporaryDirectory(prefix="radbench-") as name:
        root, made = Path(name), list[RunFolder]()
        _lend_certificates(root, held)
        for number, (id_, folder) in enumerate(held.items()):
            try:
                fresh, problems = recomputed(folder, root / "task" / "model" / str(number), catalog)
            except RadbenchError as error:
                differences.append(Difference(f"run {id_}", "", "", f"cannot be recomputed: {error}"))
                continue
            made.append(fresh)
            notes += [f"run {id_}: {said}" for said in problems]
            differences += [Difference(f"run {id_}", "", "", said) for said in rewritten(folder.read_summary(), fresh.read_summary())]
        board = infer(build(catalog.board(bundle / BOARD / f"{manifest.board}.yaml"), made, catalog), catalog)
        found = provenance_of(provenance(board), "", "")["cells"]
        if len(made) == len(manifest.runs):
            differences += _texts(bundle, documents(gather(board, catalog), manifest.making))
            if note := _why_not_drawn(manifest):
                notes.append(note)
            else:
                differences += _figures(bundle, manifest, board, root)
        else:
            differences += _cells(bundle, found)
            notes.append(
                "since runs are missing, values of the others were compared in table.json, and no text or figure was written again"
            )
    n_cells = sum(bool(cell["runs"]) for cell in found)
    return Verification(manifest.board, len(made), n_cells, tuple(dict.fromkeys(differences)), tuple(notes))


def read_manifest(bundle: Path) -> Manifest:
    """The manifest of a bundle; raises ContentError where it is none."""
    try:
        found: Manifest = adapter(Manifest).validate_json((bundle / MANIFEST).read_bytes())
    except OSError as error:
        raise ContentError(f"{bundle} is no bundle: {error.strerror}: {bundle / MANIFEST}; radbench paper writes one") from error
    except ValueError as error:
        raise ContentError(f"{bundle} is no bundle, or its {MANIFEST} is damaged ({error}): radbench paper writes one") from error
    if found.format > FORMAT:
        raise RunFormatError(f"{bundle} has format {found.format}; this radbench reads up to {FORMAT}: install a newer one")
    return found


def text(found: Verification) -> str:
    """What was recomputed and what differs, for people."""
    head = f"{found.board}: {found.n_runs} runs and {found.n_cells} cells recomputed, {len(found.differences)} differences"
    lines = [_told(one) for one in found.differences]
    return "\n".join([head, *(f"  {line}" for line in lines), *(f"  note: {note}" for note in found.notes)]) + "\n"


def _told(one: Difference) -> str:
    return f"{one.where}: {one.said}" if one.said else f"{one.where}: printed `{one.printed}`, recomputed `{one.recomputed}`"


def _lend_certificates(root: Path, held: Mapping[str, RunFolder]) -> None:
    """Show the certificates beside the runs to what is recomputed from them."""
    for folder in held.values():
        lying = folder.path.resolve().parents[2] / FOLDER
        if lying.is_dir():
            (root / FOLDER).symlink_to(lying)
            return


def _id(folder: RunFolder) -> str:
    """The run's id, which names its folder too, so that a damaged record does not hide it."""
    try:
        return folder.read_run().id
    except RunError:
        return folder.path.name


def _strangers(bundle: Path, manifest: Manifest) -> list[str]:
    """Files that were put into the bundle by others."""
    found = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    return sorted(found - {MANIFEST, *manifest.files})


def _files(bundle: Path, manifest: Manifest) -> Iterator[Difference]:
    """Files that are gone or were changed since the bundle was made."""
    for name, digest in manifest.files.items():
        path = bundle / name
        if not path.is_file():
            yield Difference(name, "", "", "is missing")
        elif sha256(path) != digest:
            yield Difference(name, "", "", "was changed since the bundle was made")


def _runs(held: Mapping[str, RunFolder], manifest: Manifest) -> Iterator[Difference]:
    """Runs that are gone, or whose samples or replies are others than those the bundle was made of."""
    for id_, about in manifest.runs.items():
        if id_ not in held:
            yield Difference(f"run {id_}", "", "", f"is missing ({about.task}, {about.model}): name its folder with --runs")
            continue
        for path in (held[id_].samples, held[id_].predictions):
            if not path.exists():
                yield Difference(f"run {id_}", "", "", f"{path.name} is missing")
            elif sha256(path) != about.sha256[path.name]:
                yield Difference(f"run {id_}", "", "", f"{path.name} was changed since the bundle was made")


def _texts(bundle: Path, made: Mapping[str, str]) -> Iterator[Difference]:
    """Lines of the bundle's texts that are others when they are written again."""
    for name, written in made.items():
        path = bundle / name
        if not path.is_file():
            continue  # already said
        printed = path.read_text("utf-8", errors="replace")
        if printed == written:
            continue
        pairs = enumerate(zip_longest(printed.split("\n"), written.split("\n"), fillvalue=""), start=1)
        differing = [(number, old, new) for number, (old, new) in pairs if not _alike(old, new)]
        yield from (Difference(f"{name}:{number}", *_shortened(old, new)) for number, old, new in differing[:_PER_FILE])
        if len(differing) > _PER_FILE:
            yield Difference(name, "", "", f"and {len(differing) - _PER_FILE} more lines differ")


def _why_not_drawn(manifest: Manifest) -> str:
    """Why figures cannot be compared byte by byte; "" where they can."""
    here = version("matplotlib") if find_spec("matplotlib") else ""
    made = manifest.making.matplotlib
    if here and here == made:
        return ""
    return f"figures were held to their hashes alone: drawn with matplotlib {made or 'unknown'}, here is {here or 'none'}"


def _figures(bundle: Path, manifest: Manifest, board: Board, root: Path) -> Iterator[Difference]:
    """Figures that are others when they are drawn again, though they are those of the manifest."""
    for made in draw(board, root / FIGURES):
        name = f"{FIGURES}/{made.name}"
        path = bundle / name
        if path.is_file() and manifest.files.get(name) == sha256(path) != sha256(made):
            yield Difference(name, "", "", "is not what the runs give when it is drawn again")


def _cells(bundle: Path, found: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Cells of runs that are there, against those printed in table.json."""
    try:
        printed = json.loads((bundle / "table.json").read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise ContentError(f"{bundle / 'table.json'} cannot be read ({error})") from error
    now = {_key(cell): cell for cell in found}
    for cell in printed:
        other = now.get(_key(cell))
        for name in _COMPARED if other else ():
            if cell.get(name) != (other or {}).get(name):
                yield Difference(f"table.json {' '.join(_key(cell))} {name}", str(cell.get(name)), str((other or {}).get(name)))


def _key(cell: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(cell.get(name)) for name in ("model", "kind", "column"))


def _alike(old: str, new: str) -> bool:
    """True for lines that differ at most in the last digits of unrounded numbers, as sums do from machine to machine."""
    if old == new:
        return True
    if _NUMBER.sub("", old) != _NUMBER.sub("", new):
        return False
    pairs = zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True)
    return all(a == b or (min(len(a), len(b)) > _ROUNDED and math.isclose(float(a), float(b), rel_tol=1e-12)) for a, b in pairs)


def _shortened(old: str, new: str) -> tuple[str, str]:
    """Two lines around the first place where they differ."""
    same = next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - _AROUND)
    return old[start : start + _LONG].strip(), new[start : start + _LONG].strip()
