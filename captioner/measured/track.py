"""Something followed through the sampled frames: its way, its speed and its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from captioner.measured import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Something in one frame: its centre in shares of the frame, and its share of it."""

    time_s: float
    x: float
    y: float
    share: float


def find_way(sights: Sequence[Sight], scale_x: float, scale_y: float) -> tuple[str, str]:
    """Return (direction, speed) of a track; lengths in shares of the longer side."""
    shares = [sight.share for sight in sights]
    if len(sights) < 2 or min(shares) < limits.REGION_STEADY_AREA * max(shares):
        return "", ""
    x = np.array([sight.x for sight in sights]) * scale_x
    y = np.array([sight.y for sight in sights]) * scale_y
    reach = float(max(np.ptp(x), np.ptp(y)))
    if limits.MOVE_TOTAL.side(reach) == "low":
        return "none", ""
    net = np.array([x[-1] - x[0], y[-1] - y[0]])
    total = float(np.linalg.norm(net))
    needed = limits.MOVE_TOTAL.high if len(sights) > 2 else limits.MOVE_TOTAL_TWO_FRAMES
    if total < needed:
        # There and back: far from both ends at some time, and no net way.
        there_and_back = len(sights) > 2 and reach > 2 * limits.MOVE_TOTAL.high
        return ("about", "") if there_and_back and total < reach / 2 else ("", "")
    along = net / total
    steps = [
        float((x[b] - x[a]) * along[0] + (y[b] - y[a]) * along[1])
        for a, b in pairwise(range(len(sights)))
    ]
    if min(steps) < limits.MOVE_MIN_STEP:
        return ("about", "") if reach > 2 * limits.MOVE_TOTAL.high else ("", "")
    direction = _name_direction(float(net[0]), float(net[1]))
    seconds = sights[-1].time_s - sights[0].time_s
    speed = ""
    if direction and seconds > 0:
        per_second = total / seconds
        if limits.MOVE_SPEED_SLOW.side(per_second) == "low":
            speed = "slowly"
        elif limits.MOVE_SPEED_FAST.side(per_second) == "high":
            speed = "quickly"
    return direction, speed


def _name_direction(dx: float, dy: float) -> str:
    """Return the direction of a way right and down, empty between two sectors."""
    across = "right" if dx > 0 else "left"
    along = "down" if dy > 0 else "up"
    longer, shorter = max(abs(dx), abs(dy)), min(abs(dx), abs(dy))
    side = limits.MOVE_AXIS.side(shorter / longer)
    if side == "low":
        return across if abs(dx) > abs(dy) else along
    return f"{along} and to the {across}" if side == "high" else ""


def find_place(sights: Sequence[Sight]) -> str:
    """Return where the area is in every frame it is seen in, empty where that changes."""
    places = {_name_place(sight.x, sight.y) for sight in sights}
    return places.pop() if len(places) == 1 else ""


def _name_place(x: float, y: float) -> str:
    if max(abs(x - 0.5), abs(y - 0.5)) <= limits.PLACE_CENTRE:
        return "in the centre"
    across = _third(x, "left", "right")
    along = _third(y, "upper", "lower")
    if across and along:
        return f"at the {along} {across}"
    if across and abs(y - 0.5) <= limits.PLACE_CENTRE:
        return f"on the {across}"
    if along and abs(x - 0.5) <= limits.PLACE_CENTRE:
        return "at the top" if along == "upper" else "at the bottom"
    return ""


def _third(value: float, first: str, last: str) -> str:
    if limits.PLACE.side(value) == "low":
        return first
    return last if limits.PLACE.side(1.0 - value) == "low" else ""
