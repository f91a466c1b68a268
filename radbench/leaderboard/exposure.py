"""What a model saw of a task's data in training, as its card states it: numbers of different classes are ranked apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from radbench.records import RunRecord

Exposure: TypeAlias = Literal["zero-shot", "trained-on-train", "unknown", "trained-on-test"]

_WORST_LAST: Final[tuple[Exposure, ...]] = get_args(Exposure)


def exposure(run: RunRecord) -> Exposure:
    """The class of a run's model on its task.

    The card's `trained_on` maps a data set, or a suite of tasks, to the splits seen in training: the split that is asked, other
    splits, or none at all (`vqarad: []`). A data set that it does not name is unknown, not unseen.
    """
    stated: Mapping[str, Iterable[str]] = run.model_card.get("about", {}).get("trained_on", {})
    names = (str(run.task_card["ask"]["dataset"]), run.task.partition(".")[0], run.task)
    seen = [set(splits) for name, splits in stated.items() if name in names]
    if not seen:
        return "unknown"
    splits = set().union(*seen)
    if run.data.split in splits or "all" in splits:
        return "trained-on-test"
    return "trained-on-train" if splits else "zero-shot"


def worst(classes: Iterable[Exposure]) -> Exposure:
    """The class of a number made of several data sets: that of the one its model knows most, or least surely not, about."""
    return max(classes, key=_WORST_LAST.index)


def stated(text: str) -> Exposure:
    """The class that a published row states; unknown where its source says nothing."""
    return next((known for known in _WORST_LAST if known == text), "unknown")
