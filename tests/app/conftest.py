"""Runs for the app, and the app over them without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import app_folders
import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed: pip install 'radbench[app]'")

from streamlit.testing.v1 import AppTest

import radbench.app
from radbench.app.settings import settings

START = Path(radbench.app.__file__).with_name("start.py")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> app_folders.Folders:
    """Runs and cards, made once."""
    return app_folders.make(tmp_path_factory.mktemp("app") / "folders")


@pytest.fixture
def opened(folders: app_folders.Folders, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens a page with controls as its URL would state them: `opened("task", task="bench.questions")`."""

    def open_page(page: str = "overview", /, *, below: Path | None = None, **query: str | list[str]) -> AppTest:
        for name, value in app_folders.Folders(below or folders.runs, folders.cards).environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        app = AppTest.from_file(str(START), default_timeout=60)
        if page != "overview":
            app.run()
            app.switch_page(f"views/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [one.message for one in app.exception]
        return app

    yield open_page
    settings.cache_clear()
