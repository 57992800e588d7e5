"""How the camera moves, from the background's pixels alone.

The background's picture moves by one step (shift and zoom) from each frame to the next: direct
alignment (Lucas and Kanade, 1981) over all pairs of frames together, with robust weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import (
    MAX_CAMERA_S,
    MAX_PAN_SHARE,
    MAX_ZOOM_LOG,
    PAN_UNITS_PER_S,
    ZOOM_LOG_PER_S,
)
from pipeline.world.parse.plane import Floats

COARSE = 0.03
"""Blur of the first rounds, over the shorter side."""
ROUNDS = ((COARSE, 4), (0.016, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How the background's picture moves from frame to frame.

    `step`: shift right, shift down (pixels) and log magnification per frame, common to all;
    `steps`: the same for every pair of frames, (T - 1, 3); `error`: of `step`, three standard
    deviations' worth; `left_over`: the deviation of grey levels after alignment.
    """

    step: Floats
    steps: Floats
    left_over: float


def no_steps(count: int) -> Steps:
    """Return the steps of a camera that stands still."""
    return Steps(step=np.zeros(3), steps=np.zeros((max(count - 1, 0), 3)), left_over=0.0)


def align(grey_THW: Floats, free_THW: NDArray[np.bool_]) -> Steps:
    """Align each frame's background with the next one's; `free` marks background pixels."""
    count, height, width = grey_THW.shape
    theta = np.zeros(3)
    if count < 2:
        return Steps(step=theta, steps=np.zeros((0, 3)), left_over=0.0)
    unit = min(height, width)
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :] * np.ones((height, 1))
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None] * np.ones((1, width))
    x, y = x.astype(np.float32), y.astype(np.float32)
    steps = np.zeros((count - 1, 3))
    left_over = 0.0
    for blur, rounds in ROUNDS:
        smooth = np.stack([cv2.GaussianBlur(frame, (0, 0), blur * unit) for frame in grey_THW])
        slope_x = np.stack([cv2.Sobel(frame, cv2.CV_32F, 1, 0, scale=0.125) for frame in smooth])
        slope_y = np.stack([cv2.Sobel(frame, cv2.CV_32F, 0, 1, scale=0.125) for frame in smooth])
        for k in range(rounds):
            normal, right, left_over = _equations(
                smooth, (slope_x, slope_y), free_THW, (x, y), theta, k >= 2
            )
            ridge = (
                np.diag([1.0, 1.0, unit**2 / 16.0]) * 1e-3 * max(float(normal[:, 0, 0].sum()), 1)
            )
            theta = theta + np.linalg.solve(normal.sum(axis=0) + ridge, right.sum(axis=0))
            theta = np.clip(theta, [-unit / 4, -unit / 4, -0.1], [unit / 4, unit / 4, 0.1])
        own = normal + ridge / (count - 1) * 3
        steps = theta + np.linalg.solve(own, right[:, :, None])[:, :, 0]
    return Steps(step=theta, steps=steps, left_over=left_over)


def _equations(
    smooth: Floats,
    slopes: tuple[Floats, Floats],
    free: NDArray[np.bool_],
    grid: tuple[Floats, Floats],
    theta: Floats,
    is_robust: bool,
) -> tuple[Floats, Floats, float]:
    """Return the normal equations of every pair (T - 1, 3, 3), (T - 1, 3), and the spread."""
    count, height, width = smooth.shape
    scale = float(np.exp(theta[2]))
    matrix = np.array(
        [
            [scale, 0, theta[0] + (width - 1) / 2 * (1 - scale)],
            [0, scale, theta[1] + (height - 1) / 2 * (1 - scale)],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    ahead = np.stack(
        [
            cv2.warpAffine(smooth[t + 1], matrix, (width, height), flags=flags)
            for t in range(count - 1)
        ]
    )
    there = np.stack(
        [
            cv2.warpAffine(
                free[t + 1].astype(np.uint8),
                matrix,
                (width, height),
                flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            )
            for t in range(count - 1)
        ]
    )
    weight = (free[:-1] & (there > 0)).astype(np.float32)
    weight[:, :2] = weight[:, -2:] = 0
    weight[:, :, :2] = weight[:, :, -2:] = 0
    late = ahead - smooth[:-1]
    spread = _spread(late[weight > 0])
    if is_robust:
        bound = np.float32(2.5 * max(spread, 0.5))
        weight *= 1 / (1 + np.square(late / bound)) ** 2
    gx, gy = slopes[0][:-1], slopes[1][:-1]
    gz = gx * grid[0] + gy * grid[1]
    wx, wy, wz = gx * weight, gy * weight, gz * weight
    terms = {
        (0, 0): (wx, gx),
        (0, 1): (wx, gy),
        (0, 2): (wx, gz),
        (1, 1): (wy, gy),
        (1, 2): (wy, gz),
        (2, 2): (wz, gz),
    }
    normal = np.zeros((count - 1, 3, 3))
    for (a, b), (one, other) in terms.items():
        value = np.einsum("tij,tij->t", one, other)
        normal[:, a, b] = normal[:, b, a] = value
    right = np.stack([-np.einsum("tij,tij->t", part, late) for part in (wx, wy, wz)], axis=1)
    return normal, right.astype(np.float64), spread


def _spread(values: Floats) -> float:
    if len(values) == 0:
        return 0.0
    return float(np.median(np.abs(values[:: max(len(values) // 4000, 1)]))) * 1.48


def name_move(
    steps: Steps, *, width: float, height: float, unit_px: float, duration_s: float, count: int
) -> tuple[str, float]:
    """Return the name of a camera move and how sure it is, from the way it goes in all.

    `width` and `height` in units, `duration_s` from the first to the last frame.
    """
    travel = steps.step * (count - 1)
    if duration_s <= 0 or duration_s > 2 * MAX_CAMERA_S:
        return "still", 1.0
    pan_x = travel[0] / unit_px / min(PAN_UNITS_PER_S * duration_s, MAX_PAN_SHARE * width)
    pan_y = travel[1] / unit_px / min(PAN_UNITS_PER_S * duration_s, MAX_PAN_SHARE * height)
    zoom = travel[2] / min(ZOOM_LOG_PER_S * duration_s, MAX_ZOOM_LOG)
    shares = {
        "pan_left": pan_x,
        "pan_right": -pan_x,
        "tilt_up": pan_y,
        "tilt_down": -pan_y,
        "zoom_in": zoom,
        "zoom_out": -zoom,
    }
    ordered = sorted(shares, key=lambda name: -shares[name])
    best, rest = shares[ordered[0]], max(shares[ordered[1]], 0.0)
    if best < 0.4:
        return "still", float(np.clip(1.0 - best / 0.8, 0.5, 1.0))
    return ordered[0], float(np.clip((best - rest) / best, 0.0, 1.0))
