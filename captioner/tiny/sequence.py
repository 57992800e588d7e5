"""The structured caption as a sequence: facts spelled over a closed vocabulary, and back.

    <long> background_kind:plain background_colour:grey camera:still style:flat prop:none
    views:end colour:red shape:circle ... objects:end kind:collide subject:red target:blue
    events:end

Objects stand in the order of their colours, which differ within a clip; events name them by
colour. `<short>` says what the objects are and do, before what, and what happens. The grammar
tells which tokens may follow, so that whatever is written by it can be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from captioner.tiny.vocabulary import (
    END,
    FIELD_OF,
    FIELD_VALUES,
    MAX_EVENTS,
    MAX_OBJECTS,
    MAX_VIEWS,
    NONE,
    NUMBERS,
    TOKENS,
    VALUE_OF,
)
from schemas.facts import (
    COLOURS,
    EVENT_KINDS,
    OBJECT_FIELDS,
    PILLAR_COLOURS,
    VIEWS,
    EventFacts,
    Facts,
    ObjectFacts,
)

Control = Literal["short", "long"]
_SCENE_FIELDS = ("background_kind", "background_colour", "camera", "style", "prop")
AFTER_COLOUR = tuple(name for name in OBJECT_FIELDS if name != "colour")
"""What is told of an object once its colour has named it, in order."""
_SHORT_OBJECT_FIELDS = ("shape", "action", "direction")
_WITHOUT_SUBJECT = ("spill",)
_OBJECT_TARGETS = ("collide", "bite")
_NEEDED_PROP = {
    "hide": "pillar",
    "reappear": "pillar",
    "put_out": "candle",
    "break": "jar",
    "spill": "jar",
    "collect": "coins",
}
_WAYS = ("left", "right", "up", "down")
_PROP_COLOURS: dict[str, tuple[str, ...]] = {"pillar": PILLAR_COLOURS, "jar": COLOURS}


def encode(facts: Facts, control: Control = "long") -> list[int]:
    """Return the facts as token numbers, the control token first.

    Raises ValueError for facts that no drawn scene has: two objects of one colour, an object
    without a colour, an event that the grammar does not know.
    """
    order = sorted(
        range(len(facts.objects)), key=lambda i: COLOURS.index(facts.objects[i].colour or "red")
    )
    names = [item.colour for item in facts.objects]
    if None in names or len(set(names)) != len(names) or len(names) > MAX_OBJECTS:
        raise ValueError(f"objects are told apart by their colours, got {names}")
    writer = Writer(control)
    todo: list[tuple[str, str]] = []
    for name in _scene_fields(control):
        todo.append((name, getattr(facts, name) or NONE))
        if name == "prop" and facts.prop in _PROP_COLOURS:
            todo.append(("prop_colour", facts.prop_colour or NONE))
    if control == "long":
        todo += [("views", view) for view in facts.views]
        todo += [("views", END)] if len(facts.views) < MAX_VIEWS else []
    for i in order:
        item = facts.objects[i]
        todo.append(("colour", item.colour or NONE))
        for name in _object_fields(control, item.action, item.change):
            todo.append((name, _spelled(getattr(item, name))))
    if len(names) < MAX_OBJECTS:
        todo.append(("objects", END))
    for event in facts.events[:MAX_EVENTS]:
        todo.append(("kind", event.kind))
        if event.subject is not None:
            todo.append(("subject", names[event.subject] or NONE))
        if isinstance(event.target, int):
            todo.append(("target", names[event.target] or NONE))
        elif event.target in _WAYS:
            todo.append(("target", str(event.target)))
    if len(facts.events) < MAX_EVENTS:
        todo.append(("events", END))
    for name, value in todo:
        number = NUMBERS.get(f"{name}:{value}")
        if number is None or number not in writer.legal():
            raise ValueError(f"{name} {value!r} cannot be told here")
        writer.push(number)
    return writer.tokens


def decode(tokens: list[int]) -> Facts:
    """Return the facts that `encode` spelled. Raises ValueError where a token is out of place."""
    if not tokens or TOKENS[tokens[0]] not in ("<short>", "<long>"):
        raise ValueError("a sequence begins with <short> or <long>")
    writer = Writer("short" if TOKENS[tokens[0]] == "<short>" else "long")
    for token in tokens[1:]:
        if token not in writer.legal():
            raise ValueError(f"{TOKENS[token]} is out of place")
        writer.push(token)
    return writer.facts()


def _scene_fields(control: Control) -> tuple[str, ...]:
    return _SCENE_FIELDS if control == "long" else ("background_kind", "background_colour", "prop")


def _object_fields(control: Control, action: str | None, change: str | None) -> list[str]:
    names = []
    for name in AFTER_COLOUR if control == "long" else _SHORT_OBJECT_FIELDS:
        needed = {
            "direction": action in ("move", "fly"),
            "speed": action == "move",
            "bounces": action != "rest",
            "new_colour": change == "recolour",
            "leaves_trail": action == "move",
        }
        if needed.get(name, True):
            names.append(name)
    return names


def _spelled(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or NONE


@dataclass(slots=True)
class Writer:
    """A sequence that is being written; `legal` tells what may come next."""

    control: Control
    tokens: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """What each token states: `style`, `objects[1].colour`, `events[0].kind`, ..."""
    scene: dict[str, str] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)
    objects: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    stage: str = "scene"

    def __post_init__(self) -> None:
        if not self.tokens:
            self.tokens.append(NUMBERS[f"<{self.control}>"])
            self.paths.append("")

    @property
    def is_done(self) -> bool:
        """Whether nothing can follow."""
        return self.stage == "done"

    def legal(self) -> list[int]:
        """Return the token numbers that may come next; none when the sequence is done."""
        return [NUMBERS[f"{name}:{value}"] for name, value in self._options()]

    def push(self, token: int) -> None:
        """Append a token that is legal."""
        name, value = FIELD_OF[token], VALUE_OF[token]
        self.tokens.append(token)
        self.paths.append(self._path(name))
        if name in ("views", "objects", "events"):
            if value == END:
                self._next_stage()
            else:
                self.views.append(value)
                if len(self.views) == MAX_VIEWS:
                    self._next_stage()
        elif name == "colour":
            self.objects.append({"colour": value})
        elif name == "kind":
            self.events.append({"kind": value})
        elif name in ("subject", "target"):
            self.events[-1][name] = value
        elif self.stage == "scene":
            self.scene[name] = value
        else:
            self.objects[-1][name] = value
        self._step()

    def facts(self) -> Facts:
        """Return what has been written so far as facts."""
        names = [item["colour"] for item in self.objects]
        told: list[dict[str, Any]] = [
            {key: _read(key, value) for key, value in item.items()} for item in self.objects
        ]
        objects = tuple(ObjectFacts(**item) for item in told)
        events = tuple(_event(event, names) for event in self.events if self._is_whole(event))
        scene: dict[str, Any] = {key: _read(key, value) for key, value in self.scene.items()}
        return Facts(objects=objects, events=events, views=tuple(self.views), **scene)

    def _options(self) -> list[tuple[str, str]]:
        if self.stage == "scene":
            name = self._missing_scene_field()
            if name == "prop_colour":
                return [(name, value) for value in _PROP_COLOURS[self.scene["prop"]]]
            return [(name or "", value) for value in FIELD_VALUES[name or ""]]
        if self.stage == "views":
            ends = [("views", END)] if len(self.views) != 1 else []
            return [*(("views", view) for view in VIEWS if [view] != self.views[-1:]), *ends]
        if self.stage == "objects":
            name = self._missing_object_field()
            if name is not None:
                return [(name, value) for value in self._object_values(name)]
            last = COLOURS.index(self.objects[-1]["colour"]) if self.objects else -1
            return [*(("colour", value) for value in COLOURS[last + 1 :]), ("objects", END)]
        if self.stage == "events":
            return self._event_options()
        return []

    def _object_values(self, name: str) -> tuple[str, ...]:
        item = self.objects[-1]
        if name == "new_colour":
            return tuple(value for value in COLOURS if value != item["colour"])
        if name == "direction" and item["action"] == "fly":
            return ("right", "left", NONE)
        return FIELD_VALUES[name]

    def _event_options(self) -> list[tuple[str, str]]:
        names = [item["colour"] for item in self.objects]
        if self.events and not self._is_whole(self.events[-1]):
            event = self.events[-1]
            if "subject" not in event and event["kind"] not in _WITHOUT_SUBJECT:
                few = names[:-1] if event["kind"] == "collide" else names
                return [("subject", name) for name in few]
            if event["kind"] == "go":
                return [("target", way) for way in _WAYS]
            others = [name for name in names if name != event["subject"]]
            if event["kind"] == "collide":
                others = names[names.index(event["subject"]) + 1 :]
            return [("target", name) for name in others]
        kinds = []
        for kind in EVENT_KINDS:
            least = 2 if kind in _OBJECT_TARGETS else 0 if kind in _WITHOUT_SUBJECT else 1
            prop = _NEEDED_PROP.get(kind)
            if len(names) >= least and prop in (None, self.scene.get("prop")):
                kinds.append(("kind", kind))
        return [*kinds, ("events", END)]

    def _is_whole(self, event: dict[str, str]) -> bool:
        kind = event["kind"]
        needs_target = kind in _OBJECT_TARGETS or kind == "go"
        return (kind in _WITHOUT_SUBJECT or "subject" in event) and (
            not needs_target or "target" in event
        )

    def _missing_scene_field(self) -> str | None:
        for name in _scene_fields(self.control):
            if name not in self.scene:
                return name
            if (
                name == "prop"
                and self.scene["prop"] in _PROP_COLOURS
                and "prop_colour" not in self.scene
            ):
                return "prop_colour"
        return None

    def _missing_object_field(self) -> str | None:
        if not self.objects:
            return None
        item = self.objects[-1]
        for name in _object_fields(self.control, item.get("action"), item.get("change")):
            if name not in item:
                return name
        return None

    def _path(self, name: str) -> str:
        if name == "colour":
            return f"objects[{len(self.objects)}].colour"
        if name == "kind":
            return f"events[{len(self.events)}].kind"
        if name in ("subject", "target"):
            return f"events[{len(self.events) - 1}].{name}"
        if self.stage == "objects" and name != "objects":
            return f"objects[{len(self.objects) - 1}].{name}"
        return name

    def _next_stage(self) -> None:
        after = {"scene": "views", "views": "objects", "objects": "events", "events": "done"}
        self.stage = after[self.stage]
        if self.stage == "views" and self.control == "short":
            self.stage = "objects"

    def _step(self) -> None:
        """Go on to the next stage where this one is full."""
        if self.stage == "scene" and self._missing_scene_field() is None:
            self._next_stage()
        full = len(self.objects) == MAX_OBJECTS and self._missing_object_field() is None
        if self.stage == "objects" and full:
            self._next_stage()
        whole = len(self.events) == MAX_EVENTS and self._is_whole(self.events[-1])
        if self.stage == "events" and whole:
            self._next_stage()


def _read(name: str, value: str) -> str | bool | None:
    if name in ("bounces", "leaves_trail"):
        return value == "yes"
    return None if value == NONE else value


def _event(event: dict[str, str], names: list[str]) -> EventFacts:
    kind = event["kind"]
    subject = names.index(event["subject"]) if "subject" in event else None
    target: int | str | None = _NEEDED_PROP.get(kind)
    if "target" in event:
        target = event["target"] if kind == "go" else names.index(event["target"])
    return EventFacts(kind=kind, subject=subject, target=target)


def spoken(facts: Facts, control: Control) -> Facts:
    """Return the part of the facts that a caption of this control tells."""
    if control == "long":
        return facts
    objects = tuple(
        ObjectFacts(
            colour=item.colour, shape=item.shape, action=item.action, direction=item.direction
        )
        for item in facts.objects
    )
    return replace(facts, objects=objects, camera=None, style=None, views=())
