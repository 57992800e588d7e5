"""Shape and style by synthesis: the mean picture of an object against drawn ones.

The parts of all frames that show an object whole are brought to one place and size and
averaged, so that evidence adds up. Drawn models go through the same steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from pipeline.world.parse.drawn import (
    REACH,
    SIDE,
    all_parts,
    blurred,
    parts_of,
    size_bin,
    to_frame,
)
from pipeline.world.parse.plane import AXES, Floats
from pipeline.world.vocabulary import INK
from schemas.facts import SHAPES, STYLES

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
        matrix = to_frame(look.x, look.y, look.diameter, look.angle_deg)
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
            sharp, soft = (all_parts(index, width, stretch) for width in blur)
        else:
            shape, angles = turned
            row = [parts_of(shape, style, index, angles, stretch) for style in STYLES]
            sharp, soft = (blurred(np.stack([row]), index, width) for width in blur)
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
    parts = parts_of(shape, "flat", bin_index)
    column = {3: 0, 4: 1, 5: 2}[SYMMETRY[shape]]
    return complex(angular_moments([parts[4]])[0, column])


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
