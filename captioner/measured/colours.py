"""Colours -> names: a small palette in Oklab, with gaps where people would disagree.

Oklab (B. Ottosson, 2020) is used rather than CIELAB because CIELAB puts pure blue and
violet at nearly the same hue. A colour is described by its lightness L (0 black, 1 white),
chroma C (0 grey, about 0.3 the strongest a screen shows) and hue in degrees. Every name
owns boxes in that space. What lies in no box is `UNSURE` and is never spoken of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNSURE = -1
"""Index of a pixel whose colour has no clear name."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of colour space that has one name; hue in degrees, and it may wrap past 360."""

    name: str
    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float] = (0.0, 360.0)


_MAX = 1.0
BOXES: tuple[Box, ...] = (
    # Near black the cube root in Oklab turns a grey level of noise into visible chroma, so
    # the tolerance is wide there and a hue needs more chroma the darker the pixel is.
    Box("black", (0.0, 0.13), (0.0, _MAX)),
    Box("black", (0.13, 0.27), (0.0, 0.045)),
    Box("grey", (0.30, 0.40), (0.0, 0.020)),
    Box("grey", (0.40, 0.86), (0.0, 0.020)),
    Box("white", (0.90, 1.01), (0.0, 0.022)),
    Box("beige", (0.77, 1.01), (0.032, 0.10), (62.0, 108.0)),
    Box("brown", (0.28, 0.40), (0.050, 0.14), (35.0, 88.0)),
    Box("brown", (0.40, 0.60), (0.050, 0.14), (35.0, 85.0)),
    Box("brown", (0.60, 0.70), (0.055, 0.11), (45.0, 80.0)),
    # Skin and wood lie at chroma 0.07-0.12; red and orange start well above.
    Box("red", (0.25, 0.40), (0.100, _MAX), (10.0, 33.0)),
    Box("red", (0.40, 0.69), (0.145, _MAX), (12.0, 34.0)),
    Box("orange", (0.66, 0.87), (0.135, _MAX), (43.0, 78.0)),
    Box("yellow", (0.76, 1.01), (0.110, _MAX), (88.0, 115.0)),
    Box("green", (0.28, 0.40), (0.055, _MAX), (110.0, 168.0)),
    Box("green", (0.40, 0.70), (0.045, _MAX), (116.0, 168.0)),
    Box("green", (0.70, 0.93), (0.060, _MAX), (122.0, 168.0)),
    Box("teal", (0.30, 0.64), (0.050, _MAX), (182.0, 212.0)),
    Box("cyan", (0.69, 0.97), (0.055, _MAX), (182.0, 212.0)),
    Box("blue", (0.25, 0.40), (0.070, _MAX), (222.0, 283.0)),
    Box("blue", (0.40, 0.90), (0.050, _MAX), (222.0, 283.0)),
    Box("purple", (0.26, 0.40), (0.070, _MAX), (291.0, 335.0)),
    Box("purple", (0.40, 0.62), (0.060, _MAX), (291.0, 333.0)),
    Box("purple", (0.62, 0.80), (0.060, 0.24), (291.0, 316.0)),
    Box("pink", (0.62, 0.97), (0.055, _MAX), (338.0, 366.0)),
    Box("pink", (0.72, 0.97), (0.055, 0.17), (6.0, 22.0)),
)
"""Boxes in L, C and hue. Lower ends belong to a box, upper ends do not; none overlap."""

NAMES: tuple[str, ...] = tuple(dict.fromkeys(box.name for box in BOXES))
"""The palette."""

ACHROMATIC = frozenset({"black", "grey", "white"})
"""Names without a hue."""

SHADES: dict[str, tuple[float, float]] = {
    "grey": (0.48, 0.76),
    "red": (0.45, 2.0),
    "brown": (0.40, 0.62),
    "green": (0.47, 0.80),
    "blue": (0.40, 0.76),
    "purple": (0.38, 0.70),
    "pink": (-1.0, 0.86),
    "yellow": (-1.0, 2.0),
}
"""Mean lightness below which a colour is `dark` and above which it is `light`."""

_SHADE_MARGIN = 0.02
"""No shade is named this close to a limit: about two steps that an eye can tell apart."""


def to_oklab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return Oklab for sRGB bytes; the last axis is R, G, B in and L, a, b out."""
    value = rgb.astype(np.float64) / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float64] = np.cbrt(linear @ _TO_LMS.T) @ _TO_OKLAB.T
    return lab


def name_pixels(lab: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the index in `NAMES` for every pixel of `lab` (..., 3), or `UNSURE`."""
    lightness = lab[..., 0]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360.0
    names = np.full(lightness.shape, UNSURE, dtype=np.int8)
    for box in BOXES:
        inside = (lightness >= box.lightness[0]) & (lightness < box.lightness[1])
        inside &= (chroma >= box.chroma[0]) & (chroma < box.chroma[1])
        inside &= (hue - box.hue[0]) % 360.0 < box.hue[1] - box.hue[0]
        names[inside] = NAMES.index(box.name)
    return names


def name_colour(rgb: tuple[int, int, int]) -> str | None:
    """Return the palette's name for one sRGB colour, or None where it has no clear name."""
    index = int(name_pixels(to_oklab(np.array(rgb, dtype=np.uint8))))
    return None if index == UNSURE else NAMES[index]


def shade(name: str, lightness: float) -> str:
    """Return the name with `dark` or `light` before it where the mean lightness is clear."""
    dark, light = SHADES.get(name, (-1.0, 2.0))
    if lightness < dark - _SHADE_MARGIN:
        return f"dark {name}"
    if lightness > light + _SHADE_MARGIN:
        return f"light {name}"
    return name
