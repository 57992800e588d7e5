"""From measured things to facts: name what each is and does, and what happens in order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from pipeline.world.parse.events import Scene, events_of
from pipeline.world.parse.paths import REST_SPEED, name_velocity
from pipeline.world.parse.plane import COLOUR_NAMES, Floats
from pipeline.world.parse.reading import CameraReading, EventReading, ObjectReading, Reading
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.thing import Thing, first_size
from pipeline.world.parse.track import Track
from pipeline.world.vocabulary import SIZES
from schemas.facts import EVENT_KINDS, EventFacts, Facts, ObjectFacts, canonical, reorder

POOR = {"shape": 0.06, "direction": 0.25, "background_kind": 0.02, "style": 0.03}
"""What is read with less confidence than this is not stated."""


def nothing(sight: Sight) -> Reading:
    """Return the reading of a clip that shows no scene."""
    none = (0.0,) * sight.count
    camera = CameraReading(
        move=None, shift_x_px=none, shift_y_px=none, log_zoom=none, confidence=0.0
    )
    return Reading(
        facts=Facts(),
        objects=(),
        candidates=(),
        events=(),
        camera=camera,
        num_objects_per_frame=(0,) * sight.count,
        cuts=(),
        confidence={},
    )


def tell(scene: Scene) -> Reading:
    """Return the reading of a clip."""
    sight = scene.sight
    is_image = sight.count == 1
    timed = [] if is_image else sorted(events_of(scene), key=lambda event: event.frame)
    stated: list[EventFacts] = []
    for event in timed:
        if event.kind in EVENT_KINDS:
            fact = EventFacts(kind=event.kind, subject=event.subject, target=event.target)
            if fact not in stated:
                stated.append(fact)
    prop_kind, prop_colour = _prop(scene)
    sure = scene.confidence
    raw = Facts(
        objects=tuple(_object(scene, thing) for thing in scene.things),
        events=tuple(stated),
        prop=prop_kind,
        prop_colour=prop_colour,
        background_kind=scene.kind if sure["background_kind"] >= POOR["background_kind"] else None,
        background_colour=scene.colour,
        camera=None if is_image else scene.move,
        style=scene.style if sure["style"] >= POOR["style"] else None,
        views=scene.shots.views,
    )
    facts = canonical(raw)
    order = _order(raw, facts)
    number = {old: new for new, old in enumerate(order)}
    counts = np.zeros(sight.count, dtype=int)
    for thing in scene.things:
        counts += thing.seen
    for track in scene.rest:
        for t, blob in track.blobs.items():
            counts[t] += blob.is_solid
    return Reading(
        facts=facts,
        objects=tuple(_reading(scene.things[i], sight) for i in order),
        candidates=tuple(_candidate(track, sight) for track in scene.rest),
        events=tuple(_renumbered(event, number) for event in timed),
        camera=_camera(scene),
        num_objects_per_frame=tuple(int(n) for n in counts),
        cuts=scene.shots.cuts,
        confidence=scene.confidence,
    )


def _object(scene: Scene, thing: Thing) -> ObjectFacts:
    sight = scene.sight
    colour = COLOUR_NAMES[thing.track.colours[0]]
    shape = thing.shape if thing.confidence.get("shape", 1.0) >= POOR["shape"] else None
    size, place = _size_at_first(thing), _place_at_first(thing, sight)
    if sight.count == 1:
        return ObjectFacts(colour=colour, shape=shape, size=size, place=place)
    action: str | None = None
    direction: str | None = None
    speed: str | None = None
    path = thing.path
    if path is not None:
        piece = path.pieces[0]
        vx, vy = piece.velocity(0.0, path.pull)
        if path.pull:
            action = "fall" if abs(vx) < 0.12 and abs(vy) < 0.3 else "fly"
            if action == "fly":
                direction = "right" if vx > 0 else "left"
        elif float(np.hypot(vx, vy)) < REST_SPEED:
            action = "rest"
        else:
            action = "move"
            direction, speed, sure = name_velocity(vx, vy)
            thing.confidence["direction"] = thing.confidence["speed"] = sure
            if sure < POOR["direction"]:
                direction = speed = None
    turned = thing.track.colours[1:]
    return ObjectFacts(
        colour=colour,
        shape=shape,
        size=size,
        place=place,
        action=action,
        direction=direction,
        speed=speed,
        bounces=thing.bounces and action != "rest",
        change=thing.change,
        new_colour=COLOUR_NAMES[turned[0]] if turned else None,
        leaves_trail=thing.leaves_trail,
    )


def _size_at_first(thing: Thing) -> str:
    first = first_size(thing)
    off = {name: abs(float(np.log(first / value))) for name, value in SIZES.items()}
    named = min(off, key=lambda name: off[name])
    thing.confidence["size"] = float(np.clip(1.5 - off[named] / 0.14, 0, 1))
    return named


def _place_at_first(thing: Thing, sight: Sight) -> str:
    width, height = sight.size
    first = thing.track.first
    across = (float(thing.x_px[first]) + 0.5) / width
    down = (float(thing.y_px[first]) + 0.5) / height
    borders = [abs(share - third) for share in (across, down) for third in (1 / 3, 2 / 3)]
    thing.confidence["place"] = float(np.clip(0.5 + min(borders) / 0.05, 0, 1))
    column = ("left", "", "right")[min(max(int(across * 3), 0), 2)]
    row = ("top", "", "bottom")[min(max(int(down * 3), 0), 2)]
    return "_".join(part for part in (row, column) if part) or "centre"


def _prop(scene: Scene) -> tuple[str | None, str | None]:
    prop = scene.prop
    if prop is None:
        return None, None
    if prop.kind == "jar":
        return "jar", COLOUR_NAMES[prop.parts[0].colours[0]]
    return prop.kind, prop.colour


def _renumbered(event: EventReading, number: Mapping[int, int]) -> EventReading:
    target = number[event.target] if isinstance(event.target, int) else event.target
    return EventReading(
        kind=event.kind,
        frame=event.frame,
        subject=None if event.subject is None else number[event.subject],
        target=target,
        confidence=event.confidence,
    )


def _order(raw: Facts, facts: Facts) -> list[int]:
    """Return for every object of `facts` its number in `raw`."""
    if len(raw.objects) <= 6:
        for order in permutations(range(len(raw.objects))):
            if reorder(raw, list(order)) == facts:
                return list(order)
    left = list(range(len(raw.objects)))
    found = []
    for item in facts.objects:
        found.append(left.pop(next(k for k, i in enumerate(left) if raw.objects[i] == item)))
    return found


def _reading(thing: Thing, sight: Sight) -> ObjectReading:
    offset = (sight.scale - 1) / 2
    ratio = thing.sizes / np.where(thing.core_px > 0, thing.core_px, 1)
    factor = float(np.nanmedian(ratio)) if np.isfinite(ratio).any() else 1.0
    wide = thing.core_px * factor * sight.unit_px * sight.scale
    opacity = np.clip(thing.opacity, 0, 1)
    thing.confidence["object"] = float(
        np.clip(np.nanmedian(opacity) * np.mean(thing.seen) + 0.3, 0, 1)
    )
    thing.confidence["colour"] = float(np.clip(np.nanmedian(opacity), 0, 1))
    return ObjectReading(
        colour=COLOUR_NAMES[thing.track.colours[0]],
        shape=thing.shape,
        x_px=_list(thing.x_px * sight.scale + offset),
        y_px=_list(thing.y_px * sight.scale + offset),
        diameter_px=_list(wide),
        angle_deg=_list(thing.turn_deg_per_s * sight.times_s),
        opacity=_list(opacity),
        seen=tuple(bool(s) for s in thing.seen),
        confidence=dict(thing.confidence),
    )


def _candidate(track: Track, sight: Sight) -> ObjectReading:
    scale, count = sight.scale, sight.count
    offset = (scale - 1) / 2
    x, y = track.series("x", count), track.series("y", count)
    opacity = np.clip(track.series("opacity", count), 0, 1)
    return ObjectReading(
        colour=COLOUR_NAMES[track.colours[0]],
        shape=None,
        x_px=_list(x * scale + offset),
        y_px=_list(y * scale + offset),
        diameter_px=_list(2 * np.sqrt(track.series("mass", count) / np.pi) * scale),
        angle_deg=(0.0,) * count,
        opacity=_list(opacity),
        seen=tuple(bool(s) for s in np.isfinite(x)),
        confidence={"object": float(0.5 * np.nanmedian(opacity) * len(track.blobs) / count)},
    )


def _camera(scene: Scene) -> CameraReading:
    none = (0.0,)
    steps, scale = scene.steps.steps, scene.sight.scale
    return CameraReading(
        move=None if scene.sight.count == 1 else scene.move,
        shift_x_px=none + _list(steps[:, 0] * scale),
        shift_y_px=none + _list(steps[:, 1] * scale),
        log_zoom=none + _list(steps[:, 2]),
        confidence=scene.confidence.get("camera", 0.0),
    )


def _list(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
