"""Random valid facts for the tests of `schemas.wording`, and hand-written cases."""

from dataclasses import replace
from random import Random

from schemas.facts import (
    BACKGROUND_COLOURS,
    BACKGROUND_KINDS,
    CAMERA_MOVES,
    CHANGES,
    COLOURS,
    DIRECTIONS,
    FLOOR_CAMERA_MOVES,
    PILLAR_COLOURS,
    PLACES,
    SHAPES,
    SIZES,
    SPEEDS,
    STYLES,
    VIEWS,
    EventFacts,
    Facts,
    ObjectFacts,
)


def draw_object(rng: Random, colour: str, *, stated: float, image: bool = False) -> ObjectFacts:
    """Return one object with each fact stated with the given chance."""

    def maybe(values, share=1.0):
        return rng.choice(values) if rng.random() < stated * share else None

    action = None if image else maybe(("rest", "move", "move", "move", "fall", "fly"))
    directions = {"move": DIRECTIONS, "fly": ("left", "right")}.get(action)
    change = None if image else maybe(CHANGES, 0.4)
    others = [value for value in COLOURS if value != colour]
    return ObjectFacts(
        colour=colour if rng.random() < (stated + 1) / 2 else None,
        shape=maybe(SHAPES),
        size=maybe(SIZES),
        place=maybe(PLACES),
        action=action,
        direction=maybe(directions) if directions else None,
        speed=maybe(SPEEDS) if action == "move" else None,
        bounces=action in ("move", "fall", "fly") and rng.random() < 0.25,
        change=change,
        new_colour=rng.choice(others) if change == "recolour" and rng.random() < 0.9 else None,
        leaves_trail=action in ("move", "fly", "fall") and rng.random() < 0.15,
    )


def draw_events(rng: Random, num_objects: int) -> tuple[tuple[EventFacts, ...], str | None]:
    """Return events in a possible order, and the prop that they need."""
    kind = rng.choice(("none", "none", "none", "pillar", "candle", "jar", "free", "free"))
    one, other = rng.sample(range(num_objects), 2) if num_objects > 1 else (0, 0)
    if kind == "pillar":
        events = [EventFacts(kind="hide", subject=one, target="pillar")]
        if rng.random() < 0.7:
            events.append(EventFacts(kind="reappear", subject=one, target="pillar"))
        if rng.random() < 0.3:
            events.append(EventFacts(kind="leave", subject=other))
        return tuple(events), "pillar"
    if kind == "candle":
        return (EventFacts(kind="put_out", subject=one, target="candle"),), "candle"
    if kind == "jar":
        events = [EventFacts(kind="break", subject=one, target="jar")]
        if rng.random() < 0.7:
            events.append(EventFacts(kind="spill", target="jar"))
        return tuple(events), "jar"
    events = []
    if kind == "free":
        if num_objects > 1 and rng.random() < 0.6:
            low, high = sorted((one, other))
            events.append(EventFacts(kind="collide", subject=low, target=high))
        if num_objects > 1 and rng.random() < 0.4:
            events.append(EventFacts(kind="bite", subject=one, target=other))
        if rng.random() < 0.5:
            events.append(EventFacts(kind="leave", subject=one))
            if rng.random() < 0.6:
                events.append(EventFacts(kind="return", subject=one))
    prop = rng.choice(("pillar", "candle", "jar")) if rng.random() < 0.1 else None
    return tuple(events), prop


def draw_facts(rng: Random) -> Facts:
    """Return valid facts: complete or partial, of all sorts of scene."""
    stated = rng.choice((1.0, 1.0, 0.9, 0.6, 0.3))

    def maybe(values):
        return rng.choice(values) if rng.random() < stated else None

    sort = rng.choice(("plane",) * 6 + ("floor", "maze", "image", "alike", "empty"))
    style, views = maybe(STYLES), ()
    if rng.random() < 0.12:
        views = tuple(rng.choice(VIEWS) for _ in range(rng.choice((2, 3))))
    colour = maybe(BACKGROUND_COLOURS)
    if sort == "maze":
        item = ObjectFacts(
            colour=rng.choice(COLOURS),
            shape=rng.choice(SHAPES),
            size=maybe(SIZES),
            place=maybe(PLACES),
            action="move" if rng.random() < 0.5 else None,
            speed=None,
        )
        if item.action:
            item = replace(item, direction=maybe(("left", "right", "up", "down")))
        coins = rng.random() < 0.7
        events = []
        for _ in range(rng.randint(1, 6)):
            if coins and rng.random() < 0.3:
                events.append(EventFacts(kind="collect", subject=0, target="coins"))
            else:
                way = rng.choice(("left", "right", "up", "down"))
                events.append(EventFacts(kind="go", subject=0, target=way))
        return Facts(
            objects=(item,),
            events=tuple(events),
            prop="coins" if coins else None,
            background_kind="maze",
            background_colour=colour,
            camera=maybe(("still",)),
            style=style,
        )
    count = 0 if sort == "empty" else rng.choice((1, 1, 2, 2, 3, 4))
    colours = rng.sample(COLOURS, count)
    objects = [draw_object(rng, each, stated=stated, image=sort == "image") for each in colours]
    if sort == "alike" and count > 1:
        first = objects[0]
        objects[1] = (
            first
            if rng.random() < 0.4
            else replace(
                objects[1],
                colour=first.colour,
                shape=first.shape,
                new_colour=None,
                change=None,
            )
        )
    events, prop = draw_events(rng, count) if count and sort != "image" else ((), None)
    prop_colour = None
    if prop in ("pillar", "jar") and rng.random() < stated:
        prop_colour = rng.choice(PILLAR_COLOURS if prop == "pillar" else COLOURS)
    kinds = ("floor",) if sort == "floor" else BACKGROUND_KINDS[:6]
    moves = FLOOR_CAMERA_MOVES if sort == "floor" else CAMERA_MOVES
    return Facts(
        objects=tuple(objects),
        events=events,
        prop=prop,
        prop_colour=prop_colour,
        background_kind=maybe(kinds),
        background_colour=colour,
        camera=None if sort == "image" else maybe(moves),
        style=style,
        views=views,
    )
