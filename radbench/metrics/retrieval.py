"""Finding the text of an image and the image of a text among all pairs of the test set.

Recall at k by index alone (strict) is that of microsoft/LLaVA-Rad, `open_clip_encoder/utils.py`; radiology texts repeat
("No acute findings."), so the values without `strict` take every equal text as right.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from radbench.metrics.base import Metric, Row, Rows, Values, ratio
from radbench.sample import Case, Vectors

Floats = NDArray[np.float64]
Vectors32 = NDArray[np.float32]

DEPTHS: Final = (1, 5, 10)
_DIRECTIONS: Final = ("i2t", "t2i")
_SAME_SCORE: Final = 1e-6  # cosines nearer than this differ by rounding: vectors are stored as float16
_SCORES_AT_ONCE: Final = 2**24  # 64 MB of float32


class Retrieval(Metric):
    """Recalls and `mrr` lie in [0, 1], higher is better; ranks in [1, pool size], lower is better. `random_recall@k` and
    `random_recall_strict@k` are what a random ranker expects: the floor, no score.

    Made for pairs of images and texts of any kind.

    An answer is the vectors of an image and of its text; candidates are ranked by cosine. `i2t` asks for the text of an
    image, `t2i` for the image of a text, among all pairs seen by `prepare`. In `recall_strict@k` only the pair itself is
    right. In `recall@k`, `mrr`, `mean_rank` and `median_rank` any pair of an equal text (lower case, blanks collapsed,
    final punctuation left out) or of the same image is right, and the best of them counts. A rank is 1 + the number of
    wrong candidates that score as high or higher: ties count against the model.

    An image that stands in c pairs (same digests, else same paths, of the sample's media) gives each of them the weight
    1 / c in every value. An answer without two finite vectors is no candidate for other queries, and ranks last in both
    directions of its own. `median_rank` is the weighted median, halfway between two ranks where the weight is split evenly.

    After `prepare`: `pool_size`; `duplicate_share`, of cases whose text another pair has too; `largest_group` of equal texts.
    """

    name = "retrieval"
    papers = ("chaves2024llavarad",)
    columns = ("weight", "n_right", "i2t_strict", "i2t", "t2i_strict", "t2i")
    lower_is_better = frozenset({f"{way}_{rank}" for way in _DIRECTIONS for rank in ("mean_rank", "median_rank")})

    def __init__(self) -> None:
        self.prepare([])

    def prepare(self, cases: Iterable[Case]) -> None:
        """Keep texts, images and vectors of all pairs; of repeated answers to a sample the first."""
        pool = [case for case in cases if case.repeat == 0]
        texts, images = [_text(case) for case in pool], [_image(case) for case in pool]
        self.pool_size = len(pool)
        self._pairs = Counter(zip(texts, images, strict=True))
        self._of_text, self._of_image = Counter(texts), Counter(images)
        self.duplicate_share = sum(c for c in self._of_text.values() if c > 1) / max(len(pool), 1)
        self.largest_group = max(self._of_text.values(), default=0)
        found = [(i, vectors) for i, vectors in enumerate(map(_vectors, pool)) if vectors is not None]
        self._candidates = np.stack([vectors for _, vectors in found]) if found else np.zeros((0, 2, 0), np.float32)
        self._same: dict[str, list[int]] = {}  # candidates by text and by image
        for position, (i, _) in enumerate(found):
            for key in ("text " + texts[i], "image " + images[i]):
                self._same.setdefault(key, []).append(position)

    def fingerprint(self) -> str:
        pairs = "\0".join(f"{text}\0{image}\0{count}" for (text, image), count in sorted(self._pairs.items()))
        return hashlib.sha256(pairs.encode()).hexdigest()[:16]

    def signature(self) -> Mapping[str, str]:
        return {"pool": str(self.pool_size)}

    def row(self, case: Case) -> Row:
        return self.measure([case]).array.reshape(-1)

    def missing(self, case: Case) -> Row:
        return self.row(Case(case.sample, None, case.repeat))

    def measure(self, cases: Sequence[Case]) -> Rows:
        keys = [(_text(case), _image(case)) for case in cases]
        array = np.full((len(cases), len(self.columns)), float(self.pool_size))
        for i, (text, image) in enumerate(keys):
            array[i, 0] = 1 / max(self._of_image[image], 1)
            array[i, 1] = self._of_text[text] + self._of_image[image] - self._pairs[text, image]
        found = [(i, vectors) for i, vectors in enumerate(map(_vectors, cases)) if vectors is not None]
        step = max(_SCORES_AT_ONCE // max(self.pool_size, 1), 1)
        for start in range(0, len(found), step):
            rows = [i for i, _ in found[start : start + step]]
            queries = np.stack([vectors for _, vectors in found[start : start + step]])
            right = [self._right(*keys[i]) for i in rows]
            array[rows, 2:4] = self._ranks(queries[:, 0], queries[:, 1], self._candidates[:, 1], right)
            array[rows, 4:6] = self._ranks(queries[:, 1], queries[:, 0], self._candidates[:, 0], right)
        return Rows(array, (None,) * len(cases))

    def _right(self, text: str, image: str) -> list[int]:
        """The candidates that are right for a pair, itself among them."""
        return sorted({*self._same.get("text " + text, ()), *self._same.get("image " + image, ())})

    def _ranks(self, queries: Vectors32, own: Vectors32, candidates: Vectors32, right: Sequence[list[int]]) -> Floats:
        """Strict and duplicate-aware ranks, shape (queries, 2), of `own` or the best right one among the candidates."""
        scores = queries @ candidates.T
        own_score = (queries * own).sum(axis=1)
        ranks = np.empty((len(queries), 2))
        # The pair itself is among those as high as itself, so the count is 1 + the wrong ones.
        ranks[:, 0] = ranks[:, 1] = (scores >= (own_score - _SAME_SCORE)[:, None]).sum(axis=1)
        for i, members in enumerate(right):
            if len(members) > 1:
                among = scores[i, members]
                bar = among.max() - _SAME_SCORE
                ranks[i, 1] = 1 + (scores[i] >= bar).sum() - (among >= bar).sum()
        return np.maximum(ranks, 1)  # a repeat's own vectors are no candidates

    def aggregate(self, rows: Floats, weights: Floats) -> Values:
        weights = weights * rows[:, 0]
        total = weights.sum(axis=1)
        values: Values = {}
        for i, way in enumerate(_DIRECTIONS):
            strict, rank = rows[:, 2 + 2 * i], rows[:, 3 + 2 * i]
            for k in DEPTHS:
                values[f"{way}_recall@{k}"] = ratio(weights @ (rank <= k), total)
                values[f"{way}_recall_strict@{k}"] = ratio(weights @ (strict <= k), total)
            values[f"{way}_mrr"] = ratio(weights @ (1 / rank), total)
            values[f"{way}_mean_rank"] = ratio(weights @ rank, total)
            values[f"{way}_median_rank"] = _median(rank, weights)
        for k in DEPTHS:
            values[f"random_recall@{k}"] = ratio(weights @ self._random_hits(rows[:, 1], k), total)
            values[f"random_recall_strict@{k}"] = np.where(total > 0, min(k / max(self.pool_size, 1), 1), np.nan)
        return values

    def _random_hits(self, n_right: Floats, k: int) -> Floats:
        """The probability that k candidates drawn without replacement hold one of `n_right` (n,)."""
        missed = np.ones_like(n_right)
        for drawn in range(min(k, self.pool_size)):
            missed *= np.maximum(self.pool_size - n_right - drawn, 0) / (self.pool_size - drawn)
        return 1 - missed


def _text(case: Case) -> str:
    text = case.references[0] if case.references else ""
    return " ".join(text.lower().split()).rstrip(" .,;:!?")


def _image(case: Case) -> str:
    """What tells an image from another; without media every sample is its own."""
    return "\0".join(m.digest or f"{m.name}/{m.path}" for m in case.sample.media) or f"sample {case.sample.id}"


def _vectors(case: Case) -> Vectors32 | None:
    """The vectors of image and text at length 1, shape (2, d); None where there are no two finite ones."""
    if not isinstance(case.answer, Vectors) or case.answer.shape[0] != 2:
        return None
    rows = case.answer.array()
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    if not (np.isfinite(rows).all() and lengths.all()):
        return None
    unit: Vectors32 = rows / lengths
    return unit


def _median(ranks: Floats, weights: Floats) -> Floats:
    """Weighted median of ranks (n,) under weightings (m, n): the mean of its lower and upper value; NaN without weight."""
    if not len(ranks):
        return np.full(len(weights), np.nan)
    order = np.argsort(ranks, kind="stable")
    below = weights[:, order].cumsum(axis=1)
    total = below[:, -1:]
    rounding = 1e-9 * total
    lower = ranks[order][(below >= total / 2 - rounding).argmax(axis=1)]
    upper = ranks[order][(below > total / 2 + rounding).argmax(axis=1)]
    return np.where(total[:, 0] > 0, (lower + upper) / 2, np.nan)
