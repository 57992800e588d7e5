"""What a chat server is sent of a clip: pictures with their times, or one video."""

import base64
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from captioner.asking import ask as run_ladder
from captioner.backends.openai import OpenAICaptioner
from captioner.request import Attempt, StoredFrame
from captioner.rows import Try
from captioner.settings import CaptionSettings
from pipeline.media import Mp4Writer
from schemas.errors import MediaError, UserError
from schemas.frames import Frames
from tests.captioner.backends.openai_clips import clip, connected, name
from tests.captioner.backends.serving import Exchange, Unruly, good


def test_every_picture_follows_its_time_and_is_no_larger_than_asked() -> None:
    pixels = np.zeros((2, 20, 40, 3), np.uint8)
    decoded = Frames(pixels_THWC=pixels, times_s=np.array([0.0, 1.25]))
    with Unruly() as server, connected(server.url, max_side_px=16) as captioner:
        captioner.answer([clip(1), clip(2, clip=decoded, frames=())], Attempt(remark="Be brief."))
        bodies = [seen.body for seen in server.seen if seen.body]
    by_length = sorted((body["messages"][0]["content"] for body in bodies), key=len)
    kinds = [part.get("text", "picture") for part in by_length[1]]
    assert kinds[:4] == ["[0.00 s]", "picture", "[1.25 s]", "picture"]
    assert kinds[4].endswith("\nBe brief.")
    stored = by_length[0][1]["image_url"]["url"].removeprefix("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(stored))) as picture:
        assert picture.size == (16, 12)


def test_unreadable_and_missing_pictures_are_not_sent() -> None:
    broken = clip(1, frames=(StoredFrame(time_s=1.0, jpeg=b"no JPEG at all"),))
    cut = clip(2, frames=(StoredFrame(time_s=2.0, jpeg=clip(2).frames[0].jpeg[:200]),))
    with Unruly() as server, connected(server.url) as captioner:
        answers = captioner.answer([broken, cut, clip(3, frames=()), clip(4)], Attempt())
        assert [a.status for a in answers] == ["unreadable_frames"] * 3 + ["ok"]
        assert set(server.counts) == {name(4)}


def test_a_clip_goes_out_as_one_video_at_its_own_rate(tmp_path: Path) -> None:
    shades = np.array([40, 120, 200], np.uint8)
    pixels = np.broadcast_to(shades[:, None, None, None], (3, 32, 48, 3))
    decoded = Frames(pixels_THWC=np.ascontiguousarray(pixels), times_s=np.array([0.5, 1.0, 1.5]))
    with Unruly() as server:
        settings = {"openai": {"base_url": server.url, "send": "video"}}
        captioner = OpenAICaptioner(CaptionSettings.model_validate(settings), Mp4Writer)
        answers = captioner.answer([clip(1, clip=decoded)], Attempt())
        captioner.close()
        assert answers[0].status == "ok"
        content = next(s.body for s in server.seen if s.body)["messages"][0]["content"]
        with pytest.raises(UserError, match="sent as video"):
            OpenAICaptioner(CaptionSettings.model_validate(settings))
    assert [part["type"] for part in content] == ["video_url", "text"]
    assert "0.5, 1, 1.5 seconds" in content[1]["text"], "the exact times are told"
    url = content[0]["video_url"]["url"]
    sent = tmp_path / "sent.mp4"
    sent.write_bytes(base64.b64decode(url.removeprefix("data:video/mp4;base64,")))
    with av.open(str(sent)) as video:
        frames = list(video.decode(video=0))
        assert video.streams.video[0].average_rate == 2
    assert [float(f.time) for f in frames] == pytest.approx([0.0, 0.5, 1.0])
    means = [f.to_ndarray(format="rgb24").mean() for f in frames]
    assert means == pytest.approx(shades.tolist(), abs=4)


class FullDisk:
    """A writer that cannot write."""

    def write(self, path: Path, pixels_THWC: np.ndarray, *, fps: float) -> None:
        raise MediaError("encode_failed", "no space left")


def test_a_video_that_cannot_be_written_costs_its_clip_alone() -> None:
    decoded = Frames(pixels_THWC=np.zeros((2, 8, 8, 3), np.uint8), times_s=np.array([0.0, 1.0]))
    with Unruly() as server:
        settings = {"openai": {"base_url": server.url, "send": "video"}}
        captioner = OpenAICaptioner(CaptionSettings.model_validate(settings), FullDisk)
        answers = captioner.answer([clip(1, clip=decoded), clip(2)], Attempt())
        captioner.close()
    assert [answer.status for answer in answers] == ["unreadable_frames", "ok"]


def test_a_prompt_that_is_too_long_is_asked_again_with_fewer_frames() -> None:
    shown: list[int] = []

    def small(exchange: Exchange) -> None:
        parts = exchange.body["messages"][0]["content"]
        shown.append(sum(part["type"] == "image_url" for part in parts))
        if shown[-1] > 4:
            message = "This model's maximum context length is 4096 tokens."
            exchange.send_json(400, {"error": {"message": message}})
        else:
            good(exchange)

    def check(captioner: Any, attempt: Attempt, pairs: Any) -> list[Try]:
        return [
            Try(captioner=captioner, attempt=attempt, request=r, answer=a, status=a.status)
            for r, a in pairs
        ]

    frames = tuple(StoredFrame(time_s=i / 4, jpeg=clip(1).frames[0].jpeg) for i in range(12))
    with Unruly(otherwise=small) as server, connected(server.url) as captioner:
        asked = run_ladder(captioner, [clip(1, frames=frames)], CaptionSettings(), check)[0]
    assert asked.status == "ok" and shown[0] == 12 and shown[-1] <= 4
    assert shown == sorted(shown, reverse=True)
    assert {one.status for one in asked.failed} == {"too_many_tokens"}
