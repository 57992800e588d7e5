"""What moves before a camera that stands still: where, and which way the biggest part goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.measured import limits
from captioner.measured.pictures import Pictures
from captioner.measured.track import Sight, find_way


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Where most of the change is, and the way of the largest thing that moves.

    `place` as in `_find_region`; `motion` and `speed` as in `areas.Area`.
    """

    place: str = ""
    motion: str = ""
    speed: str = ""


def find_movement(pictures: Pictures) -> Movement:
    """Return what is clear; nothing with fewer than three pictures.

    The background is the median picture, so that a thing is seen wherever it is.
    """
    luma_THW = pictures.luma_THW
    if len(luma_THW) < limits.MOVER_MIN_FRAMES:
        return Movement()
    # A change of light of the whole picture is no movement.
    even_THW = luma_THW - np.median(luma_THW, axis=(1, 2), keepdims=True)
    contrast = float(luma_THW.std(axis=(1, 2)).mean())
    levels = max(limits.MOVER_LEVELS, limits.MOVER_CONTRAST * contrast)
    off_THW = np.abs(even_THW - np.median(even_THW, axis=0)) > levels
    if off_THW.mean() < limits.MOVER_MIN_SHARE:
        return Movement()
    motion, speed = _find_mover(pictures, off_THW)
    return Movement(place=_find_region(off_THW), motion=motion, speed=speed)


def _find_region(off_THW: NDArray[np.bool_]) -> str:
    """Return the third, or the middle, that holds most of the change; empty where none does."""
    share_HW = off_THW.mean(axis=0)
    total = float(share_HW.sum())
    height, width = share_HW.shape
    if min(height, width) < limits.LAYOUT_MIN_CELLS:
        return ""
    rows, columns = height // 3, width // 3
    parts = {
        "on the left": share_HW[:, :columns],
        "on the right": share_HW[:, -columns:],
        "in the upper part": share_HW[:rows],
        "in the lower part": share_HW[-rows:],
        "in the middle": share_HW[rows:-rows, columns:-columns],
    }
    name, part = max(parts.items(), key=lambda item: float(item[1].sum()))
    return name if float(part.sum()) >= limits.MOVER_IN_PLACE * total else ""


def _find_mover(pictures: Pictures, off_THW: NDArray[np.bool_]) -> tuple[str, str]:
    import cv2

    height, width = off_THW.shape[1:]
    sights = []
    for time_s, off_HW in zip(pictures.times_s, off_THW, strict=True):
        total = int(off_HW.sum())
        if total < limits.MOVER_MIN_SHARE * off_HW.size:
            continue
        _, _, stats, centres = cv2.connectedComponentsWithStats(
            off_HW.astype(np.uint8), connectivity=8
        )
        biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        area = int(stats[biggest, cv2.CC_STAT_AREA])
        if area < limits.MOVER_DOMINANCE * total:
            return "", ""
        sights.append(
            Sight(
                time_s=time_s,
                x=(float(centres[biggest, 0]) + 0.5) / width,
                y=(float(centres[biggest, 1]) + 0.5) / height,
                share=area / off_HW.size,
            )
        )
    if len(sights) < max(limits.MOVER_MIN_FRAMES, limits.REGION_MIN_PRESENCE * len(off_THW)):
        return "", ""
    longer = max(height, width)
    motion, speed = find_way(sights, width / longer, height / longer)
    # A thing that turns back leaves marks at both ends of its way; only a clear way counts.
    return (motion, speed) if motion not in ("none", "about") else ("", "")
