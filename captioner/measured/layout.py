"""Where in the picture it is light and which colour lies above and below."""

from __future__ import annotations

import numpy as np

from captioner.measured import limits
from captioner.measured.colours import NAMES, shade
from captioner.measured.pictures import Pictures


def find_lighter_part(pictures: Pictures) -> str:
    """Return upper, lower, left or right: the part that is clearly lighter in every frame.

    Outer thirds are compared by mean luma. Empty when none is, and when two are by much the
    same difference.
    """
    luma_THW = pictures.luma_THW
    height, width = luma_THW.shape[1:]
    if min(height, width) < limits.LAYOUT_MIN_CELLS:
        return ""
    top_T = luma_THW[:, : height // 3].mean(axis=(1, 2))
    bottom_T = luma_THW[:, -(height // 3) :].mean(axis=(1, 2))
    left_T = luma_THW[:, :, : width // 3].mean(axis=(1, 2))
    right_T = luma_THW[:, :, -(width // 3) :].mean(axis=(1, 2))
    differences = {
        "upper": float((top_T - bottom_T).min()),
        "lower": float((bottom_T - top_T).min()),
        "left": float((left_T - right_T).min()),
        "right": float((right_T - left_T).min()),
    }
    (part, first), (_, second) = sorted(differences.items(), key=lambda item: -item[1])[:2]
    is_clear = limits.LIGHTER_PART.side(first) == "high"
    return part if is_clear and second < limits.LIGHTER_PART.low else ""


def find_bands(pictures: Pictures) -> tuple[str, str]:
    """Return the colours that fill the upper and the lower third, where clear and not equal."""
    names_THW = pictures.names_THW
    height = names_THW.shape[1]
    if height < limits.LAYOUT_MIN_CELLS:
        return "", ""
    upper = _find_filling(pictures, slice(0, height // 3))
    lower = _find_filling(pictures, slice(height - height // 3, height))
    return (upper, lower) if upper and lower and upper != lower else ("", "")


def _find_filling(pictures: Pictures, rows: slice) -> str:
    """Return the colour that covers most of these rows in every frame."""
    for index, name in enumerate(NAMES):
        mask_THW = pictures.names_THW[:, rows] == index
        least = float(np.min(mask_THW.mean(axis=(1, 2))))
        if limits.COLOUR_MOST.side(least) == "high":
            lightness = pictures.lab_THWC[:, rows][mask_THW][:, 0]
            return shade(name, float(lightness.mean()))
    return ""
