"""Reporting checklists, filled in as far as a board's runs tell; the rest is marked as a gap for the authors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import yaml

from radbench.leaderboard.cells import Asked
from radbench.leaderboard.printing.reading import footnotes
from radbench.paper.facts import Facts, alike, fact, generation, sizes, weights
from radbench.paper.methods import GAP, days

NAMES: Final = ("claim-2024", "mi-clear-llm")
_SOFTWARE: Final = {"python", "radbench", "torch", "transformers", "numpy", "nltk", "pydicom", "nibabel", "pillow", "openai"}
_AUTHORS: Final = "to be written by the authors"


def checklist(name: str, facts: Facts) -> str:
    """One of NAMES in Markdown: an item a line, ticked where the runs tell all of it."""
    card: dict[str, Any] = yaml.safe_load((files("radbench.paper") / "checklists" / f"{name}.yaml").read_text("utf-8"))
    known = _known(facts)
    paraphrased = "Paraphrased: what an item asks is told in radbench's words, and those of the source count."
    lines = [f"# {card['title']}", "", f"Source: {card['source']}. {card['numbering']} {paraphrased} Ticked: the runs tell all of it.", ""]
    for item in card["items"]:
        said = known.get(item.get("known", ""), "")
        gap = item.get("gap", "") if said else _AUTHORS if "known" in item else item.get("gap", _AUTHORS)
        answer = " ".join(filter(None, (said, f"{GAP}: {gap}." if gap else "")))
        lines.append(f"- [{' ' if GAP in answer else 'x'}] {item['id']}. {item['about']}. {answer}")
    return "\n".join(lines) + "\n"


def _known(facts: Facts) -> Mapping[str, str]:
    """What the runs tell, by the names that checklists use; "" where there is nothing to tell."""
    return {name: " ".join(sentences) for name, sentences in {**_of_data(facts), **_of_models(facts), **_of_results(facts)}.items()}


def _of_data(facts: Facts) -> dict[str, list[str]]:
    told: list[tuple[str, str, str]] = []
    for task, parts in facts.by_task.items():
        run, summary = parts[0].run, parts[0].summary
        ask, how, counts = run.task_card["ask"], summary.intervals, summary.counts
        chosen = "; ".join(f"{name} {', '.join(kept)}" for name, kept in ask.get("select", {}).items())
        trained = f"; the {ask['train']} split is used for {uses}" if ask.get("train") and (uses := _uses_of_train(parts)) else ""
        said = {
            "data": f"{run.data.name}, {run.data.access}",
            "selection": f"only {chosen}" if chosen else "all samples of the split",
            "images": " of ".join(filter(None, (fact(run.task_card, "modality"), fact(run.task_card, "region")))),
            "split": f"split {run.data.split}{trained}",
            "clusters": f"intervals are by {how['cluster']}",
            "size": sizes(parts),
            "flow": f"{run.model}: {counts.n_total} cases, {counts.n_scored} scored, {counts.n_excluded} excluded; others in failures.csv",
            "subgroups": f"results by {', '.join(summary.score['subgroups'])}" if summary.score.get("subgroups") else "",
        }
        told += [(name, task, words) for name, words in said.items()]
    return _alike(told)


def _uses_of_train(parts: Sequence[Asked]) -> str:
    """What the training split of a task was taken for."""
    shots = any(part.run.task_card["ask"]["shots"] for part in parts)
    learners = [part.run.model for part in parts if part.run.identity.get("learned")]
    learnt = [f"learning by {', '.join(dict.fromkeys(learners))}"] if learners else []
    return " and ".join([*(["solved examples"] if shots else []), *learnt])


def _of_models(facts: Facts) -> dict[str, list[str]]:
    told: list[tuple[str, str, str]] = []
    for name, parts in facts.models.items():
        card, own = parts[0].run.model_card, [part for part in parts if not part.is_imported]
        settings = alike(generation(part) or "defaults of its family" for part in own)
        attempts = max(part.run.settings.repeats for part in parts)
        said = {
            "models": str(card.get("title", name)),
            "dates": days(own) if own else "",
            "randomness": f"{settings}, {attempts} attempt{'' if attempts == 1 else 's'} a case" if own else "",
            "preprocessing": ", ".join(f"{key} {value}" for key, value in (card.get("options", {}).get("preprocessing") or {}).items()),
            "weights": alike(map(weights, own)),
            "trained": f"see {fact(card, 'paper')}" if fact(card, "paper") else "",
        }
        if name in facts.imported:
            elsewhere = f"predictions made elsewhere ({GAP})"
            said |= {item: "; ".join(filter(None, (said[item], elsewhere))) for item in ("dates", "randomness")}
        told += [(item, name, words) for item, words in said.items()]
    for line in facts.board.lines:
        known = sorted({cell.exposure for cell in line.cells if cell}) if line.kind == "model" else []
        told.append(("exposure", line.name, ", ".join(known)))
    return _alike(told)


def _alike(told: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Sentences by what they tell; what is said of many, in the same words, is said once. Of (what, of whom, words)."""
    found: dict[str, dict[str, list[str]]] = {}
    for what, who, words in told:
        if words:
            found.setdefault(what, {}).setdefault(words, []).append(who)
    return {what: [f"{', '.join(of)}: {words}." for words, of in said.items()] for what, said in found.items()}


def _of_results(facts: Facts) -> dict[str, list[str]]:
    if not facts.runs:
        return {}
    versions = {f"{name} {v}": None for part in facts.runs.values() for name, v in part.run.versions.items() if name in _SOFTWARE}
    failed = sum(part.summary.counts.n_failed for part in facts.runs.values())
    controls = [part.run.model for id_, part in facts.runs.items() if facts.kinds[id_] == "control"]
    elsewhere = [f"{GAP}: those of {', '.join(facts.imported)}, whose predictions were made elsewhere."] if facts.imported else []
    follow_ups = f", but for follow-up questions of {', '.join(sorted(facts.follow_ups))}" if facts.follow_ups else ""
    licences = [f"{name}: {fact(parts[0].run.model_card, 'licence')}." for name, parts in facts.models.items()]
    return {
        "software": [f"{', '.join(versions)}; all others in settings.json."] if versions else [],
        "metrics": ["Signatures of all values stand under the table."],
        "statistics": [
            f"{note}."
            for note in footnotes(facts.board)
            if note.startswith(("intervals", "fewer than", "n (clusters)")) or note in facts.board.tests
        ],
        "missing": ["What a case without a readable answer counts as stands in each metric's signature; counts in failures.csv."],
        "controls": [f"Controls with changed images: {', '.join(dict.fromkeys(controls))}."] if controls else [],
        "results": ["Table and figures of this bundle."],
        "failures": [f"{failed} cases without a reply; failures.csv, cases.md."],
        "protocol": ["settings.json and prompts.md of this bundle."],
        "prompts": [*(["prompts.md of this bundle."] if facts.asked else []), *elsewhere],
        "sessions": [*([f"Each case in a conversation of its own{follow_ups}."] if facts.asked else []), *elsewhere],
        "availability": [*(licence for licence in licences if not licence.endswith(": ."))],
    }
