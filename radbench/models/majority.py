"""The floor that knows only how often each answer occurs: the most frequent target of the train split."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from radbench.errors import ContentError, ModelError
from radbench.models._texts import chosen, question, words
from radbench.sample import Reply, Request, Vectors

if TYPE_CHECKING:
    from radbench.media import Reader
    from radbench.models.base import Example

Grouping: TypeAlias = Literal["all", "options", "question"]
Group: TypeAlias = frozenset[str] | None  # the options, or the one question; None: all

_MAX_MEDOID: Final = 500  # texts compared pairwise: a matrix of 500 x 500 is done in milliseconds


class Majority:
    """Answers the most frequent target of the training examples, of ties the one that sorts first.

    Where no target occurs twice (reports), it answers their medoid: the text whose words overlap most with those of
    the others (mean Dice coefficient of the sets of words), over at most 500 of them, drawn by hash.

    `by` says among which examples: `all`; those with the same set of `options` (default: yes/no questions and open
    ones each get their own answer); or those with the same `question` text. A group not seen in training falls back
    on all. Ranking, an option's log-likelihood is log((c + 1) / (n + 2)): c of the group's n targets are this option or
    list it. So each label of a set has a probability of its own, and normalised over options the counts hold with one
    added to each. Embedding, all parts get one vector.
    """

    batch_size: int = 256

    def __init__(self, *, by: Grouping = "options") -> None:
        if by not in get_args(Grouping):
            raise ContentError(f"model `majority`: `by` should be one of {', '.join(get_args(Grouping))}, got `{by}`")
        self.by = by
        self._targets: dict[Group, Counter[str]] = {}
        self._chosen: dict[Group, Counter[str]] = {}  # single options, as ranking counts them
        self._modes: dict[Group, Reply] = {}

    def load(self, reader: Reader) -> None:
        """Nothing is read."""

    def learn(self, examples: Sequence[Example]) -> None:
        """Count the targets, by group and altogether."""
        targets: defaultdict[Group, Counter[str]] = defaultdict(Counter)
        options: defaultdict[Group, Counter[str]] = defaultdict(Counter)
        for example in examples:
            target = example.target.strip()
            named = chosen(target, example.request.options)
            for group in {None, self._group(example.request)}:
                targets[group][target] += 1
                options[group].update(named)
        self._targets, self._chosen, self._modes = dict(targets), dict(options), {}

    def identity(self) -> Mapping[str, object]:
        """The grouping and a digest of all counts."""
        learned = hashlib.sha256(json.dumps([_listed(self._targets), _listed(self._chosen)]).encode()).hexdigest()
        n_learned = self._targets.get(None, Counter()).total()
        return {"family": "majority", "version": 2, "by": self.by, "n_learned": n_learned, "learned": learned}

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The mode, or medoid, of each request's group."""
        return [self._mode(self._learned(request)) for request in requests]

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """Log of the smoothed share of targets that hold each option."""
        return [self._rank(request) for request in requests]

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The vector (1,) for each part: a majority knows no image from another."""
        import numpy as np

        return [Reply(output=Vectors.of(np.ones((len(request.turns[-1].parts), 1)))) for request in requests]

    def _group(self, request: Request) -> Group:
        if self.by == "options":
            return frozenset(request.options)
        return frozenset((question(request),)) if self.by == "question" else None

    def _learned(self, request: Request) -> Group:
        """The group of a request, or all where training had none of it."""
        if not self._targets:
            raise ModelError("model `majority` has learned nothing: it needs a task with a `train` split that holds samples")
        group = self._group(request)
        return group if group in self._targets else None

    def _mode(self, group: Group) -> Reply:
        if group not in self._modes:
            self._modes[group] = Reply(output=_mode_or_medoid(self._targets[group]))
        return self._modes[group]

    def _rank(self, request: Request) -> Reply:
        group = self._learned(request)
        counts, n = self._chosen[group], self._targets[group].total()
        return Reply(output={option: math.log((counts[option] + 1) / (n + 2)) for option in request.options})


def _listed(counts: Mapping[Group, Counter[str]]) -> list[tuple[list[str], list[tuple[str, int]]]]:
    """Counts in an order of their own, for the digest."""
    return sorted((sorted(group or ()), sorted(count.items())) for group, count in counts.items())


def _mode_or_medoid(counts: Counter[str]) -> str:
    mode, n = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return mode if n > 1 else _medoid(list(counts))


def _medoid(texts: list[str]) -> str:
    import numpy as np

    drawn = sorted(sorted(texts, key=lambda text: (zlib.crc32(text.encode()), text))[:_MAX_MEDOID])
    sets = [frozenset(words(text)) for text in drawn]
    place = {word: i for i, word in enumerate(sorted(frozenset().union(*sets)))}
    holds = np.zeros((len(drawn), len(place)), dtype=np.float32)
    for row, present in zip(holds, sets, strict=True):
        row[[place[word] for word in present]] = 1
    size = holds.sum(axis=1)
    dice = 2 * (holds @ holds.T) / np.maximum(size[:, None] + size, 1)
    return drawn[int(np.argmax(dice.sum(axis=1).round(4)))]  # rounded, so that equals stay equal whatever the order of sums
