"""Any metric of the Hugging Face package `evaluate`: a script of one's own, or a module of the hub.

Such a module is a black box: it takes texts and gives numbers. What can be stated of it stands in the signature: its
name, a hash of its code, its settings, the version of `evaluate`, and how its numbers become one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.errors import ContentError, MissingPackageError, RadbenchError, ScoringError, where_raised
from radbench.extras import need
from radbench.metrics.base import Excluded, Metric, Row, Rows, Values, is_readable, ratio
from radbench.metrics.tokens import NO_REFERENCE
from radbench.sample import Case

Pair: TypeAlias = tuple[str, tuple[str, ...]]  # a candidate and its references
Floats = NDArray[np.float64]

_SEVERAL: Final = Excluded("several references, of which the module takes one")
_UNDEFINED: Final = Excluded("the module gave no finite number")

_log = logging.getLogger(__name__)


class Evaluate(Metric):
    """`<module>:<value>` for each value kept of a module's result, in the module's own range, such as [0, 1] or [0, 100].

    Higher is better, unless `lower_is_better` is set. Made for whatever the module was made for: its card says it.

    In a task card `evaluate:./mine.py` names the script `mine.py` beside the card, `evaluate:org/name` a module of the hub.
    A module of the hub is fetched over the network at the `revision` stated; a script is not. The code of either runs with
    your rights, and no data terms are checked of what it does with texts. It is copied into the cache of `evaluate`; texts are not.

    `mean`, the default, is the mean over cases of what the module gives for each by itself, so that it has an interval;
    where it gives lists with a number for each case, those are taken. `corpus` is what it gives for all cases at once: the
    published value of a metric such as BLEU. It has no interval, for each draw would compute it anew, and no paired test.

    A missing answer counts as an empty text. A case without reference text is left out, and so is one on which the module
    raises, gives no finite number, or takes only one of its several references; each is counted with that reason.

    Args:
        module: a script, a folder that holds a script of its name, or a hub id.
        value: the key, or keys, of the module's result.
        aggregation: `mean` or `corpus`.
        lower_is_better: whether it is, for all values kept.
        revision: of a hub id: the commit that is meant.
        settings: further keywords go to the module's `compute`.
    """

    name: ClassVar[str] = "evaluate"
    module: str = ""

    def __init__(
        self,
        *,
        value: str | tuple[str, ...],
        module: str | None = None,
        aggregation: Literal["mean", "corpus"] = "mean",
        lower_is_better: bool = False,
        revision: str | None = None,
        **settings: object,
    ) -> None:
        self.module = module or self.module
        self.keys = (value,) if isinstance(value, str) else tuple(value)
        self.aggregation, self.revision, self.settings = aggregation, revision, settings
        path = Path(self.module).expanduser()
        self._is_local = bool(self.module) and path.exists()
        if not self._is_local and (not self.module or path.suffix == ".py" or self.module.startswith((".", "/", "~"))):
            raise ContentError(f"metric `evaluate`: no script at `{path}`; expected `evaluate:<script.py>` or `evaluate:<hub id>`")
        if not self._is_local and not revision:
            raise ContentError(f"metric `evaluate:{self.module}`: expected `revision` beside a hub id: the commit that is meant")
        self._ids = tuple(f"{path.stem}:{key}" for key in self.keys)
        self.columns = (*self._ids, "cases") if aggregation == "mean" else ("pair",)
        if lower_is_better:
            self.lower_is_better = frozenset(self._ids)  # type: ignore[misc]  # only its user knows it of a black box
        self._places: dict[Pair, int] | None = None  # of the corpus, in an order that does not depend on that of its cases
        self._whole: dict[bytes, list[float]] = {}

    def prepare(self, cases: Iterable[Case]) -> None:
        """Keep the texts of the corpus, for the value of all cases at once."""
        if self.aggregation == "corpus":
            distinct = {pair for case in cases if not isinstance(pair := self._pair(case), Excluded)}
            self._places = {pair: i for i, pair in enumerate(sorted(distinct))}
            self._whole.clear()

    def signature(self) -> Mapping[str, str]:
        stated = {
            "module": f"{Path(self.module).stem}@{self._loaded._hash[:8]}",
            "args": json.dumps(self.settings, sort_keys=True, separators=(",", ":"), default=str) if self.settings else "",
            "values": ",".join(self.keys),
            "agg": "mean of cases" if self.aggregation == "mean" else "corpus",
            "evaluate": need("evaluate", extra="evaluate", purpose=self._what).__version__,
        }
        return {key: text for key, text in stated.items() if text}

    def row(self, case: Case) -> Row | Excluded:
        rows = self.measure([case])
        return Excluded(rows.excluded[0]) if rows.excluded[0] else rows.array[0]

    def measure(self, cases: Sequence[Case]) -> Rows:
        pairs = [self._pair(case) for case in cases]
        if self.aggregation == "corpus":
            found: list[Row | Excluded] = [pair if isinstance(pair, Excluded) else np.array([self._place(pair)]) for pair in pairs]
        else:
            distinct = list(dict.fromkeys(pair for pair in pairs if not isinstance(pair, Excluded)))
            known = self._listed(distinct) or {pair: self._alone(pair) for pair in distinct}
            found = [pair if isinstance(pair, Excluded) else known[pair] for pair in pairs]
        array = np.full((len(found), len(self.columns)), np.nan)
        for i, row in enumerate(found):
            if not isinstance(row, Excluded):
                array[i] = row
        return Rows(array, tuple(row.reason if isinstance(row, Excluded) else None for row in found))

    def aggregate(self, rows: Floats, weights: Floats) -> Values:
        """Values under weightings; `corpus` is undefined where cases have different weights, as in draws with replacement."""
        if self.aggregation == "mean":
            sums = weights @ rows
            return {name: ratio(sums[:, i], sums[:, -1]) for i, name in enumerate(self._ids)}
        found = np.full((len(weights), len(self._ids)), np.nan)
        for i, weighting in enumerate(weights):
            if weighting.any() and np.ptp(weighting[weighting > 0]) == 0:
                found[i] = self._corpus(np.sort(rows[weighting > 0, 0]))
        return {name: found[:, i] for i, name in enumerate(self._ids)}

    @property
    def _what(self) -> str:
        return f"metric `evaluate:{self.module}`"

    @cached_property
    def _loaded(self) -> Any:  # noqa: ANN401  # a module of an optional package
        package = need("evaluate", extra="evaluate", purpose=self._what)
        if not self._is_local:
            _log.warning("%s: its code is fetched from the Hugging Face Hub at %s", self._what, self.revision)
        place = str(Path(self.module).expanduser().resolve()) if self._is_local else self.module
        try:
            return package.load(place, revision=self.revision, keep_in_memory=True, seed=0)
        except ImportError as error:  # its message names what the module needs, and how to install it
            raise MissingPackageError(f"{self._what}: {error}") from error
        except (OSError, ValueError) as error:
            raise ScoringError(f"{self._what} cannot be had: {error}") from error
        except Exception as error:  # someone else's code
            raise ScoringError(f"{self._what} cannot be loaded: {where_raised(error)}") from error

    @cached_property
    def _takes_several(self) -> bool:
        """Whether a case's references go in as a list."""
        features = self._loaded.features
        shapes = [_shape(one) for one in (features if isinstance(features, list) else [features])]
        if not any(shapes):
            raise ScoringError(f"{self._what} takes {features}; expected a module that takes texts as `predictions` and `references`")
        return "several" in shapes

    def _pair(self, case: Case) -> Pair | Excluded:
        references = tuple(text for text in case.references if text.strip())
        if not references:
            return NO_REFERENCE
        if len(references) > 1 and not self._takes_several:
            return _SEVERAL
        return (case.text if is_readable(case.answer) else "", references)

    def _compute(self, pairs: Sequence[Pair]) -> list[Any]:
        """What the module gives for some cases at once, a result for each key.

        Raises:
            ScoringError: it gives no such key.
        """
        references = [list(wanted) if self._takes_several else wanted[0] for _, wanted in pairs]
        result = self._loaded.compute(predictions=[said for said, _ in pairs], references=references, **self.settings)
        given = result if isinstance(result, Mapping) else {}
        if missing := [key for key in self.keys if key not in given]:
            raise ScoringError(f"{self._what} gives no {', '.join(missing)}; it gives {', '.join(map(str, given)) or 'no values by name'}")
        return [given[key] for key in self.keys]

    def try_out(self) -> Mapping[str, Any]:
        """What the module gives for two short texts, of which one is right.

        Raises:
            ScoringError: it cannot be loaded, or raises.
        """
        wanted = ["no effusion", "small nodule"]
        try:
            result = self._loaded.compute(
                predictions=["no effusion", "fracture"],
                references=[[text] for text in wanted] if self._takes_several else wanted,
                **self.settings,
            )
        except RadbenchError:
            raise
        except Exception as error:  # someone else's code
            raise ScoringError(f"{self._what} raised on two short texts: {where_raised(error)}") from error
        return result if isinstance(result, Mapping) else {}

    def _listed(self, pairs: Sequence[Pair]) -> dict[Pair, Row | Excluded]:
        """The rows of a module that gives a number for each case; none of another."""
        try:
            if len(pairs) < 2 or not all(np.shape(one) == (2,) for one in self._compute(pairs[:2])):
                return {}
            columns = [np.asarray(one, dtype=np.float64) for one in self._compute(pairs)]
        except RadbenchError:
            raise
        except Exception as error:  # someone else's code, on some case: each is asked about by itself
            _log.debug("%s raised", self._what, exc_info=error)
            return {}
        return {pair: _row(list(numbers)) for pair, numbers in zip(pairs, zip(*columns, strict=True), strict=True)}

    def _alone(self, pair: Pair) -> Row | Excluded:
        try:
            return _row(self._compute([pair]))
        except RadbenchError:
            raise
        except Exception as error:  # someone else's code: this case alone is lost
            _log.debug("%s raised", self._what, exc_info=error)
            return Excluded(f"the module raised {type(error).__name__}")

    def _place(self, pair: Pair) -> int:
        if self._places is None:
            raise ScoringError(f"{self._what} with `aggregation: corpus` was asked before it saw the corpus")
        return self._places[pair]

    def _corpus(self, places: Floats) -> list[float]:
        """The module's numbers for the cases at some places of the corpus; NaN for a part of it on which the module raises."""
        if self._places is None:
            raise ScoringError(f"{self._what} with `aggregation: corpus` keeps no rows: use `aggregation: mean`")
        key = places.tobytes()
        if key not in self._whole:
            pairs = list(self._places)
            row: Row | Excluded = _UNDEFINED
            try:
                row = _row(self._compute([pairs[int(place)] for place in places]))
            except RadbenchError:
                raise
            except Exception as error:  # someone else's code
                if len(np.unique(places)) == len(pairs):
                    raise ScoringError(f"{self._what} raised on the whole set: {where_raised(error)}") from error
            self._whole[key] = [float("nan")] * len(self.keys) if isinstance(row, Excluded) else list(row[:-1])
        return self._whole[key]


def numbers_of(metric: Evaluate) -> list[str]:
    """The keys under which a module gives numbers, tried on two short texts.

    Raises:
        ScoringError: it gives none.
    """
    result = metric.try_out()
    keys = [key for key, value in result.items() if not isinstance(_row([value]), Excluded)]
    if not keys:
        raise ScoringError(f"metric `evaluate:{metric.module}` gives no number by name, but {', '.join(map(str, result)) or 'nothing'}")
    return keys


def _row(results: Sequence[Any]) -> Row | Excluded:
    """The numbers of one case, and 1; a list of one number is that number."""
    try:
        row = np.array([*(np.asarray(one, dtype=np.float64).item() for one in results), 1.0])
    except (TypeError, ValueError):
        return _UNDEFINED
    return row if np.isfinite(row).all() else _UNDEFINED


def _shape(features: Mapping[str, Any]) -> Literal["one", "several", ""]:
    """How references go in, as the module's features say; "" where it takes something else than texts and their references."""
    if set(features) != {"predictions", "references"} or getattr(features["predictions"], "dtype", "") != "string":
        return ""
    references = features["references"]
    if getattr(references, "dtype", "") == "string":
        return "one"
    return "several" if getattr(getattr(references, "feature", None), "dtype", "") == "string" else ""
