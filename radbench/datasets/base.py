"""What a data set is: samples by number, without reading a pixel, and a check of what is missing.

Data sets live one a file: `datasets/<name>.py` holds the class named by the CamelCase of the file's name. The
constructor takes `split`, `root` (the folder given with `--data-dir NAME=PATH`, or None) and the options of a task
card as keywords; it may read index files (JSON, CSV), never images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from radbench.sample import Sample
from radbench.terms import Access


class Dataset(Protocol):
    """One split of a data set.

    Where the index of a split is one file, its sha256 as `digest` lets a changed index be a run of its own.
    A class whose `lies_beside_card` is True is given the folder of the task card as `root` where `--data-dir` names none.
    """

    access: Access
    roots: Mapping[str, Path]  # `Media.name` -> the folder below which its `path` lies

    def __len__(self) -> int:
        """Number of samples of the split."""

    def __getitem__(self, index: int) -> Sample:
        """The sample at 0 <= index < len; the same one at every call."""

    def check(self) -> Sequence[str]:
        """What is missing on disk, one sentence each; empty when all samples can be asked."""
