"""What a scene shows, free of pixel counts: the plan from which it is drawn.

Lengths are in units (the frame's shorter side), times in seconds. The origin is the centre of
what the camera sees in the middle of the scene; x points right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.world.vocabulary import SIZES


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSpec:
    """One object: its words (see `schemas.facts.ObjectFacts`), its start and its speed.

    `place` is where it is seen at first. `turn_deg_per_s` and `growth` (size at the end over
    size at first) follow its change; `change_share` is when in the scene its colour changes.
    """

    colour: str
    shape: str
    size: str | None
    action: str
    direction: str | None = None
    speed: str | None = None
    x: float = 0.0
    y: float = 0.0
    place: str | None = None
    vx: float = 0.0
    vy: float = 0.0
    diameter: float = 0.0
    change: str | None = None
    new_colour: str | None = None
    change_share: float = 0.5
    turn_deg_per_s: float = 0.0
    growth: float = 1.0
    leaves_trail: bool = False

    def __post_init__(self) -> None:
        if not self.diameter and self.size:
            object.__setattr__(self, "diameter", SIZES[self.size])


@dataclass(frozen=True, slots=True, kw_only=True)
class PropSpec:
    """A thing that belongs to the scene and is no object: its middle and its size in units."""

    kind: str
    colour: str | None
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSpec:
    """One shot of a scene of several: what it is and from which share of the time it stands.

    A close view magnifies by `zoom` about (`x`, `y`).
    """

    view: str
    start_share: float
    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSpec:
    """A scene. Objects are sorted as `schemas.facts.canonical` sorts them.

    `kind` is one of `choose.SCENE_KINDS`. `width`, `height`: of the frame in units. `room`:
    left, top, right and bottom wall; None where there are no walls.
    `actions` drive the player of a maze, one after another in equal times. `impossible` is a
    key of `impossible.BREACHES`, broken at `breach_share` of the scene's time.
    """

    kind: str
    seed: int
    width: float
    height: float
    duration_s: float
    background_kind: str
    background_colour: str
    texture_seed: int
    camera_move: str
    style: str
    objects: tuple[ObjectSpec, ...]
    room: tuple[float, float, float, float] | None
    prop: PropSpec | None = None
    views: tuple[ViewSpec, ...] = ()
    actions: tuple[str, ...] = ()
    impossible: str | None = None
    breach_share: float = 0.5
