from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from captioner.request import CaptionRequest
from captioner.world_sight import WorldSight
from schemas.facts import Facts
from schemas.frames import Frames
from tests.captioner.drawings import make_request


class CountingReader:
    """Takes bright clips for the world, and counts what it reads."""

    revision = "1"

    def __init__(self) -> None:
        self.num_read = 0

    def read(self, clips: Sequence[Frames], **_: Any) -> list[Any]:
        self.num_read += len(clips)
        return [
            SimpleNamespace(in_domain=bool(c.pixels_THWC.mean() > 100), facts=Facts(style="flat"))
            for c in clips
        ]


def shown(name: str, level: int, num_frames: int = 4) -> CaptionRequest:
    pixels = np.full((num_frames, 4, 4, 3), level, np.uint8)
    clip = Frames(pixels_THWC=pixels, times_s=np.arange(num_frames) / 4)
    return replace(make_request([], name), clip=clip, frame_indices=tuple(range(num_frames)))


def test_a_request_is_read_once_whoever_asks() -> None:
    reader = CountingReader()
    sight = WorldSight(reader)  # type: ignore[arg-type]
    requests = [shown("a", 200), shown("b", 20), make_request([], "c")]
    found = sight.read(requests)
    assert [reading is None for reading in found] == [False, False, True]
    assert sight.facts(requests[0]) == Facts(style="flat")
    assert sight.facts(requests[1]) is None
    assert sight.facts(requests[2]) is None
    assert reader.num_read == 2


def test_other_frames_of_a_clip_are_another_reading() -> None:
    reader = CountingReader()
    sight = WorldSight(reader)  # type: ignore[arg-type]
    sight.read([shown("a", 200), shown("a", 200, num_frames=2)])
    assert reader.num_read == 2
