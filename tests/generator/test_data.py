from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from generator.clips import ClipSize, TrainingSet, prepare
from generator.codec import PixelCodec
from generator.data import DrawSettings, Order, PackBuilder, draw, item_of
from generator.tasks import Part, Picture, TaskMix
from schemas.mix import CaptionMix

MIX = CaptionMix()
TASKS = TaskMix()
EVERY_KIND = {kind: f"the {kind} text" for kind in ("source", "long", "medium", "short")}
VIDEO_ONLY = TASKS.only(("video",))


def settings(**changes) -> DrawSettings:
    options = {
        "seed": 0,
        "max_frames": 8,
        "caption_dropout": 0.1,
        "score_dropout": 0.5,
        "mix": MIX,
        "tasks": TASKS,
    }
    return DrawSettings(**{**options, **changes})


def drawn_clips(footage, folder, count, **options) -> TrainingSet:
    drawn = footage(count, **options)
    size = ClipSize(max_pixels=32 * 32, multiple=8, fps=8.0, max_frames=8)
    return prepare(drawn.dataset(), drawn, PixelCodec(), size, folder, mix=MIX).clips


def clips_with(cached, *captions, count=7, scores=None):
    """Return clips of four frames, `captions[i % len]` on clip i."""
    return [
        cached(
            i, num_frames=4, grid=(1, 1), captions=captions[i % len(captions)], scores=scores or {}
        )
        for i in range(count)
    ]


def draws_of(clips, count, weights=None, **changes):
    how = settings(**changes)
    order = Order(how.seed, len(clips), weights)
    return [draw(clips, counter, how, order) for counter in range(count)]


def shares(values):
    counts = Counter(values)
    return {value: n / counts.total() for value, n in counts.items()}


def test_the_order_of_every_epoch_is_another_permutation():
    orders = [Order(3, 20).of(epoch) for epoch in range(4)]
    for permutation in orders:
        assert sorted(permutation) == list(range(20))
    assert len({tuple(p) for p in orders}) == 4
    assert (Order(3, 20).of(0) == orders[0]).all()
    assert (Order(4, 20).of(0) != orders[0]).any()


@pytest.mark.parametrize(
    "weights", [(1.0,) * 7, (0.1, 1, 5, 0.3, 2, 0.02, 1), (0, 1, 0, 3), (9.0,)], ids=str
)
def test_clips_are_drawn_in_proportion_to_their_weights(weights):
    order = Order(5, len(weights), weights)
    epochs = [np.bincount(order.of(e), minlength=len(weights)) for e in range(400)]
    expected = np.array(weights) / np.sum(weights) * len(weights)
    for counts in epochs:
        assert counts.sum() == len(weights)
        assert (np.abs(counts - expected) < 1).all()
    mean = np.mean(epochs, 0)
    np.testing.assert_allclose(mean, expected, atol=0.08)
    assert ((mean > 0) == (np.array(weights) > 0)).all()
    assert len({tuple(order.of(e)) for e in range(9)}) > 1 or len(weights) == 1


def test_equal_weights_leave_no_clip_out_of_any_epoch():
    for epoch in range(20):
        assert sorted(Order(1, 9, (2.0,) * 9).of(epoch)) == list(range(9))


def test_draws_follow_the_weights(cached):
    clips = clips_with(cached, EVERY_KIND, count=4)
    found = shares(d.index for d in draws_of(clips, 4000, (4.0, 2.0, 1.0, 1.0)))
    assert found == pytest.approx({0: 0.5, 1: 0.25, 2: 0.125, 3: 0.125}, abs=0.01)


def test_a_draw_is_a_pure_function_of_the_counter(cached):
    clips = [
        cached(i, num_frames=9 + i, captions=EVERY_KIND, scores={"motion": i}) for i in range(5)
    ]
    how = settings(seed=3, scores=("motion",))
    order = Order(3, 5)
    whole = [draw(clips, counter, how, order) for counter in range(200)]
    backwards = [draw(clips, counter, how, order) for counter in reversed(range(200))]
    assert backwards[::-1] == whole
    assert [draw(clips, c, replace(how, seed=4), order) for c in range(200)] != whole
    assert [draw(clips, c, how, Order(4, 5)) for c in range(200)] != whole


@pytest.mark.parametrize("seed", range(3))
def test_drawn_captions_have_the_shares_of_the_settings(cached, seed):
    draws = draws_of(clips_with(cached, EVERY_KIND), 2_500, seed=seed)
    assert shares(d.kind for d in draws if d.kind) == pytest.approx(
        {"source": 0.05, "long": 0.475, "medium": 0.285, "short": 0.19}, abs=0.01
    )


def test_drawn_shares_follow_what_each_clip_has(cached):
    recaptions = {kind: EVERY_KIND[kind] for kind in ("long", "short")}
    draws = draws_of(clips_with(cached, EVERY_KIND, recaptions, count=6), 2_500, seed=1)
    found = shares(d.kind for d in draws if d.kind)
    assert found["source"] == pytest.approx(0.025, abs=0.01)
    assert found["medium"] == pytest.approx(0.1425, abs=0.02)
    lacking = shares(d.kind for d in draws if d.index % 2 and d.kind)
    assert lacking == pytest.approx({"long": 5 / 7, "short": 2 / 7}, abs=0.02)


def test_a_kind_without_a_share_is_never_shown(cached):
    clips = clips_with(cached, {**EVERY_KIND, "structured": "{}"})
    found = {d.kind for d in draws_of(clips, 500, mix=CaptionMix(source=0, long=0))}
    assert found == {"medium", "short", None}
    assert "structured" in {d.kind for d in draws_of(clips, 500, mix=CaptionMix(structured=1))}
    draws = draws_of(clips_with(cached, {"structured": "{}"}), 50)
    assert {(d.kind, d.caption) for d in draws} == {(None, "")}


def test_a_clip_is_shown_with_every_kind_in_turn(cached):
    draws = draws_of(clips_with(cached, EVERY_KIND), 700, caption_dropout=0.0)
    assert {d.kind for d in draws if d.index == 2} == set(EVERY_KIND)


def test_captions_and_windows_vary_and_some_prompts_are_left_out(cached):
    clips = [cached(i, num_frames=16 + i) for i in range(4)]
    draws = draws_of(clips, 400, caption_dropout=0.25, tasks=VIDEO_ONLY)
    assert 60 < sum(d.kind is None for d in draws) < 140
    for d in draws:
        assert d.caption == (dict(clips[d.index].captions)[d.kind] if d.kind else "")
        assert d.start_frame + d.picture.num_frames <= clips[d.index].num_frames
        assert d.start_frame % 4 == 0
    for index, clip in enumerate(clips):
        starts = {d.start_frame for d in draws if d.index == index}
        assert starts == set(range(0, clip.num_frames - 7, 4))


@pytest.mark.parametrize("task", ["video", "image"])
def test_most_of_what_is_shown_begins_with_the_clip(cached, task):
    clips = [cached(num_frames=80)]
    draws = draws_of(clips, 1000, max_frames=8, tasks=TASKS.only((task,)))
    firsts = [d.start_frame + d.picture.parts[0].start for d in draws]
    places = 73 if task == "video" else 80
    assert 0.76 < np.mean(np.array(firsts) == 0) < 0.84 + 1 / places
    assert max(firsts) >= 70


@pytest.mark.parametrize(
    ("num_frames", "max_frames", "shown"),
    [(12, 8, 8), (12, 10, 8), (10, 12, 10), (7, 7, 7), (3, 8, 3), (12, 3, 3), (12, 12, 12)],
)
def test_windows_are_whole_groups_unless_the_clip_is_shown_whole(
    cached, num_frames, max_frames, shown
):
    clips = [cached(num_frames=num_frames)]
    draws = draws_of(clips, 20, max_frames=max_frames, tasks=VIDEO_ONLY)
    assert {d.picture.num_frames for d in draws} == {shown}


def test_drawn_tasks_have_the_shares_of_the_mix(cached):
    mix = TaskMix(
        video=0.4,
        image=0.1,
        animate=0.1,
        extend=0.05,
        before=0.05,
        connect=0.1,
        fill=0.05,
        keyframes=0.05,
        inside=0.1,
    )
    draws = draws_of([cached(num_frames=8)], 3000, tasks=mix)
    assert shares(d.task for d in draws) == pytest.approx(mix.model_dump(), abs=0.01)
    few = draws_of([cached(num_frames=8)], 60, tasks=mix)
    assert shares(d.task for d in few)["video"] == pytest.approx(0.4, abs=0.04)


def test_the_task_says_nothing_about_the_caption(cached):
    draws = draws_of(clips_with(cached, EVERY_KIND), 2000, caption_dropout=0.0)
    both = Counter((d.task == "video", d.kind == "long") for d in draws)
    share = both[True, True] / (both[True, True] + both[True, False])
    assert share == pytest.approx(0.475, abs=0.03)


def test_scores_are_told_as_often_as_asked_for(cached):
    clips = clips_with(cached, EVERY_KIND, scores={"motion": 3.0, "text": 1.0})
    draws = draws_of(clips, 2000, score_dropout=0.25, scores=("motion", "pan_x"))
    told = [d for d in draws if d.scores]
    assert len(told) / 2000 == pytest.approx(0.75, abs=0.04)
    assert {tuple(d.scores.items()) for d in told} == {(("motion", 3.0),)}
    assert not any(d.scores for d in draws_of(clips, 50, score_dropout=1.0, scores=("motion",)))


def test_the_clips_of_a_pack_are_those_drawn(footage, tmp_path):
    clips = drawn_clips(footage, tmp_path, 10)
    builder = PackBuilder(clips, settings(), token_budget=200)
    counter, seen = 0, []
    while counter < 30:
        batch = builder.build(counter)
        assert batch.next_counter == counter + len(batch.draws)
        assert len(batch.draws) == len(batch.pack.grids)
        assert builder.draws(counter) == sorted(batch.draws, key=lambda d: d.counter)
        assert batch.bad == ()
        seen += builder.draws(counter)
        counter = batch.next_counter
    assert [d.counter for d in seen] == list(range(counter))
    assert seen == draws_of(clips, counter)
    for epoch in range(3):
        assert sorted(d.index for d in seen[10 * epoch : 10 * epoch + 10]) == list(range(10))


@pytest.mark.parametrize("budget", [70, 128, 300])
def test_packs_stay_within_the_token_budget_and_are_full(cached, budget):
    clips = [cached(i, num_frames=4 + i, grid=(1, 2 + i % 3)) for i in range(9)]
    builder = PackBuilder(clips, settings(max_frames=12), token_budget=budget)
    counter = 0
    while counter < 200:
        batch = builder.build(counter)
        tokens = sum(batch.pack.lengths)
        assert tokens == sum(map(builder.num_tokens, batch.draws)) <= budget
        counter = batch.next_counter
        following = draw(clips, counter, settings(max_frames=12), Order(0, len(clips)))
        assert tokens + builder.num_tokens(following) > budget


def test_clips_of_one_length_stand_side_by_side(cached):
    clips = [cached(i, num_frames=12, grid=(2, 2 + i % 2)) for i in range(9)]
    builder = PackBuilder(clips, settings(max_frames=12), token_budget=400)
    lengths = builder.build(0).pack.lengths
    assert len(set(lengths)) < len(lengths)
    assert sum(a != b for a, b in pairwise(lengths)) == len(set(lengths)) - 1


@pytest.mark.parametrize("task", TASKS.names())
def test_a_pack_holds_the_latents_that_were_drawn(cached, task):
    clips = [cached(i, num_frames=17, grid=(2, 3)) for i in range(3)]
    how = settings(max_frames=12, tasks=TASKS.only((task,)))
    batch = PackBuilder(clips, how, token_budget=300).build(0)
    parts = batch.pack.tokens_NC.split(batch.pack.lengths)
    known = batch.pack.known_N.split(batch.pack.lengths)
    for d, tokens, is_known in zip(batch.draws, parts, known, strict=True):
        clip = clips[d.index]
        stored = clip.open()
        for part, own, flags in zip(
            d.picture.parts, tokens.split(6), is_known.split(6), strict=True
        ):
            place = clip.index_of(d.start_frame + part.start, part.frames)
            np.testing.assert_array_equal(own.T.numpy(), stored[place].reshape(2, 6))
            if d.picture.box is None:
                assert set(flags.tolist()) == {part.is_known}
        assert not is_known.all()


def test_times_are_those_within_the_clip(cached):
    clip = cached(num_frames=12, grid=(1, 1))
    (drawn,) = draws_of([clip], 1, tasks=VIDEO_ONLY)
    parts = (Part(start=3, frames=1, is_known=True), Part(start=4, frames=4))
    item = item_of(clip, replace(drawn, start_frame=4, picture=Picture(parts=parts)))
    assert (item.layout, item.starts, item.fps) == ((1, 4), (7, 8), 8.0)
    assert item.known_GHW.flatten().tolist() == [True, False]
    assert item.latents_CGHW[0].flatten().tolist() == [3 + 4 + 3, 2]


def test_a_box_is_known_outside_in_every_part(cached):
    clip = cached(num_frames=8, grid=(4, 4))
    (drawn,) = draws_of([clip], 1, tasks=TASKS.only(("inside",)))
    box = (0.0, 0.5, 0.5, 1.0)
    picture = replace(drawn.picture, box=box)
    for patch, rows in ((1, 4), (2, 2)):
        known = item_of(clip, replace(drawn, picture=picture), patch).known_GHW
        expected = np.ones((len(picture.parts), rows, rows), bool)
        expected[:, : rows // 2, rows // 2 :] = False
        np.testing.assert_array_equal(known.numpy(), expected)


def spoil(clip):
    latents = np.load(clip.path)
    latents[-1, 0, 0, 0] = np.nan
    latents[0, 0, 0, 0] = np.inf
    np.save(clip.path, latents)


def cut(clip):
    clip.path.write_bytes(clip.path.read_bytes()[:200])


@pytest.mark.parametrize("damage", [spoil, cut, lambda clip: clip.path.unlink()])
def test_clips_with_bad_latents_are_named_and_the_pack_goes_without_them(cached, damage):
    clips = [cached(i, num_frames=4) for i in range(4)]
    damage(clips[2])
    builder = PackBuilder(clips, settings(tasks=VIDEO_ONLY), token_budget=16)
    batch = builder.build(0)
    assert [error.clip_id for error in batch.bad] == ["clip_2"]
    assert sorted(d.index for d in batch.draws) == [0, 1, 3]
    assert len(batch.pack.grids) == 3
    assert batch.next_counter == 4


def test_a_pack_of_bad_clips_alone_is_empty(cached):
    clip = cached()
    clip.path.unlink()
    batch = PackBuilder([clip], settings(), token_budget=1).build(0)
    assert (batch.draws, batch.pack.lengths, len(batch.bad)) == ((), (), 1)
    assert batch.next_counter == 1
