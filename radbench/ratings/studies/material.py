"""What a study is drawn from: the samples that several runs were asked, what each system said, and the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from radbench.catalog import Catalog
from radbench.catalog.cards import TaskCard
from radbench.errors import ContentError, MediaError
from radbench.folder import PredictionIndex, RunFolder
from radbench.media import Reader
from radbench.media.formats import address
from radbench.ratings.studies.study import MEDIA
from radbench.records import RunRecord, SampleRecord
from radbench.sample import Media, Sample, as_text
from radbench.scoring.cases import CaseReader
from radbench.terms import Access


@dataclass(frozen=True, slots=True)
class SourceCase:
    """A sample that every run answered with a text."""

    sample: Sample
    references: tuple[str, ...]
    candidates: Mapping[str, str]  # system -> what it said


@dataclass(frozen=True, slots=True)
class Material:
    """The cases of a set of runs."""

    task: str
    card: TaskCard
    access: Access
    systems: tuple[str, ...]  # sorted
    cases: tuple[SourceCase, ...]  # in the order of the samples
    notes: tuple[str, ...] = field(default=())  # what was left out


def read_runs(folders: Sequence[RunFolder], catalog: Catalog, *, needs_reference: bool) -> Material:
    """The cases that all runs answered with a text; the first of several repeats is taken.

    Raises:
        RunError: a folder is no run, or damaged.
        ContentError: there are no runs, or they were asked different samples under the same id.
    """
    if not folders:
        raise ContentError("no run was named: radbench rate create STUDY.yaml --runs DIR, where DIR is a run folder or holds several")
    records = [folder.read_run() for folder in folders]
    said = {name: _texts(folder, record, catalog) for name, folder, record in zip(_names(records), folders, records, strict=True)}
    samples: dict[str, SampleRecord] = {}
    for name, folder in zip(said, folders, strict=True):
        for sample in folder.iter_samples():
            known = samples.setdefault(sample.id, sample)
            if (known.texts, known.references) != (sample.texts, sample.references):
                raise ContentError(
                    f"sample `{sample.id}` of {name} has other texts or references than in {next(iter(said))}: a study is of one task, "
                    "so name the folder of its runs, such as --runs runs/TASK"
                )
    left_out: Counter[str] = Counter()
    cases = []
    for sample in samples.values():
        candidates = {name: texts[sample.id] for name, texts in said.items() if sample.id in texts}
        references = tuple(filter(None, map(as_text, sample.references)))
        if len(candidates) < len(said):
            left_out["not answered with a text by every system"] += 1
        elif needs_reference and not references:
            left_out["without a reference text"] += 1
        else:
            cases.append(SourceCase(sample, references, candidates))
    notes = tuple(f"{count} samples {reason} were left out" for reason, count in left_out.items())
    ranks: tuple[Access, ...] = ("open", "non-commercial", "credentialed")
    access = max((record.data.access for record in records), key=ranks.index)
    card = TaskCard.model_validate(records[0].task_card)
    return Material(records[0].task, card, access, tuple(sorted(said)), tuple(cases), notes)


def _names(records: Sequence[RunRecord]) -> list[str]:
    """A name for each run: its model's, with the run's id where a model has several."""
    models = Counter(record.model for record in records)
    names = [record.model if models[record.model] == 1 else f"{record.model}@{record.id[:8]}" for record in records]
    if len(set(names)) < len(names):
        raise ContentError(f"the run {max(names, key=names.count)} is named twice: name each once")
    return names


def _texts(folder: RunFolder, run: RunRecord, catalog: Catalog) -> dict[str, str]:
    """What a run's model said, by sample; samples without a text are left out."""
    card = TaskCard.model_validate(run.task_card)
    options = {**card.ask.options, "answer": card.ask.answer, "reader": card.score.reader}
    protocol = catalog.build("protocols", card.ask.protocol, options)
    with PredictionIndex(folder.predictions) as index:
        reader = CaseReader(folder, index, protocol, run, card.score)
        return {case.sample.id: case.text for case in reader if case.repeat == 0 and case.text.strip()}


def gather_media(
    material: Material, chosen: Mapping[str, str], catalog: Catalog, data_dirs: Mapping[str, Path], folder: Path
) -> dict[str, tuple[Media, ...]]:
    """The images of the samples in `chosen` (id -> opaque name), laid in `folder` under opaque names; by sample.

    A file or series folder is linked to, not copied; an image that lies in no file is written. Images are shown as the data set
    has them, whatever a run was shown in their place.

    Raises:
        MissingDataError, MediaError: the data set or one of its files is not there.
    """
    dataset = catalog.dataset(material.card, material.card.ask.split, data_dirs)
    reader = Reader(dataset.roots)
    found: dict[str, tuple[Media, ...]] = {}
    for sample in (dataset[i] for i in range(len(dataset))):
        if sample.id in chosen:
            found[sample.id] = tuple(_lay(media, f"{chosen[sample.id]}-{k}", reader, folder) for k, media in enumerate(sample.media))
            if len(found) == len(chosen):
                break
    if missing := sorted(set(chosen) - set(found)):
        raise ContentError(f"the data set has no sample `{missing[0]}`, which the runs were asked: it is not the one they saw")
    return found


def _lay(media: Media, name: str, reader: Reader, folder: Path) -> Media:
    path, index = address(media.path)
    suffix = ".nii.gz" if path.lower().endswith(".nii.gz") else PurePosixPath(path).suffix
    place = folder / f"{name}{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    if media.data is not None:
        place.write_bytes(media.data)
    else:
        source = reader.path(media).resolve()
        if not source.exists():
            raise MediaError(f"no file `{media.path}` of `{media.name}`, an image of the study; `images: false` in the draft does without")
        place.symlink_to(source, target_is_directory=source.is_dir())
    kept = Media(name=MEDIA, path=place.name + (f"#{index}" if index is not None else ""), ndim=media.ndim, modality=media.modality)
    return replace(kept, view=media.view, laterality=media.laterality, series=media.series, phase=media.phase, is_prior=media.is_prior)
