"""What stands on a floor: where it is seen, and the one place in space that explains it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world.floor import EYE, HORIZON
from pipeline.world.parse.plane import COLOUR_NAMES, Floats
from pipeline.world.parse.segment import Blob, find_blobs
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.tiles import Travel
from pipeline.world.vocabulary import unit_outline

MIN_DIAMETER = 0.055
"""Things whose coloured part is smaller (shorter sides) are no objects."""
MIN_OPACITY = 0.62
MIN_SEEN = 0.3
"""Things that are seen in a smaller share of the frames are no objects."""
PART = 0.05
"""A patch of this share of the largest of its colour is a part of it: something covers it."""
SMEAR = 0.35
"""A patch that is smaller than this share of the largest, and never alone, is no object."""
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One place in space for an object: sideways, distance and diameter, all in units."""

    x: float
    z: float
    diameter: float


@dataclass(slots=True, kw_only=True, eq=False)
class FloorThing:
    """One colour's patch through the clip.

    `whole`: it is seen in full; `alone`: also away from others.
    """

    colour: int
    x: Floats
    y: Floats
    mass: Floats
    opacity: Floats
    whole: NDArray[np.bool_]
    alone: NDArray[np.bool_]

    @property
    def name(self) -> str:
        """Return its colour's name."""
        return COLOUR_NAMES[self.colour]


def find_things(sight: Sight) -> tuple[list[FloorThing], list[FloorThing]]:
    """Return the objects, and what is too faint or too brief for one.

    No two objects are of one colour, so that a colour is a track.
    """
    least = math.pi / 4 * (MIN_DIAMETER * sight.unit_px) ** 2
    width, height = sight.size
    frames: dict[int, dict[int, list[Blob]]] = {}
    for blob in find_blobs(sight.coverage, min_mass=max(3.0, 0.15 * least)):
        frames.setdefault(blob.colour, {}).setdefault(blob.frame, []).append(blob)
    things: list[FloorThing] = []
    rest: list[FloorThing] = []
    boxes: list[list[tuple[int, Box]]] = [[] for _ in range(sight.count)]
    for colour, by_frame in frames.items():
        main = {t: max(blobs, key=lambda b: b.mass) for t, blobs in by_frame.items()}
        solid = [blob for blob in main.values() if blob.is_solid]
        if float(np.percentile([blob.mass for blob in main.values()], 75)) < least:
            continue
        thing = FloorThing(
            colour=colour,
            x=np.full(sight.count, np.nan),
            y=np.full(sight.count, np.nan),
            mass=np.full(sight.count, np.nan),
            opacity=np.full(sight.count, np.nan),
            whole=np.zeros(sight.count, dtype=bool),
            alone=np.zeros(sight.count, dtype=bool),
        )
        for t, blob in main.items():
            thing.x[t], thing.y[t], thing.mass[t] = blob.x, blob.y, blob.mass
            thing.opacity[t] = blob.opacity
            left, top, right, bottom = blob.box
            thing.whole[t] = left > 0 and top > 0 and right < width and bottom < height
            thing.whole[t] &= sum(b.mass > PART * blob.mass for b in by_frame[t]) == 1
        is_object = len(solid) >= MIN_SEEN * sight.count
        if is_object and float(np.median([b.opacity for b in solid])) >= MIN_OPACITY:
            things.append(thing)
            for t, blob in main.items():
                boxes[t].append((colour, blob.box))
        else:
            rest.append(thing)
    for thing in things:
        for t in np.flatnonzero(thing.whole).tolist():
            mine = next(box for colour, box in boxes[t] if colour == thing.colour)
            near = [box for colour, box in boxes[t] if colour != thing.colour and _meet(mine, box)]
            thing.alone[t] = not near
            # What stands nearer stands lower in the picture, and covers what is behind it.
            thing.whole[t] = all(mine[3] > box[3] for box in near)
    # Compression may smear another colour around an object: it is never seen away from that.
    most = max((float(np.nanmax(thing.mass)) for thing in things), default=0.0)
    smears = [t for t in things if not t.alone.any() and np.nanmax(t.mass) < SMEAR * most]
    return [t for t in things if t not in smears], rest + smears


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def stand(
    places: Floats, whole: NDArray[np.bool_], shape: str, travel: Travel, sight: Sight
) -> tuple[Standing, Floats]:
    """Return the place in space that explains an object best, and its strays in pixels.

    Its foot is on the floor: at distance d, that is EYE / d under the horizon.
    """
    unit = sight.unit_px
    foot = float(unit_outline(shape)[:, 1].max()) / 2
    x, y = sight.to_units(places[:, 0], places[:, 1])
    size = places[:, 2] / unit
    cx, cz = np.array(travel.x), np.array(travel.z)
    good = whole if whole.any() else np.isfinite(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = EYE / np.maximum(y - HORIZON + foot * size, 0.02)
        at = np.array(
            [
                np.median((x * depth + cx)[good]),
                np.median((depth + cz)[good]),
                np.median((size * depth)[good]),
            ]
        )
    seen = np.stack([x, y, size], axis=1)[good]
    weight = np.array([1.0, 1.0, 0.5])

    def told(at: Floats, part: NDArray[np.bool_]) -> Floats:
        away = np.maximum(at[1] - cz[part], 0.2)
        return np.stack(
            [(at[0] - cx[part]) / away, HORIZON + (EYE - foot * at[2]) / away, at[2] / away],
            axis=1,
        )

    for _ in range(6):
        late = ((seen - told(at, good)) * weight).ravel()
        slopes = np.stack(
            [
                ((told(at + step, good) - told(at - step, good)) * weight).ravel() / 2e-4
                for step in np.eye(3) * 1e-4
            ],
            axis=1,
        )
        at = at + np.linalg.lstsq(slopes, late, rcond=1e-6)[0]
    everywhere = np.ones(len(x), dtype=bool)
    away = np.stack([x, y], axis=1) - told(at, everywhere)[:, :2]
    strays = np.where(whole, np.hypot(away[:, 0], away[:, 1]) * unit, np.nan)
    return Standing(x=float(at[0]), z=float(at[1]), diameter=float(at[2])), strays
