"""Makes a study's folder: from a draft and runs, or from what another study found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from radbench.catalog import Catalog
from radbench.errors import ContentError
from radbench.folder import RunFolder
from radbench.ratings.studies.design import draw
from radbench.ratings.studies.draft import Draft
from radbench.ratings.studies.material import gather_media, read_runs
from radbench.ratings.studies.store import Store, refuse_place
from radbench.ratings.studies.study import Key, Study, StudyFolder


def create(
    draft: Draft, runs: Sequence[RunFolder], catalog: Catalog, data_dirs: Mapping[str, Path], out: Path
) -> tuple[StudyFolder, Study]:
    """A new study in the folder `out`, drawn from runs.

    Raises:
        ContentError: `out` is not empty or no place for answers, or the runs do not give what the draft asks for.
        RunError, DataError: a run or a data set that cannot be read.
    """
    folder = open_place(out)
    needs_reference = draft.reference != "never" or draft.controls.reference + draft.controls.shuffled > 0
    material = read_runs(runs, catalog, needs_reference=needs_reference)
    study, key = draw(draft, material, lambda chosen: gather_media(material, chosen, catalog, data_dirs, folder.media))
    lay_down(folder, study, key)
    return folder, study


def open_place(out: Path) -> StudyFolder:
    """A folder for a new study, not made yet.

    Raises:
        ContentError: it holds something, or answers cannot be kept there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ContentError(f"{out} is not empty; a study is frozen once and never written over: name another folder with --out")
    refuse_place(next(folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists()))
    return StudyFolder(out)


def lay_down(folder: StudyFolder, study: Study, key: Key) -> None:
    """Write the files of a new study; its store first, so that a study that can be read can be answered."""
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.path.chmod(0o700)  # texts, answers and the key are the owner's
    Store.create(folder.answers, study.hash)
    folder.write(study, key)
