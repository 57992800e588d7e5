"""What the world's words look like: the value of every attribute of `schemas.facts`.

Lengths are shares of the frame's shorter side (`units`), speeds are units per second, colours
are 8-bit RGB. Directions are unit steps with y pointing down, as in pixels.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas import palette

Rgb = palette.Rgb
OBJECT_COLOURS = palette.OBJECT_RGB
BACKGROUND_RGB = palette.BACKGROUND_RGB
SIZES = palette.SIZE_DIAMETERS

TEXTURED_KINDS = ("mottled", "checker", "bricks", "hills")
"""Backgrounds on which a camera move can be seen; on `plain` and `gradient` it is still."""
OPEN_KINDS = ("plain", "gradient", *TEXTURED_KINDS)

SPEEDS: dict[str, float] = {"slow": 0.12, "medium": 0.25, "fast": 0.5}

GRAVITY = 1.6
"""Of scenes in which things fall; units per second squared."""
BOUNCE = 0.8
"""Share of its speed that a falling object keeps when it hits the ground."""
GROWTH = 1.7
"""How many times larger an object has grown at the end, or smaller when it shrinks."""
TURN_DEG_PER_S = 100.0

INK: Rgb = (24, 24, 28)
"""The line around objects in the style `outlined`."""
INK_LIKE_GROUNDS = ("charcoal", "navy", "dark_green")
"""Before these colours a line of ink cannot be seen, so nothing is outlined."""
INK_SHARE = 0.1
"""Its width over the diameter of the disc of equal area."""

PILLAR_RGB: dict[str, Rgb] = {"black": (12, 12, 13), "white": (246, 246, 244)}
WAX: Rgb = (238, 234, 222)
FLAME: Rgb = (255, 196, 48)
GLASS: Rgb = (226, 232, 236)
COIN: Rgb = (250, 206, 40)
COIN_COLOURS = ("orange", "yellow")
"""Objects of these colours never meet coins or a flame, which look alike."""

_HALF = math.sqrt(0.5)
DIRECTIONS: dict[str, tuple[float, float]] = {
    "right": (1.0, 0.0),
    "down_right": (_HALF, _HALF),
    "down": (0.0, 1.0),
    "down_left": (-_HALF, _HALF),
    "left": (-1.0, 0.0),
    "up_left": (-_HALF, -_HALF),
    "up": (0.0, -1.0),
    "up_right": (_HALF, -_HALF),
}

STAR_INNER = 0.45
"""Inner over outer radius of the five-pointed star."""


@cache
def unit_outline(shape: str) -> NDArray[np.float64]:
    """Return the outline of `shape` as N x 2 points (x, y) about its centre of area.

    The area is that of the unit disc, so that a size means the same for every shape. The
    array is shared and read-only.
    """
    if shape == "circle":
        corners, first_angle = 96, 0.0
    elif shape == "square":
        corners, first_angle = 4, math.pi / 4
    elif shape == "triangle":
        corners, first_angle = 3, -math.pi / 2
    elif shape == "star":
        corners, first_angle = 10, -math.pi / 2
    else:
        raise ValueError(f"unknown shape {shape!r}")
    angles = first_angle + np.arange(corners) * (2 * math.pi / corners)
    radii = np.ones(corners)
    if shape == "star":
        radii[1::2] = STAR_INNER
    points = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    x, y = points.T
    area = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))))
    scaled: NDArray[np.float64] = points * math.sqrt(math.pi / area)
    scaled.setflags(write=False)
    return scaled


def inset(
    points: NDArray[np.floating[Any]], width: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a polygon (N x 2) with every edge moved inwards by `width`, or outwards if negative.

    At sharp corners the vertex moves by at most three times the width. Of several polygons
    (T x N x 2) each has a width of its own (T x 1).
    """
    # As complex numbers, because this runs for every object of every frame.
    corners = np.ascontiguousarray(points).view(np.complex128)[..., 0]
    ends = np.concatenate([corners[..., 1:], corners[..., :1]], axis=-1)
    area = (corners.conj() * ends).imag.sum(axis=-1, keepdims=True)
    edges = ends - corners
    inwards = edges * (np.where(area > 0, 1j, -1j) / np.abs(edges))
    middle = inwards + np.concatenate([inwards[..., -1:], inwards[..., :-1]], axis=-1)
    middle /= np.abs(middle)
    slant = (middle.conj() * inwards).real
    moved = corners + middle * (width * np.minimum(1 / slant, 3.0))
    as_points: NDArray[np.float64] = moved.view(np.float64).reshape(points.shape)
    return as_points


@cache
def inner_outline(shape: str) -> NDArray[np.float64]:
    """Return `unit_outline` moved inwards by the width of the ink line, which lies inside it."""
    moved = inset(unit_outline(shape), 2 * INK_SHARE)
    moved.setflags(write=False)
    return moved


@cache
def reach(shape: str) -> float:
    """Return the largest distance of the outline from the centre, in radii of the equal disc."""
    return float(np.linalg.norm(unit_outline(shape), axis=1).max())


def colour_distance(one: Rgb, other: Rgb) -> float:
    """Return the Euclidean distance of two colours in 8-bit RGB."""
    return math.dist(one, other)
