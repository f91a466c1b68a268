"""What the rows of scores/ are about: of each case, in their order, its sample, repeat, cluster and subgroups; kept in cases.npz."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from radbench.folder import RunFolder
from radbench.scoring.arrays import UNREADABLE, save
from radbench.scoring.cases import Census

Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CaseTable:
    """The cases of a run as columns, each of shape (n,)."""

    samples: Names  # ids
    repeats: NDArray[np.intp]  # from 0
    clusters: Names  # patient, else study, else sample
    subgroups: Mapping[str, Names]  # subgroup -> the level of each case

    @classmethod
    def of(cls, census: Census) -> CaseTable:
        """The table of the cases that were read."""
        return cls(
            np.array(census.sample_ids, dtype=np.str_),
            np.array(census.repeats, dtype=np.intp),
            np.array(census.clusters, dtype=np.str_),
            {name: np.array(levels, dtype=np.str_) for name, levels in census.subgroups.items()},
        )

    def __len__(self) -> int:
        """How many cases."""
        return len(self.samples)

    def pairs(self) -> list[tuple[str, int]]:
        """The sample id and the repeat of each case."""
        return list(zip(self.samples.tolist(), self.repeats.tolist(), strict=True))

    def cluster_of(self) -> dict[str, str]:
        """The cluster of each sample, by id."""
        return dict(zip(self.samples.tolist(), self.clusters.tolist(), strict=True))

    def shared(self) -> CaseTable:
        """This table, or an equal one that is in use: a hundred runs of one task hold it once in memory."""
        digest = hashlib.sha256()
        for name, column in self._columns().items():
            digest.update(f"{name} {column.dtype.str} {column.shape} ".encode())
            digest.update(column.tobytes())
        return _IN_USE.setdefault(digest.digest(), self)

    def write(self, folder: RunFolder, stamp: str, reader: str) -> None:
        """Keep the table of answers read in this way, beside those of the same replies read in others.

        Raises:
            RunError: the disk is full or read-only.
        """
        kept = {name: array for name, array in _stored(folder, stamp).items() if name.partition("/")[0] != reader}
        arrays = {**kept, "stamp": np.array(stamp), **{f"{reader}/{name}": column for name, column in self._columns().items()}}
        save(folder.cases, arrays)

    @classmethod
    def read(cls, folder: RunFolder, stamp: str, reader: str, subgroups: Iterable[str]) -> CaseTable | None:
        """The table of answers read in this way, with these subgroups; None where there is none, or it is of other replies."""
        own = {name.partition("/")[2]: array for name, array in _stored(folder, stamp).items() if name.partition("/")[0] == reader}
        try:
            return cls(own["samples"], own["repeats"], own["clusters"], {name: own[f"subgroup:{name}"] for name in subgroups})
        except KeyError:
            return None

    def _columns(self) -> dict[str, NDArray[Any]]:
        levels = {f"subgroup:{name}": column for name, column in self.subgroups.items()}
        return {"samples": self.samples, "repeats": self.repeats, "clusters": self.clusters, **levels}


_IN_USE: Final[WeakValueDictionary[bytes, CaseTable]] = WeakValueDictionary()  # by digest


def _stored(folder: RunFolder, stamp: str) -> dict[str, NDArray[Any]]:
    """All arrays of the file but the stamp; none where it was made of other replies."""
    try:
        with folder.cases.open("rb") as file, np.load(file) as stored:
            if str(stored["stamp"]) != stamp:
                return {}
            return {name: stored[name] for name in stored.files if name != "stamp"}
    except UNREADABLE:
        return {}
