"""Does a sample show what its prompt says?

What is asked for is read from the text, what is shown is read from the pixels by a parser that
is lent (`World`), and the two are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.facts import OBJECT_FIELDS, SCENE_VALUES, Facts, match_objects
from schemas.frames import Frames, World
from schemas.wording.read import read

COUNT = "count"
_Z = 1.959964
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one prompt: attribute -> how many were asked for, and how many are right."""

    asked: Mapping[str, int]
    right: Mapping[str, int]

    @property
    def all_correct(self) -> bool:
        """Whether everything that the prompt names is shown, and no object besides."""
        return all(self.right[name] == count for name, count in self.asked.items())


def compare(asked: Facts, shown: Facts) -> Answer:
    """Compare what a prompt asks for with what a sample shows, statement by statement.

    Objects are paired so that as much as can agrees. What the prompt does not name may be
    anything; the number of objects is named by naming them.
    """
    counts: dict[str, int] = {}
    right: dict[str, int] = {}

    def count(name: str, wanted: object, found: object) -> None:
        counts[name] = counts.get(name, 0) + 1
        right[name] = right.get(name, 0) + (wanted == found)

    if asked.objects:
        count(COUNT, len(asked.objects), len(shown.objects))
    for one, other in match_objects(asked, shown):
        if one is None:
            continue
        for name in OBJECT_FIELDS:
            wanted = getattr(asked.objects[one], name)
            if wanted not in (None, False):
                found = None if other is None else getattr(shown.objects[other], name)
                count(name, wanted, found)
    for name in SCENE_VALUES:
        if getattr(asked, name) is not None:
            count(name, getattr(asked, name), getattr(shown, name))
    if asked.views:
        count("views", asked.views, shown.views)
    return Answer(asked=counts, right=right)


def binding(asked: Sequence[Facts], shown: Sequence[Facts]) -> dict[str, dict[str, float]]:
    """Return how often two objects that both appear bear each other's attributes.

    Only prompts for two objects that differ in colour and in shape are looked at. `shown`: both
    colours and both shapes are there, on two objects. Of these, `right` are paired as asked
    for and `swapped` the other way round; chance is one half.
    """
    total = there = right = 0
    for one, other in zip(asked, shown, strict=True):
        wanted = {(item.colour, item.shape) for item in one.objects}
        colours, shapes = {c for c, _ in wanted}, {s for _, s in wanted}
        if len(one.objects) != 2 or len(colours) != 2 or len(shapes) != 2:
            continue
        total += 1
        found = {(item.colour, item.shape) for item in other.objects}
        if len(other.objects) != 2 or {c for c, _ in found} != colours:
            continue
        if {s for _, s in found} == shapes:
            there += 1
            right += found == wanted
    return {
        "shown": Share(right=there, n=total).plain(),
        "right": Share(right=right, n=there).plain(),
        "swapped": Share(right=there - right, n=there).plain(),
    }


def answer(prompt: Facts, pixels_THWC: NDArray[np.uint8], fps: float, world: World) -> Answer:
    """Read a sample and compare it with what its prompt states."""
    return compare(prompt, world.read(frames_at(pixels_THWC, fps)))


def frames_at(pixels_THWC: NDArray[np.uint8], fps: float) -> Frames:
    """Return frames at an even rate, as the parser takes them."""
    times_s = np.arange(len(pixels_THWC), dtype=np.float64) / fps
    return Frames(pixels_THWC=pixels_THWC, times_s=times_s)


def share_right(
    prompt: str, pixels_THWC: NDArray[np.uint8], fps: float, world: World
) -> float | None:
    """Return the share of a prompt's statements that a sample shows; None where it has none."""
    asked = read(prompt)
    found = answer(asked, pixels_THWC, fps, world)
    total = sum(found.asked.values())
    return sum(found.right.values()) / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of `n` with Wilson's 95 % interval."""

    right: int
    n: int

    @property
    def value(self) -> float:
        """The share itself; NaN of nothing."""
        return self.right / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        if not self.n:
            return 0.0, 1.0
        centre = (self.right + _Z**2 / 2) / (self.n + _Z**2)
        spread = self.right * (self.n - self.right) / self.n + _Z**2 / 4
        half = _Z * math.sqrt(spread) / (self.n + _Z**2)
        return max(0.0, centre - half), min(1.0, centre + half)

    def plain(self) -> dict[str, float]:
        """Return share, interval and n, for JSON."""
        low, high = self.interval
        return {"share": self.value, "low": low, "high": high, "n": self.n}


def shares(answers: Iterable[Answer]) -> dict[str, Share]:
    """Return the share that is right of each attribute, and `all` of whole prompts."""
    asked: dict[str, int] = {}
    right: dict[str, int] = {}
    whole = total = 0
    for one in answers:
        total += 1
        whole += one.all_correct
        for name, count in one.asked.items():
            asked[name] = asked.get(name, 0) + count
            right[name] = right.get(name, 0) + one.right[name]
    found = {name: Share(right=right[name], n=count) for name, count in asked.items()}
    return {**found, "all": Share(right=whole, n=total)}
