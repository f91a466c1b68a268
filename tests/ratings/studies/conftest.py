"""Studies on disk, as `radbench rate create` lays them down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rating_studies import draft, made

from radbench.ratings.studies.creating import lay_down
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.material import Material
from radbench.ratings.studies.study import StudyFolder


@pytest.fixture
def laid(tmp_path: Path) -> Callable[..., Opened]:
    """Lays a study down in a folder of its own: by mode and changes of the draft."""

    def lay(mode: str = "errors", given: Material | None = None, name: str = "study", **changes: Any) -> Opened:
        study, key = made(draft(mode, **changes), given)
        lay_down(StudyFolder(tmp_path / name), study, key)
        return Opened.at(tmp_path / name)

    return lay
