"""What a caption about the world may state: closed vocabularies, facts as data, comparison.

A statement that is absent is `None`, `False` or an empty tuple: facts say what holds, never
what does not. Text comes from facts, and facts from text, in `schemas.wording`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import permutations
from typing import Any

COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
SHAPES = ("circle", "square", "triangle", "star")
SIZES = ("small", "medium", "large")
PLACES = (
    "top_left",
    "top",
    "top_right",
    "left",
    "centre",
    "right",
    "bottom_left",
    "bottom",
    "bottom_right",
)
"""Where an object is at first: thirds of the frame's width and height."""
ACTIONS = ("rest", "move", "fall", "fly")
"""`move`: at constant speed. `fall`: dropped from rest, pulled down. `fly`: thrown, in an arc."""
DIRECTIONS = ("right", "down_right", "down", "down_left", "left", "up_left", "up", "up_right")
"""Through the scene, at first; of an object that moves (all) or flies (`left`, `right`)."""
SPEEDS = ("slow", "medium", "fast")
CHANGES = ("grow", "shrink", "turn", "recolour")
BACKGROUND_KINDS = ("plain", "gradient", "mottled", "checker", "bricks", "hills", "floor", "maze")
"""`hills`: with a horizon and distant hills. `floor`: a tiled floor in perspective before a
wall, on which the objects stand. `maze`: the ways and walls of a small game, seen from above."""
BACKGROUND_COLOURS = (
    "grey",
    "charcoal",
    "cream",
    "brown",
    "navy",
    "dark_green",
    "pale_blue",
    "mauve",
)
CAMERA_MOVES = ("still", "pan_left", "pan_right", "tilt_up", "tilt_down", "zoom_in", "zoom_out")
FLOOR_CAMERA_MOVES = ("still", "forward", "backward", "slide_left", "slide_right")
"""How the camera moves in the scene with a floor: it travels."""
STYLES = ("flat", "outlined", "shaded")
VIEWS = ("wide", "close", "behind")
"""How one of several shots of the same scene sees it; `behind` is mirrored."""
PROPS = ("pillar", "candle", "jar", "coins")
PILLAR_COLOURS = ("black", "white")
EVENT_KINDS = (
    "collide",
    "hide",
    "reappear",
    "leave",
    "return",
    "bite",
    "put_out",
    "break",
    "spill",
    "go",
    "collect",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    """One object, as far as it is stated.

    `size` and `place` are those at first. `direction` and `speed` are None at rest and in a
    fall; `speed` also in flight. `bounces`: off the edges of the frame (in a fall: off the
    ground), of an object that is not at rest at first. `new_colour` belongs to the change
    `recolour`. `leaves_trail`: like a brush.
    """

    colour: str | None = None
    shape: str | None = None
    size: str | None = None
    place: str | None = None
    action: str | None = None
    direction: str | None = None
    speed: str | None = None
    bounces: bool = False
    change: str | None = None
    new_colour: str | None = None
    leaves_trail: bool = False

    def __post_init__(self) -> None:
        for name, allowed in OBJECT_VALUES.items():
            _check(name, getattr(self, name), allowed)


OBJECT_VALUES: dict[str, tuple[str, ...]] = {
    "colour": COLOURS,
    "shape": SHAPES,
    "size": SIZES,
    "place": PLACES,
    "action": ACTIONS,
    "direction": DIRECTIONS,
    "speed": SPEEDS,
    "change": CHANGES,
    "new_colour": COLOURS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """One thing that happens. `subject` and an integer `target` count in `Facts.objects`.

    | kind | subject | target |
    |---|---|---|
    | `collide` | object | object: the smaller number is the subject |
    | `hide`, `reappear` | object | `pillar` |
    | `leave`, `return` | object | None: the frame |
    | `bite` | object | the object that it takes a bite of |
    | `put_out` | object | `candle` |
    | `break` | object | `jar` |
    | `spill` | None | `jar`: its liquid runs out |
    | `go` | object | `left`, `right`, `up` or `down`: one straight way through the maze |
    | `collect` | object | `coins`: one of them |
    """

    kind: str
    subject: int | None = None
    target: int | str | None = None

    def __post_init__(self) -> None:
        _check("kind", self.kind, EVENT_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is stated about one clip.

    `objects` of a world's truth are sorted by `canonical`; `events` are in the order in which
    they happen, each pair of neighbours in a stated order. `prop_colour` is the pillar's
    (`PILLAR_COLOURS`) or that of the jar's liquid (`COLOURS`). `views` holds one view a shot
    where there are several shots, and is empty for one.
    """

    objects: tuple[ObjectFacts, ...] = ()
    events: tuple[EventFacts, ...] = ()
    prop: str | None = None
    prop_colour: str | None = None
    background_kind: str | None = None
    background_colour: str | None = None
    camera: str | None = None
    style: str | None = None
    views: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in SCENE_VALUES.items():
            _check(name, getattr(self, name), allowed)
        for view in self.views:
            _check("views", view, VIEWS)
        for event in self.events:
            for end in (event.subject, event.target):
                if isinstance(end, int) and not 0 <= end < len(self.objects):
                    raise ValueError(f"event {event.kind!r} names object {end}, which is not there")


SCENE_VALUES: dict[str, tuple[str, ...]] = {
    "prop": PROPS,
    "prop_colour": (*PILLAR_COLOURS, *COLOURS),
    "background_kind": BACKGROUND_KINDS,
    "background_colour": BACKGROUND_COLOURS,
    "camera": (*CAMERA_MOVES, *FLOOR_CAMERA_MOVES[1:]),
    "style": STYLES,
}

OBJECT_FIELDS = tuple(item.name for item in fields(ObjectFacts))
MAX_MATCHED_OBJECTS = 6
"""`match_objects` tries every order up to here, and goes by likeness beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One statement in which two facts differ.

    `path` is `style`, `objects[1].colour`, `events`, ...; a value is None where that side
    states nothing.
    """

    path: str
    one: Any
    other: Any


def canonical(facts: Facts) -> Facts:
    """Return the same facts with objects in the order of their attributes.

    Two facts that state the same are equal afterwards. Objects stated alike in everything
    are told apart by the events that name them.
    """
    order = sorted(range(len(facts.objects)), key=lambda i: _object_key(facts, i))
    return reorder(facts, order)


def reorder(facts: Facts, order: list[int]) -> Facts:
    """Return the facts with object `order[i]` in place i, and the events renumbered."""
    number = {old: new for new, old in enumerate(order)}
    events = []
    for event in facts.events:
        subject = None if event.subject is None else number[event.subject]
        target = number[event.target] if isinstance(event.target, int) else event.target
        if (
            event.kind == "collide"
            and subject is not None
            and isinstance(target, int)
            and target < subject
        ):
            subject, target = target, subject
        events.append(EventFacts(kind=event.kind, subject=subject, target=target))
    return replace(facts, objects=tuple(facts.objects[i] for i in order), events=tuple(events))


def match_objects(one: Facts, other: Facts) -> list[tuple[int | None, int | None]]:
    """Pair the objects of two facts so that as many stated attributes as can agree.

    Returns (index in `one`, index in `other`); None on one side where objects are left over.
    Colour and shape count more than the rest, since they name the object.
    """
    swapped = len(one.objects) > len(other.objects)
    few, many = (other, one) if swapped else (one, other)
    likeness = [[_likeness(a, b) for b in many.objects] for a in few.objects]
    best = _assign(likeness, len(many.objects))
    pairs: list[tuple[int | None, int | None]] = [*enumerate(best)]
    pairs += [(None, j) for j in range(len(many.objects)) if j not in best]
    return [(b, a) for a, b in pairs] if swapped else pairs


def differences(one: Facts, other: Facts) -> tuple[Difference, ...]:
    """Return every statement in which two facts differ, objects paired by `match_objects`.

    Paths name the object's place in `one` (in `other` where only that has it). Events are one
    statement, in order: they are compared with the objects' numbers brought together.
    """
    found = []
    pairs = match_objects(one, other)
    for a, b in pairs:
        where = f"objects[{a if a is not None else b}]"
        if a is None or b is None:
            found.append(
                Difference(
                    path=where,
                    one=None if a is None else one.objects[a],
                    other=None if b is None else other.objects[b],
                )
            )
            continue
        for name in OBJECT_FIELDS:
            ours, theirs = getattr(one.objects[a], name), getattr(other.objects[b], name)
            if ours != theirs:
                found.append(Difference(path=f"{where}.{name}", one=ours, other=theirs))
    renamed = _renamed_events(other, {b: a for a, b in pairs if b is not None})
    if _plain(one.events) != renamed:
        found.append(Difference(path="events", one=one.events, other=other.events))
    for name in (*SCENE_VALUES, "views"):
        ours, theirs = getattr(one, name), getattr(other, name)
        if ours != theirs:
            found.append(Difference(path=name, one=ours, other=theirs))
    return tuple(found)


def to_plain(facts: Facts) -> dict[str, Any]:
    """Return facts as plain data for JSON; what is not stated is left out."""

    def stated(item: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in item.items() if value not in (None, False, (), [])}

    plain = stated(asdict(facts))
    plain["objects"] = [stated(item) for item in plain.get("objects", ())]
    if "events" in plain:
        plain["events"] = [
            {key: value for key, value in item.items() if value is not None}
            for item in plain["events"]
        ]
    return plain


def to_json(facts: Facts) -> str:
    """Return `to_plain` as JSON."""
    return json.dumps(to_plain(facts))


def from_json(text: str) -> Facts:
    """Return the facts that `to_json` wrote. Raises ValueError for anything else."""
    try:
        plain = json.loads(text)
        objects = tuple(ObjectFacts(**item) for item in plain.pop("objects", ()))
        events = tuple(EventFacts(**item) for item in plain.pop("events", ()))
        views = tuple(plain.pop("views", ()))
        return Facts(objects=objects, events=events, views=views, **plain)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not facts: {error}") from error


def _check(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise ValueError(f"{name} {value!r} is not one of {', '.join(allowed)}")


def _object_key(facts: Facts, index: int) -> tuple[Any, ...]:
    item = facts.objects[index]
    values = []
    for name in OBJECT_FIELDS:
        value = getattr(item, name)
        if isinstance(value, bool):
            values.append(int(value))
        else:
            values.append(-1 if value is None else OBJECT_VALUES[name].index(value))
    roles = tuple(
        (place, EVENT_KINDS.index(event.kind), event.kind == "collide" or event.subject == index)
        for place, event in enumerate(facts.events)
        if index in (event.subject, event.target)
    )
    return (*values, roles)


def _likeness(one: ObjectFacts, other: ObjectFacts) -> float:
    total = 0.0
    for name in OBJECT_FIELDS:
        ours, theirs = getattr(one, name), getattr(other, name)
        weight = {"colour": 4.0, "shape": 3.0}.get(name, 1.0)
        if ours not in (None, False) and theirs not in (None, False):
            total += weight if ours == theirs else -weight
    return total


def _assign(likeness: list[list[float]], num_columns: int) -> list[int]:
    """Return a column for every row so that the sum of their likeness is greatest."""
    rows = range(len(likeness))
    if num_columns <= MAX_MATCHED_OBJECTS:

        def total(order: Iterable[int]) -> float:
            return sum(likeness[i][j] for i, j in zip(rows, order, strict=True))

        orders: Iterator[tuple[int, ...]] = permutations(range(num_columns), len(likeness))
        return list(max(orders, key=total))
    free = set(range(num_columns))
    chosen = []
    for i in rows:
        best = max(sorted(free), key=lambda j: likeness[i][j])
        free.remove(best)
        chosen.append(best)
    return chosen


def _plain(events: tuple[EventFacts, ...]) -> list[tuple[str, frozenset[Any] | tuple[Any, Any]]]:
    return [
        (
            event.kind,
            frozenset((event.subject, event.target))
            if event.kind == "collide"
            else (event.subject, event.target),
        )
        for event in events
    ]


def _renamed_events(
    facts: Facts, names: Mapping[int, int | None]
) -> list[tuple[str, frozenset[Any] | tuple[Any, Any]]]:
    """Return the events with every object number replaced; unpaired ones by a name of their own."""

    def name(end: int | str | None) -> Any:
        if not isinstance(end, int):
            return end
        return f"unpaired {end}" if names.get(end) is None else names[end]

    return [
        (
            event.kind,
            frozenset((name(event.subject), name(event.target)))
            if event.kind == "collide"
            else (name(event.subject), name(event.target)),
        )
        for event in facts.events
    ]
