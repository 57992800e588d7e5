from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generator.codec import PixelCodec
from generator.data import (
    PackBuilder,
    TrainingClip,
    draw,
    frame_offsets,
    order,
    prepare,
    training_size,
)
from schemas.datasets import Dataset
from schemas.mix import CaptionMix

MIX = CaptionMix()
SIZE = {"max_pixels": 32 * 32, "multiple": 8, "fps": 8.0, "max_frames": 8, "mix": MIX}
EVERY_KIND = {kind: f"the {kind} text" for kind in ("source", "long", "medium", "short")}


@pytest.fixture
def ref(footage):
    return footage(1).dataset().clips[0].ref


def builder(clips, **changes):
    options = {"seed": 0, "max_frames": 8, "token_budget": 100, "caption_dropout": 0.1, "mix": MIX}
    return PackBuilder(clips, PixelCodec(), **{**options, **changes})


@pytest.mark.parametrize(
    ("native", "max_pixels", "expected"),
    [
        ((160, 90), 64 * 64, (80, 48)),
        ((128, 128), 64 * 64, (64, 64)),
        ((90, 160), 64 * 64, (48, 80)),
        ((40, 30), 64 * 64, (40, 32)),
        ((3, 3), 64 * 64, (8, 8)),
        ((4000, 10), 64 * 64, (512, 8)),
    ],
)
def test_training_size_keeps_aspect_and_budget(native, max_pixels, expected):
    width, height = training_size(*native, max_pixels=max_pixels, multiple=8)
    assert (width, height) == expected
    assert width % 8 == height % 8 == 0
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


def test_the_order_of_every_epoch_is_another_permutation():
    orders = [order(3, epoch, 20) for epoch in range(4)]
    for permutation in orders:
        assert sorted(permutation) == list(range(20))
    assert len({tuple(p) for p in orders}) == 4
    assert (order(3, 0, 20) == orders[0]).all()
    assert (order(4, 0, 20) != orders[0]).any()


def test_every_clip_is_accounted_for(footage, tmp_path):
    drawn = footage(8, broken={"clip_0003": "decode_timeout"})
    dataset = drawn.dataset()
    silent = replace(dataset.clips[5], captions={"medium": "  "})
    clips = tuple(silent if i == 5 else c for i, c in enumerate(dataset.clips))
    dataset = Dataset(dataset_id="d", name="d", clips=clips)
    prepared = prepare(dataset, drawn, folder=tmp_path, **SIZE)
    account = prepared.account
    assert sorted([*account.used, *(u.clip_id for u in account.unreadable)]) == [
        drawn.clip_id(i) for i in range(8)
    ]
    assert [(u.clip_id, u.reason) for u in account.unreadable] == [("clip_0003", "decode_timeout")]
    assert account.uncaptioned == ("clip_0005",)
    longer = {c.clip_id: c.num_frames for c in prepared.clips if c.num_frames > 8}
    assert {t.clip_id: t.of_frames for t in account.trimmed} == longer
    assert longer


def test_clips_are_decoded_once(footage, tmp_path):
    drawn = footage(3)
    first = prepare(drawn.dataset(), drawn, folder=tmp_path, **SIZE)
    again = prepare(drawn.dataset(), drawn, folder=tmp_path, **SIZE)
    assert drawn.num_reads == 3
    assert first == again
    prepare(drawn.dataset(), drawn, folder=tmp_path, **{**SIZE, "max_pixels": 16 * 16})
    assert drawn.num_reads == 6


def test_packs_follow_the_order_and_leave_no_clip_out(footage, tmp_path):
    clips = prepare((drawn := footage(10)).dataset(), drawn, folder=tmp_path, **SIZE).clips
    build = builder(clips).build
    counter, seen = 0, []
    while counter < 30:
        batch = build(counter)
        assert sum(batch.pack.lengths) <= 100
        assert batch.next_counter == counter + len(batch.draws)
        assert len(batch.draws) == len(batch.pack.grids)
        seen += [
            draw(clips, c, seed=0, max_frames=8, caption_dropout=0.1, mix=MIX)
            for c in range(counter, batch.next_counter)
        ]
        assert sorted(map(repr, batch.draws)) == sorted(map(repr, seen[counter:]))
        counter = batch.next_counter
    assert sorted(d.index for d in seen[:10]) == list(range(10))
    assert sorted(d.index for d in seen[10:20]) == list(range(10))


def test_the_pack_holds_the_window_that_was_drawn(footage, tmp_path):
    clips = prepare((drawn := footage(4)).dataset(), drawn, folder=tmp_path, **SIZE).clips
    batch = builder(clips).build(0)
    codec = PixelCodec()
    start = 0
    for d, length in zip(batch.draws, batch.pack.lengths, strict=True):
        frames = np.load(clips[d.index].frames_path)
        window = frames[d.start_frame : d.start_frame + d.num_frames]
        tokens = codec.encode(window).flatten(1).T
        assert (batch.pack.tokens_NC[start : start + length] == tokens).all()
        start += length


def test_captions_and_windows_vary_and_some_prompts_are_left_out(footage, tmp_path):
    clips = prepare((drawn := footage(4)).dataset(), drawn, folder=tmp_path, **SIZE).clips
    draws = [
        draw(clips, c, seed=0, max_frames=8, caption_dropout=0.25, mix=MIX) for c in range(400)
    ]
    kinds = [d.kind for d in draws]
    assert 60 < kinds.count(None) < 140
    assert min(kinds.count("short"), kinds.count("medium")) > 100
    for d in draws:
        assert d.caption == (dict(clips[d.index].captions)[d.kind] if d.kind else "")
        assert d.start_frame + d.num_frames <= clips[d.index].num_frames
    starts = {d.start_frame for d in draws if d.index == 0}
    assert starts == set(range(clips[0].num_frames - 7))


def clips_with(*captions, count=7):
    """Return clips of four frames, `captions[i % len]` on clip i."""
    return [
        TrainingClip(
            clip_id=f"clip_{i}",
            frames_path=Path("none"),
            num_frames=4,
            width_px=8,
            height_px=8,
            fps=8.0,
            captions=tuple(captions[i % len(captions)].items()),
        )
        for i in range(count)
    ]


def shares_drawn(clips, mix, *, seed, count=10_000, dropout=0.1):
    draws = [
        draw(clips, c, seed=seed, max_frames=4, caption_dropout=dropout, mix=mix)
        for c in range(count)
    ]
    shown = [d.kind for d in draws if d.kind]
    return {kind: n / len(shown) for kind, n in Counter(shown).items()}, draws


@pytest.mark.parametrize("seed", range(4))
def test_drawn_shares_are_those_of_the_settings(seed):
    found, _ = shares_drawn(clips_with(EVERY_KIND), MIX, seed=seed)
    assert found == pytest.approx(
        {"source": 0.05, "long": 0.475, "medium": 0.285, "short": 0.19}, abs=0.01
    )


def test_drawn_shares_follow_what_each_clip_has():
    recaptions = {kind: EVERY_KIND[kind] for kind in ("long", "short")}
    found, draws = shares_drawn(clips_with(EVERY_KIND, recaptions, count=6), MIX, seed=1)
    assert found["source"] == pytest.approx(0.025, abs=0.01)
    assert found["medium"] == pytest.approx(0.1425, abs=0.01)
    lacking = Counter(d.kind for d in draws if d.index % 2 and d.kind)
    assert set(lacking) == {"long", "short"}
    assert lacking["long"] / lacking.total() == pytest.approx(5 / 7, abs=0.01)


def test_a_kind_without_a_share_is_never_shown():
    captions = {**EVERY_KIND, "structured": "{}"}
    found, _ = shares_drawn(clips_with(captions), CaptionMix(source=0, long=0), seed=0, count=500)
    assert set(found) == {"medium", "short"}
    found, _ = shares_drawn(clips_with(captions), CaptionMix(structured=1), seed=0, count=500)
    assert "structured" in found
    _, draws = shares_drawn(clips_with({"structured": "{}"}), MIX, seed=0, count=50)
    assert {(d.kind, d.caption) for d in draws} == {(None, "")}


def test_a_clip_whose_captions_have_no_share_counts_as_uncaptioned(footage, tmp_path):
    drawn = footage(3)
    only_json = replace(drawn.dataset().clips[1], captions={"structured": "{}"})
    clips = tuple(only_json if i == 1 else c for i, c in enumerate(drawn.dataset().clips))
    dataset = Dataset(dataset_id="d", name="d", clips=clips)
    prepared = prepare(dataset, drawn, folder=tmp_path, **SIZE)
    assert prepared.account.uncaptioned == ("clip_0001",)
    shown = prepare(dataset, drawn, folder=tmp_path, **{**SIZE, "mix": CaptionMix(structured=0.1)})
    assert shown.account.uncaptioned == ()


def test_the_same_seed_and_counter_draw_the_same_caption():
    clips = clips_with(EVERY_KIND)
    _, whole = shares_drawn(clips, MIX, seed=3, count=200)
    resumed = [
        draw(clips, c, seed=3, max_frames=4, caption_dropout=0.1, mix=MIX) for c in range(120, 200)
    ]
    assert resumed == whole[120:]
    assert shares_drawn(clips, MIX, seed=4, count=200)[1] != whole


def test_a_clip_is_shown_with_every_kind_in_turn():
    _, draws = shares_drawn(clips_with(EVERY_KIND), MIX, seed=0, count=700, dropout=0.0)
    assert {d.kind for d in draws if d.index == 2} == set(EVERY_KIND)
