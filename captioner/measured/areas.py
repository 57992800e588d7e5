"""Compact areas of one colour that stand out, where they are and which way they go.

An area is followed through the sampled frames by its colour alone. It is only spoken of
when it is the one such area of its colour, in nearly every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from captioner.measured import limits
from captioner.measured.colours import ACHROMATIC, NAMES, shade
from captioner.measured.pictures import Pictures

NUM_AREAS = 3
"""At most this many areas are kept; a caption that lists more is a list, not a caption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area that stands out, over the whole clip.

    `share` is its mean share of the picture. `size`, `place`, `motion` and `speed` are empty
    where not clear. `motion` is a direction (`right`, `up and to the left`), or `about` for
    movement there and back, or `none`.
    """

    colour: str
    share: float
    size: str
    place: str
    motion: str
    speed: str
    salience: float


@dataclass(frozen=True, slots=True)
class _Sight:
    """An area in one frame: centre in shares of the frame, share of it, mean colour."""

    time_s: float
    x: float
    y: float
    share: float
    lab: NDArray[np.float64]
    contrast: float


def find_areas(pictures: Pictures, *, camera_is_still: bool) -> list[Area]:
    """Return the areas that stand out, the most striking first.

    Movement is judged only where the camera is known to be still. Cost: one connected
    component pass per colour and frame on a grid of at most 96 x 96.
    """
    areas = []
    for index, name in enumerate(NAMES):
        sights = [
            sight
            for frame in range(len(pictures.times_s))
            if (sight := _find_in_frame(pictures, frame, index)) is not None
        ]
        enough = max(1.0, limits.REGION_MIN_PRESENCE * len(pictures.times_s))
        if len(sights) >= enough:
            areas.append(_describe(name, sights, pictures, camera_is_still))
    areas.sort(key=lambda area: (-area.salience, area.colour))
    return areas[:NUM_AREAS]


def _find_in_frame(pictures: Pictures, frame: int, index: int) -> _Sight | None:
    """Return the one compact area of a colour in a frame, or None."""
    import cv2

    mask_HW = pictures.names_THW[frame] == index
    total = int(mask_HW.sum())
    cells = mask_HW.size
    if total < limits.REGION_MIN_SHARE * cells:
        return None
    _, labels_HW, stats, centres = cv2.connectedComponentsWithStats(
        mask_HW.astype(np.uint8), connectivity=8
    )
    biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    area = int(stats[biggest, cv2.CC_STAT_AREA])
    box = int(stats[biggest, cv2.CC_STAT_WIDTH]) * int(stats[biggest, cv2.CC_STAT_HEIGHT])
    if not limits.REGION_MIN_SHARE <= area / cells <= limits.REGION_MAX_SHARE:
        return None
    if NAMES[index] in ACHROMATIC and _touches_edge(stats[biggest], mask_HW.shape):
        return None  # shadows and skies at the rim are surroundings, not something in them
    if area < limits.REGION_MIN_OF_COLOUR * total or area < limits.REGION_MIN_FILL * box:
        return None
    inside_HW = labels_HW == biggest
    lab_HWC = pictures.lab_THWC[frame]
    mean = lab_HWC[inside_HW].mean(axis=0)
    # The surroundings are a ring around it, past the one cell that mixes both colours.
    near_HW = cv2.dilate(inside_HW.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    wide_HW = cv2.dilate(inside_HW.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    ring = lab_HWC[wide_HW & ~near_HW]
    contrast = float(np.linalg.norm(np.median(ring, axis=0) - mean)) if len(ring) else 0.0
    if contrast < limits.REGION_MIN_CONTRAST:
        return None
    height, width = mask_HW.shape
    return _Sight(
        pictures.times_s[frame],
        (float(centres[biggest, 0]) + 0.5) / width,
        (float(centres[biggest, 1]) + 0.5) / height,
        area / cells,
        mean,
        contrast,
    )


def _touches_edge(stat: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """Tell from x, y, width, height in cells whether an area reaches the frame's edge."""
    x, y, width, height = (int(value) for value in stat[:4])
    return x == 0 or y == 0 or x + width == shape[1] or y + height == shape[0]


def _describe(name: str, sights: list[_Sight], pictures: Pictures, camera_is_still: bool) -> Area:
    share = float(np.mean([sight.share for sight in sights]))
    lab = np.mean([sight.lab for sight in sights], axis=0)
    contrast = float(np.mean([sight.contrast for sight in sights]))
    height, width = pictures.names_THW.shape[1:]
    longer = max(height, width)
    motion, speed = "", ""
    if camera_is_still:
        motion, speed = _find_motion(sights, width / longer, height / longer)
    small = limits.REGION_SMALL.side(share) == "low"
    large = limits.REGION_LARGE.side(share) == "high"
    hue_weight = 0.5 if name in ACHROMATIC else 1.0
    return Area(
        colour=shade(name, float(lab[0])),
        share=share,
        size="small" if small else "large" if large else "",
        place=_find_place(sights),
        motion=motion,
        speed=speed,
        salience=contrast * share**0.25 * hue_weight,
    )


def _find_motion(sights: list[_Sight], scale_x: float, scale_y: float) -> tuple[str, str]:
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


def _find_place(sights: list[_Sight]) -> str:
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
