"""The diffusion transformer, top to bottom: tokens of noisy clips in, tokens out.

One block is self-attention within the clip, attention to the text, and an MLP. Blocks are
told the noise level by an adaptive norm that all of them share (adaLN-single of PixArt-alpha,
arXiv 2310.00426), with a timestep for every token, so that known frames (t = 0) and noisy
ones may stand in one clip. Positions enter as rotations of queries and keys over three axes
and once as features of the input. Queries and keys are normalised (arXiv 2302.05442).

Shapes: N tokens in a pack, B clips, L words, D width, H heads, R rows of equal timestep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.attend import attend, attend_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A size of the transformer: `width` is a multiple of `head_width`."""

    width: int
    depth: int
    head_width: int = 64
    mlp_ratio: int = 4
    text_depth: int = 2


SIZES: dict[str, Size] = {
    "nano": Size(width=96, depth=4, head_width=48),
    "tiny": Size(width=192, depth=6),
    "small": Size(width=384, depth=12),
    "base": Size(width=768, depth=12),
    "large": Size(width=1152, depth=28),
}

_TIMESTEP_FEATURES = 64
_POSITION_FEATURES = 8
"""Frequencies per axis of the absolute position features."""
_SECONDS_RADIANS = (0.4, 12.0)
_HEIGHTS_RADIANS = (1.0, 50.0)
"""Slowest and fastest rotation, in radians per second and per clip height: the slowest tells the
ends of a clip of several seconds apart, the fastest two neighbouring tokens."""


def rope_angles(positions_N3: Tensor, head_width: int) -> Tensor:
    """Return angles N,head_width/2: a quarter of them turn with time, the rest with space."""
    half = head_width // 2
    num_time = half // 4
    num_rows = (half - num_time) // 2
    counts = (num_time, num_rows, half - num_time - num_rows)
    ranges = (_SECONDS_RADIANS, _HEIGHTS_RADIANS, _HEIGHTS_RADIANS)
    parts = [
        positions_N3[:, axis, None] * _frequencies(count, *limits, positions_N3.device)
        for axis, (count, limits) in enumerate(zip(counts, ranges, strict=True))
    ]
    return torch.cat(parts, 1)


def _frequencies(count: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.logspace(math.log10(low), math.log10(high), count, device=device)


def rotate(x_NHD: Tensor, cos_N1D: Tensor, sin_N1D: Tensor) -> Tensor:
    """Rotate the pairs (x[d], x[d + D/2]); `cos` and `sin` hold D/2 angles."""
    first, second = x_NHD.chunk(2, -1)
    return torch.cat((first * cos_N1D - second * sin_N1D, second * cos_N1D + first * sin_N1D), -1)


def rms_norm(x: Tensor) -> Tensor:
    """Scale the last axis to a root mean square of 1, with nothing learned."""
    return F.rms_norm(x, x.shape[-1:])


class Block(nn.Module):
    """Self-attention, attention to text, MLP; each adds to the residual x_ND."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, hidden = size.width, size.mlp_ratio * size.width
        self.num_heads = width // size.head_width
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.qk_gain = nn.Parameter(torch.ones(2, 1, size.head_width))
        self.out = nn.Linear(width, width, bias=False)
        self.text_q = nn.Linear(width, width, bias=False)
        self.text_kv = nn.Linear(width, 2 * width, bias=False)
        self.text_gain = nn.Parameter(torch.ones(2, 1, size.head_width))
        self.text_out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        self.modulation = nn.Parameter(torch.zeros(6, width))

    def forward(
        self,
        x_ND: Tensor,
        shared_R6D: Tensor,
        row_NR: Tensor,
        rope: tuple[Tensor, Tensor],
        lengths: Sequence[int],
        text_BLD: Tensor,
        mask_BL: Tensor,
    ) -> Tensor:
        heads = (self.num_heads, -1)
        table = (shared_R6D + self.modulation).to(x_ND.dtype)
        shift1, scale1, gate1, shift2, scale2, gate2 = (row_NR @ table.flatten(1)).chunk(6, 1)

        h_ND = torch.addcmul(shift1, rms_norm(x_ND), scale1)
        qkv = self.qkv(h_ND).unflatten(1, (3, *heads))
        qk = rms_norm(qkv[:, :2]) * self.qk_gain.to(qkv.dtype)
        q, k = rotate(qk.flatten(1, 2), *rope).unflatten(1, (2, -1)).unbind(1)
        attended = attend(q, k, qkv[:, 2], lengths).flatten(1)
        x_ND = torch.addcmul(x_ND, gate1, self.out(attended))

        q = self.text_q(rms_norm(x_ND)).unflatten(1, heads)
        k, v = self.text_kv(text_BLD).unflatten(2, (2, *heads)).unbind(2)
        q, k = (rms_norm(y) * g.to(y.dtype) for y, g in zip((q, k), self.text_gain, strict=True))
        x_ND = x_ND + self.text_out(attend_text(q, k, v, mask_BL, lengths).flatten(1))

        h_ND = torch.addcmul(shift2, rms_norm(x_ND), scale2)
        return torch.addcmul(x_ND, gate2, self.down(F.relu(self.up(h_ND)).square()))


class DiT(nn.Module):
    """Maps noisy tokens, timesteps and text to one prediction per token.

    The output layer starts at zero, and so does everything that the blocks add through
    their gates: a fresh transformer returns exactly zero.
    """

    def __init__(self, size: Size, num_channels: int) -> None:
        super().__init__()
        width = size.width
        self.size = size
        self.num_channels = num_channels
        self.embed = nn.Linear(num_channels, width)
        self.embed_position = nn.Linear(3 * 2 * _POSITION_FEATURES, width, bias=False)
        self.embed_timestep = nn.Sequential(
            nn.Linear(2 * _TIMESTEP_FEATURES, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.condition = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.depth))
        self.final_condition = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.head = nn.Linear(width, num_channels)
        self._initialise()

    def _initialise(self) -> None:
        """Xavier weights; scales start at 1, gates small, the head at zero."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for block in self.blocks:
            assert isinstance(block, Block)
            nn.init.zeros_(block.text_out.weight)
            with torch.no_grad():
                block.modulation[[1, 4]] = 1.0
        for layer in (self.condition[1], self.final_condition[1]):
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.head.weight)

    def forward(
        self,
        tokens_NC: Tensor,
        positions_N3: Tensor,
        timesteps_N: Tensor,
        lengths: Sequence[int],
        text_BLD: Tensor,
        pooled_BD: Tensor,
        mask_BL: Tensor,
    ) -> Tensor:
        """Return N,C predictions (float32); clip b owns the next `lengths[b]` tokens."""
        counts = torch.tensor(lengths, device=tokens_NC.device)
        clip_N = torch.arange(len(lengths), device=tokens_NC.device).repeat_interleave(counts)
        rows_R2, row_N = torch.unique_consecutive(
            torch.stack((clip_N.double(), timesteps_N.double()), 1), dim=0, return_inverse=True
        )
        known_RD = self.embed_timestep(_timestep_features(rows_R2[:, 1].float()))
        condition_RD = known_RD + pooled_BD[rows_R2[:, 0].long()]
        shared_R6D = self.condition(condition_RD).unflatten(1, (6, -1))

        # A product with a one-hot matrix: on CPU its backward is several times faster than indexing's.
        x_ND = self.embed(tokens_NC) + self.embed_position(_position_features(positions_N3))
        angles = rope_angles(positions_N3, self.size.head_width)[:, None]
        rope = (angles.cos().to(x_ND.dtype), angles.sin().to(x_ND.dtype))
        row_NR = F.one_hot(row_N, len(rows_R2)).to(x_ND.dtype)
        for block in self.blocks:
            x_ND = block(x_ND, shared_R6D, row_NR, rope, lengths, text_BLD, mask_BL)

        shift, scale = (row_NR @ self.final_condition(condition_RD).to(x_ND.dtype)).chunk(2, 1)
        out: Tensor = self.head(torch.addcmul(shift, rms_norm(x_ND), 1.0 + scale))
        return out.float()


def _timestep_features(t_R: Tensor) -> Tensor:
    """Return R,128 sines and cosines of a timestep in [0, 1]."""
    angles = t_R[:, None] * _frequencies(_TIMESTEP_FEATURES, 1.0, 1000.0, t_R.device)
    return torch.cat((angles.cos(), angles.sin()), 1)


def _position_features(positions_N3: Tensor) -> Tensor:
    """Return N,48 sines and cosines of the position along each axis."""
    limits = (_SECONDS_RADIANS, _HEIGHTS_RADIANS, _HEIGHTS_RADIANS)
    device = positions_N3.device
    turns = torch.stack([_frequencies(_POSITION_FEATURES, *pair, device) for pair in limits])
    angles = (positions_N3[:, :, None] * turns).flatten(1)
    return torch.cat((angles.cos(), angles.sin()), 1)


def num_parameters(size: Size, num_channels: int) -> int:
    """Count the parameters of a `DiT` without making it (text encoder not included)."""
    with torch.device("meta"):
        return sum(p.numel() for p in DiT(size, num_channels).parameters())


def flops_forward(size: Size, num_channels: int, lengths: Sequence[int], num_words: int) -> float:
    """Return the floating point operations of one forward pass over a pack (2 per multiply-add).

    Counted: all linear layers and attention. Norms and activations are left out, as usual.
    Training costs three times this.
    """
    width, depth = size.width, size.depth
    tokens = sum(lengths)
    per_token = depth * (6 + 2 * size.mlp_ratio) * width**2 + 2 * num_channels * width
    words = len(lengths) * num_words * depth * 2 * width**2
    scores = depth * 2 * width * sum(n * n + n * num_words for n in lengths)
    return 2.0 * (tokens * per_token + words + scores)
