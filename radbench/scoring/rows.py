"""Rows of one metric for one run: measured case by case, kept on disk, measured again only where something changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.folder import RunFolder
from radbench.metrics.base import Metric, Rows
from radbench.sample import Case, Reply, Request
from radbench.scoring.arrays import UNREADABLE, save
from radbench.scoring.cases import CaseReader
from radbench.terms import reason_of

Answerer: TypeAlias = Callable[[str, Sequence[Request]], Sequence[Reply]]  # an annotator's name and its requests

_CHUNK: Final = 512  # cases held at once


def measure(metric: Metric, signature: Callable[[], str], cases: CaseReader, store: StoredRows, answer: Answerer) -> Rows:
    """The rows of all cases, in their order, by a prepared metric; from `store` where they still hold.

    `signature` tells how they are scored, once they are also by whom: rows by two annotators are kept beside each other.

    Raises:
        ScoringError: the metric cannot run on this corpus.
    """
    asks = type(metric).asks is not Metric.asks
    depends_on_more = asks or metric.needs_validation  # than on this run's cases: on annotators, on another run
    if not depends_on_more and (stored := store.read(signature(), metric.columns)):
        return stored
    parts = [metric.measure(annotate(metric, chunk, answer) if asks else chunk) for chunk in chunks(cases)]
    array = np.concatenate([part.array for part in parts]) if parts else np.empty((0, len(metric.columns)))
    reasons = (reason for part in parts for reason in part.excluded)
    rows = Rows(array, tuple(reason and reason_of(metric, reason, cases.access) for reason in reasons))
    store.write(rows, metric, signature())
    return rows


def chunks(cases: CaseReader) -> Iterator[list[Case]]:
    """The cases, some hundred at a time."""
    source = iter(cases)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def prepare(metric: Metric, cases: CaseReader) -> None:
    """Let a metric that wants to see the corpus see it."""
    if type(metric).prepare is not Metric.prepare:
        metric.prepare(iter(cases))


def stamp(folder: RunFolder) -> str:
    """A digest of the samples and predictions, on which rows depend besides the metric and how answers are read."""
    digest = hashlib.sha256()
    for path in (folder.samples, folder.predictions):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


class StoredRows:
    """scores/<family>.npz: for each variant `<variant>/rows` (n, k), `/excluded`, `/columns`, `/about` (JSON)."""

    def __init__(self, folder: RunFolder, family: str, stamp: str) -> None:
        self._path = folder.scores / f"{family}.npz"
        self._stamp = stamp

    def read(self, signature: str, columns: Sequence[str]) -> Rows | None:
        """The rows of this variant if they were made of the same cases by the same metric, and hold these columns."""
        try:
            with self._path.open("rb") as file, np.load(file) as stored:
                about = json.loads(str(stored[f"{_variant(signature)}/about"]))
                of_these = about == {"signature": signature, "stamp": self._stamp}
                if not of_these or list(map(str, stored[f"{_variant(signature)}/columns"])) != list(columns):
                    return None
                array, reasons = stored[f"{_variant(signature)}/rows"], stored[f"{_variant(signature)}/excluded"]
        except UNREADABLE:
            return None
        return Rows(array, tuple(reason or None for reason in reasons.tolist()))

    def read_of(self, signature: str, columns: Sequence[str]) -> Rows | None:
        """The rows that a value with this whole signature (how scored and how asked) was made of, if they still hold."""
        try:
            with self._path.open("rb") as file, np.load(file) as stored:
                names = [name.partition("/")[0] for name in stored.files if name.endswith("/about")]
                known = [json.loads(str(stored[f"{name}/about"]))["signature"] for name in names]
        except UNREADABLE:
            return None
        return next((self.read(made, columns) for made in known if signature.startswith(f"{made}|")), None)

    def write(self, rows: Rows, metric: Metric, signature: str) -> None:
        """Keep the rows of one variant beside those of others made of the same replies.

        Raises:
            RunError: the disk is full or read-only.
        """
        variant = _variant(signature)
        arrays = self._others(variant)
        arrays[f"{variant}/rows"] = rows.array
        arrays[f"{variant}/excluded"] = np.array([reason or "" for reason in rows.excluded], dtype=np.str_)
        arrays[f"{variant}/columns"] = np.array(metric.columns, dtype=np.str_)
        arrays[f"{variant}/about"] = np.array(json.dumps({"signature": signature, "stamp": self._stamp}))
        save(self._path, arrays)

    def _others(self, variant: str) -> dict[str, NDArray[Any]]:
        try:
            with self._path.open("rb") as file, np.load(file) as stored:
                names = {name.partition("/")[0] for name in stored.files if name.endswith("/about")} - {variant}
                kept = [name for name in names if json.loads(str(stored[f"{name}/about"]))["stamp"] == self._stamp]
                return {name: stored[name] for name in stored.files if name.partition("/")[0] in kept}
        except UNREADABLE:
            return {}


def _variant(signature: str) -> str:
    return hashlib.sha256(signature.encode()).hexdigest()[:12]


def annotate(metric: Metric, cases: Sequence[Case], answer: Answerer) -> list[Case]:
    """The cases with the replies to the metric's questions, asked in rounds until it asks nothing more."""
    replies: list[list[Reply]] = [[] for _ in cases]
    open_cases = list(range(len(cases)))
    while open_cases:
        asks = {i: metric.asks(cases[i], replies[i]) for i in open_cases}
        open_cases = [i for i in open_cases if asks[i]]
        for name in dict.fromkeys(ask.annotator for i in open_cases for ask in asks[i]):
            places = [(i, ask.request) for i in open_cases for ask in asks[i] if ask.annotator == name]
            found = answer(name, [request for _, request in places])
            for (i, _), reply in zip(places, found, strict=True):
                replies[i].append(reply)
    return [Case(case.sample, case.answer, case.repeat, tuple(own)) for case, own in zip(cases, replies, strict=True)]
