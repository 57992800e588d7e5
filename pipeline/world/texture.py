"""Backgrounds: textured pictures, larger than the frame, over which the camera moves.

The scene's own plane moves with the objects. Behind a horizon lies a second, distant layer
that the camera's moves shift less (parallax).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import CameraPath
from pipeline.world.vocabulary import BACKGROUND_RGB

Floats = NDArray[np.floating[Any]]

DENSITY = 2
"""Canvas pixels per frame pixel: enough that a sub-pixel shift does not change the sharpness."""
MARGIN_PX = 4
TONE_STEP = 24.0
"""A texture lies between its colour minus and plus this, in 8-bit levels."""
FAR_SHARE = 0.35
"""The distant layer follows this share of the camera's moves."""
HORIZONS = (-0.12, 0.08)
"""Between these heights (units below the centre) lies the horizon of `hills`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """One layer: H' x W' x 3 uint8, at `DENSITY` pixels per frame pixel at magnification 1.

    `left`, `top`: the frame pixels, from the scene's origin, of the centre of its first pixel.
    """

    pixels: NDArray[np.uint8]
    left: float
    top: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The scene's plane, and the layer behind it (above `horizon`, in units) where there is one."""

    near: Canvas
    far: Canvas | None
    horizon: float
    unit_px: int

    def look(self, camera: CameraPath, t: int, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """Return what the camera sees at frame `t`: H x W x 3 uint8."""
        x, y, zoom = float(camera.x[t]), float(camera.y[t]), float(camera.zoom[t])
        size = (width_px, height_px)
        seen = _look(self.near, x * self.unit_px, y * self.unit_px, zoom, size)
        if self.far is None:
            return seen
        far = _look(
            self.far,
            FAR_SHARE * x * self.unit_px,
            FAR_SHARE * y * self.unit_px,
            zoom**FAR_SHARE,
            size,
        )
        line = (self.horizon - y) * zoom * self.unit_px + (height_px - 1) / 2
        above = np.clip(line - np.arange(height_px) + 0.5, 0, 1).astype(np.float32)
        mixed = seen + (far.astype(np.float32) - seen) * above[:, None, None]
        blended: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
        return blended


def paint_background(
    kind: str, colour: str, *, seed: int, camera: CameraPath, width_px: int, height_px: int
) -> Background:
    """Paint all of the background that `camera` will show.

    The size of a texture's cells follows the frame, so that a scene looks alike at any size.
    """
    unit = min(width_px, height_px)
    rng = np.random.default_rng([seed, 7])
    horizon = float(rng.uniform(*HORIZONS))
    moves = (camera.x * unit, camera.y * unit, camera.zoom)
    near = _canvas("striped" if kind == "hills" else kind, colour, rng, moves, width_px, height_px)
    far = None
    if kind == "hills":
        part = (moves[0] * FAR_SHARE, moves[1] * FAR_SHARE, moves[2] ** FAR_SHARE)
        far = _canvas("far", colour, rng, part, width_px, height_px, horizon=horizon)
    return Background(near=near, far=far, horizon=horizon, unit_px=unit)


def _canvas(
    kind: str,
    colour: str,
    rng: np.random.Generator,
    moves: tuple[Floats, Floats, Floats],
    width_px: int,
    height_px: int,
    horizon: float = 0.0,
) -> Canvas:
    x_px, y_px, zoom = moves
    half_width = (width_px / 2 / zoom).max() + MARGIN_PX
    half_height = (height_px / 2 / zoom).max() + MARGIN_PX
    left = float(x_px.min() - half_width)
    top = float(y_px.min() - half_height)
    columns = math.ceil((float(x_px.max() + half_width) - left) * DENSITY)
    rows = math.ceil((float(y_px.max() + half_height) - top) * DENSITY)
    unit = min(width_px, height_px)
    x: Floats = (left + np.arange(columns, dtype=np.float32)[None, :] / DENSITY) / unit
    y: Floats = (top + np.arange(rows, dtype=np.float32)[:, None] / DENSITY) / unit
    tone = _tone(kind, x, y, rng, half_frame=height_px / 2 / unit, horizon=horizon)
    base = np.array(BACKGROUND_RGB[colour], dtype=np.float32)
    painted = np.clip(base + TONE_STEP * tone[:, :, None], 0, 255)
    if kind not in ("plain", "gradient"):
        painted = cv2.GaussianBlur(painted, (0, 0), sigmaX=0.4 * DENSITY)
    return Canvas(pixels=np.rint(painted).astype(np.uint8), left=left, top=top)


def _look(
    canvas: Canvas, x_px: float, y_px: float, zoom: float, size: tuple[int, int]
) -> NDArray[np.uint8]:
    width_px, height_px = size
    scale = DENSITY / zoom
    shift_x = (x_px - canvas.left) * DENSITY - (width_px - 1) / 2 * scale
    shift_y = (y_px - canvas.top) * DENSITY - (height_px - 1) / 2 * scale
    matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]])
    seen: NDArray[np.uint8] = cv2.warpAffine(
        canvas.pixels,
        matrix,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return seen


def _tone(
    kind: str,
    x: Floats,
    y: Floats,
    rng: np.random.Generator,
    *,
    half_frame: float,
    horizon: float,
) -> Floats:
    """Return the texture's tone, rows x columns in about -1..1; x and y in units."""
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
        across = _signs(np.mod(x / 0.26 + phase_x, 1) < 0.5)
        along = _signs(np.mod(y / 0.3 + phase_y, 1) < 0.5)
        return 0.65 * across + 0.35 * along - 0.2
    if kind == "far":
        waves = sum(
            float(rng.uniform(0.02, 0.06)) * np.sin(x * float(rng.uniform(3, 9)) + 6.28 * phase)
            for phase in rng.uniform(0, 1, size=3)
        )
        ridge = horizon - 0.13 + np.asarray(waves, dtype=np.float32)
        sky = _rows(1.7 + 0.5 * (y - horizon), shape)
        return np.where(y > ridge, np.float32(0.75), sky)
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
    """Return smooth noise of about unit deviation; `cell` and `spread` in units."""
    columns = max(4, math.ceil(spread / cell))
    rows = max(4, math.ceil(columns * shape[0] / shape[1]))
    grid = rng.standard_normal((rows, columns)).astype(np.float32)
    grown: Floats = cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return grown


def _rows(tone: Floats, shape: tuple[int, int]) -> Floats:
    return np.broadcast_to(tone, shape).astype(np.float32)


def _signs(mask: NDArray[np.bool_]) -> Floats:
    return np.where(mask, np.float32(1), np.float32(-1))
