"""Expansion without a large model: facts from the prompt, the rest filled in, written anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from captioner.expanding.complete import complete
from captioner.expanding.facts_kept import facts_kept
from captioner.expanding.style import Style
from schemas.facts import Facts
from schemas.wording.read import read
from schemas.wording.render import Length, render

NUM_WORDINGS = 12
"""So many wordings are written; the one most like a training caption is taken."""
MEDIUM_UP_TO = 40
"""Training captions of fewer words than this (median) are met at medium length."""

Fits = Callable[[str], bool]


def write_caption(facts: Facts, style: Style | None, *, seed: int, fits: Fits) -> str | None:
    """Return a caption that states all of `facts` and, where there is room, what they leave open.

    What is filled in is drawn from the captions of `style` by `seed`. Returns None where no
    wording of the facts passes `fits`; every wording is read back, and one that does not
    state the facts, or adds an object or event, is not taken.
    """
    rng = Random(_number(seed, "complete"))
    whole = complete(facts, style.values if style else {}, rng=rng)
    for filled in _less_and_less(facts, whole):
        for length in _lengths(filled, style):
            found = []
            for number in range(NUM_WORDINGS):
                text = render(filled, length=length, seed=_number(seed, f"wording {number}"))
                if not fits(text):
                    continue
                kept = facts_kept(facts, read(text))
                if not kept.missing and not kept.added:
                    found.append(text)
                if found and style is None:
                    break
            if found:
                return min(found, key=style.oddness) if style else found[0]
    return None


def _less_and_less(facts: Facts, whole: Facts) -> Iterator[Facts]:
    """Yield the completed facts, then fewer and fewer of what was filled in."""
    yield whole
    without_speed = replace(
        whole,
        objects=tuple(
            replace(full, speed=own.speed, size=own.size)
            for own, full in zip(facts.objects, whole.objects, strict=True)
        ),
    )
    yield replace(without_speed, prop_colour=facts.prop_colour)
    yield replace(facts, camera=whole.camera, background_kind=whole.background_kind,
                  background_colour=whole.background_colour)  # fmt: skip
    yield facts


def _lengths(facts: Facts, style: Style | None) -> tuple[Length, ...]:
    """Return the lengths to try: that of the training captions, then what takes less room.

    Medium length states neither style nor shots, so it is no way out where they are stated.
    """
    says_all = facts.style is None and not facts.views
    if style and style.num_words and style.num_words[len(style.num_words) // 2] < MEDIUM_UP_TO:
        return ("medium",) if says_all else ("medium", "long")
    return ("long", "medium") if says_all else ("long",)


def _number(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:6], "big")
