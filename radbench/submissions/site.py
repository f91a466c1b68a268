"""Pages of a published site that link its boards and runs: plain HTML without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from radbench.leaderboard.printing.page import frame
from radbench.records import RunRecord, Summary

_TITLE = "Results of radbench"
_COLUMNS = ("Model", "Task", "Primary value", "Interval", "Scored of all", "Failed", "Status", "Data", "Files")


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as the site lists it."""

    run: RunRecord
    summary: Summary
    file: str  # of its aggregates, within the snapshot
    samples: str  # of its samples; "": not published


def snapshot_page(made: str, digest: str, boards: Iterable[tuple[str, str, str]], runs: Sequence[RunEntry], left_out: Iterable[str]) -> str:
    """The page of one snapshot.

    Args:
        made: when, as ISO date and time.
        digest: of its content.
        boards: file, title and summary of each.
        runs: in the order shown.
        left_out: what could not be published, a sentence each.
    """
    listed = "\n".join(f'<li><a href="{escape(file)}">{escape(title)}</a> {escape(about)}</li>' for file, title, about in boards)
    notes = "\n".join(f"<li>left out: {escape(note)}</li>" for note in left_out)
    body = f"""<p class="faint">Made {escape(made)}; content {escape(digest)}. Other snapshots: <a href="../index.html">all</a>.</p>
<h2>Boards</h2>
<ul>
{listed or "<li>None has a number of these runs.</li>"}
</ul>
<h2>Runs</h2>
<div class="scroll" role="region" aria-label="Runs" tabindex="0">
<table>
<thead><tr>{"".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)}</tr></thead>
<tbody>
{chr(10).join(map(_row, runs))}
</tbody>
</table>
</div>
<footer><ul>
{notes}
</ul></footer>"""
    return _page(body)


def root_page(snapshots: Iterable[tuple[str, str]]) -> str:
    """The page that lists all snapshots, folder and time of each, in the order given."""
    listed = "\n".join(f'<li><a href="{escape(name)}/index.html">{escape(name)}</a> made {escape(made)}</li>' for name, made in snapshots)
    return _page(f"<p>Each snapshot stays as it was published; the newest comes first.</p>\n<ul>\n{listed}\n</ul>")


def _row(entry: RunEntry) -> str:
    run, summary = entry.run, entry.summary
    primary = str(summary.score["primary"])
    value = next((value for value in summary.values if value.id == primary), None)
    number = "--" if value is None or value.value is None else f"{value.value:.3f}"
    ends = value.ci if value else None
    ci = f"[{ends[0]:.3f}, {ends[1]:.3f}]" if ends and ends[0] is not None and ends[1] is not None else ""
    links = f'<a href="{escape(entry.file)}">aggregates</a>'
    if entry.samples:
        links += f' <a href="{escape(entry.samples)}">samples</a>'
    counts = summary.counts
    scored = f"{counts.n_scored} of {counts.n_total}"
    cells = (run.task, f"{primary} {number}", ci, scored, str(counts.n_failed), run.status, run.data.access)
    plain = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(run.model)}</th>{plain}<td>{links}</td></tr>'


def _page(body: str) -> str:
    return frame(_TITLE, f"<main>\n<h1>{_TITLE}</h1>\n{body}\n</main>")
