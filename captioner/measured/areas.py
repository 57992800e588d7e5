"""Compact areas of one colour that stand out, where they are and which way they go.

An area is followed through the sampled frames by its colour alone. It is only spoken of
when it is the one such area of its colour, in nearly every frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.measured import limits
from captioner.measured.colours import ACHROMATIC, NAMES, shade
from captioner.measured.pictures import Pictures
from captioner.measured.track import Sight, find_place, find_way

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen(Sight):
    """An area in one frame, with its mean colour and how it differs from what is around it."""

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


def _find_in_frame(pictures: Pictures, frame: int, index: int) -> _Seen | None:
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
    return _Seen(
        time_s=pictures.times_s[frame],
        x=(float(centres[biggest, 0]) + 0.5) / width,
        y=(float(centres[biggest, 1]) + 0.5) / height,
        share=area / cells,
        lab=mean,
        contrast=contrast,
    )


def _touches_edge(stat: NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    """Tell from x, y, width, height in cells whether an area reaches the frame's edge."""
    x, y, width, height = (int(value) for value in stat[:4])
    return x == 0 or y == 0 or x + width == shape[1] or y + height == shape[0]


def _describe(name: str, sights: list[_Seen], pictures: Pictures, camera_is_still: bool) -> Area:
    share = float(np.mean([sight.share for sight in sights]))
    lab = np.mean([sight.lab for sight in sights], axis=0)
    contrast = float(np.mean([sight.contrast for sight in sights]))
    height, width = pictures.names_THW.shape[1:]
    longer = max(height, width)
    motion, speed = "", ""
    if camera_is_still:
        motion, speed = find_way(sights, width / longer, height / longer)
    small = limits.REGION_SMALL.side(share) == "low"
    large = limits.REGION_LARGE.side(share) == "high"
    hue_weight = 0.5 if name in ACHROMATIC else 1.0
    return Area(
        colour=shade(name, float(lab[0])),
        share=share,
        size="small" if small else "large" if large else "",
        place=find_place(sights),
        motion=motion,
        speed=speed,
        salience=contrast * share**0.25 * hue_weight,
    )
