"""A captioner behind any server that speaks the OpenAI chat protocol.

vLLM, SGLang, llama.cpp, Ollama and hosted ones differ in what they take; `openai_dialect`
finds that out. The server does the work, so this needs no GPU and no model here.
"""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captioner.backends.openai_replies import Outcome
from captioner.backends.openai_server import ChatJob, ChatServer
from captioner.parse import json_schema
from captioner.prompting import caption_prompt, prompts_hash, summary_prompt
from captioner.request import Answer, Attempt, CaptionRequest, FrameView
from captioner.settings import CaptionSettings
from schemas.errors import UserError
from schemas.frames import Frames, FrameWriter

_JPEG_QUALITY = 90


class OpenAICaptioner:
    """Asks a server about clips; several at once, each in a request of its own."""

    name = "openai"

    def __init__(
        self,
        settings: CaptionSettings,
        make_writer: Callable[[], FrameWriter] | None = None,
    ) -> None:
        """Reach the server. `make_writer` is wanted where clips are sent as video."""
        own = settings.openai
        if own.send == "video" and make_writer is None:
            raise UserError(
                "clips cannot be sent as video: nothing here writes video files",
                "set caption.openai.send to `images`",
            )
        self._language = settings.language
        self._max_side_px = own.max_side_px
        self._writer = make_writer() if own.send == "video" and make_writer else None
        self._server = ChatServer(own)
        self.model = self._server.model.name
        self.revision = self._server.model.revision
        self.prompt_hash = prompts_hash()
        self.view = FrameView(
            source="clip", max_frames=own.max_frames, fps=own.fps, max_side_px=own.max_side_px
        )

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        """Return one answer per request, in order; see `captioner.backend.Captioner`."""
        jobs = [
            ChatJob(
                make_messages=lambda request=request: self._messages(request, attempt),  # type: ignore[misc]
                attempt=attempt,
                schema=None if attempt.prompting == "prose" else json_schema(attempt.prompting),
            )
            for request in requests
        ]
        outcomes = self._server.ask(jobs)
        return [
            self._answer_of(request.request_id, outcome)
            for request, outcome in zip(requests, outcomes, strict=True)
        ]

    def summarise(self, texts: Sequence[str], attempt: Attempt) -> Answer:
        """Return one caption of the whole; see `captioner.backend.Summariser`."""
        prompt = summary_prompt(texts, attempt, language=self._language)
        messages = [{"role": "user", "content": prompt.text}]
        return self._answer_of("", self._server.complete(messages, attempt, json_schema("full")))

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _messages(self, request: CaptionRequest, attempt: Attempt) -> list[dict[str, Any]]:
        prompt = caption_prompt(request, attempt, language=self._language).text
        if self._writer is not None and request.clip is not None:
            parts = [_video_part(request.clip, self._writer)]
        else:
            parts = image_parts(request, self._max_side_px)
        return [{"role": "user", "content": [*parts, {"type": "text", "text": prompt}]}]

    def _answer_of(self, request_id: str, outcome: Outcome) -> Answer:
        return Answer(
            request_id=request_id,
            text=outcome.text,
            language=self._language,
            status=outcome.status,
            message=outcome.message,
            finish_reason=outcome.finish_reason,
            prompt_tokens=outcome.prompt_tokens,
            output_tokens=outcome.output_tokens,
            seconds=outcome.seconds,
        )


def image_parts(request: CaptionRequest, max_side_px: int) -> list[dict[str, Any]]:
    """Return the frames as parts of a message: each its time in words, then its picture.

    Raises OSError for a picture that cannot be read, and where there is none.
    """
    if request.clip is not None:
        times = [float(time) for time in request.clip.times_s]
        jpegs = [_encode(Image.fromarray(pixels)) for pixels in request.clip.pixels_THWC]
    else:
        times = [frame.time_s for frame in request.frames]
        jpegs = [_fitted(frame.jpeg, max_side_px) for frame in request.frames]
    if not jpegs:
        raise OSError("the clip has no frame to show")
    parts: list[dict[str, Any]] = []
    for time_s, jpeg in zip(times, jpegs, strict=True):
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        parts.append({"type": "text", "text": f"[{time_s:.2f} s]"})
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return parts


def _fitted(jpeg: bytes, max_side_px: int) -> bytes:
    """Return a stored picture as it is, or smaller; it is read whole, to know that it can be."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.load()
        if max(picture.size) <= max_side_px:
            return jpeg
        small = picture.convert("RGB")
    small.thumbnail((max_side_px, max_side_px))
    return _encode(small)


def _encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()


def _video_part(clip: Frames, writer: FrameWriter) -> dict[str, Any]:
    """Return the frames as one mp4 at their mean rate; the prompt tells their exact times."""
    with tempfile.TemporaryDirectory(prefix="rushes-") as folder:
        path = Path(folder) / "clip.mp4"
        writer.write(path, clip.pixels_THWC, fps=mean_rate(clip.times_s))
        encoded = base64.b64encode(path.read_bytes()).decode()
    return {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{encoded}"}}


def mean_rate(times_s: NDArray[np.float64]) -> float:
    """Return frames per second between the first frame and the last; 1 for a single frame."""
    span_s = float(times_s[-1] - times_s[0]) if len(times_s) > 1 else 0.0
    return (len(times_s) - 1) / span_s if span_s > 0 else 1.0
