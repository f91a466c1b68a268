"""The methods paragraph of a paper, written from the settings of the runs behind a board; what nobody recorded is marked as a gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from radbench.catalog.components import canonical
from radbench.certificates import read_certificate
from radbench.leaderboard.cells import Asked, Cell
from radbench.leaderboard.printing.reading import EXPOSED, footnotes
from radbench.metrics.base import Metric
from radbench.paper.facts import Facts, Judging, alike, fact, generation, paper_of_model, scored_as, sizes, weights

GAP: Final = "**GAP**"


def methods(facts: Facts, radbench: str) -> str:
    """Paragraphs in Markdown with pandoc's citations, whose entries stand in the bundle's references.bib."""
    paragraphs = {
        "Data": _data(facts),
        "Models": _models(facts),
        "Asking": _asking(facts),
        "Metrics": _metrics(facts),
        "Annotators and judges": _judges(facts),
        "Statistics and what is missing": _statistics(facts, radbench),
    }
    parts = [f"## {title}\n\n{' '.join(sentences)}" for title, sentences in ((t, list(s)) for t, s in paragraphs.items()) if sentences]
    return "\n\n".join([f"# Methods: {facts.board.title}", *parts]) + "\n"


def _data(facts: Facts) -> Iterator[str]:
    if cited := facts.cited(facts.board.card.about.paper):
        yield f"The tasks are those of {facts.board.title}{cited}."
    for task, parts in facts.by_task.items():
        first = parts[0]
        run, ask = first.run, first.run.task_card["ask"]
        chosen = "; ".join(f"{name} {', '.join(kept)}" for name, kept in ask.get("select", {}).items())
        yield (
            f"{run.task_card['title']} (`{task}`{facts.cited(fact(run.task_card, 'paper'))}): {sizes(parts)} (unit: {ask['unit']}; "
            f"clusters: by {first.summary.intervals['cluster']}) of the {run.data.split} split of {run.data.name}"
            f"{f', of which only {chosen}' if chosen else ''}; access: {run.data.access}; licence: {fact(run.task_card, 'licence') or GAP}."
        )
        notes = {note: None for part in parts for note in part.run.media_notes}
        if notes:
            yield f"Readers of its images remarked: {'; '.join(notes)}."


def _models(facts: Facts) -> Iterator[str]:
    for name, parts in facts.models.items():
        card = parts[0].run.model_card
        title = str(card.get("title", name))
        known = [
            alike(map(_made_by, parts)),
            f"parameters: {fact(card, 'parameters') or GAP}",
            f"weights: {alike(map(weights, parts)) or GAP}",
            _exposure(facts, name),
        ]
        yield f"{f'{title}, ' if title != name else ''}`{name}`{facts.cited(fact(card, 'paper'))} ({'; '.join(known)})."
    for kind, what in (("baseline", "Baselines, as floors"), ("control", "Controls with changed images")):
        found = {_titled(part): None for id_, part in facts.runs.items() if facts.kinds[id_] == kind}
        if found:
            yield f"{what}: {'; '.join(sorted(found))}."
    for source, names in facts.sources.items():
        yield f"Numbers of {', '.join(names)} are as reported, not reproduced: {source}{facts.cited(source)}."


def _titled(part: Asked) -> str:
    images = part.run.settings.images
    return f"{part.run.model_card.get('title', part.run.model)} (`{part.run.model}`{f', images {images}' if images != 'real' else ''})"


def _exposure(facts: Facts, model: str) -> str:
    """What the model saw of the data, as its card states it; task by task where that differs."""
    found: dict[str, dict[str, None]] = {}
    for part, cell in _cells(facts, model):
        found.setdefault(EXPOSED[cell.exposure], {})[f"`{part.run.task}`"] = None
    return "; ".join(f"{seen} ({', '.join(tasks)})" if len(found) > 1 else seen for seen, tasks in found.items())


def _made_by(part: Asked) -> str:
    return "predictions made elsewhere" if part.is_imported else f"family {part.run.model_card['family']}"


def _asking(facts: Facts) -> Iterator[str]:
    ways: dict[str, dict[str, None]] = {}
    for task, parts in facts.asked.items():
        follow = ", follow-up questions after the model's own answers" if task in facts.follow_ups else ""
        for part in parts:
            ask, n = part.run.task_card["ask"], part.run.settings.repeats
            shots = f"after {ask['shots']} solved examples of other clusters" if ask["shots"] else "without solved examples"
            often = "once" if n == 1 else f"{n} times"
            said = f"answers are {ask['answer']}, asked {shots}, {often} a case, each case in a conversation of its own{follow}"
            ways.setdefault(said, {})[f"`{task}`"] = None
    yield from (f"{', '.join(tasks)}: {said}." for said, tasks in ways.items())
    asked_with: dict[tuple[str, str], list[str]] = {}
    for name, parts in facts.models.items():
        if own := [part for part in parts if not part.is_imported]:
            said = alike(generation(part) or "the family's defaults" for part in own)
            asked_with.setdefault((said, days(own)), []).append(f"`{name}`")
    for (said, when), names in asked_with.items():
        yield f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} asked with {said}, {when}."
    yield from _elsewhere(facts)
    if facts.asked:
        yield "Prompts stand verbatim in prompts.md, all settings in settings.json."


def _elsewhere(facts: Facts) -> Iterator[str]:
    """Of predictions made elsewhere: that nobody recorded how, and what their makers state."""
    if not facts.imported:
        return
    parts = [part for found in facts.imported.values() for part in found]
    names = [f"`{name}`" for name in facts.imported]
    yield (
        f"Predictions of {', '.join(names)} were made elsewhere and read from files, {days(parts)}: {GAP}, when and how "
        f"{'this model was' if len(names) == 1 else 'these models were'} asked, with which prompts and settings."
    )
    for name, found in facts.imported.items():
        if stated := list(found[0].run.model_card.get("about", {}).get("notes", ())):
            yield f"Of `{name}` its makers state, unverified: {'; '.join(note.rstrip('.') for note in stated)}."


def days(parts: Sequence[Asked]) -> str:
    """The first and the last day of some runs."""
    found = sorted({moment[:10] for part in parts for moment in (part.run.started, part.run.ended) if moment})
    return " to ".join(dict.fromkeys((found[0], found[-1])))


def _metrics(facts: Facts) -> Iterator[str]:
    printed: dict[str, dict[str, None]] = {}
    for line in facts.board.lines:
        for part in (part for cell in line.cells if cell for part in cell.parts):
            printed.setdefault(scored_as(part), {})[f"`{part.value.id}`"] = None
    families: dict[str, list[str]] = {}
    for how, metric in facts.metrics.items():
        families.setdefault(metric.name, []).append(how)
    for ways in families.values():
        values = list(dict.fromkeys(value for how in ways for value in printed[how]))
        yield metric_sentence(facts.metrics[ways[0]], values, ways, facts)


def metric_sentence(metric: Metric, values: Sequence[str], signatures: Sequence[str], facts: Facts) -> str:
    """What some values are, after which works, how they were made, and what a missing answer counts as."""
    title = next((entry.title for entry in facts.catalog.entries("metrics") if entry.name == canonical(metric.name)), "").rstrip(".")
    scope = f" (made for {metric.scope})" if metric.scope != "any" else ""
    missing = "counts as the worst value" if metric.when_missing == "worst" else "is left out"
    signed = "; ".join(f"`{how}`" for how in signatures)
    said = f": {title}" if title else ""
    return (
        f"{', '.join(values)} of the metric {metric.name}{facts.cited(*metric.papers)}{scope}{said}. Signed {signed}; "
        f"a case without a readable answer {missing}."
    )


def _judges(facts: Facts) -> Iterator[str]:
    for who, days in facts.judges.items():
        card = facts.catalog.model(who.name) if facts.catalog.has("adapters", who.name) else None
        about = f"{card.title}; " if card else ""
        yield (
            f"`{who.name}` ({about}identity {who.identity}, {_certified(facts, who)}){facts.cited(paper_of_model(who.name, facts.catalog))}"
            f"{_served(who, days)}."
        )


def _served(who: Judging, days: Sequence[str]) -> str:
    """Where and when an annotator answered: one that runs here is told by its identity alone."""
    if not who.served:
        return ""
    when = f"on {days[0]}" if len(days) == 1 else f"between {days[0]} and {days[-1]}" if days else f"on {GAP}, days not recorded"
    return f", served as {who.served}, answered {when}"


def _certified(facts: Facts, who: Judging) -> str:
    """Whether an annotator's weights were verified, as a certificate beside the runs says."""
    for out in dict.fromkeys(part.folder.path.parents[2] for part in facts.runs.values() if len(part.folder.path.parts) > 2):
        found = read_certificate(out, who.name, who.identity)
        if found is not None:
            outcome = "passed" if found.passed else "failed"
            return f"verified on {found.date[:10]}: {outcome}, {len(found.checks)} checks, {found.n_published} of them on published outputs"
    return "not verified"


def _statistics(facts: Facts, radbench: str) -> Iterator[str]:
    has_own = any(cell is not None and cell.parts for line in facts.board.lines for cell in line.cells)
    own = f"Numbers of our own were computed by radbench {radbench}" if has_own else "All numbers are as others report them"
    yield f"{own}. What stands under the table:"
    yield "\n\n" + "\n".join(f"- {note}." for note in footnotes(facts.board))


def _cells(facts: Facts, model: str) -> Iterator[tuple[Asked, Cell]]:
    for line in facts.board.lines:
        for cell in line.cells:
            if cell and line.kind == "model":
                yield from ((one, cell) for one in cell.runs if one.run.model == model)
