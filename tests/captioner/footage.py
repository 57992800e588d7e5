"""A video file -> the requests of its clips, by the real survey, split and scores."""

from pathlib import Path

from captioner.backend import pick_evenly
from captioner.request import CaptionRequest, StoredFrame
from pipeline.score.clips import FrameMeasures, ScoreSettings, score_clip
from pipeline.split.boundaries import SplitSettings
from pipeline.split.clips import split_video
from pipeline.survey.sampled import Borders
from pipeline.survey.survey import SurveySettings, survey_file
from schemas.tables import SCORE_COLUMNS

NUM_FRAMES = 8


def read_clips(path: Path) -> list[CaptionRequest]:
    """Return one request per clip of a video, with its scores and stored frames."""
    survey, sampled, _, _ = survey_file(path, "vid", SurveySettings())
    measures = [
        FrameMeasures(
            f.frame_index,
            f.sharpness,
            Borders(f.border_left_px, f.border_right_px, f.border_top_px, f.border_bottom_px),
        )
        for f in sampled
    ]
    version = ScoreSettings().version("survey")
    requests = []
    for clip in split_video(survey, SplitSettings(), "split").clips:
        scores, _, crop = score_clip(clip, survey, measures, version)
        inside = [f for f in sampled if clip.start_frame <= f.frame_index < clip.end_frame]
        chosen = [inside[i] for i in pick_evenly(len(inside), NUM_FRAMES)]
        requests.append(
            CaptionRequest(
                request_id=clip.clip_id,
                clip_id=clip.clip_id,
                video_id=clip.video_id,
                start_s=clip.start_s,
                end_s=clip.end_s,
                duration_s=clip.duration_s,
                width_px=crop.width_px if crop else clip.width_px,
                height_px=crop.height_px if crop else clip.height_px,
                fps=clip.fps,
                num_frames=clip.end_frame - clip.start_frame,
                scores={name: float(getattr(scores, name)) for name in SCORE_COLUMNS},
                frames=tuple(
                    StoredFrame(time_s=f.time_s - clip.start_s, jpeg=f.jpeg) for f in chosen
                ),
            )
        )
    return requests
