"""Read the two special places: the floor's travelling camera, and the maze's walk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world.floor import EYE, HORIZON, MAX_STEP, STEP_UNITS_PER_S, TILE
from pipeline.world.parse.ground import MAX_DEPTH, floor_waves
from pipeline.world.parse.paths import Path
from pipeline.world.parse.plane import Floats
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.track import Track

COIN_COLOURS = (1, 2)
"""Orange and yellow, as indices of colours."""
MAX_COIN = 0.1
WALKS = 0.2
"""Slower pieces of a walk (units per second) are pauses."""


def floor_move(sight: Sight, free: NDArray[np.bool_]) -> tuple[str, float, Floats]:
    """Name how the camera travels over a floor: the tiles' waves shift their phases.

    Also returns how sure that is, and the camera's places sideways and ahead, T x 2.
    """
    count = sight.count
    turns = np.zeros((count, 2))
    before = np.zeros(2)
    for t in range(count):
        phase = _phases(sight, free[t], t)
        if phase is None:
            turns[t] = before
            continue
        if t == 0:
            turns[t] = phase
        else:
            step = np.mod(phase - before + math.pi, 2 * math.pi) - math.pi
            turns[t] = before + step
        before = turns[t]
    sideways_ahead = np.stack([turns.sum(axis=1), turns[:, 0] - turns[:, 1]], axis=1) / 2
    places = sideways_ahead * (2 * TILE) / (2 * math.pi)
    seconds = float(sight.times_s[-1])
    if count < 2 or seconds <= 0:
        return "still", 1.0, places
    speed = np.polyfit(sight.times_s, places, 1)[0]
    usual = min(STEP_UNITS_PER_S, MAX_STEP / seconds)
    side, ahead = float(speed[0]) / usual, float(speed[1]) / usual
    if max(abs(side), abs(ahead)) < 0.4:
        return "still", 1 - max(abs(side), abs(ahead)), places
    if abs(side) > abs(ahead):
        return ("slide_right" if side > 0 else "slide_left"), min(abs(side), 1.0), places
    return ("forward" if ahead > 0 else "backward"), min(abs(ahead), 1.0), places


def _phases(sight: Sight, free: NDArray[np.bool_], t: int) -> Floats | None:
    """Return sum and difference of the tiles' phases sideways and ahead; None where not seen."""
    height, width = free.shape
    unit = min(height, width)
    rows, columns = np.nonzero(free)
    x = (columns - (width - 1) / 2) / unit
    y = (rows - (height - 1) / 2) / unit
    low = y > HORIZON + EYE / MAX_DEPTH
    if low.sum() < 60:
        return None
    basis = floor_waves(x[low], y[low])
    matrix = np.stack([np.ones(int(low.sum())), *basis], axis=1)
    level = sight.grey[t][rows[low], columns[low]]
    found = np.linalg.lstsq(matrix, level - level.mean(), rcond=None)[0]
    cc, cs, sc, ss = found[1:]
    # The tiles are sin(u + a) sin(v + b) at first: its four parts give a + b and a - b.
    plus = math.atan2(cs + sc, ss - cc)
    minus = math.atan2(cs - sc, ss + cc)
    return np.array([plus, minus])


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One happening of a walk: a straight way in a direction (`go`), or a coin taken."""

    kind: str
    time_s: float
    target: str


def is_coin(track: Track, sight: Sight) -> bool:
    """Return whether a track is a coin of a maze."""
    masses = [blob.mass for blob in track.blobs.values()]
    small = 2 * math.sqrt(float(np.median(masses)) / math.pi) < MAX_COIN * sight.unit_px
    return track.colours[0] in COIN_COLOURS and small


def read_walk(path: Path, coins: Sequence[Track], sight: Sight) -> list[Step]:
    """Return the ways and the coins of a walk, in order of time."""
    steps: list[Step] = []
    going = ""
    for k, piece in enumerate(path.pieces):
        start = 0.0 if k == 0 else path.joint_time(k - 1, sight.times_s)
        speed = math.hypot(piece.vx, piece.vy)
        if speed < WALKS:
            going = ""
            continue
        if abs(piece.vx) > abs(piece.vy):
            way = "right" if piece.vx > 0 else "left"
        else:
            way = "down" if piece.vy > 0 else "up"
        if way != going:
            steps.append(Step(kind="go", time_s=start, target=way))
        going = way
    for coin in coins:
        if coin.last < sight.count - 1:
            gone = float(sight.times_s[coin.last + 1])
            steps.append(Step(kind="collect", time_s=gone, target="coins"))

    def order(step: Step) -> tuple[int, bool]:
        slack = 0.05 * sight.step_s
        frame = int(np.searchsorted(sight.times_s, step.time_s - slack))
        return frame, step.kind == "collect"

    return sorted(steps, key=order)
