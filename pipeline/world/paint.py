"""Lay shapes onto a frame, with smooth edges, in three styles. Pixels as in `state`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.vocabulary import INK, Rgb, inner_outline, inset, unit_outline

Floats = NDArray[np.floating[Any]]
Frame = NDArray[np.uint8]

_FIXED_POINT_BITS = 6
SHADOW_SHIFT = (0.10, 0.16)
"""Where the shadow of a shaded object falls, in its diameters."""
SHADOW_DEPTH = 0.3
SHADOW_RGB: Rgb = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notch:
    """A disc that is missing from an object: its centre from the object's, and its radius.

    All in diameters of the object, before it is turned.
    """

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The share of each pixel that a thing covers, for the box whose first pixel is given."""

    share: NDArray[np.float32]
    left: int
    top: int

    @property
    def rows(self) -> slice[int, int, None]:
        """The frame's rows under the box."""
        return slice(self.top, self.top + self.share.shape[0])

    @property
    def columns(self) -> slice[int, int, None]:
        """The frame's columns under the box."""
        return slice(self.left, self.left + self.share.shape[1])


def outline_px(
    shape: str, *, x: float, y: float, diameter: float, angle_deg: float = 0.0, inner: bool = False
) -> NDArray[np.float64]:
    """Return a shape's outline in frame pixels, N x 2; `inner`: inside its line of ink."""
    points = (inner_outline if inner else unit_outline)(shape) * (diameter / 2)
    if angle_deg:
        angle = math.radians(angle_deg)
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        points = points @ turn
    moved: NDArray[np.float64] = points + np.array([x, y])
    return moved


def cover(
    polygons: Sequence[NDArray[np.float64]], size: tuple[int, int], *, cut: Sequence[Any] = ()
) -> Cover | None:
    """Return what the union of polygons covers of a frame of `size` (width, height).

    `cut` polygons are taken away again. None where nothing lies inside the frame.
    """
    lows = [polygon.min(axis=0).tolist() for polygon in polygons]
    highs = [polygon.max(axis=0).tolist() for polygon in polygons]
    left = max(math.floor(min(low[0] for low in lows)), 0)
    top = max(math.floor(min(low[1] for low in lows)), 0)
    right = min(math.ceil(max(high[0] for high in highs)) + 1, size[0])
    bottom = min(math.ceil(max(high[1] for high in highs)) + 1, size[1])
    if left >= right or top >= bottom:
        return None
    width, height = right - left, bottom - top
    n = fineness(max(width, height))
    corner = np.array([left - 0.5, top - 0.5])
    parts = [
        (to_fixed(inset(polygon, 0.5 / n if value else -0.5 / n) - corner, n), value)
        for group, value in ((polygons, 255), (cut, 0))
        for polygon in group
    ]
    return fill(parts, left, top, width, height)


def fineness(longer_px: int) -> int:
    """Return how many pixels a side `fill` draws per pixel of a box of this longer side."""
    return 8 if longer_px <= 48 else 4 if longer_px <= 160 else 2


def to_fixed(points: NDArray[np.float64], fine: Any) -> NDArray[np.int32]:
    """Return points of a box (its first pixel's outer corner is 0, 0) as `fill` wants them."""
    scaled = np.rint((points * fine - 0.5) * 2**_FIXED_POINT_BITS)
    fixed: NDArray[np.int32] = scaled.astype(np.int32)
    return fixed


def fill(
    parts: Sequence[tuple[NDArray[np.int32], int]], left: int, top: int, width: int, height: int
) -> Cover:
    """Return what polygons cover of a box of pixels, filled one after another with 255 or 0.

    OpenCV also fills the pixels under an outline, half of one too much, so the polygons must
    be inset by that much.
    """
    n = fineness(max(width, height))
    fine = np.zeros((height * n, width * n), dtype=np.uint8)
    for polygon, value in parts:
        cv2.fillPoly(fine, [polygon], value, shift=_FIXED_POINT_BITS)
    share = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    return Cover(share=share.astype(np.float32) / 255, left=left, top=top)


def lay(frame: Frame, thing: Cover | None, colour: Rgb, opacity: float = 1.0) -> None:
    """Blend one colour onto the frame where `thing` is."""
    if thing is None:
        return
    under = frame[thing.rows, thing.columns].astype(np.float32)
    share = thing.share[:, :, None] * opacity
    frame[thing.rows, thing.columns] = np.rint(
        under + (np.array(colour, dtype=np.float32) - under) * share
    )


def lay_object(
    frame: Frame,
    shape: str,
    colour: Rgb,
    style: str,
    *,
    x: float,
    y: float,
    diameter: float,
    angle_deg: float = 0.0,
    notches: Sequence[Notch] = (),
) -> Cover | None:
    """Draw an object in a style and return what it covers."""
    size = (frame.shape[1], frame.shape[0])
    place: dict[str, Any] = {"x": x, "y": y, "diameter": diameter, "angle_deg": angle_deg}
    cut = [_notch(notch, x, y, diameter, angle_deg, grown=0.0) for notch in notches]
    whole = cover([outline_px(shape, **place)], size, cut=cut)
    if whole is None:
        return None
    inner = None
    if style == "outlined":
        grown = [_notch(notch, x, y, diameter, angle_deg, grown=0.1) for notch in notches]
        inner = cover([outline_px(shape, inner=True, **place)], size, cut=grown)
    lay_covered(frame, whole, inner, colour, style, x=x, y=y, diameter=diameter)
    return whole


def lay_covered(
    frame: Frame,
    whole: Cover,
    inner: Cover | None,
    colour: Rgb,
    style: str,
    *,
    x: float,
    y: float,
    diameter: float,
) -> None:
    """Draw an object in a style where it is known what it covers, and its part inside the ink."""
    if style == "outlined":
        lay(frame, whole, INK)
        lay(frame, inner, colour)
    elif style == "shaded":
        _lay_shaded(frame, whole, colour, x, y, diameter)
    else:
        lay(frame, whole, colour)


def visible_shares(
    covers: Sequence[tuple[int, float, Cover | None]], size: tuple[int, int]
) -> dict[int, float]:
    """Return the share of each object that no later one covers and that is in the frame.

    `covers`, in the order of drawing: (index, whole area in pixels, what is covered); a
    negative index covers others and is no object. `size`: the frame's width and height.
    """
    shown = {}
    for k, (i, area, thing) in enumerate(covers):
        if i < 0:
            continue
        if thing is None:
            shown[i] = 0.0
            continue
        free = thing.share.copy()
        for _, _, other in covers[k + 1 :]:
            if other is not None and _meet(thing, other):
                above = np.zeros((size[1], size[0]), dtype=np.float32)
                above[other.rows, other.columns] = other.share
                free *= 1 - above[thing.rows, thing.columns]
        shown[i] = round(min(float(free.sum()) / area, 1.0), 4)
    return shown


def _meet(one: Cover, other: Cover) -> bool:
    apart_x = one.columns.start >= other.columns.stop or other.columns.start >= one.columns.stop
    apart_y = one.rows.start >= other.rows.stop or other.rows.start >= one.rows.stop
    return not (apart_x or apart_y)


def lay_shadow(
    frame: Frame, shape: str, *, x: float, y: float, diameter: float, angle_deg: float = 0.0
) -> None:
    """Draw the shadow that a shaded object throws on what is behind it."""
    moved = outline_px(
        shape,
        x=x + SHADOW_SHIFT[0] * diameter,
        y=y + SHADOW_SHIFT[1] * diameter,
        diameter=diameter,
        angle_deg=angle_deg,
    )
    lay(frame, cover([moved], (frame.shape[1], frame.shape[0])), SHADOW_RGB, SHADOW_DEPTH)


def _lay_shaded(
    frame: Frame, thing: Cover, colour: Rgb, x: float, y: float, diameter: float
) -> None:
    """Light from the upper left: the colour darkens to the lower right, and has a highlight."""
    height, width = thing.share.shape
    dx = ((thing.left + np.arange(width, dtype=np.float32)) - x)[None, :] * (2 / diameter)
    dy = ((thing.top + np.arange(height, dtype=np.float32)) - y)[:, None] * (2 / diameter)
    light = np.clip(1.0 - 0.3 * (0.55 * dx + 0.83 * dy), 0.6, 1.15)[:, :, None]
    glint = 0.5 * np.exp(-((dx + 0.34) ** 2 + (dy + 0.38) ** 2) / 0.06)[:, :, None]
    lit = np.clip(np.array(colour, dtype=np.float32) * light, 0, 255)
    lit += (255 - lit) * glint
    under = frame[thing.rows, thing.columns].astype(np.float32)
    frame[thing.rows, thing.columns] = np.rint(under + (lit - under) * thing.share[:, :, None])


def _notch(
    notch: Notch, x: float, y: float, diameter: float, angle_deg: float, *, grown: float
) -> NDArray[np.float64]:
    angle = math.radians(angle_deg)
    along = notch.x * math.cos(angle) - notch.y * math.sin(angle)
    across = notch.x * math.sin(angle) + notch.y * math.cos(angle)
    return outline_px(
        "circle",
        x=x + along * diameter,
        y=y + across * diameter,
        diameter=2 * (notch.radius + grown) * diameter,
    )
