"""Plans of open scenes: things that move, fall, draw or are seen from several sides (pure)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import MAX_CAMERA_S, Room, camera_path, room_of
from pipeline.world.lots import Lots, half_size, mover
from pipeline.world.spec import ObjectSpec, SceneSpec, ViewSpec
from pipeline.world.vocabulary import (
    BOUNCE,
    GRAVITY,
    GROWTH,
    OPEN_KINDS,
    TEXTURED_KINDS,
    TURN_DEG_PER_S,
)
from schemas.facts import CAMERA_MOVES

_COUNT_SHARES = (0.4, 0.3, 0.2, 0.1)
REST_SHARE = 0.2
CHANGE_SHARE = 0.35
STILL_SHARE = 0.4
"""Of scenes in which the camera could move."""
PLACEMENT_TRIES = 12
"""Attributes are kept for so many placements, so that crowded scenes are not drawn too rarely."""
MIN_CHANGE_S = 0.9
CLOSE_ZOOM = 1.6
MIN_VIEW_S = 0.6
MIN_SIDEWAYS = 0.12
"""Units from the middle, so that what is seen from behind stands elsewhere than before."""


def plan_free(lots: Lots, motion: str, count: int) -> SceneSpec | None:
    """Plan one to four objects that move in a room and bounce off its walls and each other.

    `motion`: `any`, `moving` (one object moves at least), `static` (nothing does).
    """
    static = motion == "static" or lots.num_frames == 1
    background_kind = lots.pick(OPEN_KINDS)
    background = lots.background_colour()
    move = "still"
    can_move = not static and lots.duration_s <= MAX_CAMERA_S and lots.num_frames >= 4
    if background_kind in TEXTURED_KINDS and can_move and not lots.chance(STILL_SHARE):
        move = lots.pick(CAMERA_MOVES[1:])
    camera = camera_path(move, width=lots.width, height=lots.height, times_s=lots.times())
    room = room_of(camera, width=lots.width, height=lots.height)
    colours = lots.colours(background, count + 1)
    if len(colours) <= count:
        return None
    sizes = ("small", "medium", "large") if count <= 2 else ("small", "medium")
    objects = []
    for i in range(count):
        resting = static or (lots.chance(REST_SHARE) and not (motion == "moving" and i == 0))
        item = _one(lots, colours[i], sizes, resting)
        if i == 0 and not static:
            item = _changed(lots, item, colours[count])
        objects.append(item)
    chosen = _settled(lots, objects, room, (camera.x[0], camera.y[0], camera.zoom[0]))
    if chosen is None:
        return None
    return lots.scene(
        "free",
        chosen,
        grounds=(background_kind,),
        background_colour=background,
        camera_move=move,
        room=room,
    )


def draw_count(lots: Lots) -> int:
    """Return how many objects an open scene has, by lot."""
    return 1 + int(lots.rng.choice(4, p=_COUNT_SHARES))


def _settled(
    lots: Lots, objects: list[ObjectSpec], room: Room, first: tuple[float, float, float]
) -> tuple[ObjectSpec, ...] | None:
    """Return the objects where their motion is plain to see; None after some tries."""
    for _ in range(PLACEMENT_TRIES):
        spots = [_spot(lots, item, room, first) for item in objects]
        if None in spots:
            continue
        chosen = tuple(
            replace(item, x=spot[0], y=spot[1], place=spot[2])
            for item, spot in zip(objects, spots, strict=True)
            if spot is not None
        )
        if lots.run(chosen, room, is_wanted=partial(lots.is_plain, chosen)) is not None:
            return chosen
    return None


def plan_gravity(lots: Lots) -> SceneSpec | None:
    """Plan one or two objects that are dropped, or thrown to one side."""
    if lots.last_s < 1.0:
        return None
    background = lots.background_colour()
    number = 1 + lots.chance(0.3)
    colours = lots.colours(background, number)
    objects = []
    for colour in colours:
        item = lots.fitting(partial(_falling, lots, colour))
        half_x, half_y = half_size(item)
        x = lots.between(-1, 1) * (lots.width / 2 - half_x - 0.03)
        if item.action == "fall":
            y = -lots.height / 2 + half_y + lots.between(0.02, 0.15)
        else:
            x -= np.sign(item.vx) * abs(x) * 0.5
            y = lots.between(-0.1, lots.height / 2 - half_y - 0.05)
        place = lots.clear_place(x, y)
        if place is None:
            return None
        objects.append(replace(item, x=x, y=y, place=place))
    chosen = tuple(objects)
    found = lots.run(chosen, lots.frame, gravity=GRAVITY, floor_bounce=BOUNCE)
    if found is None or any(hit.other is not None for hit in found[1]):
        return None
    first = [min([h.time_s for h in found[1] if h.one == i] or [9e9]) for i in range(number)]
    if min(first) < min(lots.lead_s, 0.5):
        return None
    late = [t for t in first if lots.quiet_from_s < t < 9e9]
    if late:
        return None
    return lots.scene(
        "gravity",
        chosen,
        grounds=OPEN_KINDS,
        background_colour=background,
        room=lots.frame,
    )


def plan_trail(lots: Lots) -> SceneSpec | None:
    """Plan a brush that leaves a stroke of its colour on a plain ground."""
    if lots.last_s < 0.9:
        return None
    background = lots.background_colour()
    colour = lots.colours(background, 1)[0]
    item = replace(_one(lots, colour, ("small", "medium"), False), leaves_trail=True)
    placed = _placed(lots, item, lots.frame, (0.0, 0.0, 1.0))
    if placed is None:
        return None
    found = lots.run((placed,), lots.frame)
    if found is None or not lots.is_plain((placed,), found[1]):
        return None
    return lots.scene(
        "trail",
        (placed,),
        grounds=("plain", "gradient"),
        background_colour=background,
        room=lots.frame,
    )


def plan_views(lots: Lots) -> SceneSpec | None:
    """Plan two or three shots of the same moving objects, from other angles."""
    if lots.last_s < 2 * MIN_VIEW_S or lots.num_frames < 10:
        return None
    background = lots.background_colour()
    number = 1 + lots.chance(0.4)
    objects = []
    for colour in lots.colours(background, number):
        item = _one(lots, colour, ("small", "medium"), lots.chance(REST_SHARE))
        placed = _placed(lots, item, lots.frame, (0.0, 0.0, 1.0))
        if placed is None:
            return None
        objects.append(placed)
    chosen = tuple(objects)
    found = lots.run(chosen, lots.frame)
    if found is None or not lots.is_plain(chosen, found[1]):
        return None
    views = _views(lots, chosen, found[0])
    if views is None:
        return None
    return lots.scene(
        "views",
        chosen,
        grounds=OPEN_KINDS,
        background_colour=background,
        room=lots.frame,
        views=views,
    )


def _falling(lots: Lots, colour: str) -> ObjectSpec:
    falls = lots.chance(0.5)
    direction = None if falls else lots.pick(("left", "right"))
    side = {None: 0.0, "left": -1.0, "right": 1.0}[direction]
    return ObjectSpec(
        colour=colour,
        shape=lots.shape(),
        size=lots.pick(("small", "medium")),
        action="fall" if falls else "fly",
        direction=direction,
        vx=side * lots.between(0.25, 0.45),
        vy=0.0 if falls else -lots.between(0.6, 0.9),
    )


def _views(
    lots: Lots, objects: tuple[ObjectSpec, ...], centres: NDArray[np.float64]
) -> tuple[ViewSpec, ...] | None:
    """Return the shots; a close one holds every object whole, or None where none can."""
    number = 3 if lots.last_s >= 3 * MIN_VIEW_S and lots.chance(0.5) else 2
    starts = [k / number for k in range(number)]
    names = ["wide"]
    while len(names) < number:
        names.append(lots.pick([name for name in ("wide", "close", "behind") if name != names[-1]]))
    for k in range(1, number):
        if (names[k] == "behind") != (names[k - 1] == "behind"):
            frame = min(int(np.ceil(starts[k] * lots.num_frames)), lots.num_frames - 1)
            if np.abs(centres[frame, :, 0]).max() < MIN_SIDEWAYS:
                return None
    views = []
    for k, (name, start) in enumerate(zip(names, starts, strict=True)):
        view = ViewSpec(view=name, start_share=start)
        if name == "close":
            first = int(np.ceil(start * lots.num_frames))
            last = lots.num_frames if k == number - 1 else int((k + 1) / number * lots.num_frames)
            part = centres[first : last + 1]
            halves = np.array([half_size(item) for item in objects])
            low = (part - halves).min(axis=(0, 1))
            high = (part + halves).max(axis=(0, 1))
            size = np.array([lots.width, lots.height]) / CLOSE_ZOOM
            if ((high - low) > size).any():
                return None
            x, y = (low + high) / 2
            view = replace(view, zoom=CLOSE_ZOOM, x=float(x), y=float(y))
        views.append(view)
    return tuple(views)


def _one(lots: Lots, colour: str, sizes: tuple[str, ...], resting: bool) -> ObjectSpec:
    """Return an object of a colour, the rest by lot, that still has to be placed."""
    return lots.fitting(partial(_drawn, lots, colour, sizes, resting))


def _drawn(lots: Lots, colour: str, sizes: tuple[str, ...], resting: bool) -> ObjectSpec:
    if resting:
        return ObjectSpec(colour=colour, shape=lots.shape(), size=lots.pick(sizes), action="rest")
    direction, speed = lots.direction(), lots.speed()
    return mover(colour, lots.shape(), lots.pick(sizes), direction, speed)


def _changed(lots: Lots, item: ObjectSpec, spare_colour: str) -> ObjectSpec:
    """Let an object grow, shrink, turn or change its colour, in some scenes."""
    if lots.last_s < MIN_CHANGE_S or lots.num_frames < 8 or not lots.chance(CHANGE_SHARE):
        return item
    change = lots.pick(("grow", "shrink", "turn", "recolour"))
    if change == "grow" and item.size != "large":
        return replace(item, change=change, growth=GROWTH)
    if change == "shrink" and item.size != "small":
        return replace(item, change=change, growth=1 / GROWTH)
    if change == "turn" and item.shape != "circle" and TURN_DEG_PER_S / lots.fps < 15:
        sign = 1.0 if lots.chance(0.5) else -1.0
        return replace(item, change=change, turn_deg_per_s=sign * TURN_DEG_PER_S)
    if change == "recolour":
        share = lots.between(0.35, 0.65)
        return replace(item, change=change, new_colour=spare_colour, change_share=share)
    return item


def _placed(
    lots: Lots, item: ObjectSpec, room: Room, first: tuple[float, float, float]
) -> ObjectSpec | None:
    """Give an object its start; `first` is the camera's centre and magnification at first."""
    spot = _spot(lots, item, room, first)
    return None if spot is None else replace(item, x=spot[0], y=spot[1], place=spot[2])


def _spot(
    lots: Lots, item: ObjectSpec, room: Room, first: tuple[float, float, float]
) -> tuple[float, float, str] | None:
    """Return where an object may start, and the name of that place."""
    spot = lots.start(item, room)
    if spot is None:
        return None
    place = lots.clear_place((spot[0] - first[0]) * first[2], (spot[1] - first[1]) * first[2])
    return None if place is None else (spot[0], spot[1], place)
