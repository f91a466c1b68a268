"""Swapped images: every sample gets the media of another one, drawn over the whole split.

A seeded derangement: the partner belongs to another cluster and has media of the same number, dimensions and
modalities in the same order. Where one cluster holds more than half of such samples, its surplus has no partner.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter

from radbench.sample import Media, Sample


def partners(samples: Iterable[Sample], seed: int) -> Mapping[str, tuple[Media, ...]]:
    """The media each sample (by id) is shown instead of its own; samples without media or partner are absent."""
    kinds: dict[tuple[tuple[int, str], ...], dict[str, list[tuple[str, str, tuple[Media, ...]]]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        if sample.media:
            kind = tuple((m.ndim, m.modality) for m in sample.media)
            kinds[kind][sample.cluster or sample.id].append((_draw(sample.id, seed), sample.id, sample.media))
    found: dict[str, tuple[Media, ...]] = {}
    for clusters in kinds.values():
        found.update(_derange(clusters, seed))
    return found


def _derange(clusters: Mapping[str, list[tuple[str, str, tuple[Media, ...]]]], seed: int) -> dict[str, tuple[Media, ...]]:
    """Line the samples up cluster by cluster and rotate by the largest cluster's size: no one lands in its own cluster."""
    blocks = [sorted(clusters[name], key=itemgetter(0, 1)) for name in sorted(clusters, key=lambda c: _draw(c, seed))]
    largest = max(blocks, key=len)
    others = sum(map(len, blocks)) - len(largest)
    del largest[others:]  # beyond half of all: no partner in another cluster is left
    line = [entry for block in blocks for entry in block]
    shift = len(largest)
    return {line[i][1]: line[(i + shift) % len(line)][2] for i in range(len(line))}


def _draw(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{text}".encode()).hexdigest()
