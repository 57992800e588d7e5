"""The style that a generator was trained on: what its captions say, and in which words."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from captioner.expanding.ngrams import NearestTexts, NgramModel, words_of
from schemas.facts import OBJECT_FIELDS, SCENE_VALUES
from schemas.wording.read import read

MAX_CAPTIONS = 500
"""So many captions are kept, spread evenly over those given."""
MAX_PAIRS = 200
WORLD_SHARE = 0.5
"""Captions of the world make the style from this share of them on."""
HELD_OUT = 5
"""Every so-many-th caption is left out of the model that tells the captions' own average."""
_T = TypeVar("_T")
FORMAT = "rushes-style-1"


@dataclass(frozen=True, kw_only=True)
class Style:
    """Captions of a training set, and how often each fact is stated in them.

    `values` maps a field of the facts (`camera`, `size`, ...) to counts of its values.
    `pairs` are (short, long) captions of the same clips: what an expansion looks like.
    Not slotted: what is derived is worked out once, when first asked for.
    """

    captions: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    values: dict[str, dict[str, int]] = field(default_factory=dict)
    world_share: float = 0.0
    """Share of the captions that state facts of the world."""

    @classmethod
    def from_captions(
        cls, captions: Sequence[str], *, pairs: Sequence[tuple[str, str]] = ()
    ) -> Style:
        """Return the style of long captions, best those that the generator sees most.

        Takes about a second for 500 captions. Empty and repeated captions are left out.
        """
        texts = _spread(list(dict.fromkeys(text.strip() for text in captions if text.strip())))
        counts: dict[str, Counter[str]] = {}
        num_world = 0
        for text in texts:
            facts = read(text)
            num_world += bool(facts.objects)
            for name in SCENE_VALUES:
                if value := getattr(facts, name):
                    counts.setdefault(name, Counter())[value] += 1
            for item in facts.objects:
                for name in OBJECT_FIELDS:
                    value = getattr(item, name)
                    if isinstance(value, str):
                        counts.setdefault(name, Counter())[value] += 1
        kept_pairs = [(short.strip(), long.strip()) for short, long in pairs]
        return cls(
            captions=tuple(texts),
            pairs=tuple(_spread(kept_pairs, MAX_PAIRS)),
            values={name: dict(sorted(found.items())) for name, found in sorted(counts.items())},
            world_share=num_world / len(texts) if texts else 0.0,
        )

    def to_json(self) -> str:
        """Return the style as JSON, to be kept beside a dataset or a checkpoint."""
        return json.dumps(
            {
                "format": FORMAT,
                "captions": self.captions,
                "pairs": self.pairs,
                "values": self.values,
                "world_share": self.world_share,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Style:
        """Return the style that `to_json` wrote. Raises ValueError for anything else."""
        try:
            plain = json.loads(text)
            if plain.pop("format") != FORMAT:
                raise ValueError("another format")
            return cls(
                captions=tuple(plain["captions"]),
                pairs=tuple((short, long) for short, long in plain["pairs"]),
                values=plain["values"],
                world_share=float(plain["world_share"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"not a style: {error}") from error

    @property
    def is_world(self) -> bool:
        """Whether the captions are about the world, in the words of our renderer."""
        return self.world_share >= WORLD_SHARE

    @cached_property
    def model(self) -> NgramModel:
        """The language model of all captions."""
        return NgramModel(self.captions)

    @cached_property
    def nearest_captions(self) -> NearestTexts:
        """Finds captions by likeness."""
        return NearestTexts(self.captions)

    @cached_property
    def nearest_pairs(self) -> NearestTexts:
        """Finds pairs by the likeness of both sides."""
        return NearestTexts([f"{short} {long}" for short, long in self.pairs])

    @cached_property
    def num_words(self) -> tuple[int, ...]:
        """Lengths of the captions in words and signs, sorted."""
        return tuple(sorted(len(words_of(text)) for text in self.captions))

    @cached_property
    def own_bits(self) -> tuple[float, float]:
        """Mean and standard deviation of bits per word of captions that a model has not seen."""
        held_out = self.captions[::HELD_OUT]
        rest = [text for i, text in enumerate(self.captions) if i % HELD_OUT]
        if len(held_out) < 2 or not rest:
            return (0.0, 1.0)
        bits = [self._without_held_out.bits_per_word(text) for text in held_out]
        return (statistics.fmean(bits), max(statistics.pstdev(bits), 1e-6))

    @cached_property
    def _without_held_out(self) -> NgramModel:
        return NgramModel(text for i, text in enumerate(self.captions) if i % HELD_OUT)

    def distance(self, text: str) -> float:
        """Return how many more bits per word a text costs than the captions' own average."""
        return self._without_held_out.bits_per_word(text) - self.own_bits[0]

    def oddness(self, text: str) -> float:
        """Return by how many deviations a text is unlike a typical caption; 0 is typical.

        Wording that is too common counts like wording that is too rare.
        """
        return abs(self.distance(text)) / self.own_bits[1]


def _spread(items: list[_T], limit: int = MAX_CAPTIONS) -> list[_T]:
    """Return at most `limit` items, evenly spaced."""
    if len(items) <= limit:
        return items
    return [items[i * len(items) // limit] for i in range(limit)]
