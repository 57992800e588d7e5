"""What happens between things: bounces off walls, collisions, and what has no cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Room
from pipeline.world.parse.paths import Piece
from pipeline.world.parse.plane import Floats
from pipeline.world.parse.thing import Thing
from pipeline.world.physics import Body, overlap
from pipeline.world.vocabulary import reach, unit_outline

TOUCHES = 0.05
"""Things that come so near (units) may have touched."""
MIN_KICK = 0.018
"""Smaller changes of velocity (units per second) are none."""
AT_ONCE = 1.6
"""Two breaks so many frames apart may be one meeting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A sudden change of velocity of thing `one`.

    `kind` is `bounce`, `collide` (with thing `other`) or `kick` (no cause is seen).
    """

    kind: str
    time_s: float
    one: int
    other: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A sudden change of thing `index`'s velocity, at `time_s`, in one place or a few.

    Where a piece between two joints is too short to tell its velocity, they are one break:
    `spots` are the places (x, y) of its joints.
    """

    index: int
    time_s: float
    until_s: float
    spots: tuple[tuple[float, float], ...]
    before: tuple[float, float]
    after: tuple[float, float]

    @property
    def change(self) -> Floats:
        """The change of velocity."""
        return np.subtract(self.after, self.before)


def hull_of(thing: Thing, time_share: float) -> NDArray[np.float64]:
    """Return the convex outline of a thing about its centre, in units."""
    # What changes its size is drawn so, but meets walls as large as it becomes.
    diameter = (
        float(np.nanmedian(thing.sizes)) if thing.change is None else size_at(thing, time_share)
    )
    if thing.change == "turn":
        return unit_outline("circle") * (reach(thing.shape) * diameter / 2)
    outline = unit_outline(thing.shape) * (diameter / 2)
    return outline[::2] if thing.shape == "star" else outline


def size_at(thing: Thing, share: float) -> float:
    """Return the diameter (units) at a share of the clip's time, by its steady growth."""
    middle = float(np.nanmedian(thing.sizes))
    return middle * math.exp(thing.growth * (share - 0.5))


def breaks_of(things: Sequence[Thing], times_s: Floats, shortest: int) -> list[Break]:
    """Return all breaks of all paths, in order of time.

    Pieces of fewer frames than `shortest` do not stand between two breaks: they are one.
    """
    found = []
    for i, thing in enumerate(things):
        path = thing.path
        if path is None:
            continue
        k = 0
        while k < len(path.pieces) - 1:
            first = k
            while k + 2 < len(path.pieces) and _length(path.pieces[k + 1]) < shortest:
                k += 1
            if _is_small(path.pieces[first], path.pieces[k + 1]):
                k += 1
                continue
            joints = [path.joint_time(j, times_s) for j in range(first, k + 1)]
            found.append(
                Break(
                    index=i,
                    time_s=joints[0],
                    until_s=joints[-1],
                    spots=tuple(
                        path.pieces[first + n + end].at(time_s, path.pull)
                        for n, time_s in enumerate(joints)
                        for end in (0, 1)
                    ),
                    before=path.pieces[first].velocity(joints[0], path.pull),
                    after=path.pieces[k + 1].velocity(joints[-1], path.pull),
                )
            )
            k += 1
    return sorted(found, key=lambda item: item.time_s)


def _is_small(one: Piece, other: Piece) -> bool:
    return math.hypot(one.vx - other.vx, one.vy - other.vy) < MIN_KICK


def _length(piece: Piece) -> int:
    return piece.stop - piece.start + 1


def find_meetings(things: Sequence[Thing], room: Room, times_s: Floats) -> list[Meeting]:
    """Name the cause of every break; a meeting of two things is named once.

    Two meetings in quick succession may look like one: what explains the paths better holds.
    """
    found = [
        _explain(things, breaks_of(things, times_s, shortest), room, times_s) for shortest in (2, 3)
    ]
    return min(found, key=lambda one: one[1])[0]


def _explain(
    things: Sequence[Thing], breaks: Sequence[Break], room: Room, times_s: Floats
) -> tuple[list[Meeting], float]:
    """Return the meetings that explain breaks, and how badly they do in all."""
    badness = 0.0
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
    meetings: list[Meeting] = []
    used: set[int] = set()
    for a, item in enumerate(breaks):
        if a in used:
            continue
        used.add(a)
        walls = _walls(things, item, room, times_s, step_s)
        alone = _bounce_misfit(item, walls)
        best: tuple[float, int, int | None] | None = None
        for j in range(len(things)):
            gap = _nearest(things, item, j, times_s)
            if j == item.index or gap > TOUCHES:
                continue
            partner = _partner(breaks, used, item, j, step_s)
            misfit = 0.6 + max(gap, 0.0) / TOUCHES * 0.3
            if partner is not None:
                misfit += _push(things, item, breaks[partner], ()) * 0.5 - 0.6
            if best is None or misfit < best[0]:
                best = (misfit, j, partner)
        if alone is not None and (best is None or alone <= best[0]):
            meetings.append(Meeting(kind="bounce", time_s=item.time_s, one=item.index))
            badness += alone
        elif best is None:
            meetings.append(Meeting(kind="kick", time_s=item.time_s, one=item.index))
            badness += 1.0
        else:
            one, other = sorted((item.index, best[1]))
            meetings.append(Meeting(kind="collide", time_s=item.time_s, one=one, other=other))
            if best[2] is None:
                badness += best[0]
                continue
            used.add(best[2])
            pair = (item, breaks[best[2]])
            bounced, misfit = _bounced_too(things, pair, (room, times_s, step_s))
            badness += misfit
            for i in bounced:
                meetings.append(Meeting(kind="bounce", time_s=item.until_s, one=i))
    return meetings, badness


def _partner(
    breaks: Sequence[Break], used: set[int], item: Break, j: int, step_s: float
) -> int | None:
    """Return the number of thing j's break that may be the other side of this one."""
    slack = AT_ONCE * step_s
    for b, other in enumerate(breaks):
        meets = other.time_s < item.until_s + slack and item.time_s < other.until_s + slack
        if other.index == j and b not in used and meets:
            return b
    return None


def _walls(
    things: Sequence[Thing], item: Break, room: Room, times_s: Floats, step_s: float
) -> list[int]:
    """Return the axes (0: x, 1: y) along which a wall is touched, and left afterwards."""
    hull = hull_of(things[item.index], item.time_s / max(float(times_s[-1]), 1e-9))
    low, high = hull.min(axis=0), hull.max(axis=0)
    near = TOUCHES + 0.2 * math.hypot(*item.before) * step_s
    axes = []
    for axis, (start, end) in enumerate(((room.left, room.right), (room.top, room.bottom))):
        places = [spot[axis] for spot in item.spots]
        at_start = min(places) + low[axis] - start < near and item.after[axis] > 0.02
        at_end = end - max(places) - high[axis] < near and item.after[axis] < -0.02
        if at_start or at_end:
            axes.append(axis)
    return axes


def _bounce_misfit(item: Break, walls: Sequence[int]) -> float | None:
    """Return how badly mirrors at the touched walls explain a break; None without a wall."""
    speed = math.hypot(*item.before) + 1e-6
    best = None
    for axes in ((0,), (1,), (0, 1)):
        if not set(axes) <= set(walls):
            continue
        # Against the wall before, away from it after; some speed may be lost.
        if any(item.before[a] * item.after[a] > 0 for a in axes):
            continue
        mirrored = [-v if a in axes else v for a, v in enumerate(item.before)]
        misfit = 0.8 * math.dist(mirrored, item.after) / speed
        if best is None or misfit < best:
            best = misfit
    return best


def _push(
    things: Sequence[Thing], item: Break, other: Break, bounced: tuple[tuple[int, int, str], ...]
) -> float:
    """Return the momentum that appears in a meeting, over all that is exchanged.

    `bounced`: (0 for `item` or 1 for `other`, axis, `before` or `after` the meeting).
    """
    pair = (item, other)
    masses = [float(np.nanmedian(things[one.index].sizes)) ** 2 for one in pair]
    total = masses[0] * item.change + masses[1] * other.change
    size = masses[0] * np.hypot(*item.change) + masses[1] * np.hypot(*other.change)
    for who, axis, when in bounced:
        speed = -pair[who].before[axis] if when == "before" else pair[who].after[axis]
        total[axis] -= 2 * masses[who] * speed
    return float(np.hypot(*total) / (size + 1e-9))


def _bounced_too(
    things: Sequence[Thing], pair: tuple[Break, Break], where: tuple[Room, Floats, float]
) -> tuple[list[int], float]:
    """Return which of two things that met also bounced off a wall just then, and the misfit."""
    room, times_s, step_s = where
    guesses = [
        (who, axis, when)
        for who, item in enumerate(pair)
        for axis in _walls(things, item, room, times_s, step_s)
        for when in ("before", "after")
    ]
    # Each bounce that is assumed must explain something.
    ways = [way for count in (0, 1, 2) for way in combinations(guesses, count)]
    misfits = [_push(things, *pair, way) + 0.12 * len(way) for way in ways]
    best = int(np.argmin(misfits))
    return sorted({pair[who].index for who, _, _ in ways[best]}), misfits[best]


def _nearest(things: Sequence[Thing], item: Break, j: int, times_s: Floats) -> float:
    """Return how near thing j comes to a thing during its break."""
    times = {item.time_s, (item.time_s + item.until_s) / 2, item.until_s}
    gaps = [_gap(things, item.index, j, time_s, times_s) for time_s in times]
    return min((gap for gap in gaps if gap is not None), default=math.inf)


def _gap(things: Sequence[Thing], i: int, j: int, time_s: float, times_s: Floats) -> float | None:
    """Return how far apart two things' outlines are at a time (negative: they overlap)."""
    places = []
    for index in (i, j):
        place = _place(things[index], time_s, times_s)
        if place is None:
            return None
        places.append(place)
    share = time_s / max(float(times_s[-1]), 1e-9)
    bodies = [
        Body(x=x, y=y, vx=0.0, vy=0.0, hull=hull_of(things[index], share), mass=1.0)
        for (x, y), index in zip(places, (i, j), strict=True)
    ]
    low, high = -0.1, TOUCHES
    if not overlap(bodies[0], bodies[1], high):
        return high + 1.0
    for _ in range(6):
        middle = (low + high) / 2
        if overlap(bodies[0], bodies[1], middle):
            high = middle
        else:
            low = middle
    return high


def _place(thing: Thing, time_s: float, times_s: Floats) -> tuple[float, float] | None:
    path = thing.path
    if path is None:
        return None
    ends = [path.joint_time(k, times_s) for k in range(len(path.pieces) - 1)]
    k = int(np.searchsorted(ends, time_s - 1e-6))
    return path.pieces[k].at(time_s, path.pull)
