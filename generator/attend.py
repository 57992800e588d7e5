"""Attention within each clip of a pack, and from its tokens to its text.

On CPUs, clips of equal length that stand side by side run as one batch, so a pack of equal clips
costs what a plain batch costs and a mixed pack wastes nothing on padding (no kernel for packed
rows has a backward there). On CUDA in half precision, the kernel for packed rows takes every
clip and every text at its own length. Queries come scaled: their product with the keys goes
into the softmax as it is.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Kernels for products of one shape are kept for the next; oneDNN reads this when it makes the
# first. A training's mix of sizes needs some thousands, and keeps 1,024 by default.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")

_MATMUL_UP_TO = 512
"""Keys up to which two plain matmuls are no slower than the CPU's fused kernel, whose backward
is slow: measured forward and backward in bfloat16, half its time at 256 keys, equal at 512."""


_CHUNKS = (8, 4, 2, 1)
"""Clips of one length that run as one batch on CPUs: every new shape of a product costs
milliseconds there to make ready, so there are few of them."""


class Packed(NamedTuple):
    """Where the tokens and the words of each of B clips begin, for the kernel of packed rows.

    The starts have B + 1 places, the last being the end; `most_...` are the lengths of the longest.
    """

    token_starts: Tensor
    word_starts: Tensor
    most_tokens: int
    most_words: int


class Lengths(Sequence[int]):
    """Lengths of clips that torch.compile, unlike a tuple's, does not read and compile for."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = tuple(lengths)

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, index: Any) -> Any:
        return self._lengths[index]


Where = Sequence[int] | Packed
"""Which tokens belong to which clip: the lengths of the clips one after another, or `Packed`."""


def arrange(
    x_ND: Tensor, lengths: Sequence[int], text_BLD: Tensor, mask_BL: Tensor, head_width: int
) -> tuple[Tensor, Where]:
    """Return text states and token places in the form that suits the device of `x_ND`.

    For the kernel of packed rows, the text states stand in one row too, W,D, without padding.
    """
    if not has_packed_kernel(x_ND, head_width):
        return text_BLD, Lengths(lengths)
    return text_BLD[mask_BL], packed_places(lengths, mask_BL)


def has_packed_kernel(x_ND: Tensor, head_width: int) -> bool:
    """Return whether attention on such tensors can run packed: Ampere or newer, half precision."""
    return (
        x_ND.is_cuda
        and x_ND.dtype in (torch.bfloat16, torch.float16)
        and head_width % 8 == 0
        and head_width <= 256
        and torch.version.hip is None
        and torch.cuda.get_device_capability(x_ND.device)[0] >= 8
        and _takes_scaled_queries()
    )


@lru_cache
def _takes_scaled_queries() -> bool:
    """Return whether this torch has the kernel, and one that can leave queries as they are."""
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:
        return False
    return "scale" in inspect.signature(varlen_attn).parameters


def packed_places(lengths: Sequence[int], mask_BL: Tensor) -> Packed:
    """Return where clips of these lengths, and the texts of which the mask is set, begin."""
    device = mask_BL.device
    word_ends = mask_BL.sum(1).cumsum(0)
    return Packed(
        token_starts=torch.tensor([0, *accumulate(lengths)], dtype=torch.int32, device=device),
        word_starts=F.pad(word_ends, (1, 0)).to(torch.int32),
        most_tokens=max(lengths),
        most_words=mask_BL.shape[1],
    )


def runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield (first clip, number of clips, first token, length) of clips that run as one batch.

    Neighbours of equal length run together, as many as one of `_CHUNKS` says.
    """
    clip = token = 0
    while clip < len(lengths):
        length = lengths[clip]
        end = clip
        while end < len(lengths) and lengths[end] == length:
            end += 1
        while clip < end:
            count = next(size for size in _CHUNKS if size <= end - clip)
            yield clip, count, token, length
            token += count * length
            clip += count


def even_rows(count: int) -> int:
    """Return a multiple of 4 at least `count`, of which there are few: 1/16 more at most.

    On CPUs, products of few different shapes are ready made; see `_CHUNKS`.
    """
    step = max(4, 1 << max(0, count.bit_length() - 5))
    return -(-count // step) * step


def blank_rows(tokens_NC: Tensor, head_width: int) -> int:
    """Return how many blank rows are to follow the tokens: none where the kernel takes any."""
    kind = tokens_NC.device.type
    used = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tokens_NC.dtype
    if tokens_NC.is_cuda or has_packed_kernel(tokens_NC.new_empty(0, dtype=used), head_width):
        return 0
    return even_rows(len(tokens_NC)) - len(tokens_NC)


def attend(q_NHD: Tensor, k_NHD: Tensor, v_NHD: Tensor, where: Where) -> Tensor:
    """Return attention N,H,D in which every token sees all tokens of its own clip, no others."""
    if isinstance(where, Packed):
        starts, most = where.token_starts, where.most_tokens
        return _packed(q_NHD, k_NHD, v_NHD, starts, starts, most, most)
    return _by_runs(q_NHD, k_NHD, v_NHD, where)


def attend_text(
    q_NHD: Tensor, k_BLHD: Tensor, v_BLHD: Tensor, mask_BL: Tensor, where: Where
) -> Tensor:
    """Return attention N,H,D from the tokens of clip b to its L text states where the mask is set.

    Every row of the mask must hold at least one True. For `Packed`, keys and values are W,H,D:
    those of the mask's words alone.
    """
    if isinstance(where, Packed):
        starts, most = where.token_starts, where.most_tokens
        return _packed(q_NHD, k_BLHD, v_BLHD, starts, where.word_starts, most, where.most_words)
    return _text_by_runs(q_NHD, k_BLHD, v_BLHD, mask_BL, where)


def leave_to_python() -> None:
    """Keep torch.compile out of code that depends on the clips' lengths.

    It would compile that anew for every pack. `Packed` has no such code.
    """
    global _by_runs, _text_by_runs
    _by_runs = torch.compiler.disable(_by_runs)  # type: ignore[no-untyped-call]
    _text_by_runs = torch.compiler.disable(_text_by_runs)  # type: ignore[no-untyped-call]


def _packed(
    q: Tensor, k: Tensor, v: Tensor, starts: Tensor, key_starts: Tensor, most: int, most_keys: int
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn

    attended = varlen_attn(q, k, v, starts, key_starts, most, most_keys, scale=1.0)
    assert isinstance(attended, Tensor)
    return attended


def _by_runs(q_NHD: Tensor, k_NHD: Tensor, v_NHD: Tensor, lengths: Sequence[int]) -> Tensor:
    parts = []
    for q, k, v in zip(*(_by_length(x, lengths) for x in (q_NHD, k_NHD, v_NHD)), strict=True):
        parts.append(attention(q, k, v, None).transpose(1, 2).flatten(0, 1))
    return _joined(parts, len(q_NHD))


def _text_by_runs(
    q_NHD: Tensor, k_BLHD: Tensor, v_BLHD: Tensor, mask_BL: Tensor, lengths: Sequence[int]
) -> Tensor:
    counts = [count for _, count, _, _ in runs(lengths)]
    by_clip = (torch.split(x.transpose(1, 2), counts) for x in (k_BLHD, v_BLHD))
    masks = torch.split(mask_BL[:, None, None], counts)
    parts = []
    for q, k, v, mask in zip(_by_length(q_NHD, lengths), *by_clip, masks, strict=True):
        parts.append(attention(q, k, v, mask).transpose(1, 2).flatten(0, 1))
    return _joined(parts, len(q_NHD))


def _by_length(x_NHD: Tensor, lengths: Sequence[int]) -> list[Tensor]:
    """Return B,H,L,D for each run of clips of equal length.

    Split at once: the backward of a slice fills a tensor of all tokens, each time.
    """
    found = [(count, length) for _, count, _, length in runs(lengths)]
    sizes = [count * length for count, length in found]
    parts = torch.split(x_NHD, [*sizes, len(x_NHD) - sum(sizes)])
    return [
        part.reshape(count, length, *part.shape[1:]).transpose(1, 2)
        for (count, length), part in zip(found, parts[:-1], strict=True)
    ]


def _joined(parts: list[Tensor], count: int) -> Tensor:
    """Return the rows of all parts, and zeros for blank rows at the end."""
    blank = count - sum(len(part) for part in parts)
    if blank:
        parts = [*parts, parts[0].new_zeros(blank, *parts[0].shape[1:])]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention on B,H,N,D with queries already scaled; the faster of two equal ways."""
    if q.device.type != "cpu" or k.shape[2] > _MATMUL_UP_TO:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(-1) @ v
