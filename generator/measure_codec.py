"""How much of a clip a codec keeps: PSNR, SSIM, seams, beside the best linear codec of its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from generator.autoencoder import (
    GROUP_FRAMES,
    NUM_CHANNELS,
    PATCH_PX,
    principal_components,
    to_patches,
    to_pixels,
)
from generator.codec import Codec, Layout, from_bytes, grouped, layout_of, to_bytes, ungrouped

Pixels = NDArray[np.uint8]
_PEAK = 255.0
_C1, _C2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
_LUMA = (0.299, 0.587, 0.114)


def psnr_db(one: Pixels, other: Pixels) -> float:
    """Return the peak signal-to-noise ratio over all frames and colours; at most 100."""
    error = np.square(one.astype(np.float32) - other.astype(np.float32)).mean()
    return float(min(100.0, 10.0 * np.log10(_PEAK**2 / max(float(error), 1e-10))))


def ssim(one: Pixels, other: Pixels) -> float:
    """Return the mean structural similarity of the frames' luma (Wang et al. 2004).

    Gaussian window of 11 pixels and sigma 1.5, smaller where the picture is.
    """
    a, b = (_luma(x) for x in (one, other))
    size = min(11, a.shape[2] | 1, a.shape[3] | 1)
    size = size if size <= min(a.shape[2:]) else size - 2
    place = torch.arange(size) - size // 2
    line = torch.exp(-(place**2) / (2 * 1.5**2)).float()
    window = (line[:, None] * line / (line.sum() ** 2))[None, None]
    mean_a, mean_b = F.conv2d(a, window), F.conv2d(b, window)
    var_a = F.conv2d(a * a, window) - mean_a**2
    var_b = F.conv2d(b * b, window) - mean_b**2
    both = F.conv2d(a * b, window) - mean_a * mean_b
    light = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    form = (2 * both + _C2) / (var_a + var_b + _C2)
    return float((light * form).mean())


def _luma(pixels_THWC: Pixels) -> Tensor:
    weights = torch.tensor(_LUMA)
    return (torch.from_numpy(pixels_THWC).float() @ weights)[:, None]


class LinearCodec:
    """The principal components of 4x8x8 patches: the best linear codec of 16 channels."""

    def __init__(self, clips: Sequence[Pixels], *, patches_per_clip: int = 4096) -> None:
        rng = np.random.default_rng(0)
        found = []
        for clip in clips:
            full = len(clip) // GROUP_FRAMES * GROUP_FRAMES
            height, width = (n // PATCH_PX * PATCH_PX for n in clip.shape[1:3])
            if not full or not height or not width:
                continue
            groups = grouped(
                np.ascontiguousarray(clip[:full, :height, :width]),
                layout_of(full, GROUP_FRAMES),
                GROUP_FRAMES,
            )
            patches = to_patches(from_bytes(groups)).permute(0, 2, 3, 1).flatten(0, 2)
            chosen = rng.permutation(len(patches))[:patches_per_clip]
            found.append(patches[torch.from_numpy(chosen)])
        self._mean, self._basis, _ = principal_components(torch.cat(found), NUM_CHANNELS)

    def reconstruct(self, pixels_THWC: Pixels, layout: Layout) -> Pixels:
        """Return the frames as 16 numbers a patch keep them; sides are multiples of 8."""
        patches = to_patches(from_bytes(grouped(pixels_THWC, layout, GROUP_FRAMES)))
        mean = self._mean[:, None, None]
        latents = F.conv2d(patches - mean, self._basis[:, :, None, None])
        back = F.conv2d(latents, self._basis.T[:, :, None, None]) + mean
        return to_bytes(ungrouped(to_pixels(back), layout))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a codec keeps of one clip; seams are PSNR at a border less PSNR inside, in dB.

    In time: the first and last frame of each group against the two in its middle. In space: the
    pixels on both sides of the patches' borders against all others.
    """

    psnr_db: float
    ssim: float
    linear_psnr_db: float
    linear_ssim: float
    seam_time_db: float
    seam_space_db: float


def reconstruct(codec: Codec, pixels_THWC: Pixels) -> Pixels:
    """Return a clip as the codec gives it back."""
    layout = codec.layout(len(pixels_THWC))
    _, height, width, _ = pixels_THWC.shape
    latents = codec.encode(pixels_THWC, layout)
    return codec.decode(latents, layout, width_px=width, height_px=height)


def measure(codec: Codec, linear: LinearCodec, pixels_THWC: Pixels) -> Kept:
    """Measure one clip of full groups whose sides are multiples of 8."""
    ours = reconstruct(codec, pixels_THWC)
    theirs = linear.reconstruct(pixels_THWC, layout_of(len(pixels_THWC), GROUP_FRAMES))
    phase = np.arange(len(pixels_THWC)) % GROUP_FRAMES
    edge = (phase == 0) | (phase == GROUP_FRAMES - 1)
    rows, columns = (np.arange(n) % PATCH_PX for n in pixels_THWC.shape[1:3])
    on_border = np.isin(rows, (0, PATCH_PX - 1))[:, None] | np.isin(columns, (0, PATCH_PX - 1))
    return Kept(
        psnr_db=psnr_db(pixels_THWC, ours),
        ssim=ssim(pixels_THWC, ours),
        linear_psnr_db=psnr_db(pixels_THWC, theirs),
        linear_ssim=ssim(pixels_THWC, theirs),
        seam_time_db=psnr_db(pixels_THWC[edge], ours[edge])
        - psnr_db(pixels_THWC[~edge], ours[~edge]),
        seam_space_db=psnr_db(pixels_THWC[:, on_border], ours[:, on_border])
        - psnr_db(pixels_THWC[:, ~on_border], ours[:, ~on_border]),
    )
