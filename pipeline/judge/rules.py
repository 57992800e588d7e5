"""The judge's settings, and the rules that they stand for.

The rules are rows; `schemas.rules` turns them into the SQL that both the view `verdicts` and
the judge's stage run, so a verdict can be recomputed without touching a pixel.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.records import Rule
from schemas.settings import Settings

Side = Literal["minimum", "maximum"]


class JudgeSettings(Settings):
    """Limits on scores; `None` switches a rule off. Units as in the table `clip_scores`."""

    duration_min: float | None = Field(1.0, ge=0)
    """Seconds."""
    size_min: int | None = Field(32, ge=1)
    """Pixels of the smaller side; smaller pictures hold nothing to learn from."""
    dark_share_max: float | None = Field(0.9, ge=0, le=1)
    """Share of dark pixels."""
    bright_share_max: float | None = Field(0.6, ge=0, le=1)
    """Share of blown-out pixels."""
    brightness_max: float | None = Field(235.0, ge=0, le=255)
    """Mean luma; a whiter picture is over-exposed, also where no pixel is blown out."""
    contrast_min: float | None = Field(3.0, ge=0)
    """Standard deviation of luma within a frame."""
    still_share_max: float | None = Field(0.95, ge=0, le=1)
    """Share of frames that equal the one before."""
    motion_min: float | None = Field(0.5, ge=0)
    """Luma change per second beside the camera's, in grey levels."""
    sharpness_min: float | None = Field(0.0005, ge=0)
    """Laplacian variance over luma variance."""
    shake_max: float | None = Field(1.0, ge=0)
    """Camera movement that cancels out, frame widths per second."""
    border_share_max: float | None = Field(0.4, ge=0, le=1)
    """Share of the picture under bars; less than this is cropped, not dropped."""


_RULES: tuple[tuple[str, str, Side, str], ...] = (
    ("duration_min", "duration_s", "minimum", "too_short"),
    ("size_min", "width_px", "minimum", "too_small"),
    ("size_min", "height_px", "minimum", "too_small"),
    ("dark_share_max", "dark_share", "maximum", "too_dark"),
    ("bright_share_max", "bright_share", "maximum", "over_exposed"),
    ("brightness_max", "brightness", "maximum", "over_exposed"),
    ("contrast_min", "contrast", "minimum", "too_flat"),
    ("still_share_max", "still_share", "maximum", "frozen"),
    ("motion_min", "motion", "minimum", "too_static"),
    ("sharpness_min", "sharpness", "minimum", "too_blurred"),
    ("shake_max", "shake", "maximum", "too_shaky"),
    ("border_share_max", "border_share", "maximum", "border_too_large"),
)
"""(setting, column, side, reason), in the order in which they are tried."""


def rules_of(settings: JudgeSettings, settings_hash: str) -> list[Rule]:
    """Return the rules that are switched on, in order."""
    rules: list[Rule] = []
    for name, column, side, reason in _RULES:
        limit = getattr(settings, name)
        if limit is not None:
            rules.append(
                Rule(
                    settings_hash=settings_hash,
                    position=len(rules),
                    name=name,
                    column=column,
                    minimum=float(limit) if side == "minimum" else None,
                    maximum=float(limit) if side == "maximum" else None,
                    reason=reason,
                )
            )
    return rules
