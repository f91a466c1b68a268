"""From the strict score to a paper's, one cause at a time; each step keeps what those before it changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from radbench.catalog.cards import Score, TaskCard
from radbench.conventions import Aggregation, Convention, Preset
from radbench.errors import ContentError
from radbench.folder import RunFolder, to_line, write_json
from radbench.records import Summary
from radbench.reproducing.cells import ALIKE, CAUSES, Cause, Part, Scored
from radbench.running.annotations import Annotators
from radbench.scoring import IntervalSettings, score
from radbench.scoring.apart import bears, use_of

_OPTIONS: Final[Mapping[str, Cause]] = {  # options of metrics; any other is a label policy
    **dict.fromkeys(("tokenizer", "case", "stem", "smoothing"), "tokenizer"),
    **dict.fromkeys(("over", "references", "average", "empty"), "aggregation"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to come to a number."""

    metric: str
    options: tuple[tuple[str, str], ...]  # name, value as JSON
    id: str
    is_reciprocal: bool
    convention: Convention
    reader: str  # how answers are read
    aggregation: Aggregation
    is_selected: bool  # of the paper's cases alone

    @classmethod
    def of(cls, metric: str, options: Mapping[str, Any], **more: Any) -> Way:  # noqa: ANN401  # the other fields
        """The way of a metric with these options."""
        return cls(metric, _written(options), **more)

    @property
    def settings(self) -> dict[str, Any]:
        """The options of its metric."""
        return {name: json.loads(value) for name, value in self.options}


@contextmanager
def views(folder: RunFolder, ids: Sequence[str] | None) -> Iterator[tuple[RunFolder, RunFolder]]:
    """The run, and the part of it with these samples, in a temporary place: scoring leaves nothing in the run itself.

    Raises:
        ContentError: the run has none of these samples.
    """
    with TemporaryDirectory(prefix="radbench-") as name:
        whole = _view(folder, Path(name) / "whole", None)
        yield whole, whole if ids is None else _view(folder, Path(name) / "selected", frozenset(ids))


def _view(folder: RunFolder, to: Path, ids: frozenset[str] | None) -> RunFolder:
    made, run = RunFolder(to), folder.read_run()
    to.mkdir()
    made.predictions.symlink_to(folder.predictions.resolve())
    if ids is None:
        made.samples.symlink_to(folder.samples.resolve())
    else:
        kept = [record for record in folder.iter_samples() if record.id in ids]
        if not kept:
            raise ContentError(f"{folder.path} has none of the {len(ids)} samples that are to be selected: ids as in its samples.jsonl")
        made.samples.write_bytes(b"".join(map(to_line, kept)))
        run = run.model_copy(update={"data": run.data.model_copy(update={"n_samples": len(kept)})})
    write_json(made.run, run)
    return made


@dataclass
class Scorer:
    """Values of a run by any way; each is scored once."""

    whole: RunFolder
    selected: RunFolder
    card: TaskCard
    annotators: Annotators
    seed: int
    _known: dict[Way, Summary] = field(default_factory=dict)

    def value(self, way: Way) -> float | None:
        """The value by a way; None where it is undefined or its metric cannot run."""
        key = replace(way, id="", is_reciprocal=False)
        if key not in self._known:
            self._known[key] = self._scored(way)
        found = next((value.value for value in self._known[key].values if bears(way.id, value.id)), None)
        return turned(found) if way.is_reciprocal else found

    def _scored(self, way: Way) -> Summary:
        folder, how = self.selected if way.is_selected else self.whole, way.aggregation
        texts = {"section": way.convention.section, "clean": way.convention.clean, "absent": way.convention.absent}
        own = self.card.score.model_dump(mode="json", exclude={"subgroups"})
        half = Score.model_validate({**own, **texts, "reader": way.reader, "metrics": [{way.metric: way.settings}]})
        is_median = how.statistic == "bootstrap median"
        settings = IntervalSettings(
            draws=how.draws if is_median else 0, seed=self.seed, by_row=how.unit == "row", medians_of=how.of if is_median else ()
        )
        card = self.card.model_copy(update={"score": half})
        return score(folder, card, self.annotators.catalog, self.annotators, settings, to=folder.path / "step.json")


def parts(scorer: Scorer, start: Way, end: Way, *, is_selection_given: bool) -> tuple[Part, ...]:
    """What each cause adds, in the order of CAUSES; they add up to the value of `end` minus that of `start`."""
    found, here = [], start
    for cause in CAUSES:
        there = _changed(here, end, cause)
        if there == here:
            found.append(Part(cause, 0.0, "the paper's cases are not given" if cause == "selection" and not is_selection_given else ALIKE))
            continue
        before, after = scorer.value(here), scorer.value(there)
        change = None if before is None or after is None else after - before
        found.append(Part(cause, change, _said(here, there, cause)))
        here = there
    return tuple(found)


def _changed(here: Way, end: Way, cause: Cause) -> Way:
    """The way with what one cause stands for as at the end."""
    changed = _with_options(here, end, cause)
    if cause == "selection":
        changed = replace(here, is_selected=end.is_selected)
    elif cause == "section":
        changed = replace(here, convention=replace(end.convention, clean=here.convention.clean))
    elif cause == "cleaning":
        changed = replace(here, convention=end.convention)
    elif cause == "reader":
        changed = replace(here, reader=end.reader)
    elif cause == "metric":
        own = here.options if here.metric == end.metric else _written(needed(end))
        changed = replace(here, metric=end.metric, options=own, id=end.id, is_reciprocal=end.is_reciprocal)
    elif cause == "aggregation":
        changed = replace(changed, aggregation=end.aggregation)
    return changed


def needed(way: Way) -> dict[str, Any]:
    """The options without which a metric cannot be made."""
    return {name: value for name, value in way.settings.items() if name in {"annotator", "judge"}}


def _written(options: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, json.dumps(value)) for name, value in options.items()))


def _with_options(here: Way, end: Way, cause: Cause) -> Way:
    """The way with the options of one cause as at the end, an option that is not stated there at its default."""
    own = [option for option in here.options if _OPTIONS.get(option[0], "label policy") != cause]
    others = [option for option in end.options if _OPTIONS.get(option[0], "label policy") == cause]
    return replace(here, options=tuple(sorted([*own, *others])))


def _said(here: Way, there: Way, cause: Cause) -> str:
    """A change in words."""
    match cause:
        case "selection":
            return "the paper's cases alone"
        case "section":
            return f"{here.convention.section} -> {there.convention.section}"
        case "cleaning":
            return f"{'+'.join(here.convention.clean) or 'none'} -> {'+'.join(there.convention.clean) or 'none'}"
        case "reader":
            return f"{here.reader} -> {there.reader}"
        case "metric":
            return f"{here.id} of {here.metric} -> {'1 / ' if there.is_reciprocal else ''}{there.id} of {there.metric}"
        case _:
            changed = dict(here.options).items() ^ dict(there.options).items()
            names = sorted({name for name, _ in changed})
            said = [f"{name} {_option(here, name)} -> {_option(there, name)}" for name in names]
            if here.aggregation != there.aggregation:
                said.append(f"{here.aggregation.statistic} -> {there.aggregation.statistic} of {there.aggregation.draws} draws")
            return ", ".join(said)


def _option(way: Way, name: str) -> str:
    return str(way.settings.get(name, "default"))


def aggregation_of(preset: Preset, family: str) -> Aggregation:
    """How a preset makes the values of one metric of cases."""
    return preset.aggregation if family in preset.aggregation.of else Aggregation()


def turned(value: float | None) -> float | None:
    """The reciprocal."""
    return 1 / value if value else None


def scored(summary: Summary, id_: str, *, is_reciprocal: bool) -> Scored | None:
    """A value of a summary, or its reciprocal; None where there is none of that id."""
    found = next((value for value in summary.values if value.id == id_), None)
    if found is None:
        return None
    bounds = [bound for bound in found.ci or () if bound is not None]
    if is_reciprocal:
        bounds = sorted(1 / bound for bound in bounds if bound > 0)
    ci = (bounds[0], bounds[1]) if len(bounds) == 2 else None
    value, name = (turned(found.value), f"1 / {id_}") if is_reciprocal else (found.value, id_)
    return Scored(name, value, ci, found.signature, found.n_scored)


def family_of(summary: Summary, id_: str, uses: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[str, Mapping[str, Any]] | None:
    """Of a summary's metrics, by name and options, the one that gives a value."""
    found = next((value for value in summary.values if value.id == id_), None)
    if found is None:
        return None
    family = found.signature.partition("|")[0].replace("_", "-")
    own = [(name, options) for name, options in uses if name.replace("_", "-").partition(":")[0] == family]
    return use_of(id_, own) if own else None
