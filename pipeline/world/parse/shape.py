"""Shape and style by synthesis: the mean picture of an object against drawn ones.

The parts of all frames that show an object whole are brought to one place and size and
averaged, so that evidence adds up. Drawn models go through the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import cv2
import numpy as np

from pipeline.world.paint import SHADOW_DEPTH, SHADOW_SHIFT, cover, outline_px
from pipeline.world.parse.plane import AXES, Floats
from pipeline.world.vocabulary import INK
from schemas.facts import SHAPES, STYLES

SIDE = 28
"""Of the mean picture, in its own pixels."""
REACH = 2.1
"""Half its side, in radii of the object's disc."""
SYMMETRY = {"square": 4, "triangle": 3, "star": 5}
UNLIKE = 1e3
"""The cost of a shape that is out of the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One frame's view of an object: the place of its colour's centre, and its width there."""

    frame: int
    x: float
    y: float
    diameter: float
    angle_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean picture: grey and two of chroma (3, SIDE, SIDE), and the share covered.

    `visible`: in which share of the frames a place lay inside the frame.
    """

    picture: Floats
    share: Floats
    visible: Floats
    diameter: float


def mean_picture(
    planes_THW4: Floats, looks: Sequence[Look], foreign: Mapping[int, Floats] | None = None
) -> Mean:
    """Average what `looks` show, turned back by their angles.

    Planes: grey, two of chroma, and the share that is covered. Places outside of the frame
    do not count, nor do `foreign` ones (1 where another thing is seen; by frame).
    """
    total = np.zeros((SIDE, SIDE, 4), dtype=np.float32)
    visible = np.zeros((SIDE, SIDE), dtype=np.float32)
    height, width = planes_THW4.shape[1:3]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    axis = np.arange(SIDE, dtype=np.float32)
    for look in looks:
        matrix = _matrix(look.x, look.y, look.diameter, look.angle_deg)
        x = matrix[0, 0] * axis[None, :] + matrix[0, 1] * axis[:, None] + matrix[0, 2]
        y = matrix[1, 0] * axis[None, :] + matrix[1, 1] * axis[:, None] + matrix[1, 2]
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        seen = cv2.warpAffine(planes_THW4[look.frame], matrix, (SIDE, SIDE), flags=flags)
        if foreign is not None and look.frame in foreign:
            other = cv2.warpAffine(foreign[look.frame], matrix, (SIDE, SIDE), flags=flags)
            inside &= other < 0.05
        total += seen * inside[:, :, None]
        visible += inside
    total /= np.maximum(visible, 1)[:, :, None]
    return Mean(
        picture=np.moveaxis(total[:, :, :3], 2, 0),
        share=total[:, :, 3],
        visible=visible / max(len(looks), 1),
        diameter=float(np.median([look.diameter for look in looks])),
    )


def _matrix(x: float, y: float, diameter: float, angle_deg: float) -> Floats:
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
def _parts(
    shape: str, style: str, bin_index: int, angles: tuple[float, ...] = (0.0,)
) -> Floats:
    """Return maps of a drawn shape (5, SIDE, SIDE), the mean over `angles` (degrees).

    Maps: how much the ground shows, how much its shadow, ink, white, and the colour.
    `bin_index` counts sizes of the core in steps of 4 %.
    """
    core = 2.0 * 1.04**bin_index
    diameter = core / core_ratio(shape, style)
    half = math.ceil(1.3 * diameter * REACH / 2) + 3
    size = (2 * half + 1, 2 * half + 1)
    total = np.zeros((SIDE, SIDE, 5), dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shifts = ((0.0, 0.0), (0.5, 0.25), (0.25, 0.5), (-0.25, -0.25))
    if core > 24 or len(angles) > 1:
        shifts = shifts[:1]
    for (dx, dy), angle in product(shifts, angles):
        maps = _drawn(shape, style, half + dx, half + dy, diameter, size, angle)
        lit = np.clip(maps[:, :, 4], 0, 1)
        x = float((lit.sum(axis=0) * np.arange(size[0])).sum() / lit.sum())
        y = float((lit.sum(axis=1) * np.arange(size[1])).sum() / lit.sum())
        matrix = _matrix(x, y, core, 0.0)
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


def synthesise(parts: Floats, *, ground: Floats, colour: Floats) -> Floats:
    """Return the mean picture (3, SIDE, SIDE) of a drawn object, from its maps."""
    ink = AXES @ np.array(INK, dtype=np.float32)
    white = np.array([255.0, 0.0, 0.0], dtype=np.float32)
    palette = np.stack([ground, ground, ink, white, colour])
    return np.tensordot(palette.T, parts, axes=(1, 0))


def costs_of(
    mean: Mean,
    *,
    ground: Floats,
    colour: Floats,
    spread: float,
    turned: tuple[str, tuple[float, ...]] | None = None,
) -> Floats:
    """Return how badly every shape and style explains a mean picture: shapes x styles.

    `ground`, `colour`: grey and chroma. `spread`: deviation of the background's grey levels,
    which counts against grey there. `turned`: a shape and the angles in which it was seen,
    where the mean picture was not turned back; others than that are not compared.
    """
    covered = np.clip(mean.share, 0, 1)
    grey_weight = 1 / (36.0 + (1 - covered) * (spread**2))
    costs = np.full((len(SHAPES), len(STYLES)), UNLIKE)
    index = size_bin(mean.diameter)
    for a, shape in enumerate(SHAPES):
        if turned is not None and shape != turned[0]:
            continue
        for b, style in enumerate(STYLES):
            parts = _parts(shape, style, index, (0.0,) if turned is None else turned[1])
            away = np.square(synthesise(parts, ground=ground, colour=colour) - mean.picture)
            cost = away[0] * grey_weight + away[1:].sum(axis=0) / 72.0
            costs[a, b] = float((cost * mean.visible).mean())
    return costs


@lru_cache(maxsize=256)
def usual_moment(shape: str, bin_index: int) -> complex:
    """Return the angular moment of a shape's own order, upright and seen at a size."""
    parts = _parts(shape, "flat", bin_index)
    column = {3: 0, 4: 1, 5: 2}[SYMMETRY[shape]]
    return complex(angular_moments([parts[4]])[0, column])


def size_bin(diameter: float) -> int:
    """Return the index of a size: steps of 4 %."""
    return round(math.log(max(diameter, 2.0) / 2.0) / math.log(1.04))


def angular_moments(shares: Sequence[Floats]) -> Floats:
    """Return the complex moments of order 3, 4 and 5 of each centred share map: N x 3."""
    axis = np.arange(SIDE) - (SIDE - 1) / 2
    z = (axis[None, :] + 1j * axis[:, None]) * (2 * REACH / SIDE)
    disc = np.abs(z) < 1.7
    found = []
    for share in shares:
        share = share * disc
        mass = float(share.sum()) + 1e-6
        found.append([complex((share * z**n).sum()) / mass for n in (3, 4, 5)])
    return np.array(found)
