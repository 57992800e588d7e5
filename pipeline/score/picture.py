"""Light, contrast, sharpness and borders of a clip, from signals and sampled frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.survey.sampled import Borders
from schemas.frames import Box


@dataclass(frozen=True, slots=True)
class Light:
    """Means over a span; brightness and contrast in grey levels, shares 0..1."""

    brightness: float
    contrast: float
    dark_share: float
    bright_share: float
    saturation: float


def measure_light(
    luma_mean: NDArray[np.float32],
    luma_std: NDArray[np.float32],
    dark_share: NDArray[np.float32],
    bright_share: NDArray[np.float32],
    saturation: NDArray[np.float32],
) -> Light:
    """Return the light of a span from its per-frame signals."""
    values = (luma_mean, luma_std, dark_share, bright_share, saturation)
    return Light(*(float(value.mean()) for value in values))


def measure_sharpness(sharpness: Sequence[float]) -> float:
    """Return the median over sampled frames; 0 where there is none."""
    return float(np.median(sharpness)) if sharpness else 0.0


_BAR_SHARE_MIN = 0.02
"""A bar narrower than this share of its side is noise at the picture's edge."""


def picture_box(borders: Sequence[Borders], width_px: int, height_px: int) -> Box | None:
    """Return the rectangle inside the bars that all sampled frames have, or None without bars.

    The smallest bar of all frames counts: a dark frame has no say about the picture's edge.
    Sizes are rounded down to even numbers, which 4:2:0 video needs.
    """
    if not borders:
        return None
    left, right = (
        _bar([getattr(b, side) for b in borders], width_px) for side in ("left", "right")
    )
    top, bottom = (
        _bar([getattr(b, side) for b in borders], height_px) for side in ("top", "bottom")
    )
    if not (left or right or top or bottom):
        return None
    width = (width_px - left - right) // 2 * 2
    height = (height_px - top - bottom) // 2 * 2
    if width < 2 or height < 2:
        return None
    return Box(x_px=left, y_px=top, width_px=width, height_px=height)


def _bar(sizes: Sequence[int], side_px: int) -> int:
    smallest = min(sizes)
    return smallest if smallest >= max(2, _BAR_SHARE_MIN * side_px) else 0


def border_share(box: Box | None, width_px: int, height_px: int) -> float:
    """Return the share of the picture's area that lies outside `box`."""
    if box is None:
        return 0.0
    return 1.0 - box.width_px * box.height_px / (width_px * height_px)
