"""A probe in words: a table a value, and a paragraph that carries the numbers behind what it says."""

from __future__ import annotations

from collections.abc import Sequence

from radbench.probing.responses import Estimate, MetricResponse, Order, Probe, Response


def table(probe: Probe) -> str:
    """All values, one after the other, as text."""
    parts = [_head(probe)]
    for metric in probe.metrics:
        better = "lower" if metric.lower_is_better else "higher"
        title = f"{metric.name}, {better} is better{' (control)' if metric.is_control else ''}; unedited {number(metric.unedited)}"
        rows = [["edit", "kind", "harm", "n", "change", "interval", "costs more than harmless", "interval"]]
        rows += [_row(response) for response in (*metric.responses, *metric.together) if response.n]
        parts.append("\n".join([title, "-" * len(title), columns(rows), f"  {words(probe, metric)}", f"  signature: {metric.signature}"]))
    parts += [f"not measured: {name}: {why}" for name, why in probe.not_measured.items()]
    return "\n\n".join(parts) + "\n"


def words(probe: Probe, metric: MetricResponse) -> str:
    """What is found of one value, in a paragraph."""
    shown = metric.sensitivity.share
    if shown.value is None:
        return f"{metric.name}: no report has both a harmful and a harmless edit with a value, so nothing can be said of harm."
    said = [
        f"{metric.name}: {_verdict(shown)}a harmful edit costs more than a harmless one of the same report in {_order(metric.sensitivity)}."
    ]
    harmful = {r.above_harmless.value: r for r in metric.responses if r.above_harmless and r.above_harmless.value is not None}
    if len(harmful) > 1:
        least, most = harmful[min(harmful)], harmful[max(harmful)]
        said.append(
            f"It notices {least.edit} least ({percent(least.above_harmless)} of {least.n_pairs} pairs) "
            f"and {most.edit} most ({percent(most.above_harmless)} of {most.n_pairs})."
        )
    harmless = [r for r in metric.responses if r.kind == "wording" and _cost(metric, r) > 0]
    if harmless:
        dearest = max(harmless, key=lambda r: _cost(metric, r))
        said.append(f"Of harmless edits {dearest.edit} changes it most for the worse ({change(dearest.change)} over {dearest.n} reports).")
    if metric.monotone.share.value is not None:
        said.append(f"One harmful edit more makes it worse in {_order(metric.monotone)}.")
    return " ".join([*said, _made(probe, metric)])


def number(value: float | None) -> str:
    """A value with four places after the point; a dash where there is none."""
    return "-" if value is None else f"{value:.4f}"


def change(estimate: Estimate | None) -> str:
    """A signed change with its interval."""
    if estimate is None or estimate.value is None:
        return "-"
    return f"{estimate.value:+.4f}{'' if estimate.low is None else f' [{estimate.low:+.4f}, {estimate.high:+.4f}]'}"


def percent(estimate: Estimate | None) -> str:
    """A share in percent with its interval."""
    if estimate is None or estimate.value is None:
        return "-"
    return f"{estimate.value:.0%}{'' if estimate.low is None or estimate.high is None else f' [{estimate.low:.0%}, {estimate.high:.0%}]'}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, their columns aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _head(probe: Probe) -> str:
    absent = [f"{edit} {n}" for edit, n in probe.applies.items() if n < probe.n]
    lines = [f"{probe.n} reports of {probe.reports}, {probe.n_clusters} clusters; change: edited minus unedited, as the metric counts"]
    if absent:
        lines.append(f"edits that do not apply to every report, and to how many they do: {', '.join(absent)}")
    return "\n".join(lines)


def _row(response: Response) -> list[str]:
    shown, above = response.change, response.above_harmless
    return [
        response.edit,
        response.kind,
        response.harm,
        str(response.n),
        "-" if shown.value is None else f"{shown.value:+.4f}",
        "" if shown.low is None else f"[{shown.low:+.4f}, {shown.high:+.4f}]",
        "" if above is None or above.value is None else f"{above.value:.1%} of {response.n_pairs}",
        "" if above is None or above.low is None or above.high is None else f"[{above.low:.1%}, {above.high:.1%}]",
    ]


def _verdict(share: Estimate) -> str:
    """What the interval of a sensitivity says; nothing where there is none."""
    if share.low is None or share.high is None:
        return ""
    if share.low > 0.5:
        return "harm costs more than wording: "
    return "wording costs more than harm: " if share.high < 0.5 else "harm is not told from wording: "


def _order(order: Order) -> str:
    return f"{percent(order.share)} of {order.n} pairs ({order.n_ties} ties, counted one half)"


def _cost(metric: MetricResponse, response: Response) -> float:
    return (response.change.value or 0.0) * (1 if metric.lower_is_better else -1)


def _made(probe: Probe, metric: MetricResponse) -> str:
    settings = probe.settings
    if not settings.draws:
        return f"(n = {metric.n} reports, no intervals.)"
    few = "; fewer than 30 clusters: do not lean on these intervals" if metric.n_clusters < 30 else ""
    made = f"{settings.level:.0%} percentile intervals of a bootstrap of clusters, B = {settings.draws}, seed {settings.seed}"
    return f"(n = {metric.n} reports, {metric.n_clusters} clusters; {made}{few}.)"
