"""Draw the things that are no objects: pillar, candle, jar. Pixels as in `state`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Floats, Room
from pipeline.world.covers import covers
from pipeline.world.paint import Cover, Frame, cover, lay, outline_px
from pipeline.world.spec import PropSpec
from pipeline.world.vocabulary import (
    FLAME,
    GLASS,
    OBJECT_COLOURS,
    PILLAR_RGB,
    WAX,
    Rgb,
)

ToPixels = Callable[[float, float], tuple[float, float]]
"""Turns a point of the scene (units) into frame pixels."""
AllToPixels = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Does so for a point that moves, in all frames."""

WALL_WIDTH = 0.025
WALL_GAIN = 0.6
"""The border has this share of the ground's light; before a dark ground it is brighter by it."""
DARK_LEVEL = 60
"""A ground whose mean 8-bit level lies below is dark."""
FALL_APART_S = 0.35
SPREAD_S = 0.9
PUDDLE_WIDTH = 0.75
SMOKE_S = 1.0


def wall_covers(
    room: Room, places: AllToPixels, size: tuple[int, int], num_frames: int
) -> list[tuple[Cover | None, ...]]:
    """Return per frame what the walls of a room cover: a thin border just outside of it.

    Under a moving camera the walls are not the frame's edges, and without a border nobody
    could see what things bounce off.
    """
    left, top, right, bottom = room.left, room.top, room.right, room.bottom
    out_left, out_top = left - WALL_WIDTH, top - WALL_WIDTH
    out_right, out_bottom = right + WALL_WIDTH, bottom + WALL_WIDTH
    walls = []
    for x0, y0, x1, y1 in (
        (out_left, out_top, out_right, top),
        (out_left, bottom, out_right, out_bottom),
        (out_left, top, left, bottom),
        (right, top, out_right, bottom),
    ):
        (low_x, low_y), (high_x, high_y) = (
            places(np.full(num_frames, x), np.full(num_frames, y)) for x, y in ((x0, y0), (x1, y1))
        )
        corners = ((low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y))
        boxes = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
        walls.append(covers(boxes, size))
    return list(zip(*walls, strict=True))


def lay_walls(frame: Frame, walls: Sequence[Cover | None], ground: Rgb) -> None:
    """Draw the walls of a room in a tone of the ground."""
    gain = WALL_GAIN if sum(ground) > 3 * DARK_LEVEL else 1 / WALL_GAIN
    colour = (round(ground[0] * gain), round(ground[1] * gain), round(ground[2] * gain))
    for wall in walls:
        lay(frame, wall, colour)


def lay_pillar(frame: Frame, prop: PropSpec, place: ToPixels) -> Cover | None:
    """Draw the pillar, from the top of the frame to its bottom, and return what it covers."""
    left, _ = place(prop.x - prop.width / 2, 0.0)
    right, _ = place(prop.x + prop.width / 2, 0.0)
    thing = cover([_box(left, -2.0, right, frame.shape[0] + 2.0)], _size(frame))
    lay(frame, thing, PILLAR_RGB[prop.colour or "black"])
    return thing


def lay_candle(frame: Frame, prop: PropSpec, place: ToPixels, seconds_out: float | None) -> None:
    """Draw a candle; `seconds_out`: since its flame went out, None while it burns.

    (`x`, `y`) of the prop is the middle of the flame; the stick reaches down to the bottom.
    """
    top = prop.y + prop.height * 0.55
    left, y0 = place(prop.x - prop.width / 2, top)
    right, y1 = place(prop.x + prop.width / 2, prop.y + 4.0)
    lay(frame, cover([_box(left, y0, right, y1)], _size(frame)), WAX)
    wick_left, wick_top = place(prop.x - 0.008, prop.y + prop.height * 0.3)
    wick_right, _ = place(prop.x + 0.008, 0.0)
    lay(frame, cover([_box(wick_left, wick_top, wick_right, y0)], _size(frame)), (30, 28, 26))
    x, y = place(prop.x, prop.y)
    unit = place(prop.x + 1.0, 0.0)[0] - x
    if seconds_out is None:
        angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        narrow = np.where(np.sin(angles) < 0, 1 - 0.55 * np.abs(np.sin(angles)) ** 2, 1.0)
        points = np.stack(
            [
                x + 0.32 * prop.height * unit * np.cos(angles) * narrow,
                y + 0.5 * prop.height * unit * np.sin(angles),
            ],
            axis=1,
        )
        lay(frame, cover([points], _size(frame)), FLAME)
        return
    for k in range(3):
        age = seconds_out - 0.12 * k
        if 0 <= age < SMOKE_S:
            sway = 0.02 * math.sin(7 * age + k)
            puff_x, puff_y = place(prop.x + sway, prop.y - 0.28 * age)
            puff = outline_px("circle", x=puff_x, y=puff_y, diameter=(0.05 + 0.05 * age) * unit)
            lay(frame, cover([puff], _size(frame)), (188, 188, 190), 0.55 * (1 - age / SMOKE_S))


def lay_jar(
    frame: Frame,
    prop: PropSpec,
    place: ToPixels,
    *,
    seconds_broken: float | None,
    seconds_spilt: float | None,
) -> None:
    """Draw a jar of liquid; broken, its walls fall apart; spilt, the liquid spreads on the ground.

    The liquid keeps its area. (`x`, `y`) is the middle; the ground is the jar's bottom.
    """
    colour = OBJECT_COLOURS[prop.colour or "blue"]
    low = prop.y + prop.height / 2
    wall = 0.035
    inner = prop.width - 2 * wall
    level = 0.75 * (prop.height - wall)
    spread = 0.0 if seconds_spilt is None else min(seconds_spilt / SPREAD_S, 1.0)
    wide = inner + (PUDDLE_WIDTH - inner) * (1 - (1 - spread) ** 2)
    high = inner * level / wide
    ground = low - (wall if seconds_spilt is None else 0.0)
    _lay_box(frame, prop.x - wide / 2, ground - high, prop.x + wide / 2, ground, place, colour)
    fall = 0.0 if seconds_broken is None else min(seconds_broken / FALL_APART_S, 1.0)
    if spread == 0.0:
        _lay_box(
            frame, prop.x - prop.width / 2, low - wall, prop.x + prop.width / 2, low, place, GLASS
        )
    for side in (-1.0, 1.0):
        foot_x = prop.x + side * (prop.width / 2 - wall / 2 + 0.10 * fall)
        tilt = side * fall * math.radians(82)
        along = np.array([math.sin(tilt), -math.cos(tilt)])
        across = np.array([math.cos(tilt), math.sin(tilt)]) * wall / 2
        foot = np.array([foot_x, low - wall / 2 * fall])
        head = foot + along * prop.height
        corners = [foot - across, head - across, head + across, foot + across]
        points = np.array([place(float(c[0]), float(c[1])) for c in corners])
        lay(frame, cover([points], _size(frame)), GLASS)


def _lay_box(
    frame: Frame,
    left: float,
    top: float,
    right: float,
    bottom: float,
    place: ToPixels,
    colour: tuple[int, int, int],
) -> None:
    x0, y0 = place(left, top)
    x1, y1 = place(right, bottom)
    lay(frame, cover([_box(x0, y0, x1, y1)], _size(frame)), colour)


def _box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _size(frame: Frame) -> tuple[int, int]:
    return frame.shape[1], frame.shape[0]
