"""What `--debug` shows: how an error came about, without words that may quote texts of closed data.

A traceback here names files, lines and kinds of errors. Messages are those of radbench's own errors alone; that of a foreign one is
told where the data are known to be open (`radbench.terms.told`).
"""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

from radbench.errors import is_own


class _Formatter(logging.Formatter):
    def formatException(  # noqa: N802 - the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return "" if ei[1] is None else traced(ei[1])


def log_to_stderr(*, debug: bool) -> None:
    """Let radbench's log go to stderr: warnings, and with `debug` all of it."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("radbench: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("radbench").setLevel(logging.DEBUG if debug else logging.WARNING)


def traced(error: BaseException) -> str:
    """The way an error took through the code, its causes first."""
    steps: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        said = f": {cause}" if is_own(cause) else " (its message may quote data, and is left out)"
        steps.append("".join(["Traceback:\n", *traceback.format_tb(cause.__traceback__), f"{type(cause).__name__}{said}"]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\nwhich led to:\n".join(reversed(steps))
