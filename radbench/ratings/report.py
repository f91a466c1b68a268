"""What `correlate` found, for people: tables of text, and sentences that carry their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from radbench.ratings.anchoring import AnchoredModel, AnchoredPair, Anchors
from radbench.ratings.correlations import CEILING, Agreement, Correlations, Estimate, Level, MetricDifference
from radbench.records import FEW

LEVELS: Final[dict[Level, str]] = {"pooled": "texts, pooled", "within": "texts, within studies", "system": "systems"}
STATISTICS: Final = {
    "tau_b": "tau-b",
    "tau_c": "tau-c",
    "spearman": "Spearman",
    "pearson": "Pearson",
    "accuracy": "pair accuracy",
    "soft_accuracy": "soft pair accuracy",
    "mae": "mean |difference|",
}


def table(found: Correlations) -> str:
    """The tables of all levels, the notes under them, and the paragraph in words."""
    lines = [heading(found), ""]
    for level, title in LEVELS.items():
        if rows := list(_rows(found, level)):
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines += [title, *("  " + "  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in rows), ""]
    lines += [f"  {note}" for note in notes(found)]
    return "\n".join([*lines, "", words(found)]) + "\n"


def heading(found: Correlations) -> str:
    """What was rated, and by whom."""
    rating = f"{found.significance} {found.criterion}".strip()
    over = f"{found.settings.over_raters} of {_n(len(found.raters), 'rater')}" if len(found.raters) > 1 else "1 rater"
    studies = f"{_n(found.n_studies, 'study', 'studies')} ({_n(found.n_clusters, 'cluster')})"
    return f"{rating}: {_n(found.n, 'text')} of {studies} by {_n(found.n_systems, 'system')}, {over}"


def notes(found: Correlations) -> list[str]:
    """What a reader must know of the tables."""
    settings = found.settings
    turned = [metric.name for metric in found.metrics if metric.is_turned]
    sides = [f"the rating {found.criterion}"] if found.is_turned else []
    lines = ["Positive is agreement: higher is better on both sides."]
    if sides or turned:
        lines[0] += f" Less is better in {', '.join([*sides, *turned])}: their sign was changed."
    if settings.draws:
        drawn = f"{settings.draws} bootstrap draws of {found.n_clusters} study clusters, seed {settings.seed}"
        without = "; soft pair accuracy has none" if "system" in found.metrics[0].estimates else ""
        lines.append(f"Intervals: {settings.level:.0%}, percentile, {drawn}{without}.")
    if found.n_clusters < FEW:
        lines.append(f"Only {found.n_clusters} clusters: intervals are too narrow.")
    first = found.metrics[0]
    if "within" in first.estimates:
        dropped = ", ".join(f"{metric.name} {metric.n_constant}" for metric in found.metrics)
        lines.append(f"Within studies: of {first.n_studies} studies with several texts, those with a constant side are dropped: {dropped}.")
    ties = [f"{metric.name} {epsilon:.3g}" for metric in found.metrics if (epsilon := metric.epsilons["pooled"])]
    lines.append(
        f"Pair accuracy: differences of a metric count as ties up to {', '.join(ties) or '0 in all'} (pooled), chosen on these pairs."
    )
    lines += [f"{name}: no value of {n} rated texts, left out for all metrics." for name, n in found.left_out.items()]
    lines += [f"{name} takes no part: {reason}." for name, reason in found.not_measured.items()]
    return [*lines, *found.notes]


def words(found: Correlations) -> str:
    """One paragraph: what agrees most, how near it comes to a rater, what differs by more than chance."""
    level: Level = "pooled"
    name, settings = STATISTICS[found.settings.coefficient], found.settings
    ranked = [metric for metric in found.ordered(level) if not metric.is_control]
    defined = [metric for metric in ranked if _value(found, metric, level).value is not None]
    if not ranked:
        return "No metric takes part, only controls, so nothing can be said of any."
    if not defined:
        return f"No metric varies over the {_n(found.n, 'text')}, so none can agree with the rating."
    said = [f"On {heading(found).partition(': ')[2]}, {defined[0].name} agrees most with the rating ({name} {_shown(found, defined[0])})"]
    if len(defined) > 1:
        said[0] += f", {defined[-1].name} least ({_shown(found, defined[-1])})"
    if controls := [metric for metric in found.ordered(level) if metric.is_control]:
        said.append(
            f"Controls that know nothing of content reach {', '.join(f'{_shown(found, control)} ({control.name})' for control in controls)}"
        )
    if found.ceiling:
        alone = [value for rater in found.ceiling[:-1] if (value := _value(found, rater, level).value) is not None]
        across = f", between {min(alone):.2f} and {max(alone):.2f}" if alone else ""
        said.append(f"One rater against the others reaches {_shown(found, found.ceiling[-1])}{across}")
    else:
        said.append("With one rater there is no ceiling to hold this against")
    said += list(differing(found, level))
    made = f" ({settings.level:.0%} intervals of {settings.draws} draws, seed {settings.seed})" if settings.draws else ""
    return ". ".join(said) + f"{made}."


def anchored_text(found: Anchors) -> str:
    """The table of anchored models, their pairs, and what holds them up."""
    better = "lower" if found.lower_is_better else "higher"
    rows = [["model", f"{found.criterion} ({better} is better)", "by the ratings alone", "rated", "all", "one rating is worth"]]
    rows += [_anchored_row(one) for one in found.models]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{found.criterion} of each model, anchored in its ratings by {found.value} ({found.signature})", ""]
    lines += ["  " + "  ".join(f"{c:{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += ["", *(f"  {pair_words(pair, lower_is_better=found.lower_is_better)}" for pair in found.pairs), ""]
    lines += [
        f"  Intervals: {found.level:.0%}, Student's t by cluster; of pairs, wide enough for all {len(found.pairs)} together (Bonferroni).",
        "  This holds if the rated studies were drawn at random from the test set. Counts of further ratings take the true difference",
        "  for the one found, further studies for ones like those rated, and a power of 80%.",
    ]
    unscored = [f"{one.model} {one.n_unscored}" for one in found.models if one.n_unscored]
    lines += [f"  Samples without {found.value}, left out: {', '.join(unscored)}."] if unscored else []
    return "\n".join(lines) + "\n"


def pair_words(pair: AnchoredPair, *, lower_is_better: bool) -> str:
    """Whether two models are set apart, and what it would take."""
    one = pair.estimate
    if one.value != one.value:  # NaN
        return f"{pair.first} and {pair.second}: rated texts of {one.n_rated_clusters} clusters are too few to compare"
    numbers = f"{one.value:+.3g} [{one.low:+.3g}, {one.high:+.3g}], {one.n_rated} rated texts of {one.n_rated_clusters} clusters"
    if pair.is_separated:
        better, worse = (pair.first, pair.second) if (one.value < 0) == lower_is_better else (pair.second, pair.first)
        return f"{better} is better than {worse}: {pair.first} - {pair.second} = {numbers}"
    if pair.further is None:
        more = "no further ratings on this test set would set a difference of that size apart"
    else:
        more = f"{_n(pair.further, 'further rated cluster')} would set a difference of that size apart"
    return f"{pair.first} and {pair.second} are not set apart: {pair.first} - {pair.second} = {numbers}; {more}"


def _rows(found: Correlations, level: Level) -> Iterator[list[str]]:
    ranked = found.ordered(level)
    shown = [name for name in STATISTICS if any(name in metric.estimates[level] for metric in ranked)]
    if not ranked:
        return
    yield ["metric", *(STATISTICS[name] for name in shown)]
    for metric in ranked:
        title = f"{metric.name} (control)" if metric.is_control else metric.name
        yield [title, *(_cell(metric.of(level, name), name in metric.estimates[level]) for name in shown)]
    for rater in found.ceiling[-1:]:
        yield [f"({CEILING})", *(_cell(rater.of(level, name), name in rater.estimates.get(level, {})) for name in shown)]


def differing(found: Correlations, level: Level) -> Iterator[str]:
    """Sentences on the pairs of metrics that differ by more than chance, and on how many do not."""
    tested = [one for one in found.differences if one.level == level and one.p_adjusted is not None]
    if not tested:
        return
    alpha = 1 - found.settings.level
    sure = [one for one in tested if one.p_adjusted is not None and one.p_adjusted <= alpha + 1e-9]
    how = f"in {STATISTICS[found.settings.coefficient]} at {alpha:.2g} ({found.swaps} swaps of clusters, Holm)"
    said = f"Of {_n(len(tested), 'pair')} of metrics, {len(sure)} differ {how}"
    yield said + (f": {'; '.join(map(_difference, sure[:5]))}{' ...' if len(sure) > 5 else ''}" if sure else "")


def _difference(one: MetricDifference) -> str:
    value, low, high = (abs(x) if x is not None else 0.0 for x in (one.estimate.value, one.estimate.low, one.estimate.high))
    first, second = (one.first, one.second) if (one.estimate.value or 0) > 0 else (one.second, one.first)
    return (
        f"{first} over {second} by {value:.3f} [{min(low, high):.3f}, {max(low, high):.3f}], p {one.p:.4f}, adjusted {one.p_adjusted:.4f}"
    )


def _anchored_row(one: AnchoredModel) -> list[str]:
    e = one.estimate
    rated = f"{_n(e.n_rated, 'text')} of {_n(e.n_rated_clusters, 'cluster')}"
    if e.value != e.value:  # NaN
        return [one.model, "too few rated", "", rated, str(e.n), ""]
    alone = f"{e.rated_alone:.3f} (SE {e.rated_alone_se:.3f})"
    return [one.model, f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]", alone, rated, str(e.n), f"{e.worth:.2f}"]


def _value(found: Correlations, metric: Agreement, level: Level) -> Estimate:
    return metric.of(level, found.settings.coefficient)


def _shown(found: Correlations, metric: Agreement) -> str:
    return _cell(_value(found, metric, "pooled"), True)


def _cell(one: Estimate, is_there: bool) -> str:
    if not is_there:
        return ""
    if one.value is None:
        return "undefined"
    return f"{one.value:.3f}" if one.low is None or one.high is None else f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def _n(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"
