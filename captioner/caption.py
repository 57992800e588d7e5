"""Texts -> rows: a caption is written down with everything that made it, and gated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from captioner.backend import Captioner
from captioner.gate import check_text
from captioner.request import CaptionRequest, CaptionText, frames_digest
from schemas.ids import content_id
from schemas.records import Caption


def make_captions(
    request: CaptionRequest,
    texts: Sequence[CaptionText],
    captioner: Captioner,
    *,
    settings_hash: str,
    created_at: datetime,
) -> list[Caption]:
    """Return one row per text, in order.

    A text that its backend calls `ok` still has to pass the gate; what a backend reports as
    wrong stays as reported. The id depends on clip, kind, settings and text only, so the
    same work done twice gives the same rows.
    """
    digest = frames_digest(request.frames)
    return [
        Caption(
            caption_id=content_id("cap", request.clip_id, text.kind, settings_hash, text.text),
            clip_id=request.clip_id,
            video_id=request.video_id,
            start_s=request.start_s,
            end_s=request.end_s,
            kind=text.kind,
            language=text.language,
            text=text.text,
            status=check_text(text.kind, text.text) if text.status == "ok" else text.status,
            captioner=captioner.name,
            model=captioner.model,
            revision=captioner.revision,
            prompt_hash=captioner.prompt_hash,
            frame_times_s=[frame.time_s for frame in request.frames],
            frames_digest=digest,
            settings_hash=settings_hash,
            created_at=created_at,
        )
        for text in texts
    ]
