"""Replies of annotators and judges, asked once for all runs: `runs/annotations/<annotator>/*.jsonl`.

Annotators are models of the catalogue like any other, answered by the same code as a run. Each process appends to a
file of its own and reads all of them, so several may score at the same time; equal requests have equal keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radbench.catalog import Catalog
from radbench.folder import Prediction, extend, read_lines, to_line
from radbench.media import Reader
from radbench.models.base import Model
from radbench.running.answering import answer
from radbench.running.journal import Journal, own_file
from radbench.running.requests import Keys, render
from radbench.sample import Reply, Request
from radbench.terms import Access, guard


@dataclass(slots=True)
class Annotators:
    """Answers requests to annotators by name: from the store where it can, by loading the annotator where it must."""

    catalog: Catalog
    store: Path  # the annotations folder
    agreement: Mapping[str, str] | None = None
    roots: Mapping[str, Path] = field(default_factory=dict)
    _loaded: dict[str, tuple[Model, Keys, Path]] = field(default_factory=dict)  # with the file of this process
    _known: dict[str, dict[str, Reply]] = field(default_factory=dict)

    def answer(self, annotator: str, requests: Sequence[Request], access: Access) -> list[Reply]:
        """One reply a request, in order; failed ones are not kept and are asked again next time.

        Raises:
            DataTermsError: the annotator is external and the data closed, without an agreement.
            UnknownNameError, WeightsError, MissingPackageError: there is no such annotator, or it cannot be loaded.
        """
        model, keys, file = self._load(annotator, access)
        known = self._known[annotator]
        wanted = [keys.of(request)[0] for request in requests]
        new = {key: request for key, request in zip(wanted, requests, strict=True) if key not in known}
        failed: dict[str, Reply] = {}
        if new:
            with Journal(file) as journal:
                for start in range(0, len(new), model.batch_size):
                    batch = list(new.items())[start : start + model.batch_size]
                    for (key, request), reply in zip(batch, answer(model, [request for _, request in batch]), strict=True):
                        (known if reply.error is None else failed)[key] = reply
                        journal.append(to_line(extend(Prediction, reply, key=key, sample_id="", prompt=render(request))))
        return [known.get(key) or failed[key] for key in wanted]

    def _load(self, annotator: str, access: Access) -> tuple[Model, Keys, Path]:
        card = self.catalog.model(annotator)
        guard(access, card.endpoint, self.agreement, what="this run's text", to=f"annotator {annotator}")
        if annotator not in self._loaded:
            model: Model = self.catalog.build("models", card.family, card.options(), where=card.where)
            model.load(Reader(self.roots))
            folder = self.store / annotator
            self._loaded[annotator] = (model, Keys({"family": card.family, **model.identity()}), own_file(folder))
            files = sorted(folder.glob("*.jsonl"))
            lines = (line for file in files for line in read_lines(file, Prediction))
            self._known[annotator] = {line.key: line for line in lines if line.error is None}
        return self._loaded[annotator]
