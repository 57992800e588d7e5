"""Where the camera looks and where the objects are, frame by frame (pure).

World coordinates are pixels of the frame at the middle of the shot, with the origin at the
centre of what the camera then sees; x points right, y down. Objects move at constant velocity
inside the room: the part of the world that stays in view for the whole shot. Its walls throw
them back without loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.world.vocabulary import DIRECTIONS, REST, SPEEDS

Floats = NDArray[np.floating[Any]]

PAN_HEIGHTS_PER_S = 0.2
ZOOM_LOG_PER_S = 0.16
MAX_PAN_SHARE = 0.3
"""A pan or tilt crosses at most this share of the frame's width or height in one shot."""
MAX_ZOOM_LOG = 2 * math.log(1.18)
"""A zoom changes sizes by at most this logarithm, so that the named sizes stay apart."""
MAX_CAMERA_S = 10.0
"""Longer shots have a still camera: within the limits above a move would be too slow to see."""

_TOUCH = 1e-9
"""An object that reaches a wall in its last frame has not bounced."""

_PAN_STEPS = {
    "pan_left": (-1.0, 0.0),
    "pan_right": (1.0, 0.0),
    "tilt_up": (0.0, -1.0),
    "tilt_down": (0.0, 1.0),
}
_ZOOM_SIGNS = {"zoom_in": 1.0, "zoom_out": -1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPath:
    """The camera's centre (world pixels) and magnification per frame; each of shape T.

    `speed` is frame heights per second for pans and tilts, and the logarithm of the
    magnification per second for zooms; 0 for a still camera.
    """

    x: Floats
    y: Floats
    zoom: Floats
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The rectangle of the world that is in view in every frame, in world pixels."""

    left: float
    top: float
    right: float
    bottom: float


def camera_path(
    move: str, *, width_px: int, height_px: int, num_frames: int, fps: float
) -> CameraPath:
    """Return the path of a camera that moves at constant speed.

    `pan_right` turns the camera right, so the picture moves left; `tilt_up` moves it down.
    """
    seconds = (np.arange(num_frames) - (num_frames - 1) / 2) / fps
    duration_s = max((num_frames - 1) / fps, 1e-9)
    x: Floats = np.zeros(num_frames)
    y: Floats = np.zeros(num_frames)
    zoom: Floats = np.ones(num_frames)
    speed = 0.0
    if move in _PAN_STEPS:
        step_x, step_y = _PAN_STEPS[move]
        limit_px = MAX_PAN_SHARE * (width_px if step_x else height_px)
        speed = min(PAN_HEIGHTS_PER_S, limit_px / duration_s / height_px)
        x = seconds * (step_x * speed * height_px)
        y = seconds * (step_y * speed * height_px)
    elif move in _ZOOM_SIGNS:
        speed = min(ZOOM_LOG_PER_S, MAX_ZOOM_LOG / duration_s)
        zoom = np.exp(seconds * (_ZOOM_SIGNS[move] * speed))
    elif move != "still":
        raise ValueError(f"unknown camera move {move!r}")
    return CameraPath(x=x, y=y, zoom=zoom, speed=speed)


def room_of(camera: CameraPath, *, width_px: int, height_px: int) -> Room:
    """Return the room of a shot: the intersection of what all its frames show."""
    half_width = width_px / 2 / camera.zoom
    half_height = height_px / 2 / camera.zoom
    return Room(
        left=float((camera.x - half_width).max()),
        top=float((camera.y - half_height).max()),
        right=float((camera.x + half_width).min()),
        bottom=float((camera.y + half_height).min()),
    )


def object_path(
    *,
    direction: str,
    speed: str,
    start: tuple[float, float],
    reach_px: float,
    room: Room,
    height_px: int,
    num_frames: int,
    fps: float,
) -> tuple[Floats, Floats, int]:
    """Return an object's centre per frame (x, y: world pixels, shape T) and its bounces.

    `start` is two numbers in 0..1. They choose among the places from which the object
    crosses the room without a bounce, or among those furthest from the wall ahead where
    there are none. `reach_px` is the largest distance of its outline from its centre.
    """
    step_x, step_y = (0.0, 0.0) if direction == REST else DIRECTIONS[direction]
    pixels_per_s = 0.0 if direction == REST else SPEEDS[speed] * height_px
    seconds = np.arange(num_frames) / fps
    x, bounces_x = _axis(step_x * pixels_per_s, start[0], room.left, room.right, reach_px, seconds)
    y, bounces_y = _axis(step_y * pixels_per_s, start[1], room.top, room.bottom, reach_px, seconds)
    return x, y, bounces_x + bounces_y


def _axis(
    velocity: float, start: float, low: float, high: float, reach_px: float, seconds: Floats
) -> tuple[Floats, int]:
    """Fold straight motion into `[low + reach, high - reach]`, and count the turns."""
    low, high = low + reach_px, high - reach_px
    length = high - low
    if length <= 0:
        raise ValueError("the object does not fit into the room")
    travel = abs(velocity) * float(seconds[-1])
    slack = length if velocity == 0 else max(length - travel, 0.1 * length)
    begin = start * slack if velocity >= 0 else length - start * slack
    straight = begin + velocity * seconds
    phase = np.mod(straight, 2 * length)
    folded = low + np.where(phase > length, 2 * length - phase, phase)
    end = float(straight[-1])
    beyond = end - length if velocity > 0 else -end
    bounces = math.ceil(beyond / length - _TOUCH) if velocity else 0
    return folded, max(bounces, 0)
