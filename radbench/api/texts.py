"""`score`: metrics on texts, without a task."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from radbench.catalog import Catalog
from radbench.catalog.components import canonical
from radbench.errors import ContentError
from radbench.metrics.base import Metric
from radbench.records import ValueRecord
from radbench.running.annotations import Annotators
from radbench.sample import Case, Reference, Reply, Request
from radbench.scoring import IntervalSettings
from radbench.scoring.apart import Use, told_apart
from radbench.scoring.rows import annotate
from radbench.scoring.values import Frame, Measured
from radbench.terms import Access, endpoint_of, guard, parse_agreement

_log = logging.getLogger(__name__)


def score(
    references: Sequence[str | Reference | Sequence[str | Reference]],
    candidates: Sequence[str | None],
    metrics: Sequence[str | Metric | Mapping[str, Mapping[str, object]]],
    *,
    clusters: Sequence[str] | None = None,
    draws: int = 2000,
    seed: int = 0,
    access: Access = "credentialed",
    data_agreement: str | None = None,
    weights: Mapping[str, Path | str] | None = None,
    store: Path | str = "runs/annotations",
    catalog: Sequence[Path | str] = (),
) -> dict[str, ValueRecord]:
    """Values of metrics on texts, without a task: value id -> value with interval and signature.

    Where two metrics give a value of one name, the second's says in brackets what it differs by: `bleu-4(tokenizer=none)`.

    Annotators and judges are asked as `radbench score` asks them: once for all texts that are equal, what they said is kept, and
    questions that fail are asked again next time.

    Args:
        references: what is right for each candidate: a text, or several any of which is right.
        candidates: a text each; None: there was no answer, which counts as each metric says.
        metrics: names, `{name: options}`, or metric objects.
        clusters: what is resampled (patients); by default each candidate by itself.
        access: whose texts these are: "open", "non-commercial" or "credentialed", which go to no external judge without an agreement.
        data_agreement: the terms under which closed texts may go to an external endpoint.
        weights: annotator -> where its weights lie.
        store: where replies of annotators and judges are kept.

    Raises:
        ContentError: the lists differ in length, or a metric asks somebody who cannot be asked.
        DataTermsError: the texts are closed and a judge is external, without an agreement. Nothing was sent.
        ScoringError: a metric cannot run on these texts.
    """
    intervals = intervals_of(draws, seed)
    cards = Catalog(catalog)
    cases = _cases(references, candidates, [""] * len(candidates) if clusters is None else clusters)
    agreement = parse_agreement(data_agreement) if data_agreement else None
    annotators = Annotators(cards, Path(store), agreement=agreement, weights=cards.weights(weights or {}))
    built = [metric if isinstance(metric, Metric) else _built(cards, *_use(metric)) for metric in metrics]
    for known in built:
        guard(access, endpoint_of(known), agreement, what="these texts", to=f"metric {known.name}")
        for name in known.annotators:
            annotators.check(name, access, metric=known.name)
    uses = [(metric.name, metric.signature()) if isinstance(metric, Metric) else _use(metric) for metric in metrics]
    measured = [_measured(known, cases, annotators, access) for known in built]
    frame = Frame([case.sample.cluster or case.sample.id for case in cases])
    given = [frame.values([one], intervals) for one in measured]
    return {value.id: value for value in told_apart(uses, given)}


def intervals_of(draws: int, seed: int) -> IntervalSettings:
    """How intervals are made.

    Raises:
        ContentError: a number below 0.
    """
    for name, value in (("draws", draws), ("seed", seed)):
        if value < 0:
            raise ContentError(f"{name}: expected 0 or more, got `{value}`")
    return IntervalSettings(draws=draws, seed=seed)


def _cases(
    references: Sequence[str | Reference | Sequence[str | Reference]], candidates: Sequence[str | None], clusters: Sequence[str]
) -> list[Case]:
    if not len(references) == len(candidates) == len(clusters):
        raise ContentError(f"{len(references)} references, {len(candidates)} candidates and {len(clusters)} clusters: expected one each")
    several = [[right] if isinstance(right, str) or not isinstance(right, Sequence) else right for right in references]
    together = zip(several, candidates, clusters, strict=True)
    return [Case.of(candidate, right, id=str(i), cluster=cluster) for i, (right, candidate, cluster) in enumerate(together)]


def _measured(metric: Metric, cases: Sequence[Case], annotators: Annotators, access: Access) -> Measured:
    used: dict[str, None] = {}

    def answer(name: str, requests: Sequence[Request]) -> Sequence[Reply]:
        used[name] = None
        return annotators.answer(name, requests, access)

    metric.prepare(cases)
    rows = metric.measure(annotate(metric, cases, answer) if type(metric).asks is not Metric.asks else cases)
    for name in used:
        for fault in annotators.faults(name):
            _log.warning("metric %s: %s", metric.name, fault)
    by = ",".join(f"{name}@{annotators.identity(name)}" for name in used)
    stated = {**metric.signature(), "corpus": metric.fingerprint()[:8], "missing": metric.when_missing, "v": str(metric.version), "by": by}
    signature = "|".join([metric.name, *(f"{key}:{value}" for key, value in stated.items() if value), f"n:{len(cases)}"])
    return Measured(metric, rows, signature)


def _use(metric: str | Mapping[str, Mapping[str, object]]) -> Use:
    use: Mapping[str, Mapping[str, object]] = {metric: {}} if isinstance(metric, str) else metric
    if len(use) != 1:
        raise ContentError(f"metrics: expected a name, or one name with its options (`{{name: {{option: value}}}}`), got `{metric}`")
    ((name, options),) = use.items()
    return canonical(name), options


def _built(catalog: Catalog, name: str, options: Mapping[str, object]) -> Metric:
    built: Metric = catalog.build("metrics", name, options, where="metrics")
    return built
