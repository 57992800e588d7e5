"""Pictures of drawn objects, as the mean picture of a seen one would show them.

A drawn object goes through the same steps as a seen one (`shape.mean_picture`).
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product

import cv2
import numpy as np

from pipeline.world.paint import SHADOW_DEPTH, SHADOW_SHIFT, cover, outline_px
from pipeline.world.parse.plane import Floats
from schemas.facts import SHAPES, STYLES

SIDE = 28
"""Of the mean picture, in its own pixels."""
REACH = 2.1
"""Half its side, in radii of the object's disc."""


def to_frame(x: float, y: float, diameter: float, angle_deg: float) -> Floats:
    """Return the map from the mean picture's pixels to the frame's."""
    step = REACH * diameter / SIDE
    cos, sin = math.cos(math.radians(angle_deg)) * step, math.sin(math.radians(angle_deg)) * step
    middle = (SIDE - 1) / 2
    return np.array(
        [
            [cos, -sin, x - cos * middle + sin * middle],
            [sin, cos, y - sin * middle - cos * middle],
        ]
    )


@lru_cache(maxsize=2048)
def parts_of(
    shape: str,
    style: str,
    bin_index: int,
    angles: tuple[float, ...] = (0.0,),
    stretch: float = 1.0,
) -> Floats:
    """Return maps of a drawn shape (5, SIDE, SIDE), the mean over `angles` (degrees).

    Maps: how much the ground shows, how much its shadow, ink, white, and the colour.
    `bin_index` counts sizes of the core in steps of 4 %, as they are measured; it is drawn
    larger by `stretch`.
    """
    core = 2.0 * 1.04**bin_index
    diameter = core * stretch / core_ratio(shape, style)
    half = math.ceil(1.3 * diameter * REACH / 2) + 3
    size = (2 * half + 1, 2 * half + 1)
    total = np.zeros((SIDE, SIDE, 5), dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shifts: tuple[tuple[float, float], ...] = (
        (0.0, 0.0),
        (0.5, 0.25),
        (0.25, 0.5),
        (-0.25, -0.25),
    )
    if core > 24 or len(angles) > 1:
        shifts = shifts[:1]
    for (dx, dy), angle in product(shifts, angles):
        maps = _drawn(shape, style, half + dx, half + dy, diameter, size, angle)
        lit = np.clip(maps[:, :, 4], 0, 1)
        x = float((lit.sum(axis=0) * np.arange(size[0])).sum() / lit.sum())
        y = float((lit.sum(axis=1) * np.arange(size[1])).sum() / lit.sum())
        matrix = to_frame(x, y, core, 0.0)
        # `warpAffine` takes four planes at once.
        for planes in (slice(0, 4), slice(4, 5)):
            warped = cv2.warpAffine(
                np.ascontiguousarray(maps[:, :, planes]),
                matrix,
                (SIDE, SIDE),
                flags=flags,
                borderMode=cv2.BORDER_REPLICATE,
            )
            total[:, :, planes] += warped.reshape(SIDE, SIDE, -1)
    return np.moveaxis(total, 2, 0) / (len(shifts) * len(angles))


def _drawn(
    shape: str,
    style: str,
    x: float,
    y: float,
    diameter: float,
    size: tuple[int, int],
    angle_deg: float = 0.0,
) -> Floats:
    """Return the maps of one drawing, H x W x 5; see `_parts`."""
    whole = _mask(shape, x, y, diameter, size, angle_deg)
    maps = np.zeros((*whole.shape, 5), dtype=np.float32)
    maps[:, :, 0] = 1 - whole
    if style == "outlined":
        inner = _mask(shape, x, y, diameter, size, angle_deg, inner=True)
        maps[:, :, 2] = whole * (1 - inner)
        maps[:, :, 0] = (1 - whole) * (1 - inner)
        maps[:, :, 4] = inner
    elif style == "shaded":
        shadow_x, shadow_y = x + SHADOW_SHIFT[0] * diameter, y + SHADOW_SHIFT[1] * diameter
        shadow = _mask(shape, shadow_x, shadow_y, diameter, size, angle_deg)
        maps[:, :, 1] = -SHADOW_DEPTH * shadow * (1 - whole)
        dx = (np.arange(size[0]) - x)[None, :] * (2 / diameter)
        dy = (np.arange(size[1]) - y)[:, None] * (2 / diameter)
        light = np.clip(1.0 - 0.3 * (0.55 * dx + 0.83 * dy), 0.6, 1.15)
        glint = 0.5 * np.exp(-((dx + 0.34) ** 2 + (dy + 0.38) ** 2) / 0.06)
        maps[:, :, 3] = whole * glint
        maps[:, :, 4] = whole * light * (1 - glint)
    else:
        maps[:, :, 4] = whole
    return maps


def _mask(
    shape: str,
    x: float,
    y: float,
    diameter: float,
    size: tuple[int, int],
    angle_deg: float,
    inner: bool = False,
) -> Floats:
    mask = np.zeros((size[1], size[0]), dtype=np.float32)
    outline = outline_px(shape, x=x, y=y, diameter=diameter, angle_deg=angle_deg, inner=inner)
    thing = cover([outline], size)
    if thing is not None:
        mask[thing.rows, thing.columns] = thing.share
    return mask


@lru_cache(maxsize=64)
def core_ratio(shape: str, style: str) -> float:
    """Return the diameter of an object's coloured part over that of the whole."""
    maps = _drawn(shape, style, 100.0, 100.0, 80.0, (201, 201))
    return math.sqrt(float(np.clip(maps[:, :, 4], 0, 1).sum()) / (math.pi * 40.0**2))


@lru_cache(maxsize=512)
def all_parts(bin_index: int, blur: float, stretch: float) -> Floats:
    """Return the maps of all shapes in all styles: shapes, styles, 5, SIDE, SIDE.

    `blur`: deviation in pixels of the frame.
    """
    rows = [
        [parts_of(shape, style, bin_index, stretch=stretch) for style in STYLES] for shape in SHAPES
    ]
    parts = np.stack(rows).astype(np.float32)
    return blurred(parts, bin_index, blur)


def blurred(parts: Floats, bin_index: int, blur: float) -> Floats:
    """Return maps blurred by a deviation in pixels of the frame."""
    if not blur:
        return parts
    width = blur * SIDE / (REACH * 2.0 * 1.04**bin_index)
    flat = parts.reshape(-1, SIDE, SIDE)
    soft = [cv2.GaussianBlur(one, (0, 0), width, borderType=cv2.BORDER_REPLICATE) for one in flat]
    return np.stack(soft).reshape(parts.shape)


def size_bin(diameter: float) -> int:
    """Return the index of a size: steps of 4 %."""
    return round(math.log(max(diameter, 2.0) / 2.0) / math.log(1.04))
