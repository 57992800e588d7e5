"""Cuts between shots of one scene, and how each shot sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.plane import Floats
from pipeline.world.parse.segment import Blob
from pipeline.world.parse.sight import Sight

CLOSE_ZOOM = 1.6
JUMP = 0.07
"""Things that are off by this much (shorter sides) from where they should be have jumped."""
MIN_SHOT_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """`cuts`: the first frame of every shot but the first; `views`: one for each shot.

    Per frame: `zoom` and the point (`x`, `y`, in units) at the picture's centre, and `mirror`,
    -1 where the scene is seen from behind.
    """

    cuts: tuple[int, ...]
    views: tuple[str, ...]
    zoom: Floats
    x: Floats
    y: Floats
    mirror: Floats


def one_shot(count: int) -> Shots:
    """Return a clip of one shot."""
    return Shots(
        cuts=(),
        views=(),
        zoom=np.ones(count),
        x=np.zeros(count),
        y=np.zeros(count),
        mirror=np.ones(count),
    )


def find_shots(sight: Sight, blobs: Sequence[Blob], free: NDArray[np.bool_]) -> Shots:
    """Find the cuts of a clip and name its views; the first shot is a wide one."""
    count = sight.count
    shots = one_shot(count)
    if count < 6:
        return shots
    places = _places(sight, blobs)
    ground = _ground_changes(sight, free)
    cuts: list[int] = []
    views = ["wide"]
    least = max(2, round(MIN_SHOT_S * sight.fps))
    for t in range(2, count - 1):
        if t - (cuts[-1] if cuts else 0) < least:
            continue
        changed = _ground_cut(ground, t)
        if not changed and not _any_jumps(places, t):
            continue
        view, zoom, centre = _view_after(sight, places, shots, (t, views[-1], changed))
        if view is None:
            continue
        cuts.append(t)
        views.append(view)
        shots.zoom[t:] = zoom
        shots.x[t:], shots.y[t:] = centre
        shots.mirror[t:] = -1.0 if view == "behind" else 1.0
    if not cuts:
        return shots
    return Shots(
        cuts=tuple(cuts),
        views=tuple(views),
        zoom=shots.zoom,
        x=shots.x,
        y=shots.y,
        mirror=shots.mirror,
    )


def _places(sight: Sight, blobs: Sequence[Blob]) -> dict[int, Floats]:
    """Return where the largest solid blob of each colour is, per frame.

    Columns: x, y, diameter (units), and whether it is inside the frame.
    """
    found: dict[int, Floats] = {}
    for blob in blobs:
        left, top, right, bottom = blob.box
        inside = left > 0 and top > 0 and right < sight.size[0] and bottom < sight.size[1]
        if not blob.is_solid:
            continue
        rows = found.setdefault(blob.colour, np.full((sight.count, 4), np.nan))
        diameter = 2 * math.sqrt(blob.mass / math.pi) / sight.unit_px
        if not rows[blob.frame, 2] >= diameter:
            x, y = sight.to_units(np.array(blob.x), np.array(blob.y))
            rows[blob.frame] = float(x), float(y), diameter, inside
    return {
        colour: rows
        for colour, rows in found.items()
        if np.nanmax(rows[:, 2]) > 0.07 and np.isfinite(rows[:, 2]).mean() > 0.6
    }


def _ground_changes(sight: Sight, free: NDArray[np.bool_]) -> Floats:
    """Return how much the background's grey levels change at every frame."""
    changes = np.zeros(sight.count)
    for t in range(1, sight.count):
        both = free[t] & free[t - 1]
        if both.sum() > 50:
            changes[t] = float(np.abs(sight.grey[t] - sight.grey[t - 1])[both].mean())
    return changes


def _ground_cut(ground: Floats, t: int) -> bool:
    """Return whether the background is another at once."""
    others = np.concatenate([ground[1:t], ground[t + 1 :]])
    return bool(ground[t] > 4.0 and ground[t] > 4 * np.median(others) + 2.0)


def _any_jumps(places: dict[int, Floats], t: int) -> bool:
    """Return whether a thing is elsewhere, or larger or smaller, at once."""
    jumps = [_jumps(rows, t) for rows in places.values()]
    known = [jump for jump in jumps if jump is not None]
    return any(known)


def _jumps(rows: Floats, t: int) -> bool | None:
    if not np.isfinite(rows[t - 1 : t + 1, 0]).all():
        return None
    if abs(math.log(rows[t, 2] / rows[t - 1, 2])) > 0.3:
        return bool(rows[t - 1 : t + 1, 3].all())
    step = rows[t, :2] - rows[t - 1, :2]
    before = rows[t - 1, :2] - rows[t - 2, :2] if np.isfinite(rows[t - 2, 0]) else np.zeros(2)
    return bool(np.hypot(*(step - before)) > JUMP and np.hypot(*step) > JUMP)


def _view_after(
    sight: Sight, places: dict[int, Floats], shots: Shots, cut: tuple[int, str, bool]
) -> tuple[str | None, float, tuple[float, float]]:
    """Name the view that a cut leads to; None where no view explains what is seen.

    `cut`: its frame, the view before it, and whether the background changes there.
    """
    t, view, changed = cut
    expected, seen, ratios = [], [], []
    for rows in places.values():
        if not np.isfinite(rows[t - 2 : t + 1, 0]).all():
            continue
        zoom, mirror = shots.zoom[t - 1], shots.mirror[t - 1]
        centre = np.array([shots.x[t - 1], shots.y[t - 1]])
        was = [(rows[k, :2] / zoom) * [mirror, 1] + centre for k in (t - 2, t - 1)]
        expected.append(2 * was[1] - was[0])
        seen.append(rows[t, :2])
        ratios.append(rows[t, 2] / (rows[t - 1, 2] / zoom))
    if not expected:
        return None, 1.0, (0.0, 0.0)
    there, here = np.array(expected), np.array(seen)
    ratio = float(np.min(ratios))
    if ratio > math.sqrt(CLOSE_ZOOM):
        if view == "close":
            return None, 1.0, (0.0, 0.0)
        centre = (there - here / CLOSE_ZOOM).mean(axis=0)
        return "close", CLOSE_ZOOM, (float(centre[0]), float(centre[1]))
    as_wide = float(np.abs(here - there).max())
    as_behind = float(np.abs(here * [-1, 1] - there).max())
    found = "wide" if as_wide <= as_behind else "behind"
    if abs(as_wide - as_behind) < 0.04:
        if not changed and view != "close":
            return None, 1.0, (0.0, 0.0)
        found = _by_ground(sight, t)
    if found == view or min(as_wide, as_behind) > (0.25 if changed else 0.1):
        return None, 1.0, (0.0, 0.0)
    return found, 1.0, (0.0, 0.0)


def _by_ground(sight: Sight, t: int) -> str:
    """Return `wide` where the background is that of the first frame."""
    both = (sight.coverage.label[0] < 0) & (sight.coverage.label[t] < 0)
    away = float(np.abs(sight.grey[0] - sight.grey[t])[both].mean()) if both.any() else 0.0
    return "wide" if away < 4.0 else "behind"
