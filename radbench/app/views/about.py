"""What the numbers are, what they are not, and how to add to them."""

from __future__ import annotations

from importlib.metadata import version

import streamlit as st

from radbench.app import loading, tables
from radbench.app.frame import shown
from radbench.app.settings import settings
from radbench.app.texts import note

_READING = """
- **Rank** is 1 plus the number of comparable models of the same class with a better value. The range behind it holds the rank in
  95% of bootstrap draws of clusters (patients, else studies); draws are shared by all models.
- **Letters**: models that share one are not told apart by paired tests of all pairs, corrected for their number.
- **Exposure** is what a model's card says it saw of the data in training: zero-shot, trained on the train split, on the test
  split, or unknown. Models are ranked within their class.
- **Baselines** see nothing of what they are asked, or little: they are floors. **Controls** are models without their images.
- **Reported** numbers come from papers and other boards. They were not reproduced here, have no rank and stand in no group.
- **†** marks a number with replies missing: the run was stopped, or requests failed. Failed and unparsed replies count as wrong
  where a metric says so; what each metric does stands in its signature.
- **n under 30** is grey and says so: intervals are too narrow there.
"""

_SIGNATURE = """
Every number carries a signature: the metric with its options, its corpus, what a missing answer counts as, the reader of
answers and the version, then how it was asked: the hash of the question half of the task, the answer mode, repeats, images, and
a fingerprint of the data. Numbers with different signatures are never compared; the notes under a board say where they differ.
"""

_LIMITS = """
- Scores on public test sets say little about models that may have seen them; `unknown` means nobody said.
- Text metrics do not read images, and agree with radiologists only so far: see the page on metrics and radiologists.
- An interval holds the chance of the draw of patients. It does not hold a shift of hospitals, scanners or prompts.
- Nothing here is evidence that a model is safe to use on patients.
- Two further projects are called RadBench: the test set of the RadFM paper, shown as the board `radbench`, and one of harrison-ai.
"""

_SUBMIT = """
A run of your own appears as soon as it lies in a served folder: `radbench run --model MODEL --task TASK`. To hand in predictions
made elsewhere, `radbench submit` checks the file without needing references, and scores it into a run.
"""


def page() -> None:
    """The whole page."""
    st.title("About", anchor=False)
    note(f"radbench {version('radbench')}; streamlit {st.__version__}")
    for title, text in (("How to read a board", _READING), ("Signatures", _SIGNATURE), ("Limits", _LIMITS), ("How to submit", _SUBMIT)):
        st.subheader(title, anchor=False)
        st.markdown(text)
    _metrics()
    _served()


def _metrics() -> None:
    """The metrics by their first line; none is imported for it but those of further packages."""
    rows: list[tables.Row] = [
        [
            entry.name,
            tables.Entry(f"cannot be used: {entry.broken}" if entry.broken else entry.title, is_text=True),
            tables.Entry(entry.source, is_text=True),
        ]
        for entry in loading.catalog().entries("metrics")
    ]
    tables.table("Metrics; `radbench show NAME` prints definition and source of each", ["Metric", "What it is", "From"], rows)


def _served() -> None:
    st.subheader("What is served", anchor=False)
    rows: list[tables.Row] = [["runs", tables.Entry(str(path), is_text=True)] for path in settings().runs]
    rows += [[f"data of {name}", tables.Entry(str(path), is_text=True)] for name, path in settings().data_dirs.items()]
    closed = "shown" if settings().show_closed else "not shown: `radbench app --show-closed` shows them"
    rows.append(["texts and images of closed data", tables.Entry(closed, is_text=True)])
    tables.table("Folders; no file outside them is served", ["what", "where"], rows)


shown(page)
