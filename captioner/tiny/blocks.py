"""The parts of the captioner's network: attention, the stem, the mixing of tokens, slots.

Letters of shapes as in `captioner.tiny.network`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from schemas.facts import COLOURS

NUM_COLOURS = len(COLOURS)
SCENE_SLOTS = 4


class Block(nn.Module):
    """Attention and a perceptron, each on normed input and added back."""

    def __init__(self, width: int, heads: int, *, causal: bool = False, memory: int = 0) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm_1 = nn.LayerNorm(width)
        self.norm_2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        if memory:
            self.norm_3 = nn.LayerNorm(width)
            self.query = nn.Linear(width, width, bias=False)
            self.key_value = nn.Linear(memory, 2 * width, bias=False)
            self.read = nn.Linear(width, width, bias=False)

    def forward(
        self,
        x_BND: Tensor,
        memory_BND: Tensor | None = None,
        is_word_BN: Tensor | None = None,
    ) -> Tensor:
        """Return the block's output, of the shape of `x_BND`.

        Where `is_word_BN` is given, only tokens where it holds are looked at.
        """
        q, k, v = self.qkv(self.norm_1(x_BND)).chunk(3, dim=-1)
        mixed = attend(q, k, v, self.heads, causal=self.causal, is_word_BN=is_word_BN)
        x_BND = x_BND + self.out(mixed)
        if memory_BND is not None:
            k, v = self.key_value(memory_BND).chunk(2, dim=-1)
            q = self.query(self.norm_3(x_BND))
            x_BND = x_BND + self.read(attend(q, k, v, self.heads))
        return self._thought(x_BND)

    def remember(self, memory_BND: Tensor, num_steps: int) -> Past:
        """Return what `step` needs to know of the memory, with room for `num_steps` tokens."""
        k, v = self.key_value(memory_BND).chunk(2, dim=-1)
        memory_keys = _in_heads(k, self.heads)
        room = memory_keys.new_zeros(*memory_keys.shape[:2], num_steps, memory_keys.shape[-1])
        return Past(
            keys=room,
            values=room.clone(),
            memory_keys=memory_keys.contiguous(),
            memory_values=_in_heads(v, self.heads).contiguous(),
        )

    def step(self, x_B1D: Tensor, place: int, past: Past) -> Tensor:
        """Do for the token at `place` alone what `forward` does; `past` keeps its share of it."""
        q, k, v = (
            _in_heads(part, self.heads) for part in self.qkv(self.norm_1(x_B1D)).chunk(3, dim=-1)
        )
        past.keys[:, :, place : place + 1] = k
        past.values[:, :, place : place + 1] = v
        here = slice(0, place + 1)
        mixed = F.scaled_dot_product_attention(q, past.keys[:, :, here], past.values[:, :, here])
        x_B1D = x_B1D + self.out(mixed.flatten(1)[:, None])
        q = _in_heads(self.query(self.norm_3(x_B1D)), self.heads)
        read = F.scaled_dot_product_attention(q, past.memory_keys, past.memory_values)
        x_B1D = x_B1D + self.read(read.flatten(1)[:, None])
        return self._thought(x_B1D)

    def _thought(self, x_BND: Tensor) -> Tensor:
        thought: Tensor = self.down(F.relu(self.up(self.norm_2(x_BND))).square())
        return x_BND + thought


@dataclass(slots=True, kw_only=True)
class Past:
    """What a block of the decoder keeps while it writes; all are B x heads x tokens x D / heads.

    Of `keys` and `values` those of the places written so far are filled.
    """

    keys: Tensor
    values: Tensor
    memory_keys: Tensor
    memory_values: Tensor


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    heads: int,
    *,
    causal: bool = False,
    is_word_BN: Tensor | None = None,
) -> Tensor:
    """Return scaled dot-product attention of B x N x D tensors split into heads."""
    if not torch.is_grad_enabled() and not causal and is_word_BN is None:
        q, k, v = (_in_heads(x, heads) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    batch, count, width = q.shape
    # Plain matrix products: the fused CPU kernel's backward pass is ten times slower.
    q, k, v = (_in_heads(x.contiguous(), heads).flatten(0, 1).contiguous() for x in (q, k, v))
    scores = torch.bmm(q * (width // heads) ** -0.5, k.transpose(1, 2))
    if causal:
        later = torch.ones(count, count, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    if is_word_BN is not None:
        is_pad = ~is_word_BN.repeat_interleave(heads, dim=0)[:, None]
        scores = scores.masked_fill(is_pad, -torch.inf)
    mixed = torch.bmm(scores.softmax(dim=-1), v)
    return mixed.view(batch, heads, count, -1).transpose(1, 2).flatten(2)


def _in_heads(x_BND: Tensor, heads: int) -> Tensor:
    """Return B x heads x N x D / heads, without a copy."""
    return x_BND.view(*x_BND.shape[:2], heads, -1).transpose(1, 2)


class Stem(nn.Module):
    """Four frames as twelve channels -> tokens of 8 x 8 pixels."""

    def __init__(self, widths: tuple[int, int], width: int) -> None:
        super().__init__()
        first, second = widths
        self.conv_1 = nn.Conv2d(12, first, 4, stride=2, padding=1)
        self.conv_2 = nn.Conv2d(first, second, 4, stride=2, padding=1)
        self.conv_3 = nn.Conv2d(second, second, 3, padding=1)
        self.conv_4 = nn.Conv2d(second, width, 4, stride=2, padding=1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return B x width x H/8 x W/8."""
        x = F.relu(self.conv_1(x_BCHW))
        x = F.relu(self.conv_2(x))
        x = x + F.relu(self.conv_3(x))
        features: Tensor = self.conv_4(x)
        return features


class MixBlock(nn.Module):
    """Mix tokens with their neighbours in time, then with all places of their moment."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.time = nn.Linear(3 * width, width)
        self.block = Block(width, heads)

    def forward(self, x_BMPD: Tensor) -> Tensor:
        """Return the block's output, of the shape of its input."""
        x = self.norm(x_BMPD)
        before = torch.cat([x[:, :1], x[:, :-1]], dim=1)
        after = torch.cat([x[:, 1:], x[:, -1:]], dim=1)
        x_BMPD = x_BMPD + self.time(torch.cat([before, x, after], dim=-1))
        batch, moments = x_BMPD.shape[:2]
        mixed: Tensor = self.block(x_BMPD.flatten(0, 1))
        return mixed.view(batch, moments, *mixed.shape[1:])


class Slots(nn.Module):
    """Gather each moment's tokens into slots; colours look where their heat is."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        count = NUM_COLOURS + SCENE_SLOTS
        self.queries = nn.Parameter(torch.randn(count, width) * width**-0.5)
        self.norm = nn.LayerNorm(width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.heat = nn.Linear(width, NUM_COLOURS)
        self.trust = nn.Parameter(torch.ones(heads))
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x_BMPD: Tensor) -> tuple[Tensor, Tensor]:
        """Return the slots, B x M x S x D, and the heat, B x M x P x C."""
        x = self.norm(x_BMPD)
        heat: Tensor = self.heat(x)
        k = self.key(x).unflatten(-1, (self.heads, -1))
        v = self.value(x).unflatten(-1, (self.heads, -1))
        q = self.queries.view(len(self.queries), self.heads, -1).to(k.dtype)
        scores = torch.einsum("shd,bmphd->bmhsp", q, k)
        bias = torch.einsum("h,bmpc->bmhcp", self.trust.to(heat.dtype), heat)
        scores = torch.cat(
            [scores[..., :NUM_COLOURS, :] + bias, scores[..., NUM_COLOURS:, :]], dim=-2
        )
        weights = scores.float().softmax(dim=-1).to(v.dtype)
        slots = torch.einsum("bmhsp,bmphd->bmshd", weights, v).flatten(-2)
        return self.out(slots) + self.queries, heat
