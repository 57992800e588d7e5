"""What the colours and sizes of `schemas.facts` stand for, in numbers.

Who draws the world and who reads it without the drawing's help share these, and nothing more.
"""

from __future__ import annotations

from schemas.facts import BACKGROUND_COLOURS, COLOURS, SIZES

Rgb = tuple[int, int, int]

OBJECT_RGB: dict[str, Rgb] = {
    "red": (216, 32, 38),
    "orange": (247, 138, 18),
    "yellow": (250, 222, 40),
    "green": (38, 172, 64),
    "cyan": (20, 206, 226),
    "blue": (30, 98, 235),
    "purple": (150, 42, 182),
    "pink": (252, 122, 186),
}
"""8-bit. All are vivid: their chroma in CIELAB is 40 and more."""

BACKGROUND_RGB: dict[str, Rgb] = {
    "grey": (132, 134, 136),
    "charcoal": (54, 56, 61),
    "cream": (212, 204, 182),
    "brown": (108, 88, 72),
    "navy": (38, 46, 80),
    "dark_green": (40, 66, 52),
    "pale_blue": (178, 198, 214),
    "mauve": (146, 126, 146),
}
"""8-bit. All are muted: their chroma in CIELAB is 25 and less."""

SIZE_DIAMETERS: dict[str, float] = {"small": 0.16, "medium": 0.25, "large": 0.38}
"""Of the disc of equal area, over the frame's shorter side, where the magnification is 1."""

assert tuple(OBJECT_RGB) == COLOURS
assert tuple(BACKGROUND_RGB) == BACKGROUND_COLOURS
assert tuple(SIZE_DIAMETERS) == SIZES
