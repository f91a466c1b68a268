"""The texts of one sample side by side: reference and candidates, their differences, and the errors that metrics find."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from radbench.app.controls import choice
from radbench.app.texts import note, plain
from radbench.leaderboard.cases.said import worded
from radbench.leaderboard.cases.shown import Candidate, Shown
from radbench.leaderboard.cases.wording import Piece, difference, marked, placed
from radbench.metrics.base import is_readable

_STYLE: Final = """<style>
.rb-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; }
.rb-text ins { text-decoration: underline solid 2px; text-underline-offset: 3px; font-weight: 600; background: rgba(46, 160, 67, 0.18); }
.rb-text del { text-decoration: underline dashed 2px; text-underline-offset: 3px; background: rgba(219, 109, 40, 0.18); }
.rb-text mark { color: inherit; background: transparent; outline: 2px dotted currentColor; outline-offset: 1px; }
.rb-text sup { font-weight: 700; }
.rb-notes { font-size: 0.875rem; margin: 0.25rem 0 0; padding-left: 1.5rem; }
</style>"""
_KEY: Final = (
    "Solid underline and bold: words that the reference lacks. Dashed underline: words of the reference that the candidate lacks. "
    "Dotted frame with a number: an error, told below the text with the metric that finds it; words: what a report cannot have from its "
    "study, by words alone. Without a number: errors whose words do not stand in the text. Judges are quoted as stored; none is asked."
)


def texts(found: Shown) -> None:
    """The reference and what each run answered, as metrics see them, with their differences."""
    st.subheader("Reference and candidates", anchor=False)
    case = next((candidate.case for candidate in found.candidates if candidate.case), None)
    references = [worded(reference) for reference in (case.sample if case else found.record).references] or [""]
    readable = [candidate.run for candidate in found.candidates if candidate.case and is_readable(candidate.case.answer)]
    with st.container(horizontal=True):
        at = int(choice("Reference", [str(i + 1) for i in range(len(references))], "reference")) - 1 if len(references) > 1 else 0
        against = choice("Marks in the reference go by", readable, "marks") if len(readable) > 1 else next(iter(readable), "")
    reference = references[at]
    columns = st.columns(1 + len(found.candidates))
    pieces: Sequence[Piece] = (Piece(reference, is_shared=True),) if reference else ()
    for candidate, column in zip(found.candidates, columns[1:], strict=True):
        with column:
            st.markdown(f"**{plain(candidate.run)}**")
            if candidate.run not in readable or candidate.case is None:
                st.html(framed(escape(_why_not(candidate))))
                continue
            text = worded(candidate.case.answer)
            old, new = difference(reference, text)
            if candidate.run == against:
                pieces = old
            places, rest = placed(text, [one for one in candidate.errors if one[1].of == "candidate"])
            if candidate.run != against:
                rest += _omissions(candidate, reference)
            st.html(framed(marked(new, "candidate", places), [place.note for place in places], rest))
            for metric, reason in candidate.silent.items():
                note(f"errors of {metric} are not known: {reason}")
    with columns[0]:
        st.markdown("**Reference**")
        marking = next((candidate for candidate in found.candidates if candidate.run == against), None)
        places, rest = placed(reference, [one for one in marking.errors if one[1].of == "reference"] if marking else [])
        st.html(framed(marked(pieces, "reference", places) or "none", [place.note for place in places], rest))
    note(_KEY)


def _omissions(candidate: Candidate, reference: str) -> list[str]:
    """What metrics say a candidate omits, where the marks in the reference are those of another one."""
    places, rest = placed(reference, [one for one in candidate.errors if one[1].of == "reference"])
    return [*(f"{place.note}: “{reference[place.start : place.end]}”" for place in places), *rest]


def _why_not(candidate: Candidate) -> str:
    if candidate.prediction is None:
        return "not asked"
    if candidate.prediction.error is not None:
        return f"failed: {candidate.prediction.error}"
    return worded(candidate.case.answer) if candidate.case else "left out"


def framed(html: str, numbered: Sequence[str] = (), rest: Sequence[str] = ()) -> str:
    """A text, already escaped, as it stands on the page, with the notes to its marks and further ones below it."""

    def listed(kind: str, notes: Sequence[str]) -> str:
        items = "".join(f"<li>{escape(note)}</li>" for note in notes)
        return f'<{kind} class="rb-notes">{items}</{kind}>' if notes else ""

    return f'{_STYLE}<div class="rb-text">{html}</div>{listed("ol", numbered)}{listed("ul", rest)}'
