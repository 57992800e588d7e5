"""What our own captioner reads of requests: read once, used by whoever asks.

The captioner `tiny`, the check of facts and the score of alignment all want the same reading.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from captioner.request import CaptionRequest
from captioner.tiny.reader import TinyReader, TinyReading
from schemas.facts import Facts
from schemas.frames import Frames

_REMEMBERED = 1024
"""Readings kept; they are small, and a batch is smaller."""

_Key = tuple[str, tuple[int, ...]]


class WorldSight:
    """Readings of requests by the tiny captioner, each made once."""

    def __init__(self, reader: TinyReader) -> None:
        self.reader = reader
        self._known: OrderedDict[_Key, TinyReading] = OrderedDict()

    def read(self, requests: Sequence[CaptionRequest]) -> list[TinyReading | None]:
        """Return one reading per request; None of a request without decoded frames."""
        missing: dict[_Key, Frames] = {}
        for request in requests:
            if _has_frames(request) and request.clip is not None:
                key = _key(request)
                if key not in self._known:
                    missing[key] = request.clip
        for key, reading in zip(missing, self.reader.read(list(missing.values())), strict=True):
            self._known[key] = reading
        found = [
            self._known[_key(request)] if _has_frames(request) else None for request in requests
        ]
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    def facts(self, request: CaptionRequest) -> Facts | None:
        """Return the facts of a clip of the world; None of other footage."""
        (reading,) = self.read([request])
        return reading.facts if reading is not None and reading.in_domain else None

    def align(self, requests: Sequence[CaptionRequest], texts: Sequence[str]) -> list[float | None]:
        """Return the cosine of each clip and its text; None for what is no clip of the world."""
        scores: list[float | None] = [None] * len(requests)
        known = [
            (place, reading.point_D)
            for place, reading in enumerate(self.read(requests))
            if reading is not None
            and reading.in_domain
            and reading.point_D is not None
            and texts[place].strip()
        ]
        if known:
            texts_ND = self.reader.embed_texts([texts[place] for place, _ in known])
            for (place, point_D), text_D in zip(known, texts_ND, strict=True):
                scores[place] = float(point_D @ text_D)
        return scores


@lru_cache(maxsize=2)
def load_sight(weights: str | None) -> WorldSight:
    """Return the sight by these weights, None for those that are shipped; loaded once.

    Raises UserError where they are missing or damaged.
    """
    return WorldSight(TinyReader.load(Path(weights) if weights is not None else None))


def _has_frames(request: CaptionRequest) -> bool:
    return request.clip is not None and len(request.clip.times_s) > 0


def _key(request: CaptionRequest) -> _Key:
    return request.request_id, request.frame_indices
