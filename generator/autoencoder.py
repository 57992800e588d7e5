"""The network of our video autoencoder: groups of frames to latents and back.

A group holds four frames, or one that is shown four times. Its pixels are first cut into
patches of 8x8, each a vector of 4 * 8 * 8 * 3 = 768 numbers on a coarse grid; all that follows
is two-dimensional convolution on that grid, which CPUs and GPUs do near their peak. The
encoder sees one group alone. The decoder sees the latents of the groups before and after too,
so that motion goes on across the border between two groups.

Both start as the best linear codec of their size (the principal components of the patches)
and learn what it leaves over. Everything is local: a latent depends on pixels within
`ENCODER_REACH` patches, a pixel on latents within `DECODER_REACH`, so that tiles that overlap by
that much give what the whole gives.

Shapes: G groups, F = 4 frames, H W rows and columns of pixels, h w of patches, C channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUP_FRAMES = 4
PATCH_PX = 8
PATCH_NUMBERS = 3 * GROUP_FRAMES * PATCH_PX**2

NUM_CHANNELS = 16
_WIDTH = 128
_ENCODER_BLOCKS = 4
_DECODER_BLOCKS = 8
_FINE_PX = 2
"""Pixels of the finer grid on which the decoder's last layers run."""
_FINE_WIDTH = 48

ENCODER_REACH = _ENCODER_BLOCKS
"""Patches to each side on which a latent depends."""
DECODER_REACH = _DECODER_BLOCKS + 2
"""Latents to each side on which a pixel depends: the blocks, the first and the last layers."""

_NUM_FLAGS = 5
"""Of a decoded group: is it one frame; is there one before, is that one frame; the same after."""


def to_patches(pixels_GFHWC: Tensor) -> Tensor:
    """Return G,768,h,w of pixels G,4,H,W,3; H and W must be multiples of 8."""
    g, f, h, w, c = pixels_GFHWC.shape
    p = PATCH_PX
    split = pixels_GFHWC.reshape(g, f, h // p, p, w // p, p, c)
    return split.permute(0, 1, 3, 5, 6, 2, 4).reshape(g, f * p * p * c, h // p, w // p)


def to_pixels(patches_GPHW: Tensor, patch_px: int = PATCH_PX) -> Tensor:
    """Undo `to_patches`: return pixels G,4,H,W,3."""
    g, _, h, w = patches_GPHW.shape
    p = patch_px
    split = patches_GPHW.reshape(g, GROUP_FRAMES, p, p, 3, h, w)
    return split.permute(0, 1, 5, 2, 6, 3, 4).reshape(g, GROUP_FRAMES, h * p, w * p, 3)


class _Norm(nn.Module):
    """Root-mean-square norm over the channels of G,C,h,w, with a gain per channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)
        return x * scale * self.gain[:, None, None].to(x.dtype)


class _Block(nn.Module):
    """Residual: norm, 3x3 convolution, SiLU, 1x1 convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = _Norm(width)
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.out(F.silu(self.mix(self.norm(x))))
        return out


class Autoencoder(nn.Module):
    """Pixels in [-1, 1] to latents of about unit variance, and back."""

    mean: Tensor
    basis: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(PATCH_NUMBERS))
        self.register_buffer("basis", torch.zeros(NUM_CHANNELS, PATCH_NUMBERS))
        self.register_buffer("spread", torch.ones(NUM_CHANNELS))
        self.encode_in = nn.Conv2d(PATCH_NUMBERS, _WIDTH, 1)
        self.encode_single = nn.Parameter(torch.zeros(_WIDTH))
        self.encode_blocks = nn.Sequential(*(_Block(_WIDTH) for _ in range(_ENCODER_BLOCKS)))
        self.encode_out = nn.Sequential(_Norm(_WIDTH), nn.Conv2d(_WIDTH, NUM_CHANNELS, 1))
        self.decode_in = nn.Conv2d(3 * NUM_CHANNELS, _WIDTH, 3, padding=1)
        self.decode_flags = nn.Linear(_NUM_FLAGS, _WIDTH)
        self.decode_blocks = nn.Sequential(*(_Block(_WIDTH) for _ in range(_DECODER_BLOCKS)))
        self.decode_norm = _Norm(_WIDTH)
        self.decode_up = nn.Conv2d(_WIDTH, _FINE_WIDTH * (PATCH_PX // _FINE_PX) ** 2, 1)
        self.decode_fine = nn.Conv2d(_FINE_WIDTH, _FINE_WIDTH, 3, padding=1)
        self.decode_out = nn.Conv2d(_FINE_WIDTH, 3 * GROUP_FRAMES * _FINE_PX**2, 3, padding=1)
        for layer in (self.encode_out[1], self.decode_out):
            assert isinstance(layer, nn.Conv2d)
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    @torch.no_grad()
    def start_linear(self, patches_NP: Tensor) -> None:
        """Become the linear codec of the principal components of patches N,768."""
        mean, basis, spread = principal_components(patches_NP, NUM_CHANNELS)
        self.mean.copy_(mean)
        self.basis.copy_(basis)
        self.spread.copy_(spread)

    def encode(self, pixels_GFHWC: Tensor, is_single_G: Tensor) -> Tensor:
        """Return latents G,C,h,w; a group of one frame comes repeated, and is marked."""
        patches = to_patches(pixels_GFHWC) - self.mean[:, None, None]
        linear = F.conv2d(patches, (self.basis / self.spread[:, None])[:, :, None, None])
        x = self.encode_in(patches.contiguous(memory_format=torch.channels_last))
        x = x + (is_single_G[:, None].to(x.dtype) * self.encode_single)[:, :, None, None]
        out: Tensor = linear + self.encode_out(self.encode_blocks(x))
        return out

    def decode(self, latents_GCHW: Tensor, around_GCHW: Tensor, flags_G5: Tensor) -> Tensor:
        """Return pixels G,4,H,W,3.

        `around` G,2C,h,w holds the latents before and after (zeros where there are none), and
        the flags say which there are.
        """
        scaled = latents_GCHW * self.spread[:, None, None]
        linear = F.conv2d(scaled, self.basis.T[:, :, None, None]) + self.mean[:, None, None]
        x = torch.cat((latents_GCHW, around_GCHW), 1).contiguous(memory_format=torch.channels_last)
        x = self.decode_in(x) + self.decode_flags(flags_G5)[:, :, None, None]
        x = F.silu(self.decode_up(self.decode_norm(self.decode_blocks(x))))
        x = F.pixel_shuffle(x, PATCH_PX // _FINE_PX)
        x = x + F.silu(self.decode_fine(x))
        return to_pixels(linear) + to_pixels(self.decode_out(x), _FINE_PX)


def principal_components(patches_NP: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean P, the `count` strongest components `count`,P and the spread along each.

    Rows of the components are orthonormal; N must be at least 2.
    """
    patches = patches_NP.double()
    mean = patches.mean(0)
    covariance = torch.cov(patches.T)
    variances, vectors = torch.linalg.eigh(covariance)
    strongest = vectors.flip(1)[:, :count].T
    spread = variances.flip(0)[:count].clamp_min(1e-8).sqrt()
    return mean.float(), strongest.float().contiguous(), spread.float()
