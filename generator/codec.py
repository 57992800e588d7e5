"""Video codecs: uint8 frames to latents and back, behind one interface.

Shapes: frames T,H,W,3 uint8; latents C,T',H',W' float32, where T', H', W' are the frame
counts divided by the codec's stride and rounded up. Each group of `stride` frames, rows
and columns is encoded alone, so a latent depends on no frame outside its group: a
video may be cut, extended and cached at any group, and one image is a video of one frame.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Codec(Protocol):
    """Turns frames into latents and back; `name` and `revision` name it in a checkpoint."""

    @property
    def name(self) -> str:
        """What `codec_named` knows it by."""
        ...

    @property
    def revision(self) -> str:
        """Changes whenever the latents of the same frames would change."""
        ...

    @property
    def stride(self) -> tuple[int, int, int]:
        """Frames, rows and columns behind one latent."""
        ...

    @property
    def num_channels(self) -> int:
        """Numbers in one latent, C."""
        ...

    def encode(self, pixels_THWC: NDArray[np.uint8]) -> Tensor:
        """Return latents C,T',H',W'; a ragged last group is filled by repeating the edge."""
        ...

    def decode(
        self, latents_CTHW: Tensor, *, num_frames: int, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return frames of exactly the size asked for, cropped from the decoded groups."""
        ...


class PixelCodec:
    """Spacetime patches of pixels in [-1, 1]: nothing to train, nothing lost.

    One latent holds all pixels of a patch of 4 frames x 8 x 8 (768 numbers). Rotating
    them by a fixed orthonormal transform would change nothing that the first linear
    layer of the transformer cannot undo, so they stay pixels.
    """

    name = "pixels"
    revision = "1"

    def __init__(self, stride: tuple[int, int, int] = (4, 8, 8)) -> None:
        self.stride = stride
        self.num_channels = 3 * stride[0] * stride[1] * stride[2]

    def encode(self, pixels_THWC: NDArray[np.uint8]) -> Tensor:
        """Return patches as latents C,T',H',W'; C runs over frame, row, column, colour."""
        padding = [(0, -n % s) for n, s in zip(pixels_THWC.shape, (*self.stride, 1), strict=True)]
        padded = np.pad(pixels_THWC, padding, mode="edge")
        t, h, w = (n // s for n, s in zip(padded.shape, self.stride, strict=False))
        st, sh, sw = self.stride
        groups = torch.from_numpy(padded).reshape(t, st, h, sh, w, sw, 3)
        latents = groups.permute(1, 3, 5, 6, 0, 2, 4).reshape(-1, t, h, w)
        return latents.float() / 127.5 - 1.0

    def decode(
        self, latents_CTHW: Tensor, *, num_frames: int, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return the pixels of the patches, clamped, rounded and cropped."""
        st, sh, sw = self.stride
        _, t, h, w = latents_CTHW.shape
        groups = latents_CTHW.reshape(st, sh, sw, 3, t, h, w).permute(4, 0, 5, 1, 6, 2, 3)
        pixels = groups.reshape(t * st, h * sh, w * sw, 3)
        pixels = ((pixels.float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
        array: NDArray[np.uint8] = pixels[:num_frames, :height_px, :width_px].contiguous().numpy()
        return array


def grid_of(
    codec: Codec, *, num_frames: int, width_px: int, height_px: int
) -> tuple[int, int, int]:
    """Return T', H', W' of the latents of a video of this size."""
    st, sh, sw = codec.stride
    return -(-num_frames // st), -(-height_px // sh), -(-width_px // sw)


def codec_named(name: str, revision: str, stride: tuple[int, int, int]) -> Codec:
    """Return the codec that a checkpoint names. Raises KeyError for one we do not have."""
    codec = PixelCodec(stride)
    if (name, revision) != (codec.name, codec.revision):
        raise KeyError(f"{name} revision {revision}")
    return codec
