"""Ways to walk from noise to data along the velocity, and ways to guide it (pure).

dx/dt = velocity, from t = 1 (noise) or less down to t = 0 (data).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Solver = Literal["euler", "heun", "multistep"]
Velocity = Callable[[Tensor, float], Tensor]
"""State and timestep to velocity."""


def walk(state: Tensor, times: list[float], velocity: Velocity, solver: Solver = "euler") -> Tensor:
    """Follow the velocity from `times[0]` to `times[-1]`.

    `euler` asks for it once a step; `heun` twice (once in the last step), to second order;
    `multistep` once, to second order by the step before (Adams-Bashforth with uneven steps).
    """
    last: tuple[Tensor, float] | None = None
    for t, t_next in itertools.pairwise(times):
        step = t_next - t
        slope = velocity(state, t)
        if solver == "heun" and t_next > 0:
            ahead = velocity(state + step * slope, t_next)
            state = state + step * (slope + ahead) / 2
        elif solver == "multistep" and last is not None:
            before, last_step = last
            state = state + step * (slope + (slope - before) * (step / last_step / 2))
        else:
            state = state + step * slope
        last = (slope, step)
    return state


def guide(conditional: Tensor, unconditional: Tensor, guidance_scale: float) -> Tensor:
    """Return unconditional + scale * (conditional - unconditional) (arXiv 2207.12598)."""
    return torch.lerp(unconditional, conditional, guidance_scale)


def zero_star(conditional: Tensor, unconditional: Tensor) -> Tensor:
    """Return the unconditional velocity scaled to fit the other best (CFG-Zero*, 2503.18886).

    One clip at a time: the scale is <conditional, unconditional> / |unconditional|^2.
    """
    scale = (conditional * unconditional).sum() / unconditional.square().sum().clamp_min(1e-12)
    return unconditional * scale
