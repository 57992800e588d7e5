"""A track with all that was measured of it, and the shape and style that explain it best."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.world.parse.drawn import core_ratio
from pipeline.world.parse.paths import Path
from pipeline.world.parse.plane import Floats
from pipeline.world.parse.shape import Fit
from pipeline.world.parse.track import Track
from pipeline.world.vocabulary import SIZES
from schemas.facts import SHAPES, STYLES

MIN_CHANGE = 0.27
"""Growing or shrinking changes the logarithm of the diameter by at least this in all."""
SIZE_SPREAD = 0.07
"""Of the logarithm of measured sizes."""


@dataclass(slots=True, kw_only=True)
class Thing:
    """One track in pixels and in the scene.

    `core_px`: diameter of its coloured part; `whole`: frames that show it uncovered and inside
    the frame; `points`: its centre in the scene (units, camera compensated), `sizes`: its
    diameter there; NaN where not seen. `fit`: how well each shape and style explains it.
    `growth`: of the logarithm of its diameter over the whole clip.
    """

    track: Track
    x_px: Floats
    y_px: Floats
    core_px: Floats
    opacity: Floats
    whole: NDArray[np.bool_]
    points: Floats
    fit: Fit
    turn_deg_per_s: float
    growth: float
    sizes: Floats
    shape: str = "circle"
    style: str = "flat"
    path: Path | None = None
    confidence: dict[str, float] = field(default_factory=dict)
    bounces: bool = False
    leaves_trail: bool = False
    bitten_at: int | None = None
    """The first frame in which a piece of it is missing."""

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether it is seen, per frame."""
        return np.isfinite(self.x_px)

    @property
    def change(self) -> str | None:
        """What it does besides moving."""
        if self.track.turned_at is not None:
            return "recolour"
        if abs(self.growth) > MIN_CHANGE:
            return "grow" if self.growth > 0 else "shrink"
        return "turn" if self.turn_deg_per_s else None


def settle(thing: Thing, style: str) -> None:
    """Choose the shape, now that the scene's style is known, and correct the sizes by it."""
    column = STYLES.index(style)
    costs = full_costs(thing)[:, column]
    order = np.argsort(costs)
    thing.shape, thing.style = SHAPES[int(order[0])], style
    best, second = float(costs[order[0]]), float(costs[order[1]])
    thing.confidence["shape"] = float(np.clip((second - best) / (0.25 * second + 0.05), 0, 1))
    scale = float(thing.fit.scales[int(order[0]), column])
    thing.sizes = thing.sizes * (scale / core_ratio(thing.shape, style))


def first_size(thing: Thing) -> float:
    """Return a thing's diameter at first, in units."""
    sizes = thing.sizes[thing.whole]
    share = np.flatnonzero(thing.whole) / max(len(thing.sizes) - 1, 1)
    growth = thing.growth if thing.change in ("grow", "shrink") else 0.0
    return float(np.exp(np.median(np.log(sizes) - growth * share)))


def full_costs(thing: Thing) -> Floats:
    """Return how badly each shape and style explains a thing, by its looks and by its size.

    Where blur hides ink or points, the size that they imply still tells: three are named.
    """
    first = first_size(thing)
    sizes = np.array(list(SIZES.values()))
    odd = np.zeros_like(thing.fit.costs)
    for row, shape in enumerate(SHAPES):
        for column, style in enumerate(STYLES):
            scale = float(thing.fit.scales[row, column]) / core_ratio(shape, style)
            off = float(np.abs(np.log(first * scale / sizes)).min())
            odd[row, column] = min((off / SIZE_SPREAD) ** 2, 4.0)
    costs: Floats = thing.fit.costs + 0.5 * (0.15 + 0.15 * thing.fit.costs.min()) * odd
    return costs
