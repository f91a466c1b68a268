"""The floor that remembers: the answer of the training study that looks most alike, by thumbnails and words."""

from __future__ import annotations

import hashlib
import logging
import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError, MediaError, ModelError
from radbench.models._texts import bag, chosen, question
from radbench.sample import Media, Reply, Request, Vectors

if TYPE_CHECKING:
    from radbench.media import Reader
    from radbench.models.base import Example

Vector: TypeAlias = NDArray[np.float32]
Key: TypeAlias = tuple[object, ...]

_SLICES: Final = 3  # of a volume; a 2D image counts as three equal ones
_MAX_KEPT: Final = 10_000  # thumbnails remembered: 30 MB at 16 x 16
_DECIMALS: Final = 5  # of likenesses: below that lies the rounding of float32 sums, which must not decide between equals

_log = logging.getLogger(__name__)


class NearestNeighbour:
    """Answers with the target of the closest training example; of equally close ones the earliest.

    Images are compared by the cosine of grey thumbnails (`size` x `size` pixels, three slices of a volume, mean
    subtracted; several images of a study are averaged), texts by the cosine of their bags of words. Examples
    with the very text of the request's last turn are preferred, and among them the image decides; where there are
    none, the sum of both cosines does. The images are those of the last turn that has any.

    Ranking, an option's log-likelihood is log((c + 1) / (k + 2)): c of the targets of the `k` closest examples are this
    option or list it. So each label of a set has a probability of its own, and normalised over options the counts hold
    with one added to each. Embedding, a text gives its bag of words and an image the mean bag of the texts that belong
    to the `k` closest training images. Of more than `max_examples` examples, that many are drawn by a hash of
    their sample ids; one with an unreadable image is left out and counted in `identity()`.
    """

    batch_size: int = 64

    def __init__(self, *, k: int = 5, size: int = 16, max_examples: int = 20_000) -> None:
        for name, value in {"k": k, "size": size, "max_examples": max_examples}.items():
            if value < 1:
                raise ContentError(f"model `nearest-neighbour`: `{name}` should be at least 1, got {value}")
        self.k, self.size, self.max_examples = k, size, max_examples
        self._reader: Reader | None = None
        self._thumbnails: dict[Key, Vector] = {}
        self._memory: _Memory | None = None

    def load(self, reader: Reader) -> None:
        """Take the reader; images are read in `learn`."""
        self._reader = reader

    def learn(self, examples: Sequence[Example]) -> None:
        """Compare with these examples from here on.

        Raises:
            MissingDataError: the folder of their images is not known.
        """
        learned = hashlib.sha256()
        image_rows: dict[tuple[Key, ...], int] = {}
        images: list[Vector] = []
        seen: list[tuple[str, str, int]] = []
        drawn = self._drawn(examples)
        for example in drawn:
            try:
                media = self._identified(example.request)
                key = tuple(map(_key, media))
                if key and key not in image_rows:
                    images.append(self._study(media))
                    image_rows[key] = len(images) - 1
            except MediaError as error:
                _log.warning("nearest-neighbour learns without a training sample: %s", error)
                continue
            asked = question(example.request)
            seen.append((asked, example.target, image_rows.get(key, -1)))
            learned.update(repr((asked, example.target, key)).encode())
        images.append(np.zeros(_SLICES * self.size**2, np.float32))  # row -1: no image
        self._memory = _Memory(seen, np.stack(images), learned.hexdigest(), len(drawn) - len(seen)) if seen else None

    def identity(self) -> Mapping[str, object]:
        """The options and a digest of the examples in use, with the digests of their images."""
        memory = self._memory
        return {
            "family": "nearest-neighbour",
            "version": 2,
            "k": self.k,
            "size": self.size,
            "max_examples": self.max_examples,
            "n_learned": len(memory.targets) if memory else 0,
            "n_unreadable": memory.n_unreadable if memory else 0,
            "learned": memory.digest if memory else "",
        }

    def generate(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """The target of the closest example."""
        targets = self._learned().targets
        return [Reply(output=targets[self._closest(request)[0]]) for request in requests]

    def rank(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """Log of the smoothed share of the closest targets that hold each option."""
        return [self._rank(request) for request in requests]

    def embed(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """One bag of words for each part, dimension 512, of length 1 or all zeros."""
        return [Reply(output=Vectors.of(np.stack([self._embed(part) for part in r.turns[-1].parts]))) for r in requests]

    def _drawn(self, examples: Sequence[Example]) -> Sequence[Example]:
        if len(examples) <= self.max_examples:
            return examples
        by_hash = sorted(range(len(examples)), key=lambda i: (zlib.crc32(examples[i].request.sample_id.encode()), i))
        return [examples[i] for i in sorted(by_hash[: self.max_examples])]

    def _rank(self, request: Request) -> Reply:
        targets = self._learned().targets
        closest = self._closest(request)
        counts = Counter(option for i in closest for option in chosen(targets[i], request.options))
        return Reply(output={option: math.log((counts[option] + 1) / (len(closest) + 2)) for option in request.options})

    def _embed(self, part: str | Media) -> Vector:
        if isinstance(part, str):
            return bag(part)
        memory = self._learned()
        closest = _highest(memory.image_likeness(self._study((self._identify(part),))), self.k)
        mean: Vector = np.mean([bag(memory.text(i)) for i in closest], axis=0)
        return _unit(mean)

    def _closest(self, request: Request) -> Sequence[int]:
        """The k closest examples, the closest first."""
        memory = self._learned()
        asked = question(request)
        media = self._identified(request)
        likeness = memory.image_likeness(self._study(media)) if media else np.zeros(len(memory.targets), np.float32)
        same = memory.examples_of.get(asked)
        if same:
            return [same[i] for i in _highest(likeness[same], self.k)]
        return _highest(likeness + memory.question_likeness(bag(asked)), self.k)

    def _learned(self) -> _Memory:
        if self._memory is None:
            raise ModelError("model `nearest-neighbour` has learned nothing: it needs a task with a `train` split of readable samples")
        return self._memory

    def _identified(self, request: Request) -> list[Media]:
        """The images of the last turn that has any, with their digests."""
        for turn in reversed(request.turns):
            media = [part for part in turn.parts if isinstance(part, Media)]
            if media:
                return [self._identify(one) for one in media]
        return []

    def _identify(self, media: Media) -> Media:
        return media if media.digest else self._need_reader().identify(media)

    def _study(self, media: Sequence[Media]) -> Vector:
        mean: Vector = np.mean([self._thumbnail(one) for one in media], axis=0)
        return _unit(mean)

    def _thumbnail(self, media: Media) -> Vector:
        key = (*_key(media), media.modality)  # which decides the window, and which some tasks do not tell
        if key not in self._thumbnails:
            film = self._need_reader().film(media, size=(self.size, self.size), slices=_SLICES)
            grey = film.mean(axis=-1) if film.ndim == 4 else film
            planes = grey[[0, len(grey) // 2, len(grey) - 1]].astype(np.float32).ravel()
            if len(self._thumbnails) >= _MAX_KEPT:
                del self._thumbnails[next(iter(self._thumbnails))]
            self._thumbnails[key] = _unit(planes - planes.mean())
        return self._thumbnails[key]

    def _need_reader(self) -> Reader:
        if self._reader is None:
            raise ModelError("model `nearest-neighbour` was asked about images before `load`")
        return self._reader


class _Memory:
    """The examples in use: `seen` holds (question, target, row of `images`); the last row stands for "no image"."""

    def __init__(self, seen: Sequence[tuple[str, str, int]], images: NDArray[np.float32], digest: str, n_unreadable: int) -> None:
        self.targets = [target for _, target, _ in seen]
        self.examples_of: dict[str, list[int]] = {}  # question -> examples, in order
        for i, (asked, _, _) in enumerate(seen):
            self.examples_of.setdefault(asked, []).append(i)
        self.digest = digest
        self.n_unreadable = n_unreadable
        rows = {asked: row for row, asked in enumerate(self.examples_of)}
        self._questions = [asked for asked, _, _ in seen]
        self._question_of = np.array([rows[asked] for asked in self._questions])
        self._bags = np.stack([bag(asked) for asked in rows])
        self._image_of = np.array([row for _, _, row in seen])
        self._images = images

    def text(self, example: int) -> str:
        """All words that belong to an example."""
        return f"{self._questions[example]} {self.targets[example]}"

    def image_likeness(self, image: Vector) -> Vector:
        """Cosine of each example's image, 0 where it has none."""
        likeness: Vector = (self._images @ image)[self._image_of]
        return likeness

    def question_likeness(self, asked: Vector) -> Vector:
        """Cosine of each example's question."""
        likeness: Vector = (self._bags @ asked)[self._question_of]
        return likeness


def _highest(likeness: Vector, k: int) -> list[int]:
    """Places of the k highest values, the highest first, of equal ones the earliest."""
    rounded = likeness.round(_DECIMALS)
    k = min(k, len(rounded))
    near = np.flatnonzero(rounded >= np.partition(rounded, -k)[-k])
    return [int(i) for i in near[np.argsort(-rounded[near], kind="stable")[:k]]]


def _key(media: Media) -> Key:
    """What a thumbnail depends on; the path may name one volume of several in a file."""
    return (media.digest, media.path.partition("#")[2], media.ndim, media.edits)


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 0 else vector
