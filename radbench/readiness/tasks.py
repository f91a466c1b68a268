"""What a task needs on this machine: its data, its protocol, its metrics, and the annotators and judges that these ask."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Final

from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.catalog.options import keywords
from radbench.errors import ContentError, MissingDataError, RadbenchError
from radbench.readiness.finding import Finding, Machine
from radbench.readiness.models import Blocked, look_at_component, look_at_model
from radbench.terms import reason_of, words

if TYPE_CHECKING:
    from radbench.metrics.base import Metric

_OPTIONS: Final = 60  # characters shown of a data set's options: they tell findings apart, and the card has them all


def look_at_task(catalog: Catalog, name: str | Path, machine: Machine, blocked: Blocked) -> Iterator[Finding]:
    """Everything that a task needs."""
    task = catalog.task(name)
    yield from look_at_data(catalog, name, machine, closely=True)
    yield look_at_component(catalog, "protocols", task.ask.protocol)
    for use in task.score.metrics:
        yield from look_at_metric(catalog, use.name, use.options, machine, blocked, where=task.where)


def look_at_metric(
    catalog: Catalog, name: str, options: Mapping[str, object], machine: Machine, blocked: Blocked, *, where: str = "metric"
) -> Iterator[Finding]:
    """A metric, and whom it asks."""
    found = look_at_component(catalog, "metrics", name)
    if not found.ready:
        yield found
        return
    parameters = keywords(catalog.component("metrics", name))
    if "judge" in parameters and parameters["judge"].default is parameters["judge"].empty and "judge" not in options:
        yield Finding(found.what, True, "asks a judge, which its option `judge` names: any model that generates (radbench ls models)")
        return
    try:
        metric: Metric = catalog.build("metrics", name, options, where=where)
    except RadbenchError as error:
        yield Finding(found.what, False, words(error))
        return
    yield Finding(found.what, True, f"asks {', '.join(metric.annotators)}" if metric.annotators else "")
    for annotator in metric.annotators:
        yield from look_at_model(catalog, annotator, machine, blocked)


def metrics_by_annotator(catalog: Catalog) -> Blocked:
    """Whom the metrics ask when nobody else is named, and by which metrics."""
    found: dict[str, tuple[str, ...]] = {}
    for name in catalog.names("metrics"):
        try:
            metric: Metric = catalog.build("metrics", name)
        except RadbenchError:  # it needs options, a judge for one
            continue
        for annotator in metric.annotators:
            found[canonical(annotator)] = (*found.get(canonical(annotator), ()), name)
    return found


def look_at_data(catalog: Catalog, name: str | Path, machine: Machine, *, closely: bool) -> Iterator[Finding]:
    """The data of a task, split by split; a close look asks the data set for files that are missing."""
    try:
        task = catalog.task(name)
    except ContentError as error:
        yield Finding(f"task {name}", False, words(error))
        return
    ask = task.ask
    for split in dict.fromkeys(part for part in (ask.split, ask.train, ask.validation) if part):
        options = shorten(_flow(ask.dataset_options), _OPTIONS, placeholder=" ...")
        what = f"data {ask.dataset}/{split}" + (f" ({options})" if options else "")
        try:
            dataset = catalog.dataset(task, split, machine.roots)
            missing = [reason_of(dataset, problem) for problem in dataset.check()] if closely else []
        except RadbenchError as error:
            is_brief = not closely and isinstance(error, MissingDataError)
            yield Finding(what, False, _brief(error, ask.dataset) if is_brief else words(error))
            return
        shown = f"{len(missing)} problems: {'; '.join(missing[:3])}" if missing else f"{len(dataset)} samples"
        yield Finding(what, not missing, shown)


def _flow(options: Mapping[str, object]) -> str:
    """Options in one line, as a card would have them."""
    import yaml

    written = yaml.safe_dump(dict(options), default_flow_style=True, sort_keys=False, allow_unicode=True, width=math.inf)
    return written.strip()[1:-1]


def _brief(error: RadbenchError, dataset: str) -> str:
    return f"{words(error).splitlines()[0].partition('; expected')[0].rstrip('.')}. The layout: radbench doctor {dataset}"
