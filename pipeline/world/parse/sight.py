"""A clip made ready for reading: small, split into grey and chroma, unmixed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.plane import Floats, Ground, find_ground, to_plane
from pipeline.world.parse.segment import Coverage, cover_by_colour

LOOK_PX = 96
"""Clips whose shorter side is much larger are read at this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A clip at the size at which it is read, `scale` times smaller than given.

    `unit_px`: its shorter side. Arrays are T, H, W(, 2).
    """

    grey: Floats
    chroma: Floats
    planes: Floats
    """Grey, chroma and the covered share as one array, T, H, W, 4."""
    ground: Ground
    coverage: Coverage
    times_s: Floats
    scale: float

    @property
    def count(self) -> int:
        """The number of frames."""
        return int(self.grey.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.grey.shape[2]), int(self.grey.shape[1])

    @property
    def unit_px(self) -> int:
        """The shorter side in pixels."""
        return min(self.size)

    @property
    def fps(self) -> float:
        """Frames per second; 1 for a single frame."""
        return 1.0 / self.step_s

    @property
    def step_s(self) -> float:
        """Seconds from frame to frame."""
        return float(np.median(np.diff(self.times_s))) if self.count > 1 else 1.0

    def to_units(self, x_px: Floats, y_px: Floats) -> tuple[Floats, Floats]:
        """Return places from the frame's centre, in shorter sides."""
        width, height = self.size
        return (x_px - (width - 1) / 2) / self.unit_px, (y_px - (height - 1) / 2) / self.unit_px


def look_at(pixels_THWC: NDArray[np.uint8], times_s: Floats) -> Sight:
    """Make a clip ready."""
    pixels = pixels_THWC
    height, width = pixels.shape[1:3]
    scale = 1.0
    if min(width, height) > 1.25 * LOOK_PX:
        scale = min(width, height) / LOOK_PX
        size = (round(width / scale), round(height / scale))
        pixels = np.stack(
            [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in pixels]
        )
    grey, chroma = to_plane(pixels)
    ground = find_ground(chroma)
    coverage = cover_by_colour(chroma, ground)
    share = np.where(coverage.label >= 0, coverage.share, 0)
    return Sight(
        grey=grey,
        chroma=chroma,
        planes=np.concatenate(
            [grey[..., None], chroma, share[..., None]], axis=3, dtype=np.float32
        ),
        ground=ground,
        coverage=coverage,
        times_s=np.asarray(times_s, dtype=np.float64) - float(times_s[0]),
        scale=scale,
    )


def free_pixels(sight: Sight, box: tuple[int, int, int, int] | None = None) -> NDArray[np.bool_]:
    """Return which pixels show the background, well away from all coloured things; T, H, W.

    `box` (left, top, right, bottom) is left out.
    """
    busy = sight.coverage.label >= 0
    grown = max(2, round(0.045 * sight.unit_px))
    # Shadows fall to the lower right.
    shadow = max(1, round(0.03 * sight.unit_px))
    size = 2 * grown + 1 + shadow
    kernel = np.ones((size, size), dtype=np.uint8)
    anchor = (grown + shadow, grown + shadow)
    free = np.stack(
        [
            cv2.dilate(frame.astype(np.uint8), kernel, anchor=anchor) == 0
            if frame.any()
            else np.ones(frame.shape, dtype=bool)
            for frame in busy
        ]
    )
    if box is not None:
        free[:, max(box[1] - 1, 0) : box[3] + 1, max(box[0] - 1, 0) : box[2] + 1] = False
    return free
