"""Runs and the models behind them: status and progress as they go, cards, hashes, what a folder lacks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from radbench.app import loading, tables
from radbench.app.controls import choice, picks, several, words
from radbench.app.frame import link, shown
from radbench.app.progress import Progress, progress
from radbench.app.states import no_runs
from radbench.app.texts import note, plain
from radbench.records import RunRecord, Summary

_UNREADABLE: Final = "unreadable"
_NONE: Final = "none"


def page() -> None:
    """The whole page."""
    st.title("Models and runs", anchor=False)
    runs = loading.runs()
    if not runs:
        no_runs("There is no run folder yet.")
        return
    _running()
    _faults(runs)
    _list(runs)
    by_id = {one.run.id: one for one in runs if one.run is not None}
    chosen = choice("Run", [_NONE, *by_id], "run", hint="its card, data, counts and versions; a click on a line of the list chooses it too")
    if chosen != _NONE and (run := by_id[chosen].run) is not None:
        _run(by_id[chosen], run)


def _status(one: loading.Read) -> str:
    if one.run is None:
        return _UNREADABLE
    return one.run.status if one.summary is not None or one.run.status == "running" else f"{one.run.status}, not scored"


@st.fragment(run_every=3)
def _running() -> None:
    """Runs that are not at their end, read again every few seconds."""
    runs = [(one, one.run) for one in loading.runs() if one.run is not None]
    going = [(one, run) for one, run in runs if run.status == "running"]
    st.subheader(f"Under way: {len(going)}", anchor=False)
    for one, run in going:
        far = progress(one.folder, run, [other for _, other in runs])
        st.progress(far.share, text=plain(f"{run.model} on {run.task}: {_far(far)}"))


def _far(far: Progress) -> str:
    wanted = f" of {far.n_wanted}" if far.n_wanted is not None else ""
    idle = "" if far.idle_s is None or far.idle_s < 120 else f"; no reply for {far.idle_s / 60:.0f} min: it may have been stopped"
    return f"{far.n_replies}{wanted} replies{idle}"


def _faults(runs: Sequence[loading.Read]) -> None:
    """Folders that cannot be read or were not scored, each with its reason."""
    bad = [one for one in runs if one.fault and not (one.run is not None and one.run.status == "running")]
    if bad:
        rows: list[tables.Row] = [[one.folder.name, tables.Entry(one.fault, is_text=True)] for one in bad]
        folders = f"{len(bad)} folder{'s' if len(bad) > 1 else ''}"
        tables.table(f"{folders} that boards leave out, and why", ["Folder", "Reason"], rows)


def _list(runs: Sequence[loading.Read]) -> None:
    import pandas as pd

    st.subheader(f"All runs: {len(runs)}", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = words("Find a run", "find").strip().casefold()
        statuses = several("Status", sorted({_status(one) for one in runs}), "status", hint="none chosen: all")
    rows = [_row(one) for one in runs if not statuses or _status(one) in statuses]
    rows = [row for row in rows if any(text in str(value).casefold() for value in row.values())]
    note(f"{len(rows)} of {len(runs)} runs")
    if rows:
        alt = f"{len(rows)} runs with task, model, status, counts, dates and ids"
        frame = pd.DataFrame.from_records(rows)
        texts = frame.select_dtypes(exclude="number").columns
        key = f"all-runs {text} {statuses}"  # a selection is of a row, whatever lies there: another list starts without one
        st.dataframe(
            frame.fillna(dict.fromkeys(texts, "")),
            hide_index=True,
            key=key,
            alt=alt,
            placeholder="--",
            on_select=picks(key, "run", [_NONE if row["status"] == _UNREADABLE else row["run"] for row in rows]),
            selection_mode="single-row",
        )
        note("A click at the left end of a line shows the run below.")
    counts = Counter(_status(one) for one in runs)
    note(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))


def _row(one: loading.Read) -> dict[str, Any]:
    run, summary = one.run, one.summary
    if run is None:
        return {"task": "", "model": "", "status": _UNREADABLE, "run": one.folder.path.name}
    about = run.model_card.get("about", {})
    counts: dict[str, int | None] = {"n": None, "failed": None, "unparsed": None}
    if summary is not None:
        counts = {"n": summary.counts.n_total, "failed": summary.counts.n_failed, "unparsed": summary.counts.n_unparsed}
    return {
        "task": run.task,
        "model": run.model,
        "status": _status(one),
        "run": run.id,
        **counts,
        "images": run.settings.images,
        "repeats": run.settings.repeats,
        "data": run.data.name,
        "access": run.data.access,
        "licence": str(about.get("licence") or "unstated"),
        "parameters": str(about.get("parameters") or "unstated"),
        "started": run.started,
        "seconds": round(run.seconds, 1),
    }


def _run(one: loading.Read, run: RunRecord) -> None:
    st.subheader(plain(f"{run.model} on {run.task}"), anchor=False)
    with st.container(horizontal=True):
        link("task", f"{run.task} in parts", {"task": run.task})
        link("samples", f"Samples of {run.task}", {"task": run.task})
    facts: list[tables.Row] = [[name, tables.Entry(text, is_text=True)] for name, text in _facts(one, run)]
    tables.table(f"Run {run.id}", ["fact", "value"], facts)
    if one.summary is not None:
        _values(one.summary)
    for title, card in (
        ("The model's card as it was used", run.model_card),
        ("What the loaded model says of itself", run.identity),
        ("The task's card as it was used", run.task_card),
    ):
        tables.block(title, json.dumps(card, indent=1, ensure_ascii=False))
    tables.block("Versions of packages", "\n".join(f"{name} {version}" for name, version in run.versions.items()))


def _facts(one: loading.Read, run: RunRecord) -> list[tuple[str, str]]:
    about = run.model_card.get("about", {})
    trained = about.get("trained_on", {})
    facts = [
        ("folder", str(one.folder.path)),
        ("status", " ".join(filter(None, (run.status, run.message, one.fault)))),
        ("asked", f"{run.data.name}, split {run.data.split}, {run.data.n_samples} samples, {run.data.access}"),
        ("ask hash", run.ask_hash),
        ("settings", ", ".join(f"{name} {value}" for name, value in run.settings.model_dump().items())),
        ("licence of the model", str(about.get("licence") or "unstated")),
        ("trained on", "; ".join(f"{name}: {', '.join(splits) or 'nothing'}" for name, splits in trained.items()) or "unstated"),
        ("tested", str(about.get("tested") or "unstated")),
        ("started, ended", f"{run.started}, {run.ended or 'not yet'}; {run.seconds:.1f} s"),
        ("hardware", ", ".join(f"{name} {value}" for name, value in run.hardware.items()) or "unstated"),
        ("commit", run.commit or "unstated"),
    ]
    if run.agreement:
        facts.append(("data agreement", ", ".join(f"{name}: {value}" for name, value in run.agreement.items())))
    if one.summary is not None:
        facts.append(("cases", ", ".join(f"{value} {name.removeprefix('n_')}" for name, value in one.summary.counts.model_dump().items())))
        for name, reasons in (("failed", one.summary.failed), ("unparsed", one.summary.unparsed), ("excluded", one.summary.excluded)):
            facts += [(f"{name}, {n} times", reason) for reason, n in reasons.items()]
        facts += [("problem", problem) for problem in one.summary.problems]
    return facts


def _values(summary: Summary) -> None:
    rows: list[tables.Row] = [
        [
            value.id,
            tables.Entry("undefined" if value.value is None else f"{value.value:.4f}", _interval(value.ci)),
            str(value.n_scored),
            str(value.n_excluded),
            tables.Entry(value.signature, is_text=True),
        ]
        for value in summary.values
    ]
    tables.table("All values", ["Value", "", "Scored", "Excluded", "Signature"], rows)


def _interval(ci: tuple[float | None, float | None] | None) -> str:
    return "" if ci is None or ci[0] is None or ci[1] is None else f"[{ci[0]:.4f}, {ci[1]:.4f}]"


shown(page)
