"""Values of one name that several metrics of a card give, told apart: `f1_14_micro` and `f1_14_micro(uncertain=positive)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, TypeAlias

import numpy as np

from radbench.errors import ContentError
from radbench.metrics.base import Metric, SumMetric
from radbench.records import ValueRecord

Use: TypeAlias = tuple[str, Mapping[str, object]]  # a metric's name in the catalogue and its options, as a card states them


def told_apart(uses: Sequence[Use], values: Sequence[Sequence[ValueRecord]]) -> list[ValueRecord]:
    """The values of all metrics of a card, each under an id of its own; as `ids_apart`."""
    ids = ids_apart(uses, [[value.id for value in own] for own in values])
    return [_under(id_, value) for own, named in zip(values, ids, strict=True) for value, id_ in zip(own, named, strict=True)]


def ids_apart(uses: Sequence[Use], names: Sequence[Sequence[str]]) -> list[list[str]]:
    """Ids of the values of each metric of a card, given their names (none of a metric that failed).

    The first metric keeps its names. One that is used again adds the options it differs by in brackets; one that gives a value
    named as another metric's adds its own name.

    Raises:
        ContentError: a metric is used twice with the same options.
    """
    givers: dict[str, str] = {}  # value -> the metric that gave it first
    first: dict[str, Mapping[str, object]] = {}  # metric -> the options of its first use
    found = []
    for (metric, options), own in zip(uses, names, strict=True):
        changed = _changes(options, first[metric]) if metric in first else []
        if metric in first and not changed:
            raise ContentError(f"metric `{metric}` is used twice with the same options: leave one out")
        first.setdefault(metric, options)
        ids = []
        for name in own:
            said = " ".join(([] if givers.setdefault(name, metric) == metric else [metric]) + changed)
            ids.append(f"{name}({said})" if said else name)
        found.append(ids)
    return found


def bears(id_: str, name: str) -> bool:
    """Whether an id is that of a value of this name, with or without what tells it apart."""
    return id_ == name or (id_.startswith(f"{name}(") and id_.endswith(")"))


def use_of(id_: str, uses: Sequence[Use]) -> Use:
    """Of the uses of one metric, in their order in the card, the one whose value bears an id."""
    first = uses[0][1]
    later = ((use, " ".join(_changes(use[1], first))) for use in uses[1:])
    return next((use for use, said in later if id_.endswith((f"({said})", f"({use[0]} {said})"))), uses[0])


def as_told(metric: Metric, ids: Sequence[str]) -> Metric:
    """A prepared metric whose values bear the names that they have in a summary, `ids`."""
    if not any(id_.endswith(")") for id_ in ids):
        return metric
    names = list(metric.aggregate(np.zeros((0, len(metric.columns))), np.ones((1, 0))))
    told = {name: id_ for id_ in ids if id_ not in names for name in names if bears(id_, name)}
    return _renamed(metric, told) if told else metric


def _changes(options: Mapping[str, object], before: Mapping[str, object]) -> list[str]:
    return [f"{key}={options.get(key, 'default')}" for key in sorted({*options, *before}) if options.get(key) != before.get(key)]


def _under(id_: str, value: ValueRecord) -> ValueRecord:
    if id_ == value.id:
        return value
    levels = {group: {level: _under(id_, part) for level, part in parts.items()} for group, parts in value.subgroups.items()}
    return value.model_copy(update={"id": id_, "subgroups": levels})


def _renamed(metric: Metric, names: Mapping[str, str]) -> Metric:
    """A copy of a metric some of whose values have other names."""
    kind, step = type(metric), "value" if isinstance(metric, SumMetric) else "aggregate"

    def given(self: Metric, *arrays: Any) -> dict[str, Any]:  # noqa: ANN401 - the arguments of whichever step it is
        return {names.get(name, name): value for name, value in getattr(kind, step)(self, *arrays).items()}

    other = copy(metric)
    low = frozenset(names.get(name, name) for name in metric.lower_is_better)
    other.__class__ = type(kind.__name__, (kind,), {step: given, "lower_is_better": low, "__module__": kind.__module__})
    return other
