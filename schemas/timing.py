"""Exact time: integer timestamps with a time base, and half-open spans.

Seconds as floats are for people and for SQL; every decision and every identity uses the
container's own integers.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class TimeBase:
    """Seconds per tick, as the container gives it: `num / den`."""

    num: int
    den: int

    def __post_init__(self) -> None:
        if self.num <= 0 or self.den <= 0:
            raise ValueError(f"a time base is a positive fraction, got {self.num}/{self.den}")

    def seconds(self, ticks: int) -> float:
        """Return `ticks` in seconds, rounded once."""
        return float(Fraction(ticks * self.num, self.den))


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open `[start, end)`, in frames or in ticks; never empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a span is not empty, got [{self.start}, {self.end})")

    @property
    def length(self) -> int:
        """Frames or ticks in the span."""
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        """Return whether the two share at least one frame or tick."""
        return self.start < other.end and other.start < self.end


def frame_ends(pts: Sequence[int], end_pts: int) -> list[int]:
    """Return each frame's end: the next frame's start, and `end_pts` for the last one."""
    return [*pts[1:], end_pts]


def is_vfr(pts: Sequence[int], tolerance_ticks: int = 1) -> bool:
    """Return whether gaps between frames differ by more than rounding to ticks explains."""
    if len(pts) < 3:
        return False
    gaps = [b - a for a, b in itertools.pairwise(pts)]
    return max(gaps) - min(gaps) > 2 * tolerance_ticks
