"""The closed vocabulary of the world: every attribute that a shot can have, and its value.

Lengths are shares of the frame's shorter side, speeds are frame heights per second,
colours are 8-bit RGB. Directions are unit steps with y pointing down, as in pixels.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]

OBJECT_COLOURS: dict[str, Rgb] = {
    "red": (216, 32, 38),
    "orange": (247, 138, 18),
    "yellow": (250, 222, 40),
    "green": (38, 172, 64),
    "cyan": (38, 204, 222),
    "blue": (36, 84, 226),
    "purple": (136, 44, 190),
    "pink": (252, 122, 186),
}

BACKGROUND_COLOURS: dict[str, Rgb] = {
    "grey": (132, 134, 136),
    "charcoal": (52, 54, 60),
    "cream": (214, 202, 172),
    "brown": (112, 82, 60),
    "navy": (30, 40, 86),
    "dark green": (30, 70, 50),
    "pale blue": (174, 200, 222),
    "mauve": (148, 122, 148),
}

BACKGROUND_KINDS = ("plain", "gradient", "mottled", "checker", "bricks", "striped")
TEXTURED_KINDS = ("mottled", "checker", "bricks", "striped")
"""Backgrounds on which a camera move can be seen; on the others the camera is still."""

SHAPES = ("circle", "square", "triangle", "star")

SIZES: dict[str, float] = {"small": 0.13, "medium": 0.21, "large": 0.32}
"""Diameter of the disc of equal area, at the middle of the shot."""

SPEEDS: dict[str, float] = {"slow": 0.12, "medium": 0.25, "fast": 0.5}

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

REST = "rest"
"""Direction and speed of an object that does not move through the scene."""

CAMERA_MOVES = ("still", "pan_left", "pan_right", "tilt_up", "tilt_down", "zoom_in", "zoom_out")

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


@cache
def reach(shape: str) -> float:
    """Return the largest distance of the outline from the centre, in radii of the equal disc."""
    return float(np.linalg.norm(unit_outline(shape), axis=1).max())


def colour_distance(one: Rgb, other: Rgb) -> float:
    """Return the Euclidean distance of two colours in 8-bit RGB."""
    return math.dist(one, other)
