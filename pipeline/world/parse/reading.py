"""What the parser returns: facts, and the measurements that they rest on.

Pixel coordinates as in `world.state`: the centre of the top left pixel is (0, 0), y points
down. Lists hold one item per frame; a value is NaN where the thing is not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.facts import Facts

SEEN_KEYS = ("object", "colour", "shape")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReading:
    """One object, or a thing that may be one.

    `diameter_px`: of the disc of equal area. `angle_deg`: clockwise since its upright form.
    `opacity`: 1 where its colour is as vivid as named. `seen`: at least a part of it is.
    `colour`, `shape`: the best guess, also where it is too poor for the facts. `confidence`:
    per attribute 0..1; `object` is that it is one at all.
    """

    colour: str
    shape: str | None
    x_px: tuple[float, ...]
    y_px: tuple[float, ...]
    diameter_px: tuple[float, ...]
    angle_deg: tuple[float, ...]
    opacity: tuple[float, ...]
    seen: tuple[bool, ...]
    confidence: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReading:
    """One event and the first frame that shows it.

    `kind` is one of `schemas.facts.EVENT_KINDS`, or `bounce`, `cut`, or what the world never
    shows: `kick` (a sudden change of velocity away from all else), `appear`, `vanish`.
    Objects are numbered as in the facts.
    """

    kind: str
    frame: int
    subject: int | None = None
    target: int | str | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraReading:
    """How the background moves.

    `shift_x_px`, `shift_y_px`, `log_zoom`: of its picture from the frame before, about the
    middle of the frame; 0 in the first. `confidence`: of `move`, which is None where poor.
    """

    move: str | None
    shift_x_px: tuple[float, ...]
    shift_y_px: tuple[float, ...]
    log_zoom: tuple[float, ...]
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that was read from one clip; `objects` are those of `facts`, in their order.

    `candidates` look like objects but are half-faded, too small or seen too briefly.
    `num_objects_per_frame` counts objects and candidates that are seen as solid. `cuts`: the
    first frame of every shot but the first.
    """

    facts: Facts
    objects: tuple[ObjectReading, ...]
    candidates: tuple[ObjectReading, ...]
    events: tuple[EventReading, ...]
    camera: CameraReading
    num_objects_per_frame: tuple[int, ...]
    cuts: tuple[int, ...]
    confidence: Mapping[str, float]
    """Of the scene's statements, 0..1: `style`, `background_kind`, `background_colour`."""

    @property
    def likeness(self) -> float:
        """How much the clip is like one of the world, 0..1; drawn ones are near 1.

        The mean over the objects of how sure their colour and shape are, the lesser of both;
        0 without objects. Real footage with vivid spots in it stays low.
        """
        if not self.objects:
            return 0.0
        sure = [min(item.confidence.get(key, 1.0) for key in SEEN_KEYS) for item in self.objects]
        return sum(sure) / len(sure)
