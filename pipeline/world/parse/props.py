"""Find the things that are no objects: a pillar, a candle, a jar.

Each has a colour of its own that is neither vivid nor that of a background, and a form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.plane import AXES
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.track import Track
from pipeline.world.vocabulary import GLASS, PILLAR_RGB, WAX, Rgb

FLAME_COLOURS = (1, 2)
"""Orange and yellow, as indices of colours."""
STEADY = 0.85
"""A column of a pillar shows its colour in this share of its pixels at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """One found prop, its box in pixels (left, top, right, bottom; ends exclusive).

    `part`: the track of its coloured part (flame, liquid). `changed`: the first frame in
    which the flame is out or the jar broken; `spilt`: in which its liquid runs out.
    """

    kind: str
    box: tuple[int, int, int, int]
    colour: str | None = None
    part: Track | None = None
    changed: int | None = None
    spilt: int | None = None


def find_prop(sight: Sight, tracks: Sequence[Track]) -> Prop | None:
    """Return the prop of a scene, if there is one."""
    return find_pillar(sight) or _candle(sight, tracks) or _jar(sight, tracks)


def _looks_like(
    sight: Sight, rgb: Rgb, grey_slack: float, chroma_slack: float, frames: slice
) -> NDArray[np.bool_]:
    """Return which pixels are of a colour, T, H, W."""
    point = AXES @ np.array(rgb, dtype=np.float32)
    found: NDArray[np.bool_] = np.abs(sight.grey[frames] - point[0]) < grey_slack
    if found.any():
        away = sight.chroma[frames][found] - point[1:]
        found[found] = away[:, 0] ** 2 + away[:, 1] ** 2 < chroma_slack**2
    return found


def _some(sight: Sight) -> slice:
    """Return about six frames of all."""
    return slice(None, None, max(1, sight.count // 6))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of True as (start, end), ends exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def find_pillar(sight: Sight) -> Prop | None:
    """Return the pillar of a scene, if there is one."""
    width, height = sight.size
    best: tuple[int, Prop] | None = None
    for name, rgb in PILLAR_RGB.items():
        mask = _looks_like(sight, rgb, 16.0, 11.0, _some(sight))
        share = mask.mean(axis=(0, 1))
        for left, right in _runs(share > STEADY):
            size = (right - left) / sight.unit_px
            if not 0.13 < size < 0.8 or (left == 0 and right == width):
                continue
            # A pillar has sharp sides; a dark or bright background fades into it.
            sides = [float(share[x]) for x in (left - 2, right + 1) if 0 <= x < width]
            if max(sides, default=0.0) > 0.3:
                continue
            found = Prop(kind="pillar", box=(left, 0, right, height), colour=name)
            if best is None or right - left > best[0]:
                best = (right - left, found)
    return None if best is None else best[1]


def _candle(sight: Sight, tracks: Sequence[Track]) -> Prop | None:
    height = sight.size[1]
    unit = sight.unit_px
    mask = _looks_like(sight, WAX, 26.0, 13.0, _some(sight))
    low = mask[:, round(height - 0.2 * unit) :]
    share = np.median(low.mean(axis=1), axis=0)
    for left, right in _runs(share > 0.6):
        if not 0.03 < (right - left) / unit < 0.13:
            continue
        column = np.median(mask[:, :, left:right].mean(axis=2), axis=0)
        top = height - int(np.argmin(np.concatenate([column[::-1] > 0.5, [False]])))
        middle = (left + right - 1) / 2
        flame = next(
            (
                track
                for track in tracks
                if track.colours[0] in FLAME_COLOURS
                and abs(
                    float(np.median(track.series("x", sight.count)[list(track.blobs)])) - middle
                )
                < 0.05 * unit
                and top - 0.3 * unit < track.blobs[track.first].y < top + 0.02 * unit
                and track.first <= 1
            ),
            None,
        )
        if flame is None:
            continue
        gone = flame.last + 1
        return Prop(
            kind="candle",
            box=(left, round(top - 0.22 * unit), right, height),
            part=flame,
            changed=gone if gone < sight.count else None,
        )
    return None


def _jar(sight: Sight, tracks: Sequence[Track]) -> Prop | None:
    height = sight.size[1]
    unit = sight.unit_px
    top, wall = round(height - 0.36 * unit), max(1, round(0.035 * unit))
    first = _looks_like(sight, GLASS, 34.0, 16.0, slice(0, 1 if sight.count < 4 else 2))
    columns = first[:, top + 2 * wall : height - 2 * wall].mean(axis=(0, 1))
    walls = [(a, b) for a, b in _runs(columns > 0.45) if b - a <= 0.09 * unit + 1]
    for one in walls:
        for other in walls:
            apart = (other[1] - one[0]) / unit
            if not 0.22 < apart < 0.34:
                continue
            box = (one[0], top, other[1], height)
            liquid = _liquid(tracks, box)
            if liquid is None:
                continue
            mask = _looks_like(sight, GLASS, 34.0, 16.0, slice(None))
            return Prop(
                kind="jar",
                box=box,
                part=liquid,
                changed=_broken(sight, mask, (one, other), top, wall),
                spilt=_spilt(liquid, box),
            )
    return None


def _liquid(tracks: Sequence[Track], box: tuple[int, int, int, int]) -> Track | None:
    """Return the track that fills a jar's inside at first."""
    for track in tracks:
        blob = track.blobs[track.first]
        inside = box[0] - 1 <= blob.box[0] and blob.box[2] <= box[2] + 1
        wide = (blob.box[2] - blob.box[0]) > 0.6 * (box[2] - box[0])
        if track.first <= 1 and inside and wide and blob.box[3] >= box[3] - 6:
            return track
    return None


def _broken(
    sight: Sight,
    mask: NDArray[np.bool_],
    walls: tuple[tuple[int, int], tuple[int, int]],
    top: int,
    wall: int,
) -> int | None:
    """Return the first frame in which one of a jar's walls no longer stands."""
    bottom = sight.size[1] - 2 * wall
    hidden = sight.coverage.label[:, top + wall : bottom] >= 0
    glass = mask[:, top + wall : bottom]
    for t in range(1, sight.count):
        stands = []
        for left, right in walls:
            free = ~hidden[t, :, left:right]
            whole = glass[0, :, left:right] & free
            if whole.sum() >= 3:
                stands.append(float((glass[t, :, left:right] & whole).sum() / whole.sum()))
        if len(stands) == 2 and max(stands) < 0.75:
            return t
    return None


def _spilt(liquid: Track, box: tuple[int, int, int, int]) -> int | None:
    """Return the first frame in which the liquid is clearly wider than in its jar."""
    inner = float(np.median([b.box[2] - b.box[0] for t, b in sorted(liquid.blobs.items())[:3]]))
    for t, blob in sorted(liquid.blobs.items()):
        if blob.box[2] - blob.box[0] > 1.15 * inner + 1:
            return t
    return None
