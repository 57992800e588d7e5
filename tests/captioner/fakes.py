"""A captioner that says what the test tells it to, and remembers what it was shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from captioner.caption import StructuredCaption, Subject
from captioner.request import Answer, Attempt, CaptionRequest, FrameView

Script = Callable[[CaptionRequest, Attempt], Answer | None]

GOOD = (
    "A brown dog runs along a wet beach while small waves roll in behind it. The sky is pale and "
    "covered by thin clouds."
)


def good_answer(request: CaptionRequest, about: str = "", **changes: Any) -> Answer:
    text = f"{GOOD} {about}".strip()
    caption = StructuredCaption(
        short="A brown dog runs along a wet beach.",
        medium=text,
        long=text,
        subjects=(Subject(name="dog", attributes=("brown",)),),
        actions=("the dog runs",),
        setting="a wet beach",
    )
    return Answer(request_id=request.request_id, caption=caption, **changes)


class ScriptedCaptioner:
    """Answers by a script: None leaves a request without an answer. Reverses the batch."""

    name = "scripted"
    model = "by a script"
    revision = "1"
    prompt_hash = "none"

    def __init__(self, script: Script, view: FrameView | None = None) -> None:
        self.script = script
        self.view = view or FrameView(source="clip", max_frames=8, fps=4.0, max_side_px=64)
        self.calls: list[tuple[list[str], Attempt]] = []
        self.seen: dict[str, CaptionRequest] = {}

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        self.calls.append(([request.request_id for request in requests], attempt))
        self.seen |= {request.request_id: request for request in requests}
        answers = [self.script(request, attempt) for request in requests]
        return [answer for answer in reversed(answers) if answer is not None]

    def close(self) -> None:
        pass
