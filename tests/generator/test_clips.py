from dataclasses import replace

import numpy as np
import pytest
import torch

from generator.clips import (
    BadLatentsError,
    ClipSize,
    encode_all,
    frame_offsets,
    prepare,
    training_size,
    write_array,
)
from generator.codec import PixelCodec
from schemas.datasets import Dataset
from schemas.frames import Box
from schemas.mix import CaptionMix

MIX = CaptionMix()
SIZE = ClipSize(max_pixels=32 * 32, multiple=8, fps=8.0, max_frames=8)


@pytest.fixture
def ref(footage):
    return footage(1).dataset().clips[0].ref


def prepared(drawn, folder, *, dataset=None, codec=None, size=SIZE, mix=MIX, on_clip=None):
    return prepare(
        dataset or drawn.dataset(),
        drawn,
        codec or PixelCodec(),
        size,
        folder,
        mix=mix,
        on_clip=on_clip,
    )


@pytest.mark.parametrize(
    ("native", "max_pixels", "multiple", "expected"),
    [
        ((160, 90), 64 * 64, 8, (80, 48)),
        ((128, 128), 64 * 64, 8, (64, 64)),
        ((90, 160), 64 * 64, 8, (48, 80)),
        ((40, 30), 64 * 64, 8, (40, 32)),
        ((3, 3), 64 * 64, 8, (8, 8)),
        ((4000, 10), 64 * 64, 8, (512, 8)),
        ((160, 90), 64 * 64, 16, (80, 48)),
        ((40, 24), 64 * 64, 16, (32, 32)),
    ],
)
def test_training_size_keeps_aspect_and_budget(native, max_pixels, multiple, expected):
    width, height = training_size(*native, max_pixels=max_pixels, multiple=multiple)
    assert (width, height) == expected
    assert width % multiple == height % multiple == 0
    assert width * height <= max_pixels


def test_frames_are_taken_nearest_to_the_training_rate(ref):
    offsets, fps = frame_offsets(ref, 24.0, 8.0)
    assert fps == 8.0
    assert offsets == list(range(0, ref.num_frames - 2, 3))
    offsets, fps = frame_offsets(ref, 24.0, 30.0)
    assert fps == 24.0
    assert offsets == list(range(ref.num_frames))


def test_uneven_timestamps_are_sampled_by_time(ref):
    pts = (0, 1, 2, 3, 20, 21, 40)
    clip = replace(ref, frame_pts=pts, end_pts=60, time_base_num=1, time_base_den=20)
    assert frame_offsets(clip, 7 / 3, 1.0) == ([0, 4, 6], 1.0)


def test_a_clip_of_one_frame_is_an_image(ref):
    clip = replace(ref, frame_pts=(5,), end_pts=9, time_base_num=1, time_base_den=1)
    assert frame_offsets(clip, 24.0, 8.0) == ([0], 8.0)


def test_every_clip_is_accounted_for(footage, tmp_path):
    drawn = footage(8, broken={"clip_0003": "decode_timeout"})
    dataset = drawn.dataset()
    silent = replace(dataset.clips[5], captions={"medium": "  "})
    clips = tuple(silent if i == 5 else c for i, c in enumerate(dataset.clips))
    dataset = Dataset(dataset_id="d", name="d", clips=clips)
    heard = []
    found = prepared(drawn, tmp_path, dataset=dataset, on_clip=heard.append)
    account = found.account
    assert sorted([*account.used, *(u.clip_id for u in account.unreadable)]) == [
        drawn.clip_id(i) for i in range(8)
    ]
    assert [(u.clip_id, u.reason) for u in account.unreadable] == [("clip_0003", "decode_timeout")]
    assert account.uncaptioned == ("clip_0005",)
    longer = {c.clip_id: c.num_frames for c in found.clips if c.num_frames > 8}
    assert {t.clip_id: t.of_frames for t in account.trimmed} == longer
    assert longer
    assert len(heard) == 8
    assert [h.clip.clip_id for h in heard if h not in account.unreadable] == list(account.used)


def test_a_clip_whose_captions_have_no_share_counts_as_uncaptioned(footage, tmp_path):
    drawn = footage(3)
    only_json = replace(drawn.dataset().clips[1], captions={"structured": "{}"})
    clips = tuple(only_json if i == 1 else c for i, c in enumerate(drawn.dataset().clips))
    dataset = Dataset(dataset_id="d", name="d", clips=clips)
    assert prepared(drawn, tmp_path, dataset=dataset).account.uncaptioned == ("clip_0001",)
    shown = prepared(drawn, tmp_path, dataset=dataset, mix=CaptionMix(structured=0.1))
    assert shown.account.uncaptioned == ()


def test_scores_captions_and_rate_come_along(footage, tmp_path):
    drawn = footage(2)
    for item, clip in zip(drawn.dataset().clips, prepared(drawn, tmp_path).clips, strict=True):
        assert dict(clip.captions) == item.captions
        assert clip.scores == item.scores
        assert clip.fps == 8.0
        assert clip.num_frames == len(frame_offsets(item.ref, item.fps, 8.0)[0])


def test_clips_are_decoded_once(footage, tmp_path):
    drawn = footage(3)
    news = []
    first = prepared(drawn, tmp_path, on_clip=lambda e: news.append(e.is_new))
    again = prepared(drawn, tmp_path, on_clip=lambda e: news.append(e.is_new))
    assert drawn.num_reads == 3
    assert news == [True] * 3 + [False] * 3
    assert first == again
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert sorted(files) == sorted(clip.path for clip in first.clips)


class OtherRevision(PixelCodec):
    revision = "another"


class OtherName(PixelCodec):
    name = "another"


@pytest.mark.parametrize(
    "changes",
    [
        {"size": replace(SIZE, max_pixels=16 * 16)},
        {"size": replace(SIZE, fps=4.0)},
        {"codec": OtherRevision()},
        {"codec": OtherName()},
    ],
    ids=["size", "rate", "revision", "codec"],
)
def test_what_latents_depend_on_is_encoded_anew(footage, tmp_path, changes):
    drawn = footage(2)
    first = prepared(drawn, tmp_path).clips
    other = prepared(drawn, tmp_path, **changes).clips
    assert drawn.num_reads == 4
    assert not {c.path for c in first} & {c.path for c in other}


@pytest.mark.parametrize(
    "changes",
    [{"size": replace(SIZE, max_frames=4)}, {"mix": CaptionMix(structured=1)}],
    ids=["window", "captions"],
)
def test_what_latents_do_not_depend_on_reads_nothing_anew(footage, tmp_path, changes):
    drawn = footage(2)
    first = prepared(drawn, tmp_path).clips
    assert [c.path for c in prepared(drawn, tmp_path, **changes).clips] == [c.path for c in first]
    assert drawn.num_reads == 2


def test_a_clip_is_encoded_at_the_aspect_of_its_crop(footage, tmp_path):
    drawn = footage(1)
    item = drawn.dataset().clips[0]
    box = Box(x_px=0, y_px=0, width_px=40, height_px=80)
    cropped = replace(item, ref=replace(item.ref, crop=box))
    dataset = Dataset(dataset_id="d", name="d", clips=(item, cropped))
    whole, part = prepared(drawn, tmp_path, dataset=dataset).clips
    assert whole.grid[1] > whole.grid[0]
    assert part.grid[1] < part.grid[0]


@pytest.mark.parametrize("num_frames", [1, 3, 4, 9, 12])
def test_groups_and_single_frames_lie_in_their_places(cached, num_frames):
    codec, pixels = PixelCodec(), np.random.default_rng(0).integers(0, 256, (num_frames, 8, 8, 3))
    pixels = pixels.astype(np.uint8)
    stored = torch.from_numpy(encode_all(codec, pixels)).float()
    clip = cached(num_frames=num_frames)
    assert len(stored) == num_frames // 4 + num_frames == clip.num_groups + num_frames
    parts = [(start, 4) for start in range(0, num_frames - 3, 4)]
    parts += [(start, 1) for start in range(num_frames)]
    assert sorted(clip.index_of(*part) for part in parts) == list(range(len(stored)))
    for start, frames in parts:
        latents = stored[clip.index_of(start, frames)][:, None]
        decoded = codec.decode(latents, (frames,), width_px=8, height_px=8)
        np.testing.assert_array_equal(decoded, pixels[start : start + frames])


def test_latents_are_read_as_they_were_written(cached, tmp_path):
    clip = cached(num_frames=9, grid=(1, 3))
    latents = np.random.default_rng(0).standard_normal((11, 2, 1, 3)).astype(np.float16)
    write_array(clip.path, latents)
    np.testing.assert_array_equal(clip.open(), latents)
    assert list(tmp_path.iterdir()) == [clip.path]


def missing(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def without_header(path):
    path.write_bytes(b"no latents at all")


def other_shape(path):
    np.save(path, np.zeros((3, 2, 2, 2), np.float16))


def other_numbers(path):
    np.save(path, np.zeros((15, 2, 2, 2), np.float32))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (missing, "cannot be read"),
        (empty, "cannot be read"),
        (cut_short, "cannot be read"),
        (without_header, "cannot be read"),
        (other_shape, "are float16"),
        (other_numbers, "are float32"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_latents_that_cannot_be_used_are_named(cached, damage, message):
    clip = cached(3)
    clip.open()
    damage(clip.path)
    with pytest.raises(BadLatentsError, match=f"latents of clip_3 {message}") as caught:
        clip.open()
    assert caught.value.clip_id == "clip_3"
