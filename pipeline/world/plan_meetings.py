"""Plans of scenes in which an object meets a thing, or is out of sight for a while (pure)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from pipeline.world.camera import Room
from pipeline.world.lots import Lots, half_size, mover
from pipeline.world.motion import SPILL_DELAY_S, prop_body
from pipeline.world.spec import ObjectSpec, PropSpec, SceneSpec
from pipeline.world.vocabulary import (
    COIN_COLOURS,
    DIRECTIONS,
    OPEN_KINDS,
    SPEEDS,
)
from schemas.facts import PILLAR_COLOURS

DARK_GROUNDS = ("charcoal", "brown", "navy", "dark_green")
"""Backgrounds before which wax and smoke can be seen."""
DEEP_GROUNDS = ("grey", "mauve", *DARK_GROUNDS)
"""Backgrounds before which glass can be seen."""
_SEEN_S = 0.3
"""Things that come or go are seen, or out of sight, for so long at least."""


def plan_pillar(lots: Lots) -> SceneSpec | None:
    """Plan an object that passes behind a pillar, and in most scenes comes out again."""
    background = lots.background_colour()
    item = _mover(lots, background)
    half_x, _ = half_size(item)
    side = 1.0 if item.vx > 0 else -1.0
    speed = abs(item.vx)
    hidden_s = max(_SEEN_S, 2.5 / lots.fps)
    wide = 2 * half_x + speed * hidden_s
    pillar = PropSpec(
        kind="pillar",
        colour=lots.pick(PILLAR_COLOURS),
        x=lots.between(-0.15, 0.15) * lots.width,
        y=0.0,
        width=wide,
        height=lots.height,
    )
    gap = speed * min(lots.lead_s, 0.5) + lots.between(0.0, 0.05)
    x = pillar.x - side * (wide / 2 + half_x + gap)
    seen_again_s = (gap + wide + 2 * half_x) / speed
    comes_back = lots.chance(0.8)
    if comes_back and seen_again_s > lots.last_s - _SEEN_S:
        return None
    hides_s = (gap + 2 * half_x) / speed
    if not comes_back and not hides_s + 2 / lots.fps < lots.last_s < hides_s + hidden_s:
        return None
    placed = _at(lots, item, x)
    if placed is None:
        return None
    found = lots.run((placed,), lots.frame)
    if found is None or not lots.is_plain((placed,), found[1]):
        return None
    if any(hit.time_s < seen_again_s + _SEEN_S for hit in found[1]):
        return None
    return lots.scene(
        "pillar",
        (placed,),
        grounds=OPEN_KINDS,
        background_colour=background,
        room=lots.frame,
        prop=pillar,
    )


def plan_return(lots: Lots) -> SceneSpec | None:
    """Plan an object that leaves the frame, and in most scenes comes back."""
    background = lots.background_colour()
    item = _mover(lots, background)
    half_x, _ = half_size(item)
    side = 1.0 if item.vx > 0 else -1.0
    speed = abs(item.vx)
    lead = min(lots.lead_s, 0.5)
    gap = speed * lead + lots.between(0.0, 0.1)
    x = side * (lots.width / 2 - half_x - gap)
    away_s = (gap + 2 * half_x) / speed
    comes_back = lots.chance(0.75)
    outside = lots.between(0.3, 0.6) * speed / 2 if comes_back else 50.0
    back_s = away_s + (2 * outside + 2 * half_x) / speed
    if comes_back and back_s > lots.last_s - _SEEN_S:
        return None
    if not comes_back and away_s > lots.last_s - _SEEN_S:
        return None
    placed = _at(lots, item, x)
    if placed is None:
        return None
    edge = lots.width / 2 + 2 * half_x + outside
    frame = lots.frame
    room = replace(frame, right=edge) if side > 0 else replace(frame, left=-edge)
    found = lots.run((placed,), room)
    if found is None or any(back_s < hit.time_s < back_s + _SEEN_S for hit in found[1]):
        return None
    if any(hit.time_s > lots.quiet_from_s for hit in found[1]):
        return None
    return lots.scene(
        "return",
        (placed,),
        grounds=OPEN_KINDS,
        background_colour=background,
        room=room,
    )


def plan_bite(lots: Lots) -> SceneSpec | None:
    """Plan an object that runs into a large one at rest and takes a bite of it."""
    background = lots.background_colour()
    colours = lots.colours(background, 2)
    eater = lots.fitting(partial(_eater, lots, colours[0]))
    food = lots.fitting(partial(_food, lots, colours[1]))
    direction, speed = eater.direction or "", eater.speed or ""
    spot = lots.start(food, lots.frame)
    if spot is None:
        return None
    wait = lots.between(lots.lead_s, max(lots.lead_s, lots.quiet_from_s - _SEEN_S))
    away = wait * SPEEDS[speed] + lots.between(0.2, 0.32)
    step = DIRECTIONS[direction]
    x, y = spot[0] - step[0] * away, spot[1] - step[1] * away
    places = lots.clear_place(x, y), lots.clear_place(*spot)
    if None in places:
        return None
    half_x, half_y = half_size(eater)
    if abs(x) + half_x > lots.width / 2 or abs(y) + half_y > lots.height / 2:
        return None
    pair = (
        replace(eater, x=x, y=y, place=places[0]),
        replace(food, x=spot[0], y=spot[1], place=places[1]),
    )
    found = lots.run(pair, lots.frame, fixed=(1,))
    if found is None or not lots.is_plain(pair, found[1]):
        return None
    meetings = [hit for hit in found[1] if hit.other is not None]
    if len(meetings) != 1 or meetings[0].time_s > lots.quiet_from_s - _SEEN_S:
        return None
    return lots.scene(
        "bite",
        pair,
        grounds=OPEN_KINDS,
        background_colour=background,
        room=lots.frame,
    )


def plan_candle(lots: Lots) -> SceneSpec | None:
    """Plan an object that puts out a candle as it passes."""
    background = lots.background_colour(DARK_GROUNDS)
    item = _mover(lots, background, without=COIN_COLOURS)
    candle = PropSpec(
        kind="candle",
        colour=None,
        x=lots.between(-0.2, 0.2) * lots.width,
        y=lots.between(-0.1, 0.1) * lots.height,
        width=0.07,
        height=0.18,
    )
    half_x, _ = half_size(item)
    speed = abs(item.vx)
    side = 1.0 if item.vx > 0 else -1.0
    latest = lots.quiet_from_s - _SEEN_S
    if latest < lots.lead_s:
        return None
    meets_s = lots.between(lots.lead_s, latest)
    x = candle.x - side * (half_x + speed * meets_s)
    placed = _at(lots, item, x, candle.y + lots.between(-0.03, 0.03))
    if placed is None or abs(x - candle.x) < half_x + 0.08:
        return None
    found = lots.run((placed,), lots.frame)
    if found is None or not lots.is_plain((placed,), found[1]):
        return None
    return lots.scene(
        "candle",
        (placed,),
        grounds=("plain", "gradient", "bricks"),
        background_colour=background,
        room=lots.frame,
        prop=candle,
    )


def plan_spill(lots: Lots) -> SceneSpec | None:
    """Plan an object that breaks a jar, whose liquid then runs out."""
    background = lots.background_colour(DEEP_GROUNDS)
    item = _mover(lots, background)
    liquid = lots.colours(background, 1, without=(item.colour,))[0]
    jar = PropSpec(
        kind="jar",
        colour=liquid,
        x=lots.between(-0.15, 0.15) * lots.width,
        y=lots.height / 2 - 0.19,
        width=0.28,
        height=0.34,
    )
    half_x, half_y = half_size(item)
    side = 1.0 if item.vx > 0 else -1.0
    speed = abs(item.vx)
    latest = lots.quiet_from_s - SPILL_DELAY_S - _SEEN_S
    if latest < lots.lead_s:
        return None
    meets_s = lots.between(lots.lead_s, latest)
    x = jar.x - side * (jar.width / 2 + half_x + speed * meets_s)
    y = lots.height / 2 - half_y - lots.between(0.04, 0.12)
    placed = _at(lots, item, x, y)
    if placed is None:
        return None
    found = lots.run((placed,), lots.frame, props=(prop_body(jar),))
    if found is None or not lots.is_plain((placed,), found[1]):
        return None
    meetings = [hit for hit in found[1] if hit.other is not None]
    if len(meetings) != 1 or meetings[0].time_s > latest + 0.05:
        return None
    return lots.scene(
        "spill",
        (placed,),
        grounds=("plain", "gradient", "bricks"),
        background_colour=background,
        room=lots.frame,
        prop=jar,
    )


def _eater(lots: Lots, colour: str) -> ObjectSpec:
    direction, speed = lots.direction(), lots.speed()
    return mover(colour, lots.shape(), "small", direction, speed)


def _food(lots: Lots, colour: str) -> ObjectSpec:
    return ObjectSpec(colour=colour, shape=lots.shape(), size="large", action="rest")


def _mover(lots: Lots, background: str, without: tuple[str, ...] = ()) -> ObjectSpec:
    """Return a small or medium object that moves to the left or right."""
    return lots.fitting(partial(_sideways, lots, background, without))


def _sideways(lots: Lots, background: str, without: tuple[str, ...]) -> ObjectSpec:
    direction, speed = lots.pick(("left", "right")), lots.speed()
    colour, shape = lots.colours(background, 1, without)[0], lots.shape()
    return mover(colour, shape, lots.pick(("small", "small", "medium")), direction, speed)


def _at(lots: Lots, item: ObjectSpec, x: float, y: float | None = None) -> ObjectSpec | None:
    """Place an object at x (and some y); None where it does not lie in the frame."""
    half_x, half_y = half_size(item)
    room: Room = lots.frame
    if y is None:
        y = lots.between(room.top + half_y, room.bottom - half_y)
    if abs(x) + half_x > lots.width / 2 or abs(y) + half_y > lots.height / 2:
        return None
    place = lots.clear_place(x, y)
    return None if place is None else replace(item, x=x, y=float(np.float64(y)), place=place)
