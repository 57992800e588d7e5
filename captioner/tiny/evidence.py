"""What the pixels themselves say against a reading, whatever the network believes.

In a scene of the world the ground has one stated colour, lighter here and darker there, and
almost all else has the colour of a stated thing. Footage of anything else hardly ever looks
so, so that a reading of it is refused even where the network is mistaken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.facts import Facts
from schemas.palette import BACKGROUND_RGB, OBJECT_RGB, SIZE_DIAMETERS

GROUND_TINT = 16.0
"""A pixel of the ground is off its tint by no more than this, in 8-bit levels."""
GROUND_TONE = 60.0
"""And lighter or darker than the ground's colour by no more than this."""
MAZE_TONE = 105.0
"""The same in a maze, whose walls are far from its ways."""
MAX_MEAN_TONE = 45.0
"""The ground as a whole is no lighter or darker than this, but in a maze."""
MIN_GROUND_SHARE = 0.55
"""Of the picture; in 4,000 scenes of training it is never below 0.63."""
MAX_UNEXPLAINED = 0.06
"""Share of the picture that is neither ground nor of a stated colour nor beside them."""
AREAS = (0.3, 6.0)
"""Of what an object's size says, so much at least shows its colour, and at most."""
UNSTATED_DIAMETER = 0.11
"""Of an object whose size is not stated, as `SIZE_DIAMETERS`."""
MIN_CHROMA = 45.0
"""A pixel of an object's colour has at least this between its largest and smallest channel."""
_COLOUR_NEAR = 0.28
"""How far from a colour a pixel may be, as a share of its brightness, to count as of it."""
_FRAMES = 4


def doubts(pixels_THWC: NDArray[np.uint8], facts: Facts, *, may_be_empty: bool = False) -> str:
    """Return what speaks against these facts of these frames; empty where nothing does.

    `may_be_empty` where other frames of the clip show the objects.
    """
    if facts.background_colour is None:
        return "no ground of a known colour is seen"
    if not facts.objects and not may_be_empty:
        return "no object is seen"
    which = np.linspace(0, len(pixels_THWC) - 1, _FRAMES).round().astype(int)
    frames = pixels_THWC[which].astype(np.float32)
    is_maze = facts.background_kind == "maze"
    is_ground, tone = _ground(frames, facts.background_colour, is_maze=is_maze)
    ground_share = float(is_ground.mean())
    if ground_share < MIN_GROUND_SHARE:
        return f"only {ground_share:.0%} of the picture is {facts.background_colour}"
    if not is_maze and abs(tone) > MAX_MEAN_TONE:
        return f"the ground is not {facts.background_colour}"
    picture = _Picture.of(frames)
    explained = is_ground | _is_prop(picture, facts)
    unit = min(frames.shape[1:3])
    for item in facts.objects:
        shown = np.zeros(frames.shape[:3], dtype=bool)
        for colour in (item.colour, item.new_colour):
            if colour is not None:
                shown |= picture.is_of(OBJECT_RGB[colour])
        explained |= shown
        diameter = SIZE_DIAMETERS[item.size] if item.size else UNSTATED_DIAMETER
        expected = np.pi / 4 * (diameter * unit) ** 2
        if float(shown.sum(axis=(1, 2)).max()) < AREAS[0] * expected:
            return f"too little of the picture is {item.colour}"
        own = float((shown & ~is_ground).sum(axis=(1, 2)).min())
        if item.size is not None and not item.leaves_trail and own > AREAS[1] * expected:
            return f"too much of the picture is {item.colour}"
    # Where two colours meet pixels are mixed, so what touches something explained may be.
    unexplained = float((~_widened(explained)).mean())
    if unexplained > MAX_UNEXPLAINED:
        return f"{unexplained:.0%} of the picture is of no stated colour"
    return ""


def _ground(
    frames: NDArray[np.float32], colour: str, *, is_maze: bool
) -> tuple[NDArray[np.bool_], float]:
    """Tell which pixels are ground, and how much lighter than its colour they are on average."""
    off = frames - np.array(BACKGROUND_RGB[colour], dtype=np.float32)
    tone = (off[..., 0] + off[..., 1] + off[..., 2]) / 3
    red, green, blue = (np.abs(off[..., channel] - tone) for channel in range(3))
    tint = np.maximum(np.maximum(red, green), blue)
    found = (tint < GROUND_TINT) & (np.abs(tone) < (MAZE_TONE if is_maze else GROUND_TONE))
    return found, float(tone[found].mean()) if found.any() else 0.0


@dataclass(frozen=True, slots=True)
class _Picture:
    """Frames with what every colour is held against, worked out once."""

    frames_THWC: NDArray[np.float32]
    squares_THW: NDArray[np.float32]
    is_vivid_THW: NDArray[np.bool_]

    @classmethod
    def of(cls, frames_THWC: NDArray[np.float32]) -> _Picture:
        red, green, blue = (frames_THWC[..., channel] for channel in range(3))
        most = np.maximum(np.maximum(red, green), blue)
        least = np.minimum(np.minimum(red, green), blue)
        squares = red * red + green * green + blue * blue
        return cls(frames_THWC, squares, most - least > MIN_CHROMA)

    def is_of(self, rgb: tuple[int, int, int]) -> NDArray[np.bool_]:
        """Tell which pixels have a colour, in light or shade."""
        true = np.array(rgb, dtype=np.float32)
        length = float(true @ true)
        strength = (self.frames_THWC @ true) / length
        # What is left of a pixel beside the colour: by Pythagoras, without its three parts.
        off_squared = self.squares_THW - strength * strength * length
        near: NDArray[np.bool_] = (
            self.is_vivid_THW
            & (off_squared < _COLOUR_NEAR**2 * length)
            & (strength > 0.5)
            & (strength < 1.4)
        )
        return near


def _is_prop(picture: _Picture, facts: Facts) -> NDArray[np.bool_]:
    frames = picture.frames_THWC
    found = np.zeros(frames.shape[:3], dtype=bool)
    if facts.prop == "pillar":
        level = frames.mean(axis=-1)
        found |= (level < 40) if facts.prop_colour == "black" else (level > 215)
    elif facts.prop is not None:
        if facts.prop_colour in OBJECT_RGB:
            found |= picture.is_of(OBJECT_RGB[str(facts.prop_colour)])
        if facts.prop == "coins":
            found |= picture.is_of(OBJECT_RGB["yellow"])
    return found


def _widened(mask_THW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask grown by one pixel to all four sides."""
    grown = mask_THW.copy()
    grown[:, 1:] |= mask_THW[:, :-1]
    grown[:, :-1] |= mask_THW[:, 1:]
    grown[:, :, 1:] |= mask_THW[:, :, :-1]
    grown[:, :, :-1] |= mask_THW[:, :, 1:]
    return grown
