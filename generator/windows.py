"""Large clips in overlapping windows of groups, rows and columns, so that cost grows linearly.

Attention costs the square of what it sees. A clip of more tokens than a window holds is denoised
window by window at every step, and where windows overlap their predictions are averaged with
weights that fall off towards the edges (MultiDiffusion, arXiv 2302.08113). All windows take part
in every step, so the clip is still made in a single pass, in memory that depends on the window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a clip's tokens: spans of groups, rows and columns."""

    groups: slice
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int, int]:
        """Tokens along each axis."""
        g, h, w = (s.stop - s.start for s in (self.groups, self.rows, self.columns))
        return g, h, w


def windows_of(
    grid: tuple[int, int, int], *, max_groups: int, max_tokens: int
) -> tuple[Window, ...]:
    """Cover a grid with windows of at most so many groups and tokens, about half overlapping.

    A grid that fits is one window.
    """
    groups, rows, columns = grid
    num_groups = min(groups, max_groups, max_tokens)
    per_group = max(1, max_tokens // num_groups)
    height, width = rows, columns
    if rows * columns > per_group:
        side = math.isqrt(per_group)
        height = min(rows, max(1, side if columns >= side else per_group // columns))
        width = min(columns, max(1, per_group // height))
    return tuple(
        Window(groups=g, rows=h, columns=w)
        for g in _spans(groups, num_groups)
        for h in _spans(rows, height)
        for w in _spans(columns, width)
    )


def _spans(length: int, size: int) -> Iterator[slice]:
    """Yield spans of one size that cover a length and overlap by about half, evenly."""
    if length <= size:
        yield slice(0, length)
        return
    count = 1 + math.ceil((length - size) / max(1, size - size // 2))
    for i in range(count):
        start = round(i * (length - size) / (count - 1))
        yield slice(start, start + size)


def weights_of(window: Window) -> Tensor:
    """Return weights G,h,w that fall off from the middle of a window to its edges."""
    axes = []
    for size in window.shape:
        place = torch.arange(size) + 0.5
        axes.append(torch.minimum(place, size - place))
    g, h, w = axes
    return g[:, None, None] * h[:, None] * w
