"""What the metrics of a scored run hold against single cases, from the replies that lie on disk: nobody is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from radbench.catalog import Catalog
from radbench.catalog.cards import Score
from radbench.errors import RadbenchError
from radbench.metrics.base import Metric, Objection
from radbench.running.annotations import Annotators
from radbench.sample import Case, Reply, Request
from radbench.scoring.rows import annotate
from radbench.scoring.stored import StoredRun
from radbench.terms import told

NOT_STORED: Final = "what its annotator or judge replied on this case is not stored"
_BY: Final = re.compile(r"([^:,()|]+)@([0-9a-f]{8})")  # an annotator and how its identity begins, in a signature


class Objectors:
    """The metrics of a run that tell errors one by one, with the replies they were given when it was scored.

    A metric that cannot be built is left out, with the reason in `faults`.
    """

    def __init__(self, stored: StoredRun, catalog: Catalog) -> None:
        self.faults: dict[str, str] = {}
        self._metrics: list[Metric] = []
        for use in Score.model_validate(stored.summary.score).metrics:
            try:
                self._metrics.append(catalog.build("metrics", use.name, use.options))
            except RadbenchError as error:
                self.faults[use.name] = str(error)
        self._metrics = [metric for metric in self._metrics if type(metric).objections is not Metric.objections]
        by = (part for value in stored.summary.values for part in value.signature.split("|") if part.startswith("by:"))
        identities = dict(pair for part in by for pair in _BY.findall(part))
        store = stored.folder.path.parents[2] / "annotations"
        self._annotators = Annotators(catalog, store, "stored", identities=identities)
        self._access = stored.run.data.access

    def of(self, case: Case) -> dict[str, Sequence[Objection] | str]:
        """The objections to a case, by metric; or why they are not known."""
        found: dict[str, Sequence[Objection] | str] = {}
        for metric in self._metrics:
            try:
                (annotated,) = annotate(metric, [case], self._recall)
                is_whole = all(reply.error is None for reply in annotated.annotations)
                found[metric.name] = metric.objections(annotated) if is_whole else NOT_STORED
            except Exception as error:  # a metric may be anyone's code
                found[metric.name] = told(error, self._access)
        return found

    def _recall(self, name: str, requests: Sequence[Request]) -> Sequence[Reply]:
        return self._annotators.answer(name, requests, self._access)
