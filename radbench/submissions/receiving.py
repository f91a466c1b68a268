"""The organiser's side: a submission is kept, scored into a run below a private folder, and its summary put into a public one.

PRIVATE/hidden.txt                             says so: nothing below is served, and none of its samples published
        received/<task>/<name>/<sha256>/       the files sent in, as they came
        <task>/<name>/<run id>/                the run with samples, references and predictions
PUBLIC/<task>/<name>/<run id>/                 run.json and summary.json, redacted: boards read them like any run's
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.errors import ContentError, RunError
from radbench.evaluation import Asking, Result, evaluate_all, plan_all
from radbench.folder import HIDDEN, RunFolder, is_hidden, write_json
from radbench.running.engine import Control
from radbench.running.plan import Plan
from radbench.scoring import IntervalSettings
from radbench.submissions.card import Submission, read_submission
from radbench.submissions.checking import Report, check, kind_of
from radbench.submissions.redaction import public_run, public_summary

_MARKED: Final = "The references of the runs below are hidden. Serve nothing of this folder; what may be seen is in the public one.\n"


@dataclass(frozen=True, slots=True)
class Received:
    """A submission that was scored."""

    result: Result  # of the private run
    public: RunFolder
    report: Report


@dataclass(frozen=True, slots=True)
class Folders:
    """Where scored submissions lie, and where their summaries go; neither within the other.

    Raises:
        ContentError: one lies within the other.
    """

    private: Path
    public: Path

    def __post_init__(self) -> None:
        private, public = self.private.resolve(), self.public.resolve()
        if private.is_relative_to(public) or public.is_relative_to(private):
            raise ContentError(f"the private folder {private} and the public one {public} lie one within the other: keep them apart")
        if is_hidden(public):
            raise ContentError(f"{public} lies below a folder that is marked as hidden ({HIDDEN}): choose a public one")

    def prepare(self) -> None:
        """Make both; the private one readable by its owner alone, and marked."""
        self.private.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.private / HIDDEN).write_text(_MARKED, "utf-8")
        self.public.mkdir(parents=True, exist_ok=True)


def sample_ids(catalog: Catalog, task: TaskCard, data_dirs: Mapping[str, Path]) -> list[str]:
    """The ids of the samples that a task asks, in its order."""
    plan = plan_all(catalog, [catalog.model("constant")], [task], Asking(data_dirs=data_dirs))[0]
    return [sample.id for sample in plan.samples(plan.dataset(task.ask.split))]


def receive(
    catalog: Catalog, task: TaskCard, sent: tuple[Path, Path], *, folders: Folders, asking: Asking, intervals: IntervalSettings
) -> Received:
    """Check a submission, keep it, score it, and put its redacted summary into the public folder.

    A sample without a prediction is a failed one. The same files again go on where they stopped.

    Args:
        sent: the file of predictions, and the card.
        asking: where data and weights lie, and the agreement for judges elsewhere.

    Raises:
        ContentError: there is something to mend in the submission, or it answers nothing.
        RunError: it could not be scored.
        DataTermsError: as `evaluate_all`.
    """
    predictions, card = sent
    submission = read_submission(card)
    ids = sample_ids(catalog, task, asking.data_dirs)
    report = check(predictions, kind_of(task), ids)
    if not report.is_acceptable:
        raise ContentError("\n".join(report.told()))
    if not report.n_answered:
        raise ContentError(f"{predictions}: holds no prediction, only entries that say that there is none")
    folders.prepare()
    kept = _keep(sent, folders.private / "received" / task.name / submission.name)
    plan = _plan(catalog, task, submission, kept, replace(asking, out=folders.private))
    (result,) = evaluate_all([plan], replace(asking, out=folders.private), Control(), intervals)
    if result.summary is None or result.status != "complete":
        raise RunError(f"{result.folder.path}: the submission was not scored ({result.status}): {result.message}")
    return Received(result, _publish(result.folder, folders), report)


def _keep(sent: tuple[Path, Path], folder: Path) -> Path:
    """The file of predictions as it is kept: below a name that its content gives, so that no later one takes its place."""
    predictions, card = sent
    with predictions.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    place = folder / digest
    place.mkdir(parents=True, exist_ok=True)
    kept = place / f"predictions{predictions.suffix.lower()}"
    shutil.copyfile(predictions, kept)
    shutil.copyfile(card, place / card.name)
    return kept


def _plan(catalog: Catalog, task: TaskCard, submission: Submission, kept: Path, asking: Asking) -> Plan:
    return plan_all(catalog, [submission.model_card(kept)], [task], asking)[0]


def _publish(folder: RunFolder, folders: Folders) -> RunFolder:
    public = RunFolder(folders.public / folder.path.relative_to(folders.private))
    public.path.mkdir(parents=True, exist_ok=True)
    write_json(public.summary, public_summary(folder.read_summary()))
    write_json(public.run, public_run(folder.read_run()))
    return public
