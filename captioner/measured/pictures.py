"""Stored frames -> colour names per pixel, on a small grid and without dark bars."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captioner.measured.colours import name_pixels, to_oklab
from captioner.measured.limits import BARS_MAX
from captioner.request import StoredFrame

GRID_PX = 96
"""Longest side of the grid. Averaging down to it removes the noise and the colour fringes
of JPEG, and an area of 0.5 % still covers some 25 cells."""

FINE_PX = 128
"""Longest side of the finer grid of luma, on which tiles are matched."""

_BAR_LUMA = 24
"""Bars are at most this bright, as in `border_share`."""

_BAR_SHARE = 0.02
"""A bar narrower than this share of the frame is left in: it changes no colour share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The sampled frames of a clip: T frames on a grid of H x W cells, bars cut off.

    `names_THW` holds indices into `colours.NAMES`, `lab_THWC` Oklab, `luma_THW` 0..255.
    `fine_THW` is luma on the grid of `FINE_PX`.
    `bars` says where dark bars were cut: `sides`, `top and bottom`, or empty.
    """

    times_s: tuple[float, ...]
    names_THW: NDArray[np.int8]
    lab_THWC: NDArray[np.float64]
    luma_THW: NDArray[np.float64]
    fine_THW: NDArray[np.uint8]
    bars: str


def read_pictures(frames: Sequence[StoredFrame], border_share: float) -> Pictures | None:
    """Decode the JPEGs, shrink them by averaging, cut bars and name every cell's colour.

    Bars are looked for only where `border_share` says that there are some. Returns None
    without frames, and where bars cover all of the picture. All frames take the size of the
    first.
    """
    if not frames:
        return None
    grids: list[NDArray[np.uint8]] = []
    fine: list[NDArray[np.uint8]] = []
    size, fine_size = (0, 0), (0, 0)
    for frame in frames:
        with Image.open(io.BytesIO(frame.jpeg)) as picture:
            if not grids:
                size, fine_size = _fit(picture, GRID_PX), _fit(picture, FINE_PX)
            whole = picture.convert("RGB")
            grids.append(np.asarray(whole.resize(size, Image.Resampling.BOX)))
            fine.append(np.asarray(whole.convert("L").resize(fine_size, Image.Resampling.BOX)))
    rgb_THWC = np.stack(grids)
    luma_THW = rgb_THWC @ np.array([0.299, 0.587, 0.114])
    fine_THW = np.stack(fine)
    bars = ""
    if _BAR_SHARE <= border_share < BARS_MAX:
        rows, columns = _inside_bars(luma_THW)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return None
        bars = _name_bars(rows, columns, luma_THW.shape[1], luma_THW.shape[2])
        finer = fine_THW.shape[1] / luma_THW.shape[1]
        fine_THW = fine_THW[:, _scaled(rows, finer), _scaled(columns, finer)]
        rgb_THWC, luma_THW = rgb_THWC[:, rows, columns], luma_THW[:, rows, columns]
    lab_THWC = to_oklab(rgb_THWC)
    return Pictures(
        times_s=tuple(frame.time_s for frame in frames),
        names_THW=name_pixels(lab_THWC),
        lab_THWC=lab_THWC,
        luma_THW=luma_THW,
        fine_THW=fine_THW,
        bars=bars,
    )


def _fit(picture: Image.Image, longest_px: int) -> tuple[int, int]:
    scale = min(1.0, longest_px / max(picture.size))
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _scaled(part: slice, factor: float) -> slice:
    return slice(math.ceil(part.start * factor), math.floor(part.stop * factor))


def _inside_bars(luma_THW: NDArray[np.float64]) -> tuple[slice, slice]:
    """Return the rows and columns between the lines that are dark in every frame."""
    brightest_HW = luma_THW.max(axis=0)
    rows = np.flatnonzero(brightest_HW.max(axis=1) > _BAR_LUMA)
    columns = np.flatnonzero(brightest_HW.max(axis=0) > _BAR_LUMA)
    if not len(rows) or not len(columns):
        return slice(0, 0), slice(0, 0)
    # The cell beside a bar is a mixture of bar and picture.
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    return (
        slice(top + (top > 0), bottom - (bottom < luma_THW.shape[1])),
        slice(left + (left > 0), right - (right < luma_THW.shape[2])),
    )


def _name_bars(rows: slice, columns: slice, height: int, width: int) -> str:
    """Return where bars lie, only when both of a pair are there."""
    above, below = rows.start / height, 1 - rows.stop / height
    left, right = columns.start / width, 1 - columns.stop / width
    across = min(above, below) >= _BAR_SHARE
    aside = min(left, right) >= _BAR_SHARE
    if across and aside:
        return "all sides"
    return "top and bottom" if across else "sides" if aside else ""
