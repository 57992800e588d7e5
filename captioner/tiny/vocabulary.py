"""The tokens of the structured caption: every field with its values."""

from __future__ import annotations

from schemas.facts import (
    ACTIONS,
    BACKGROUND_COLOURS,
    BACKGROUND_KINDS,
    CHANGES,
    COLOURS,
    DIRECTIONS,
    EVENT_KINDS,
    PILLAR_COLOURS,
    PLACES,
    PROPS,
    SCENE_VALUES,
    SHAPES,
    SIZES,
    SPEEDS,
    STYLES,
    VIEWS,
)

NONE = "none"
END = "end"
MAX_OBJECTS = 4
MAX_VIEWS = 3
MAX_EVENTS = 10
"""Of a longer story only the first events are told."""
MAX_TOKENS = 100

FIELD_VALUES: dict[str, tuple[str, ...]] = {
    "background_kind": BACKGROUND_KINDS,
    "background_colour": BACKGROUND_COLOURS,
    "camera": SCENE_VALUES["camera"],
    "style": STYLES,
    "prop": (*PROPS, NONE),
    "prop_colour": (*PILLAR_COLOURS, *COLOURS),
    "views": (*VIEWS, END),
    "colour": COLOURS,
    "objects": (END,),
    "shape": SHAPES,
    "size": (*SIZES, NONE),
    "place": (*PLACES, NONE),
    "action": ACTIONS,
    "direction": (*DIRECTIONS, NONE),
    "speed": (*SPEEDS, NONE),
    "bounces": ("no", "yes"),
    "change": (*CHANGES, NONE),
    "new_colour": COLOURS,
    "leaves_trail": ("no", "yes"),
    "kind": EVENT_KINDS,
    "events": (END,),
    "subject": COLOURS,
    "target": (*COLOURS, "left", "right", "up", "down"),
}
"""What may be written of each field."""

TOKENS: tuple[str, ...] = (
    "<pad>",
    "<short>",
    "<long>",
    *(f"{name}:{value}" for name, values in FIELD_VALUES.items() for value in values),
)
NUMBERS: dict[str, int] = {token: number for number, token in enumerate(TOKENS)}
FIELD_OF: tuple[str, ...] = tuple(token.split(":")[0] for token in TOKENS)
VALUE_OF: tuple[str, ...] = tuple(token.rpartition(":")[2] for token in TOKENS)
PAD = 0
