"""Clips that a chat server can tell apart, and the openai backend connected to it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from captioner.backends.openai import OpenAICaptioner
from captioner.request import Answer, Attempt, CaptionRequest, StoredFrame
from captioner.settings import CaptionSettings


def clip(number: int, **changes: Any) -> CaptionRequest:
    """A clip whose only frame is at `number` seconds: that is how the server tells clips apart."""
    picture = io.BytesIO()
    Image.new("RGB", (32, 24), (number, 0, 0)).save(picture, "JPEG")
    given: dict[str, Any] = {
        "request_id": f"clip{number}",
        "clip_id": f"clip{number}",
        "video_id": "video",
        "start_s": 0.0,
        "end_s": 4.0,
        "duration_s": 4.0,
        "width_px": 32,
        "height_px": 24,
        "fps": 25.0,
        "num_frames": 100,
        "scores": {},
        "frames": (StoredFrame(time_s=float(number), jpeg=picture.getvalue()),),
    }
    return CaptionRequest(**given | changes)


def name(number: int) -> str:
    return f"[{number}.00 s]"


@contextmanager
def connected(url: str, **own: Any) -> Iterator[OpenAICaptioner]:
    given = {"base_url": url, "first_pause_s": 0.01, "timeout_s": 10.0, "max_retries": 3} | own
    captioner = OpenAICaptioner(CaptionSettings.model_validate({"openai": given}))
    try:
        yield captioner
    finally:
        captioner.close()


def ask(captioner: OpenAICaptioner, *numbers: int, **attempt: Any) -> dict[str, Answer]:
    answers = captioner.answer([clip(n) for n in numbers], Attempt(**attempt))
    assert len(answers) == len(numbers)
    return {answer.request_id: answer for answer in answers}


def assert_good(answer: Answer, number: int) -> None:
    assert answer.status == "ok" and answer.request_id == f"clip{number}"
    assert name(number) in answer.text, "the answer is about this clip"
    assert (answer.prompt_tokens, answer.output_tokens) == (100, 20)
    assert answer.seconds > 0
