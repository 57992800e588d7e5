"""Which frames of a clip a captioner is shown: places, times and size. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from captioner.backend import pick_evenly
from captioner.request import FrameView


def choose_frames(
    times_s: Sequence[float], span: tuple[float, float], view: FrameView
) -> list[int]:
    """Return places in `times_s` of the frames shown of a half-open span, in order.

    At most `view.fps` of them a second, each the first frame at or after its due time, and at
    most `view.max_frames`, spread evenly. At least one where the span holds a frame.
    """
    times = np.asarray(times_s, np.float64)
    inside = np.flatnonzero((times >= span[0] - 1e-9) & (times < span[1] - 1e-9))
    if len(inside) == 0:
        return []
    if view.fps is not None:
        due = np.arange(times[inside[0]], span[1] - 1e-9, 1 / view.fps)
        first = np.searchsorted(times[inside], due - 1e-6)
        inside = inside[np.unique(first[first < len(inside)])]
    return [int(inside[i]) for i in pick_evenly(len(inside), view.max_frames)]


def fit_size(width_px: int, height_px: int, view: FrameView) -> tuple[int, int]:
    """Return the size at which frames are shown: the same shape, never enlarged."""
    scale = 1.0
    if view.max_side_px is not None:
        scale = min(scale, view.max_side_px / max(width_px, height_px))
    if view.max_short_side_px is not None:
        scale = min(scale, view.max_short_side_px / min(width_px, height_px))
    if math.isclose(scale, 1.0):
        return width_px, height_px
    return max(1, round(width_px * scale)), max(1, round(height_px * scale))
