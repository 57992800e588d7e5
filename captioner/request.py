"""What goes into a captioner and what comes out: plain values, no table and no video file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from captioner.caption import StructuredCaption
from schemas.frames import Frames

KINDS: tuple[str, ...] = ("short", "medium", "long", "structured")
"""The kinds of caption that we write; `source` captions are found, not written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """Which frames of a clip a captioner wants to see.

    `stored`: those that the survey kept (JPEG, about one a second), in `request.frames`.
    `clip`: decoded from the clip itself, in `request.clip`: at most `fps` frames a second and
    `max_frames` in all, spread evenly, scaled down until the longer side is at most
    `max_side_px` and the shorter at most `max_short_side_px`; never scaled up.
    """

    source: Literal["stored", "clip"]
    max_frames: int
    fps: float | None = None
    max_side_px: int | None = None
    max_short_side_px: int | None = None
    is_whole: bool = False
    """Whether a clip of any length is looked at as a whole, never window by window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """One stored picture of a clip: a JPEG, and its time in seconds from the clip's start."""

    time_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionRequest:
    """One clip, or one window of a long one, with everything that a captioner may look at.

    `request_id` names it through every batch: the answer must bear the same. `start_s` and
    `end_s` are seconds of the video, half-open. Sizes are as displayed, of the crop where
    there is one. `fps` is the video's own rate. `scores` has the names and units of the
    `clip_scores` columns in `schemas.tables`; a name that is missing was not measured.
    `frames` (stored) and `clip` (decoded, None unless the captioner's view asks for it) are
    in order of time, counted from the start of this request's span; `frame_indices` are the
    places of `clip`'s frames among the `num_frames` frames of this span.
    """

    request_id: str
    clip_id: str
    video_id: str
    start_s: float
    end_s: float
    duration_s: float
    width_px: int
    height_px: int
    fps: float
    num_frames: int
    scores: Mapping[str, float]
    frames: tuple[StoredFrame, ...]
    clip: Frames | None = None
    frame_indices: tuple[int, ...] = ()


Prompting = Literal["full", "simple", "prose"]
"""`full`: the whole structured caption as JSON. `simple`: its main fields. `prose`: text only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How to ask once; the rungs of the retry ladder differ in it.

    `num_frames`: look at no more than so many of the frames, spread evenly; None: at all.
    `remark` is put behind the prompt (`Answer in English.`). Temperature 0 is greedy.
    """

    number: int = 0
    seed: int = 0
    temperature: float = 0.0
    repetition_penalty: float = 1.05
    max_new_tokens: int = 1024
    num_frames: int | None = None
    prompting: Prompting = "full"
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a captioner said of one request.

    `caption` where the captioner makes structured captions itself; else None, and `text` is
    what the model wrote, yet to be parsed. `status` is `ok`, or what only the captioner can
    know (`STATUSES` in `captioner.gate`): `refused`, `out_of_domain`, `unreadable_frames`,
    `error`, `truncated`. `message` explains a status; it never holds a key or a header.
    `domain` and tokens are None where they do not apply.
    """

    request_id: str
    caption: StructuredCaption | None = None
    text: str = ""
    language: str = "en"
    status: str = "ok"
    message: str = ""
    finish_reason: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0


def frames_digest(request: CaptionRequest) -> str:
    """Return the SHA-256 over the pictures of a request, in order, as 64 hex digits.

    Each picture is preceded by its length, so that no two lists of pictures share a digest.
    """
    digest = hashlib.sha256()
    if request.clip is not None:
        shape = request.clip.pixels_THWC.shape
        digest.update(repr(shape).encode())
        digest.update(request.clip.pixels_THWC.tobytes())
        return digest.hexdigest()
    for frame in request.frames:
        digest.update(len(frame.jpeg).to_bytes(8, "big"))
        digest.update(frame.jpeg)
    return digest.hexdigest()
