"""A small language model of the training captions: words by the two words before them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
DISCOUNT = 0.75
"""Taken from every count and given to the shorter context (absolute discounting)."""
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+(?:['-][^\W_]+)*|[^\w\s]")


def words_of(text: str) -> list[str]:
    """Return words and signs in lower case; hyphenated words are one, ideographs single."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class NgramModel:
    """A trigram model with interpolated Kneser-Ney smoothing (Chen and Goodman 1999).

    Trained in one pass; `bits` is what a text costs under it. A word outside the vocabulary
    costs one of the `num_unseen` words that the vocabulary is imagined to lack.
    """

    num_unseen = 10_000

    def __init__(self, texts: Iterable[str]) -> None:
        """Count the words of `texts`; no text at all gives a model that knows no word."""
        self._three: Counter[tuple[str, str, str]] = Counter()
        for text in texts:
            padded = (START, START, *words_of(text), END)
            self._three.update(zip(padded, padded[1:], padded[2:], strict=False))
        self._two = Counter((b, c) for _, b, c in self._three)
        self._one = Counter(c for _, c in self._two)
        self._after_two = Counter[tuple[str, str]]()
        self._kinds_after_two = Counter[tuple[str, str]]()
        for (a, b, _), count in self._three.items():
            self._after_two[a, b] += count
            self._kinds_after_two[a, b] += 1
        self._after_one = Counter[str]()
        self._kinds_after_one = Counter[str]()
        for (b, _), count in self._two.items():
            self._after_one[b] += count
            self._kinds_after_one[b] += 1
        self._total = sum(self._one.values())
        self.vocabulary = frozenset(self._one) - {END}

    def bits_per_word(self, text: str) -> float:
        """Return the cross-entropy of a text, its end included, in bits per word."""
        padded = [START, START, *words_of(text), END]
        total = sum(
            -math.log2(self._chance(a, b, c))
            for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)
        )
        return total / (len(padded) - 2)

    def _chance(self, a: str, b: str, c: str) -> float:
        """Return P(c | a b); positive for every word."""
        kinds = len(self._one)
        base = (DISCOUNT * kinds + 1) / ((self._total + 1) * (kinds + self.num_unseen))
        chance = max(self._one[c] - DISCOUNT, 0) / (self._total + 1) + base
        if after := self._after_one[b]:
            kept = max(self._two[b, c] - DISCOUNT, 0) / after
            chance = kept + DISCOUNT * self._kinds_after_one[b] / after * chance
        if after := self._after_two[a, b]:
            kept = max(self._three[a, b, c] - DISCOUNT, 0) / after
            chance = kept + DISCOUNT * self._kinds_after_two[a, b] / after * chance
        return chance


class NearestTexts:
    """Finds the texts whose words are most like those of a query (TF-IDF, cosine)."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Index `texts` by their content words."""
        from captioner.expanding.intent import content_words

        self._counts = [Counter(content_words(text)) for text in texts]
        there = Counter(word for counts in self._counts for word in counts)
        self._rarity = {
            word: math.log((1 + len(texts)) / (1 + count)) + 1 for word, count in there.items()
        }
        self._lengths = [self._length(counts) for counts in self._counts]

    def nearest(self, query: str, count: int) -> list[tuple[int, float]]:
        """Return up to `count` (number of the text, likeness 0..1), most alike first.

        Words that no text has count against the likeness; equal texts keep their order.
        """
        from captioner.expanding.intent import content_words

        asked = Counter(content_words(query))
        unseen = max(self._rarity.values(), default=1.0)
        norm = math.sqrt(sum((n * self._rarity.get(w, unseen)) ** 2 for w, n in asked.items()))
        scored = []
        for number, counts in enumerate(self._counts):
            dot = sum(n * counts[w] * self._rarity[w] ** 2 for w, n in asked.items() if w in counts)
            both = norm * self._lengths[number]
            scored.append((number, dot / both if both else 0.0))
        return sorted(scored, key=lambda item: -item[1])[:count]

    def _length(self, counts: Counter[str]) -> float:
        return math.sqrt(sum((n * self._rarity[w]) ** 2 for w, n in counts.items()))
