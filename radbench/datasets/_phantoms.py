"""The pictures of the demo's patients, drawn from what is true of them: films, volumes and an ultrasound image.

All arithmetic is on integers and all noise comes from Python's own generator, so the bytes are the same on every
machine. Index x rises from the patient's right to left, y from top to bottom (films) or front to back (volumes), z from
feet to head.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from radbench.datasets._patients import Finding, Kind, Study

Pixels: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

SIDE_PX: Final = 128  # films are square
VOLUME: Final = (12, 48, 48)  # (z, y, x)

_y, _x = np.mgrid[:SIDE_PX, :SIDE_PX]
_vz, _vy, _vx = np.mgrid[:12, :48, :48]
_FLUID_LEVEL: Final[Mapping[str, int]] = {"small": 86, "moderate": 75, "large": 62}
_NODULE_PX: Final[Mapping[str, int]] = {"small": 4, "moderate": 6, "large": 8}


@lru_cache(maxsize=256)
def encoded(study: Study) -> bytes:
    """The study's file: PNG of 8 bits for films and ultrasound, NumPy's .npy of int16 for volumes."""
    if study.kind == "film":
        return png(film(study)[0])
    if study.kind == "ultrasound":
        return png(_ultrasound(study))
    file = io.BytesIO()
    np.save(file, _VOLUMES[study.kind](study).astype("<i2"))
    return file.getvalue()


@lru_cache(maxsize=256)
def film(study: Study) -> tuple[NDArray[np.uint8], Mapping[str, Mask]]:
    """A chest film, shape (128, 128), and for each finding the pixels it was drawn on."""
    rng = Random(f"pixels of {study.id}")
    dx, dy = rng.randrange(-3, 4), rng.randrange(-3, 4)
    pixels = np.full((SIDE_PX, SIDE_PX), 20)
    body = _ellipse(64 + dx, 90 + dy, 58, 85)
    pixels[body] = 140
    lungs = {"right": _ellipse(40 + dx, 60 + dy, 21, 40), "left": _ellipse(88 + dx, 60 + dy, 21, 40)}
    pixels[lungs["right"] | lungs["left"]] = 60
    pixels[body & (abs(_x - 64 - dx) <= 4)] += 30
    heart = _ellipse(70 + dx, 84 + dy, 31 if study.finding("cardiomegaly") else 18, 19)
    pixels[heart] = 180
    masks = {}
    for finding in study.findings:
        mask, value = _drawn(finding, lungs, heart, dx, dy)
        pixels[mask] = value
        masks[finding.label] = mask
    pixels = pixels * rng.randrange(88, 113) // 100 + _noise(rng, pixels.size, 25).reshape(pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8), masks


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    """The box (x0, y0, x1, y1) around a mask's pixels; the upper ends do not belong to it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def png(grey: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey PNG of at most 65,535 bytes of pixels, stored and not compressed: what zlib makes differs by version."""
    height, width = grey.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with filter type 0
    rows[:, 1:] = grey
    raw = rows.tobytes()
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw + struct.pack(">I", zlib.adler32(raw))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", stored) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _drawn(finding: Finding, lungs: Mapping[str, Mask], heart: Mask, dx: int, dy: int) -> tuple[Mask, int]:
    """Where a film's finding is and how bright."""
    centre = dx + (40 if finding.side == "right" else 88)
    inward = 1 if finding.side == "right" else -1
    match finding.label:
        case "pleural effusion":
            return lungs[finding.side] & (_y > _FLUID_LEVEL[finding.size] + dy), 185
        case "pneumothorax":
            return lungs[finding.side] & ~_ellipse(centre + 8 * inward, 66 + dy, 21, 40) & (_y < 80 + dy), 24
        case "nodule":
            radius = _NODULE_PX[finding.size]
            return _ellipse(centre, dy + (36 if finding.zone == "upper" else 52), radius, radius), 175
        case "support device":
            return (abs(_x - 57 - dx) <= 1) & (_y < 78 + dy), 250
        case _:
            return heart, 180


def _ultrasound(study: Study) -> NDArray[np.uint8]:
    rng = Random(f"pixels of {study.id}")
    speckle = _noise(rng, 64 * 64, 120).reshape(64, 64).repeat(2, axis=0).repeat(2, axis=1)
    pixels = 90 + speckle
    for finding in study.findings:
        x, y, radius = 64 + (20 if finding.side == "left" else -20), 60 + rng.randrange(-8, 9), 5 + 2 * _NODULE_PX[finding.size]
        pixels[(abs(_x - x) < radius) & (y < _y)] += 40  # sound passes fluid unweakened
        pixels[_ellipse(x, y, radius, radius)] = 6
    sector = (abs(_x - 64) * 10 <= (_y + 12) * 7) & ((_x - 64) ** 2 + (_y + 12) ** 2 <= 132**2)
    return np.where(sector, np.clip(pixels, 0, 255), 0).astype(np.uint8)


def _ct_head(study: Study) -> Pixels:
    """Hounsfield units: air -1000, scalp 50, skull 900, brain 36, ventricles 8, fresh blood 72."""
    return _head(study, air=-1000, scalp=50, skull=900, brain=36, fluid=8, focus=72, noise=16)


def _mr_head(study: Study) -> Pixels:
    """Arbitrary units; fluid and lesions are dark in T1 and bright in T2."""
    fluid, focus = (150, 260) if study.series == "T1" else (1100, 950)
    return _head(study, air=25, scalp=700, skull=70, brain=500, fluid=fluid, focus=focus, noise=50)


def _head(study: Study, *, air: int, scalp: int, skull: int, brain: int, fluid: int, focus: int, noise: int) -> Pixels:
    rng = Random(f"pixels of {study.id}")
    x, y = 24 + rng.randrange(-2, 3), 24 + rng.randrange(-2, 3)
    voxels = np.full(VOLUME, air)
    for radii, value in (((11, 21, 17), scalp), ((10, 19, 15), skull), ((9, 17, 13), brain)):
        voxels[_ellipsoid((6, y, x), radii)] = value
    for side in (-4, 4):
        voxels[_ellipsoid((6, y, x + side), (3, 7, 2))] = fluid
    for finding in study.findings:
        radius = 1 + _NODULE_PX[finding.size] // 2
        voxels[_ellipsoid((6, y + rng.randrange(-5, 6), x + (8 if finding.side == "left" else -8)), (radius, radius, radius))] = focus
    return voxels + _noise(rng, voxels.size, noise).reshape(VOLUME)


def _ct_chest(study: Study) -> Pixels:
    """Hounsfield units: air -1000, soft tissue 40, lung -860, spine 600."""
    rng = Random(f"pixels of {study.id}")
    x = 24 + rng.randrange(-2, 3)
    voxels = np.full(VOLUME, -1000)
    voxels[_ellipsoid((6, 24, x), (40, 17, 21))] = 40
    for side in (-10, 10):
        voxels[_ellipsoid((6, 22, x + side), (10, 12, 8))] = -860
    voxels[_ellipsoid((6, 36, x), (40, 3, 3))] = 600
    for finding in study.findings:
        radius = 1 + _NODULE_PX[finding.size] // 4
        voxels[_ellipsoid((6, 20, x + (10 if finding.side == "left" else -10)), (radius, radius, radius))] = 30
    return voxels + _noise(rng, voxels.size, 30).reshape(VOLUME)


_VOLUMES: Final[Mapping[Kind, Callable[[Study], Pixels]]] = {"ct_head": _ct_head, "ct_chest": _ct_chest, "mr_head": _mr_head}


def _ellipse(x: int, y: int, rx: int, ry: int) -> Mask:
    inside: Mask = ((_x - x) * ry) ** 2 + ((_y - y) * rx) ** 2 <= (rx * ry) ** 2
    return inside


def _ellipsoid(centre: tuple[int, int, int], radii: tuple[int, int, int]) -> Mask:
    (z, y, x), (rz, ry, rx) = centre, radii
    inside: Mask = ((_vz - z) * ry * rx) ** 2 + ((_vy - y) * rz * rx) ** 2 + ((_vx - x) * rz * ry) ** 2 <= (rz * ry * rx) ** 2
    return inside


def _noise(rng: Random, count: int, width: int) -> Pixels:
    """Integers spread evenly over `width` values around 0."""
    return np.frombuffer(rng.randbytes(count), np.uint8).astype(np.int64) * width // 256 - width // 2
