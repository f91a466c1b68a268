"""From names of metrics to how they react: reports are edited, scored as a run, and read back from its stored rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radbench.catalog import Catalog
from radbench.catalog.cards import MetricUse
from radbench.catalog.components import canonical
from radbench.errors import ContentError, RunError, ScoringError, nearest
from radbench.evaluation import Asking
from radbench.probing.edited_run import run_of, sample_parts
from radbench.probing.edits import EDITS, UNEDITED, versions
from radbench.probing.reports import Reports
from radbench.probing.responses import EditedValues, Probe, ProbeSettings, respond
from radbench.running.engine import Control
from radbench.scoring.stored import StoredRun, per_case

Floats = NDArray[np.float64]

CONTROL = "length_difference"


def probe(
    reports: Reports,
    wanted: Sequence[str],
    asking: Asking,
    catalog: Catalog,
    settings: ProbeSettings,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    control: Control | None = None,
) -> Probe:
    """How metrics react to edits of the reports, with the control that sees nothing but a text's length.

    Args:
        reports: what is edited.
        wanted: metrics, or single values of them (`rouge:rougeL`).
        asking: where runs go, weights and agreements of annotators.
        catalog: knows the metrics.
        settings: draws and level.
        options: of metrics, by name.
        control: how the run is watched and stopped.

    Raises:
        ContentError: options are of a metric that is not asked for.
        RadbenchError: there is no such metric, or data terms forbid to ask its annotator.
    """
    asked = [_parted(name, catalog) for name in wanted]
    stated = {canonical(name): dict(held) for name, held in (options or {}).items()}
    if unused := [name for name in stated if name not in {family for family, _ in asked}]:
        raise ContentError(f"--metric-arg: `{unused[0]}` is none of the metrics asked for: {', '.join(family for family, _ in asked)}")
    uses = [MetricUse(name=name, options=stated.get(name, {})) for name in dict.fromkeys(name for name, _ in asked)]
    result = run_of(reports, uses, asking, catalog, control or Control())
    if result.summary is None or result.status != "complete":
        raise RunError(f"the edited reports were not scored: {result.message or result.status}; the same command goes on from there")
    missing = {problem.partition(":")[0]: problem.partition(": ")[2] for problem in result.summary.problems}
    stored = StoredRun.open(result.folder, catalog)
    values = [*_values(stored, reports, asked, missing), _length_difference(reports)]
    clusters = [report.cluster or report.id for report in reports.reports]
    made = [versions(report) for report in reports.reports]
    return Probe(
        reports=reports.name,
        n=len(reports.reports),
        n_clusters=len(set(clusters)),
        settings=settings,
        applies={edit: sum(edit in found for found in made) for edit in EDITS},
        metrics=tuple(respond(one, clusters, settings) for one in values),
        not_measured=missing,
        run=str(result.folder.path),
    )


def _parted(name: str, catalog: Catalog) -> tuple[str, str]:
    """A metric and one of its values, "" for all: `rouge:rougeL`; a colon may be part of a metric's name (`evaluate:./mine.py`)."""
    name = canonical(name)
    if catalog.has("metrics", name):
        return name, ""
    metric, _, value = name.partition(":")
    return metric, value


def _values(stored: StoredRun, reports: Reports, asked: Sequence[tuple[str, str]], missing: dict[str, str]) -> Iterator[EditedValues]:
    """The values asked for; why one cannot be had goes to `missing`. Values of single labels (`f1:Edema`) are given where named."""
    place = {report.id: i for i, report in enumerate(reports.reports)}
    families = dict.fromkeys((metric.partition(":")[0], value) for metric, value in asked)
    known = [(canonical(record.signature.partition("|")[0]), record.id) for record in stored.summary.values]
    for family, value in families:
        offered = [other for of, other in known if of == family]
        if family not in missing and (not offered or (value and value not in offered)):
            missing[f"{family}:{value}".rstrip(":")] = (
                f"it gives no such value{nearest(value, offered)} It gives {', '.join(offered) or 'none'}"
            )
    for (family, value), record in zip(known, stored.summary.values, strict=True):
        if (family, value) not in families and ((family, "") not in families or ":" in value):
            continue
        try:
            measured = stored.measured(record)
            numbers = per_case(measured, record.id)
        except ScoringError as error:
            missing[record.id] = str(error)
            continue
        if not measured.metric.sums:
            missing[record.id] = "it is a value of all texts together, not of each"
            continue
        by_edit: dict[str, Floats] = {}
        for sample, number in zip(stored.cases.samples.tolist(), numbers, strict=True):
            report, edit = sample_parts(sample)
            by_edit.setdefault(edit, np.full(len(place), np.nan))[place[report]] = number
        if np.isnan(by_edit[UNEDITED]).all():
            missing[record.id] = "it is defined for no single report"
            continue
        yield EditedValues(record.id, by_edit, record.lower_is_better, record.signature.partition("|ask:")[0])


def _length_difference(reports: Reports) -> EditedValues:
    """By how many words an edited report differs in length from the report: what a metric that knows nothing of content does."""
    by_edit: dict[str, Floats] = {}
    for i, report in enumerate(reports.reports):
        n_words = len(report.text.split())
        for edit, text in versions(report).items():
            by_edit.setdefault(edit, np.full(len(reports.reports), np.nan))[i] = abs(len(text.split()) - n_words)
    return EditedValues(CONTROL, by_edit, lower_is_better=True, signature="words of difference", is_control=True)
