"""Score the clips of one video from its survey: no pixel of the video is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from pipeline.score.motion import measure_camera, measure_motion
from pipeline.score.picture import border_share, measure_light, measure_sharpness, picture_box
from pipeline.survey.sampled import Borders
from schemas.records import Clip, ClipScores, Crop, Score, Survey
from schemas.settings import Settings

SCORE_CODE_VERSION = "1"
"""Raise it when a score changes its meaning; all clips are then scored again."""


class ScoreSettings(Settings):
    """Which scores are taken. The model-free ones always are, and have no settings."""

    def version(self, survey_version: str) -> str:
        """Return the version that the rows carry."""
        return self.hash(SCORE_CODE_VERSION, survey_version)


@dataclass(frozen=True, slots=True)
class FrameMeasures:
    """What the survey measured on one sampled frame."""

    frame_index: int
    sharpness: float
    borders: Borders


def score_clip(
    clip: Clip, survey: Survey, frames: Sequence[FrameMeasures], version: str
) -> tuple[ClipScores, list[Score], Crop | None]:
    """Return a clip's scores, wide and long, and its crop where bars surround the picture."""

    def signal(name: str) -> np.ndarray:
        values = getattr(survey, name)[clip.start_frame : clip.end_frame]
        return np.asarray(values, np.float32)

    inside = [f for f in frames if clip.start_frame <= f.frame_index < clip.end_frame]
    if not inside and frames:
        # A clip shorter than the sampling gap is judged by the stored frame next to it.
        middle = (clip.start_frame + clip.end_frame) / 2
        inside = [min(frames, key=lambda f: abs(f.frame_index - middle))]
    motion = measure_motion(signal("local_motion"), survey.fps)
    camera = measure_camera(
        signal("shift_x"),
        signal("shift_y"),
        signal("zoom"),
        signal("shift_agreement"),
        survey.fps,
    )
    light = measure_light(
        signal("luma_mean"),
        signal("luma_std"),
        signal("dark_share"),
        signal("bright_share"),
        signal("saturation"),
    )
    box = picture_box([f.borders for f in inside], clip.width_px, clip.height_px)
    scores = ClipScores(
        clip_id=clip.clip_id,
        version=version,
        motion=motion.mean,
        motion_peak=motion.peak,
        still_share=motion.still_share,
        camera_motion=camera.amount,
        pan_x=camera.pan_x,
        pan_y=camera.pan_y,
        zoom=camera.zoom,
        shake=camera.shake,
        sharpness=measure_sharpness([f.sharpness for f in inside]),
        brightness=light.brightness,
        contrast=light.contrast,
        dark_share=light.dark_share,
        bright_share=light.bright_share,
        saturation=light.saturation,
        border_share=border_share(box, clip.width_px, clip.height_px),
        num_sampled_frames=len(inside),
    )
    crop = None
    if box is not None:
        crop = Crop(
            clip_id=clip.clip_id,
            settings_hash=version,
            x_px=box.x_px,
            y_px=box.y_px,
            width_px=box.width_px,
            height_px=box.height_px,
            reason="border",
        )
    return scores, _long(scores), crop


def _long(scores: ClipScores) -> list[Score]:
    """Return the wide row as one row per number."""
    names = [f.name for f in fields(scores) if f.name not in {"clip_id", "version"}]
    return [
        Score(
            clip_id=scores.clip_id,
            name=name,
            version=scores.version,
            value=float(getattr(scores, name)),
        )
        for name in names
    ]
