"""Write a catalogue of clips that were never cut from files: for measuring search alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.catalog import Catalog
from schemas.ids import clip_id, new_run_id, video_id
from schemas.records import (
    Caption,
    Choice,
    Clip,
    ClipScores,
    Counts,
    Embedding,
    Source,
    Split,
    Video,
    Work,
)
from schemas.tables import SCORE_COLUMNS

_HASHES = {name: f"set_{name}" for name in ("survey", "split", "score", "judge", "dedupe")}
_CLIPS_PER_VIDEO = 100
_FRAMES = 16
_WORK_CLIPS = 20_000


def write_catalogue(
    root: Path,
    num_clips: int,
    *,
    captions: Sequence[Mapping[str, str]] | None = None,
    vectors: tuple[str, NDArray[np.float32]] | None = None,
) -> tuple[Catalog, list[str]]:
    """Return a catalogue in which every clip is kept, and the clips' ids by their places.

    `captions` holds kind -> text per clip; `vectors` a model's name and a row per clip, of
    which rows of NaN are outside the model's domain.
    """
    catalog = Catalog.create(root)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    choices: list[object] = [
        Choice(stage=s, settings_hash=h, settings_json="{}", run_id="run", chosen_at=now)
        for s, h in _HASHES.items()
    ]
    catalog.commit([_work("choose", choices=choices)], new_run_id())
    ids = []
    for start in range(0, num_clips, _WORK_CLIPS):
        rows: dict[str, list[object]] = {}
        for number in range(start, min(start + _WORK_CLIPS, num_clips)):
            told = captions[number] if captions is not None else {}
            vector = vectors[1][number] if vectors is not None else None
            model = vectors[0] if vectors is not None else ""
            ids.append(_add(rows, number, told, vector, model, now))
        catalog.commit([_work(f"clips {start}", **rows)], new_run_id())
    return catalog, ids


def _add(
    rows: dict[str, list[object]],
    number: int,
    captions: Mapping[str, str],
    vector: NDArray[np.float32] | None,
    model: str,
    now: datetime,
) -> str:
    video = video_id(f"{number // _CLIPS_PER_VIDEO}")
    place = number % _CLIPS_PER_VIDEO
    start, end = place * _FRAMES, (place + 1) * _FRAMES
    clip = clip_id(video, start, end)
    if place == 0:
        rows.setdefault("videos", []).append(_video(video))
        source = Source(uri=f"/drawn/{video}.mp4", video_id=video, num_bytes=1, modified_at=now)
        rows.setdefault("sources", []).append(source)
    span = {"start_s": start / 8, "end_s": end / 8}
    rows.setdefault("clips", []).append(
        Clip(
            clip_id=clip, video_id=video, start_frame=start, end_frame=end, start_pts=start,
            end_pts=end, time_base_num=1, time_base_den=8, duration_s=2.0, num_frames=_FRAMES,
            fps=8.0, width_px=64, height_px=64, **span,
        )
    )  # fmt: skip
    split = Split(settings_hash="set_split", clip_id=clip, video_id=video, shot_index=place)
    rows.setdefault("splits", []).append(split)
    scores: dict[str, Any] = dict.fromkeys(SCORE_COLUMNS, 1)
    rows.setdefault("clip_scores", []).append(
        ClipScores(clip_id=clip, version="set_score", **scores)
    )
    for kind, text in captions.items():
        rows.setdefault("captions", []).append(
            Caption(
                caption_id=f"cap_{number}_{kind}", clip_id=clip, video_id=video, kind=kind,
                language="en", text=text, status="ok", captioner="truth", model="", revision="",
                prompt_hash="", frame_times_s=[], frames_digest="", settings_hash="set_caption",
                created_at=now, **span,
            )
        )  # fmt: skip
    if vector is not None:
        values = [] if np.isnan(vector).any() else vector.tolist()
        rows.setdefault("embeddings", []).append(
            Embedding(clip_id=clip, model=model, vector=values)
        )
    return clip


def _video(video: str) -> Video:
    return Video(
        video_id=video, sha256="", container="mp4", codec="h264", pixel_format="yuv420p",
        width_px=64, height_px=64, fps=8.0, time_base_num=1, time_base_den=8,
        num_packets=_CLIPS_PER_VIDEO * _FRAMES, duration_s=2.0 * _CLIPS_PER_VIDEO,
        stated_duration_s=2.0 * _CLIPS_PER_VIDEO, rotation_deg=0, has_audio=False,
    )  # fmt: skip


def _work(name: str, **rows: list[object]) -> Work:
    return Work(
        work_id=f"work_{name}",
        stage="bench",
        settings_hash="",
        rows=rows,
        counts=Counts(num_in=1, num_out=1),
    )
