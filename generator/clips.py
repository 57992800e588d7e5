"""Frozen dataset to cached latents: every clip decoded and encoded once, at training size.

A clip keeps its aspect and its length; it is scaled down to the pixel budget and read at the
training rate. Its latents lie in one file: those of all full groups, then those of every frame
alone, which tasks with known single frames need. Nothing is dropped in silence: `Account`
names every clip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.codec import Codec, Layout
from schemas.datasets import Dataset, DatasetClip
from schemas.errors import MediaError
from schemas.frames import ClipRef, FrameReader
from schemas.ids import content_id
from schemas.mix import CaptionMix, shares_of, shown_captions

_REVISION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSize:
    """How clips are brought to training size."""

    max_pixels: int
    multiple: int
    """Width and height are multiples of this."""
    fps: float
    max_frames: int
    """Frames of a window; longer clips show one window at a time."""


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
    """A clip whose latents lie in `path`: G full groups of frames, then T single frames.

    `fps` is the rate of its frames, `grid` the rows and columns of its latents.
    """

    clip_id: str
    path: Path
    num_frames: int
    group_frames: int
    grid: tuple[int, int]
    num_channels: int
    fps: float
    captions: tuple[tuple[str, str], ...]
    """Kind and text, in the order of `schemas.mix`."""
    scores: Mapping[str, float]
    is_local: bool = True
    cut_from: int | None = None
    """Frames that the clip has at this rate, where its latents hold only the first of them."""

    @property
    def of_frames(self) -> int:
        """Frames that the clip has, whether its latents hold all of them or not."""
        return self.num_frames if self.cut_from is None else self.cut_from

    @property
    def num_groups(self) -> int:
        """Full groups."""
        return self.num_frames // self.group_frames

    def index_of(self, start: int, frames: int) -> int:
        """Return the place in the file of the group that begins with frame `start`."""
        if not self.is_local:
            return -(-start // self.group_frames)
        return start // self.group_frames if frames > 1 else self.num_groups + start

    def open(self) -> NDArray[np.float16]:
        """Map the latents G+T,C,h,w into memory.

        Raises BadLatentsError where the file is missing, cut short or holds other latents.
        """
        count = self.num_groups + self.num_frames
        if not self.is_local:
            count = -(-(self.num_frames - 1) // self.group_frames) + 1
        shape = (count, self.num_channels, *self.grid)
        try:
            found: NDArray[np.float16] = np.load(self.path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise BadLatentsError(self.clip_id, f"cannot be read: {error}") from error
        if found.shape != shape or found.dtype != np.float16:
            raise BadLatentsError(self.clip_id, f"are {found.dtype} {found.shape}, not {shape}")
        return found


class BadLatentsError(Exception):
    """The latents of one clip cannot be used; training names the clip and goes on."""

    def __init__(self, clip_id: str, message: str) -> None:
        super().__init__(f"latents of {clip_id} {message}")
        self.clip_id = clip_id
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """All clips that training may draw, in the dataset's order, and the account of all."""

    clips: tuple[TrainingClip, ...]
    account: Account


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


def box_of(ref: ClipRef) -> tuple[int, int]:
    """Return width and height of what a clip shows: its crop, or the whole picture."""
    if ref.crop is not None:
        return ref.crop.width_px, ref.crop.height_px
    return ref.width_px, ref.height_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A clip that was encoded, or found encoded; `is_new` where its file was written now."""

    clip: TrainingClip
    key: str
    is_new: bool
    codec: str
    """Name and revision."""
    width_px: int
    height_px: int


def encode_dataset(
    dataset: Dataset, reader: FrameReader, codec: Codec, size: ClipSize, folder: Path
) -> Iterator[Encoded | Unreadable]:
    """Encode every clip into `folder`, unless it is there, in the dataset's order.

    The key of a clip hashes all that its latents depend on: the clip, its frames and size, and
    the codec. A file appears whole or not at all.
    """
    for item in dataset.clips:
        try:
            yield _encode_clip(item, reader, codec, size, folder)
        except MediaError as error:
            yield Unreadable(clip_id=item.ref.clip_id, reason=error.reason, message=error.message)


def prepare(
    dataset: Dataset,
    reader: FrameReader,
    codec: Codec,
    size: ClipSize,
    folder: Path,
    *,
    mix: CaptionMix,
    on_clip: Callable[[Encoded | Unreadable], None] | None = None,
) -> TrainingSet:
    """Encode a dataset and account for all of its clips; `on_clip` hears of each."""
    encoded = encode_dataset(dataset, reader, codec, size, folder)
    return collect(encoded, size, mix=mix, on_clip=on_clip)


def collect(
    encoded: Iterable[Encoded | Unreadable],
    size: ClipSize,
    *,
    mix: CaptionMix,
    on_clip: Callable[[Encoded | Unreadable], None] | None = None,
) -> TrainingSet:
    """Account for clips that `encode_dataset` went through, in the dataset's order."""
    clips: list[TrainingClip] = []
    unreadable: list[Unreadable] = []
    for found in encoded:
        if isinstance(found, Unreadable):
            unreadable.append(found)
        else:
            clips.append(found.clip)
        if on_clip is not None:
            on_clip(found)
    return TrainingSet(clips=tuple(clips), account=account_of(clips, unreadable, size, mix))


def account_of(
    clips: Sequence[TrainingClip],
    unreadable: Sequence[Unreadable],
    size: ClipSize,
    mix: CaptionMix,
) -> Account:
    """Return where every clip went."""
    return Account(
        used=tuple(c.clip_id for c in clips),
        unreadable=tuple(unreadable),
        trimmed=tuple(
            Trimmed(clip_id=c.clip_id, num_frames=size.max_frames, of_frames=c.of_frames)
            for c in clips
            if c.of_frames > size.max_frames
        ),
        uncaptioned=tuple(c.clip_id for c in clips if not shares_of(mix, dict(c.captions))),
    )


def _encode_clip(
    item: DatasetClip, reader: FrameReader, codec: Codec, size: ClipSize, folder: Path
) -> Encoded:
    ref = item.ref
    width, height = training_size(*box_of(ref), max_pixels=size.max_pixels, multiple=size.multiple)
    offsets, fps = frame_offsets(ref, item.fps, size.fps)
    of_frames = len(offsets)
    if not codec.is_local:
        offsets = offsets[: size.max_frames]
    key = content_id(
        "lat", _REVISION, codec.name, codec.revision, repr(ref), width, height, *offsets
    )
    path = folder / key[-2:] / f"{key}.npy"
    is_new = not path.is_file()
    if is_new:
        frames = reader.read(ref, frame_offsets=offsets, width_px=width, height_px=height)
        write_array(path, encode_all(codec, frames.pixels_THWC))
    _, sh, sw = codec.stride
    clip = TrainingClip(
        clip_id=ref.clip_id,
        path=path,
        num_frames=len(offsets),
        group_frames=codec.stride[0],
        grid=(height // sh, width // sw),
        num_channels=codec.num_channels,
        fps=fps,
        captions=tuple(shown_captions(item.captions).items()),
        scores=item.scores,
        is_local=codec.is_local,
        cut_from=None if codec.is_local else of_frames,
    )
    return Encoded(
        clip=clip,
        key=key,
        is_new=is_new,
        codec=f"{codec.name}-{codec.revision}",
        width_px=width,
        height_px=height,
    )


def encode_all(codec: Codec, pixels_THWC: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Return what the cache holds of a clip: G full groups and T single frames, each C,h,w.

    A causal codec has no latents of a group alone: its clip is encoded as one, from its start.
    """
    if not codec.is_local:
        latents = codec.encode(pixels_THWC, codec.layout(len(pixels_THWC)))
        return _half(latents.transpose(0, 1).numpy())
    num_frames = len(pixels_THWC)
    num_full = num_frames // codec.stride[0] * codec.stride[0]
    parts = []
    if num_full:
        full: Layout = (codec.stride[0],) * (num_full // codec.stride[0])
        parts.append(codec.encode(pixels_THWC[:num_full], full))
    parts.append(codec.encode(pixels_THWC, (1,) * num_frames))
    return _half(np.concatenate([part.transpose(0, 1).numpy() for part in parts]))


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    return np.ascontiguousarray(values, dtype=np.float16)


def write_array(path: Path, values: NDArray[Any]) -> None:
    """Write an .npy file so that it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.save(file, values)
    partial.replace(path)
