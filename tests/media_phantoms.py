"""Phantoms whose every voxel tells its own place, and writers that put them into files as scanners do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

AXIAL = (1, 0, 0, 0, 1, 0)
SAGITTAL = (0, 1, 0, 0, 0, -1)  # columns rise to the back, rows to the feet
CORONAL = (1, 0, 0, 0, 0, -1)


def told(depth: int = 5, height: int = 4, width: int = 3) -> np.ndarray:
    """A volume (z, y, x), feet to head, front to back, right to left, with the value 100 z + 10 y + x."""
    z, y, x = np.mgrid[:depth, :height, :width]
    return (100 * z + 10 * y + x).astype(np.int16)


def header(stored: np.ndarray, *, syntax: str = ExplicitVRLittleEndian, **tags: object) -> FileDataset:
    """A data set around stored values (y, x), (frames, y, x) or, with 3 samples, (y, x, 3); a tag of None is left out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    samples = 3 if tags.get("SamplesPerPixel") == 3 else 1
    shape = stored.shape[:2] if samples == 3 else stored.shape[-2:]
    bits = stored.dtype.itemsize * 8
    facts = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "SeriesInstanceUID": "1.2.3",
        "Modality": "CT",
        "Rows": shape[0],
        "Columns": shape[1],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelSpacing": [0.5, 0.25],
        **tags,
    }
    if stored.ndim == 3 and samples == 1:
        facts["NumberOfFrames"] = len(stored)
    for keyword, value in facts.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.PixelData = np.ascontiguousarray(stored).tobytes()
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    return dataset


def write(path: Path, stored: np.ndarray, **tags: object) -> Path:
    """One DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header(stored, **tags).save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path, planes: list[np.ndarray], places: list[tuple[float, ...]], orientation: tuple[float, ...], **tags: object
) -> None:
    """A folder with one file a plane, names and numbers in an order that is not that of the places."""
    for i in range(len(planes)):
        name = (7 * i + 3) % len(planes)  # a shuffle, as 7 divides none of the lengths used
        write(
            folder / f"{name:03d}.dcm",
            planes[i],
            ImagePositionPatient=list(places[i]),
            ImageOrientationPatient=list(orientation),
            InstanceNumber=name + 1,
            **tags,
        )


def write_axial(folder: Path, volume: np.ndarray, heights: list[float] | None = None, **tags: object) -> None:
    """An axial series of a volume (z, y, x), at the given heights in mm, else 2 mm apart."""
    at = heights or [2.0 * z for z in range(len(volume))]
    write_series(folder, list(volume), [(-10.0, -20.0, z) for z in at], AXIAL, **tags)
