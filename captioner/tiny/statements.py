"""Single statements: what a text says, what a clip shows, and which texts hold of which clip.

A text holds of a clip when each of its statements does. An object is named by its colour; of
an object without a colour only one thing may be said (`a circle`: some object is one).
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from schemas.facts import COLOURS, OBJECT_VALUES, SCENE_VALUES, EventFacts, Facts, ObjectFacts
from schemas.wording.read import read
from schemas.wording.render import render

OBJECT_STATEMENTS = (
    "shape",
    "size",
    "place",
    "action",
    "direction",
    "speed",
    "bounces",
    "change",
    "new_colour",
    "leaves_trail",
)
SCENE_STATEMENTS = tuple(SCENE_VALUES)
_NEEDS = {"direction": ("action",), "speed": ("action",), "new_colour": ("change",)}
"""What must be said too where this is said, for a sentence to be possible."""


def shown(facts: Facts) -> set[str]:
    """Return every statement that holds of a clip of which all facts are given."""
    found = said(facts)
    for item in facts.objects:
        for name in ("colour", *OBJECT_STATEMENTS):
            value = getattr(item, name)
            if value not in (None, False):
                found.add(f"some {name} {value}")
    return found


def said(facts: Facts) -> set[str]:
    """Return the statements that facts read from a text make."""
    found = set()
    for item in facts.objects:
        who = item.colour or "some"
        if item.colour is not None:
            found.add(f"{who} is there")
        for name in OBJECT_STATEMENTS:
            value = getattr(item, name)
            if value not in (None, False):
                found.add(f"{who} {name} {value}")
    for name in SCENE_STATEMENTS:
        value = getattr(facts, name)
        if value is not None:
            found.add(f"scene {name} {value}")
    if facts.views:
        found.add(f"views {' '.join(facts.views)}")
    for event in facts.events:
        ends = [
            facts.objects[end].colour or "some" if isinstance(end, int) else str(end)
            for end in (event.subject, event.target)
        ]
        found.add(f"event {event.kind} {' '.join(ends)}")
    return found


def statements(facts: Facts) -> list[tuple[str, int | str]]:
    """Return what can be said of a clip one by one.

    `("shape", 1)` is the shape of object 1, `("camera", "scene")` is of the scene,
    `("events", 0)` is the first event.
    """
    found: list[tuple[str, int | str]] = []
    for i, item in enumerate(facts.objects):
        found += [(n, i) for n in OBJECT_STATEMENTS if getattr(item, n) not in (None, False)]
    found += [(name, "scene") for name in SCENE_STATEMENTS if getattr(facts, name) is not None]
    found += [("events", i) for i in range(len(facts.events))]
    if facts.views:
        found.append(("views", "scene"))
    return found


def only(facts: Facts, chosen: list[tuple[str, int | str]]) -> Facts:
    """Return facts that state the chosen statements and what they need, and no more."""
    kept: dict[int, set[str]] = {}
    scene: set[str] = set()
    events = sorted(int(where) for name, where in chosen if name == "events")
    for name, where in chosen:
        if name == "events":
            event = facts.events[int(where)]
            for end in (event.subject, event.target):
                if isinstance(end, int):
                    kept.setdefault(end, set())
            if event.target in ("pillar", "candle", "jar", "coins"):
                scene.add("prop")
            if event.kind == "go":
                scene.add("background_kind")
        elif where == "scene":
            scene |= {name, *(["prop"] if name == "prop_colour" else [])}
        else:
            kept.setdefault(int(where), set()).update((name, *_NEEDS.get(name, ())))
    places = {old: new for new, old in enumerate(sorted(kept))}
    objects = tuple(
        ObjectFacts(
            colour=facts.objects[i].colour, **{n: getattr(facts.objects[i], n) for n in kept[i]}
        )
        for i in places
    )

    told = []
    for i in events:
        event = facts.events[i]
        target = places[event.target] if isinstance(event.target, int) else event.target
        subject = None if event.subject is None else places[event.subject]
        told.append(EventFacts(kind=event.kind, subject=subject, target=target))
    return Facts(
        objects=objects,
        events=tuple(told),
        views=facts.views if "views" in scene else (),
        **{name: getattr(facts, name) for name in scene if name != "views"},
    )


def with_one_wrong(facts: Facts, rng: Random) -> Facts | None:
    """Return the facts with one statement changed to another value; None where none can be."""
    options = [
        (name, where)
        for name, where in statements(facts)
        if name in OBJECT_VALUES or name in ("camera", "style", "background_kind")
        or name == "background_colour"
    ]  # fmt: skip
    options += [("colour", i) for i, item in enumerate(facts.objects) if item.colour]
    rng.shuffle(options)
    for name, where in options:
        wrong = _changed(facts, name, where, rng)
        if wrong is not None:
            return wrong
    return None


def _changed(facts: Facts, name: str, where: int | str, rng: Random) -> Facts | None:
    if where == "scene":
        values = [v for v in SCENE_VALUES[name] if v != getattr(facts, name)]
        if facts.background_kind != "floor" and name == "camera":
            values = [v for v in values if v.startswith(("still", "pan", "tilt", "zoom"))]
        if name == "background_kind" and any(event.kind == "go" for event in facts.events):
            return None
        wrong: dict[str, Any] = {name: rng.choice(values)}
        return replace(facts, **wrong)
    item = facts.objects[int(where)]
    if name == "action":
        if item.direction or item.speed or item.bounces or item.leaves_trail:
            return None
        values = [v for v in ("rest", "move", "fall") if v != item.action]
    elif name == "change" and item.new_colour:
        return None
    elif name == "direction" and item.action == "fly":
        values = [v for v in ("left", "right") if v != item.direction]
    elif name in ("colour", "new_colour"):
        taken = {other.colour for other in facts.objects} | {item.new_colour}
        values = [v for v in COLOURS if v not in taken]
    else:
        values = [v for v in OBJECT_VALUES[name] if v != getattr(item, name)]
    if name == "change":
        values = [v for v in values if v != "recolour"]
    if not values:
        return None
    objects = list(facts.objects)
    wrong = {name: rng.choice(values)}
    objects[int(where)] = replace(item, **wrong)
    return replace(facts, objects=tuple(objects))


def draw_text(facts: Facts, rng: Random) -> tuple[str, Facts]:
    """Return a text about a clip, and what it states: from one fact to all of them."""
    options = statements(facts)
    if rng.random() < 0.04:
        i = rng.randrange(len(facts.objects))
        item = facts.objects[i]
        name = rng.choice([n for n in ("shape", "size") if getattr(item, n)] or ["action"])
        stated = Facts(objects=(ObjectFacts(**{name: getattr(item, name)}),))
        return render(stated, length="medium", seed=rng.randrange(2**31)), stated
    count = len(options) if rng.random() < 0.35 else rng.randint(1, len(options))
    if rng.random() < 0.3:
        count = min(count, rng.randint(1, 3))
    stated = only(facts, rng.sample(options, count))
    return worded(stated, rng), stated


def worded(stated: Facts, rng: Random) -> str:
    """Return a text that states these facts, all of them, in one of many wordings."""
    plain = stated.style is None and not stated.views
    length = "medium" if plain and rng.random() < 0.6 else "long"
    # A spill that nothing caused has no short wording.
    kinds = {event.kind for event in stated.events}
    if plain and rng.random() < 0.3 and ("spill" not in kinds or "break" in kinds):
        text = render(stated, length="short", seed=rng.randrange(2**31))
        if said(read(text)) == said(stated):
            return text
    if plain and rng.random() < 0.15:
        return render(stated, length="medium", language="zh", seed=rng.randrange(2**31))
    return render(stated, length=length, seed=rng.randrange(2**31))  # type: ignore[arg-type]
