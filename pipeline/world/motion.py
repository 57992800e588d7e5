"""From a scene's plan to where everything is, frame by frame (pure). Lengths in units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Floats, Room
from pipeline.world.paint import Notch
from pipeline.world.physics import Body, Hit, Points, simulate
from pipeline.world.spec import ObjectSpec, PropSpec, SceneSpec
from pipeline.world.state import EventState
from pipeline.world.vocabulary import BOUNCE, GRAVITY, reach, unit_outline

BITE_RADIUS = 0.13
"""Radius of a bite, in units."""
SPILL_DELAY_S = 0.3
"""From the breaking of the jar until its liquid runs out."""


@dataclass(slots=True, kw_only=True)
class Track:
    """One object: arrays of shape T (units, degrees), and its colour and shape per frame."""

    x: Floats
    y: Floats
    diameter: Floats
    angle_deg: Floats
    is_there: NDArray[np.bool_]
    colours: list[str]
    shapes: list[str]
    notches: list[tuple[int, Notch]] = field(default_factory=list)
    """Bites, each with the first frame that shows it."""


@dataclass(slots=True, kw_only=True)
class Motion:
    """Everything that moves. `prop_frame`: the first frame in which the prop has changed."""

    tracks: list[Track]
    events: list[EventState]
    prop_frame: int | None = None


def body_of(item: ObjectSpec) -> Body:
    """Return an object as a body; what turns is as wide as it can become."""
    size = item.diameter * max(item.growth, 1.0)
    return Body(
        x=item.x,
        y=item.y,
        vx=item.vx,
        vy=item.vy,
        hull=_hull(item.shape, item.diameter, item.growth, item.change == "turn"),
        mass=size**2,
    )


def extent_of(item: ObjectSpec) -> tuple[float, float, float, float]:
    """Return how far an object reaches to its left, top, right and bottom at its largest.

    Counted from its centre: the first two are negative.
    """
    return _extent(item.shape, item.diameter, item.growth, item.change == "turn")


@lru_cache(maxsize=512)
def _hull(shape: str, diameter: float, growth: float, turns: bool) -> Points:
    """Return the hull of a body; shared, so read-only: planning asks for the same few often."""
    if turns:
        hull = unit_outline("circle") * (reach(shape) * diameter / 2)
    else:
        hull = unit_outline(shape) * (diameter / 2)
        if shape == "star":
            hull = hull[::2]
    hull = hull * max(growth, 1.0)
    hull.setflags(write=False)
    return hull


@lru_cache(maxsize=512)
def _extent(
    shape: str, diameter: float, growth: float, turns: bool
) -> tuple[float, float, float, float]:
    hull = _hull(shape, diameter, growth, turns)
    (left, top), (right, bottom) = hull.min(axis=0).tolist(), hull.max(axis=0).tolist()
    return left, top, right, bottom


def prop_body(prop: PropSpec) -> Body:
    """Return a prop as a body that never moves."""
    half = np.array([prop.width, prop.height]) / 2
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * half
    return Body(x=prop.x, y=prop.y, vx=0.0, vy=0.0, hull=corners, mass=1.0, is_fixed=True)


def move(spec: SceneSpec, times_s: Floats) -> Motion:
    """Return the motion of all scenes but those with a floor or a maze.

    Raises ValueError where it never ends (see `physics.simulate`).
    """
    bodies = [body_of(item) for item in spec.objects]
    if spec.kind == "bite":
        bodies[_bitten(spec)].is_fixed = True
    if spec.kind == "spill" and spec.prop is not None:
        bodies.append(prop_body(spec.prop))
    falls = spec.kind == "gravity"
    room = None if spec.room is None else Room(*spec.room)
    centres, hits = simulate(
        bodies, room, times_s, gravity=GRAVITY if falls else 0.0, floor_bounce=BOUNCE
    )
    duration_s = max(float(times_s[-1]), 1e-9)
    tracks = [
        _track(item, centres[:, i], times_s, duration_s) for i, item in enumerate(spec.objects)
    ]
    motion = Motion(tracks=tracks, events=_events_of_hits(spec, hits, times_s))
    if spec.kind == "bite":
        _bite(spec, motion, hits, times_s)
    if spec.prop is not None:
        _meet_prop(spec, spec.prop, motion, hits, times_s)
    if spec.kind == "return":
        for i, item in enumerate(spec.objects):
            outside = _beyond(tracks[i], item, spec.width / 2, spec.height / 2)
            # What turns it back out there is not seen.
            motion.events = [
                event
                for event in motion.events
                if event.kind != "bounce" or event.subject != i or not outside[0][event.frame]
            ]
            _add_gap(motion, i, outside, ("leave", "return"), None)
    motion.events.sort(key=lambda event: event.frame)
    return motion


def frame_of(time_s: float, times_s: Floats) -> int:
    """Return the first frame at or after a time; T where there is none."""
    return int(np.searchsorted(times_s, time_s - 1e-9))


def _track(item: ObjectSpec, centre: Points, times_s: Floats, duration_s: float) -> Track:
    count = len(times_s)
    share = times_s / duration_s
    later = share >= item.change_share
    return Track(
        x=centre[:, 0],
        y=centre[:, 1],
        diameter=item.diameter * np.power(item.growth, share),
        angle_deg=item.turn_deg_per_s * times_s,
        is_there=np.ones(count, dtype=bool),
        colours=[
            item.new_colour if item.new_colour and late else item.colour for late in later.tolist()
        ],
        shapes=[item.shape] * count,
    )


def _events_of_hits(spec: SceneSpec, hits: Sequence[Hit], times_s: Floats) -> list[EventState]:
    """Return bounces off walls and collisions of objects."""
    events = []
    for hit in hits:
        frame = frame_of(hit.time_s, times_s)
        if frame >= len(times_s):
            continue
        if hit.other is None:
            events.append(EventState(kind="bounce", frame=frame, subject=hit.one))
        elif hit.other < len(spec.objects) and spec.kind != "bite":
            events.append(
                EventState(kind="collide", frame=frame, subject=hit.one, target=hit.other)
            )
    return events


def _bitten(spec: SceneSpec) -> int:
    return next(i for i, item in enumerate(spec.objects) if item.action == "rest")


def _bite(spec: SceneSpec, motion: Motion, hits: Sequence[Hit], times_s: Floats) -> None:
    """Take a round piece out of the object at rest where another one first touches it."""
    food = _bitten(spec)
    first = next((hit for hit in hits if hit.other is not None), None)
    if first is None or first.other is None:
        return
    frame = frame_of(first.time_s, times_s)
    if frame >= len(times_s):
        return
    item = spec.objects[food]
    eater = first.one if first.one != food else first.other
    track = motion.tracks[eater]
    towards = np.array([track.x[frame] - item.x, track.y[frame] - item.y])
    edge = _edge_towards(unit_outline(item.shape) / 2, towards)
    radius = BITE_RADIUS / item.diameter
    notch = Notch(x=float(edge[0]), y=float(edge[1]), radius=radius)
    motion.tracks[food].notches.append((frame, notch))
    motion.events.append(EventState(kind="bite", frame=frame, subject=eater, target=food))


def _edge_towards(outline: Points, towards: Points) -> Points:
    """Return the point at which a ray from the centre leaves an outline (N x 2)."""
    step = towards / np.linalg.norm(towards)
    ends = np.roll(outline, -1, axis=0)
    edges = ends - outline
    across = edges[:, 0] * step[1] - edges[:, 1] * step[0]
    across = np.where(np.abs(across) < 1e-12, 1e-12, across)
    far = (edges[:, 0] * outline[:, 1] - edges[:, 1] * outline[:, 0]) / across
    along = (step[0] * outline[:, 1] - step[1] * outline[:, 0]) / across
    met = (along >= -1e-9) & (along <= 1 + 1e-9) & (far > 0)
    point: Points = step * float(far[met].max())
    return point


def _meet_prop(
    spec: SceneSpec, prop: PropSpec, motion: Motion, hits: Sequence[Hit], times_s: Floats
) -> None:
    count = len(times_s)
    if prop.kind == "pillar":
        for i, item in enumerate(spec.objects):
            hidden = _behind(motion.tracks[i], item, prop)
            _add_gap(motion, i, hidden, ("hide", "reappear"), "pillar")
    elif prop.kind == "candle":
        for i, item in enumerate(spec.objects):
            left, _, right, _ = extent_of(item)
            track = motion.tracks[i]
            touches = (track.x + left <= prop.x) & (track.x + right >= prop.x)
            if item.action == "move" and touches.any():
                motion.prop_frame = int(touches.argmax())
                motion.events.append(
                    EventState(kind="put_out", frame=motion.prop_frame, subject=i, target="candle")
                )
    elif prop.kind == "jar":
        hit = next((hit for hit in hits if hit.other == len(spec.objects)), None)
        if hit is None:
            return
        frame = frame_of(hit.time_s, times_s)
        spill = frame_of(hit.time_s + SPILL_DELAY_S, times_s)
        if frame < count:
            motion.prop_frame = frame
            motion.events.append(
                EventState(kind="break", frame=frame, subject=hit.one, target="jar")
            )
        if spill < count:
            motion.events.append(EventState(kind="spill", frame=spill, target="jar"))


def _behind(
    track: Track, item: ObjectSpec, prop: PropSpec
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return per frame whether the object is wholly hidden, and whether wholly free."""
    low, _, high, _ = extent_of(item)
    left, right = prop.x - prop.width / 2, prop.x + prop.width / 2
    hidden = (track.x + low >= left) & (track.x + high <= right)
    free = (track.x + high <= left) | (track.x + low >= right)
    return hidden, free


def _beyond(
    track: Track, item: ObjectSpec, half_width: float, half_height: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return per frame whether the object is wholly outside the frame, and whether wholly in."""
    left, top, right, bottom = extent_of(item)
    outside = (
        (track.x + left > half_width)
        | (track.x + right < -half_width)
        | (track.y + top > half_height)
        | (track.y + bottom < -half_height)
    )
    slack = 1e-6
    inside = (
        (track.x + left >= -half_width - slack)
        & (track.x + right <= half_width + slack)
        & (track.y + top >= -half_height - slack)
        & (track.y + bottom <= half_height + slack)
    )
    return outside, inside


def _add_gap(
    motion: Motion,
    index: int,
    gap: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    kinds: tuple[str, str],
    target: str | None,
) -> None:
    """Add the events of an object that is out of sight for a while."""
    away, back = gap
    if not away.any():
        return
    start = int(away.argmax())
    motion.events.append(EventState(kind=kinds[0], frame=start, subject=index, target=target))
    if back[start:].any():
        end = start + int(back[start:].argmax())
        motion.events.append(EventState(kind=kinds[1], frame=end, subject=index, target=target))
