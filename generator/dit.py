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
from typing import Any

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


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the pairs (x[d], x[d + D/2]); `cos` and `sin` hold D/2 angles."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


class _Normalise(torch.autograd.Function):
    """x * gain / rms(x) in few passes over memory, which is what the time goes to on CPU.

    The library's norm takes about three times as many in its backward. `gain` has size 1 on
    the last axis; its gradient falls out of the row sums that the backward needs anyway.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, gain: Tensor) -> Tensor:
        wide = torch.promote_types(x.dtype, torch.float32)
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=wide)
        inverse = torch.rsqrt(norm.square() / x.shape[-1] + 1e-6)
        ctx.save_for_backward(x, gain, inverse)
        return x * (inverse * gain).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        x, gain, inverse = ctx.saved_tensors
        along = (grad * x).sum(-1, keepdim=True, dtype=inverse.dtype) * inverse
        scale = inverse * gain
        back = along * inverse * scale / -x.shape[-1]
        grad_x = torch.addcmul(grad * scale.to(x.dtype), x, back.to(x.dtype))
        grad_gain = along.sum_to_size(gain.shape) if ctx.needs_input_grad[1] else None
        return grad_x, grad_gain


def rms_norm(x: Tensor, gain: Tensor | None = None) -> Tensor:
    """Scale the last axis to a root mean square of 1, then by `gain` (size 1 on that axis)."""
    gain = x.new_ones(1, dtype=torch.float32) if gain is None else gain
    out: Tensor = _Normalise.apply(x, gain)  # type: ignore[no-untyped-call]
    return out


class Block(nn.Module):
    """Self-attention, attention to text, MLP; each adds to the residual x_ND."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, hidden = size.width, size.mlp_ratio * size.width
        self.num_heads = width // size.head_width
        self.head_width = size.head_width
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.qk_gain = nn.Parameter(_qk_gain(self.num_heads, size.head_width))
        self.out = nn.Linear(width, width, bias=False)
        self.text_q = nn.Linear(width, width, bias=False)
        self.text_kv = nn.Linear(width, 2 * width, bias=False)
        self.text_gain = nn.Parameter(_qk_gain(self.num_heads, size.head_width))
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
        """Return the residual after this block; `row_NR` is one-hot in each token's row."""
        table = (shared_R6D + self.modulation).to(x_ND.dtype)
        shift1, scale1, gate1, shift2, scale2, gate2 = (row_NR @ table.flatten(1)).chunk(6, 1)

        h_ND = torch.addcmul(shift1, rms_norm(x_ND), scale1)
        qkv_N3HD = self.qkv(h_ND).reshape(-1, 3, self.num_heads, self.head_width)
        qk_N2HD = rms_norm(qkv_N3HD[:, :2], self.qk_gain)
        q, k = rotate(qk_N2HD, *rope).unbind(1)
        attended = attend(q, k, qkv_N3HD[:, 2], lengths).flatten(1)
        x_ND = torch.addcmul(x_ND, gate1, self.out(attended))

        q = self.text_q(rms_norm(x_ND)).reshape(-1, self.num_heads, self.head_width)
        shape = (*text_BLD.shape[:2], 2, self.num_heads, self.head_width)
        k, v = self.text_kv(text_BLD).reshape(shape).unbind(2)
        q, k = rms_norm(q, self.text_gain[0]), rms_norm(k, self.text_gain[1])
        x_ND = x_ND + self.text_out(attend_text(q, k, v, mask_BL, lengths).flatten(1))

        h_ND = torch.addcmul(shift2, rms_norm(x_ND), scale2)
        return torch.addcmul(x_ND, gate2, self.down(F.silu(self.up(h_ND))))


def _qk_gain(num_heads: int, head_width: int) -> Tensor:
    """Return gains 2,H,1 of queries and keys; their product starts at 1 / sqrt(head width)."""
    return torch.full((2, num_heads, 1), head_width**-0.25)


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
        clip_R, timestep_R, row_N = _rows(timesteps_N, lengths)
        condition_RD = self.embed_timestep(_timestep_features(timestep_R)) + pooled_BD[clip_R]
        shared_R6D = self.condition(condition_RD).unflatten(1, (6, -1))

        x_ND = self.embed(tokens_NC) + self.embed_position(_position_features(positions_N3))
        angles = rope_angles(positions_N3, self.size.head_width)[:, None, None]
        rope = (angles.cos().to(x_ND.dtype), angles.sin().to(x_ND.dtype))
        # Indexing by a product: on CPU its backward is several times faster than an index's.
        row_NR = F.one_hot(row_N, len(clip_R)).to(x_ND.dtype)
        for block in self.blocks:
            x_ND = block(x_ND, shared_R6D, row_NR, rope, lengths, text_BLD, mask_BL)

        shift, scale = (row_NR @ self.final_condition(condition_RD).to(x_ND.dtype)).chunk(2, 1)
        out: Tensor = self.head(torch.addcmul(shift, rms_norm(x_ND), 1.0 + scale))
        return out.float()


def _rows(timesteps_N: Tensor, lengths: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Group neighbouring tokens of one clip and one timestep: modulation is the same for them.

    Returns each row's clip and timestep, and each token's row.
    """
    clip_N = torch.repeat_interleave(torch.tensor(lengths, device=timesteps_N.device))
    begins_N = torch.ones_like(clip_N, dtype=torch.bool)
    begins_N[1:] = (clip_N[1:] != clip_N[:-1]) | (timesteps_N[1:] != timesteps_N[:-1])
    return clip_N[begins_N], timesteps_N[begins_N], begins_N.cumsum(0) - 1


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
