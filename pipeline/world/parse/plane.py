"""Split colour into grey level and a plane of chroma, in which a background is one point.

Textures and light change a background along the grey axis (1, 1, 1) of RGB only. In the plane
across it, the background is one point, and a pixel that an object covers by a share lies on
the straight line from there to the object's colour: the share can be read off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.vocabulary import BACKGROUND_RGB, OBJECT_COLOURS

Floats = NDArray[np.floating[Any]]

AXES = np.array(
    [
        [1 / 3, 1 / 3, 1 / 3],
        [2**-0.5, -(2**-0.5), 0.0],
        [6**-0.5, 6**-0.5, -2 * 6**-0.5],
    ],
    dtype=np.float32,
)
"""Rows: grey level, and two axes of chroma; all in 8-bit levels."""

COLOUR_NAMES = tuple(OBJECT_COLOURS)
OBJECT_POINTS: Floats = np.array(list(OBJECT_COLOURS.values()), dtype=np.float32) @ AXES[1:].T
OBJECT_GREYS: Floats = np.array(list(OBJECT_COLOURS.values()), dtype=np.float32) @ AXES[0]
GROUND_POINTS: Floats = np.array(list(BACKGROUND_RGB.values()), dtype=np.float32) @ AXES[1:].T
GROUND_GREYS: Floats = np.array(list(BACKGROUND_RGB.values()), dtype=np.float32) @ AXES[0]

MUTED = 46.0
"""Backgrounds lie within this distance of grey in the plane of chroma."""
NEAR = 15.0
"""Pixels within this distance of the background's point belong to it."""
MIN_SHARE = 0.3
"""A clip in which less than this is background is not read at all."""
MAX_POINTS = 12000
"""So many pixels at most are looked at to find the background's chroma."""
_BIN = 4.0
_BINS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The background's chroma, the share of all pixels that show it, and their spread."""

    point: Floats
    share: float
    spread: float


def to_plane(pixels_THWC: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Return the grey level (T, H, W) and the chroma (T, H, W, 2), float32."""
    count, height, width, _ = pixels_THWC.shape
    flat = cv2.transform(pixels_THWC.reshape(count * height, width, 3).astype(np.float32), AXES)
    turned = flat.reshape(count, height, width, 3)
    return np.ascontiguousarray(turned[..., 0]), np.ascontiguousarray(turned[..., 1:])


def find_ground(chroma_THW2: Floats) -> Ground:
    """Return the commonest muted chroma; `share` is 0 where nothing muted is common."""
    points = chroma_THW2.reshape(-1, 2)
    points = np.ascontiguousarray(points[:: max(1, len(points) // MAX_POINTS)])
    cells = np.floor(points / _BIN).astype(np.int64) + _BINS // 2
    fine = ((cells >= 0) & (cells < _BINS)).all(axis=1)
    index = cells[fine, 0] * _BINS + cells[fine, 1]
    counts = np.bincount(index, minlength=_BINS**2).astype(np.float32).reshape(_BINS, _BINS)
    smooth = cv2.GaussianBlur(counts, (0, 0), 1.2)
    peak = np.unravel_index(int(smooth.argmax()), smooth.shape)
    point = (np.array(peak, dtype=np.float32) - _BINS // 2 + 0.5) * _BIN
    for radius in (2 * NEAR, NEAR, NEAR):
        near = _squares(points, point) < radius**2
        if not near.any():
            return Ground(point=point, share=0.0, spread=NEAR)
        point = np.median(points[near], axis=0)
    away = _squares(points, point)
    near = away < NEAR**2
    spread = float(np.sqrt(np.median(away[near]))) if near.any() else NEAR
    share = float(near.mean()) if float(np.hypot(*point)) < MUTED else 0.0
    return Ground(point=point, share=share, spread=spread)


def _squares(points: Floats, point: Floats) -> Floats:
    x, y = points[:, 0] - point[0], points[:, 1] - point[1]
    squares: Floats = x * x + y * y
    return squares
