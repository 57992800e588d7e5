"""Backgrounds: one textured picture, larger than the frame, over which the camera moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.motion import CameraPath
from pipeline.world.vocabulary import BACKGROUND_COLOURS

Floats = NDArray[np.floating[Any]]

DENSITY = 2
"""Canvas pixels per frame pixel: enough that a sub-pixel shift does not change the sharpness."""
MARGIN_PX = 4
TONE_STEP = 24.0
"""A texture lies between its colour minus and plus this, in 8-bit levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The picture behind the objects: H' x W' x 3 uint8, at `DENSITY` pixels per world pixel.

    `left`, `top` are the world coordinates of the centre of its first pixel.
    """

    pixels: NDArray[np.uint8]
    left: float
    top: float


def paint_canvas(
    kind: str, colour: str, *, seed: int, camera: CameraPath, width_px: int, height_px: int
) -> Canvas:
    """Paint all of the background that `camera` will show.

    The size of a texture's cells follows the frame, so that a shot looks alike at any size.
    """
    half_width = (width_px / 2 / camera.zoom).max() + MARGIN_PX
    half_height = (height_px / 2 / camera.zoom).max() + MARGIN_PX
    left = float(camera.x.min() - half_width)
    top = float(camera.y.min() - half_height)
    columns = math.ceil((float(camera.x.max() + half_width) - left) * DENSITY)
    rows = math.ceil((float(camera.y.max() + half_height) - top) * DENSITY)
    unit = min(width_px, height_px)
    x: Floats = (left + np.arange(columns, dtype=np.float32)[None, :] / DENSITY) / unit
    y: Floats = (top + np.arange(rows, dtype=np.float32)[:, None] / DENSITY) / unit
    tone = _tone(kind, x, y, np.random.default_rng([seed, 7]), half_frame=height_px / 2 / unit)
    base = np.array(BACKGROUND_COLOURS[colour], dtype=np.float32)
    painted = np.clip(base + TONE_STEP * tone[:, :, None], 0, 255)
    smooth = cv2.GaussianBlur(painted, (0, 0), sigmaX=0.4 * DENSITY)
    return Canvas(pixels=np.rint(smooth).astype(np.uint8), left=left, top=top)


def look(
    canvas: Canvas, *, x: float, y: float, zoom: float, width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """Return what a camera at world (`x`, `y`) sees: H x W x 3 uint8, to a fraction of a pixel."""
    scale = DENSITY / zoom
    shift_x = (x - canvas.left) * DENSITY - (width_px - 1) / 2 * scale
    shift_y = (y - canvas.top) * DENSITY - (height_px - 1) / 2 * scale
    matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]])
    seen: NDArray[np.uint8] = cv2.warpAffine(
        canvas.pixels,
        matrix,
        (width_px, height_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return seen


def _tone(
    kind: str, x: Floats, y: Floats, rng: np.random.Generator, *, half_frame: float
) -> Floats:
    """Return the texture's tone, rows x columns in about -1..1; x and y in shorter sides."""
    shape = (y.shape[0], x.shape[1])
    phase_x, phase_y = rng.uniform(0, 1, size=2)
    if kind == "plain":
        return np.zeros(shape, dtype=np.float32)
    if kind == "gradient":
        slope = 1.0 if rng.random() < 0.5 else -1.0
        return _rows(slope * y / half_frame * 1.4, shape)
    if kind == "mottled":
        coarse = _noise(shape, cell=0.22, spread=float(x[0, -1] - x[0, 0]), rng=rng)
        fine = _noise(shape, cell=0.07, spread=float(x[0, -1] - x[0, 0]), rng=rng)
        return np.clip(0.75 * coarse + 0.45 * fine, -1.5, 1.5)
    if kind == "checker":
        odd = np.floor(x / 0.24 + phase_x) + np.floor(y / 0.24 + phase_y)
        return _signs(np.mod(odd, 2) < 1)
    if kind == "bricks":
        return _bricks(x, y, phase_x, phase_y, rng)
    if kind == "striped":
        ground = _signs(np.mod(x / 0.26 + phase_x, 1) < 0.5) * 0.8 - 0.4
        horizon = float(rng.uniform(-0.15, 0.1))
        return np.where(y < horizon, _rows(1.5 + 0.6 * (y - horizon), shape), ground)
    raise ValueError(f"unknown background {kind!r}")


def _bricks(
    x: Floats, y: Floats, phase_x: float, phase_y: float, rng: np.random.Generator
) -> Floats:
    """Return rows of bricks of slightly different tones, with pale joints."""
    row = y / 0.13 + phase_y
    column = x / 0.3 + phase_x + 0.5 * np.mod(np.floor(row), 2)
    tones = rng.uniform(-1.1, 0.1, size=(64, 64)).astype(np.float32)
    row_index = np.broadcast_to(np.floor(row).astype(np.int64) % 64, column.shape)
    tone = tones[row_index, np.floor(column).astype(np.int64) % 64]
    joint = (np.mod(row, 1) < 0.14) | (np.mod(column, 1) < 0.06)
    return np.where(joint, np.float32(1.3), tone)


def _noise(
    shape: tuple[int, int], *, cell: float, spread: float, rng: np.random.Generator
) -> Floats:
    """Return smooth noise of about unit deviation; `cell` and `spread` in shorter sides."""
    columns = max(4, math.ceil(spread / cell))
    rows = max(4, math.ceil(columns * shape[0] / shape[1]))
    grid = rng.standard_normal((rows, columns)).astype(np.float32)
    grown: Floats = cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return grown


def _rows(tone: Floats, shape: tuple[int, int]) -> Floats:
    return np.broadcast_to(tone, shape).astype(np.float32)


def _signs(mask: NDArray[np.bool_]) -> Floats:
    return np.where(mask, np.float32(1), np.float32(-1))
