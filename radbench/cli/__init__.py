"""The command line. `main` imports the one command that was asked for; everything slow is imported inside commands.

A command is a function with typer's annotations, or a `typer.Typer` with subcommands, in a file of its own. It leaves by
returning (0), by `typer.Exit(1)` (ran, but something failed or is partial) or by a `RadbenchError` (2).
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Final

from radbench.cli.debugging import told_on_stderr, traced
from radbench.errors import RadbenchError, UnknownNameError, code_raising, where_raised
from radbench.terms import may_be_told, opened, words

# name -> where it is ("module:object"), and its line in `radbench --help`
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": ("radbench.cli.run:run", "Evaluate models on tasks; the same command again resumes."),
    "score": ("radbench.cli.score:score", "Score runs, or a file of predictions."),
    "demo": ("radbench.cli.demo:demo", "Run the baselines on the built-in suite and print the board."),
    "table": ("radbench.cli.table:table", "Print a board, or correlations, as LaTeX, Markdown, CSV, HTML, JSON or text."),
    "figure": ("radbench.cli.figure:figure", "Draw a board: values with intervals, ranks, quality against cost."),
    "paper": ("radbench.cli.paper:paper", "Write a board as a paper's tables, figures, methods and checklists."),
    "verify": ("radbench.cli.verify:verify", "Recompute every number of a paper's folder from its runs."),
    "reproduce": ("radbench.cli.reproduce:reproduce", "Hold a run against published numbers, and split the gap by its causes."),
    "app": ("radbench.cli.app:app", "Show boards, samples and runs in a browser."),
    "compare": ("radbench.cli.compare:compare", "Compare runs pair by pair: differences, intervals, adjusted p, ranks."),
    "ratings": ("radbench.cli.ratings:ratings", "Sum up a file of ratings: raters, scale, agreement with intervals."),
    "correlate": ("radbench.cli.correlate:correlate", "Hold metrics against radiologists' ratings; anchor models in them."),
    "probe": ("radbench.cli.probe:probe", "See how metrics react to edited reports: does harm cost more than wording."),
    "stress": ("radbench.cli.stress:stress", "See how a model reacts to edited inputs: what must stay, what must change."),
    "rate": ("radbench.cli.rate:rate", "Rating studies: create, serve, rate, export, adjudicate, analyse."),
    "submit": ("radbench.cli.submit:submit", "Check, score and publish submissions; references stay hidden."),
    "publish": ("radbench.cli.publish:publish", "Write boards and runs as a static site."),
    "rerun": ("radbench.cli.rerun:rerun", "Ask again what a run asked, and say what differs today."),
    "ls": ("radbench.cli.ls:ls", "List tasks, models, metrics, data sets, protocols, boards or runs."),
    "show": ("radbench.cli.show:show", "Show one card, component or sample of a run."),
    "doctor": ("radbench.cli.doctor:doctor", "Say what is ready, what is missing, and how to get it."),
    "new": ("radbench.cli.new:new", "Write a new task, model, metric or data set to start from."),
    "validate": ("radbench.cli.validate:validate", "Check cards and components."),
}

# what only writing meets: no room left, a read-only file system, something in the way
_ON_WRITING: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EEXIST, errno.ENOTDIR, errno.ENOTEMPTY}

_USAGE: Final = """\
Usage: radbench COMMAND [OPTIONS]

  The evaluation harness for radiology AI.

Commands:
{commands}

Options:
  --version  Print the version and leave.
  --debug    With any command: show how an error came about.
  --help     Show this text; with a command, the command's own.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status: 0 done, 1 failed in part, 2 cannot be carried out, 130 stopped."""
    if isinstance(sys.stdout, TextIOWrapper):  # names of models and arrows of tables, in whatever locale and into whatever file
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = _normalised(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in _before_stop(arguments)
    if debug:
        arguments.remove("--debug")
    try:
        try:
            opened.forget()
            _dispatch(arguments, debug=debug)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads the output has had enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes what is left as it ends
        sys.exit(1)
    except (RadbenchError, OSError) as error:
        _tell(error, _refusal(error) if isinstance(error, OSError) and may_be_told(error) else words(error), debug=debug)
        sys.exit(2)
    except KeyboardInterrupt:
        _stopped()
    except Exception as error:  # a fault of radbench or of someone's extension, and what it says may quote texts of closed data
        where = f"{where_raised(error)}, `{code_raising(error)}`"
        _tell(error, f"unforeseen {where}: please report it to those who wrote that, with what --debug shows", debug=debug)
        sys.exit(1)
    except SystemExit as leaving:
        if leaving.code == 130:  # typer's reading of KeyboardInterrupt
            _stopped()
        if isinstance(leaving.code, str):  # someone's extension ends the program with words of its own
            _tell(leaving, words(leaving), debug=debug)
            sys.exit(1)
        raise


def _dispatch(arguments: list[str], *, debug: bool) -> None:
    match arguments:
        case [] | ["--help" | "-h" | "help", *_]:
            width = max(map(len, COMMANDS))
            lines = "\n".join(f"  {name:{width}}  {line}" for name, (_, line) in COMMANDS.items())
            sys.stdout.write(_USAGE.format(commands=lines))
            sys.exit(0 if arguments else 2)
        case ["--version", *_]:
            from importlib.metadata import version

            sys.stdout.write(f"radbench {version('radbench')}\n")
        case [name, *rest] if name in COMMANDS:
            with told_on_stderr(debug=debug):
                command(name).main(rest, prog_name=f"radbench {name}")
        case [name, *_]:
            raise UnknownNameError("command", name, COMMANDS, "radbench --help")


def command(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN201  # typer's versions disagree on the name of the type
    """The click-like command behind a name of the table, imported now."""
    import typer

    module, _, item = COMMANDS[name][0].partition(":")
    found = getattr(import_module(module), item)
    if not isinstance(found, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, help=found.__doc__ or COMMANDS[name][1])(found)
        found = app
    return typer.main.get_command(found)


def _tell(error: BaseException, said: str, *, debug: bool) -> None:
    way = f"{traced(error)}\n" if debug else ""
    sys.stderr.write(f"{way}radbench: {said}\n")


def _refusal(error: OSError) -> str:
    """What the system refused, as one sentence."""
    if error.errno is None:
        return where_raised(error)
    path = error.filename
    if path is None:
        return f"cannot {'write' if error.errno in _ON_WRITING else 'go on'}: {error.strerror}"
    is_denied = error.errno in {errno.EACCES, errno.EPERM}
    # a file that may be read, or that is not there to be read, was to be written
    is_written = error.errno in _ON_WRITING or (is_denied and (os.access(path, os.R_OK) or not os.access(path, os.F_OK)))
    doing = "open" if error.errno == errno.EISDIR else "write" if is_written else "read"
    return f"cannot {doing} {path}: {error.strerror}"


def _normalised(argv: Sequence[str]) -> list[str]:
    """Options with dashes for underscores in their names, so that both spellings are understood."""
    head = _before_stop(argv)
    names = [(arg, *arg.partition("=")) for arg in head]
    dashed = [name.replace("_", "-") + sign + value if arg.startswith("--") else arg for arg, name, sign, value in names]
    return [*dashed, *argv[len(head) :]]


def _before_stop(argv: Sequence[str]) -> list[str]:
    return list(argv[: argv.index("--")] if "--" in argv else argv)


def _stopped() -> None:
    sys.stderr.write("radbench: stopped.\n")
    sys.exit(130)
