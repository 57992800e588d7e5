"""A captioner without a model: it says what was measured, and nothing else.

It needs no weights, no network and no GPU, names no objects, and describes any clip.
"""

from __future__ import annotations

from collections.abc import Sequence

from captioner.backend import CaptionSettings
from captioner.measured import limits
from captioner.measured.areas import NUM_AREAS
from captioner.measured.colours import BOXES, SHADES
from captioner.measured.findings import Findings, find
from captioner.measured.prose import write_long, write_medium, write_short, write_structured
from captioner.measured.wording import WORDING_HASH
from captioner.request import CaptionRequest, CaptionText
from schemas.errors import UserError
from schemas.ids import settings_hash

VERSION = "1"
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
        if settings.model not in (None, self.model):
            raise UserError(
                f"the captioner `measured` has no model `{settings.model}`",
                "leave caption.model out",
            )
        self._kinds = settings.kinds
        self.revision = f"{VERSION}+{_hash_limits()}"

    def caption(self, requests: Sequence[CaptionRequest]) -> list[list[CaptionText]]:
        """Return one list of texts per request; about 50 ms a clip of eight frames.

        A clip whose frames cannot be read gets empty texts with the status
        `unreadable_frames`.
        """
        return [self._caption_one(request) for request in requests]

    def _caption_one(self, request: CaptionRequest) -> list[CaptionText]:
        try:
            findings = find(request)
        except OSError:  # what PIL raises for bytes that are no JPEG, or half of one
            return [
                CaptionText(kind=kind, language="en", text="", status="unreadable_frames")
                for kind in self._kinds
            ]
        return [
            CaptionText(kind=kind, language="en", text=_write(kind, findings, request.clip_id))
            for kind in self._kinds
        ]


def _write(kind: str, findings: Findings, clip_id: str) -> str:
    if kind == "short":
        return write_short(findings, clip_id)
    if kind == "medium":
        return write_medium(findings, clip_id)
    if kind == "long":
        return write_long(findings, clip_id)
    return write_structured(findings)


def _hash_limits() -> str:
    """Return eight digits that change with every limit, colour box or shade."""
    values = {name: repr(value) for name, value in vars(limits).items() if name.isupper()}
    boxes = [repr(box) for box in BOXES]
    whole = settings_hash("limits", [values, boxes, repr(SHADES), NUM_AREAS])
    return whole.removeprefix("set_")[:8]
