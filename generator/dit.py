"""The diffusion transformer, top to bottom: tokens of noisy clips in, tokens out.

One block is self-attention within the clip, attention to the text, and an MLP. Blocks are
told the noise level by an adaptive norm that all of them share (adaLN-single of PixArt-alpha,
arXiv 2310.00426), with a timestep for every token, so that known frames (t = 0) and noisy
ones may stand in one clip. Positions enter as rotations of queries and keys over three axes
and once as features of the input. Queries and keys are normalised (arXiv 2302.05442). A token
enters with the 26 around it, in its own group of frames and in those beside it, and with how much
of each is data. The eight in its own group: in the first 300 steps of recipes/generator.toml a mean
loss of 0.734 instead of 0.750 (one seed), for the same time; the others: over 855 steps of clips,
from the same network and with the same noise, 0.383 instead of 0.385, and 0.276 instead of 0.286
where two ends are connected.

Shapes: N tokens in a pack, B clips, L words, D width, H heads, R pairs of clip and timestep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from generator.attend import (
    Where,
    arrange,
    attend,
    attend_text,
    blank_rows,
    even_rows,
    leave_to_python,
)
from generator.patchify import DURATION, IS_SINGLE, NUM_AROUND, Grid, around, num_tokens
from generator.step_cache import StepCache
from generator.text import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A size of the transformer: `width` is a multiple of `head_width`."""

    width: int
    depth: int
    patch: int = 1
    """Rows and columns of latents in one token."""
    head_width: int = 64
    mlp_ratio: int = 4
    text_depth: int = 2
    text_buckets: int = 4096
    """Of the words of our own text encoder."""


SIZES: dict[str, Size] = {
    "nano": Size(width=96, depth=4, head_width=48, text_depth=1, text_buckets=1024),
    "tiny": Size(width=192, depth=6, text_depth=1, text_buckets=1024),
    "small": Size(width=384, depth=12),
    "base": Size(width=768, depth=12, patch=2),
    "large": Size(width=1152, depth=28, patch=2),
}

_TIMESTEP_FEATURES = 64
_POSITION_FEATURES = 8
"""Frequencies per axis of the absolute position features."""
_DURATION_FEATURES = 4
"""Frequencies of the logarithm of a group's duration."""
_NUM_POSITION_FEATURES = 3 * 2 * _POSITION_FEATURES + 2 * _DURATION_FEATURES + 1
_SECONDS_RADIANS = (0.4, 12.0)
_HEIGHTS_RADIANS = (1.0, 50.0)
"""Slowest and fastest rotation, in radians per second and per clip height: the slowest tells the
ends of a clip of several seconds apart, the fastest two neighbouring tokens."""


def rope_angles(positions_N5: Tensor, head_width: int) -> Tensor:
    """Return angles N,head_width/2: a quarter of them turn with time, the rest with space."""
    half = head_width // 2
    num_time = half // 4
    num_rows = (half - num_time) // 2
    counts = (num_time, num_rows, half - num_time - num_rows)
    ranges = (_SECONDS_RADIANS, _HEIGHTS_RADIANS, _HEIGHTS_RADIANS)
    parts = [
        positions_N5[:, axis, None] * _frequencies(count, *limits, positions_N5.device)
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
        grad_x = (grad * scale.to(x.dtype)).add_(x * back.to(x.dtype))
        grad_gain = along.sum_to_size(gain.shape) if ctx.needs_input_grad[1] else None
        return grad_x, grad_gain


def rms_norm(x: Tensor, gain: Tensor | None = None) -> Tensor:
    """Scale the last axis to a root mean square of 1, then by `gain` (size 1 on that axis).

    The same on all devices but for rounding: CUDA has a kernel, a compiler fuses the formula.
    """
    gain = x.new_ones(1, dtype=torch.float32) if gain is None else gain
    if torch.compiler.is_compiling():
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        inverse = torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-6)
        return x * (inverse * gain).to(x.dtype)
    if x.is_cuda:
        return F.rms_norm(x, x.shape[-1:], eps=1e-6).to(x.dtype) * gain.to(x.dtype)
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
        where: Where,
        text_BLD: Tensor,
        mask_BL: Tensor,
    ) -> Tensor:
        """Return the residual after this block; `row_NR` is one-hot in each token's row.

        `where` and the text states come as `attend.arrange` gives them.
        """
        table = (shared_R6D + self.modulation).to(x_ND.dtype)
        shift1, scale1, gate1, shift2, scale2, gate2 = (row_NR @ table.flatten(1)).chunk(6, 1)

        # Sums and products apart: the backward of `addcmul` goes over memory twice as often.
        h_ND = rms_norm(x_ND) * scale1 + shift1
        qkv_N3HD = self.qkv(h_ND).reshape(-1, 3, self.num_heads, self.head_width)
        qk_N2HD, v_N1HD = qkv_N3HD.split((2, 1), 1)
        q, k = rotate(rms_norm(qk_N2HD, self.qk_gain), *rope).unbind(1)
        attended = attend(q, k, v_N1HD.squeeze(1), where).flatten(1)
        x_ND = x_ND + gate1 * self.out(attended)

        q = self.text_q(rms_norm(x_ND)).reshape(-1, self.num_heads, self.head_width)
        shape = (*text_BLD.shape[:-1], 2, self.num_heads, self.head_width)
        k, v = self.text_kv(text_BLD).reshape(shape).unbind(-3)
        q, k = rms_norm(q, self.text_gain[0]), rms_norm(k, self.text_gain[1])
        x_ND = x_ND + self.text_out(attend_text(q, k, v, mask_BL, where).flatten(1))

        h_ND = rms_norm(x_ND) * scale2 + shift2
        out: Tensor = x_ND + gate2 * self.down(F.silu(self.up(h_ND)))
        return out


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
        self.checkpoint_blocks = False
        self.num_channels = num_channels * size.patch**2
        self.embed = nn.Linear(NUM_AROUND * (self.num_channels + 1), width)
        self.embed_position = nn.Linear(_NUM_POSITION_FEATURES, width, bias=False)
        self.embed_timestep = nn.Sequential(
            nn.Linear(2 * _TIMESTEP_FEATURES, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.condition = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.depth))
        self.final_condition = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.head = nn.Linear(width, self.num_channels)
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
        positions_N5: Tensor,
        timesteps_N: Tensor,
        grids: Sequence[Grid],
        texts: Texts,
        pooled_BD: Tensor,
        cache: StepCache | None = None,
    ) -> Tensor:
        """Return N,C predictions (float32); clip b owns the next tokens, as many as `grids[b]` has.

        Of several sets of text states, the first block reads the first, the next the second.
        """
        lengths = [num_tokens(grid) for grid in grids]
        # On CPUs, blank rows at the end make products of few different shapes.
        count = len(tokens_NC)
        blank = blank_rows(tokens_NC, self.size.head_width)
        clip_R, timestep_R, row_N = _rows(timesteps_N, lengths)
        condition_RD = self.embed_timestep(_timestep_features(timestep_R)) + pooled_BD[clip_R]
        condition_RD = F.pad(condition_RD, (0, 0, 0, even_rows(len(clip_R)) - len(clip_R)))
        shared_R6D = self.condition(condition_RD).unflatten(1, (6, -1))

        # Beside the numbers of a token stands how much of them is data.
        tokens_NC = torch.cat((tokens_NC, 1.0 - timesteps_N[:, None]), 1)
        tokens_NC = F.pad(around(tokens_NC, grids), (0, 0, 0, blank))
        positions_N5 = F.pad(positions_N5, (0, 0, 0, blank), value=1.0)
        x_ND = self.embed(tokens_NC) + self.embed_position(_position_features(positions_N5))
        angles = rope_angles(positions_N5, self.size.head_width)[:, None, None]
        rope = (angles.cos().to(x_ND.dtype), angles.sin().to(x_ND.dtype))
        # Indexing by a product: on CPU its backward is several times faster than an index's.
        row_NR = F.pad(F.one_hot(row_N, even_rows(len(clip_R))), (0, 0, 0, blank)).to(x_ND.dtype)
        told = []
        for text_BLD, mask_BL in texts:
            text_BLD, where = arrange(x_ND, lengths, text_BLD, mask_BL, self.size.head_width)
            told.append((shared_R6D, row_NR, rope, where, text_BLD, mask_BL))
        x_ND = first_ND = self._block(0, x_ND, *told[0])
        reused = None if cache is None else cache.reuse(first_ND)
        if reused is None:
            for number in range(1, len(self.blocks)):
                x_ND = self._block(number, x_ND, *told[number % len(told)])
            if cache is not None:
                cache.keep(first_ND, x_ND)
        else:
            x_ND = reused

        shift, scale = (row_NR @ self.final_condition(condition_RD).to(x_ND.dtype)).chunk(2, 1)
        out: Tensor = self.head(rms_norm(x_ND) * (1.0 + scale) + shift)
        return out[:count].float()

    def compile_blocks(self, backend: str = "inductor") -> None:
        """Compile the blocks, once for packs of any size."""
        leave_to_python()
        for block in self.blocks:
            block.compile(dynamic=True, backend=backend)

    def _block(self, number: int, x_ND: Tensor, *told: Any) -> Tensor:
        """Run one block; with `checkpoint_blocks`, its activations are computed again later."""
        block = self.blocks[number]
        if self.checkpoint_blocks and torch.is_grad_enabled():
            out: Tensor = checkpoint(block, x_ND, *told, use_reentrant=False)
        else:
            out = block(x_ND, *told)
        return out


def _rows(timesteps_N: Tensor, lengths: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Find the pairs of clip and timestep: modulation is the same for all tokens of a pair.

    Returns each pair's clip and timestep, and each token's pair.
    """
    device = timesteps_N.device
    clip_N = torch.repeat_interleave(torch.tensor(lengths, device=device))
    key_N = 2.0 * clip_N.double() + timesteps_N.double()
    key_R, row_N = torch.unique(key_N, return_inverse=True)
    clip_R = (key_R / 2.0).floor().long()
    timestep_R = (key_R - 2.0 * clip_R).to(timesteps_N.dtype)
    return clip_R, timestep_R, row_N


def _timestep_features(t_R: Tensor) -> Tensor:
    """Return R,128 sines and cosines of a timestep in [0, 1]."""
    angles = t_R[:, None] * _frequencies(_TIMESTEP_FEATURES, 1.0, 1000.0, t_R.device)
    return torch.cat((angles.cos(), angles.sin()), 1)


def _position_features(positions_N5: Tensor) -> Tensor:
    """Return N,57: sines and cosines of each coordinate and of the duration; is it one frame."""
    limits = (_SECONDS_RADIANS, _HEIGHTS_RADIANS, _HEIGHTS_RADIANS)
    device = positions_N5.device
    turns = torch.stack([_frequencies(_POSITION_FEATURES, *pair, device) for pair in limits])
    angles = (positions_N5[:, :DURATION, None] * turns).flatten(1)
    lasting = positions_N5[:, DURATION, None].log2() * _frequencies(
        _DURATION_FEATURES, 0.2, 1.5, device
    )
    angles = torch.cat((angles, lasting), 1)
    return torch.cat((angles.cos(), angles.sin(), positions_N5[:, IS_SINGLE, None]), 1)


def num_parameters(size: Size, num_channels: int) -> int:
    """Count the parameters of a `DiT` without making it (text encoder not included)."""
    with torch.device("meta"):
        return sum(p.numel() for p in DiT(size, num_channels).parameters())


def flops_forward(
    size: Size, num_channels: int, lengths: Sequence[int], num_states: float
) -> float:
    """Return the floating point operations of one forward pass over a pack (2 per multiply-add).

    `num_states` of a text are read by a block, on average. Counted: all linear layers and
    attention. Norms and activations are left out, as usual.
    Training costs three times this.
    """
    width, depth = size.width, size.depth
    tokens = sum(lengths)
    per_token = depth * (6 + 2 * size.mlp_ratio) * width**2
    channels = num_channels * size.patch**2
    per_token += (NUM_AROUND * (channels + 1) + channels) * width
    text = len(lengths) * num_states * depth * 2 * width**2
    scores = depth * 2 * width * sum(n * n + n * num_states for n in lengths)
    return 2.0 * (tokens * per_token + text + scores)
