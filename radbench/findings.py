"""The fourteen findings of CheXpert by which chest X-ray reports are labelled, and the five that are reported apart.

Sources: CheXpert, arXiv 1901.07031; the order is that of CheXbert's heads (stanfordmlgroup/CheXbert, src/constants.py). Label files
have other orders: labels are matched by name.
"""

from __future__ import annotations

from typing import Final

LABELS: Final = (
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
    "No Finding",
)
FIVE: Final = ("Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion")
