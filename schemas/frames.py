"""Pixels in memory, and the protocols by which one package lends a power to another.

Siblings never import each other. Curation owns the one decoder; captioning and training
receive it as a `FrameReader` from `orchestration/plan.py`. The same holds for the rest.
Shapes: T frames, H W height and width in pixels, C = 3 channels (red, green, blue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.expansion import Expansion
from schemas.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of displayed pixels; `x_px`, `y_px` is its top left corner."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRef:
    """All that a reader needs to fetch a clip's pixels: where, which frames, which part.

    Times are in ticks of `time_base_num / time_base_den` seconds. `frame_pts` holds the
    timestamp of every frame of the clip, in order; `start_frame` is the index in the video
    of the first. Sizes are as displayed: rotation is applied.
    """

    clip_id: str
    video_id: str
    uri: str
    start_frame: int
    frame_pts: tuple[int, ...]
    end_pts: int
    time_base_num: int
    time_base_den: int
    width_px: int
    height_px: int
    reader: str
    """`decord` where its frames were seen to equal PyAV's for this video, else `pyav`."""
    crop: Box | None = None

    @property
    def num_frames(self) -> int:
        """Frames in the clip."""
        return len(self.frame_pts)

    @property
    def duration_s(self) -> float:
        """From the first frame's start to the last frame's end."""
        ticks = self.end_pts - self.frame_pts[0]
        return ticks * self.time_base_num / self.time_base_den

    @property
    def frame_times_s(self) -> list[float]:
        """Start of every frame in seconds, counted from the clip's own start."""
        first = self.frame_pts[0]
        scale = self.time_base_num / self.time_base_den
        return [(pts - first) * scale for pts in self.frame_pts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Decoded frames: `pixels_THWC` uint8 RGB, and the start of each in seconds."""

    pixels_THWC: NDArray[np.uint8]
    times_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.pixels_THWC.ndim != 4 or self.pixels_THWC.shape[3] != 3:
            raise ValueError(f"frames are T,H,W,3, got {self.pixels_THWC.shape}")
        if len(self.times_s) != len(self.pixels_THWC):
            raise ValueError(f"{len(self.pixels_THWC)} frames, {len(self.times_s)} times")


class FrameReader(Protocol):
    """Fetches frames of a clip; the one decoder of curation, captioning and training."""

    def read(
        self,
        clip: ClipRef,
        *,
        frame_offsets: Sequence[int],
        width_px: int,
        height_px: int,
    ) -> Frames:
        """Return the frames at `frame_offsets` (0 is the clip's first), cropped and resized.

        The crop of the clip is applied first, then an area-averaging resize to
        `width_px` x `height_px`. Raises `schemas.errors.MediaError`
        naming the reason when the file cannot be decoded in time.
        """
        ...


class FrameWriter(Protocol):
    """Writes frames as a video file that browsers play."""

    def write(self, path: Path, pixels_THWC: NDArray[np.uint8], *, fps: float) -> None:
        """Write an H.264 mp4; T >= 1, any H and W >= 2 (odd sizes are padded by one row/column)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnVideo:
    """One raw video that a world has written, and where its truth is."""

    path: Path
    num_frames: int
    fps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedClip:
    """A drawn clip, its facts, and where everything is in every frame: what training learns from.

    Lengths are in units, the frame's shorter side; (0, 0) is the middle of the picture, x
    points right and y down. `objects` of the facts and rows of the arrays are in one order.
    O objects, T frames.
    """

    frames: Frames
    facts: Facts
    tracks_OT4: NDArray[np.float32]
    """x, y, diameter of the disc of equal area, and the visible share 0..1 of each object."""
    colours_OT: NDArray[np.int8]
    """Which of `schemas.facts.COLOURS` each object has."""
    camera_T3: NDArray[np.float32]
    """x, y and log magnification of a camera that looks at a plane; NaN of any other camera.

    An object at (x, y) of the picture is at (x, y) / magnification + (camera x, camera y) of
    the scene. NaN also where the clip holds several shots.
    """
    can_mirror: bool
    """Whether the clip seen in a mirror still belongs to its split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenClip:
    """What the pixels of a clip show: its facts, and where each object is in every frame.

    Units and axes as in `TrackedClip`; `objects` of the facts and rows of `tracks_OT2` are in
    one order. x and y are NaN in frames in which the object is not seen. O objects, T frames.
    """

    facts: Facts
    tracks_OT2: NDArray[np.float32]


class World(Protocol):
    """A source of footage whose truth is known, and the reader of what it shows."""

    def draw(
        self,
        *,
        seed: int,
        split: str,
        width_px: int,
        height_px: int,
        num_frames: int,
        fps: float,
    ) -> tuple[Frames, Facts]:
        """Return one scene and its facts; the same arguments give the same pixels.

        `split` is `train`, `seen` or `held_out`: no scene belongs to two of them.
        """
        ...

    def draw_tracked(
        self,
        *,
        seed: int,
        split: str,
        width_px: int,
        height_px: int,
        num_frames: int,
        fps: float,
        kind: str | None = None,
        num_objects: int | None = None,
    ) -> TrackedClip:
        """Return the scene that `draw` draws for the same arguments, with all its tracks.

        `kind` asks for scenes of one kind, by the names that the world has for them, and
        `num_objects` for so many objects.
        """
        ...

    def read(self, frames: Frames) -> Facts:
        """Return the facts that the pixels show; none where there is nothing to read."""
        ...

    def track(self, frames: Frames) -> SeenClip:
        """Return what `read` returns, with the place of every object in every frame."""
        ...

    def draw_footage(
        self, folder: Path, *, num_videos: int, seed: int, split: str = "train", form: str = "raw"
    ) -> list[DrawnVideo]:
        """Write videos into `folder` and their truth into `folder/truth/*.parquet`.

        `form`: `raw`, with defects, copies and broken files, or `scenes`, many clean takes.
        """
        ...


class NearestIndex(Protocol):
    """Finds the nearest stored vectors; exact or approximate."""

    def nearest(
        self, query_BD: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return row numbers and cosine similarities, both B x `count`, best first."""
        ...


class Expander(Protocol):
    """Rewrites a short prompt in the style of the training captions."""

    def expand(self, prompt: str) -> Expansion:
        """Return what the generator gets for `prompt` (`used`), and how that came about."""
        ...
