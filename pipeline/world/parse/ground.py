"""Name a background: its kind from the grey levels of one frame, its colour from all pixels.

Every textured kind repeats at a known length, so a few waves of that length explain a known
share of its variance, and next to nothing of the others'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.floor import EYE, FADE_DEPTH, HORIZON, TILE
from pipeline.world.maze import CELLS
from pipeline.world.parse.plane import GROUND_GREYS, GROUND_POINTS, Floats
from pipeline.world.vocabulary import BACKGROUND_RGB

SMOOTH = 0.014
"""Blur before backgrounds are named, in shorter sides."""
OUTLYING = 30.0
"""Grey levels further from a fit than this, and than most, are something else."""
MIN_DEVIATION = 3.2
"""Backgrounds of less deviation (8-bit levels) are plain."""
GREY_WEIGHT = 0.35
"""Weight of the grey level beside the chroma: textures change it."""
_USUAL_GREY = {"bricks": -7.0, "hills": 6.0, "floor": -6.0, "maze": 14.0}
"""Mean tone of a kind, in 8-bit levels."""
_EXPECTED = {"gradient": 0.97, "checker": 0.58, "bricks": 0.3, "hills": 0.6, "floor": 0.5}
"""The share of variance that a kind's waves explain in a clean picture."""
_LEAST = {
    "gradient": 0.8,
    "checker": 0.7,
    "bricks": 0.11,
    "hills": 0.6,
    "floor": 1.15,
    "maze": 0.95,
}
"""Of the expected share, what a kind has to explain at least."""
MAX_DEPTH = 3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A background's kind, how sure it is, and the share of variance each kind explains."""

    name: str
    confidence: float
    shares: dict[str, float]


def name_kind(
    grey_HW: Floats, free_HW: NDArray[np.bool_], *, without: tuple[str, ...] = ()
) -> Kind:
    """Name the kind of a background; `free` marks the pixels that show it.

    Kinds `without` are out of the question.
    """
    height, width = grey_HW.shape
    unit = min(height, width)
    rows, columns = np.nonzero(free_HW)
    if len(rows) < 50:
        return Kind(name="plain", confidence=0.0, shares={})
    smooth = _smoothed(grey_HW, free_HW)
    level = smooth[rows, columns].astype(np.float64)
    x = (columns - (width - 1) / 2) / unit
    y = (rows - (height - 1) / 2) / unit
    spread = float(np.percentile(level, 85) - np.percentile(level, 15)) / 2.07
    if spread < MIN_DEVIATION:
        return Kind(name="plain", confidence=min(1.0, 2 - spread / MIN_DEVIATION), shares={})
    ones = np.ones_like(x)
    shares = {"gradient": _sloped(level, y)}
    # Where a horizon is, the stripes or tiles end there.
    ends = _ends_at_horizon(smooth, free_HW)
    flat = level
    shares["checker"] = _explained(flat, [ones, *_grid_waves(x / 0.48, y / 0.48)])
    shares["bricks"] = _explained(flat, [ones, *_waves(y / 0.13), *_waves(2 * y / 0.13)])
    low = y > 0.1
    if low.sum() > 50:
        shares["hills"] = _explained(
            level[low], [ones[low], *_waves(x[low] / 0.26), *_waves(y[low] / 0.3)]
        )
    shares["floor"] = floor_share(level, x, y)
    if not ends:
        shares["floor"] = shares["hills"] = 0.0
    board = _maze_share(level, x, y, (width / unit, height / unit), 0.0)
    # Any slow change is explained by cells; the board's own cells do it better than shifted ones.
    shares["maze"] = (
        board
        if board - _maze_share(level, x, y, (width / unit, height / unit), 0.5) > 0.15
        else 0.0
    )
    fits = {name: shares.get(name, 0.0) / part for name, part in _EXPECTED.items()}
    fits["maze"] = _ramp(shares["maze"], 0.65, 0.92) * 1.05
    fits = {name: fit for name, fit in fits.items() if name not in without}
    ordered = sorted(fits, key=lambda name: -fits[name] / _LEAST[name])
    best, second = ordered[0], ordered[1]
    clear, other = fits[best] / _LEAST[best], fits[second] / _LEAST[second]
    if clear < 1:
        return Kind(name="mottled", confidence=_ramp(1 - clear, 0.0, 0.3), shares=fits)
    sure = min(_ramp(clear, 0.95, 1.1), _ramp(clear - other, 0.0, 0.3))
    return Kind(name=best, confidence=sure, shares=fits)


def _smoothed(grey_HW: Floats, free_HW: NDArray[np.bool_]) -> Floats:
    """Blur a background a little, which takes noise away, without what lies before it."""
    width = max(SMOOTH * min(grey_HW.shape), 0.7)
    part = free_HW.astype(np.float32)
    total = cv2.GaussianBlur(grey_HW.astype(np.float32) * part, (0, 0), width)
    found: Floats = total / np.maximum(cv2.GaussianBlur(part, (0, 0), width), 1e-3)
    return found


def _ends_at_horizon(grey_HW: Floats, free_HW: NDArray[np.bool_]) -> bool:
    """Return whether the picture changes from left to right in its lower part only."""
    height, width = grey_HW.shape
    y = (np.arange(height) - (height - 1) / 2) / min(height, width)
    steps = np.abs(np.diff(grey_HW, axis=1))
    both = free_HW[:, 1:] & free_HW[:, :-1]

    def busy(rows: NDArray[np.bool_]) -> float:
        part = both[rows]
        return float(np.square(steps[rows][part]).mean()) if part.sum() > 30 else 0.0

    high = both & (y < -0.2)[:, None]
    uneven = float((steps[high] > 160 / min(height, width)).mean()) if high.sum() > 30 else 0.0
    return busy(y < -0.2) < 0.5 * busy(y > 0.12) or uneven < 0.3


def _sloped(level: Floats, y: Floats) -> float:
    """Return the share of variance that a slope from top to bottom explains, outliers aside."""
    keep = np.ones(len(level), dtype=bool)
    for _ in range(2):
        slope, start = np.polyfit(y[keep], level[keep], 1)
        late = np.abs(level - start - slope * y)
        keep = late < max(3.5 * 1.48 * float(np.median(late)), 3.0)
    if keep.mean() < 0.8:
        return 0.0
    return _explained(level[keep], [np.ones(int(keep.sum())), y[keep]])


def floor_share(level: Floats, x: Floats, y: Floats) -> float:
    """Return the share of variance that tiles in perspective explain, below the horizon."""
    low = y > HORIZON + EYE / MAX_DEPTH
    if low.sum() < 50:
        return 0.0
    basis = floor_waves(x[low], y[low])
    return _explained(level[low], [np.ones(int(low.sum())), *basis])


def floor_waves(x: Floats, y: Floats) -> list[Floats]:
    """Return four waves of the tiles, seen from a camera in the middle of its way."""
    depth = EYE / (y - HORIZON)
    fade = np.exp(-depth / FADE_DEPTH)
    u, v = 2 * math.pi * x * depth / (2 * TILE), 2 * math.pi * depth / (2 * TILE)
    return [
        fade * one * other for one in (np.cos(u), np.sin(u)) for other in (np.cos(v), np.sin(v))
    ]


def name_colour(kind: str, grey: Floats, chroma: Floats, point: Floats) -> tuple[str, float]:
    """Return the name of a background's colour and how sure it is.

    `grey` (N) and `chroma` (N, 2) are those of its pixels, `point` its usual chroma.
    """
    if kind == "maze":
        # The ways bear the colour, the walls a darker one.
        ways = grey > (np.percentile(grey, 2) + np.percentile(grey, 98)) / 2
        grey, point = grey[ways], np.median(chroma[ways], axis=0)
    usual = float(np.median(grey)) - _USUAL_GREY.get(kind, 0.0)
    away = np.sqrt(
        np.square(GROUND_POINTS - point).sum(axis=1)
        + np.square((GROUND_GREYS - usual) * GREY_WEIGHT)
    )
    order = np.argsort(away)
    best, second = float(away[order[0]]), float(away[order[1]])
    return list(BACKGROUND_RGB)[int(order[0])], float(np.clip(1.5 * (1 - best / second), 0.0, 1.0))


def _waves(phase: Floats) -> list[Floats]:
    turn = 2 * math.pi * phase
    return [np.cos(turn), np.sin(turn)]


def _grid_waves(u: Floats, v: Floats) -> list[Floats]:
    return [one * other for one in _waves(u) for other in _waves(v)]


def _explained(level: Floats, basis: list[Floats]) -> float:
    """Return the share of variance that a linear fit of `basis` (the first is 1) explains."""
    matrix = np.stack(basis, axis=1)
    around = level - level.mean()
    total = float(around @ around)
    if total < 1e-6:
        return 0.0
    normal = matrix.T @ matrix
    normal[np.diag_indices_from(normal)] += 1e-6 * len(level)
    found = np.linalg.solve(normal, matrix.T @ around)
    late = around - matrix @ found
    # Thin lines, as of a room's walls, are no part of the texture.
    keep = np.abs(late) < max(4 * float(np.median(np.abs(late))), OUTLYING)
    if 0.85 < keep.mean() < 1:
        total = float(np.square(around[keep] - around[keep].mean()).sum())
        late = late[keep] - late[keep].mean()
    return float(max(1 - (late @ late) / total, 0.0))


def _maze_share(
    level: Floats, x: Floats, y: Floats, frame: tuple[float, float], shift: float
) -> float:
    """Return the share of variance that a board of cells explains."""
    columns, rows = (max(2, int(side * CELLS + 1e-6)) for side in frame)
    u = x * CELLS + columns / 2 + shift
    v = y * CELLS + rows / 2 + shift
    # Pixels on the border of two cells show both.
    inner = (np.abs(u - np.rint(u)) > 0.12) & (np.abs(v - np.rint(v)) > 0.12)
    u, v, part = u[inner], v[inner], level[inner]
    if len(part) < 50:
        return 0.0
    cell = (np.clip(np.floor(v), -1, rows) + 1).astype(int) * (columns + 2)
    cell = cell + (np.clip(np.floor(u), -1, columns) + 1).astype(int)
    counts = np.bincount(cell)
    sums = np.bincount(cell, weights=part)
    squares = np.bincount(cell, weights=part**2)
    seen = counts > 0
    inside = float((squares[seen] - sums[seen] ** 2 / counts[seen]).sum())
    total = float(((part - part.mean()) ** 2).sum())
    return 1 - inside / max(total, 1e-6)


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))
