"""The long table of ratings: one judgement of one rater on one text a row, whatever file it came from.

Its file is CSV with the columns of `Rating` as header; what a row lacks is left empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError, nearest
from radbench.terms import Access

Significance: TypeAlias = Literal["", "significant", "insignificant"]
ScaleKind: TypeAlias = Literal["nominal", "ordinal", "interval", "count", "preference"]

# The six categories of ReXVal, by the names of CheXprompt's answers.
ERROR_CATEGORIES: Final = (
    "false_positive_finding",
    "omission_finding",
    "incorrect_location",
    "incorrect_severity",
    "false_positive_comparison",
    "omission_comparison",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One judgement: a row."""

    study: str  # the case, with its reference; what is resampled
    system: str  # who wrote the text that is judged
    rater: str
    criterion: str  # what is judged: "errors", "quality", "preference" ...
    value: float  # on the criterion's scale
    category: str = ""  # of an error: one of ERROR_CATEGORIES or the file's own; of a preference: the system compared with
    significance: Significance = ""  # of an error
    seconds: float | None = None  # spent on it
    position: int | None = None  # place in the rater's order, from 1; of a preference: 1 left, 2 right
    years: float | None = None  # of the rater's experience
    subspecialty: str = ""  # of the rater


@dataclass(frozen=True, slots=True)
class Scale:
    """What values of a criterion mean."""

    kind: ScaleKind
    low: float | None = None  # the least value that can be given; None: unstated
    high: float | None = None
    lower_is_better: bool = False  # as of error counts

    def holds(self, value: float) -> bool:
        """Whether a value can be given."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class RatedText:
    """What was rated: a system's text on a study, and what it was held against."""

    study: str
    system: str
    text: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ratings:
    """A rating file, read.

    A preference stands as two rows, one a system: value above 0 where it was preferred (1, or its strength), 0 at a tie, below 0
    where the other was.
    """

    rows: tuple[Rating, ...]
    scales: Mapping[str, Scale]  # of each criterion
    source: str  # the file, for messages
    texts: tuple[RatedText, ...] = ()
    access: Access = "credentialed"  # of the texts, unless the caller says otherwise
    notes: tuple[str, ...] = field(default=())  # what was left out or had to be decided when reading


@dataclass(frozen=True, slots=True)
class RatedItems:
    """One criterion as a matrix: what each rater gave each text."""

    items: tuple[tuple[str, str], ...]  # study, system; sorted
    raters: tuple[str, ...]  # sorted
    values: NDArray[np.float64]  # (items, raters); NaN: not rated
    scale: Scale

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean over the raters who rated it, shape (items,)."""
        return np.asarray(np.nanmean(self.values, axis=1))


def rated_items(ratings: Ratings, criterion: str, *, significance: Significance = "", categories: Sequence[str] = ()) -> RatedItems:
    """One criterion of a table as a matrix; counts of errors are summed over categories and significance, or over those named.

    Raises:
        ContentError: no row has that criterion, or none is left.
    """
    if criterion not in ratings.scales:
        known = f"There are: {', '.join(ratings.scales)}"
        raise ContentError(f"{ratings.source}: no ratings of `{criterion}`{nearest(criterion, list(ratings.scales))} {known}")
    rows = [row for row in ratings.rows if row.criterion == criterion]
    chosen = [row for row in rows if significance in ("", row.significance) and (not categories or row.category in categories)]
    if not chosen:
        raise ContentError(f"{ratings.source}: no rating of `{criterion}` is left after choosing significance and categories")
    scale = ratings.scales[criterion]
    if scale.kind == "count":  # a rater who counted other errors of a text alone found none of those chosen
        chosen += [replace(row, value=0.0) for row in rows]
    items = sorted({(row.study, row.system) for row in chosen})
    raters = sorted({row.rater for row in chosen})
    place, column = {item: i for i, item in enumerate(items)}, {rater: i for i, rater in enumerate(raters)}
    sums, counts = np.zeros((len(items), len(raters))), np.zeros((len(items), len(raters)))
    showings: set[tuple[int, int, int | None]] = set()
    for row in chosen:
        at = place[row.study, row.system], column[row.rater]
        sums[at] += row.value
        # counts are summed over categories, and averaged over the times that the rater saw the text; other values are averaged
        if scale.kind != "count" or (*at, row.position) not in showings:
            counts[at] += 1
        showings.add((*at, row.position))
    values = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return RatedItems(tuple(items), tuple(raters), values, scale)
