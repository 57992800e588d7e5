"""The captioning worker: clip ids in, caption rows out; fanned out by the orchestration.

It reads scores and stored frames from the catalogue, hands them to a backend, and gates what
comes back. It knows nothing of Ray.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from captioner.backend import (
    CaptionSettings,
    caption_settings_hash,
    load_backend,
    pick_evenly,
)
from captioner.caption import make_captions
from captioner.request import CaptionRequest, StoredFrame
from schemas.catalog import Catalog
from schemas.ids import content_id, set_digest
from schemas.records import Counts, Work
from schemas.tables import SCORE_COLUMNS

_CLIPS_SQL = """
select c.clip_id, c.video_id, c.start_frame, c.end_frame, c.start_s, c.end_s, c.duration_s,
    c.fps, coalesce(cr.width_px, c.width_px) as width_px,
    coalesce(cr.height_px, c.height_px) as height_px,
    s.* exclude (clip_id, version, batch_id)
from current_clips c
join current_scores s using (clip_id)
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


class CaptionWorker:
    """Clip ids to `captions`, by one backend."""

    def __init__(self, root: Path, settings: CaptionSettings, choices: Mapping[str, str]) -> None:
        self.lens = Catalog.open(root).lens(choices)
        self.settings = settings
        self.captioner = load_backend(settings.backend, settings)
        self.settings_hash = caption_settings_hash(settings, self.captioner)

    def __call__(self, items: Sequence[str]) -> Iterator[Work]:
        """Yield one work for the batch of clips: the rows of all their captions."""
        requests = self._requests(items)
        now = datetime.now(UTC)
        rows: list[object] = []
        texts = self.captioner.caption(requests)
        for request, found in zip(requests, texts, strict=True):
            rows += make_captions(
                request,
                found,
                self.captioner,
                settings_hash=self.settings_hash,
                created_at=now,
            )
        seconds = sum(request.duration_s for request in requests)
        yield Work(
            work_id=content_id("work", "caption", self.settings_hash, set_digest(items)),
            stage="caption",
            settings_hash=self.settings_hash,
            rows={"captions": rows},
            counts=Counts(
                num_in=len(items),
                num_out=len(requests),
                num_failed=len(items) - len(requests),
                seconds_in=seconds,
                seconds_out=seconds,
            ),
        )

    def _requests(self, clip_ids: Sequence[str]) -> list[CaptionRequest]:
        clips = self._rows(_CLIPS_SQL, list(clip_ids))
        videos = sorted({clip["video_id"] for clip in clips})
        frames: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows(_FRAMES_SQL, videos):
            frames.setdefault(row["video_id"], []).append(row)
        return [self._request(clip, frames.get(clip["video_id"], [])) for clip in clips]

    def _rows(self, sql: str, ids: list[str]) -> list[dict[str, Any]]:
        return list(self.lens.sql(sql, params=[ids]).to_arrow_table().to_pylist())

    def _request(self, clip: dict[str, Any], frames: list[dict[str, Any]]) -> CaptionRequest:
        inside = [f for f in frames if clip["start_frame"] <= f["frame_index"] < clip["end_frame"]]
        chosen = [inside[i] for i in pick_evenly(len(inside), self.settings.num_frames)]
        return CaptionRequest(
            clip_id=clip["clip_id"],
            video_id=clip["video_id"],
            start_s=clip["start_s"],
            end_s=clip["end_s"],
            duration_s=clip["duration_s"],
            width_px=clip["width_px"],
            height_px=clip["height_px"],
            fps=clip["fps"],
            scores={name: clip[name] for name in SCORE_COLUMNS},
            frames=tuple(
                StoredFrame(time_s=f["time_s"] - clip["start_s"], jpeg=f["jpeg"]) for f in chosen
            ),
        )
