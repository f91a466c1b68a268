"""`radbench rate`: rating studies, from a draft and runs to ratings."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from radbench.cli.options import CatalogOption, DataDirOption, JsonOption, data_roots, open_catalog
from radbench.cli.output import print_columns, print_json
from radbench.errors import ContentError

rate = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Rating studies: people judge the texts of systems, blind to who wrote them.",
)

StudyArgument: TypeAlias = Annotated[Path, typer.Argument(metavar="STUDY", help="The folder of a study.")]


@rate.command()
def create(
    draft: Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The draft of the study.")],
    runs: Annotated[list[Path], typer.Option("--runs", metavar="DIR", help="A run, or a folder that holds several; repeatable.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The new study's folder. [default: the draft's name]")] = None,
    catalog: CatalogOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a study from runs and freeze it, with a secret link for each rater."""
    from radbench.folder import find_runs
    from radbench.ratings.studies.creating import create as make
    from radbench.ratings.studies.draft import read_draft

    cards = open_catalog(catalog)
    roots = data_roots(cards, data_dir)
    wanted = read_draft(draft)
    found = [folder for path in runs for folder in find_runs(path)]
    if empty := [path for path in runs if not find_runs(path)]:
        raise ContentError(f"{empty[0]} holds no run: name a run folder, or one that holds several")
    place = out or draft.with_suffix("")
    folder, study = make(wanted, found, cards, roots, place)
    _tell_made(folder.path, study.hash, {r: len(order) for r, order in study.orders.items()}, study.notes, as_json=as_json)


@rate.command()
def serve(
    study: StudyArgument,
    host: Annotated[str, typer.Option("--host", help="The address to listen at; nobody else reaches 127.0.0.1.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 8613,
) -> None:
    """Serve the rating pages, each rater's behind a secret link, until Ctrl-C."""
    from radbench.ratings.studies.export import Opened
    from radbench.ratings.studies.server import Pages, bind
    from radbench.ratings.studies.server import serve as run
    from radbench.terms import is_local

    opened = Opened.at(study)
    pages = Pages(opened.folder, opened.study, opened.store)
    listening = bind(host, port, opened.study.access)
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{listening.getsockname()[1]}"
    sys.stdout.write(f"serving at {base}; a rater's address is that and the line in {opened.folder.links}/RATER\n")
    if not is_local(base):
        sys.stdout.write("this is plain HTTP: put a proxy that speaks TLS in front of it\n")
    sys.stdout.flush()
    run(pages, listening)


@rate.command("rate")
def rate_here(study: StudyArgument, rater: Annotated[str, typer.Option("--rater", help="Whose pages.")]) -> None:
    """Rate at this terminal, without images; the same pages and answers as on the web."""
    from radbench.ratings.studies.desk import Desk
    from radbench.ratings.studies.export import Opened
    from radbench.ratings.studies.terminal import rate as go

    opened = Opened.at(study)
    if not go(Desk(opened.study, opened.store, rater), input, _say):
        raise typer.Exit(1)


@rate.command()
def status(study: StudyArgument, as_json: JsonOption = False) -> None:
    """Say how far each rater is, and what was done to the study; exit 1 while pages are unanswered."""
    from radbench.ratings.studies.export import Opened

    opened = Opened.at(study)
    answers = opened.store.answers()
    done = Counter(record.rater for record in answers)
    last = {record.rater: record.time for record in opened.store.history()}
    rows = [{"rater": r, "answered": done[r], "pages": len(order), "last": last.get(r, "")} for r, order in opened.study.orders.items()]
    events = [{"event": event.kind, "time": event.time, **event.about} for event in opened.store.events()]
    if as_json:
        about = {"study": opened.study.hash, "mode": opened.study.draft.mode, "is_blind": opened.systems is None}
        print_json({**about, "raters": rows, "events": events})
    else:
        print_columns([["rater", "answered", "pages", "last"], *([str(value) for value in row.values()] for row in rows)])
        for event in events:
            sys.stdout.write("  ".join(f"{name}={value}" for name, value in event.items()) + "\n")
    if sum(done.values()) < sum(len(order) for order in opened.study.orders.values()):
        raise typer.Exit(1)


@rate.command()
def export(
    study: StudyArgument,
    out: Annotated[Path, typer.Option("--out", metavar="PATH", help="The file to write; of rexval, the folder.")],
    fmt: Annotated[
        Literal["long", "rexval", "spans"], typer.Option("--format", help="The long table, ReXVal's two files, or marked spans.")
    ] = "long",
    texts: Annotated[bool, typer.Option("--texts", help="With the rated texts and references, in the long table.")] = False,
) -> None:
    """Write the answers; until unblinding a system is the code of its text."""
    from radbench.ratings.files import write
    from radbench.ratings.studies import export as exporting

    opened = exporting.Opened.at(study)
    written = [out]
    out.parent.mkdir(parents=True, exist_ok=True)
    match fmt:
        case "long":
            write(exporting.ratings(opened), out, with_texts=texts)
        case "rexval":
            written = exporting.rexval(opened, out)
        case "spans":
            with out.open("w", encoding="utf-8", newline="") as file:
                exporting.spans(opened, file)
    for path in written:
        sys.stdout.write(f"wrote {path}\n")


@rate.command("import")
def import_(
    study: StudyArgument, file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A long table of the same study.")]
) -> None:
    """Bring back answers that were given to a copy of the study and exported as a long table."""
    from radbench.ratings.formats import read_ratings
    from radbench.ratings.studies.export import Opened
    from radbench.ratings.studies.importing import import_ratings

    new, known = import_ratings(Opened.at(study), read_ratings(file, "long"))
    sys.stdout.write(f"{new} answers imported, {known} were there already\n")


@rate.command()
def unblind(
    study: StudyArgument,
    by: Annotated[str, typer.Option("--by", help="Who unblinds; stays in the study's log.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; stays in the study's log.")] = "",
) -> None:
    """Name the systems in exports and analyses from now on. It cannot be taken back."""
    from radbench.ratings.studies.export import unblind as open_up
    from radbench.ratings.studies.study import StudyFolder

    if not by.strip():
        raise ContentError("--by: say who unblinds the study")
    opened = open_up(StudyFolder(study), by, reason)
    names = sorted(set((opened.systems or {}).values()))
    sys.stdout.write(f"unblinded by {by}, as the study's log says; systems: {', '.join(names)}\n")


@rate.command()
def adjudicate(
    study: StudyArgument,
    threshold: Annotated[float, typer.Option("--threshold", min=0, help="Spread of a criterion above which raters disagree.")],
    rater: Annotated[list[str], typer.Option("--rater", metavar="ID[,YEARS[,SUBSPECIALTY]]", help="An adjudicator; repeatable.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new study's folder.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the order.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a blind study of the items that raters disagree on; the first study stays as it is."""
    from radbench.ratings.studies.adjudication import adjudicate as make
    from radbench.ratings.studies.draft import read_rater
    from radbench.ratings.studies.export import Opened

    folder, made = make(Opened.at(study), threshold, [read_rater(text) for text in rater], out, seed)
    _tell_made(folder.path, made.hash, {r: len(order) for r, order in made.orders.items()}, made.notes, as_json=as_json)


@rate.command()
def analyse(
    study: StudyArgument,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Bootstrap draws and sign flips.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of both.")] = 0,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.999, help="Of intervals.")] = 0.95,
    as_json: JsonOption = False,
) -> None:
    """Agreement, repeats, controls and sides; once unblinded, the systems."""
    from radbench.ratings.studies import telling
    from radbench.ratings.studies.analysis import Settings
    from radbench.ratings.studies.analysis import analyse as make
    from radbench.ratings.studies.export import Opened

    found = make(Opened.at(study), Settings(draws, seed, level))
    if as_json:
        print_json(telling.as_json(found))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in telling.as_text(found)))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _tell_made(path: Path, study_hash: str, pages: dict[str, int], notes: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        raters = [{"rater": rater, "pages": count, "link": str(path / "links" / rater)} for rater, count in pages.items()]
        print_json({"study": str(path), "hash": study_hash, "raters": raters, "notes": notes})
        return
    sys.stdout.write(f"{path}: frozen as {study_hash}\n")
    for rater, count in pages.items():
        sys.stdout.write(f"  {rater}: {count} pages, secret link in {path / 'links' / rater}\n")
    for note in notes:
        sys.stdout.write(f"  {note}\n")
