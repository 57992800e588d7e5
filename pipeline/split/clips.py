"""Cut shots and clips from boundaries, and account for every frame that is in no clip."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.split.boundaries import (
    Boundary,
    Signals,
    SplitSettings,
    black_edges,
    find_boundaries,
)
from schemas.ids import clip_id
from schemas.records import Clip, Offcut, Shot, Split, Survey
from schemas.timing import TimeBase


@dataclass(frozen=True, slots=True)
class SplitRows:
    """What a split says about one video. Clips and offcuts tile it, to the tick."""

    shots: list[Shot]
    clips: list[Clip]
    splits: list[Split]
    offcuts: list[Offcut]


@dataclass(frozen=True, slots=True)
class _Take:
    """The part of a shot outside transitions, and which of its ends touch a boundary."""

    shot_index: int
    start: int
    end: int
    trim_start: bool
    trim_end: bool


def signals_of(survey: Survey) -> Signals:
    """Return the signals of a survey as arrays."""

    def array(values: Sequence[float]) -> np.ndarray:
        return np.asarray(values, np.float32)

    return Signals(
        fps=survey.fps,
        luma_mean=array(survey.luma_mean),
        luma_std=array(survey.luma_std),
        content_change=array(survey.content_change),
        histogram_change=array(survey.histogram_change),
        frame_hash=np.asarray(survey.frame_hash, np.int64),
    )


def split_video(survey: Survey, settings: SplitSettings, settings_hash: str) -> SplitRows:
    """Return the shots, clips and offcuts of one surveyed video."""
    signals = signals_of(survey)
    boundaries = find_boundaries(signals, settings)
    edges = black_edges(signals, settings)
    times = _Times(survey)
    shots = _shots(survey, boundaries, times, settings_hash)
    clips: list[Clip] = []
    splits: list[Split] = []
    offcuts: list[Offcut] = []

    def put_offcut(start: int, end: int, reason: str) -> None:
        if end > start:
            offcuts.append(times.offcut(start, end, reason, settings_hash))

    at = 0
    for take in _takes(survey.num_frames, boundaries, edges):
        put_offcut(at, take.start, "transition")
        at = take.end
        trim = signals.frames(settings.edge_trim_s) if settings.edge_trim_s > 0 else 0
        start = take.start + (trim if take.trim_start else 0)
        end = take.end - (trim if take.trim_end else 0)
        if end <= start or times.seconds(start, end) < settings.min_clip_s:
            put_offcut(take.start, take.end, "too_short")
            continue
        put_offcut(take.start, start, "trim")
        for first, after in _pieces(start, end, times, settings.max_clip_s):
            clip = times.clip(first, after)
            clips.append(clip)
            splits.append(
                Split(
                    settings_hash=settings_hash,
                    clip_id=clip.clip_id,
                    video_id=survey.video_id,
                    shot_index=take.shot_index,
                )
            )
        put_offcut(end, take.end, "trim")
    put_offcut(at, survey.num_frames, "transition")
    return SplitRows(shots, clips, splits, offcuts)


class _Times:
    """Frame numbers of one video as ticks and seconds."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.base = TimeBase(survey.time_base_num, survey.time_base_den)

    def pts(self, frame: int) -> int:
        """Return the start of a frame in ticks; past the last frame, the video's end."""
        return self.survey.pts[frame] if frame < self.survey.num_frames else self.survey.end_pts

    def at(self, frame: int) -> float:
        """Return the start of a frame in seconds."""
        return self.base.seconds(self.pts(frame))

    def seconds(self, start: int, end: int) -> float:
        """Return the length of frames `[start, end)` in seconds."""
        return self.base.seconds(self.pts(end) - self.pts(start))

    def clip(self, start: int, end: int) -> Clip:
        """Return the clip of frames `[start, end)`."""
        survey = self.survey
        return Clip(
            clip_id=clip_id(survey.video_id, self.pts(start), self.pts(end)),
            video_id=survey.video_id,
            start_frame=start,
            end_frame=end,
            start_pts=self.pts(start),
            end_pts=self.pts(end),
            time_base_num=self.base.num,
            time_base_den=self.base.den,
            start_s=self.at(start),
            end_s=self.at(end),
            duration_s=self.seconds(start, end),
            num_frames=end - start,
            fps=survey.fps,
            width_px=survey.width_px,
            height_px=survey.height_px,
        )

    def offcut(self, start: int, end: int, reason: str, settings_hash: str) -> Offcut:
        """Return the offcut of frames `[start, end)`."""
        return Offcut(
            video_id=self.survey.video_id,
            settings_hash=settings_hash,
            start_frame=start,
            end_frame=end,
            start_pts=self.pts(start),
            end_pts=self.pts(end),
            start_s=self.at(start),
            end_s=self.at(end),
            duration_s=self.seconds(start, end),
            reason=reason,
        )


def _shots(
    survey: Survey, boundaries: Sequence[Boundary], times: _Times, settings_hash: str
) -> list[Shot]:
    starts = [0, *(boundary.middle for boundary in boundaries)]
    ends = [*(boundary.middle for boundary in boundaries), survey.num_frames]
    last = Boundary("end", survey.num_frames, survey.num_frames)
    return [
        Shot(
            video_id=survey.video_id,
            settings_hash=settings_hash,
            shot_index=index,
            start_frame=start,
            end_frame=end,
            start_s=times.at(start),
            end_s=times.at(end),
            transition_out=out.kind,
            transition_start_frame=out.start,
            transition_end_frame=out.end,
        )
        for index, (start, end, out) in enumerate(
            zip(starts, ends, [*boundaries, last], strict=True)
        )
    ]


def _takes(num_frames: int, boundaries: Sequence[Boundary], edges: tuple[int, int]) -> list[_Take]:
    """Return the parts of shots between transitions, black edges of the video left out."""
    starts = [min(edges[0], num_frames), *(boundary.end for boundary in boundaries)]
    ends = [*(boundary.start for boundary in boundaries), num_frames - edges[1]]
    takes: list[_Take] = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end > start:
            at_start = index > 0 or edges[0] > 0
            at_end = index < len(boundaries) or edges[1] > 0
            takes.append(_Take(index, start, end, at_start, at_end))
    return takes


def _pieces(start: int, end: int, times: _Times, longest_s: float) -> list[tuple[int, int]]:
    """Cut `[start, end)` into equal pieces of at most `longest_s` seconds."""
    count = int(np.ceil(times.seconds(start, end) / longest_s - 1e-9))
    edges = np.unique(np.linspace(start, end, max(1, count) + 1).round().astype(int))
    return [(int(a), int(b)) for a, b in itertools.pairwise(edges)]
