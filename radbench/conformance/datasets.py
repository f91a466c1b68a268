"""The contract of a data set: stable samples by number, ids of their own, media below known folders."""

from __future__ import annotations

from typing import Final, get_args

from radbench.datasets.base import Dataset
from radbench.sample import Sample
from radbench.terms import Access

_LIMIT: Final = 1000  # samples looked at; the last one is always among them


def check_dataset(dataset: Dataset) -> list[str]:
    """What is wrong with a split of a data set, one sentence each; missing images are not (see `radbench doctor`)."""
    found = []
    if getattr(dataset, "access", None) not in get_args(Access):
        found.append(f"`access` should be one of {', '.join(get_args(Access))}")
    n = len(dataset)
    if n < 1:
        return [*found, "it holds no sample"]
    places = [*range(min(n, _LIMIT - 1)), n - 1]
    ids: dict[str, int] = {}
    for place in places:
        sample = dataset[place]
        if not isinstance(sample, Sample):
            return [*found, f"item {place} should be a `Sample`, not `{type(sample).__name__}`"]
        if not sample.id or ids.setdefault(sample.id, place) != place:
            found.append(f"item {place} should have an id of its own, not `{sample.id}`")
        found += [
            f"media of sample `{sample.id}` name `{m.name}`, which `roots` lacks"
            for m in sample.media
            if m.data is None and m.name not in dataset.roots
        ]
    if dataset[0] != dataset[0] or dataset[n - 1] != dataset[n - 1]:
        found.append("the same number should give the same sample at every call")
    try:
        dataset[n]
        found.append(f"item {n} of {n} should raise IndexError")
    except IndexError:
        pass
    return list(dict.fromkeys(found))[:10]
