"""The usual gradient norm, which says what is unusual."""

from __future__ import annotations

import math
from collections.abc import Sequence

_WARMUP = 20
"""Steps before the usual norm is known."""


class GradientNorms:
    """The usual gradient norm and its spread, which say what is unusual.

    Spikes are cut at three sigma above the mean (as Open-Sora-Plan 1.5 does).
    """

    def __init__(self) -> None:
        self.count, self.mean, self.square = 0, 0.0, 0.0

    def limit(self, most: float) -> float:
        """Return the norm that gradients are scaled down to."""
        if self.count < _WARMUP:
            return most
        sigma = math.sqrt(max(0.0, self.square - self.mean**2))
        return min(most, self.mean + 3.0 * sigma)

    def add(self, norm: float) -> None:
        """Take a norm into the moving averages; a spike counts as what it is cut to."""
        norm = min(norm, self.limit(math.inf))
        self.count += 1
        share = max(0.02, 1.0 / self.count)
        self.mean += share * (norm - self.mean)
        self.square += share * (norm**2 - self.square)

    def state(self) -> list[float]:
        """Return what a checkpoint keeps."""
        return [self.count, self.mean, self.square]

    def load(self, state: Sequence[float]) -> None:
        """Take up what `state` returned."""
        self.count, self.mean, self.square = int(state[0]), state[1], state[2]
