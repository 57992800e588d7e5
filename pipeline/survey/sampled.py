"""Sampled frames: what a model is shown later, and what needs native size.

A sampled frame is stored small as JPEG; sharpness and dark borders are measured on its luma
at native size before it is made small.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BORDER_LUMA_MAX = 10.0
"""A row or column belongs to a bar when its mean luma is at most this ..."""
_BORDER_STD_MAX = 5.0
"""... and it is as flat as this; codecs leave a little noise in black bars."""
_SHARPNESS_TILE_PX = 720
"""Larger pictures are judged on a centred tile of this side: the measure is local anyway."""


@dataclass(frozen=True, slots=True)
class Borders:
    """Dark bars around a picture, in pixels."""

    left: int
    right: int
    top: int
    bottom: int


def find_borders(luma: NDArray[np.uint8]) -> Borders:
    """Return the dark flat bars at the edges of a luma picture, H x W.

    A picture that is dark all over has none: there is nothing that the bars would frame.
    """
    columns = _is_bar(luma.mean(axis=0), luma.std(axis=0))
    rows = _is_bar(luma.mean(axis=1), luma.std(axis=1))
    # Bars above make every column partly dark, so columns are judged inside the rows, and back.
    if not rows.all():
        top, bottom = _edges(rows)
        inner = luma[top : len(rows) - bottom]
        columns = _is_bar(inner.mean(axis=0), inner.std(axis=0))
    if not columns.all():
        left, right = _edges(columns)
        inner = luma[:, left : len(columns) - right]
        rows = _is_bar(inner.mean(axis=1), inner.std(axis=1))
    if rows.all() or columns.all():
        return Borders(0, 0, 0, 0)
    top, bottom = _edges(rows)
    left, right = _edges(columns)
    return Borders(left, right, top, bottom)


def _is_bar(means: NDArray[np.float64], stds: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (means <= BORDER_LUMA_MAX) & (stds <= _BORDER_STD_MAX)


def _edges(is_bar: NDArray[np.bool_]) -> tuple[int, int]:
    picture = np.flatnonzero(~is_bar)
    return int(picture[0]), int(len(is_bar) - 1 - picture[-1])


def sharpness(luma: NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian over the variance of luma.

    The ratio does not grow with contrast, as the bare variance does (Pech-Pacheco et al.,
    ICPR 2000, use the bare one). A picture without contrast has sharpness 0.
    """
    height, width = luma.shape
    tile_h, tile_w = min(height, _SHARPNESS_TILE_PX), min(width, _SHARPNESS_TILE_PX)
    top, left = (height - tile_h) // 2, (width - tile_w) // 2
    tile = luma[top : top + tile_h, left : left + tile_w].astype(np.float32)
    contrast = float(tile.var())
    if contrast < 1.0:
        return 0.0
    return float(cv2.Laplacian(tile, cv2.CV_32F).var()) / contrast


def encode_jpeg(bgr: NDArray[np.uint8], quality: int) -> bytes:
    """Return a picture, H x W x 3 in OpenCV's order, as JPEG bytes."""
    ok, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f"a picture of {bgr.shape} could not be stored as JPEG")
    return bytes(data)
