"""Video codecs: uint8 frames to latents and back, behind one interface.

A codec works on groups of frames. A layout says how many frames each group of a clip
holds: four, or one, so that images and single known frames are whole groups and every length
has a layout. Latents are C,G,h,w: channels, groups, and the picture's rows and columns divided by
the stride and rounded up.

A local codec encodes each group alone, so that a latent depends on no frame outside its group: a
video may be cut, extended and cached at any group. The pretrained ones behind
`generator/pretrained.py` are causal instead: a latent depends on all frames before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Layout = tuple[int, ...]
"""Frames of each group; they add up to the clip's."""


class Codec(Protocol):
    """Turns frames into latents and back; `name` and `revision` name it in a checkpoint."""

    @property
    def name(self) -> str:
        """What `codecs.open_codec` knows it by."""
        ...

    @property
    def revision(self) -> str:
        """Changes whenever the latents of the same frames would change."""
        ...

    @property
    def stride(self) -> tuple[int, int, int]:
        """Frames, rows and columns behind one latent of a full group."""
        ...

    @property
    def num_channels(self) -> int:
        """Numbers in one latent, C."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether a group's latents depend on that group alone."""
        ...

    def layout(self, num_frames: int) -> Layout:
        """Return the groups of a clip of so many frames that shows no single frame by itself."""
        ...

    def encode(self, pixels_THWC: NDArray[np.uint8], layout: Layout) -> Tensor:
        """Return latents C,G,h,w (float32, about unit variance) of the groups of a clip.

        Rows and columns are filled up to a multiple of the stride by repeating the edge. Raises
        ValueError where the layout does not add up to T, or is none that the codec has.
        """
        ...

    def decode(
        self, latents_CGHW: Tensor, layout: Layout, *, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return frames T,H,W,3 of exactly the size asked for."""
        ...


def layout_of(num_frames: int, group_frames: int) -> Layout:
    """Return as many full groups as there are, then the frames left over one by one."""
    if num_frames < 1:
        raise ValueError(f"a clip of {num_frames} frames has no layout")
    full, rest = divmod(num_frames, group_frames)
    return (group_frames,) * full + (1,) * rest


def check_layout(layout: Layout, num_frames: int, group_frames: int) -> None:
    """Raise ValueError where a layout holds other groups, or other frames in all."""
    if sum(layout) != num_frames or not set(layout) <= {1, group_frames}:
        raise ValueError(f"{num_frames} frames do not go into groups of {layout}")


def grid_of(codec: Codec, layout: Layout, *, width_px: int, height_px: int) -> tuple[int, int, int]:
    """Return groups, rows and columns of the latents of a clip."""
    _, sh, sw = codec.stride
    return len(layout), -(-height_px // sh), -(-width_px // sw)


def filled(pixels_THWC: NDArray[np.uint8], sh: int, sw: int) -> NDArray[np.uint8]:
    """Repeat the last row and column up to multiples of the stride."""
    _, h, w, _ = pixels_THWC.shape
    if h % sh == 0 and w % sw == 0:
        return pixels_THWC
    return np.pad(pixels_THWC, ((0, 0), (0, -h % sh), (0, -w % sw), (0, 0)), mode="edge")


def starts_of(layout: Sequence[int]) -> list[int]:
    """Return the first frame of each group."""
    starts = [0]
    for frames in layout:
        starts.append(starts[-1] + frames)
    return starts[:-1]


def grouped(pixels_THWC: NDArray[np.uint8], layout: Layout, group_frames: int) -> Tensor:
    """Return G,F,H,W,3 uint8: every group as `group_frames` frames, single ones repeated."""
    indices = [
        start + (offset if frames > 1 else 0)
        for start, frames in zip(starts_of(layout), layout, strict=True)
        for offset in range(group_frames)
    ]
    _, h, w, _ = pixels_THWC.shape
    return torch.from_numpy(pixels_THWC[indices]).reshape(len(layout), group_frames, h, w, 3)


def ungrouped(pixels_GFHWC: Tensor, layout: Layout) -> Tensor:
    """Undo `grouped`: T,H,W,3; a single frame is the mean over its group."""
    parts = [
        group if frames > 1 else group.mean(0, keepdim=True)
        for group, frames in zip(pixels_GFHWC, layout, strict=True)
    ]
    return torch.cat(parts)


def to_bytes(pixels: Tensor) -> NDArray[np.uint8]:
    """Return pixels in [-1, 1] as uint8, clamped and rounded."""
    scaled = ((pixels.float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
    array: NDArray[np.uint8] = scaled.contiguous().cpu().numpy()
    return array


def from_bytes(pixels: Tensor) -> Tensor:
    """Return uint8 pixels as float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1.0


class PixelCodec:
    """Spacetime patches of pixels in [-1, 1]: nothing to train, nothing lost.

    One latent holds all pixels of a patch of 4 frames x 8 x 8 (768 numbers), or a single
    frame four times.
    """

    name = "pixels"
    revision = "2"
    is_local = True

    def __init__(self, stride: tuple[int, int, int] = (4, 8, 8)) -> None:
        self.stride = stride
        self.num_channels = 3 * stride[0] * stride[1] * stride[2]

    def layout(self, num_frames: int) -> Layout:
        """Return full groups, then single frames."""
        return layout_of(num_frames, self.stride[0])

    def encode(self, pixels_THWC: NDArray[np.uint8], layout: Layout) -> Tensor:
        """Return patches as latents C,G,h,w; C runs over frame, row, column, colour."""
        st, sh, sw = self.stride
        check_layout(layout, len(pixels_THWC), st)
        groups = grouped(filled(pixels_THWC, sh, sw), layout, st)
        g, _, height, width, _ = groups.shape
        h, w = height // sh, width // sw
        split = groups.reshape(g, st, h, sh, w, sw, 3).permute(1, 3, 5, 6, 0, 2, 4)
        return from_bytes(split.reshape(-1, g, h, w))

    def decode(
        self, latents_CGHW: Tensor, layout: Layout, *, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return the pixels of the patches, clamped, rounded and cropped."""
        st, sh, sw = self.stride
        _, g, h, w = latents_CGHW.shape
        split = latents_CGHW.reshape(st, sh, sw, 3, g, h, w).permute(4, 0, 5, 1, 6, 2, 3)
        frames = ungrouped(split.reshape(g, st, h * sh, w * sw, 3), layout)
        return to_bytes(frames[:, :height_px, :width_px])
