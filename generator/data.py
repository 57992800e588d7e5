"""Frozen dataset to packs: decoded once at training size, drawn in a seeded order.

Every clip is decoded once, at its own aspect, scaled down to the pixel budget, and kept
on disk as uint8 frames. Which clip, which window, which caption comes next depends on the
seed and on one counter of clips drawn so far, so training resumes exactly from that number.
Nothing is dropped in silence: `Account` names every clip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.codec import Codec, grid_of
from generator.pack import Pack, pack
from schemas.datasets import Dataset, DatasetClip
from schemas.errors import MediaError
from schemas.frames import ClipRef, FrameReader
from schemas.ids import content_id
from schemas.mix import CaptionMix, choose_kind, shares_of, shown_captions

_CACHE_REVISION = "1"
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed:
    """A clip longer than the window: each time it is drawn, `num_frames` of it are shown."""

    clip_id: str
    num_frames: int
    of_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A clip that could not be decoded, with the reader's reason."""

    clip_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where every clip of the dataset went: clips = used + unreadable.

    `trimmed` and `uncaptioned` clips are among the used: the first show a window of
    `max_frames` at a time, the second have no caption of a kind that the mix shows and train
    without a prompt.
    """

    used: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    trimmed: tuple[Trimmed, ...]
    uncaptioned: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingClip:
    """A clip at training size: frames T,H,W,3 in an .npy file, `fps` of them a second."""

    clip_id: str
    frames_path: Path
    num_frames: int
    width_px: int
    height_px: int
    fps: float
    captions: tuple[tuple[str, str], ...]
    """Kind and text, in the order of `schemas.mix`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """All clips that training may draw, in the dataset's order, and the account of all."""

    clips: tuple[TrainingClip, ...]
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One clip as drawn: frames `[start_frame, start_frame + num_frames)`, and its caption.

    `kind` is None and `caption` empty where the prompt was left out.
    """

    index: int
    start_frame: int
    num_frames: int
    kind: str | None
    caption: str


def training_size(
    width_px: int, height_px: int, *, max_pixels: int, multiple: int
) -> tuple[int, int]:
    """Return the width and height to train at: multiples, at most `max_pixels`, never enlarged.

    The aspect is kept as nearly as whole multiples allow.
    """
    scale = min(1.0, (max_pixels / (width_px * height_px)) ** 0.5)
    width = max(1, round(width_px * scale / multiple))
    height = max(1, round(height_px * scale / multiple))
    while width * height * multiple**2 > max_pixels and max(width, height) > 1:
        if width >= height:
            width -= 1
        else:
            height -= 1
    return width * multiple, height * multiple


def frame_offsets(clip: ClipRef, native_fps: float, fps: float) -> tuple[list[int], float]:
    """Return which frames to read and their rate: nearest to each 1/fps, or all if slower."""
    if native_fps <= fps:
        return list(range(clip.num_frames)), native_fps
    times_s = np.array(clip.frame_times_s)
    wanted_s = np.arange(max(1, int(clip.duration_s * fps + 1e-6))) / fps
    right = np.searchsorted(times_s, wanted_s).clip(1, max(1, len(times_s) - 1))
    if len(times_s) == 1:
        return [0], fps
    nearest = np.where(wanted_s - times_s[right - 1] <= times_s[right] - wanted_s, right - 1, right)
    return [int(i) for i in nearest], fps


def prepare(
    dataset: Dataset,
    reader: FrameReader,
    *,
    folder: Path,
    max_pixels: int,
    multiple: int,
    fps: float,
    max_frames: int,
    mix: CaptionMix,
    on_clip: Callable[[int, int], None] | None = None,
) -> TrainingSet:
    """Decode every clip once into `folder` (or find it there) and account for all of them.

    `on_clip(done, total)` is called after each clip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clips: list[TrainingClip] = []
    unreadable: list[Unreadable] = []
    for done, item in enumerate(dataset.clips, start=1):
        try:
            clips.append(_prepare_clip(item, reader, folder, max_pixels, multiple, fps))
        except MediaError as error:
            unreadable.append(
                Unreadable(clip_id=item.ref.clip_id, reason=error.reason, message=error.message)
            )
        if on_clip is not None:
            on_clip(done, len(dataset.clips))
    account = Account(
        used=tuple(c.clip_id for c in clips),
        unreadable=tuple(unreadable),
        trimmed=tuple(
            Trimmed(clip_id=c.clip_id, num_frames=max_frames, of_frames=c.num_frames)
            for c in clips
            if c.num_frames > max_frames
        ),
        uncaptioned=tuple(c.clip_id for c in clips if not shares_of(mix, dict(c.captions))),
    )
    return TrainingSet(clips=tuple(clips), account=account)


def _prepare_clip(
    item: DatasetClip,
    reader: FrameReader,
    folder: Path,
    max_pixels: int,
    multiple: int,
    fps: float,
) -> TrainingClip:
    """Decode one clip unless its frames are already there."""
    ref = item.ref
    box = (
        (ref.width_px, ref.height_px)
        if ref.crop is None
        else (
            ref.crop.width_px,
            ref.crop.height_px,
        )
    )
    width, height = training_size(*box, max_pixels=max_pixels, multiple=multiple)
    offsets, actual_fps = frame_offsets(ref, item.fps, fps)
    key = content_id("frames", _CACHE_REVISION, repr(ref), width, height, *offsets)
    path = folder / f"{key}.npy"
    if not path.is_file():
        frames = reader.read(ref, frame_offsets=offsets, width_px=width, height_px=height)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            np.save(file, frames.pixels_THWC)
        partial.replace(path)
    return TrainingClip(
        clip_id=ref.clip_id,
        frames_path=path,
        num_frames=len(offsets),
        width_px=width,
        height_px=height,
        fps=actual_fps,
        captions=tuple(shown_captions(item.captions).items()),
    )


def order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the permutation of `count` clips for one pass over them."""
    return np.random.default_rng([seed, 0, epoch]).permutation(count)


def draw(
    clips: Sequence[TrainingClip],
    counter: int,
    *,
    seed: int,
    max_frames: int,
    caption_dropout: float,
    mix: CaptionMix,
) -> Draw:
    """Return the clip number `counter` of training: a pure function of its arguments.

    Windows are uniform over the clip; kinds of caption come in the shares of `mix`.
    """
    epoch, place = divmod(counter, len(clips))
    index = int(order(seed, epoch, len(clips))[place])
    clip = clips[index]
    rng = np.random.default_rng([seed, 1, counter])
    num_frames = min(max_frames, clip.num_frames)
    start = int(rng.integers(clip.num_frames - num_frames + 1))
    dropped = rng.random() < caption_dropout
    kind, caption = None, ""
    captions = dict(clip.captions)
    if not dropped and (chosen := choose_kind(mix, captions, place_in_mix(seed, counter))):
        kind, caption = chosen, captions[chosen]
    return Draw(index=index, start_frame=start, num_frames=num_frames, kind=kind, caption=caption)


def place_in_mix(seed: int, counter: int) -> float:
    """Return where in `[0, 1)` the caption of draw number `counter` falls.

    Steps of the golden ratio from a seeded start fill every stretch of draws evenly, so that a
    few hundred draws already keep the shares; independent numbers would take thousands.
    """
    start = np.random.default_rng([seed, 2]).random()
    return float((start + counter * _GOLDEN) % 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one step trains on; `draws[i]` and `pack` clip i are the same clip."""

    pack: Pack
    draws: tuple[Draw, ...]
    next_counter: int


class PackBuilder:
    """Builds the batch that starts at a counter: as many clips as the token budget holds.

    A clip that does not fit opens the next batch. Within a batch, clips of equal size
    stand side by side, in the order drawn.
    """

    def __init__(
        self,
        clips: Sequence[TrainingClip],
        codec: Codec,
        *,
        seed: int,
        max_frames: int,
        token_budget: int,
        caption_dropout: float,
        mix: CaptionMix,
    ) -> None:
        self._clips = clips
        self._codec = codec
        self._seed = seed
        self._max_frames = max_frames
        self._token_budget = token_budget
        self._caption_dropout = caption_dropout
        self._mix = mix

    def build(self, counter: int) -> Batch:
        """Return the batch whose first clip is clip number `counter` of training."""
        draws: list[Draw] = []
        tokens = 0
        while True:
            next_draw = draw(
                self._clips,
                counter + len(draws),
                seed=self._seed,
                max_frames=self._max_frames,
                caption_dropout=self._caption_dropout,
                mix=self._mix,
            )
            tokens += self._num_tokens(next_draw)
            if draws and tokens > self._token_budget:
                break
            draws.append(next_draw)
        next_counter = counter + len(draws)
        draws.sort(key=lambda d: (self._clips[d.index].height_px, self._num_tokens(d)))
        latents = [self._codec.encode(self._frames(d)) for d in draws]
        stride_s = [self._codec.stride[0] / self._clips[d.index].fps for d in draws]
        return Batch(pack=pack(latents, stride_s), draws=tuple(draws), next_counter=next_counter)

    def _num_tokens(self, drawn: Draw) -> int:
        clip = self._clips[drawn.index]
        t, h, w = grid_of(
            self._codec,
            num_frames=drawn.num_frames,
            width_px=clip.width_px,
            height_px=clip.height_px,
        )
        return t * h * w

    def _frames(self, drawn: Draw) -> NDArray[np.uint8]:
        frames = np.load(self._clips[drawn.index].frames_path, mmap_mode="r")
        window = frames[drawn.start_frame : drawn.start_frame + drawn.num_frames]
        return np.ascontiguousarray(window)
