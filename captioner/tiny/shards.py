"""Shards of drawn scenes on disk: written by a background process, read by training.

A shard holds scenes of one size, length and rate: `shard_000007.npy` (frames, N x T x H x W x 3)
and `shard_000007.npz` (facts and tracks), which is written last and so says that it is whole.
What a shard shows follows from the settings and its number alone, so that a run that is
continued sees the footage that it would have seen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from captioner.tiny.network import FRAMES_PER_MOMENT, PATCH_PX
from captioner.tiny.vocabulary import MAX_OBJECTS
from schemas.facts import Facts, from_json, to_plain
from schemas.frames import TrackedClip, World

if TYPE_CHECKING:
    from captioner.tiny.settings import TinySettings

SHORT_SIDE_PX = 64
MAX_LONG_SIDE_PX = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardPlan:
    """What a shard shows: sizes in pixels, frames per second."""

    width_px: int
    height_px: int
    num_frames: int
    fps: float
    first_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """N scenes of one size: see `schemas.frames.TrackedClip` for units; objects are padded."""

    frames_NTHWC: NDArray[np.uint8]
    times_T: NDArray[np.float64]
    facts: list[Facts]
    tracks_NOT4: NDArray[np.float32]
    colours_NOT: NDArray[np.int8]
    """-1 where there is no object."""
    camera_NT3: NDArray[np.float32]
    can_mirror_N: NDArray[np.bool_]


def plan_shard(settings: TinySettings, number: int) -> ShardPlan:
    """Return what shard `number` shows; every second one has the size most used."""
    rng = np.random.default_rng(settings.data_seed + number)
    width, height, frames, fps = SHORT_SIDE_PX, SHORT_SIDE_PX, 16, 8.0
    if number % 2 and not rng.random() < settings.main_size_share:
        width, height = settings.sizes_px[int(rng.integers(len(settings.sizes_px)))]
        fps = float(rng.choice(settings.rates))
        frames = int(np.clip(round(rng.uniform(*settings.durations_s) * fps), 8, 24))
    return ShardPlan(
        width_px=width,
        height_px=height,
        num_frames=frames,
        fps=fps,
        first_seed=settings.first_scene_seed + number * settings.scenes_per_shard,
    )


def draw_shard(world: World, settings: TinySettings, number: int) -> Shard:
    """Draw shard `number` of the training split."""
    plan = plan_shard(settings, number)
    kinds = _kinds(settings, number)
    clips = [
        world.draw_tracked(
            seed=plan.first_seed + i,
            split="train",
            width_px=plan.width_px,
            height_px=plan.height_px,
            num_frames=plan.num_frames,
            fps=plan.fps,
            kind=kind,
        )
        for i, kind in enumerate(kinds)
    ]
    return pack(clips)


def _kinds(settings: TinySettings, number: int) -> list[str | None]:
    """Return the kind to ask for of each scene of a shard; None leaves it to the world."""
    rng = np.random.default_rng([settings.data_seed, number])
    is_rare = rng.random(settings.scenes_per_shard) < settings.rare_share
    which = rng.integers(len(settings.rare_kinds), size=settings.scenes_per_shard)
    return [
        settings.rare_kinds[i] if rare else None for rare, i in zip(is_rare, which, strict=True)
    ]


def pack(clips: list[TrackedClip]) -> Shard:
    """Return clips of one size and length as a shard; their frames are fitted (see `fit`)."""
    count = clips[0].camera_T3.shape[0]
    even = count + count % FRAMES_PER_MOMENT
    tracks = np.zeros((len(clips), MAX_OBJECTS, even, 4), dtype=np.float32)
    colours = np.full((len(clips), MAX_OBJECTS, even), -1, dtype=np.int8)
    camera = np.full((len(clips), even, 3), np.nan, dtype=np.float32)
    for n, clip in enumerate(clips):
        here = min(len(clip.facts.objects), MAX_OBJECTS)
        tracks[n, :here, :count] = clip.tracks_OT4[:here]
        colours[n, :here, :count] = clip.colours_OT[:here]
        camera[n, :count] = clip.camera_T3
    for array in (tracks, colours):
        array[:, :, count:] = array[:, :, count - 1 : count]
    camera[:, count:] = camera[:, count - 1 : count]
    frames = [fit(clip.frames.pixels_THWC) for clip in clips]
    times = clips[0].frames.times_s
    step = times[1] - times[0] if count > 1 else 1.0
    return Shard(
        frames_NTHWC=np.stack(frames),
        times_T=times[0] + step * np.arange(even),
        facts=[clip.facts for clip in clips],
        tracks_NOT4=tracks,
        colours_NOT=colours,
        camera_NT3=camera,
        can_mirror_N=np.array([clip.can_mirror for clip in clips]),
    )


def fit(pixels_THWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames as the network takes them.

    The shorter side becomes 64 pixels, the longer the nearest multiple of 8 up to 128 (what is
    beyond on both ends is cut off); an odd number of frames gets its last frame twice.
    """
    count, height, width = pixels_THWC.shape[:3]
    scale = SHORT_SIDE_PX / min(width, height)
    if max(width, height) * scale > MAX_LONG_SIDE_PX:
        longest = round(MAX_LONG_SIDE_PX / scale)
        left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
        pixels_THWC = pixels_THWC[:, top : top + longest, left : left + longest]
        height, width = pixels_THWC.shape[1:3]
    size = (_multiple(width * scale), _multiple(height * scale))
    if size != (width, height):
        mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels_THWC = np.stack([cv2.resize(one, size, interpolation=mode) for one in pixels_THWC])
    if count % FRAMES_PER_MOMENT:
        pixels_THWC = np.concatenate([pixels_THWC, pixels_THWC[-1:]])
    return np.ascontiguousarray(pixels_THWC)


def _multiple(length: float) -> int:
    return max(SHORT_SIDE_PX, min(MAX_LONG_SIDE_PX, round(length / PATCH_PX) * PATCH_PX))


def shard_path(folder: Path, number: int) -> Path:
    """Return where the facts and tracks of a shard are; its frames lie beside it as `.npy`."""
    return folder / f"shard_{number:06d}.npz"


def save_shard(folder: Path, number: int, shard: Shard) -> None:
    """Write a shard; it is there when it is whole."""
    path = shard_path(folder, number)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), shard.frames_NTHWC)
    partial = path.with_suffix(".partial.npz")
    facts = json.dumps([to_plain(item) for item in shard.facts]).encode()
    np.savez(
        partial,
        times=shard.times_T,
        facts=np.frombuffer(facts, dtype=np.uint8),
        tracks=shard.tracks_NOT4,
        colours=shard.colours_NOT,
        camera=shard.camera_NT3,
        can_mirror=shard.can_mirror_N,
    )
    partial.replace(path)


def load_shard(folder: Path, number: int) -> Shard:
    """Open a shard; its frames stay on disk until they are used."""
    path = shard_path(folder, number)
    with np.load(path) as stored:
        plain: list[dict[str, Any]] = json.loads(stored["facts"].tobytes())
        return Shard(
            frames_NTHWC=np.load(path.with_suffix(".npy"), mmap_mode="r"),
            times_T=stored["times"],
            facts=[from_json(json.dumps(item)) for item in plain],
            tracks_NOT4=stored["tracks"],
            colours_NOT=stored["colours"],
            camera_NT3=stored["camera"],
            can_mirror_N=stored["can_mirror"],
        )


def remove_shard(folder: Path, number: int) -> None:
    """Delete a shard, if it is there."""
    path = shard_path(folder, number)
    path.unlink(missing_ok=True)
    path.with_suffix(".npy").unlink(missing_ok=True)
