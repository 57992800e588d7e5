"""Fit a track's path by pieces of constant velocity (or constant fall), and name it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from pipeline.world.parse.plane import Floats
from pipeline.world.vocabulary import DIRECTIONS, GRAVITY, SPEEDS

MIN_DEVIATION = 0.0015
"""Centres are taken to be at least so uncertain (shorter sides)."""
PENALTY = 24.0
"""What a further piece costs, in squared deviations."""
JITTER = 0.012
"""Codecs move things to and fro by so much (shorter sides), in steps."""
REST_SPEED = 0.06
"""Slower things rest; units per second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Frames `start` to `stop` (inclusive) of one path.

    It goes through (`x`, `y`) at time 0 with velocity (`vx`, `vy`) there, in units and seconds.
    """

    start: int
    stop: int
    x: float
    y: float
    vx: float
    vy: float

    def at(self, time_s: float, pull: float) -> tuple[float, float]:
        """Return the place at a time."""
        return (
            self.x + self.vx * time_s,
            self.y + self.vy * time_s + 0.5 * pull * time_s**2,
        )

    def velocity(self, time_s: float, pull: float) -> tuple[float, float]:
        """Return the velocity at a time."""
        return self.vx, self.vy + pull * time_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Pieces in order of time. `pull`: the acceleration downwards, in units."""

    pieces: tuple[Piece, ...]
    pull: float
    deviation: float

    def at(self, index: int, times_s: Floats) -> tuple[float, float]:
        """Return the place at a frame."""
        piece = next((p for p in self.pieces if index <= p.stop), self.pieces[-1])
        return piece.at(float(times_s[index]), self.pull)

    def joint_time(self, k: int, times_s: Floats) -> float:
        """Return when piece k ends and the next begins: where the two come nearest."""
        one, other = self.pieces[k], self.pieces[k + 1]
        low, high = float(times_s[one.stop]), float(times_s[other.start])
        across = np.array([one.vx - other.vx, one.vy - other.vy])
        apart = np.array([one.x - other.x, one.y - other.y])
        square = float(across @ across)
        if square < 1e-9:
            return (low + high) / 2
        slack = 0.3 * (high - low)
        return float(np.clip(-(across @ apart) / square, low - slack, high + slack))


def fit_path(points_T2: Floats, times_s: Floats, *, deviation: float | None = None) -> Path | None:
    """Fit a path to the frames whose points are not NaN; None for fewer than two.

    Of a path without and one with gravity, the one that needs less is taken.
    """
    good = np.flatnonzero(np.isfinite(points_T2).all(axis=1))
    if len(good) < 2:
        return None
    points, times = points_T2[good], times_s[good]
    sigma = max(noise_of(points, times) if deviation is None else deviation, MIN_DEVIATION)
    best: tuple[float, list[tuple[int, int]], float] | None = None
    for pull in (0.0, GRAVITY):
        if pull and len(good) < 6:
            continue
        moved = points - np.stack([np.zeros_like(times), 0.5 * pull * times**2], axis=1)
        cost, spans = _cut(moved, times, sigma)
        cost += 2.0 if pull else 0.0
        if best is None or cost < best[0] - (10.0 if pull else 0.0):
            best = (cost, spans, pull)
    assert best is not None
    _, spans, pull = best
    moved = points - np.stack([np.zeros_like(times), 0.5 * pull * times**2], axis=1)
    pieces = []
    for first, last in spans:
        (x, y), (vx, vy) = _line(moved[first : last + 1], times[first : last + 1])
        pieces.append(Piece(start=int(good[first]), stop=int(good[last]), x=x, y=y, vx=vx, vy=vy))
    return Path(pieces=tuple(pieces), pull=pull, deviation=sigma)


def without_joint(path: Path, time_s: float, points_T2: Floats, times_s: Floats) -> Path | None:
    """Return the path with the two pieces that meet at a time made one.

    None where one piece does not fit the points: then the change of velocity is real.
    """
    joints = [path.joint_time(k, times_s) for k in range(len(path.pieces) - 1)]
    if not joints:
        return None
    k = int(np.argmin(np.abs(np.subtract(joints, time_s))))
    start, stop = path.pieces[k].start, path.pieces[k + 1].stop
    good = start + np.flatnonzero(np.isfinite(points_T2[start : stop + 1]).all(axis=1))
    times = times_s[good]
    moved = points_T2[good] - np.stack([0 * times, 0.5 * path.pull * times**2], axis=1)
    (x, y), (vx, vy) = _line(moved, times)
    late = moved - np.array([x, y]) - times[:, None] * np.array([vx, vy])
    if float(np.abs(late).max()) > max(JITTER, 4 * path.deviation):
        return None
    whole = Piece(start=start, stop=stop, x=x, y=y, vx=vx, vy=vy)
    return replace(path, pieces=(*path.pieces[:k], whole, *path.pieces[k + 2 :]))


def noise_of(points: Floats, times: Floats) -> float:
    """Return the deviation of points about smooth motion, from their second differences."""
    if len(points) < 4:
        return MIN_DEVIATION
    step = np.diff(times)
    even = step < 1.5 * np.median(step)
    speed = np.diff(points, axis=0) / step[:, None]
    bends = np.diff(speed, axis=0)[even[1:] & even[:-1]] * float(np.median(step))
    if len(bends) < 2:
        return MIN_DEVIATION
    # A few bends are bounces: the lower half of them is noise.
    size = np.sort(np.abs(bends - np.median(bends, axis=0)).ravel())
    return float(size[: max(int(0.6 * len(size)), 1)].max()) / 0.84 / math.sqrt(6)


def _line(points: Floats, times: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    if len(times) == 1:
        return (float(points[0, 0]), float(points[0, 1])), (0.0, 0.0)
    middle = times.mean()
    around = times - middle
    speed = (around[:, None] * points).sum(axis=0) / float(around @ around)
    start = points.mean(axis=0) - speed * middle
    return (float(start[0]), float(start[1])), (float(speed[0]), float(speed[1]))


def _cut(points: Floats, times: Floats, sigma: float) -> tuple[float, list[tuple[int, int]]]:
    """Return the cheapest pieces (first and last index), of two points at least."""
    count = len(times)
    costs = _piece_costs(points, times) / sigma**2
    # Few frames of large noise: a deviation beyond four counts no more than linearly.
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    came = np.zeros(count + 1, dtype=int)
    for stop in range(2, count + 1):
        starts = np.arange(0, stop - 1)
        total = best[starts] + costs[starts, stop - 1] + PENALTY
        k = int(total.argmin())
        best[stop], came[stop] = total[k], starts[k]
    spans = []
    stop = count
    while stop > 0:
        spans.append((int(came[stop]), stop - 1))
        stop = int(came[stop])
    return float(best[count]), spans[::-1]


def _piece_costs(points: Floats, times: Floats) -> Floats:
    """Return the squared distances from the best line of the points i..j, for all i < j."""
    count = len(times)
    zero = np.zeros(1)

    def sums(values: Floats) -> Floats:
        total = np.concatenate([zero, np.cumsum(values)])
        between: Floats = total[None, 1:] - total[:-1, None]
        return between

    number = np.maximum(sums(np.ones(count)), 1)
    t = times - times.mean()
    st, stt = sums(t), sums(t * t)
    spread = np.maximum(stt - st**2 / number, 1e-12)
    cost = np.zeros((count, count))
    for axis in range(2):
        p = points[:, axis] - points[:, axis].mean()
        sp, spp, stp = sums(p), sums(p * p), sums(t * p)
        around = spp - sp**2 / number
        cost += np.maximum(around - (stp - st * sp / number) ** 2 / spread, 0)
    return cost


def name_velocity(vx: float, vy: float) -> tuple[str, str, float]:
    """Return direction, speed and how sure they are, of something that moves."""
    speed = math.hypot(vx, vy)
    likeness = {name: (vx * x + vy * y) / speed for name, (x, y) in DIRECTIONS.items()}
    direction = max(likeness, key=lambda name: likeness[name])
    off = math.degrees(math.acos(min(likeness[direction], 1.0)))
    ratios = {name: abs(math.log(speed / value)) for name, value in SPEEDS.items()}
    named = min(ratios, key=lambda name: ratios[name])
    sure = min(1.0 - off / 30.0, 1.0 - ratios[named] / 0.5)
    return direction, named, float(np.clip(sure + 0.35, 0.0, 1.0))
