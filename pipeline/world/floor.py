"""A scene in perspective: things stand on a tiled floor, and the camera travels.

A pinhole camera looks straight ahead from `EYE` above the floor. A point at (x, z) on the
floor, seen from a camera at (cx, cz), lies at column (x - cx) / (z - cz) and row
EYE / (z - cz) from the point on the horizon straight ahead, in units of the frame.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Floats
from pipeline.world.paint import Cover, lay_object, lay_shadow, visible_shares
from pipeline.world.spec import ObjectSpec, SceneSpec
from pipeline.world.state import CameraState, DrawnScene, ObjectState, SceneTruth
from pipeline.world.stated import facts_of
from pipeline.world.vocabulary import BACKGROUND_RGB, OBJECT_COLOURS, unit_outline

EYE = 0.75
HORIZON = -0.14
"""Units of the frame below its centre: the camera sees more floor than wall."""
TILE = 0.6
STEP_UNITS_PER_S = 0.5
MAX_STEP = 1.1
"""The camera travels at most so far in one shot."""
FADE_DEPTH = 7.0
"""The tiles lose their contrast with the distance, by this length."""
_FINE = 3

_STEPS = {
    "still": (0.0, 0.0),
    "forward": (0.0, 1.0),
    "backward": (0.0, -1.0),
    "slide_left": (-1.0, 0.0),
    "slide_right": (1.0, 0.0),
}


def camera_places(move: str, times_s: Floats) -> tuple[Floats, Floats, float]:
    """Return the camera's place sideways and forward per frame, and its speed."""
    side, ahead = _STEPS[move]
    duration_s = max(float(times_s[-1] - times_s[0]), 1e-9)
    speed = min(STEP_UNITS_PER_S, MAX_STEP / duration_s)
    middle = times_s - (times_s[0] + times_s[-1]) / 2
    return middle * side * speed, middle * ahead * speed, speed if side or ahead else 0.0


def project(item: ObjectSpec, cx: Floats, cz: Floats) -> tuple[Floats, Floats, Floats]:
    """Return an object's centre (units from the frame's) and diameter in units, per frame.

    An object's `x` is its place sideways on the floor, its `y` the distance, `diameter` its
    size there.
    """
    depth = item.y - cz
    apparent = item.diameter / depth
    foot = float(unit_outline(item.shape)[:, 1].max()) / 2
    x = (item.x - cx) / depth
    y = HORIZON + EYE / depth - foot * apparent
    return x, y, apparent


def draw(
    spec: SceneSpec, times_s: Floats, *, width_px: int, height_px: int, fps: float
) -> DrawnScene:
    """Draw a scene with a floor; see `scene.draw_scene`."""
    count, unit = len(times_s), min(width_px, height_px)
    cx, cz, speed = camera_places(spec.camera_move, times_s)
    middle = ((width_px - 1) / 2, (height_px - 1) / 2)
    seen = [project(item, cx, cz) for item in spec.objects]
    order = sorted(range(len(spec.objects)), key=lambda i: -spec.objects[i].y)
    pixels = np.empty((count, height_px, width_px, 3), dtype=np.uint8)
    visibility: list[list[float]] = [[0.0] * count for _ in spec.objects]
    phase = np.random.default_rng([spec.texture_seed, 7]).uniform(0, TILE, size=2)
    for t in range(count):
        if t == 0 or speed:
            ground = _ground(spec, float(cx[t]), float(cz[t]), phase, (width_px, height_px))
        frame = pixels[t]
        frame[:] = ground
        covers: list[tuple[int, float, Cover | None]] = []
        for i in order:
            item = spec.objects[i]
            diameter = float(seen[i][2][t]) * unit
            where: dict[str, Any] = {
                "x": float(seen[i][0][t]) * unit + middle[0],
                "y": float(seen[i][1][t]) * unit + middle[1],
                "diameter": diameter,
            }
            if spec.style == "shaded":
                lay_shadow(frame, item.shape, **where)
            rgb = OBJECT_COLOURS[item.colour]
            thing = lay_object(frame, item.shape, rgb, spec.style, **where)
            covers.append((i, np.pi * diameter**2 / 4, thing))
        for i, shown in visible_shares(covers, (width_px, height_px)).items():
            visibility[i][t] = shown
    states = tuple(
        ObjectState(
            object_index=i,
            shape=item.shape,
            x_px=_list(seen[i][0] * unit + middle[0]),
            y_px=_list(seen[i][1] * unit + middle[1]),
            diameter_px=_list(seen[i][2] * unit),
            angle_deg=(0.0,) * count,
            visibility=tuple(visibility[i]),
            colour=(item.colour,) * count,
        )
        for i, item in enumerate(spec.objects)
    )
    truth = SceneTruth(
        width_px=width_px,
        height_px=height_px,
        num_frames=count,
        fps=fps,
        facts=facts_of(spec, (), count),
        camera=CameraState(
            move=spec.camera_move, speed=speed, x=_list(cx), y=_list(cz), zoom=(1.0,) * count
        ),
        objects=states,
        events=(),
    )
    return DrawnScene(pixels_THWC=pixels, truth=truth)


def _ground(
    spec: SceneSpec, cx: float, cz: float, phase: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return floor and wall as a camera at (cx, cz) sees them, H x W x 3."""
    width, height = size
    unit = min(width, height)
    x = ((np.arange(width * _FINE) + 0.5) / _FINE - width / 2)[None, :] / unit
    y = ((np.arange(height * _FINE) + 0.5) / _FINE - height / 2)[:, None] / unit
    below = np.maximum(y - HORIZON, 1e-4)
    depth = EYE / below
    columns = np.floor((x * depth + cx + phase[0]) / TILE)
    rows = np.floor((depth + cz + phase[1]) / TILE)
    signs = np.where(np.mod(columns + rows, 2) < 1, 1.0, -1.0)
    tone = signs * np.exp(-depth / FADE_DEPTH) * 22.0 - 12.0
    wall = np.broadcast_to(14.0 + 20.0 * (y - HORIZON), tone.shape)
    level = np.where(y > HORIZON, tone, wall).astype(np.float32)
    small = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
    base = np.array(BACKGROUND_RGB[spec.background_colour], dtype=np.float32)
    ground: NDArray[np.uint8] = np.rint(np.clip(base + small[:, :, None], 0, 255)).astype(np.uint8)
    return ground


def _list(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
