"""The world behind one door: the protocol `World` of `schemas/frames.py`, and more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.world import footage
from pipeline.world.choose import choose_scene
from pipeline.world.impossible import impossible_twin
from pipeline.world.parse.read import read_clip
from pipeline.world.scene import MIN_SIDE_PX, draw_scene
from pipeline.world.spec import SceneSpec
from pipeline.world.splits import is_held_out
from pipeline.world.state import CameraState, DrawnScene, SceneTruth
from schemas.errors import UserError
from schemas.facts import COLOURS, Facts
from schemas.frames import DrawnVideo, Frames, SeenClip, TrackedClip


class RushesWorld:
    """Draws footage from exact state, and reads the state back from pixels."""

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

        `split` is one of `splits.SPLITS`; no scene belongs to two. Raises UserError as `scene`.
        """
        drawn = self.scene(
            seed=seed,
            split=split,
            width_px=width_px,
            height_px=height_px,
            num_frames=num_frames,
            fps=fps,
        )
        return frames_of(drawn), drawn.truth.facts

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
        """Return the scene that `draw` draws, with all its tracks.

        Of a `kind` or with so many objects where that is asked for. Raises UserError as `scene`.
        """
        drawn = self.scene(
            seed=seed,
            split=split,
            width_px=width_px,
            height_px=height_px,
            num_frames=num_frames,
            fps=fps,
            kind=kind,
            num_objects=num_objects,
        )
        return tracked(drawn, split)

    def scene(
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
        actions: tuple[str, ...] | None = None,
    ) -> DrawnScene:
        """Return one scene and all that is true of it; see `choose.choose_scene`.

        Raises UserError for a frame under `MIN_SIDE_PX`, for no frames, for a rate that is not
        positive, for a negative seed and for what cannot be planned.
        """
        _check(seed, width_px, height_px, num_frames, fps)
        plan = choose_scene(
            seed,
            split=split,
            width_px=width_px,
            height_px=height_px,
            num_frames=num_frames,
            fps=fps,
            kind=kind,
            num_objects=num_objects,
            actions=actions,
        )
        return draw_scene(
            plan, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps
        )

    def twins(
        self, plan: SceneSpec, breach: str, *, width_px: int, height_px: int, fps: float
    ) -> tuple[DrawnScene, DrawnScene]:
        """Return a scene and its impossible twin, equal up to one frame.

        `breach` is a key of `impossible.BREACHES`. Raises ValueError for another.
        """
        num_frames = round(plan.duration_s * fps)
        broken = impossible_twin(plan, breach)
        possible, impossible = (
            draw_scene(one, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps)
            for one in (plan, broken)
        )
        return possible, impossible

    def read(self, frames: Frames) -> Facts:
        """Return the facts that the pixels show; none where there is nothing to read."""
        return read_clip(frames.pixels_THWC, frames.times_s).facts

    def track(self, frames: Frames) -> SeenClip:
        """Return what the pixels show, with the place of every object in every frame."""
        reading = read_clip(frames.pixels_THWC, frames.times_s)
        count, height, width, _ = frames.pixels_THWC.shape
        middle, unit = ((width - 1) / 2, (height - 1) / 2), min(width, height)
        tracks = np.full((len(reading.objects), count, 2), np.nan, dtype=np.float32)
        for row, item in zip(tracks, reading.objects, strict=True):
            places = np.array((item.x_px, item.y_px), dtype=np.float32).T
            row[:] = np.where(np.array(item.seen)[:, None], (places - middle) / unit, np.nan)
        return SeenClip(facts=reading.facts, tracks_OT2=tracks)

    def draw_footage(
        self,
        folder: Path,
        *,
        num_videos: int,
        seed: int,
        split: str = "train",
        form: str = "raw",
        num_workers: int = 1,
        on_drawn: Callable[[], object] | None = None,
    ) -> list[DrawnVideo]:
        """Write videos and their truth; see `footage.draw_footage`."""
        return footage.draw_footage(
            folder,
            num_videos=num_videos,
            seed=seed,
            split=split,
            form=form,
            num_workers=num_workers,
            on_drawn=on_drawn,
        )


def frames_of(drawn: DrawnScene) -> Frames:
    """Return a drawn scene as frames with their times."""
    times_s = np.arange(drawn.truth.num_frames, dtype=np.float64) / drawn.truth.fps
    return Frames(pixels_THWC=drawn.pixels_THWC, times_s=times_s)


def tracked(drawn: DrawnScene, split: str) -> TrackedClip:
    """Return a drawn scene in the units of `TrackedClip`."""
    truth = drawn.truth
    unit = min(truth.width_px, truth.height_px)
    count = len(truth.objects)
    tracks = np.zeros((count, truth.num_frames, 4), dtype=np.float32)
    colours = np.zeros((count, truth.num_frames), dtype=np.int8)
    for i, item in enumerate(truth.objects):
        tracks[i, :, 0] = (np.array(item.x_px) - (truth.width_px - 1) / 2) / unit
        tracks[i, :, 1] = (np.array(item.y_px) - (truth.height_px - 1) / 2) / unit
        tracks[i, :, 2] = np.array(item.diameter_px) / unit
        tracks[i, :, 3] = item.visibility
        colours[i] = [COLOURS.index(name) for name in item.colour]
    return TrackedClip(
        frames=frames_of(drawn),
        facts=truth.facts,
        tracks_OT4=tracks,
        colours_OT=colours,
        camera_T3=_plane_camera(truth, unit),
        can_mirror=_can_mirror(truth.facts, split),
    )


def _plane_camera(truth: SceneTruth, unit: int) -> NDArray[np.float32]:
    camera: CameraState = truth.camera
    path = np.full((truth.num_frames, 3), np.nan, dtype=np.float32)
    if truth.facts.background_kind not in ("floor", "maze") and not truth.facts.views:
        path[:, 0] = np.array(camera.x) / unit
        path[:, 1] = np.array(camera.y) / unit
        path[:, 2] = np.log(camera.zoom)
    return path


def _can_mirror(facts: Facts, split: str) -> bool:
    """Tell whether mirrored facts fit the split: `left` and `right` change their places."""
    swap = {"left": "right", "right": "left"}
    for item in facts.objects:
        words = None if item.direction is None else item.direction.split("_")
        mirrored = None if words is None else "_".join(swap.get(word, word) for word in words)
        for colour in {item.colour, item.new_colour} - {None}:
            held_out = is_held_out(str(colour), str(item.shape), item.size, mirrored)
            if held_out != (split == "held_out") and (colour == item.colour or held_out):
                return False
    return True


def _check(seed: int, width_px: int, height_px: int, num_frames: int, fps: float) -> None:
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise UserError(
            f"a frame of {width_px}x{height_px} is too small to draw on",
            f"make both sides at least {MIN_SIDE_PX} pixels",
        )
    if num_frames < 1 or not fps > 0 or seed < 0:
        raise UserError(
            f"cannot draw {num_frames} frames at {fps} a second from seed {seed}",
            "ask for at least one frame, a positive rate and a seed of at least 0",
        )
