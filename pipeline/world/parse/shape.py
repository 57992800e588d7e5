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
BLURS_PX = ((0.0, 0.0), (0.0, 0.7), (0.0, 1.2), (0.9, 1.2), (1.6, 1.6))
"""Blurs of grey and of chroma that are tried, in pixels: codecs blur chroma more."""
STRETCHES = (0.92, 1.08, 1.16, 1.26)
"""Of the measured diameters, which blur may have made smaller."""
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


@lru_cache(maxsize=512)
def _all_parts(bin_index: int, blur: float, stretch: float) -> Floats:
    """Return the maps of all shapes in all styles: shapes, styles, 5, SIDE, SIDE.

    `blur`: deviation in pixels of the frame.
    """
    parts = np.stack(
        [[_parts(shape, style, bin_index, stretch=stretch) for style in STYLES] for shape in SHAPES]
    ).astype(np.float32)
    return _blurred(parts, bin_index, blur)


def _blurred(parts: Floats, bin_index: int, blur: float) -> Floats:
    if not blur:
        return parts
    width = blur * SIDE / (REACH * 2.0 * 1.04**bin_index)
    flat = parts.reshape(-1, SIDE, SIDE)
    soft = [cv2.GaussianBlur(one, (0, 0), width, borderType=cv2.BORDER_REPLICATE) for one in flat]
    return np.stack(soft).reshape(parts.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How badly each shape and style explains a mean picture, and at which size it does best.

    Both are shapes x styles; `scales` are over the measured diameter of the coloured part.
    """

    costs: Floats
    scales: Floats


def fit(
    mean: Mean,
    *,
    ground: Floats,
    colour: Floats,
    spread: float,
    turned: tuple[str, tuple[float, ...]] | None = None,
) -> Fit:
    """Compare a mean picture with drawn ones of every shape and style.

    `ground`, `colour`: grey and chroma. `spread`: deviation of the background's grey levels,
    which counts against grey there. `turned`: a shape and the angles in which it was seen,
    where the mean picture was not turned back; others than that are out of the question.
    The blur is chosen first.
    """
    ink = AXES @ np.array(INK, dtype=np.float32)
    white = np.array([255.0, 0.0, 0.0], dtype=np.float32)
    palette = np.stack([ground, ground, ink, white, colour]).astype(np.float32)
    covered = np.clip(mean.share, 0, 1)
    grey_weight = mean.visible / (36.0 + (1 - covered) * (spread**2))
    chroma_weight = mean.visible / 72.0
    index = size_bin(mean.diameter)

    def costs(blur: tuple[float, float], stretch: float) -> Floats:
        if turned is None:
            sharp, soft = (_all_parts(index, width, stretch) for width in blur)
        else:
            shape, angles = turned
            row = [_parts(shape, style, index, angles, stretch) for style in STYLES]
            sharp, soft = (_blurred(np.stack([row]), index, width) for width in blur)
        grey = np.tensordot(sharp, palette[:, 0], axes=(2, 0)) - mean.picture[0]
        cost: Floats = np.einsum("abij,ij->ab", np.square(grey), grey_weight)
        for k in (1, 2):
            away = np.tensordot(soft, palette[:, k], axes=(2, 0)) - mean.picture[k]
            cost += np.einsum("abij,ij->ab", np.square(away), chroma_weight)
        return cost / SIDE**2

    blurs = {blur: costs(blur, 1.0) for blur in BLURS_PX}
    blur = min(blurs, key=lambda width: float(blurs[width].min()))
    ladder = {1.0: blurs[blur]}
    for stretch in STRETCHES:
        ladder[stretch] = costs(blur, stretch)
    stack = np.stack(list(ladder.values()))
    found, scales = stack.min(axis=0), np.array(list(ladder))[stack.argmin(axis=0)]
    if turned is None:
        return Fit(costs=found, scales=scales)
    row = SHAPES.index(turned[0])
    wide, wide_scales = np.full((len(SHAPES), len(STYLES)), UNLIKE), np.ones((len(SHAPES), 3))
    wide[row], wide_scales[row] = found[0], scales[0]
    return Fit(costs=wide, scales=wide_scales)


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
