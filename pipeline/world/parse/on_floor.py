"""Read the tiled floor in perspective: how the camera travels over it, and what stands on it.

What stands still keeps one place in space: how far it is seen from there is an error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.plane import Floats
from pipeline.world.parse.reading import CameraReading, ObjectReading, Reading
from pipeline.world.parse.redraw import Core, Sighting, core_of, costs_of, likeness, settle
from pipeline.world.parse.sight import Sight, free_pixels, look_at
from pipeline.world.parse.standing import FloorThing, Standing, find_things, stand
from pipeline.world.parse.tiles import Travel, find_travel, floor_level, name_travel, shows_floor
from pipeline.world.vocabulary import BACKGROUND_RGB
from schemas.facts import Facts, ObjectFacts

MIN_LIKENESS = 0.8
"""Least correlation of the drawn floor with the picture, away from coloured things."""
MIN_STEADY = 0.7
"""How well one travel at constant speed has to explain the phases of all frames (0..1)."""
MAX_STRAY = 0.03
"""What strays further (RMS, shorter sides) from one place in space does not rest."""
MAX_LOOKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorReading(Reading):
    """A reading of a scene with a floor: the camera's travel, and where its objects stand.

    `strays_px`: per object, its distance in every frame from where it should be seen; NaN
    where it is hidden in part or whole.
    """

    travel: Travel
    standings: tuple[Standing, ...]
    strays_px: tuple[tuple[float, ...], ...]


def read_floor(pixels_THWC: NDArray[np.uint8], times_s: Floats) -> FloorReading | None:
    """Read a clip of things on a tiled floor; None for any other clip."""
    if not shows_floor(pixels_THWC[0]) and not shows_floor(pixels_THWC[-1]):
        return None
    sight = look_at(pixels_THWC, np.asarray(times_s, dtype=np.float64))
    free = free_pixels(sight)
    travel = find_travel(sight.grey, free, sight.times_s)
    grounds = _Grounds(sight, pixels_THWC, free, travel)
    if travel.steadiness < MIN_STEADY or grounds.likeness < MIN_LIKENESS:
        return None
    things, rest = find_things(sight)
    costs = [costs_of(_sightings(thing, grounds), thing.name, has_shadow=True) for thing in things]
    style, shapes, style_sure, sure = settle(costs) if things else ("flat", [], 0.0, [])
    order = sorted(range(len(things)), key=lambda i: (things[i].colour, shapes[i]))
    things = [things[i] for i in order]
    shapes, sure = [shapes[i] for i in order], [sure[i] for i in order]
    cores = [core_of(s, style, thing.name) for s, thing in zip(shapes, things, strict=True)]
    seen = [_centred(thing, core) for thing, core in zip(things, cores, strict=True)]
    fits = [
        stand(places, thing.whole, shape, travel, sight)
        for places, thing, shape in zip(seen, things, shapes, strict=True)
    ]
    stays = [_stray_rms(stray) < MAX_STRAY * sight.unit_px for _, stray in fits]
    background, background_sure = grounds.name_colour()
    move, move_sure = name_travel(travel, float(sight.times_s[-1]))
    is_image = sight.count == 1
    facts = Facts(
        objects=tuple(
            ObjectFacts(
                colour=thing.name, shape=shape, action="rest" if stay and not is_image else None
            )
            for thing, shape, stay in zip(things, shapes, stays, strict=True)
        ),
        background_kind="floor",
        background_colour=background,
        camera=None if is_image else move,
        style=style if things else None,
    )
    none = (0.0,) * sight.count
    counts = np.sum([np.isfinite(thing.x) for thing in things], axis=0, initial=0)
    return FloorReading(
        facts=facts,
        objects=tuple(
            _object(thing, places, shape, share, sight)
            for thing, places, shape, share in zip(things, seen, shapes, sure, strict=True)
        ),
        candidates=tuple(_candidate(thing, sight) for thing in rest),
        events=(),
        camera=CameraReading(
            move=facts.camera,
            shift_x_px=none,
            shift_y_px=none,
            log_zoom=none,
            confidence=move_sure,
        ),
        num_objects_per_frame=tuple(int(n) for n in np.broadcast_to(counts, sight.count)),
        cuts=(),
        confidence={
            "style": style_sure,
            "background_kind": 1.0,
            "background_colour": background_sure,
        },
        travel=travel,
        standings=tuple(standing for standing, _ in fits),
        strays_px=tuple(tuple((stray * sight.scale).tolist()) for _, stray in fits),
    )


def floor_reprojection(reading: FloorReading) -> float:
    """Return the RMS distance in pixels of objects from one place in space each.

    NaN where no object is seen whole in two frames.
    """
    strays = [np.array(one) for one in reading.strays_px]
    known = [one for one in strays if np.isfinite(one).sum() > 1]
    return _stray_rms(np.concatenate(known)) if known else float("nan")


def _stray_rms(strays: Floats) -> float:
    known = strays[np.isfinite(strays)]
    return float(np.sqrt(np.square(known).mean())) if len(known) else 0.0


class _Grounds:
    """The bare floor and wall, drawn frame by frame as the travel says."""

    def __init__(
        self, sight: Sight, pixels: NDArray[np.uint8], free: NDArray[np.bool_], travel: Travel
    ) -> None:
        self.sight, self.pixels, self.travel = sight, pixels, travel
        self._drawn: dict[int, NDArray[np.uint8]] = {}
        self._pictures: dict[int, NDArray[np.uint8]] = {}
        alike, bases, scales = [], [], []
        for t in {0, sight.count // 2, sight.count - 1}:
            level = floor_level(sight.size, travel, t)[free[t]].astype(np.float64)
            seen = self.picture(t)[free[t]].astype(np.float64)
            if len(level) < 50:
                alike.append(0.0)
                continue
            matrix = np.stack([level, np.ones_like(level)], axis=1)
            found = np.linalg.lstsq(matrix, seen, rcond=None)[0]
            scales.append(found[0].mean())
            bases.append(found[1])
            alike.append(likeness(level, seen.mean(axis=1)))
        self.likeness = min(alike)
        self.base = np.mean(bases, axis=0) if bases else np.zeros(3)
        self.scale = float(np.mean(scales)) if scales else 1.0

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """Return a frame at the size at which it is read."""
        if frame not in self._pictures:
            seen = self.pixels[frame]
            if self.sight.scale != 1:
                seen = cv2.resize(seen, self.sight.size, interpolation=cv2.INTER_AREA)
            self._pictures[frame] = seen
        return self._pictures[frame]

    def drawn(self, frame: int) -> NDArray[np.uint8]:
        """Return the bare scene in a frame."""
        if frame not in self._drawn:
            level = floor_level(self.sight.size, self.travel, frame) * self.scale
            colour = np.clip(self.base + level[:, :, None], 0, 255)
            self._drawn[frame] = np.rint(colour).astype(np.uint8)
        return self._drawn[frame]

    def name_colour(self) -> tuple[str, float]:
        """Return the name of the colour of floor and wall, and how sure it is."""
        away = {name: math.dist(rgb, self.base) for name, rgb in BACKGROUND_RGB.items()}
        order = sorted(away, key=lambda name: away[name])
        return order[0], float(np.clip(1.5 * (1 - away[order[0]] / away[order[1]]), 0, 1))


def _sightings(thing: FloorThing, grounds: _Grounds) -> list[Sighting]:
    """Return a few frames that show a thing whole, the largest views first."""
    choices = (thing.alone, thing.whole, np.isfinite(thing.x))
    good = np.flatnonzero(next(choice for choice in choices if choice.any()))
    order = good[np.argsort(-thing.mass[good])]
    chosen = order[:: max(1, math.ceil(len(order) / MAX_LOOKS))]
    return [
        Sighting(
            picture=grounds.picture(int(t)),
            ground=grounds.drawn(int(t)),
            x=float(thing.x[t]),
            y=float(thing.y[t]),
            diameter=2 * math.sqrt(float(thing.mass[t]) / math.pi),
        )
        for t in chosen
    ]


def _centred(thing: FloorThing, core: Core) -> Floats:
    """Return middle and diameter of the whole object per frame, T x 3, from its colour's."""
    diameter = 2 * np.sqrt(thing.mass / math.pi) / core.diameter
    return np.stack([thing.x - core.x * diameter, thing.y - core.y * diameter, diameter], axis=1)


def _object(
    thing: FloorThing, places: Floats, shape: str, sure: float, sight: Sight
) -> ObjectReading:
    offset = (sight.scale - 1) / 2
    return ObjectReading(
        colour=thing.name,
        shape=shape,
        x_px=_list(places[:, 0] * sight.scale + offset),
        y_px=_list(places[:, 1] * sight.scale + offset),
        diameter_px=_list(places[:, 2] * sight.scale),
        angle_deg=(0.0,) * sight.count,
        opacity=_list(thing.opacity),
        seen=tuple(bool(s) for s in np.isfinite(thing.x)),
        confidence={"object": 1.0, "shape": sure},
    )


def _candidate(thing: FloorThing, sight: Sight) -> ObjectReading:
    offset = (sight.scale - 1) / 2
    return ObjectReading(
        colour=thing.name,
        shape=None,
        x_px=_list(thing.x * sight.scale + offset),
        y_px=_list(thing.y * sight.scale + offset),
        diameter_px=_list(2 * np.sqrt(thing.mass / math.pi) * sight.scale),
        angle_deg=(0.0,) * sight.count,
        opacity=_list(thing.opacity),
        seen=tuple(bool(s) for s in np.isfinite(thing.x)),
        confidence={"object": 0.2},
    )


def _list(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
