"""Shape and style by redrawing: each one is drawn where an object was seen, and compared.

It needs a background that is known pixel by pixel, as those of the floor and the maze are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.paint import SHADOW_SHIFT, lay_object, lay_shadow
from pipeline.world.parse.plane import COLOUR_NAMES, OBJECT_POINTS, Floats, to_plane
from pipeline.world.vocabulary import BACKGROUND_RGB, OBJECT_COLOURS, reach
from schemas.facts import SHAPES, STYLES

WORST = 3600.0
"""No pixel counts for more than this (squared 8-bit levels, three channels): it is not ours."""
BLURRED = 400.0
"""Where the best costs more than this, over the squared diameter, the picture is compressed, and
edges do not say how large an object is: it is drawn in other sizes as well."""
RESCALED = (0.95, 1.06, 1.12)
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
CLOSE = 2.0
"""Shapes and styles that cost more than so many times the best in one frame are left at that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An object in one frame, seen whole: the middle and diameter of its coloured part.

    They are the object's own where `is_exact`, from a model of how it moves. `picture` is the
    frame, `ground` the same without things; H, W, 3 of 8-bit RGB.
    """

    picture: NDArray[np.uint8]
    ground: NDArray[np.uint8]
    x: float
    y: float
    diameter: float
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """How the coloured part of a drawn object differs from the whole of it.

    `x`, `y`: its middle from the object's, and `diameter`: of the disc of equal area; all over
    the object's diameter.
    """

    x: float
    y: float
    diameter: float


@lru_cache(maxsize=256)
def core_of(shape: str, style: str, colour: str) -> Core:
    """Measure the coloured part of a drawn object as `segment` weighs it."""
    side, diameter = 121, 48.0
    middle = (side - 1) / 2
    frame = np.full((side, side, 3), BACKGROUND_RGB["grey"], dtype=np.uint8)
    rgb = OBJECT_COLOURS[colour]
    lay_object(frame, shape, rgb, style, x=middle, y=middle, diameter=diameter)
    _, chroma = to_plane(frame[None])
    way = OBJECT_POINTS[COLOUR_NAMES.index(colour)] - chroma[0, 0, 0]
    share = np.clip((chroma[0] - chroma[0, 0, 0]) @ way / (way @ way), 0, 1)
    axis = np.arange(side) - middle
    mass = float(share.sum())
    return Core(
        x=float((share.sum(axis=0) * axis).sum()) / mass / diameter,
        y=float((share.sum(axis=1) * axis).sum()) / mass / diameter,
        diameter=2 * math.sqrt(mass / math.pi) / diameter,
    )


def costs_of(sightings: Sequence[Sighting], colour: str, *, has_shadow: bool) -> Floats:
    """Return how badly each shape and style explains an object: shapes x styles.

    Costs are sums of squared differences, and add up over objects. The first sighting counts
    for all where it rules a pair out. `has_shadow`: of the style `shaded` in this scene.
    """

    def cost(sighting: Sighting, k: int, scale: float = 1.0) -> float:
        shape, style = SHAPES[k // len(STYLES)], STYLES[k % len(STYLES)]
        return _cost(sighting, shape, style, colour, scale, has_shadow)

    first, rest = sightings[0], sightings[1:]
    costs = np.array([cost(first, k) for k in range(len(SHAPES) * len(STYLES))])
    is_blurred = costs.min() > BLURRED * first.diameter**2 and not first.is_exact
    close: list[int] = np.flatnonzero(costs < CLOSE * costs.min() + WORST).tolist()
    leader = int(costs.argmin())
    shared = -float(costs[leader]) * len(sightings)
    costs *= len(sightings)
    for k in close:
        best = float(costs[k]) / len(sightings)
        scale = 1.0
        for other in RESCALED if is_blurred else ():
            found = cost(first, k, other)
            if found < best:
                best, scale = found, other
        costs[k] = best + sum([cost(s, k, scale) for s in rest])
    # What no drawing explains in the other frames counts for all.
    costs[[k not in close for k in range(len(costs))]] += shared + float(costs[leader])
    return costs.reshape(len(SHAPES), len(STYLES))


def _cost(
    sighting: Sighting,
    shape: str,
    style: str,
    colour: str,
    scale: float,
    has_shadow: bool,
) -> float:
    """Return the squared differences around an object, drawn `scale` times as large as seen."""
    core = Core(x=0, y=0, diameter=1) if sighting.is_exact else core_of(shape, style, colour)
    diameter = scale * sighting.diameter / core.diameter
    span = sighting.diameter * (1 if sighting.is_exact else 1.4)
    widest = max(reach(name) for name in SHAPES) / 2 + has_shadow * SHADOW_SHIFT[1]
    half = widest * span + 1
    height, width = sighting.picture.shape[:2]
    left, top = max(math.floor(sighting.x - half), 0), max(math.floor(sighting.y - half), 0)
    rows = slice(top, min(math.ceil(sighting.y + half) + 1, height))
    columns = slice(left, min(math.ceil(sighting.x + half) + 1, width))
    drawn = sighting.ground[rows, columns].copy()
    x = sighting.x - core.x * diameter - left
    y = sighting.y - core.y * diameter - top
    if has_shadow and style == "shaded":
        lay_shadow(drawn, shape, x=x, y=y, diameter=diameter)
    lay_object(drawn, shape, OBJECT_COLOURS[colour], style, x=x, y=y, diameter=diameter)
    away = drawn.astype(np.float32) - sighting.picture[rows, columns]
    # Codecs keep colour at half the size only: compare it blurred.
    light = away @ LUMA
    hue = cv2.blur(away - light[:, :, None], (3, 3))
    squared = 3 * np.square(light) + np.square(hue).sum(axis=2)
    return float(np.minimum(squared, WORST).sum())


def likeness(one: Floats, other: Floats) -> float:
    """Return the correlation of two lists of grey levels, 0 where either is even."""
    if len(one) < 2 or min(float(one.std()), float(other.std())) < 0.5:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def settle(costs: Sequence[Floats]) -> tuple[str, list[str], float, list[float]]:
    """Return the style all objects share, their shapes in it, and how sure both are (0..1)."""
    total = np.sum([cost.min(axis=0) for cost in costs], axis=0)
    style = int(total.argmin())
    shapes, sure = [], []
    for cost in costs:
        column = cost[:, style]
        shapes.append(SHAPES[int(column.argmin())])
        sure.append(_lead(column))
    return STYLES[style], shapes, _lead(total), sure


def _lead(costs: Floats) -> float:
    """Return by how much the best of several costs leads: 1 where it is half of the next."""
    best, second = np.sort(costs)[:2]
    return float(np.clip(2 * (1 - best / max(float(second), 1e-6)), 0, 1))
