"""Read a clip: from pixels to facts and what they rest on. It sees no prompt and no truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import CameraPath, room_of
from pipeline.world.parse.camera import Steps, align, name_move, no_steps
from pipeline.world.parse.events import Scene
from pipeline.world.parse.ground import Kind, name_colour, name_kind
from pipeline.world.parse.happenings import Meeting, find_meetings
from pipeline.world.parse.on_board import read_board
from pipeline.world.parse.on_floor import read_floor
from pipeline.world.parse.paths import fit_path, without_joint
from pipeline.world.parse.plane import MIN_SHARE, Floats
from pipeline.world.parse.props import find_pillar, find_prop
from pipeline.world.parse.reading import Reading
from pipeline.world.parse.segment import find_blobs
from pipeline.world.parse.shots import Shots, find_shots, one_shot
from pipeline.world.parse.sight import Sight, free_pixels, look_at
from pipeline.world.parse.tell import nothing, tell
from pipeline.world.parse.thing import Thing, full_costs, settle
from pipeline.world.parse.things import Setting, measure
from pipeline.world.parse.track import Track, join_blobs, link_recolours
from pipeline.world.parse.trail import leaves_trail, without_trail
from pipeline.world.vocabulary import TEXTURED_KINDS
from schemas.facts import STYLES

MIN_CORE = 0.055
"""Things whose coloured part is smaller (shorter sides) are no objects."""
SMALL_CORE = 0.1
MIN_OPACITY = 0.76
"""Less covering things are no objects; small ones may be blurred."""
BLUR_PX = 1.5
FRINGE = 0.6
"""Smaller things (of the other's diameter) that stick to others are fringes of those."""
SPECIAL: dict[str, Callable[[NDArray[np.uint8], Floats], Reading | None]] = {
    "floor": read_floor,
    "maze": read_board,
}
"""Places with rules of their own have readers of their own."""
MIN_SEEN = 0.15
"""Things that are seen in a smaller share of the frames are no objects."""


def read_clip(pixels_THWC: NDArray[np.uint8], times_s: Floats) -> Reading:
    """Read a clip: uint8 RGB pixels (T, H, W, 3) and the time of each frame.

    Facts hold what is read with confidence, and nothing (`Facts()`) where there is no scene.
    """
    sight = look_at(pixels_THWC, np.asarray(times_s, dtype=np.float64))
    if sight.ground.share < MIN_SHARE:
        return nothing(sight)
    tracks, shots = _tracks(sight)
    trails: list[Track] = []
    if not shots.cuts and sight.count > 3:
        solid = [track for track in tracks if _is_object(track, sight)]
        if len(solid) == 1 and leaves_trail(solid[0], sight)[0]:
            sight = without_trail(solid[0], sight)
            tracks, shots = _tracks(sight)
            trails = [track for track in tracks if _is_object(track, sight)]
    prop = None if shots.cuts else find_prop(sight, tracks)
    tracks = [track for track in tracks if prop is None or track not in prop.parts]
    free = free_pixels(sight, None if prop is None else prop.box)
    # Magnification is 1 in the middle; what a prop does changes the background later on.
    middle = 0 if prop is not None or shots.cuts else sight.count // 2
    kind = name_kind(sight.grey[middle], free[middle])
    if kind.name in SPECIAL:
        special = SPECIAL[kind.name](pixels_THWC, times_s)
        if special is not None:
            return special
        kind = name_kind(sight.grey[middle], free[middle], without=tuple(SPECIAL))
    seen = _camera(sight, free, kind, shots)
    spread = float(np.std(sight.grey[middle][free[middle]])) if free[middle].any() else 0.0
    solid, rest = [], list[Track]()
    for track in tracks:
        is_object = _is_object(track, sight) and not _is_fringe(track, tracks)
        (solid if is_object else rest).append(track)
    setting = Setting(
        mirror=shots.mirror,
        pillar=(prop.box[0], prop.box[2]) if prop is not None and prop.kind == "pillar" else None,
    )
    things = [measure(track, sight, seen.path, spread, setting) for track in solid]
    for thing in things:
        thing.leaves_trail = thing.track in trails
    style, style_sure = _settle(things)
    meetings = _move(things, sight, seen.path)
    shown = free if free.any() else sight.coverage.label < 0
    colour, colour_sure = name_colour(
        kind.name, sight.grey[shown], sight.chroma[shown], sight.ground.point
    )
    return tell(
        Scene(
            sight=sight,
            things=things,
            rest=rest,
            meetings=meetings,
            prop=prop,
            shots=shots,
            kind=kind.name,
            colour=colour,
            style=style,
            move=seen.move,
            steps=seen.steps,
            confidence={
                "style": style_sure,
                "background_kind": kind.confidence,
                "background_colour": colour_sure,
                "camera": seen.confidence,
            },
        )
    )


def _tracks(sight: Sight) -> tuple[list[Track], Shots]:
    """Return the tracks of a clip; those of one colour go on across cuts."""
    blobs = find_blobs(sight.coverage, min_mass=max(3.0, (0.05 * sight.unit_px) ** 2 * 0.785))
    shots = one_shot(sight.count)
    if sight.count > 1 and find_pillar(sight) is None:
        shots = find_shots(sight, blobs, free_pixels(sight))
    if not shots.cuts:
        tracks = join_blobs(blobs, unit_px=sight.unit_px, fps=sight.fps)
        return link_recolours(tracks, unit_px=sight.unit_px, count=sight.count), shots
    ends = [0, *shots.cuts, sight.count]
    joined: dict[tuple[int, bool], Track] = {}
    for start, stop in pairwise(ends):
        part = [blob for blob in blobs if start <= blob.frame < stop]
        largest: dict[tuple[int, bool], Track] = {}
        for track in join_blobs(part, unit_px=sight.unit_px, fps=sight.fps):
            key = (track.colours[0], track.blobs[track.first].is_solid)
            if key not in largest or len(track.blobs) > len(largest[key].blobs):
                largest[key] = track
        for key, track in largest.items():
            if key in joined:
                joined[key].blobs.update(track.blobs)
            else:
                joined[key] = track
    return list(joined.values()), shots


def _is_object(track: Track, sight: Sight) -> bool:
    blobs = list(track.blobs.values())
    if not blobs[0].is_solid:
        return False
    diameter = 2 * float(np.sqrt(np.percentile([b.mass for b in blobs], 75) / np.pi))
    opacity = float(np.median([b.opacity for b in blobs]))
    peak = 1 - float(np.exp(-((diameter / 2) ** 2) / (2 * BLUR_PX**2)))
    least = max(2.0, MIN_SEEN * sight.count) if sight.count > 2 else 1.0
    # What is small and comes and goes is codec noise.
    flickers = len(blobs) < 0.5 * sight.count and track.last - track.first >= len(blobs)
    if flickers and diameter < SMALL_CORE * sight.unit_px:
        return False
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Camera:
    path: CameraPath
    steps: Steps
    move: str
    confidence: float


def _camera(sight: Sight, free: NDArray[np.bool_], kind: Kind, shots: Shots) -> _Camera:
    """Return the camera's move, and its path regularised by it."""
    count = sight.count
    width, height = sight.size
    unit = sight.unit_px
    steps, move, sure = no_steps(count), "still", 1.0
    x, y, zoom = shots.x.copy(), shots.y.copy(), shots.zoom.copy()
    if kind.name in TEXTURED_KINDS and count > 1 and not shots.cuts:
        seen = free
        if kind.name == "hills":
            # What lies behind the horizon moves less.
            seen = free.copy()
            seen[:, : round(height / 2 + 0.1 * unit)] = False
        steps = align(sight.grey, seen)
        move, sure = name_move(
            steps,
            width=width / unit,
            height=height / unit,
            unit_px=unit,
            duration_s=float(sight.times_s[-1]),
            count=count,
        )
        ahead = np.arange(count) - (count - 1) / 2
        if move.startswith("pan"):
            x = -steps.step[0] / unit * ahead
        elif move.startswith("tilt"):
            y = -steps.step[1] / unit * ahead
        elif move.startswith("zoom"):
            zoom = np.exp(steps.step[2] * ahead)
    path = CameraPath(x=x, y=y, zoom=zoom, speed=0.0)
    return _Camera(path=path, steps=steps, move=move, confidence=sure)


def _settle(things: Sequence[Thing]) -> tuple[str | None, float]:
    """Choose the style that explains all things best, and their shapes in it."""
    if not things:
        return None, 0.0
    total = sum(full_costs(thing).min(axis=0) for thing in things)
    order = np.argsort(total)
    best, second = float(total[order[0]]), float(total[order[1]])
    style = STYLES[int(order[0])]
    for thing in things:
        settle(thing, style)
    return style, float(np.clip((second - best) / (0.25 * second + 0.02), 0, 1))


def _move(things: Sequence[Thing], sight: Sight, camera: CameraPath) -> list[Meeting]:
    """Fit the paths of things and return where they meet walls and one another."""
    if sight.count < 2:
        return []
    points = [np.where(thing.whole[:, None], thing.points, np.nan) for thing in things]
    for thing, places in zip(things, points, strict=True):
        thing.path = fit_path(places, sight.times_s)
    width, height = sight.size
    room = room_of(_whole_views(camera), width=width / sight.unit_px, height=height / sight.unit_px)
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
        if meeting.kind == "bounce" and _is_seen(things[meeting.one], meeting.time_s, sight):
            things[meeting.one].bounces = True
    return meetings


def _is_seen(thing: Thing, time_s: float, sight: Sight) -> bool:
    """Return whether a thing is in sight in one of the two frames around a time."""
    after = int(np.searchsorted(sight.times_s, time_s))
    return after in thing.track.blobs or after - 1 in thing.track.blobs


def _whole_views(camera: CameraPath) -> CameraPath:
    """Return a camera's path without close views, which do not bound the room."""
    jumps = np.abs(np.diff(camera.zoom)) > 0.2
    if not jumps.any():
        return camera
    still = np.zeros(len(camera.x))
    return CameraPath(x=still, y=still, zoom=still + 1, speed=0.0)
