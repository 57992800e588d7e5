"""What training reports after every update."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyStep:
    """One update.

    `phase`: `read` (encoder and decoder) or `match` (texts and clips). `losses` by name, before
    they are weighted; `rate` is the share of the highest learning rate; `seconds` counts the
    phase's updates, without validation.
    """

    phase: str = "read"
    step: int
    num_steps: int
    loss: float
    losses: dict[str, float]
    rate: float
    seconds: float = 0.0
