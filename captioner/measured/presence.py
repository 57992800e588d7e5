"""Which colours a speaker could mean anywhere in the pictures, drawn wide on purpose.

`colours` names what everybody would call red; this says where nobody could. The families
overlap: a rusty brown is red to some and orange to others. What is not here at all, in no
frame, cannot be said of anything in the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.measured.pictures import Pictures


@dataclass(frozen=True, slots=True)
class _Family:
    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float] = (0.0, 360.0)


_ANY = (0.0, 1.1)
FAMILIES: dict[str, _Family] = {
    "black": _Family((0.0, 0.42), (0.0, 0.09)),
    "grey": _Family((0.18, 0.95), (0.0, 0.06)),
    "white": _Family((0.72, 1.1), (0.0, 0.07)),
    "beige": _Family((0.55, 1.1), (0.010, 0.14), (35.0, 118.0)),
    "brown": _Family((0.12, 0.74), (0.018, 0.17), (15.0, 108.0)),
    "red": _Family((0.12, 0.78), (0.045, 1.0), (348.0, 406.0)),
    "orange": _Family((0.35, 0.95), (0.050, 1.0), (28.0, 88.0)),
    "yellow": _Family((0.45, 1.1), (0.045, 1.0), (68.0, 126.0)),
    "green": _Family((0.12, 1.1), (0.022, 1.0), (98.0, 195.0)),
    "cyan": _Family((0.25, 1.1), (0.026, 1.0), (165.0, 250.0)),
    "blue": _Family((0.12, 1.1), (0.022, 1.0), (205.0, 302.0)),
    "purple": _Family((0.12, 1.0), (0.026, 1.0), (275.0, 358.0)),
    "pink": _Family((0.45, 1.1), (0.026, 1.0), (312.0, 415.0)),
}
"""By name: Oklab lightness, chroma and hue in degrees (past 360 it wraps)."""

_TRUSTED_LIGHTNESS = 0.23
"""Below it hue is noise of the codec unless the chroma is high."""
_DARK_CHROMA = 0.05


def find_presence(pictures: Pictures) -> dict[str, float]:
    """Return for every family its largest share of the picture in any frame."""
    lab = pictures.lab_THWC
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360.0
    trusted = (lightness >= _TRUSTED_LIGHTNESS) | (chroma >= _DARK_CHROMA)
    return {
        name: float(_inside(family, lightness, chroma, hue, trusted).mean(axis=(1, 2)).max())
        for name, family in FAMILIES.items()
    }


def _inside(
    family: _Family,
    lightness: NDArray[np.float64],
    chroma: NDArray[np.float64],
    hue: NDArray[np.float64],
    trusted: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (lightness >= family.lightness[0]) & (
        lightness < family.lightness[1]
    )
    inside &= (chroma >= family.chroma[0]) & (chroma < family.chroma[1])
    if family.hue != (0.0, 360.0):
        inside &= (hue - family.hue[0]) % 360.0 < family.hue[1] - family.hue[0]
        inside &= trusted
    return inside
