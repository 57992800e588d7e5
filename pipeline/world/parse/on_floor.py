"""Read the tiled floor in perspective: how the camera travels over it, and what stands on it.

Tiles are a wave of known length on the floor, so each frame's two phases say where the camera
is. What stands still keeps one place in space: how far it strays from there is an error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.floor import EYE, FADE_DEPTH, HORIZON, MAX_STEP, STEP_UNITS_PER_S, TILE
from pipeline.world.parse.plane import COLOUR_NAMES, NEAR, Floats, to_plane
from pipeline.world.parse.reading import CameraReading, ObjectReading, Reading
from pipeline.world.parse.redraw import Core, Sighting, core_of, costs_of, settle
from pipeline.world.parse.segment import Blob, find_blobs
from pipeline.world.parse.sight import Sight, free_pixels, look_at
from pipeline.world.vocabulary import BACKGROUND_RGB, unit_outline
from schemas.facts import Facts, ObjectFacts

NEAR_DEPTH = 3.2
"""Tiles further off than this (units) are too small to be told apart..."""
NEAR_DEPTH_SMALL = 2.4
"""...or than this, where the frame's shorter side has fewer pixels than `SMALL_PX`."""
SMALL_PX = 48
MIN_EXPLAINED = 0.25
"""Waves of the tiles explain this share of the near floor's variance at least."""
MIN_LIKENESS = 0.8
"""Least correlation of the drawn floor with the picture, away from coloured things."""
MIN_STEADY = 0.7
"""How well one travel at constant speed has to explain the phases of all frames (0..1)."""
MIN_DIAMETER = 0.09
"""Smaller things (shorter sides) are no objects."""
MIN_OPACITY = 0.62
MIN_SEEN = 0.3
"""Things that are seen in a smaller share of the frames are no objects."""
MAX_LOOKS = 3
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One place in space for an object: sideways, distance and diameter, all in units."""

    x: float
    z: float
    diameter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorReading(Reading):
    """A reading of a scene with a floor: the camera's travel, and where its objects stand.

    `strays_px`: per object, its distance in every frame from where it should be seen; NaN
    where it is hidden in part or whole.
    """

    travel: Travel
    standings: tuple[Standing, ...]
    strays_px: tuple[tuple[float, ...], ...]


@dataclass(slots=True, kw_only=True)
class _Thing:
    """One colour's patch through the clip; `whole`: seen all of it, away from others."""

    colour: int
    x: Floats
    y: Floats
    mass: Floats
    opacity: Floats
    whole: NDArray[np.bool_]


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
    things = _things(sight)
    costs = [costs_of(_sightings(thing, grounds), _name(thing), has_shadow=True) for thing in things]
    style, shapes, style_sure, sure = settle(costs) if things else ("flat", [], 0.0, [])
    order = sorted(range(len(things)), key=lambda i: (things[i].colour, shapes[i]))
    things = [things[i] for i in order]
    shapes, sure = [shapes[i] for i in order], [sure[i] for i in order]
    cores = [core_of(s, style, _name(thing)) for s, thing in zip(shapes, things, strict=True)]
    seen = [_centred(thing, core) for thing, core in zip(things, cores, strict=True)]
    fits = [
        _stand(places, thing.whole, shape, travel, sight)
        for places, thing, shape in zip(seen, things, shapes, strict=True)
    ]
    background, background_sure = grounds.name_colour()
    move, move_sure = name_travel(travel, float(sight.times_s[-1]))
    is_image = sight.count == 1
    facts = Facts(
        objects=tuple(
            ObjectFacts(
                colour=_name(thing), shape=shape, action=None if is_image else "rest"
            )
            for thing, shape in zip(things, shapes, strict=True)
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
        candidates=(),
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
    known = [one[np.isfinite(one)] for one in strays if np.isfinite(one).sum() > 1]
    if not known:
        return float("nan")
    return float(np.sqrt(np.square(np.concatenate(known)).mean()))


def shows_floor(frame: NDArray[np.uint8]) -> bool:
    """Return whether tiles lie under the horizon of a frame (H, W, 3), and none above. Cheap."""
    grey, chroma = to_plane(frame[None])
    tiles = _tiles((frame.shape[0], frame.shape[1]))
    # Things never fill the uppermost and the lowest rows.
    rim = chroma[0, [0, 1, -2, -1]].reshape(-1, 2)
    near = chroma[0][tiles.near]
    part = np.square(near - np.median(rim, axis=0)).sum(axis=1) < NEAR**2
    level = grey[0][tiles.near]
    if part.sum() < 0.3 * part.size:
        return False
    basis, level = tiles.basis[part], level[part]
    around = level - level.mean()
    total = float(around @ around)
    if total < 4.0 * len(level):
        return False
    late = around - basis @ tiles.solve(basis, around)
    return 1 - float(late @ late) / total > MIN_EXPLAINED


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
            fade * one * other
            for one in (np.cos(u), np.sin(u))
            for other in (np.cos(v), np.sin(v))
        ]
        self.basis = np.stack([*waves, np.ones_like(u)], axis=1)

    def solve(self, basis: Floats, level: Floats) -> Floats:
        """Return the waves' strengths in grey levels."""
        normal = basis.T @ basis + 1e-3 * np.eye(basis.shape[1])
        found: Floats = np.linalg.solve(normal, basis.T @ level)
        return found


def find_travel(
    grey_THW: Floats, free_THW: NDArray[np.bool_], times_s: Floats
) -> Travel:
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


class _Grounds:
    """The bare floor and wall, drawn frame by frame as the travel says."""

    def __init__(
        self, sight: Sight, pixels: NDArray[np.uint8], free: NDArray[np.bool_], travel: Travel
    ) -> None:
        self.sight, self.pixels, self.travel = sight, pixels, travel
        self._drawn: dict[int, NDArray[np.uint8]] = {}
        self._pictures: dict[int, NDArray[np.uint8]] = {}
        likeness, bases, scales = [], [], []
        for t in {0, sight.count // 2, sight.count - 1}:
            level = floor_level(sight.size, travel, t)[free[t]].astype(np.float64)
            seen = self.picture(t)[free[t]].astype(np.float64)
            if len(level) < 50:
                likeness.append(0.0)
                continue
            matrix = np.stack([level, np.ones_like(level)], axis=1)
            found = np.linalg.lstsq(matrix, seen, rcond=None)[0]
            scales.append(found[0].mean())
            bases.append(found[1])
            likeness.append(float(np.corrcoef(level, seen.mean(axis=1))[0, 1]))
        self.likeness = min(likeness)
        self.base = np.mean(bases, axis=0) if bases else np.zeros(3)
        self.scale = float(np.mean(scales)) if scales else 1.0

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """Return a frame at the size at which it is read."""
        if self.sight.scale == 1:
            return self.pixels[frame]
        if frame not in self._pictures:
            self._pictures[frame] = cv2.resize(
                self.pixels[frame], self.sight.size, interpolation=cv2.INTER_AREA
            )
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


def _things(sight: Sight) -> list[_Thing]:
    """Return the objects: no two are of one colour, so that a colour is a track."""
    least = math.pi / 4 * (MIN_DIAMETER * sight.unit_px) ** 2
    width, height = sight.size
    frames: dict[int, dict[int, list[Blob]]] = {}
    for blob in find_blobs(sight.coverage, min_mass=max(3.0, 0.15 * least)):
        if blob.is_solid:
            frames.setdefault(blob.colour, {}).setdefault(blob.frame, []).append(blob)
    things = []
    boxes: dict[int, list[tuple[int, tuple[int, int, int, int]]]] = {}
    for colour, by_frame in frames.items():
        largest = [max(blobs, key=lambda b: b.mass) for blobs in by_frame.values()]
        mass = float(np.percentile([b.mass for b in largest], 75))
        opacity = float(np.median([b.opacity for b in largest]))
        if mass < least or opacity < MIN_OPACITY or len(largest) < MIN_SEEN * sight.count:
            continue
        thing = _Thing(
            colour=colour,
            x=np.full(sight.count, np.nan),
            y=np.full(sight.count, np.nan),
            mass=np.full(sight.count, np.nan),
            opacity=np.full(sight.count, np.nan),
            whole=np.zeros(sight.count, dtype=bool),
        )
        for blob in largest:
            t = blob.frame
            thing.x[t], thing.y[t], thing.mass[t] = blob.x, blob.y, blob.mass
            thing.opacity[t] = blob.opacity
            left, top, right, bottom = blob.box
            thing.whole[t] = left > 0 and top > 0 and right < width and bottom < height
            parts = [b for b in by_frame[t] if b is not blob and b.mass > 0.05 * blob.mass]
            thing.whole[t] &= not parts
            boxes.setdefault(t, []).append((colour, blob.box))
        things.append(thing)
    for thing in things:
        for t in np.flatnonzero(thing.whole):
            mine = next(box for colour, box in boxes[int(t)] if colour == thing.colour)
            thing.whole[t] = not any(
                _meet(mine, box) for colour, box in boxes[int(t)] if colour != thing.colour
            )
    return things


def _meet(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (
        one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
    )


def _name(thing: _Thing) -> str:
    return COLOUR_NAMES[thing.colour]


def _sightings(thing: _Thing, grounds: _Grounds) -> list[Sighting]:
    """Return a few frames that show a thing whole, the largest views first."""
    good = np.flatnonzero(thing.whole if thing.whole.any() else np.isfinite(thing.x))
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


def _centred(thing: _Thing, core: Core) -> Floats:
    """Return middle and diameter of the whole object per frame, T x 3, from its colour's."""
    diameter = 2 * np.sqrt(thing.mass / math.pi) / core.diameter
    return np.stack(
        [thing.x - core.x * diameter, thing.y - core.y * diameter, diameter], axis=1
    )


def _stand(
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


def _object(
    thing: _Thing, places: Floats, shape: str, sure: float, sight: Sight
) -> ObjectReading:
    offset = (sight.scale - 1) / 2
    return ObjectReading(
        colour=_name(thing),
        shape=shape,
        x_px=_list(places[:, 0] * sight.scale + offset),
        y_px=_list(places[:, 1] * sight.scale + offset),
        diameter_px=_list(places[:, 2] * sight.scale),
        angle_deg=(0.0,) * sight.count,
        opacity=_list(thing.opacity),
        seen=tuple(bool(s) for s in np.isfinite(thing.x)),
        confidence={"object": 1.0, "shape": sure},
    )


def _list(values: Floats | Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
