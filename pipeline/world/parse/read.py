"""Read a clip: from pixels to facts and what they rest on. It sees no prompt and no truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import CameraPath, room_of
from pipeline.world.parse.camera import MIN_TEXTURE, Steps, align, name_move
from pipeline.world.parse.ground import Kind, name_colour, name_kind
from pipeline.world.parse.happenings import Meeting, find_meetings
from pipeline.world.parse.paths import REST_SPEED, fit_path, name_velocity, without_joint
from pipeline.world.parse.plane import COLOUR_NAMES, MIN_SHARE, Floats
from pipeline.world.parse.reading import CameraReading, EventReading, ObjectReading, Reading
from pipeline.world.parse.segment import find_blobs
from pipeline.world.parse.sight import Sight, free_pixels, look_at
from pipeline.world.parse.things import Thing, measure, settle
from pipeline.world.parse.track import Track, join_blobs, link_recolours
from pipeline.world.stated import place_of
from pipeline.world.vocabulary import SIZES, TEXTURED_KINDS
from schemas.facts import STYLES, EventFacts, Facts, ObjectFacts, canonical, reorder

MIN_CORE = 0.055
"""Things whose coloured part is smaller (shorter sides) are no objects."""
MIN_OPACITY = 0.76
"""Less covering things are no objects; small ones may be blurred."""
BLUR_PX = 1.5
FRINGE = 0.6
"""Smaller things (of the other's diameter) that stick to others are fringes of those."""
MIN_SEEN = 0.15
"""Things that are seen in a smaller share of the frames are no objects."""


def read_clip(pixels_THWC: NDArray[np.uint8], times_s: Floats) -> Reading:
    """Read a clip: uint8 RGB pixels (T, H, W, 3) and the time of each frame.

    Facts hold what is read with confidence, and nothing (`Facts()`) where there is no scene.
    """
    sight = look_at(pixels_THWC, np.asarray(times_s, dtype=np.float64))
    if sight.ground.share < MIN_SHARE:
        return _nothing(sight)
    blobs = find_blobs(sight.coverage, min_mass=max(3.0, (0.05 * sight.unit_px) ** 2 * 0.785))
    tracks = join_blobs(blobs, unit_px=sight.unit_px, fps=sight.fps)
    tracks = link_recolours(tracks, unit_px=sight.unit_px, count=sight.count)
    free = free_pixels(sight)
    middle = sight.count // 2
    kind = name_kind(sight.grey[middle], free[middle])
    steps, camera, move, move_sure = _camera(sight, free, kind)
    spread = float(np.std(sight.grey[middle][free[middle]])) if free[middle].any() else 0.0
    solid, rest = [], []
    for track in tracks:
        is_object = _is_object(track, sight) and not _is_fringe(track, tracks)
        (solid if is_object else rest).append(track)
    things = [measure(track, sight, camera, spread) for track in solid]
    style, style_sure = _settle(things)
    meetings = _move(things, sight, camera)
    colour, colour_sure = name_colour(kind.name, sight.grey[free], sight.ground.point)
    objects = [_facts(thing, sight, camera, i, meetings) for i, thing in enumerate(things)]
    events = tuple(
        EventFacts(kind="collide", subject=m.one, target=m.other)
        for m in meetings
        if m.kind == "collide"
    )
    events = tuple(dict.fromkeys(events))
    raw = Facts(
        objects=tuple(objects),
        events=() if sight.count == 1 else events,
        background_kind=kind.name,
        background_colour=colour,
        camera=None if sight.count == 1 else move,
        style=style if things else None,
    )
    facts = canonical(raw)
    order = _order(raw, facts)
    number = {old: new for new, old in enumerate(order)}
    readings = [_reading(thing, sight) for thing in things]
    told = []
    for m in meetings:
        frame = int(np.searchsorted(sight.times_s, m.time_s - 1e-9))
        told.append(
            EventReading(
                kind=m.kind,
                frame=min(frame, sight.count - 1),
                subject=number[m.one],
                target=None if m.other is None else number[m.other],
            )
        )
    counts = np.zeros(sight.count, dtype=int)
    for thing in things:
        counts += thing.seen
    return Reading(
        facts=facts,
        objects=tuple(readings[i] for i in order),
        candidates=tuple(_candidate(track, sight) for track in rest),
        events=tuple(told),
        camera=_camera_reading(sight, steps, move, move_sure),
        num_objects_per_frame=tuple(int(n) for n in counts),
        cuts=(),
        confidence={
            "style": style_sure,
            "background_kind": kind.confidence,
            "background_colour": colour_sure,
        },
    )


def _nothing(sight: Sight) -> Reading:
    none = (0.0,) * sight.count
    return Reading(
        facts=Facts(),
        objects=(),
        candidates=(),
        events=(),
        camera=CameraReading(
            move=None, shift_x_px=none, shift_y_px=none, log_zoom=none, confidence=0.0
        ),
        num_objects_per_frame=(0,) * sight.count,
        cuts=(),
        confidence={},
    )


def _is_object(track: Track, sight: Sight) -> bool:
    blobs = list(track.blobs.values())
    if not blobs[0].is_solid:
        return False
    diameter = 2 * float(np.sqrt(np.percentile([b.mass for b in blobs], 75) / np.pi))
    opacity = float(np.median([b.opacity for b in blobs]))
    peak = 1 - float(np.exp(-((diameter / 2) ** 2) / (2 * BLUR_PX**2)))
    least = max(2.0, MIN_SEEN * sight.count) if sight.count > 2 else 1.0
    return (
        diameter >= MIN_CORE * sight.unit_px
        and opacity >= max(MIN_OPACITY * peak, 0.64)
        and len(blobs) >= least
    )


def _is_fringe(track: Track, tracks: Sequence[Track]) -> bool:
    """Return whether a track comes and goes at the rim of larger ones."""
    count = 1 + max(other.last for other in tracks)
    if len(track.blobs) > 0.7 * count:
        return False
    stuck = 0
    for t, blob in track.blobs.items():
        for other in tracks:
            main = other.blobs.get(t)
            if main is None or other is track or blob.mass > FRINGE**2 * main.mass:
                continue
            apart = max(
                blob.box[0] - main.box[2],
                main.box[0] - blob.box[2],
                blob.box[1] - main.box[3],
                main.box[1] - blob.box[3],
            )
            if apart <= 2:
                stuck += 1
                break
    return stuck > 0.6 * len(track.blobs)


def _camera(
    sight: Sight, free: NDArray[np.bool_], kind: Kind
) -> tuple[Steps, CameraPath, str, float]:
    count = sight.count
    width, height = sight.size
    unit = sight.unit_px
    still = Steps(step=np.zeros(3), steps=np.zeros((max(count - 1, 0), 3)), left_over=0.0)
    steps, move, sure = still, "still", 1.0
    duration_s = float(sight.times_s[-1])
    if kind.name in TEXTURED_KINDS and count > 1:
        seen = free
        if kind.name == "hills":
            seen = free.copy()
            seen[:, : round(height / 2 + 0.1 * unit)] = False
        steps = align(sight.grey, seen)
        move, sure = name_move(
            steps,
            width=width / unit,
            height=height / unit,
            unit_px=unit,
            duration_s=duration_s,
            count=count,
        )
    ahead = np.arange(count) - (count - 1) / 2
    x, y, zoom = np.zeros(count), np.zeros(count), np.ones(count)
    if move.startswith("pan"):
        x = -steps.step[0] / unit * ahead
    elif move.startswith("tilt"):
        y = -steps.step[1] / unit * ahead
    elif move.startswith("zoom"):
        zoom = np.exp(steps.step[2] * ahead)
    return steps, CameraPath(x=x, y=y, zoom=zoom, speed=0.0), move, sure


def _settle(things: Sequence[Thing]) -> tuple[str, float]:
    """Choose the style that explains all things best, and their shapes in it."""
    if not things:
        return "flat", 0.0
    total = sum(thing.fit.costs.min(axis=0) for thing in things)
    order = np.argsort(total)
    best, second = float(total[order[0]]), float(total[order[1]])
    style = STYLES[int(order[0])]
    for thing in things:
        settle(thing, style)
    return style, float(np.clip((second - best) / (0.25 * second + 0.02), 0, 1))


def _move(things: Sequence[Thing], sight: Sight, camera: CameraPath) -> list[Meeting]:
    if sight.count < 2:
        return []
    points = [np.where(thing.whole[:, None], thing.points, np.nan) for thing in things]
    for thing, places in zip(things, points, strict=True):
        thing.path = fit_path(places, sight.times_s)
    width, height = sight.size
    room = room_of(camera, width=width / sight.unit_px, height=height / sight.unit_px)
    meetings = find_meetings(things, room, sight.times_s)
    # A change of velocity without a cause may be no more than a codec's jitter.
    for _ in range(2 * sight.count):
        merged = None
        for meeting in meetings:
            thing = things[meeting.one]
            if meeting.kind == "kick" and thing.path is not None:
                merged = without_joint(
                    thing.path, meeting.time_s, points[meeting.one], sight.times_s
                )
                if merged is not None:
                    thing.path = merged
                    break
        if merged is None:
            break
        meetings = find_meetings(things, room, sight.times_s)
    for meeting in meetings:
        if meeting.kind == "bounce":
            things[meeting.one].bounces = True
    return meetings


def _facts(
    thing: Thing, sight: Sight, camera: CameraPath, index: int, meetings: Sequence[Meeting]
) -> ObjectFacts:
    first = thing.track.first
    width, height = sight.size
    unit = sight.unit_px
    x, y = sight.to_units(thing.x_px[first], thing.y_px[first])
    place = place_of(float(x), float(y), width / unit, height / unit)
    size = _size_at_first(thing)
    colours = thing.track.colours
    action = direction = speed = None
    path = thing.path
    if path is not None and sight.count > 1:
        piece = path.pieces[0]
        vx, vy = piece.velocity(0.0, path.pull)
        moving = float(np.hypot(vx, vy))
        if path.pull:
            action = "fall" if abs(vx) < 0.12 and abs(vy) < 0.3 else "fly"
            if action == "fly":
                direction = "right" if vx > 0 else "left"
        elif moving < REST_SPEED:
            action = "rest"
        else:
            action = "move"
            direction, speed, _ = name_velocity(vx, vy)
    return ObjectFacts(
        colour=COLOUR_NAMES[colours[0]],
        shape=thing.shape,
        size=size,
        place=place,
        action=action,
        direction=direction,
        speed=speed,
        bounces=thing.bounces and action != "rest",
        change=thing.change,
        new_colour=COLOUR_NAMES[colours[1]] if len(colours) > 1 else None,
    )


def _size_at_first(thing: Thing) -> str:
    sizes = thing.sizes[thing.whole]
    share = np.flatnonzero(thing.whole) / max(len(thing.sizes) - 1, 1)
    growth = thing.growth if thing.change in ("grow", "shrink") else 0.0
    first = float(np.exp(np.median(np.log(sizes) - growth * share)))
    return min(SIZES, key=lambda name: abs(np.log(first / SIZES[name])))


def _order(raw: Facts, facts: Facts) -> list[int]:
    """Return for every object of `facts` its number in `raw`."""
    from itertools import permutations

    for order in permutations(range(len(raw.objects))):
        if reorder(raw, list(order)) == facts:
            return list(order)
    return list(range(len(raw.objects)))


def _reading(thing: Thing, sight: Sight) -> ObjectReading:
    scale = sight.scale
    offset = (scale - 1) / 2
    turn = thing.turn_deg_per_s * sight.times_s
    zoomed = thing.sizes * sight.unit_px * scale
    return ObjectReading(
        colour=COLOUR_NAMES[thing.track.colours[0]],
        shape=thing.shape,
        x_px=_list(thing.x_px * scale + offset),
        y_px=_list(thing.y_px * scale + offset),
        diameter_px=_list(zoomed),
        angle_deg=_list(turn),
        opacity=_list(thing.opacity),
        seen=tuple(bool(s) for s in thing.seen),
        confidence=dict(thing.confidence),
    )


def _candidate(track: Track, sight: Sight) -> ObjectReading:
    scale = sight.scale
    count = sight.count
    offset = (scale - 1) / 2
    x, y = track.series("x", count), track.series("y", count)
    return ObjectReading(
        colour=COLOUR_NAMES[track.colours[0]],
        shape=None,
        x_px=_list(x * scale + offset),
        y_px=_list(y * scale + offset),
        diameter_px=_list(2 * np.sqrt(track.series("mass", count) / np.pi) * scale),
        angle_deg=(0.0,) * count,
        opacity=_list(track.series("opacity", count)),
        seen=tuple(bool(s) for s in np.isfinite(x)),
        confidence={"object": 0.2},
    )


def _camera_reading(sight: Sight, steps: Steps, move: str, sure: float) -> CameraReading:
    none = (0.0,)
    per_frame = steps.steps if len(steps.steps) else np.zeros((0, 3))
    return CameraReading(
        move=None if sight.count == 1 else move,
        shift_x_px=none + _list(per_frame[:, 0] * sight.scale),
        shift_y_px=none + _list(per_frame[:, 1] * sight.scale),
        log_zoom=none + _list(per_frame[:, 2]),
        confidence=sure,
    )


def _list(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


_ = MIN_TEXTURE
