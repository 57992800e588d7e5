"""Choose by lot what a shot shows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.world.motion import MAX_CAMERA_S, Room, camera_path, room_of
from pipeline.world.scene import ObjectSpec, ShotSpec, world_path
from pipeline.world.vocabulary import (
    BACKGROUND_COLOURS,
    BACKGROUND_KINDS,
    CAMERA_MOVES,
    DIRECTIONS,
    OBJECT_COLOURS,
    REST,
    SHAPES,
    SIZES,
    SPEEDS,
    TEXTURED_KINDS,
    colour_distance,
)

MIN_CONTRAST = 110.0
"""Least RGB distance of an object's colour from the background's and from the other object's."""
_PLACEMENT_TRIES = 16


def choose_shot(
    seed: int,
    *,
    width_px: int,
    height_px: int,
    num_frames: int,
    fps: float,
    motion: str = "any",
) -> ShotSpec:
    """Draw a shot's contents by lot.

    `motion` is `any`, `moving` (an object moves) or `static` (nothing does). A single frame
    is static. Of several placements of two objects the one that keeps them furthest apart
    is taken. The camera moves only where the background shows it.
    """
    rng = np.random.default_rng(seed)
    static = motion == "static" or num_frames == 1
    kind = _pick(rng, BACKGROUND_KINDS)
    background = _pick(rng, tuple(BACKGROUND_COLOURS))
    camera_move = "still"
    if kind in TEXTURED_KINDS and not static and num_frames <= MAX_CAMERA_S * fps:
        camera_move = _pick(rng, CAMERA_MOVES)
    colours = _contrasting(rng, background)
    objects = []
    for index in range(int(rng.integers(1, 3))):
        resting = static or (rng.random() < 0.2 and not (motion == "moving" and index == 0))
        size = _pick(rng, ("small", "medium") if index else tuple(SIZES))
        objects.append(
            ObjectSpec(
                colour=colours[index],
                shape=_pick(rng, SHAPES),
                size=size,
                direction=REST if resting else _pick(rng, tuple(DIRECTIONS)),
                speed=REST if resting else _pick(rng, tuple(SPEEDS)),
                start=(0.5, 0.5),
            )
        )
    camera = camera_path(
        camera_move, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps
    )
    room = room_of(camera, width_px=width_px, height_px=height_px)
    frame = (width_px, height_px, num_frames, fps)
    return ShotSpec(
        background_kind=kind,
        background_colour=background,
        camera_move=camera_move,
        objects=_place(rng, objects, room, frame),
        texture_seed=int(rng.integers(2**31)),
    )


def _place(
    rng: np.random.Generator,
    objects: list[ObjectSpec],
    room: Room,
    frame: tuple[int, int, int, float],
) -> tuple[ObjectSpec, ...]:
    """Give the objects their starts; of several tries, that with the widest least gap."""
    best: tuple[ObjectSpec, ...] = ()
    best_gap = -math.inf
    for _ in range(_PLACEMENT_TRIES if len(objects) > 1 else 1):
        tried = tuple(
            replace(item, start=(float(rng.random()), float(rng.random()))) for item in objects
        )
        paths = [world_path(item, room, frame) for item in tried]
        gap = math.inf
        if len(paths) > 1:
            (x0, y0, _), (x1, y1, _) = paths
            gap = float(np.hypot(x0 - x1, y0 - y1).min())
        if gap > best_gap:
            best, best_gap = tried, gap
    return best


def _contrasting(rng: np.random.Generator, background: str) -> tuple[str, str]:
    """Return two object colours that stand out from the background and from each other."""
    names = [
        name
        for name, rgb in OBJECT_COLOURS.items()
        if colour_distance(rgb, BACKGROUND_COLOURS[background]) >= MIN_CONTRAST
    ]
    first = _pick(rng, tuple(names))
    others = [
        name
        for name in names
        if colour_distance(OBJECT_COLOURS[name], OBJECT_COLOURS[first]) >= MIN_CONTRAST
    ]
    return first, _pick(rng, tuple(others))


def _pick(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]
