"""How the camera travels over a tiled floor, from the tiles alone.

Tiles are a wave of known length on the floor, so each frame's two phases say where the camera
is. A travel at constant speed turns both phases evenly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.floor import EYE, FADE_DEPTH, HORIZON, MAX_STEP, STEP_UNITS_PER_S, TILE
from pipeline.world.parse.plane import NEAR, Floats, to_plane
from pipeline.world.parse.redraw import likeness

NEAR_DEPTH = 3.2
"""Tiles further off than this (units) are too small to be told apart..."""
NEAR_DEPTH_SMALL = 2.4
"""...or than this, where the frame's shorter side has fewer pixels than `SMALL_PX`."""
SMALL_PX = 48
MIN_EXPLAINED = 0.25
"""Waves of the tiles explain this share of the near floor's variance at least."""
MIN_FIRST_LIKENESS = 0.55
"""Least correlation of a frame with the drawn floor, its objects' rims and shadows included."""
_FINE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """Where the camera is, per frame: sideways and forward, in units from its middle place.

    `speed_side`, `speed_ahead`: units per second. `phase`: of the tiles, for a camera at 0.
    `steadiness`: 0..1, how well this explains all frames.
    """

    x: tuple[float, ...]
    z: tuple[float, ...]
    speed_side: float
    speed_ahead: float
    phase: tuple[float, float]
    steadiness: float


def shows_floor(frame: NDArray[np.uint8]) -> bool:
    """Return whether tiles lie under the horizon of a frame (H, W, 3), and none above. Cheap."""
    grey, chroma = to_plane(frame[None])
    tiles = _tiles((frame.shape[0], frame.shape[1]))
    # Things never fill the uppermost and the lowest rows.
    rim = chroma[0, [0, 1, -2, -1]].reshape(-1, 2)
    free = np.square(chroma - np.median(rim, axis=0)).sum(axis=3) < NEAR**2
    part = free[0][tiles.near]
    level = grey[0][tiles.near]
    if part.sum() < 0.3 * part.size:
        return False
    basis, level = tiles.basis[part], level[part]
    around = level - level.mean()
    total = float(around @ around)
    if total < 4.0 * len(level):
        return False
    late = around - basis @ tiles.solve(basis, around)
    if 1 - float(late @ late) / total < MIN_EXPLAINED:
        return False
    drawn = floor_level((frame.shape[1], frame.shape[0]), find_travel(grey, free, np.zeros(1)), 0)
    return likeness(drawn[free[0]], grey[free]) > MIN_FIRST_LIKENESS


@lru_cache(maxsize=8)
def _tiles(size: tuple[int, int]) -> _Tiles:
    return _Tiles(size)


class _Tiles:
    """The waves of the tiles on the near floor: four, and a constant; N x 5."""

    def __init__(self, size: tuple[int, int]) -> None:
        height, width = size
        unit = min(size)
        y = ((np.arange(height) - (height - 1) / 2) / unit)[:, None] * np.ones((1, width))
        x = ((np.arange(width) - (width - 1) / 2) / unit)[None, :] * np.ones((height, 1))
        reach = NEAR_DEPTH if unit >= SMALL_PX else NEAR_DEPTH_SMALL
        self.near = y > HORIZON + EYE / reach
        depth = EYE / (y[self.near] - HORIZON)
        fade = np.exp(-depth / FADE_DEPTH)
        u, v = math.pi * x[self.near] * depth / TILE, math.pi * depth / TILE
        waves = [
            fade * one * other for one in (np.cos(u), np.sin(u)) for other in (np.cos(v), np.sin(v))
        ]
        self.basis = np.stack([*waves, np.ones_like(u)], axis=1)

    def solve(self, basis: Floats, level: Floats) -> Floats:
        """Return the waves' strengths in grey levels."""
        normal = basis.T @ basis + 1e-3 * np.eye(basis.shape[1])
        found: Floats = np.linalg.solve(normal, basis.T @ level)
        return found


def find_travel(grey_THW: Floats, free_THW: NDArray[np.bool_], times_s: Floats) -> Travel:
    """Return the travel at constant speed that explains the tiles of all frames best."""
    tiles = _tiles((grey_THW.shape[1], grey_THW.shape[2]))
    sums, gaps = [], []
    for grey, free in zip(grey_THW, free_THW, strict=True):
        part = free[tiles.near]
        basis, level = tiles.basis[part], grey[tiles.near][part]
        cc, cs, sc, ss, _ = tiles.solve(basis, level)
        # Tiles are sin(u + p) sin(v + q): these numbers turn by p + q, and by p - q.
        sums.append(complex(ss - cc, sc + cs))
        gaps.append(complex(ss + cc, cs - sc))
    middle = times_s - (times_s[0] + times_s[-1]) / 2
    sum_rate, sum_phase, sum_steady = _spin(np.array(sums), middle)
    gap_rate, gap_phase, gap_steady = _spin(np.array(gaps), middle)
    side, ahead = (sum_rate + gap_rate) / 2, (sum_rate - gap_rate) / 2
    p, q = (sum_phase + gap_phase) / 2, (sum_phase - gap_phase) / 2
    scale = TILE / math.pi
    return Travel(
        x=tuple((middle * side * scale).tolist()),
        z=tuple((middle * ahead * scale).tolist()),
        speed_side=side * scale,
        speed_ahead=ahead * scale,
        phase=(p * scale, q * scale),
        steadiness=min(sum_steady, gap_steady),
    )


def _spin(values: NDArray[np.complex128], times_s: Floats) -> tuple[float, float, float]:
    """Return rate and phase (at time 0) of a turning number, and how steadily it turns (0..1)."""
    size = float(np.abs(values).sum())
    if len(values) == 1 or size == 0:
        return 0.0, float(np.angle(values[0])), 1.0
    span_s = float(times_s[-1] - times_s[0])
    step_s = span_s / (len(values) - 1)
    most = min(1.5 * STEP_UNITS_PER_S * math.pi / TILE, 0.98 * math.pi / step_s)
    rates = np.linspace(-most, most, 2 * math.ceil(2 * most * span_s) + 21)
    for _ in range(3):
        power = np.abs(np.exp(-1j * rates[:, None] * times_s) @ values)
        best = float(rates[int(power.argmax())])
        gap = float(rates[1] - rates[0])
        rates = np.linspace(best - gap, best + gap, 21)
    total = complex((values * np.exp(-1j * best * times_s)).sum())
    return best, float(np.angle(total)), abs(total) / size


def name_travel(travel: Travel, duration_s: float) -> tuple[str, float]:
    """Return the name of a travel and how sure it is; `duration_s`: from first to last frame."""
    usual = min(STEP_UNITS_PER_S, MAX_STEP / max(duration_s, 1e-9))
    shares = {
        "forward": travel.speed_ahead / usual,
        "backward": -travel.speed_ahead / usual,
        "slide_left": -travel.speed_side / usual,
        "slide_right": travel.speed_side / usual,
    }
    order = sorted(shares, key=lambda name: -shares[name])
    best, second = shares[order[0]], max(shares[order[1]], 0.0)
    if best < 0.4:
        return "still", float(np.clip(1 - best / 0.8, 0.5, 1.0)) * travel.steadiness
    return order[0], float(np.clip((best - second) / best, 0.0, 1.0)) * travel.steadiness


def floor_level(size: tuple[int, int], travel: Travel, frame: int) -> Floats:
    """Return by how much floor and wall differ from their colour, H x W, as `floor` draws it."""
    width, height = size
    unit = min(size)
    x = ((np.arange(width * _FINE) + 0.5) / _FINE - width / 2)[None, :] / unit
    y = ((np.arange(height * _FINE) + 0.5) / _FINE - height / 2)[:, None] / unit
    depth = EYE / np.maximum(y - HORIZON, 1e-4)
    columns = np.floor((x * depth + travel.x[frame] + travel.phase[0]) / TILE)
    rows = np.floor((depth + travel.z[frame] + travel.phase[1]) / TILE)
    signs = np.where(np.mod(columns + rows, 2) < 1, 1.0, -1.0)
    tone = signs * np.exp(-depth / FADE_DEPTH) * 22.0 - 12.0
    level = np.where(y > HORIZON, tone, 14.0 + 20.0 * (y - HORIZON)).astype(np.float32)
    small: Floats = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
    return small
