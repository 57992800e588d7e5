"""Which scenes are for training and which for evaluation: they cannot overlap.

Two things keep them apart. Each split draws from random streams of its own, and writes its
mark into the plan (`texture_seed` modulo three), so that no plan belongs to two splits. And
combinations of attributes are held out: objects of a held-out combination are drawn in the
split `held_out` only.
"""

from __future__ import annotations

import numpy as np

from pipeline.world.spec import ObjectSpec, SceneSpec
from schemas.facts import COLOURS, DIRECTIONS, SHAPES, SIZES

SPLITS = ("train", "seen", "held_out")
"""`seen` and `held_out` are for evaluation: of combinations that training shows, and of others."""
HELD_OUT_EVERY = 8


def stream(split: str, seed: int, *more: int) -> np.random.Generator:
    """Return the random generator of a split; the same seed differs between splits."""
    return np.random.default_rng([seed, 1000 + SPLITS.index(split), *more])


def marked(split: str, texture_seed: int) -> int:
    """Return a texture seed that bears the split's mark."""
    return texture_seed - texture_seed % len(SPLITS) + SPLITS.index(split)


def split_of(spec: SceneSpec) -> str:
    """Return the split that a plan was drawn for."""
    return SPLITS[spec.texture_seed % len(SPLITS)]


def is_held_out(colour: str, shape: str, size: str | None, direction: str | None) -> bool:
    """Return whether a combination is kept from training: one in eight.

    The rule is a Latin square: every pair of values still occurs in training, so that only
    the combination is new. A resting or falling object counts as a ninth direction.
    """
    place = len(DIRECTIONS) if direction is None else DIRECTIONS.index(direction)
    length = 0 if size is None else SIZES.index(size)
    total = COLOURS.index(colour) + 2 * SHAPES.index(shape) + 3 * length + place
    return total % HELD_OUT_EVERY == 0


def fits_split(split: str, objects: tuple[ObjectSpec, ...]) -> bool:
    """Return whether objects may appear in a split: all of them held out, or none.

    An object that changes its colour must not become a held-out combination either.
    """
    held = [is_held_out(item.colour, item.shape, item.size, item.direction) for item in objects]
    later = [
        is_held_out(item.new_colour, item.shape, item.size, item.direction)
        for item in objects
        if item.new_colour is not None
    ]
    return all(held) if split == "held_out" else not any(held) and not any(later)
