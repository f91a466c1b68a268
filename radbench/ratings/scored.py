"""Metric values of rated texts: from the stored rows of runs (the system is the model, the study the sample), from criteria that
the ratings file itself brings, and the controls that know nothing of content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final, Literal, TypeAlias

import numpy as np

from radbench.catalog import Catalog
from radbench.catalog.cards import Score, TaskCard
from radbench.catalog.components import canonical
from radbench.errors import ContentError, RunError, ScoringError, nearest
from radbench.folder import PredictionIndex, RunFolder
from radbench.ratings.correlations import MetricScores
from radbench.ratings.leaks import leaks, prompts_of
from radbench.ratings.table import RatedText, Ratings, rated_items
from radbench.records import comparable
from radbench.scoring.cases import CaseReader
from radbench.scoring.stored import StoredRun, per_case

Item: TypeAlias = tuple[str, str]  # study, system
OverReferences: TypeAlias = Literal["max", "mean"]

CONTROLS: Final = ("length", "length_difference")


@dataclass(slots=True)
class Scored:
    """Metric values of rated texts, and what was met on the way to them."""

    metrics: list[MetricScores] = field(default_factory=list)
    clusters: dict[str, str] = field(default_factory=dict)  # study -> patient, where runs know it
    texts: dict[Item, RatedText] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)  # what was asked for -> why there are no values
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunValue:
    """One value of one run by sample: the mean over its repeats; samples without it are left out."""

    id: str
    how: str  # the half of the signature that says how it was scored
    lower_is_better: bool
    by_sample: Mapping[str, float]
    prompts: tuple[str, ...]  # of the judges that it asks


def run_values(stored: StoredRun, names: Sequence[str], missing: dict[str, str]) -> Iterator[RunValue]:
    """The values of a run that `names` ask for by id or by metric, or all; why one cannot be had by text goes to `missing`."""
    for value in stored.summary.values:
        how = comparable(value.signature).partition("|ask:")[0]
        if names and value.id not in names and canonical(how.partition("|")[0]) not in map(canonical, names):
            continue
        try:
            measured = stored.measured(value)
            singly = per_case(measured, value.id)
        except ScoringError as error:
            missing[value.id] = str(error)
            continue
        if not measured.metric.sums:
            missing[value.id] = "a value of all texts together, not of each"
            continue
        by_sample: dict[str, list[float]] = {}
        for sample, number in zip(stored.cases.samples.tolist(), singly, strict=True):
            if not np.isnan(number):
                by_sample.setdefault(sample, []).append(float(number))
        means = {sample: fmean(numbers) for sample, numbers in by_sample.items()}
        yield RunValue(value.id, how, value.lower_is_better, means, tuple(prompts_of(measured.metric)))


def by_model(runs: Sequence[RunFolder]) -> dict[str, RunFolder]:
    """Runs by the system that they are of, which is their model.

    Raises:
        RunError: two are of one model, or a folder is no run.
    """
    found: dict[str, RunFolder] = {}
    for folder in runs:
        model = folder.read_run().model
        if model in found:
            raise RunError(f"{folder.path} and {found[model].path} are both of {model}: name one of them")
        found[model] = folder
    return found


def from_runs(
    runs: Mapping[str, RunFolder], items: Sequence[Item], names: Sequence[str], catalog: Catalog, texts: Iterable[RatedText] = ()
) -> Scored:
    """Values of rated texts from scored runs, by system; `names` asks for values by id or by metric, none for all.

    `texts` are those that the ratings file holds; where it lacks some, they are read from the runs.

    Raises:
        RunError: a folder is no scored run.
        ContentError: no run is of a rated system.
    """
    scored, found = Scored(texts={(text.study, text.system): text for text in texts}), dict[tuple[str, str], dict[str, RunValue]]()
    systems, studies = {system for _, system in items}, {study for study, _ in items}
    known: set[str] = set()
    if not systems & runs.keys():
        raise ContentError(f"no run is of a rated system; rated are {', '.join(sorted(systems))}, runs are of {', '.join(runs)}")
    if unrated := [system for system in runs if system not in systems]:
        scored.notes.append(f"No rating is of {', '.join(unrated)}.")
    for system, folder in runs.items():
        if system not in systems:
            continue
        stored = StoredRun.open(folder, catalog)
        scored.clusters |= {sample: cluster for sample, cluster in stored.cases.cluster_of().items() if sample in studies}
        if not all(item in scored.texts for item in items if item[1] == system):
            scored.texts |= {(study, system): text for study, text in _texts(stored, system, catalog).items() if study in studies}
        known |= {name for value in stored.summary.values for name in (value.id, value.signature.partition("|")[0])}
        for value in run_values(stored, names, scored.missing):
            found.setdefault((value.id, value.how), {})[system] = value
    for name in names:
        if name not in known and canonical(name) not in map(canonical, known):
            scored.missing[name] = f"no run has a metric or value of that name{nearest(name, known)} They have {', '.join(sorted(known))}"
    titles = _titles(list(found))
    for key, by_system in found.items():
        first = next(iter(by_system.values()))
        values = [by_system[system].by_sample.get(study, np.nan) if system in by_system else np.nan for study, system in items]
        scored.metrics.append(MetricScores(titles[key], np.array(values), first.lower_is_better, key[1]))
    for family, prompts in {how.partition("|")[0]: next(iter(of.values())).prompts for (_, how), of in found.items()}.items():
        scored.notes += _leaking(family, prompts, [scored.texts[item] for item in items if item in scored.texts])
    return scored


def from_criteria(ratings: Ratings, criteria: Iterable[str], items: Sequence[Item]) -> list[MetricScores]:
    """Values that stand in the ratings file as criteria of their own, such as a column of metric scores; means over raters."""
    found = []
    for criterion in criteria:
        held = rated_items(ratings, criterion)
        by_item = dict(zip(held.items, held.mean, strict=True))
        values = np.array([by_item.get(item, np.nan) for item in items])
        found.append(MetricScores(criterion, values, held.scale.lower_is_better, f"in {ratings.source}"))
    return found


def length_controls(texts: Mapping[Item, RatedText], items: Sequence[Item], references: OverReferences) -> list[MetricScores]:
    """`length`, the words of a text, and `length_difference`, by how many words it misses its reference; none where a text is unknown.

    With `length` more is taken as better, with `length_difference` less is. Of several references the nearest in length counts
    (`max`), or the mean difference.
    """
    if not all(item in texts for item in items):
        return []
    n_words: Callable[[str], int] = lambda text: len(text.split())  # noqa: E731
    lengths = np.array([n_words(texts[item].text) for item in items], dtype=np.float64)
    controls = [MetricScores("length", lengths, signature="words of the text", is_control=True)]
    if all(texts[item].references for item in items):
        over = np.min if references == "max" else np.mean
        missed = [
            over([abs(length - n_words(text)) for text in texts[item].references]) for item, length in zip(items, lengths, strict=True)
        ]
        signature = f"words of difference, refs:{references}"
        controls.append(MetricScores("length_difference", np.array(missed), lower_is_better=True, signature=signature, is_control=True))
    return controls


def _texts(stored: StoredRun, system: str, catalog: Catalog) -> dict[str, RatedText]:
    """The texts of a run by sample, as metrics saw them, of the first repeat."""
    half = Score.model_validate(stored.summary.score)
    card = TaskCard.model_validate({**stored.run.task_card, "score": stored.summary.score})
    protocol = catalog.build("protocols", card.ask.protocol, {**card.ask.options, "answer": card.ask.answer, "reader": half.reader})
    with PredictionIndex(stored.folder.predictions) as index:
        cases = CaseReader(stored.folder, index, protocol, stored.run, half)
        return {c.sample.id: RatedText(c.sample.id, system, c.text, c.references) for c in cases if c.repeat == 0}


def _leaking(name: str, prompts: Sequence[str], texts: Sequence[RatedText]) -> list[str]:
    said = [(f"{text.study} of {text.system}", text.text) for text in texts]
    said += [(f"a reference of {text.study}", reference) for text in texts for reference in text.references]
    places = sorted({said[i][0] for prompt in prompts for i in leaks(prompt, [text for _, text in said])})
    if not places:
        return []
    listed = ", ".join(places[:5]) + (" ..." if len(places) > 5 else "")
    return [f"{name}: its judge's prompt shows {len(places)} of the rated texts word for word, so it knew them: {listed}."]


def _titles(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The id of each value, with what tells it from others of the same id where there are some."""
    titles = {}
    for value, how in keys:
        others = [set(other.split("|")) for same, other in keys if same == value and other != how]
        own = [part for part in how.split("|") if any(part not in other for other in others)]
        titles[value, how] = f"{value} ({', '.join(own)})" if others else value
    return titles
