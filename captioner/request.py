"""What goes into a captioner and what comes out: plain values, no table and no video file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

KINDS: tuple[str, ...] = ("short", "medium", "long", "structured")
"""The kinds of caption that we write; `source` captions are found, not written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """One stored picture of a clip: a JPEG, and its time in seconds from the clip's start."""

    time_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionRequest:
    """One clip to describe, with everything that a captioner may look at.

    `start_s` and `end_s` are seconds of the video, half-open. Sizes are as displayed.
    `scores` has the names and units of the `clip_scores` columns in `schemas.tables`; a name
    that is missing was not measured. `frames` are in order of time, and a backend sees all
    of them: whoever makes the request thins them out, so that the row can name them.
    """

    clip_id: str
    video_id: str
    start_s: float
    end_s: float
    duration_s: float
    width_px: int
    height_px: int
    fps: float
    scores: Mapping[str, float]
    frames: tuple[StoredFrame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionText:
    """One text about one clip. `language` is BCP 47; `status` is `ok` or what went wrong.

    A backend sets `status` only where it knows more than the text shows, such as a refusal.
    """

    kind: str
    language: str
    text: str
    status: str = "ok"


def frames_digest(frames: tuple[StoredFrame, ...]) -> str:
    """Return the SHA-256 over the JPEG bytes, in order, as 64 hex digits.

    Each picture is preceded by its length, so that no two lists of pictures share a digest.
    """
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(len(frame.jpeg).to_bytes(8, "big"))
        digest.update(frame.jpeg)
    return digest.hexdigest()
