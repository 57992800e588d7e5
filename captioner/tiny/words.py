"""Texts as numbers: the words of our own captions, and a few places for all others by hash."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

PAD = 0
START = 1
NUM_HASHED = 32
"""Places that words share which the vocabulary does not hold."""
MAX_WORDS = 200
_WORD = re.compile(r"[a-z]+|\d+|[^\x00-\x7f]|[^\s\w]")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; marks and Chinese characters one by one."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Known words, in the order of their numbers."""

    words: tuple[str, ...]
    _numbers: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers.update({word: i + 2 + NUM_HASHED for i, word in enumerate(self.words)})

    def __len__(self) -> int:
        return len(self.words) + 2 + NUM_HASHED

    def number_of(self, word: str) -> int:
        """Return a word's number; an unknown one shares its number with others."""
        known = self._numbers.get(word)
        if known is not None:
            return known
        digest = hashlib.sha256(word.encode()).digest()
        return 2 + int.from_bytes(digest[:8], "big") % NUM_HASHED

    def tokens_of(self, texts: Iterable[str]) -> Tensor:
        """Return texts as B x N numbers, padded; what is beyond `MAX_WORDS` is left out."""
        rows = [[START, *map(self.number_of, words_of(text)[:MAX_WORDS])] for text in texts]
        tokens = torch.full((len(rows), max(map(len, rows), default=1)), PAD)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = torch.tensor(row)
        return tokens


def gather(texts: Iterable[str], *, least: int = 2) -> Vocabulary:
    """Return the words that stand in the texts at least so often, the most frequent first."""
    counts = Counter(word for text in texts for word in words_of(text))
    frequent = sorted((-count, word) for word, count in counts.items() if count >= least)
    return Vocabulary(tuple(word for _, word in frequent))
