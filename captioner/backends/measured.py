"""A captioner without a model: it says what was measured, and nothing else.

It needs no weights, no network and no GPU, names no objects, and describes any clip.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from captioner.backend import pick_evenly
from captioner.measured import limits
from captioner.measured.areas import NUM_AREAS
from captioner.measured.colours import BOXES, SHADES
from captioner.measured.findings import find
from captioner.measured.structure import structure
from captioner.measured.wording import WORDING_HASH
from captioner.request import Answer, Attempt, CaptionRequest, FrameView
from captioner.settings import CaptionSettings
from schemas.errors import UserError
from schemas.ids import settings_hash

VERSION = "2"
"""Goes up when the code that finds or writes changes what is said."""


class MeasuredCaptioner:
    """Describes clips from their scores and stored frames."""

    name = "measured"
    model = "measurements"
    prompt_hash = WORDING_HASH

    def __init__(self, settings: CaptionSettings) -> None:
        """Check that the settings ask for something that can be had."""
        if settings.language != "en":
            raise UserError(
                f"the captioner `measured` does not write `{settings.language}`",
                "set caption.language to `en`",
            )
        self.revision = f"{VERSION}+{_hash_limits()}"
        self.view = FrameView(source="stored", max_frames=settings.num_frames, is_whole=True)

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        """Return one answer per request; about 50 ms a clip of eight frames.

        The same request always gets the same answer: of the attempt, only the number of
        frames counts. A clip whose frames cannot be read gets `unreadable_frames`.
        """
        return [_answer(request, attempt) for request in requests]

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def _answer(request: CaptionRequest, attempt: Attempt) -> Answer:
    begun = time.perf_counter()
    if attempt.num_frames is not None:
        chosen = pick_evenly(len(request.frames), attempt.num_frames)
        request = replace(request, frames=tuple(request.frames[i] for i in chosen))
    try:
        findings = find(request)
    except OSError as error:  # what PIL raises for bytes that are no JPEG, or half of one
        return Answer(request_id=request.request_id, status="unreadable_frames", message=str(error))
    return Answer(
        request_id=request.request_id,
        caption=structure(findings, request.clip_id),
        finish_reason="stop",
        seconds=time.perf_counter() - begun,
    )


def _hash_limits() -> str:
    """Return eight digits that change with every limit, colour box or shade."""
    values = {name: repr(value) for name, value in vars(limits).items() if name.isupper()}
    boxes = [repr(box) for box in BOXES]
    whole = settings_hash("limits", [values, boxes, repr(SHADES), NUM_AREAS])
    return whole.removeprefix("set_")[:8]
