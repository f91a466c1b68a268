"""What a metric was made for, held against what a task is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

CHEST_XRAY: Final = "chest X-ray reports"
RADGRAPH_XL: Final = "reports of chest X-ray, CT of chest or abdomen, MRI of the brain"
RADIOLOGY: Final = "radiology reports"

_ANY: Final = frozenset({"*"})
_XRAY: Final = ("CR", "DX")
_RADIOLOGY: Final = (*_XRAY, "CT", "MG", "MR", "NM", "PT", "RF", "US", "XA")

# scope -> DICOM modality -> regions of the body. A scope in other words, as a metric of one's own may have it, holds anything.
_HOLDS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    CHEST_XRAY: dict.fromkeys(_XRAY, frozenset({"chest"})),
    RADGRAPH_XL: {
        **dict.fromkeys(_XRAY, frozenset({"chest"})),
        "CT": frozenset({"chest", "abdomen"}),
        "MR": frozenset({"brain", "head"}),
    },
    RADIOLOGY: dict.fromkeys(_RADIOLOGY, _ANY),
}


def out_of_scope(scope: str, modality: Sequence[str], region: Sequence[str] = ()) -> str:
    """Why values of a metric of that scope on a task of these modalities and regions need care; "" where they do not.

    A task that does not tell what it is of is given the benefit of the doubt.

    >>> out_of_scope("chest X-ray reports", ["CT"], ["chest"])
    'made for chest X-ray reports, used on CT of chest'
    >>> out_of_scope("chest X-ray reports", ["DX"], ["chest"])
    ''

    Args:
        scope: `Metric.scope`.
        modality: DICOM codes, as `about.modality` of a task card has them.
        region: of the body, as `about.region` has them; a task of several modalities and regions may hold any pair of them.
    """
    holds = _HOLDS.get(scope)
    if holds is None or not modality:
        return ""
    known = frozenset().union(*(holds.get(one.upper(), frozenset()) for one in modality))
    is_held = all(one.upper() in holds for one in modality) and (known >= _ANY or all(one.lower() in known for one in region))
    what = " of ".join(", ".join(words) for words in (modality, region) if words)
    return "" if is_held else f"made for {scope}, used on {what}"
