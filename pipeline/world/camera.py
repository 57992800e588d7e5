"""Where the camera looks, frame by frame (pure). Lengths in units, see `spec`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

PAN_UNITS_PER_S = 0.2
ZOOM_LOG_PER_S = 0.16
MAX_PAN_SHARE = 0.3
"""A pan or tilt crosses at most this share of the frame's width or height in one shot."""
MAX_ZOOM_LOG = 2 * math.log(1.18)
"""A zoom changes sizes by at most this logarithm, so that the named sizes stay apart."""
MAX_CAMERA_S = 10.0
"""Longer shots have a still camera: within the limits above a move would be too slow to see."""

_PAN_STEPS = {
    "pan_left": (-1.0, 0.0),
    "pan_right": (1.0, 0.0),
    "tilt_up": (0.0, -1.0),
    "tilt_down": (0.0, 1.0),
}
_ZOOM_SIGNS = {"zoom_in": 1.0, "zoom_out": -1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPath:
    """The camera's centre (units) and magnification per frame; each of shape T.

    `speed` is units per second for pans and tilts, and the logarithm of the magnification
    per second for zooms; 0 for a still camera.
    """

    x: Floats
    y: Floats
    zoom: Floats
    speed: float


@dataclass(frozen=True, slots=True)
class Room:
    """The rectangle in which objects move, in units."""

    left: float
    top: float
    right: float
    bottom: float


def camera_path(move: str, *, width: float, height: float, times_s: Floats) -> CameraPath:
    """Return the path of a camera that moves at constant speed.

    `pan_right` turns the camera right, so the picture moves left; `tilt_up` moves it down.
    """
    seconds = times_s - (times_s[0] + times_s[-1]) / 2
    duration_s = max(float(times_s[-1] - times_s[0]), 1e-9)
    x: Floats = np.zeros(len(times_s))
    y: Floats = np.zeros(len(times_s))
    zoom: Floats = np.ones(len(times_s))
    speed = 0.0
    if move in _PAN_STEPS:
        step_x, step_y = _PAN_STEPS[move]
        speed = min(PAN_UNITS_PER_S, MAX_PAN_SHARE * (width if step_x else height) / duration_s)
        x = seconds * (step_x * speed)
        y = seconds * (step_y * speed)
    elif move in _ZOOM_SIGNS:
        speed = min(ZOOM_LOG_PER_S, MAX_ZOOM_LOG / duration_s)
        zoom = np.exp(seconds * (_ZOOM_SIGNS[move] * speed))
    elif move != "still":
        raise ValueError(f"unknown camera move {move!r}")
    return CameraPath(x=x, y=y, zoom=zoom, speed=speed)


def room_of(camera: CameraPath, *, width: float, height: float) -> Room:
    """Return the part of the scene that is in view in every frame."""
    half_width = width / 2 / camera.zoom
    half_height = height / 2 / camera.zoom
    return Room(
        left=float((camera.x - half_width).max()),
        top=float((camera.y - half_height).max()),
        right=float((camera.x + half_width).min()),
        bottom=float((camera.y + half_height).min()),
    )
