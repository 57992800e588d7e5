"""Draw attributes by lot, and check that a plan is plain to see (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.world.camera import Room
from pipeline.world.motion import body_of, extent_of
from pipeline.world.physics import Body, Hit, overlap, simulate
from pipeline.world.spec import ObjectSpec, SceneSpec
from pipeline.world.splits import fits_split, marked
from pipeline.world.stated import place_of
from pipeline.world.vocabulary import (
    BACKGROUND_RGB,
    DIRECTIONS,
    INK_LIKE_GROUNDS,
    OBJECT_COLOURS,
    SPEEDS,
    colour_distance,
)
from schemas.facts import BACKGROUND_COLOURS, SHAPES, STYLES

MIN_CONTRAST = 110.0
"""Least RGB distance of an object's colour from the background's."""
PLACE_MARGIN = 0.03
"""Units that an object's centre keeps from the border between two places."""
GAP = 0.04
"""Units that objects keep from one another at first."""
QUIET_S = 0.2
"""Nothing new happens in the last so many seconds (and never in the last three frames)."""
APART_S = 0.3
"""Hits of one object are so far apart (and three frames at least), so that each is seen."""
MIN_JOLT = 0.06
"""A hit changes every velocity by so much, in units per second."""
_FITTING_TRIES = 60
_STYLE_SHARES = (0.5, 0.25, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """The lot and the frame of one scene; lengths in units, times in seconds."""

    rng: np.random.Generator
    split: str
    seed: int
    width: float
    height: float
    num_frames: int
    fps: float

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last."""
        return self.num_frames / self.fps

    @property
    def last_s(self) -> float:
        """The time of the last frame."""
        return (self.num_frames - 1) / self.fps

    @property
    def lead_s(self) -> float:
        """Objects keep their first direction for so long at least."""
        return min(0.45 * self.last_s, 0.8)

    @property
    def quiet_from_s(self) -> float:
        """Nothing new happens from here on."""
        return self.last_s - max(QUIET_S, 3 / self.fps)

    @property
    def frame(self) -> Room:
        """The frame as a room whose walls are its edges."""
        return Room(
            left=-self.width / 2,
            top=-self.height / 2,
            right=self.width / 2,
            bottom=self.height / 2,
        )

    def pick(self, names: Any) -> Any:
        """Return one of several, each as likely as the others."""
        return names[int(self.rng.integers(len(names)))]

    def chance(self, share: float) -> bool:
        """Return True in this share of cases."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """Return a number between two."""
        return float(self.rng.uniform(low, high))

    def style(self) -> str:
        """Return a style; the flat one is as likely as the others together."""
        return str(self.rng.choice(STYLES, p=_STYLE_SHARES))

    def background_colour(self, names: tuple[str, ...] = BACKGROUND_COLOURS) -> str:
        """Return a background colour."""
        return str(self.pick(names))

    def colours(self, background: str, count: int, without: tuple[str, ...] = ()) -> list[str]:
        """Return different object colours that stand out from the background."""
        names = [
            name
            for name, rgb in OBJECT_COLOURS.items()
            if name not in without
            and colour_distance(rgb, BACKGROUND_RGB[background]) >= MIN_CONTRAST
        ]
        chosen: list[str] = self.rng.permutation(names)[:count].tolist()
        return chosen

    def shape(self) -> str:
        """Return a shape."""
        return str(self.pick(SHAPES))

    def direction(self) -> str:
        """Return one of eight directions."""
        return str(self.pick(tuple(DIRECTIONS)))

    def speed(self) -> str:
        """Return one of three speeds."""
        return str(self.pick(tuple(SPEEDS)))

    def fitting(self, make: Callable[[], ObjectSpec]) -> ObjectSpec:
        """Return an object drawn again and again until the split may show it, if ever."""
        for _ in range(_FITTING_TRIES):
            item = make()
            if fits_split(self.split, (item,)):
                break
        return item

    def scene(
        self,
        kind: str,
        objects: tuple[ObjectSpec, ...],
        *,
        background_colour: str,
        grounds: tuple[str, ...],
        room: Room | None,
        camera_move: str = "still",
        **more: Any,
    ) -> SceneSpec | None:
        """Return the plan, its objects in the order of the facts; None where the split forbids it.

        The background is one of the kinds `grounds`; the style any in which objects stand out
        from it. `more` are further fields
        of `SceneSpec`.
        """
        background_kind, style = self.pick(grounds), self.style()
        if style == "outlined" and background_colour in INK_LIKE_GROUNDS:
            style = "shaded"
        if not fits_split(self.split, objects):
            return None
        order = sorted(objects, key=lambda item: tuple(OBJECT_COLOURS).index(item.colour))
        return SceneSpec(
            kind=kind,
            seed=self.seed,
            width=self.width,
            height=self.height,
            duration_s=self.duration_s,
            background_kind=background_kind,
            background_colour=background_colour,
            texture_seed=marked(self.split, int(self.rng.integers(2**31))),
            camera_move=camera_move,
            style=style,
            objects=tuple(order),
            room=None if room is None else (room.left, room.top, room.right, room.bottom),
            **more,
        )

    def clear_place(self, x: float, y: float) -> str | None:
        """Return the place of a point of the first frame; None too near a border of two."""
        for value, size in ((x, self.width), (y, self.height)):
            if min(abs(value - size / 6), abs(value + size / 6)) < PLACE_MARGIN:
                return None
        return place_of(x, y, self.width, self.height)

    def start(self, item: ObjectSpec, room: Room) -> tuple[float, float] | None:
        """Return where an object may start so that no wall meets it within `lead_s`."""
        left, top, right, bottom = extent_of(item)
        lead = self.lead_s
        spot = []
        for low, high, speed in (
            (room.left - left, room.right - right, item.vx),
            (room.top - top, room.bottom - bottom, item.vy),
        ):
            first = low - min(speed * lead, 0.0)
            last = high - max(speed * lead, 0.0)
            if first > last:
                return None
            spot.append(self.between(first, last))
        return spot[0], spot[1]

    def is_plain(self, objects: tuple[ObjectSpec, ...], hits: list[Hit]) -> bool:
        """Return whether every hit can be seen for what it is.

        Hits come neither too early nor at the end, none to what changes, none that hardly
        changes a path; one object's hits, and collisions, stay apart by some frames.
        """
        apart = max(APART_S, 3 / self.fps)
        for one, other in combinations(hits, 2):
            both = {one.one, one.other} & {other.one, other.other} - {None}
            collide = one.other is not None and other.other is not None
            if (both or collide) and abs(other.time_s - one.time_s) < apart:
                return False
        for hit in hits:
            if hit.time_s < self.lead_s or hit.time_s > self.quiet_from_s or hit.jolt < MIN_JOLT:
                return False
            for i in (hit.one, hit.other):
                is_object = i is not None and i < len(objects)
                if is_object and objects[i or 0].change in ("grow", "shrink", "turn"):
                    return False
        return True

    def times(self) -> NDArray[np.float64]:
        """Return the time of every frame."""
        return np.arange(self.num_frames) / self.fps

    def run(
        self,
        objects: tuple[ObjectSpec, ...],
        room: Room | None,
        *,
        props: tuple[Body, ...] = (),
        fixed: tuple[int, ...] = (),
        is_wanted: Callable[[list[Hit]], bool] | None = None,
        **forces: float,
    ) -> tuple[NDArray[np.float64], list[Hit]] | None:
        """Simulate objects; None where they overlap at first, or it is not to be gone on with.

        That is where they never come to an end, or the hits so far are not wanted.
        """
        bodies = [*(body_of(item) for item in objects), *props]
        for i in fixed:
            bodies[i].is_fixed = True
        for i, one in enumerate(bodies):
            if any(overlap(one, other, GAP) for other in bodies[i + 1 :]):
                return None
        try:
            return simulate(bodies, room, self.times(), is_wanted=is_wanted, **forces)
        except ValueError:
            return None


def mover(colour: str, shape: str, size: str, direction: str, speed: str) -> ObjectSpec:
    """Return an object that moves evenly, still to be placed."""
    step_x, step_y = DIRECTIONS[direction]
    return ObjectSpec(
        colour=colour,
        shape=shape,
        size=size,
        action="move",
        direction=direction,
        speed=speed,
        vx=step_x * SPEEDS[speed],
        vy=step_y * SPEEDS[speed],
    )


def half_size(item: ObjectSpec) -> tuple[float, float]:
    """Return how far an object reaches from its centre, sideways and upwards or downwards."""
    left, top, right, bottom = extent_of(item)
    return max(-left, right), max(-top, bottom)
