"""Clip ids -> caption requests: rows of the catalogue, stored frames, frames of the clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from captioner.backend import pick_evenly
from captioner.request import CaptionRequest, FrameView, StoredFrame
from captioner.settings import CaptionSettings
from captioner.views import choose_frames, fit_size
from captioner.windows import split_windows
from schemas.catalog import Catalog
from schemas.clip_rows import clip_ref_of
from schemas.errors import MediaError
from schemas.frames import ClipRef, FrameReader
from schemas.tables import SCORE_COLUMNS

_CLIPS_SQL = """
select c.*, cr.x_px as crop_x_px, cr.y_px as crop_y_px, cr.width_px as crop_width_px,
    cr.height_px as crop_height_px, s.* exclude (clip_id, version, batch_id),
    src.uri, sv.random_reader, list_slice(sv.pts, c.start_frame + 1, c.end_frame) as frame_pts
from current_clips c
join current_scores s using (clip_id)
join current_surveys sv using (video_id)
left join (select video_id, min(uri) as uri from sources group by video_id) src using (video_id)
left join crops cr on cr.clip_id = c.clip_id and cr.settings_hash = s.version
where c.clip_id in (select unnest(?))
order by c.clip_id
"""

_FRAMES_SQL = """
select video_id, frame_index, time_s, jpeg
from frames
where video_id in (select unnest(?))
  and survey_version = (select settings_hash from current_choices where stage = 'survey')
order by video_id, frame_index
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One clip as the catalogue knows it: where its frames are, its scores, its stored frames."""

    ref: ClipRef
    start_s: float
    end_s: float
    fps: float
    scores: Mapping[str, float]
    stored: tuple[StoredFrame, ...]

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as displayed, of the crop where there is one."""
        box = self.ref.crop
        if box is None:
            return self.ref.width_px, self.ref.height_px
        return box.width_px, box.height_px


class ClipRows:
    """Reads clips from a catalogue."""

    def __init__(self, root: Path, choices: Mapping[str, str]) -> None:
        self._lens = Catalog.open(root).lens(choices)

    def read(self, clip_ids: Sequence[str]) -> list[ClipRow]:
        """Return the clips that are there, in the order of their ids."""
        clips = self._rows(_CLIPS_SQL, list(clip_ids))
        frames: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows(_FRAMES_SQL, sorted({clip["video_id"] for clip in clips})):
            frames.setdefault(row["video_id"], []).append(row)
        return [_clip_row(clip, frames.get(clip["video_id"], [])) for clip in clips]

    def _rows(self, sql: str, ids: list[str]) -> list[dict[str, Any]]:
        return list(self._lens.sql(sql, params=[ids]).to_arrow_table().to_pylist())


def _clip_row(clip: Mapping[str, Any], frames: Sequence[Mapping[str, Any]]) -> ClipRow:
    inside = [f for f in frames if clip["start_frame"] <= f["frame_index"] < clip["end_frame"]]
    return ClipRow(
        ref=clip_ref_of(clip),
        start_s=clip["start_s"],
        end_s=clip["end_s"],
        fps=clip["fps"],
        scores={name: clip[name] for name in SCORE_COLUMNS if clip[name] is not None},
        stored=tuple(
            StoredFrame(time_s=f["time_s"] - clip["start_s"], jpeg=f["jpeg"]) for f in inside
        ),
    )


def make_requests(
    clip: ClipRow, view: FrameView, settings: CaptionSettings, reader: FrameReader
) -> Iterator[CaptionRequest]:
    """Yield the requests of a clip: itself, or its windows in order, with their frames.

    Scores hold for a whole clip, so that windows go without. Raises MediaError where the
    view wants frames of the clip and they cannot be decoded.
    """
    duration_s = clip.ref.duration_s
    windows = [(0.0, duration_s)]
    if not view.is_whole:
        windows = split_windows(duration_s, settings.window_s)
    for number, window in enumerate(windows):
        is_whole = len(windows) == 1
        request = _request(clip, window, settings, is_whole=is_whole)
        if not is_whole:
            request = replace(request, request_id=f"{clip.ref.clip_id}#{number:04d}")
        yield with_frames(request, clip, window, view, reader) if view.source == "clip" else request


def _request(
    clip: ClipRow, window: tuple[float, float], settings: CaptionSettings, *, is_whole: bool
) -> CaptionRequest:
    stored = [f for f in clip.stored if window[0] <= f.time_s < window[1]]
    chosen = [stored[i] for i in pick_evenly(len(stored), settings.num_frames)]
    times_s = clip.ref.frame_times_s
    width_px, height_px = clip.size_px
    return CaptionRequest(
        request_id=clip.ref.clip_id,
        clip_id=clip.ref.clip_id,
        video_id=clip.ref.video_id,
        start_s=clip.start_s + window[0],
        end_s=clip.end_s if is_whole else clip.start_s + window[1],
        duration_s=window[1] - window[0],
        width_px=width_px,
        height_px=height_px,
        fps=clip.fps,
        num_frames=sum(window[0] <= time < window[1] for time in times_s),
        scores=clip.scores if is_whole else {},
        frames=tuple(StoredFrame(time_s=f.time_s - window[0], jpeg=f.jpeg) for f in chosen),
    )


def with_frames(
    request: CaptionRequest,
    clip: ClipRow,
    window: tuple[float, float],
    view: FrameView,
    reader: FrameReader,
) -> CaptionRequest:
    """Return the request with the frames that a view wants, decoded from the clip."""
    times_s = clip.ref.frame_times_s
    offsets = choose_frames(times_s, window, view)
    if not offsets:
        raise MediaError("no_frames", f"no frame in {window[0]:.3f} s - {window[1]:.3f} s")
    width_px, height_px = fit_size(*clip.size_px, view)
    frames = reader.read(clip.ref, frame_offsets=offsets, width_px=width_px, height_px=height_px)
    before = sum(time < window[0] for time in times_s)
    return replace(
        request,
        clip=replace(frames, times_s=frames.times_s - window[0]),
        frame_indices=tuple(offset - before for offset in offsets),
    )
