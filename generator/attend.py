"""Attention within each clip of a pack, and from its tokens to its text.

Clips of equal length that stand side by side run as one batch, so a pack of equal clips
costs what a plain batch costs and a mixed pack wastes nothing on padding. Queries come
scaled: their product with the keys goes into the softmax as it is. No kernel for
packed rows has a backward on CPU (FlexAttention refuses, varlen attention wants CUDA).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

_MATMUL_UP_TO = 512
"""Keys up to which two plain matmuls are no slower than the CPU's fused kernel, whose backward
is slow: measured forward and backward in bfloat16, half its time at 256 keys, equal at 512."""


def runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield (first clip, number of clips, first token, length) of each run of equal lengths."""
    clip = token = 0
    while clip < len(lengths):
        length = lengths[clip]
        end = clip
        while end < len(lengths) and lengths[end] == length:
            end += 1
        yield clip, end - clip, token, length
        token += (end - clip) * length
        clip = end


def attend(q_NHD: Tensor, k_NHD: Tensor, v_NHD: Tensor, lengths: Sequence[int]) -> Tensor:
    """Return attention N,H,D in which every token sees all tokens of its own clip, no others."""
    parts = []
    for _, count, start, length in runs(lengths):
        q, k, v = (
            _batch(x_NHD[start : start + count * length], count) for x_NHD in (q_NHD, k_NHD, v_NHD)
        )
        parts.append(_attention(q, k, v, None).transpose(1, 2).flatten(0, 1))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def attend_text(
    q_NHD: Tensor, k_BLHD: Tensor, v_BLHD: Tensor, mask_BL: Tensor, lengths: Sequence[int]
) -> Tensor:
    """Return attention N,H,D from the tokens of clip b to its L text states where the mask is set.

    Every row of the mask must hold at least one True.
    """
    parts = []
    for first, count, start, length in runs(lengths):
        q = _batch(q_NHD[start : start + count * length], count)
        k, v = (x[first : first + count].transpose(1, 2) for x in (k_BLHD, v_BLHD))
        mask = mask_BL[first : first + count, None, None]
        parts.append(_attention(q, k, v, mask).transpose(1, 2).flatten(0, 1))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _batch(x_NHD: Tensor, count: int) -> Tensor:
    """Return B,H,N/B,D for a run of `count` clips of equal length."""
    num_tokens, num_heads, width = x_NHD.shape
    return x_NHD.reshape(count, num_tokens // count, num_heads, width).transpose(1, 2)


def _attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention on B,H,N,D; the faster of two equal ways."""
    if q.device.type != "cpu" or k.shape[2] > _MATMUL_UP_TO:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(-1) @ v
