"""How far a training is, and what that says of its packs, its learning rate and average (pure)."""

from __future__ import annotations

import math


def progress_of(step: int, steps: int, seconds: float, max_minutes: float | None) -> float:
    """Return the share of a training that is done: by steps or by minutes, whichever is further."""
    by_time = 0.0 if max_minutes is None else seconds / (60.0 * max_minutes)
    return max(step / steps, by_time)


def share_of_rate(warmup: int, step: int, progress: float, cooldown: float = 1.0) -> float:
    """Return the share of the peak learning rate: linear warmup by steps, then a cosine to 2 %.

    The cosine takes the last `cooldown` of the training; until then the rate stays at its peak.
    """
    warm = min(1.0, (step + 1) / (warmup + 1))
    cooled = min(1.0, max(0.0, (progress - (1.0 - cooldown)) / cooldown))
    cosine = 0.5 * (1.0 + math.cos(math.pi * cooled))
    return warm * (0.02 + 0.98 * cosine)


def pack_tokens(first: int | None, last: int, progress: float) -> int:
    """Return the tokens of a pack at most: they grow evenly from the first to the last."""
    start = last if first is None else first
    return round(start + (last - start) * min(1.0, progress))


def average_decay(decay: float, step: int) -> float:
    """Return the decay of the weights' moving average: less early on, to follow them closely."""
    return min(decay, (1.0 + step) / (10.0 + step))
