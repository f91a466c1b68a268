"""A plan that asks about edited samples: the same task of the same model, with its data set seen through an edit.

The edit stands in the ask half as `dataset_options.stress`, so hash, run id and signature differ from those of the plain run, and
in the task's name (`demo.vqa+mirror`), so that no board takes the run for one of the task. Samples that the edit does not apply to
are not asked, but for earlier turns of the conversations of those that it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

from radbench.catalog.cards import MetricUse
from radbench.datasets.base import Dataset
from radbench.errors import ContentError
from radbench.metrics.base import Metric
from radbench.probing.inputs import INPUT_EDITS, strangers
from radbench.running.plan import Plan
from radbench.sample import Sample

MARK = "stress"  # of the data set's options, and the subgroup that tells edited samples from earlier turns


class EditedSamples:
    """The samples of a plan under an edit; those among the plan's first ones (its limit) that the edit applies to."""

    def __init__(self, plan: Plan, edit: str) -> None:
        self._inner = plan.dataset(plan.task.ask.split)
        self.access, self.roots, self.digest = self._inner.access, self._inner.roots, str(getattr(self._inner, "digest", ""))
        self._name, self._edit = edit, INPUT_EDITS[edit]
        self._strangers: Mapping[str, str] = strangers(plan.samples(self._inner)) if self._edit.needs_strangers else {}
        self._places = self._applicable(plan)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Sample:
        sample = self._inner[self._places[index]]
        return self._edited(sample) or sample

    def check(self) -> Sequence[str]:
        """What is missing of the data set."""
        return self._inner.check()

    def _edited(self, sample: Sample) -> Sample | None:
        edited = self._edit.change(sample, self._strangers)
        return edited and replace(edited, subgroups={**edited.subgroups, MARK: self._name})

    def _applicable(self, plan: Plan) -> list[int]:
        protocol = plan.protocol()
        before: dict[str, tuple[int, str]] = {}
        places: set[int] = set()
        for place, sample in plan.placed_samples(self._inner):
            before[sample.id] = (place, sample.follows)
            edited = self._edited(sample)
            if edited is None:
                continue
            try:
                protocol.ask(edited)
            except ContentError:  # without what was taken away, this kind of task cannot be asked
                continue
            turn = sample.id
            while turn in before:
                places.add(before[turn][0])
                turn = before[turn][1]
        return sorted(places)


@dataclass(frozen=True, kw_only=True)
class EditedPlan(Plan):
    """A plan under an edit of its samples. Made by `edited`."""

    plain: Plan
    edit: str

    def dataset(self, split: str) -> Dataset:
        """The split that is asked under the edit; other splits, from which is learned, as they are."""
        return self._samples if split == self.plain.task.ask.split else self.plain.dataset(split)

    @cached_property
    def _samples(self) -> EditedSamples:
        return EditedSamples(self.plain, self.edit)


def edited(plan: Plan, edit: str) -> Plan:
    """The plan under an edit: other images by its settings, other samples by an edited data set."""
    mode = INPUT_EDITS[edit].images
    if mode != "real":
        return replace(plan, settings=plan.settings.model_copy(update={"images": mode}))
    task = plan.task
    ask = task.ask.model_copy(update={"dataset_options": {**task.ask.dataset_options, MARK: edit}})
    score = task.score.model_copy(update={"metrics": _needed(plan)})
    changed = task.model_copy(update={"name": f"{task.name}+{edit}", "ask": ask, "score": score})
    kept = {held.name: getattr(plan, held.name) for held in fields(Plan) if not held.name.startswith("_")}
    return EditedPlan(**{**kept, "task": changed}, plain=plan, edit=edit)


def n_samples(plan: Plan) -> int:
    """How many samples a plan asks about."""
    dataset = plan.dataset(plan.task.ask.split)
    if isinstance(plan, EditedPlan):
        return len(dataset)
    shown = [sample for _, sample in plan.placed_samples(dataset) if sample.media]
    try:
        plan.request(plan.protocol(), shown[0], ()) if shown else None
    except ContentError:  # a task of images alone cannot be asked without any
        return 0
    return len(shown)


def _needed(plan: Plan) -> tuple[MetricUse, ...]:
    """The metrics of a task but for those that ask the validation split as well, where another one gives the primary value."""
    card = plan.task
    built: list[tuple[MetricUse, Metric]] = [(use, plan.catalog.build("metrics", use.name, use.options)) for use in card.score.metrics]
    plain = [(use, metric) for use, metric in built if not metric.needs_validation]
    gives = any(card.score.primary in _values(metric) for _, metric in plain)
    return tuple(use for use, _ in plain) if gives else card.score.metrics


def _values(metric: Metric) -> Sequence[str]:
    """The values that a metric gives of nothing."""
    import numpy as np

    return list(metric.aggregate(np.zeros((0, len(metric.columns))), np.ones((1, 0)))) if metric.columns else ()
