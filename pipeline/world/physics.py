"""Rigid bodies that move without turning, and hit walls and one another (pure).

Event by event: between two hits every path is exact (straight, or a parabola under gravity),
so a simulation does not depend on the frame rate. Lengths in units, times in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Floats, Room

Points = NDArray[np.float64]
_SOON = 1e-9
_LIES_BELOW = 0.04
"""A body that leaves the floor more slowly than this stays there; units per second."""
MAX_HITS = 400
"""More hits than this in one scene are refused: something is stuck."""


@dataclass(slots=True, kw_only=True)
class Body:
    """A convex body.

    `hull` is N x 2 about its centre. `is_fixed` bodies never move; gravity does not pull one
    that lies on the floor.
    """

    x: float
    y: float
    vx: float
    vy: float
    hull: Points
    mass: float
    is_fixed: bool = False
    on_floor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Body `one` meets `other` (None: a wall) at `time_s`.

    `jolt`: the smallest change of velocity among the bodies that it moves, units per second.
    """

    time_s: float
    one: int
    other: int | None
    jolt: float


def simulate(
    bodies: Sequence[Body],
    room: Room | None,
    times_s: Floats,
    *,
    gravity: float = 0.0,
    floor_bounce: float = 1.0,
    is_wanted: Callable[[list[Hit]], bool] | None = None,
) -> tuple[Points, list[Hit]]:
    """Return the centres, T x N x 2, and every hit up to the last time.

    Hits keep the energy, except that a hit on the floor under gravity leaves the share
    `floor_bounce` of the speed. Without a room there are no walls. `bodies` are moved.
    Raises ValueError after `MAX_HITS` hits, and as soon as the hits so far are not wanted.
    """
    centres = np.empty((len(times_s), len(bodies), 2))
    hits: list[Hit] = []
    now, done = float(times_s[0]), 0
    reaches = [(body.hull.min(axis=0), body.hull.max(axis=0)) for body in bodies]
    pairs = {
        (i, j): _contact_normals(bodies[i].hull, bodies[j].hull)
        for i in range(len(bodies))
        for j in range(i + 1, len(bodies))
        if not (bodies[i].is_fixed and bodies[j].is_fixed)
    }
    while True:
        wait, hit = _next_hit(bodies, reaches, room, pairs, gravity)
        until = now + wait
        while done < len(times_s) and times_s[done] <= until:
            for i, body in enumerate(bodies):
                centres[done, i] = _position(body, float(times_s[done]) - now, gravity)
            done += 1
        if done == len(times_s) or hit is None:
            return centres, hits
        for body in bodies:
            body.x, body.y = _position(body, wait, gravity)
            body.vy += _pull(body, gravity) * wait
        now = until
        hits.append(_bounce(bodies, hit, now, gravity, floor_bounce))
        if len(hits) > MAX_HITS:
            raise ValueError("the scene never comes to rest")
        if is_wanted is not None and not is_wanted(hits):
            raise ValueError("something happens that the scene shall not show")


def overlap(one: Body, other: Body, gap: float = 0.0) -> bool:
    """Return whether two bodies are nearer to each other than `gap`."""
    normals, limits = _contact_normals(one.hull, other.hull)
    apart = normals @ np.array([other.x - one.x, other.y - one.y]) - limits
    return float(apart.max()) < gap


def _position(body: Body, elapsed_s: float, gravity: float) -> tuple[float, float]:
    if body.is_fixed:
        return body.x, body.y
    fall = body.vy * elapsed_s + 0.5 * _pull(body, gravity) * elapsed_s**2
    return body.x + body.vx * elapsed_s, body.y + fall


def _pull(body: Body, gravity: float) -> float:
    return 0.0 if body.is_fixed or body.on_floor else gravity


def _contact_normals(one: Points, other: Points) -> tuple[Points, Points]:
    """Return normals n (K x 2) and limits: the bodies touch where n . (centre step) = limit."""
    return _normals_of(one.tobytes(), other.tobytes())


@lru_cache(maxsize=1024)
def _normals_of(one_bytes: bytes, other_bytes: bytes) -> tuple[Points, Points]:
    """Return `_contact_normals`, shared and read-only; plans try the same bodies many times."""
    one, other = (np.frombuffer(hull).reshape(-1, 2) for hull in (one_bytes, other_bytes))

    def outward(hull: Points) -> Points:
        edges = np.roll(hull, -1, axis=0) - hull
        normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
        unit: Points = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return unit

    normals = np.concatenate([outward(one), -outward(other)])
    limits = (normals @ one.T).max(axis=1) + (-normals @ other.T).max(axis=1)
    normals.setflags(write=False)
    limits.setflags(write=False)
    return normals, limits


_Hit = tuple[int, int | str, float, float]
"""(body, body or wall name, normal x, normal y)."""


def _next_hit(
    bodies: Sequence[Body],
    reaches: Sequence[tuple[Points, Points]],
    room: Room | None,
    pairs: dict[tuple[int, int], tuple[Points, Points]],
    gravity: float,
) -> tuple[float, _Hit | None]:
    best = math.inf
    found: _Hit | None = None
    for i, body in enumerate(bodies):
        if room is None or body.is_fixed:
            continue
        low, high = reaches[i]
        walls = (
            ("left", room.left - low[0] - body.x, body.vx, -1.0, 0.0, 0.0),
            ("right", room.right - high[0] - body.x, body.vx, 1.0, 0.0, 0.0),
            ("top", room.top - low[1] - body.y, body.vy, 0.0, -1.0, _pull(body, gravity)),
            ("bottom", room.bottom - high[1] - body.y, body.vy, 0.0, 1.0, _pull(body, gravity)),
        )
        for name, distance, velocity, nx, ny, pull in walls:
            wait = _time_to(distance, velocity, pull, nx + ny)
            if wait < best:
                best, found = wait, (i, name, nx, ny)
    for (i, j), (normals, limits) in pairs.items():
        one, other = bodies[i], bodies[j]
        step = np.array([other.x - one.x, other.y - one.y])
        speed = np.array([other.vx - one.vx, other.vy - one.vy])
        approach = normals @ speed
        gap = normals @ step - limits
        closing, opening = approach < -1e-12, approach > 1e-12
        if not closing.any() or ((gap > 0) & ~closing & ~opening).any():
            continue
        enters = gap[closing] / -approach[closing]
        enter = float(enters.max())
        leave = float((-gap[opening] / approach[opening]).min()) if opening.any() else math.inf
        if -_SOON <= enter < leave and enter < best:
            n = normals[closing][int(enters.argmax())]
            best, found = max(enter, 0.0), (i, j, float(n[0]), float(n[1]))
    return best, found


def _time_to(distance: float, velocity: float, pull: float, side: float) -> float:
    """Return when `velocity * t + pull * t^2 / 2` reaches `distance` moving to `side` (+-1)."""
    if pull == 0:
        if velocity * side <= 0:
            return math.inf
        return max(distance / velocity, 0.0)
    root = velocity**2 + 2 * pull * distance
    if root < 0:
        return math.inf
    times = [(-velocity + sign * math.sqrt(root)) / pull for sign in (-1, 1)]
    # The crossing counts when the body then moves towards the wall.
    ahead = [t for t in times if t > -_SOON and (velocity + pull * t) * side > _SOON]
    return max(min(ahead), 0.0) if ahead else math.inf


def _bounce(
    bodies: Sequence[Body], hit: _Hit, time_s: float, gravity: float, floor_bounce: float
) -> Hit:
    i, other, nx, ny = hit
    one = bodies[i]
    if isinstance(other, str):
        before = (one.vx, one.vy)
        if nx:
            one.vx = -one.vx
        elif gravity and other == "bottom":
            one.vy *= -floor_bounce
            if abs(one.vy) < _LIES_BELOW:
                one.vy, one.on_floor = 0.0, True
        else:
            one.vy = -one.vy
        jolt = math.hypot(one.vx - before[0], one.vy - before[1])
        return Hit(time_s=time_s, one=i, other=None, jolt=jolt)
    two = bodies[other]
    ease = (0 if one.is_fixed else 1 / one.mass) + (0 if two.is_fixed else 1 / two.mass)
    impulse = 2 * ((one.vx - two.vx) * nx + (one.vy - two.vy) * ny) / ease
    jolts = []
    for body, sign in ((one, -1.0), (two, 1.0)):
        if not body.is_fixed:
            body.vx += sign * impulse / body.mass * nx
            body.vy += sign * impulse / body.mass * ny
            jolts.append(abs(impulse) / body.mass)
    return Hit(time_s=time_s, one=i, other=other, jolt=min(jolts))
