"""One shot: what is in it, its pixels, and its truth. Pure: the same spec, the same pixels.

Pixel coordinates: the centre of the top left pixel is (0, 0), x points right, y down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.caption import describe
from pipeline.world.motion import Floats, Room, camera_path, object_path, room_of
from pipeline.world.texture import look, paint_canvas
from pipeline.world.vocabulary import (
    OBJECT_COLOURS,
    SIZES,
    SPEEDS,
    reach,
    unit_outline,
)

MIN_SIDE_PX = 16
SAMPLES_PER_PIXEL = 8
"""Sub-samples along each axis of a pixel, for smooth edges."""
_FIXED_POINT_BITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSpec:
    """One object. `start` (two numbers in 0..1) is explained in `motion.object_path`."""

    colour: str
    shape: str
    size: str
    direction: str
    speed: str
    start: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotSpec:
    """Everything that a shot shows, at any size and length. Later objects hide earlier ones."""

    background_kind: str
    background_colour: str
    camera_move: str
    objects: tuple[ObjectSpec, ...]
    texture_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnShot:
    """A shot's pixels (T,H,W,3 uint8 RGB) and its truth (see `draw_shot`)."""

    pixels_THWC: NDArray[np.uint8]
    truth: dict[str, Any]


def draw_shot(
    spec: ShotSpec, *, width_px: int, height_px: int, num_frames: int, fps: float
) -> DrawnShot:
    """Draw a shot.

    The truth is plain data: `width_px`, `height_px`, `num_frames`, `fps`; `background`
    (`kind`, `colour`); `camera` (`move`, `speed`: see `motion.CameraPath`); `caption`; and
    `objects`, each with `colour`, `shape`, `size`, `direction` and `speed` at its start
    through the scene (not through the frame), `speed_heights_per_s`, `num_bounces`, and one
    number per frame in `x_px`, `y_px` (its centre of area in the frame), `diameter_px` (of
    the disc of equal area) and `visibility` (0..1, the share that no other object hides).
    """
    camera = camera_path(
        spec.camera_move, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps
    )
    room = room_of(camera, width_px=width_px, height_px=height_px)
    frame = (width_px, height_px, num_frames, fps)
    canvas = paint_canvas(
        spec.background_kind,
        spec.background_colour,
        seed=spec.texture_seed,
        camera=camera,
        width_px=width_px,
        height_px=height_px,
    )
    items = []
    for item in spec.objects:
        world_x, world_y, num_bounces = world_path(item, room, frame)
        items.append(
            {
                "colour": item.colour,
                "shape": item.shape,
                "size": item.size,
                "direction": item.direction,
                "speed": item.speed,
                "speed_heights_per_s": SPEEDS.get(item.speed, 0.0),
                "num_bounces": num_bounces,
                "x_px": ((world_x - camera.x) * camera.zoom + (width_px - 1) / 2).tolist(),
                "y_px": ((world_y - camera.y) * camera.zoom + (height_px - 1) / 2).tolist(),
                "diameter_px": (SIZES[item.size] * min(width_px, height_px) * camera.zoom).tolist(),
                "visibility": [],
            }
        )
    pixels = np.empty((num_frames, height_px, width_px, 3), dtype=np.uint8)
    for t in range(num_frames):
        if t == 0 or spec.camera_move != "still":
            seen = look(
                canvas,
                x=float(camera.x[t]),
                y=float(camera.y[t]),
                zoom=float(camera.zoom[t]),
                width_px=width_px,
                height_px=height_px,
            )
        pixels[t] = seen
        _lay_objects(pixels[t], items, t)
    truth = {
        "width_px": width_px,
        "height_px": height_px,
        "num_frames": num_frames,
        "fps": fps,
        "background": {"kind": spec.background_kind, "colour": spec.background_colour},
        "camera": {"move": spec.camera_move, "speed": camera.speed},
        "objects": items,
    }
    return DrawnShot(pixels_THWC=pixels, truth={**truth, "caption": describe(truth)})


def cover(
    shape: str, *, x: float, y: float, diameter: float
) -> tuple[NDArray[np.float32], int, int]:
    """Return the share of each pixel that a shape covers, and the patch's left and top pixel."""
    outline = unit_outline(shape) * (diameter / 2) + (x, y)
    left, top = (math.floor(v) - 1 for v in outline.min(axis=0))
    right, bottom = (math.ceil(v) + 2 for v in outline.max(axis=0))
    n = SAMPLES_PER_PIXEL
    fine = np.zeros(((bottom - top) * n, (right - left) * n), dtype=np.uint8)
    points = (outline - (left, top) + 0.5) * n - 0.5
    fixed = np.rint(points * 2**_FIXED_POINT_BITS).astype(np.int32)
    cv2.fillPoly(fine, [fixed], 255, shift=_FIXED_POINT_BITS)
    size = (right - left, bottom - top)
    share = cv2.resize(fine, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return share, left, top


def _lay_objects(frame_HWC: NDArray[np.uint8], items: list[dict[str, Any]], t: int) -> None:
    """Draw the objects of frame `t` onto it and append their visibility to their truth."""
    height, width, _ = frame_HWC.shape
    layers: list[NDArray[np.float32]] = []
    for item in items:
        share, left, top = cover(
            item["shape"], x=item["x_px"][t], y=item["y_px"][t], diameter=item["diameter_px"][t]
        )
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + share.shape[1], width), min(top + share.shape[0], height)
        part = share[y0 - top : y1 - top, x0 - left : x1 - left]
        if len(items) > 1:
            layers.append(np.zeros((height, width), dtype=np.float32))
            layers[-1][y0:y1, x0:x1] = part
        under = frame_HWC[y0:y1, x0:x1].astype(np.float32)
        colour = np.array(OBJECT_COLOURS[item["colour"]], dtype=np.float32)
        frame_HWC[y0:y1, x0:x1] = np.rint(under + (colour - under) * part[:, :, None])
    if len(items) == 1:
        items[0]["visibility"].append(1.0)
        return
    free = np.ones((height, width), dtype=np.float32)
    for layer, item in zip(reversed(layers), reversed(items), strict=True):
        item["visibility"].append(round(float((layer * free).sum() / layer.sum()), 4))
        free *= 1 - layer


def world_path(
    item: ObjectSpec, room: Room, frame: tuple[int, int, int, float]
) -> tuple[Floats, Floats, int]:
    """Return `motion.object_path` of an object; `frame` is width, height, frames and rate."""
    width_px, height_px, num_frames, fps = frame
    return object_path(
        direction=item.direction,
        speed=item.speed,
        start=item.start,
        reach_px=reach(item.shape) * SIZES[item.size] * min(width_px, height_px) / 2,
        room=room,
        height_px=height_px,
        num_frames=num_frames,
        fps=fps,
    )
