"""Captions -> rows: a text is written down with everything that made it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from captioner.backend import Captioner
from captioner.caption import StructuredCaption
from captioner.facts import Correction
from captioner.prose import finish
from captioner.request import Answer, Attempt, CaptionRequest, frames_digest
from captioner.settings import CaptionSettings
from schemas.ids import content_id
from schemas.records import Caption

SPEAK_FROM_PIXELS = ("measured", "tiny")
"""Captioners whose statements are measurements themselves (`tiny`'s are held against the pixels),
and whose texts come from a grammar of ours: that it passes the gate is tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt at one request: who was asked and how, what came, what became of it.

    `status` is `ok`, or the first thing that was wrong. `caption` is what was left after the
    checks, None where nothing was.
    """

    captioner: Captioner
    attempt: Attempt
    request: CaptionRequest
    answer: Answer
    status: str
    message: str = ""
    caption: StructuredCaption | None = None
    corrections: tuple[Correction, ...] = ()
    alignment: float | None = None
    aligner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the rows of one batch share."""

    settings: CaptionSettings
    settings_hash: str
    created_at: datetime


def failed_rows(tries: Sequence[Try], scope: Scope) -> list[Caption]:
    """Return one row per attempt that gave no caption: failures stay visible."""
    return [_row(one, scope, "structured", "", raw=_own_words(one)) for one in tries]


def caption_rows(one: Try, scope: Scope, *, kinds: Sequence[str] | None = None) -> list[Caption]:
    """Return one row per kind of caption, of an attempt that went well."""
    if one.caption is None:
        raise ValueError(f"no caption for {one.request.request_id}")
    wanted = tuple(kinds or scope.settings.kinds)
    texts = _finished(one, one.caption, wanted)
    return [
        _row(one, scope, kind, texts[kind], raw=one.answer.text if kind == "structured" else "")
        for kind in wanted
    ]


def window_row(one: Try, scope: Scope) -> Caption:
    """Return the row of one window of a long clip: its structured caption."""
    if one.caption is None:
        raise ValueError(f"no caption for {one.request.request_id}")
    text = _finished(one, one.caption, ("structured",))["structured"]
    return _row(one, scope, "window", text, raw=one.answer.text)


def _finished(one: Try, caption: StructuredCaption, kinds: Sequence[str]) -> dict[str, str]:
    return finish(
        caption,
        kinds=kinds,
        language=one.answer.language,
        key=one.request.clip_id,
        is_ours=one.captioner.name in SPEAK_FROM_PIXELS,
    )


def _own_words(one: Try) -> str:
    """Return what the captioner said, as it said it: text, or the structured caption it made."""
    if one.answer.caption is None:
        return one.answer.text
    return one.answer.caption.model_dump_json(exclude_defaults=True)


def _row(one: Try, scope: Scope, kind: str, text: str, *, raw: str) -> Caption:
    request, captioner, answer = one.request, one.captioner, one.answer
    return Caption(
        caption_id=content_id(
            "cap",
            request.request_id,
            kind,
            scope.settings_hash,
            captioner.name,
            str(one.attempt.number),
            one.status,
            text,
        ),
        clip_id=request.clip_id,
        video_id=request.video_id,
        start_s=request.start_s,
        end_s=request.end_s,
        kind=kind,
        language=answer.language,
        text=text,
        status=one.status,
        captioner=captioner.name,
        model=captioner.model,
        revision=captioner.revision,
        prompt_hash=captioner.prompt_hash,
        frame_times_s=seen_times_s(request),
        frames_digest=frames_digest(request),
        settings_hash=scope.settings_hash,
        created_at=scope.created_at,
        attempt=one.attempt.number,
        message=one.message or answer.message,
        corrections=[json.dumps(asdict(item), sort_keys=True) for item in one.corrections],
        alignment=one.alignment,
        aligner=one.aligner,
        sampling=json.dumps(asdict(one.attempt), sort_keys=True),
        raw=raw,
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        seconds=answer.seconds,
    )


def seen_times_s(request: CaptionRequest) -> list[float]:
    """Return the times of the frames that a captioner was shown, from the request's start."""
    if request.clip is not None:
        return [float(time) for time in request.clip.times_s]
    return [frame.time_s for frame in request.frames]
