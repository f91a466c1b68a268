"""`radbench show`: one card, one component, one run or one of its samples, or the JSON schemas of radbench's files."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from radbench.catalog import CARD_KINDS, COMPONENT_KINDS, CardKind, Catalog, ComponentKind
from radbench.cli.options import CatalogOption, JsonOption, OutOption, open_catalog, out_folder
from radbench.cli.output import print_columns, print_json
from radbench.errors import RunError, UnknownNameError

if TYPE_CHECKING:
    from radbench.records import Prediction
    from radbench.sample import Sample


def show(
    name: Annotated[str, typer.Argument(help="A task, model, board, metric, data set, protocol; a run's folder or id; or `schema`.")],
    sample: Annotated[str | None, typer.Argument(help="With a run: the id of one of its samples.")] = None,
    catalog: CatalogOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one card or component with its options; of a run, what was asked and said; of `schema`, the files' schemas."""
    if name == "schema":
        print_json(_schemas())
        return
    if run := _run_folder(name, out_folder(out)):
        _show_run(run, sample, as_json)
        return
    cards = open_catalog(catalog)
    found = [_card(cards, kind, name) for kind in CARD_KINDS if cards.has(kind, name)]
    found += [_component(cards, kind, name) for kind in COMPONENT_KINDS if cards.has(kind, name)]
    if not found:
        known = [known for kind in (*CARD_KINDS, *COMPONENT_KINDS) for known in cards.names(kind)]
        raise cards.unknown("card, component or run", name, known, "radbench ls tasks|models|metrics|datasets|protocols|boards|runs")
    if as_json:
        print_json(found[0] if len(found) == 1 else found)
    else:
        sys.stdout.write("\n".join(_text(item) for item in found))


def _card(catalog: Catalog, kind: CardKind, name: str) -> dict[str, Any]:
    from radbench.catalog.cards import TaskCard, ask_hash

    card = {"tasks": catalog.task, "adapters": catalog.model, "leaderboards": catalog.board}[kind](name)
    shown: dict[str, Any] = {
        "kind": kind,
        "name": card.name,
        "file": str(card.file),
        "card": card.model_dump(mode="json", exclude={"name"}),
    }
    return shown | ({"ask_hash": ask_hash(card)} if isinstance(card, TaskCard) else {})


def _component(catalog: Catalog, kind: ComponentKind, name: str) -> dict[str, Any]:
    from radbench.catalog.options import keywords
    from radbench.leaderboard.printing.bibtex import Bibliography

    component = catalog.component(kind, name)
    options = [
        {"name": key, "type": _type(p.annotation), "default": "required" if p.default is p.empty else repr(p.default)}
        for key, p in keywords(component).items()
    ]
    module = sys.modules[component.__module__]
    found = {"kind": kind, "name": name, "file": str(module.__file__), "doc": _docs(module, component), "options": options}
    return found | ({"cite": str(Bibliography.of(component.papers))} if getattr(component, "papers", ()) else {})  # type: ignore[attr-defined]  # seen to be there


def _docs(module: object, component: object) -> str:
    return "\n\n".join(text for text in (inspect.getdoc(module), inspect.getdoc(component)) if text)


def _type(annotation: object) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else str(inspect.formatannotation(annotation))


def _text(item: dict[str, Any]) -> str:
    """A card as its file has it; a component as its docstrings and options."""
    head = f"{item['kind']}: {item['name']}  ({item['file']})\n\n"
    if "card" in item:
        hashed = f"\nask hash: {item['ask_hash']}\n" if "ask_hash" in item else ""
        return head + Path(item["file"]).read_text("utf-8") + hashed
    rows = [f"  {o['name']}: {o['type']} = {o['default']}" for o in item["options"]]
    return (
        f"{head}{item['doc']}"
        + "\n\nOptions:\n"
        + "\n".join(rows or ["  none"])
        + "\n"
        + (f"\nCite:\n{item['cite']}" if "cite" in item else "")
    )


def _run_folder(name: str, out: Path) -> Path | None:
    """The folder of a run, by path, or by its id (or the beginning of it) below `out`."""
    path = Path(name)
    if (path / "run.json").is_file():
        return path
    if len(name) < 4 or not all(c in "0123456789abcdef" for c in name):
        return None
    found = [run.parent for run in out.glob(f"*/*/{name}*/run.json")]
    if len(found) > 1:
        raise RunError(f"`{name}` is the beginning of several runs: {', '.join(map(str, found))}; write more of it.")
    return found[0] if found else None


def _show_run(path: Path, sample_id: str | None, as_json: bool) -> None:
    from radbench.folder import RunFolder, read_lines, to_line
    from radbench.records import Prediction

    folder = RunFolder(path)
    run = folder.read_run()
    if sample_id is None:
        print_json(run.model_dump(mode="json"))
        return
    samples = {record.id: record for record in folder.iter_samples()}
    if sample_id not in samples:
        raise UnknownNameError("sample", sample_id, samples, f"{folder.samples}")
    sample = samples[sample_id]
    said = [p for p in read_lines(folder.predictions, Prediction) if p.sample_id == sample_id and p.key in sample.keys]
    asked_of = {"card": run.model, **run.identity}
    shown = {"sample": json.loads(to_line(sample)), "asked_of": asked_of, "predictions": [json.loads(to_line(p)) for p in said]}
    if as_json:
        print_json(shown)
        return
    _print_pairs(shown["sample"])
    sys.stdout.write("\n--- asked of\n")
    _print_pairs({key: value for key, value in asked_of.items() if key != "system" and value != ""})
    if system := run.model_card.get("options", {}).get("system"):
        sys.stdout.write(f"\n--- system, before each request\n{system}\n")
    for prediction in said:
        _print_prediction(prediction)
        if run.task_card["ask"]["protocol"] == "report" and isinstance(prediction.output, str):
            _show_signs(sample, prediction.output)


def _print_pairs(record: Mapping[str, Any]) -> None:
    print_columns([[key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)] for key, value in record.items()])


def _print_prediction(prediction: Prediction) -> None:
    """What was sent and what came back; of ranked options the likeliest first."""
    tokens = f"{prediction.tokens.prompt} + {prediction.tokens.output} tokens" if prediction.tokens else ""
    ended = "" if prediction.finish_reason == "stop" else f"ended: {prediction.finish_reason}"
    about = ", ".join(filter(None, (prediction.served_model, prediction.asked, tokens, f"{prediction.seconds:.1f} s", ended)))
    sys.stdout.write(f"\n--- sent (repeat {prediction.repeat})\n{prediction.prompt}\n")
    if prediction.reasoning:
        sys.stdout.write(f"--- reasoning\n{prediction.reasoning}\n")
    if prediction.error:
        sys.stdout.write(f"--- error ({about})\n{prediction.error}\n")
        return
    sys.stdout.write(f"--- said ({about})\n")
    output = prediction.output
    if isinstance(output, Mapping):
        print_columns([[option, f"{score:.4f}"] for option, score in sorted(output.items(), key=lambda pair: -pair[1])])
    else:
        sys.stdout.write(f"{output if isinstance(output, str) else json.dumps(output, default=repr, ensure_ascii=False)}\n")


def _show_signs(sample: Sample, report: str) -> None:
    """What in a report is to be looked at, by its words alone."""
    from radbench.metrics.hallucination import spans
    from radbench.sample import Case, Text

    found = spans(Case(sample, Text(report)))
    if found:
        sys.stdout.write("--- to look at\n")
        print_columns([[span.kind, report[span.start : span.end]] for span in found])


def _schemas() -> dict[str, Any]:
    from radbench.catalog.cards import BoardCard, ModelCard, TaskCard
    from radbench.records import schemas

    cards = {
        "tasks/*.yaml": TaskCard.model_json_schema(),
        "adapters/*.yaml": ModelCard.model_json_schema(),
        "leaderboards/*.yaml": BoardCard.model_json_schema(),
    }
    return {**cards, **schemas()}
