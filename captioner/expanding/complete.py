"""Fill in what a prompt leaves open: never another subject or event, never a contradiction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from schemas.facts import (
    BACKGROUND_COLOURS,
    CAMERA_MOVES,
    COLOURS,
    DIRECTIONS,
    FLOOR_CAMERA_MOVES,
    PILLAR_COLOURS,
    PLACES,
    SHAPES,
    SIZES,
    SPEEDS,
    STYLES,
    Facts,
    ObjectFacts,
)

Values = Mapping[str, Mapping[str, int]]
"""Counts of values by field, as `Style.values` has them."""
_ALIKE = {
    "red": ("brown",),
    "orange": ("brown",),
    "yellow": ("cream",),
    "green": ("dark_green",),
    "cyan": ("pale_blue",),
    "blue": ("navy", "pale_blue"),
    "purple": ("mauve",),
    "pink": ("mauve",),
    "black": ("charcoal", "navy"),
    "white": ("cream",),
}
"""Colours of the ground on which an object of a colour would be hard to see."""
_MOVING_EVENTS = frozenset(("hide", "leave", "return", "break", "put_out"))
_OPEN_KINDS = ("plain", "gradient", "mottled", "checker", "bricks", "hills")
"""Backgrounds that suit any scene; a floor and a maze make a scene of their own."""


def complete(facts: Facts, values: Values, *, rng: Random) -> Facts:
    """Return the facts with open statements filled in, drawn as often as `values` has them.

    Filled in: colours, shapes, sizes, places, directions and speeds of the objects that are
    there, rest where nothing is said of what one does, background, camera, style, the colour
    of a prop. Not touched: the number of objects, events, props, changes, bounces, trails,
    shots. Without `values` the commonest sense is taken: a still camera, medium sizes.
    """
    kind = facts.background_kind
    if any(event.kind == "go" for event in facts.events):
        kind = "maze"
    elif facts.camera in FLOOR_CAMERA_MOVES[1:] and kind is None:
        kind = "floor"
    objects = list(facts.objects)
    for i in range(len(objects)):
        objects[i] = _filled(replace(facts, objects=tuple(objects)), i, values, rng, kind)
    if kind is None:
        kind = _draw(values, "background_kind", _OPEN_KINDS, rng, default="plain")
    colours = {item.colour for item in objects} | {item.new_colour for item in objects}
    prop_colour = facts.prop_colour
    if prop_colour is None and facts.prop == "pillar":
        prop_colour = _draw(values, "prop_colour", PILLAR_COLOURS, rng, default="black")
    elif prop_colour is None and facts.prop == "jar":
        free = [each for each in COLOURS if each not in colours]
        prop_colour = _draw(values, "prop_colour", free or COLOURS, rng, default="")
    hidden = {each for colour in (*colours, prop_colour) if colour for each in _ALIKE[colour]}
    grounds = [each for each in BACKGROUND_COLOURS if each not in hidden] or BACKGROUND_COLOURS
    moves = {"floor": FLOOR_CAMERA_MOVES, "maze": ("still",)}.get(kind, CAMERA_MOVES)
    return replace(
        facts,
        objects=tuple(objects),
        prop_colour=prop_colour,
        background_kind=kind,
        background_colour=facts.background_colour
        or _draw(values, "background_colour", grounds, rng, default="grey"),
        camera=facts.camera or _draw(values, "camera", moves, rng, default="still"),
        style=facts.style or _draw(values, "style", STYLES, rng, default="flat"),
    )


def _filled(facts: Facts, index: int, values: Values, rng: Random, kind: str | None) -> ObjectFacts:
    item = facts.objects[index]
    others = [other for i, other in enumerate(facts.objects) if i != index]
    events = [event for event in facts.events if index in (event.subject, event.target)]
    used = {other.colour for other in others} | {other.new_colour for other in others}
    used |= {item.new_colour, facts.prop_colour}
    colours = [each for each in COLOURS if each not in used] or list(COLOURS)
    item = replace(
        item,
        colour=item.colour or _draw(values, "colour", colours, rng, default=""),
        shape=item.shape or _draw(values, "shape", SHAPES, rng, default=""),
    )
    if item.action is None:
        goes = any(event.kind in _MOVING_EVENTS and event.subject == index for event in events)
        if goes or item.bounces or item.leaves_trail:
            item = replace(item, action="move")
        elif not events:
            item = replace(item, action="rest")
    if kind in ("floor", "maze"):
        return item
    if item.direction is None and item.action in ("move", "fly"):
        ways = _ways(item)
        item = replace(item, direction=_draw(values, "direction", ways, rng, default=""))
    if item.action == "move" and item.speed is None:
        item = replace(item, speed=_draw(values, "speed", SPEEDS, rng, default="medium"))
    if item.size is None:
        item = replace(item, size=_draw(values, "size", SIZES, rng, default="medium"))
    if item.place is None:
        taken = {other.place for other in others}
        free = [place for place in _starts(item) if place not in taken]
        if free:
            item = replace(item, place=_draw(values, "place", free, rng, default=""))
    return item


def _ways(item: ObjectFacts) -> Sequence[str]:
    """Return the directions that do not lead out of the frame at once."""
    place = item.place or "centre"
    ways = DIRECTIONS if item.action == "move" else ("left", "right")
    free = [
        way
        for way in ways
        if not any(side in way and side in place for side in ("left", "right"))
        and not ("up" in way and "top" in place)
        and not ("down" in way and "bottom" in place)
    ]
    return free or ways


def _starts(item: ObjectFacts) -> list[str]:
    """Return the places from which the object has room for what it does."""
    way = item.direction or ""
    if item.action == "fall":
        return [place for place in PLACES if "top" in place]
    if item.bounces or item.action == "rest":
        return list(PLACES)
    return [
        place
        for place in PLACES
        if not any(side in way and side in place for side in ("left", "right"))
        and not ("up" in way and "top" in place)
        and not ("down" in way and "bottom" in place)
    ]


def _draw(values: Values, name: str, allowed: Sequence[str], rng: Random, *, default: str) -> str:
    """Return one of `allowed`, as often as `values` has it; else `default`, or any."""
    weights = [values.get(name, {}).get(value, 0) for value in allowed]
    if not any(weights):
        return default if default in allowed else rng.choice(list(allowed))
    return rng.choices(list(allowed), weights)[0]
