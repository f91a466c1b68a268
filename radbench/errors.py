"""What can go wrong, as a tree. Each message says what was wrong, where, and what to do.

RadbenchError                 exit 2, one message, no traceback without --debug
  UnknownNameError            a task, model, metric ... that no catalogue holds
  ContentError                a card, CSV or ratings file: file, key or line, expected, got
  DataError                   a data set or its media
    MissingDataError          a folder or file that is not there
    MediaError                one file that cannot be read
  MissingPackageError         an optional package that is not installed
  WeightsError                a checkpoint with missing, unexpected or mis-shaped keys
  ModelError                  raised by models, caught by the runner
    TransientModelError       rate limit, time-out, lost worker, once the client's own retries are spent
    SampleModelError          this sample only: refused, too long, out of memory at batch 1
  ScoringError                a metric that cannot run at all
  DataTermsError              closed data and an external endpoint
  RunError                    a run folder that is locked or damaged
    RunFormatError            a run folder of a newer radbench
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Final

_OURS: Final = f"{Path(__file__).parent}{os.sep}"
_PYTHON: Final = (f"{Path(os.__file__).parent}{os.sep}", "<frozen ")  # Python's own library
_INSTALLED: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_LONGEST_LINE: Final = 300  # characters of source code shown of the place where an error arose


class RadbenchError(Exception):
    """Any error whose message is meant for the person at the keyboard."""


class UnknownNameError(RadbenchError):
    """A name that no catalogue holds.

    >>> str(UnknownNameError("task", "demo.vqq", ["demo.vqa", "demo.report"], "radbench ls tasks"))
    'no task `demo.vqq`; did you mean `demo.vqa`? The list: radbench ls tasks'
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], listing: str) -> None:
        super().__init__(f"no {kind} `{name}`{nearest(name, known)} The list: {listing}")


class ContentError(RadbenchError):
    """A card, table or ratings file that does not hold what it should: file, key or line, expected, got."""


class DataError(RadbenchError):
    """A data set or its media."""


class MissingDataError(DataError):
    """A folder or file that is not there: what was looked for, the layout expected, how the set is obtained."""


class MediaError(DataError):
    """One image or volume that cannot be read: its path and the cause."""


class MissingPackageError(RadbenchError):
    """An optional package that is not installed: what it blocks and the extra that brings it."""


class WeightsError(RadbenchError):
    """A checkpoint that does not hold exactly the tensors it should."""


class ModelError(RadbenchError):
    """Raised by models, caught by the runner, stored in the journal."""


class TransientModelError(ModelError):
    """May pass if asked again: rate limit, time-out, lost worker, once the client's own retries are spent."""


class SampleModelError(ModelError):
    """Concerns this sample alone: refused, too long, out of memory at batch 1."""


class ScoringError(RadbenchError):
    """A metric that cannot run at all. One sample without a value is no error but a count."""


class DataTermsError(RadbenchError):
    """Closed data on its way to an external endpoint without a stated agreement."""


class RunError(RadbenchError):
    """A run folder that is locked or damaged, or a run that could not go on."""


class RunFormatError(RunError):
    """A run folder that a newer radbench wrote."""


def where_raised(error: BaseException) -> str:
    """What an error was and where it arose, without its message: that may quote texts of closed data."""
    trace = _origin(error)
    where = f" at {trace.tb_frame.f_code.co_filename.rpartition(os.sep)[2]}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"


def code_raising(error: BaseException) -> str:
    """The source code that raised an error, on one line: of a message it holds the words that are no data; "" where it is not known."""
    import linecache

    trace = _origin(error)
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    places = list(code.co_positions())
    first, last = places[trace.tb_lasti // 2][:2] if trace.tb_lasti // 2 < len(places) else (None, None)
    lines = range(first or trace.tb_lineno, (last or trace.tb_lineno) + 1)
    return " ".join(" ".join(linecache.getline(code.co_filename, line) for line in lines).split())[:_LONGEST_LINE]


def is_own(error: BaseException) -> bool:
    """True for an error whose words are radbench's: its own code raised it, or the system, for a call that its own code made.

    What decides is the innermost place of the traceback that is not in Python's own library. The words of anything else (a model, a
    metric, a package) may quote texts of data.
    """
    trace = _origin(error)
    return isinstance(error, RadbenchError | OSError) and trace is not None and is_own_file(trace.tb_frame.f_code.co_filename)


def is_own_file(path: str) -> bool:
    """True for a source file of the package radbench itself."""
    return path.startswith(_OURS)


def is_own_part(part: object) -> bool:
    """True for a class, function or object of the package radbench itself."""
    return f"{getattr(part, '__module__', '')}.".startswith("radbench.")


def _origin(error: BaseException) -> TracebackType | None:
    """The innermost place an error came from, Python's own library left out; None for one that was not raised."""
    trace, found = error.__traceback__, error.__traceback__
    while trace is not None:
        if not _is_of_python(trace.tb_frame.f_code.co_filename):
            found = trace
        trace = trace.tb_next
    return found


def _is_of_python(path: str) -> bool:
    return path.startswith(_PYTHON) and not any(part in path for part in _INSTALLED)


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` with up to three near names, or a full stop where nothing is near."""
    close = get_close_matches(name, list(dict.fromkeys(known)), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else "."
