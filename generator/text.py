"""Prompt to text states: a small encoder of our own, trained along with the video model.

Words are hashed into buckets, so there is no vocabulary to fit or ship and text of any
language is read without an unknown word. Each word takes the sum of two embeddings under
two hashes (Svenstrup et al. 2017, "Hash Embeddings"): two words share one bucket often,
both buckets almost never. A phrase ("at the left" or "to the left") is read by a convolution
over neighbouring words before words attend to each other. Beside the words stand learned tokens
that gather from them what the text says: the summary, which `generator/reading.py` teaches.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator.attend import attention

Texts = tuple[tuple[Tensor, Tensor], ...]
"""Sets of text states B,L,D of unit scale, each with a mask B,L, that blocks read in turn."""

MAX_WORDS = 256
"""Words and signs of a prompt beyond this many are not read."""

_EVEN_WORDS = 16

_NEIGHBOURS = 5
"""Words that the convolution sees at once: a word and two to each side."""

NUM_SUMMARIES = 32
"""States before those of the words, each of which may gather something of its own."""

_NULL = 0
"""The bucket of the null text, which stands for "no prompt" in training and guidance."""

# A run of word characters is a word; ideographs, kana and all other signs stand alone.
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|[^\w\s]")


def words(text: str) -> list[str]:
    """Split text into lower-case words and signs, the same on every machine."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def num_words(text: str) -> int:
    """Return how many of `MAX_WORDS` a text takes."""
    return len(words(text))


@lru_cache(maxsize=65536)
def buckets(word: str, count: int) -> tuple[int, int]:
    """Return the two buckets of a word, each in [1, count)."""
    digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
    first, second = int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:], "big")
    return 1 + first % (count - 1), 1 + second % (count - 1)


def tokenize(texts: Sequence[str], num_buckets: int) -> tuple[Tensor, Tensor]:
    """Return buckets B,L,2 (int64) and a mask B,L that is True on words.

    A text without any word is the null text: one token in the null bucket. L is a multiple of
    `_EVEN_WORDS`, so that products have few different shapes (`attend.even_rows`).
    """
    rows = [
        [buckets(word, num_buckets) for word in words(text)[:MAX_WORDS]] or [(_NULL, _NULL)]
        for text in texts
    ]
    longest = -(-max(len(row) for row in rows) // _EVEN_WORDS) * _EVEN_WORDS
    ids = torch.zeros(len(rows), longest, 2, dtype=torch.int64)
    mask = torch.zeros(len(rows), longest, dtype=torch.bool)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = True
    return ids, mask


class TextEncoder(nn.Module):
    """Word buckets to states of a summary and of the words, and one pooled state.

    They are two sets, since a few states among many words are read late: attention is spread
    evenly at first.
    """

    def __init__(self, width: int, *, depth: int, head_width: int, num_buckets: int = 4096) -> None:
        super().__init__()
        self.num_buckets = num_buckets
        self.embed = nn.Embedding(num_buckets, width)
        self.position = nn.Parameter(torch.zeros(MAX_WORDS, width))
        self.phrases = nn.Linear(_NEIGHBOURS * width, width, bias=False)
        self.summary = nn.Parameter(torch.zeros(NUM_SUMMARIES, width))
        self.blocks = nn.ModuleList(_TextBlock(width, head_width) for _ in range(depth))
        self.pool = nn.Linear(width, width)
        nn.init.normal_(self.embed.weight, std=0.5)
        nn.init.normal_(self.position, std=0.1)
        nn.init.normal_(self.summary, std=0.5)

    def freeze(self) -> None:
        """Keep all that reads as it is; only the layer after the pool is still trained."""
        self.requires_grad_(False)
        self.pool.requires_grad_(True)

    def forward(self, ids_BL2: Tensor, mask_BL: Tensor) -> tuple[Texts, Tensor]:
        """Return the states of summary and words, and their mean, projected, B,D."""
        x_BLD = self.embed(ids_BL2).sum(2) + self.position[: ids_BL2.shape[1]]
        x_BLD = x_BLD + F.silu(self.phrases(_with_neighbours(x_BLD, mask_BL)))
        x_BLD = torch.cat((self.summary.expand(len(x_BLD), -1, -1), x_BLD), 1)
        mask_BL = F.pad(mask_BL, (NUM_SUMMARIES, 0), value=True)
        for block in self.blocks:
            x_BLD = block(x_BLD, mask_BL)
        x_BLD = F.rms_norm(x_BLD, x_BLD.shape[-1:])
        mean_BD = mean_state(x_BLD, mask_BL)
        sizes = [NUM_SUMMARIES, x_BLD.shape[1] - NUM_SUMMARIES]
        parts = (torch.split(x_BLD, sizes, 1), torch.split(mask_BL, sizes, 1))
        texts = tuple(zip(*parts, strict=True))
        return texts, self.pool(mean_BD)


def mean_state(states_BLD: Tensor, mask_BL: Tensor) -> Tensor:
    """Return the mean B,D of the states that the mask shows."""
    weight_BL1 = mask_BL[..., None].to(states_BLD.dtype)
    return (states_BLD * weight_BL1).sum(1) / weight_BL1.sum(1)


def _with_neighbours(x_BLD: Tensor, mask_BL: Tensor) -> Tensor:
    """Return each word beside its neighbours, B,L,5*D; nothing stands beyond the text's ends."""
    x_BLD = F.rms_norm(x_BLD, x_BLD.shape[-1:]) * mask_BL[..., None]
    side = _NEIGHBOURS // 2
    padded = F.pad(x_BLD, (0, 0, side, side))
    return torch.cat([padded[:, i : i + x_BLD.shape[1]] for i in range(_NEIGHBOURS)], -1)


class _TextBlock(nn.Module):
    """Pre-norm self-attention and MLP over the words of each text."""

    def __init__(self, width: int, head_width: int) -> None:
        super().__init__()
        self.num_heads = width // head_width
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        qkv = self.qkv(F.rms_norm(x_BLD, x_BLD.shape[-1:]))
        q, k, v = qkv.reshape(*qkv.shape[:2], 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        attended = attention(q * q.shape[-1] ** -0.5, k, v, mask_BL[:, None, None])
        x_BLD = x_BLD + self.out(attended.transpose(1, 2).flatten(2))
        hidden = F.silu(self.up(F.rms_norm(x_BLD, x_BLD.shape[-1:])))
        out: Tensor = x_BLD + self.down(hidden)
        return out
