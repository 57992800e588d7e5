"""Our own captioner: for footage of the world, offline, on any CPU.

What lies outside its domain it does not describe: such clips are `out_of_domain`, and go to
the fallbacks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from captioner.request import Answer, Attempt, CaptionRequest, FrameView
from captioner.settings import CaptionSettings
from captioner.tiny.reader import TinyReading
from captioner.world_sight import load_sight
from captioner.world_words import tell
from schemas.errors import UserError
from schemas.ids import settings_hash

LANGUAGES = ("en", "zh")
FPS = 8.0
SHORT_SIDE_PX = 64
WORDING_VERSION = "2"
"""Goes up when `captioner.world_words` says the same facts otherwise."""


class TinyCaptioner:
    """Reads a clip's facts from its pixels and writes them in the house's wording."""

    name = "tiny"
    model = "rushes-tiny"
    prompt_hash = settings_hash("world_words", WORDING_VERSION)

    def __init__(self, settings: CaptionSettings) -> None:
        """Load the weights. Raises UserError for a language it does not write."""
        if settings.language not in LANGUAGES:
            raise UserError(
                f"the captioner `tiny` does not write `{settings.language}`",
                f"set caption.language to one of: {', '.join(LANGUAGES)}",
            )
        self._sight = load_sight(settings.tiny.weights)
        self._language = settings.language
        self.revision = self._sight.reader.revision
        self.view = FrameView(
            source="clip", max_frames=4096, fps=FPS, max_short_side_px=SHORT_SIDE_PX
        )

    def answer(self, requests: Sequence[CaptionRequest], attempt: Attempt) -> list[Answer]:
        """Return one answer per request; the same request always gets the same answer."""
        begun = time.perf_counter()
        readings = self._sight.read(requests)
        seconds = (time.perf_counter() - begun) / max(1, len(requests))
        return [
            self._answer(request, reading, seconds)
            for request, reading in zip(requests, readings, strict=True)
        ]

    def _answer(
        self, request: CaptionRequest, reading: TinyReading | None, seconds: float
    ) -> Answer:
        if reading is None:
            return Answer(request_id=request.request_id, status="unreadable_frames")
        if not reading.in_domain or not reading.facts.objects:
            return Answer(
                request_id=request.request_id,
                status="out_of_domain",
                message=reading.why or "nothing of the world is seen",
                seconds=seconds,
            )
        caption = tell(
            reading.facts,
            key=request.request_id,
            language=self._language,
            spans_s=reading.event_spans_s,
            domain=round(reading.domain, 4),
        )
        return Answer(
            request_id=request.request_id,
            caption=caption,
            language=self._language,
            seconds=seconds,
        )

    def close(self) -> None:
        """Do nothing: the weights go with the object."""
