"""How much moves, and how the camera moves, from the signals of a survey.

Signals come per frame; scores are per second, so that frame rates compare. Frame 0 of a span
is compared with a frame outside the span, so it is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STILL_LUMA = 0.01
"""Below this mean change, in grey levels, a frame equals the one before."""
_AGREEMENT_MIN = 0.6
"""A camera shift counts where this share of the tiles agrees with it."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion beside the camera's, in grey levels of 255 per second."""

    mean: float
    peak: float
    still_share: float


@dataclass(frozen=True, slots=True)
class CameraMotion:
    """The camera's move per second: in frame widths and heights, and as relative growth."""

    amount: float
    pan_x: float
    pan_y: float
    zoom: float
    shake: float


def measure_motion(local_motion: NDArray[np.float32], fps: float) -> Motion:
    """Return the motion of a span from its per-frame change; 0 for a single frame."""
    change = local_motion[1:]
    if len(change) == 0:
        return Motion(0.0, 0.0, 1.0)
    per_second = change * fps
    still = float((change < _STILL_LUMA).mean())
    return Motion(float(per_second.mean()), float(np.percentile(per_second, 95)), still)


def measure_camera(
    shift_x: NDArray[np.float32],
    shift_y: NDArray[np.float32],
    zoom: NDArray[np.float32],
    agreement: NDArray[np.float32],
    fps: float,
) -> CameraMotion:
    """Return the camera's move over a span.

    Shifts are the content's; a camera that pans right moves the content left, so signs turn.
    Frames in which the tiles disagree count as no move. Shake is what cancels out: the mean
    absolute shift less the net one.
    """
    trusted = agreement[1:] >= _AGREEMENT_MIN
    if len(trusted) == 0:
        return CameraMotion(0.0, 0.0, 0.0, 0.0, 0.0)
    dx = np.where(trusted, shift_x[1:], 0.0)
    dy = np.where(trusted, shift_y[1:], 0.0)
    grow = np.where(trusted, zoom[1:], 0.0)
    net_x, net_y = float(dx.mean()) * fps, float(dy.mean()) * fps
    moved = float(np.hypot(dx, dy).mean()) * fps
    return CameraMotion(
        amount=moved,
        pan_x=-net_x,
        pan_y=-net_y,
        zoom=float(grow.mean()) * fps,
        shake=max(0.0, moved - float(np.hypot(net_x, net_y))),
    )
