"""What a drawn scene is, as data: the state of everything in it, frame by frame.

Pixel coordinates: the centre of the top left pixel is (0, 0), x points right, y down. Lists
hold one item per frame. Frames count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """The camera.

    `speed` is shorter sides per second for pans and tilts, units per second for travels, and
    the logarithm of the magnification per second for zooms; 0 when still. `x`, `y`: the point
    of the scene at the centre of the picture, in pixels of a frame whose magnification is 1;
    `zoom`: the magnification. In a scene with a floor they are the camera's place sideways
    and forward in units of `floor`, and 1.
    """

    move: str
    speed: float
    x: tuple[float, ...]
    y: tuple[float, ...]
    zoom: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectState:
    """One object; `object_index` is its place in the facts.

    `x_px`, `y_px`: its centre in the frame, also where it is hidden or outside of it;
    `diameter_px`: of the disc of equal area; `angle_deg`: turned clockwise since its upright
    form; `visibility`: 0..1, the share of it that is inside the frame and not covered;
    `colour`: the name of its colour.
    """

    object_index: int
    shape: str
    x_px: tuple[float, ...]
    y_px: tuple[float, ...]
    diameter_px: tuple[float, ...]
    angle_deg: tuple[float, ...]
    visibility: tuple[float, ...]
    colour: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """One event and the first frame that shows it.

    `kind`, `subject` and `target` are those of `schemas.facts.EventFacts`, and besides
    `bounce` (of an object) and `cut` (another shot of the same scene begins).
    """

    kind: str
    frame: int
    subject: int | None = None
    target: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneTruth:
    """All that is true of one drawn scene.

    `actions` drove the player of a maze, one after another in equal times. `impossible` names
    what breaks physics, if anything does, and `impossible_frame` is the first frame of it.
    """

    width_px: int
    height_px: int
    num_frames: int
    fps: float
    facts: Facts
    camera: CameraState
    objects: tuple[ObjectState, ...]
    events: tuple[EventState, ...]
    actions: tuple[str, ...] = ()
    impossible: str | None = None
    impossible_frame: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnScene:
    """A scene's pixels (T,H,W,3 uint8 RGB) and its truth."""

    pixels_THWC: NDArray[np.uint8]
    truth: SceneTruth
