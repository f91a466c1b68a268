"""What of errors, logs and warnings reaches the terminal: radbench's own words, and others' only where no closed data are at hand.

Of anything else the place is told, and the source code there: that holds the words of a message that are no data. A traceback of
`--debug` names files, lines and kinds of errors too.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

from radbench.errors import is_own_file
from radbench.terms import WITHHELD, may_be_told, opened, words

_LOGGING: Final = str(Path(logging.__file__).parent)


class _Formatter(logging.Formatter):
    def formatException(  # noqa: N802 - the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return "" if ei[1] is None else traced(ei[1])


class _Record(logging.LogRecord):
    """A line of a log, without its words where these are not radbench's and closed data are at hand."""

    def __init__(self, name: str, level: int, pathname: str, lineno: int, msg: object, args: Any, exc_info: Any, *more: Any) -> None:  # noqa: ANN401 - as logging hands them on
        caller = sys._getframe(1)  # and not `pathname`: whoever logs can name a caller's
        while caller.f_back is not None and caller.f_code.co_filename.startswith(_LOGGING):
            caller = caller.f_back
        if opened.access == "credentialed" and not is_own_file(caller.f_code.co_filename):
            place = _place(caller.f_code.co_filename, caller.f_lineno)
            msg, args, exc_info, more = f"a line of the log from {place}; {WITHHELD}", (), None, ()
        super().__init__(name, level, pathname, lineno, msg, args, exc_info, *more)


@contextmanager
def told_on_stderr(*, debug: bool) -> Iterator[None]:
    """Let radbench's log go to stderr: warnings, and with `debug` all of it; so do warnings of Python, and errors in threads."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("radbench: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("radbench").setLevel(logging.DEBUG if debug else logging.WARNING)
    before = logging.getLogRecordFactory(), warnings.showwarning, threading.excepthook, sys.unraisablehook
    logging.setLogRecordFactory(_Record)
    warnings.showwarning = _warned
    threading.excepthook = lambda failed: failed.exc_value and sys.stderr.write(f"radbench: in a thread, {_briefly(failed.exc_value)}\n")
    sys.unraisablehook = lambda failed: failed.exc_value and sys.stderr.write(f"radbench: ignored, {_briefly(failed.exc_value)}\n")
    try:
        yield
    finally:
        logging.setLogRecordFactory(before[0])
        warnings.showwarning, threading.excepthook, sys.unraisablehook = before[1:]


def traced(error: BaseException) -> str:
    """The way an error took through the code, its causes first."""
    steps: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        said = f": {cause}" if may_be_told(cause) else " (its message may quote data, and is left out)"
        steps.append("".join(["Traceback:\n", *traceback.format_tb(cause.__traceback__), f"{type(cause).__name__}{said}"]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\nwhich led to:\n".join(reversed(steps))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - Python's own signature
    line: str | None = None,  # noqa: ARG001
) -> None:
    # nothing is radbench's own here: whoever warns can name a caller's file as the place
    said = WITHHELD if opened.access == "credentialed" else message
    sys.stderr.write(f"radbench: {category.__name__} at {_place(filename, lineno)}: {said}\n")


def _briefly(error: BaseException) -> str:
    return f"{type(error).__name__}: {words(error)}"


def _place(path: str, line: int) -> str:
    return f"{path.rpartition('/')[2]}:{line}"
