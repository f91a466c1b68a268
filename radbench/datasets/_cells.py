"""What stands in one cell of a user's table, as texts, lists of texts and boxes.

The functions raise ValueError that says what was expected and what kind of thing came, never quoting it: it may be closed
data. The table adds file and line.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from radbench.sample import Box

_CORNERS: Final = ("x0", "y0", "x1", "y1")


def text_of(value: Any, column: str) -> str:  # noqa: ANN401  # whatever JSON holds
    """A cell as text without blanks around it; "" for null and for NaN, which some writers of JSON put for null."""
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"column `{column}` expects a text or a number, got {_kind(value)}")


def texts_of(value: Any, column: str, separator: str = "") -> list[str]:  # noqa: ANN401  # whatever JSON holds
    """A cell as texts, blank ones left out: a list of them, a text of items parted by `separator`, or a single one."""
    if isinstance(value, str):
        value = value.strip()
        if not separator or not value:
            return [value] if value else []
        value = _literal(value, column) if value[0] == "[" else value.split(separator)
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := text_of(item, column))]


def boxes_of(value: Any, column: str) -> tuple[Box, ...]:  # noqa: ANN401  # whatever JSON holds
    """A cell as boxes: a list, also written out as JSON, of `[x0, y0, x1, y1]` or `{"x0": ..., "label": ...}`."""
    if isinstance(value, str):
        value = _literal(value, column)
    if not isinstance(value, list):
        raise ValueError(f"column `{column}` expects a list of boxes, got {_kind(value)}")  # noqa: TRY004  # a fault of the file
    return tuple(_box(item, column) for item in value)


def _box(item: Any, column: str) -> Box:  # noqa: ANN401  # whatever JSON holds
    label = ""
    if isinstance(item, dict):
        label = text_of(item.get("label"), column)
        item = [item.get(corner) for corner in _CORNERS]
    numbers = isinstance(item, list) and len(item) == 4 and all(isinstance(n, int | float) and math.isfinite(n) for n in item)
    if not numbers or item[0] > item[2] or item[1] > item[3]:
        raise ValueError(f"column `{column}` expects boxes as x0 <= x1, y0 <= y1 in pixels, got another list or object")
    x0, y0, x1, y1 = map(float, item)
    return Box(x0, y0, x1, y1, label)


def _literal(text: str, column: str) -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"column `{column}` expects a JSON list, got a text that is none ({error.msg})") from error


def _kind(value: Any) -> str:  # noqa: ANN401  # whatever JSON holds
    kinds = {bool: "true or false", dict: "an object", list: "a list", str: "a text", type(None): "null"}
    return kinds.get(type(value), "a number")
