"""Measure tracks: size, shape, style and change, place in the scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import CameraPath
from pipeline.world.parse.drawn import REACH, SIDE, size_bin
from pipeline.world.parse.plane import OBJECT_GREYS, OBJECT_POINTS, Floats
from pipeline.world.parse.shape import (
    SYMMETRY,
    Fit,
    Look,
    Mean,
    angular_moments,
    fit,
    mean_picture,
    usual_moment,
)
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.thing import MIN_CHANGE, Thing
from pipeline.world.parse.track import Track
from schemas.facts import SHAPES, STYLES

WHOLE = 0.85
"""A thing that shows less than this share of its usual area is partly hidden."""
REST_SPREAD = 0.008
"""The place of a thing at rest varies less than this (shorter sides)."""
MAX_LOOKS = 12
MAX_TURN_LOOKS = 24
FAINT_TURN = 0.5
"""How clear a turn is at least, beside that of a drawn shape (1), to be thought of."""
FAINT_LIMIT = 1.15
"""A turn that is not quite clear may explain the pictures worse than rest by this factor:
compression blurs corners, which hurts the drawing that has them."""
MIN_CONTRAST = 35.0
"""Of grey levels between a thing and its background, so that they tell its outline."""
TURNS_DEG_PER_S = tuple(sign * turn for turn in range(50, 171, 10) for sign in (1, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the frame does to things: -1 in mirrored frames, and the pillar's sides in pixels."""

    mirror: Floats
    pillar: tuple[int, int] | None = None


def measure(
    track: Track, sight: Sight, camera: CameraPath, spread: float, setting: Setting
) -> Thing:
    """Measure a track; `spread`: deviation of the background's grey levels."""
    count = sight.count
    x_px, y_px = track.series("x", count), track.series("y", count)
    core_px = 2 * np.sqrt(track.series("mass", count) / math.pi)
    steady = core_px / camera.zoom
    logs = np.log(np.maximum(steady, 1e-3))
    whole, growth = _whole(track, sight, logs, setting.pillar)
    x, y = sight.to_units(x_px, y_px)
    x = x * setting.mirror
    points = np.stack([x / camera.zoom + camera.x, y / camera.zoom + camera.y], axis=1)
    bitten = _bitten_at(logs, whole)
    if bitten is not None and np.nanmax(np.nanstd(points[:bitten], axis=0)) > REST_SPREAD:
        bitten = None
    if bitten is not None:
        whole, growth = whole & (np.arange(count) < bitten), 0.0
    thing = Thing(
        track=track,
        x_px=x_px,
        y_px=y_px,
        core_px=core_px,
        opacity=track.series("opacity", count),
        whole=whole,
        points=points,
        sizes=steady / sight.unit_px,
        fit=Fit(
            costs=np.zeros((len(SHAPES), len(STYLES))), scales=np.ones((len(SHAPES), len(STYLES)))
        ),
        turn_deg_per_s=0.0,
        growth=growth,
        bitten_at=bitten,
    )
    _fit_shape(thing, sight, spread)
    return thing


def _bitten_at(logs: Floats, whole: NDArray[np.bool_]) -> int | None:
    """Return the frame at which a thing's size drops at once and for good, if it does."""
    frames = np.flatnonzero(np.isfinite(logs))
    values = logs[frames]
    best: tuple[float, int] | None = None
    for k in range(2, len(frames) - 1):
        late = values[:k].var() * k + values[k:].var() * (len(frames) - k)
        if best is None or late < best[0]:
            best = (float(late), k)
    if best is None or len(frames) < 6 or whole.sum() < 3:
        return None
    spread, k = math.sqrt(best[0] / len(frames)), best[1]
    drop = float(np.median(values[:k]) - np.median(values[k:]))
    edge = float(values[k - 1] - values[k])
    if 0.03 < drop < 0.35 and drop > 6 * max(spread, 0.002) and edge > 0.7 * drop:
        return int(frames[k])
    return None


def _whole(
    track: Track, sight: Sight, logs: Floats, pillar: tuple[int, int] | None
) -> tuple[NDArray[np.bool_], float]:
    """Return the frames that show a track whole, and its steady growth over the clip."""
    width, height = sight.size
    count = sight.count
    inside = np.zeros(count, dtype=bool)
    for t, blob in track.blobs.items():
        left, top, right, bottom = blob.box
        inside[t] = left > 0 and top > 0 and right < width and bottom < height
        if pillar is not None and right >= pillar[0] - 1 and left <= pillar[1] + 1:
            inside[t] = False
    seen = np.isfinite(logs)
    basis = np.flatnonzero(inside if inside.sum() >= 2 else seen)
    times = np.arange(count) / max(count - 1, 1)
    slope = 0.0 if pillar is not None else _steady_slope(times[basis], logs[basis])
    level = float(np.percentile(logs[basis] - slope * times[basis], 60))
    late = logs - slope * times - level
    limit = 0.5 * math.log(WHOLE)
    with np.errstate(invalid="ignore"):
        whole = seen & (late > limit)
    # At the frame's edge, a little may be cut off unseen.
    with np.errstate(invalid="ignore"):
        whole &= inside | (late > -0.035)
    if whole.sum() < 2:
        whole = seen
    return whole, slope if abs(slope) > 0.1 else 0.0


def _steady_slope(times: Floats, values: Floats) -> float:
    """Return the median slope of all pairs (Theil and Sen)."""
    if len(times) < 3:
        return 0.0
    a, b = np.triu_indices(len(times), k=1)
    far = times[b] - times[a] > 0.2 * (times[-1] - times[0])
    slopes = (values[b] - values[a])[far] / (times[b] - times[a])[far]
    return float(np.median(slopes)) if len(slopes) else 0.0


def _looks(thing: Thing, frames: Sequence[int], turn: float, times_s: Floats) -> list[Look]:
    return [
        Look(
            frame=t,
            x=float(thing.x_px[t]),
            y=float(thing.y_px[t]),
            diameter=float(thing.core_px[t]),
            angle_deg=turn * float(times_s[t]),
        )
        for t in frames
    ]


def _fit_shape(thing: Thing, sight: Sight, spread: float) -> None:
    """Set how badly every shape and style explains a thing, and how fast it turns."""
    every = [int(t) for t in np.flatnonzero(thing.whole)]
    frames = every[:: math.ceil(len(every) / MAX_LOOKS)]
    planes = sight.planes
    colours = np.array([thing.track.blobs[t].colour for t in frames])
    colour = np.mean([[OBJECT_GREYS[k], *OBJECT_POINTS[k]] for k in colours], axis=0)

    foreign = _foreign(thing, frames, sight)

    def fits_at(turn: float, turned: tuple[str, tuple[float, ...]] | None = None) -> Fit:
        mean = mean_picture(planes, _looks(thing, frames, turn, sight.times_s), foreign)
        ground = np.array(
            [ground_grey(mean, float(np.median(sight.grey[frames[0]]))), *sight.ground.point]
        )
        return fit(mean, ground=ground, colour=colour, spread=spread, turned=turned)

    thing.fit = fits_at(0.0)
    if len(frames) < 5 or thing.track.turned_at is not None or abs(thing.growth) > MIN_CHANGE:
        return
    for shape, turn, sure in _turns(thing, every[:MAX_TURN_LOOKS], sight):
        limit = math.inf if sure > 0.75 else FAINT_LIMIT
        if float(fits_at(turn).costs.min()) < limit * float(thing.fit.costs.min()):
            # Light and shadow do not turn with it: compare with drawings at the same angles.
            angles = tuple(turn * float(sight.times_s[t]) for t in frames)
            found = fits_at(0.0, (shape, angles))
            if float(found.costs.min()) < limit * float(thing.fit.costs.min()):
                thing.fit, thing.turn_deg_per_s = found, turn


def _foreign(thing: Thing, frames: Sequence[int], sight: Sight) -> dict[int, Floats]:
    """Return where other coloured things are seen near a thing, by frame."""
    masks = {}
    width, height = sight.size
    for t in frames:
        blob = thing.track.blobs[t]
        half = REACH * float(thing.core_px[t]) / 2 + 2
        rows = slice(max(int(blob.y - half), 0), min(int(blob.y + half) + 1, height))
        columns = slice(max(int(blob.x - half), 0), min(int(blob.x + half) + 1, width))
        label = sight.coverage.label[t, rows, columns]
        other = (label >= 0) & (label != blob.colour)
        # At the rim, a mixture may look like another colour.
        left, top, right, bottom = blob.box
        other[
            max(top - 1 - rows.start, 0) : bottom + 1 - rows.start,
            max(left - 1 - columns.start, 0) : right + 1 - columns.start,
        ] &= False
        if other.sum() > 2:
            mask = np.zeros((height, width), dtype=np.float32)
            mask[rows, columns] = other
            masks[t] = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    return masks


def ground_grey(mean: Mean, fallback: float) -> float:
    """Return the grey level around a mean picture's object."""
    away = (mean.share < 0.05) & (mean.visible > 0.5)
    away[SIDE // 3 :, SIDE // 3 :] = False
    return float(np.median(mean.picture[0][away])) if away.sum() > 10 else fallback


def _turns(thing: Thing, frames: Sequence[int], sight: Sight) -> list[tuple[str, float, float]]:
    """Return the shapes that a thing may have if it turns, at which speed, and how clearly.

    Speeds in degrees per second; 1 is as clear as a drawn shape.
    """
    foreign = _foreign(thing, frames, sight)
    looks = _looks(thing, frames, 0.0, sight.times_s)
    means = [mean_picture(sight.planes, [look], foreign) for look in looks]
    moments = angular_moments([np.clip(2 * mean.share - 0.4, 0, 1) for mean in means])
    # Codecs blur chroma, and grey much less: where it tells the thing apart, it may support.
    ground = float(np.median([ground_grey(mean, np.nan) for mean in means]))
    contrast = float(OBJECT_GREYS[thing.track.colours[0]]) - ground
    grey_moments = np.zeros_like(moments)
    if abs(contrast) > MIN_CONTRAST:
        greys = [np.clip((mean.picture[0] - ground) / contrast, 0, 1) for mean in means]
        grey_moments = angular_moments(greys)
    times = sight.times_s[list(frames)]
    rates = np.array(TURNS_DEG_PER_S)
    index = size_bin(float(np.median(thing.core_px[list(frames)])))
    found = []
    for k, shape in enumerate(("triangle", "square", "star")):
        usual = usual_moment(shape, index)
        # Upright at first: the phase is known, and so the real part counts.
        turns = SYMMETRY[shape] * np.deg2rad(rates)[:, None] * times
        phases = np.exp(-1j * turns) * np.conj(usual) / abs(usual) ** 2
        spun = (moments[:, k][None] * phases).real.mean(axis=1)
        still = float((moments[:, k] * np.conj(usual)).real.mean()) / abs(usual) ** 2
        best = int(spun.argmax())
        sure = float(spun[best])
        support = float((grey_moments[:, k] * phases[best]).real.mean())
        if sure < 0.5 and sure > 0.25 and support > 0.55:
            sure = 0.55
        if FAINT_TURN < sure < 1.6 and sure > 1.5 * still:
            found.append((shape, float(rates[best]), sure))
    return sorted(found, key=lambda item: item[2])
