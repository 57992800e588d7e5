"""What a moving thing covers, in all frames at once: what `paint.cover` says of each, faster.

T frames, N corners. Most of the time of drawing goes into outlines; one call for all frames
costs little more than one for each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.world.camera import Floats
from pipeline.world.paint import SHADOW_SHIFT, Cover, fill, fineness, to_fixed
from pipeline.world.vocabulary import inner_outline, inset, unit_outline

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What one object covers in every frame; `inner` and `shadow` where its style has them."""

    whole: list[Cover | None]
    inner: list[Cover | None] | None
    shadow: list[Cover | None] | None


def layers_of(
    shape: str, style: str, x: Floats, y: Floats, diameter: Floats, angle_deg: Floats, size: Size
) -> Layers:
    """Return what an object covers of frames of `size` (width, height); see `paint.lay_object`.

    Its places, diameters and angles are arrays of T pixels and degrees.
    """
    outline = _outlines(unit_outline(shape), x, y, diameter, angle_deg)
    inner = shadow = None
    if style == "outlined":
        inner = covers(_outlines(inner_outline(shape), x, y, diameter, angle_deg), size)
    elif style == "shaded":
        x, y = x + SHADOW_SHIFT[0] * diameter, y + SHADOW_SHIFT[1] * diameter
        shadow = covers(_outlines(unit_outline(shape), x, y, diameter, angle_deg), size)
    return Layers(whole=covers(outline, size), inner=inner, shadow=shadow)


def covers(polygons_TN2: Floats, size: Size) -> list[Cover | None]:
    """Return what one polygon a frame covers of frames of `size` (width, height)."""
    low = np.floor(polygons_TN2.min(axis=1)).astype(np.int64)
    high = np.ceil(polygons_TN2.max(axis=1)).astype(np.int64) + 1
    low, high = np.maximum(low, 0), np.minimum(high, size)
    sides = high - low
    fine = np.array([fineness(int(side)) for side in sides.max(axis=1)], dtype=np.float64)
    moved = inset(polygons_TN2, 0.5 / fine[:, None]) - (low[:, None] - 0.5)
    fixed = to_fixed(moved, fine[:, None, None])
    return [
        fill([(fixed[t], 255)], left, top, width, height) if width > 0 and height > 0 else None
        for t, ((left, top), (width, height)) in enumerate(
            zip(low.tolist(), sides.tolist(), strict=True)
        )
    ]


def _outlines(
    points_N2: Floats, x: Floats, y: Floats, diameter: Floats, angle_deg: Floats
) -> Floats:
    """Return an outline in every frame, T x N x 2, as `paint.outline_px` does for one."""
    points = points_N2 * (diameter / 2)[:, None, None]
    if angle_deg.any():
        angle = np.radians(angle_deg)
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.stack([np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)], axis=1)
        points = points @ turn
    moved: Floats = points + np.stack([x, y], axis=1)[:, None]
    return moved
