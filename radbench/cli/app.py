"""`radbench app`: the leaderboard in a browser."""

from __future__ import annotations

import os
import socket
import sys
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from radbench.cli.options import CatalogOption, DataDirOption, data_roots, open_catalog
from radbench.errors import ContentError


def app(
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", metavar="DIR", help="Folders of runs to serve; repeatable. [default: as --out of run]")
    ] = None,
    data_dir: DataDirOption = None,
    board: Annotated[list[str] | None, typer.Option("--board", metavar="NAME", help="Show these boards alone; repeatable.")] = None,
    catalog: CatalogOption = None,
    show_closed: Annotated[bool, typer.Option("--show-closed", help="Also show texts and images of data that are not open.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 8501,
    host: Annotated[str, typer.Option("--host", help="The address to listen at; nobody else reaches 127.0.0.1.")] = "127.0.0.1",
) -> None:
    """Show boards, samples and runs in a browser, until Ctrl-C. Nothing is sent anywhere."""
    from radbench.app.settings import VARIABLE, Settings
    from radbench.cli.runs import places
    from radbench.extras import need

    cards, names = open_catalog(catalog), tuple(board or ())
    for name in names:
        cards.board(name)
    served = Settings(
        runs=tuple(places(runs)),
        data_dirs=data_roots(cards, data_dir),
        boards=names,
        catalog=tuple(cards.folders[1:]),
        show_closed=show_closed,
    )
    need("streamlit", extra="app", purpose="the app")
    port = _listening(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    sys.stdout.write(f"serving {', '.join(map(str, served.runs))} at {address}\n")
    if not _is_loopback(host):
        closed = "texts and images of closed data among them" if show_closed else "without texts and images of closed data"
        sys.stdout.write(f"whoever reaches {address} sees all runs and boards, {closed}; there is no password, and this is plain HTTP\n")
    sys.stdout.flush()
    os.environ[VARIABLE] = served.to_json()
    _serve(host, port)


def _listening(host: str, port: int) -> int:
    """The port, or a free one for 0.

    Raises:
        ContentError: nobody can listen there.
    """
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            found: int = probe.getsockname()[1]
            return found
    except OSError as error:
        raise ContentError(
            f"cannot listen at {host}, port {port} ({error.strerror or error}): `--port 0` takes one that is free, "
            "and --host names an address of this machine"
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _serve(host: str, port: int) -> NoReturn:
    """Become `streamlit run`: one process, which signals reach. What it says of its address has been said."""
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",  # nobody edits an installed package, and watching costs time
        "runner.postScriptGC": "false",  # a whole collection after each script, a quarter of a second with 100 models, while pages wait
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",  # a traceback may quote texts of closed data
        "client.toolbarMode": "viewer",
        "theme.light.textColor": "#1a1a1a",  # so that names in pinned columns, which streamlit pales, keep a contrast of 4.5
    }
    script = files("radbench.app") / "start.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script), *(f"--{name}={value}" for name, value in options.items())]
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.execv(sys.executable, command)  # noqa: S606 - this interpreter, and words of ours
