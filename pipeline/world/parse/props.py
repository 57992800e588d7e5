"""Find the things that are no objects: a pillar, a candle, a jar.

Each has a colour of its own that is neither vivid nor that of a background, and a form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.plane import AXES
from pipeline.world.parse.segment import Blob
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.track import Track
from pipeline.world.vocabulary import GLASS, PILLAR_RGB, WAX, Rgb

FLAME_COLOURS = (1, 2)
"""Orange and yellow, as indices of colours."""
STEADY = 0.78
"""A column of a pillar shows its colour in this share of its pixels at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """One found prop, its box in pixels (left, top, right, bottom; ends exclusive).

    `parts`: the tracks of its coloured part (flame, liquid). `changed`: the first frame in
    which the flame is out or the jar broken; `spilt`: in which its liquid runs out.
    """

    kind: str
    box: tuple[int, int, int, int]
    colour: str | None = None
    parts: tuple[Track, ...] = ()
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
        mask = _looks_like(sight, rgb, 21.0, 15.0, _some(sight))
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
    wax = float((AXES @ np.array(WAX, dtype=np.float32))[0])
    if float(np.median(sight.grey[0])) > 0.75 * wax:
        return None
    mask = _looks_like(sight, WAX, 30.0, 18.0, _some(sight))
    low = mask[:, round(height - 0.2 * unit) :]
    share = np.median(low.mean(axis=1), axis=0)
    for left, right in _runs(share > 0.6):
        if not 0.03 < (right - left) / unit < 0.13:
            continue
        column = np.median(mask[:, :, left:right].mean(axis=2), axis=0)
        top = height - int(np.argmin(np.concatenate([column[::-1] > 0.5, [False]])))
        middle = (left + right - 1) / 2
        # Compression takes the flame for yellow here and for orange there.
        flames = tuple(
            track
            for track in tracks
            if track.colours[0] in FLAME_COLOURS
            and np.mean([_is_above(blob, middle, top, unit) for blob in track.blobs.values()]) > 0.7
        )
        if not flames or min(track.first for track in flames) > 2:
            continue
        gone = max(track.last for track in flames) + 1
        return Prop(
            kind="candle",
            box=(left, round(top - 0.22 * unit), right, height),
            parts=flames,
            changed=gone if gone < sight.count else None,
        )
    return None


def _is_above(blob: Blob, middle: float, top: int, unit: int) -> bool:
    """Return whether a blob lies where the flame of a candle would be."""
    return abs(blob.x - middle) < 0.07 * unit and top - 0.3 * unit < blob.y < top + 0.04 * unit


def _jar(sight: Sight, tracks: Sequence[Track]) -> Prop | None:
    """Find a jar by its liquid, a still box on the ground between two walls of glass."""
    height, unit = sight.size[1], sight.unit_px
    ground = float(np.median(sight.grey[0]))
    glass = float((AXES @ np.array(GLASS, dtype=np.float32))[0])
    if ground > 0.75 * glass:
        return None
    bright = (ground + glass) / 2
    for track in tracks:
        blob = track.blobs[track.first]
        left, top, right, bottom = blob.box
        wide, high = (right - left) / unit, (bottom - top) / unit
        if track.first > 1 or not 0.15 < wide < 0.28 or not 0.16 < high < 0.3:
            continue
        if bottom < height - 0.08 * unit:
            continue
        reach = max(3, round(0.06 * unit))
        walls = []
        for start, stop in ((left - reach, left + 1), (right - 1, right + reach)):
            start, stop = max(start, 0), min(stop, sight.size[0])
            # The walls stand higher than the liquid.
            rows = slice(max(top - round(0.06 * unit), 0), bottom - 1)
            bare = sight.coverage.label[track.first, rows, start:stop] < 0
            glassy = (sight.grey[track.first, rows, start:stop] > bright) & bare
            column = int(glassy.mean(axis=0).argmax())
            if float(glassy[:, column].mean()) > 0.7:
                walls.append(start + column)
        if len(walls) == 2:
            return Prop(
                kind="jar",
                box=(walls[0] - 1, round(height - 0.36 * unit), walls[1] + 2, height),
                parts=(track,),
                changed=_broken(sight, walls, bright),
                spilt=_spilt(track),
            )
    return None


def _broken(sight: Sight, walls: Sequence[int], bright: float) -> int | None:
    """Return the first frame in which neither of a jar's walls stands any longer."""
    unit = sight.unit_px
    rows = slice(max(round(sight.size[1] - 0.33 * unit), 0), round(sight.size[1] - 0.12 * unit))
    for t in range(1, sight.count):
        stands = []
        for x in walls:
            free = sight.coverage.label[t, rows, x] < 0
            if free.sum() >= 3:
                stands.append(float((sight.grey[t, rows, x][free] > bright).mean()))
        if stands and max(stands) < 0.6:
            return t
    return None


def _spilt(liquid: Track) -> int | None:
    """Return the first frame in which the liquid is clearly wider than in its jar."""
    widths = {t: blob.box[2] - blob.box[0] for t, blob in sorted(liquid.blobs.items())}
    inner = float(np.median(list(widths.values())[:3]))
    return next((t for t, wide in widths.items() if wide > 1.15 * inner + 1), None)
