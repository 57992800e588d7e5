"""How light it is, what is warm or cool about it, and how it changes, with times."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from captioner.measured import limits
from captioner.measured.pictures import Pictures
from captioner.measured.scores import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class LightStep:
    """A sudden change of light between two sampled frames, seconds from the clip's start."""

    start_s: float
    end_s: float
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What may be said; words as in `captioner.measured.findings.Findings`. `luma` is a mean."""

    luma: float = math.nan
    level: str = ""
    change: str = ""
    contrast: str = ""
    tone: str = ""
    half_is_black: bool = False
    quarter_is_white: bool = False
    steps: tuple[LightStep, ...] = ()


def find_light(score: Scores, pictures: Pictures | None) -> Light:
    """Return what is clear. Dark bars count in the scores, so with bars the pictures are asked."""
    bars = score.side("border_share", limits.BARS)
    if score.get("border_share") >= limits.BARS_MAX:
        bars = "low"
    brightness = score.get("brightness")
    if bars != "low":
        brightness = math.nan if pictures is None else float(pictures.luma_THW.mean())
    level = name_level(brightness)
    contrast = ""
    if bars == "low" and level != "black":
        if score.side("contrast", limits.LOW_CONTRAST) == "low":
            contrast = "low"
        elif score.side("contrast", limits.HIGH_CONTRAST) == "high":
            contrast = "high"
    is_white = bars == "low" and score.side("bright_share", limits.BRIGHT_SHARE) == "high"
    return Light(
        luma=brightness,
        level=level,
        change="" if pictures is None else _find_change(pictures),
        contrast=contrast,
        tone="" if pictures is None or level == "black" else _find_tone(pictures),
        half_is_black=bars == "low" and score.side("dark_share", limits.DARK_SHARE) == "high",
        quarter_is_white=is_white,
        steps=() if pictures is None else _find_steps(pictures),
    )


def name_level(brightness: float) -> str:
    """Return black, dark, dim, medium, light or bright for a mean luma; empty for NaN."""
    if limits.NEARLY_BLACK.side(brightness) == "low":
        return "black"
    if brightness < limits.NEARLY_BLACK.high:
        return ""  # between black and dark
    for level, band in (("dark", limits.DARK), ("medium", limits.BRIGHT)):
        side = band.side(brightness)
        if side == "low":
            return level
        if side is None and not math.isnan(brightness):
            return "dim" if level == "dark" else "light"
    return "bright" if limits.BRIGHT.side(brightness) == "high" else ""


def _find_change(pictures: Pictures) -> str:
    """Return brighter or darker where the mean luma goes one way, steady where it stays."""
    if len(pictures.times_s) < 2:
        return ""
    luma_T = pictures.luma_THW.mean(axis=(1, 2))
    if limits.LIGHT_CHANGE.side(float(np.ptp(luma_T))) == "low":
        return "steady"
    net = float(luma_T[-1] - luma_T[0])
    steps_T = np.diff(luma_T) * np.sign(net)
    one_way = float(steps_T.min()) >= -limits.LIGHT_STEP_BACK
    if limits.LIGHT_CHANGE.side(abs(net)) != "high" or not one_way:
        return ""
    return "brighter" if net > 0 else "darker"


def _find_steps(pictures: Pictures) -> tuple[LightStep, ...]:
    """Return the places where light changes at once: of most of the picture, all one way."""
    steps = []
    for i in range(1, len(pictures.times_s)):
        change_HW = pictures.luma_THW[i] - pictures.luma_THW[i - 1]
        mean = float(change_HW.mean())
        same_way = float((np.sign(change_HW) == np.sign(mean)).mean())
        if abs(mean) >= limits.LIGHT_JUMP and same_way >= limits.LIGHT_JUMP_CELLS:
            steps.append(
                LightStep(
                    start_s=pictures.times_s[i - 1],
                    end_s=pictures.times_s[i],
                    change="brighter" if mean > 0 else "darker",
                )
            )
    return tuple(steps)


def _find_tone(pictures: Pictures) -> str:
    """Return warm or cool where the mean colour of the visible cells clearly leans that way."""
    visible = pictures.lab_THWC[..., 0] > limits.CHROMA_MIN_LIGHTNESS
    if visible.mean() < limits.CHROMA_MIN_CELLS:
        return ""
    a, b = (float(pictures.lab_THWC[..., i][visible].mean()) for i in (1, 2))
    if math.hypot(a, b) < limits.TONE_CHROMA:
        return ""
    hue = math.degrees(math.atan2(b, a)) % 360
    if limits.WARM_HUE[0] <= hue <= limits.WARM_HUE[1]:
        return "warm"
    return "cool" if limits.COOL_HUE[0] <= hue <= limits.COOL_HUE[1] else ""
