import pytest
import torch
import torch.nn.functional as F

from generator import attend as attention
from generator import dit, flow
from generator.attend import attend, attend_text
from generator.dit import (
    SIZES,
    DiT,
    Size,
    flops_forward,
    num_parameters,
    rms_norm,
    rope_angles,
    rotate,
)
from generator.flow import Denoiser
from generator.pack import Item, pack, unpack
from generator.patchify import (
    COLUMN,
    DURATION,
    IS_SINGLE,
    ROW,
    SECONDS,
    around,
    patchify,
    positions,
    unpatchify,
)
from generator.text import MAX_WORDS, NUM_SUMMARIES, TextEncoder, tokenize, words

TINY = Size(width=32, depth=2, head_width=16, text_buckets=64)
PATCHED = Size(width=32, depth=2, head_width=16, patch=2, text_buckets=64)


def item(layout=(4, 4), rows=2, columns=4, *, channels=6, known=0, fps=8.0, seed=0, patch=1):
    """Return random latents of a clip whose first `known` tokens are known."""
    rng = torch.Generator().manual_seed(seed)
    flags = torch.arange(len(layout) * rows * columns // patch**2) < known
    return Item(
        latents_CGHW=torch.randn(channels, len(layout), rows, columns, generator=rng),
        layout=layout,
        fps=fps,
        known_GHW=flags.reshape(len(layout), rows // patch, columns // patch),
    )


def forward(denoiser, items, prompts, timesteps, scores=None):
    packed = pack(items, denoiser.dit.size.patch)
    told = denoiser.tell(prompts, scores)
    return denoiser(packed, packed.timesteps(torch.tensor(timesteps)), told)


@pytest.mark.parametrize("patch", [1, 2, 3])
def test_unpatchify_undoes_patchify(patch):
    latents = torch.randn(5, 2, 3 * patch, 4 * patch)
    tokens = patchify(latents, patch)
    assert tokens.shape == (24, 5 * patch * patch)
    assert torch.equal(unpatchify(tokens, (2, 3, 4), patch), latents)


def test_a_token_sees_those_around_it_in_its_own_group_and_in_those_beside_it():
    grids = [(2, 3, 4), (3, 5, 2), (1, 1, 1)]
    clips = [torch.randn(6, *grid) for grid in grids]
    tokens = torch.cat([patchify(clip) for clip in clips])
    windows = []
    for clip in clips:
        padded = F.pad(clip, (1, 1, 1, 1, 1, 1))
        cubes = padded.unfold(1, 3, 1).unfold(2, 3, 1).unfold(3, 3, 1)  # C,G,H,W,3,3,3
        windows.append(cubes.permute(1, 2, 3, 4, 5, 6, 0).reshape(-1, 27 * 6))
    assert torch.equal(around(tokens, grids), torch.cat(windows))


def test_a_token_is_a_square_of_one_group():
    latents = torch.arange(2 * 3 * 4 * 4.0).reshape(2, 3, 4, 4)
    tokens = patchify(latents, 2)
    assert torch.equal(tokens[4 + 1], latents[:, 1, 0:2, 2:4].flatten())


@pytest.mark.parametrize("patch", [1, 2])
def test_unpack_undoes_pack(patch):
    items = [
        item((4, 4), 6, 8, patch=patch),
        item((1,), 10, 4, patch=patch),
        item((4, 1), 6, 8, patch=patch),
    ]
    packed = pack(items, patch)
    lengths = tuple(n // patch**2 for n in (96, 40, 96))
    assert packed.lengths == lengths
    assert len(packed.positions_N5) == len(packed.tokens_NC) == sum(lengths)
    for one, back in zip(items, unpack(packed.tokens_NC, packed.grids, patch), strict=True):
        assert torch.equal(one.latents_CGHW, back)
    values = packed.per_token(torch.tensor([1, 2, 3])).tolist()
    assert values == [1] * lengths[0] + [2] * lengths[1] + [3] * lengths[2]


def test_known_tokens_are_at_timestep_zero_and_others_at_their_clip_s():
    packed = pack([item((4,), 1, 3, known=2), item((1,), 1, 2, known=1)])
    assert packed.known_N.tolist() == [True, True, False, True, False]
    timesteps = packed.timesteps(torch.tensor([0.25, 0.5]))
    assert timesteps.tolist() == [0.0, 0.0, 0.25, 0.0, 0.5]


def test_a_pack_repeated_is_its_clips_again():
    items = [item((4,), 1, 3, known=2), item((1, 1), 2, 2, seed=1)]
    twice, plain = pack(items).repeated(2), pack([*items, *items])
    assert twice.grids == plain.grids
    for name in ("tokens_NC", "positions_N5", "known_N"):
        assert torch.equal(getattr(twice, name), getattr(plain, name))
    other = plain.with_tokens(plain.tokens_NC + 1)
    assert torch.equal(other.tokens_NC, plain.tokens_NC + 1)
    assert torch.equal(other.positions_N5, plain.positions_N5)


def test_positions_are_in_seconds_and_heights():
    where = positions(
        (3, 2, 4),
        starts_s=[0.0, 0.5, 1.0],
        durations_s=[0.5, 0.5, 0.125],
        single=[False, False, True],
    ).reshape(3, 2, 4, 5)
    assert where[:, 0, 0, SECONDS].tolist() == [0.25, 0.75, 1.0625]
    assert where[:, 1, 2, DURATION].tolist() == [0.5, 0.5, 0.125]
    assert where[:, 0, 3, IS_SINGLE].tolist() == [0, 0, 1]
    assert where[0, :, 0, ROW].tolist() == [-0.25, 0.25]
    assert where[0, 0, :, COLUMN].tolist() == [-0.75, -0.25, 0.25, 0.75]


def test_groups_follow_one_another_unless_starts_are_given():
    layout = (1, 4, 1)
    plain = pack([item(layout, 1, 1, fps=8.0)]).positions_N5
    assert plain[:, SECONDS].tolist() == [0.5 / 8, 3 / 8, 5.5 / 8]
    assert plain[:, DURATION].tolist() == [1 / 8, 4 / 8, 1 / 8]
    assert plain[:, IS_SINGLE].tolist() == [1, 0, 1]
    moved = Item(
        latents_CGHW=torch.zeros(6, 3, 1, 1),
        layout=layout,
        fps=8.0,
        known_GHW=torch.zeros(3, 1, 1, dtype=torch.bool),
        starts=(0, 8, 16),
    )
    assert pack([moved]).positions_N5[:, SECONDS].tolist() == [0.5 / 8, 10 / 8, 16.5 / 8]


def test_the_same_scene_at_twice_the_size_keeps_its_positions():
    how = {"starts_s": [0.0], "durations_s": [1.0], "single": [False]}
    small = positions((1, 4, 6), **how).reshape(4, 6, 5)
    large = positions((1, 8, 12), **how).reshape(8, 12, 5)
    means = large.reshape(4, 2, 6, 2, 5).mean((1, 3))
    torch.testing.assert_close(means, small)


def test_the_same_film_at_another_rate_keeps_its_positions():
    slow = pack([item((4,), 1, 1, fps=8.0)]).positions_N5
    fast = pack([item((4, 4), 1, 1, fps=16.0)]).positions_N5
    torch.testing.assert_close(fast[:, SECONDS].mean(), slow[0, SECONDS])
    torch.testing.assert_close(fast[:, DURATION].sum(), slow[0, DURATION])


@pytest.mark.parametrize("size", [TINY, PATCHED], ids=["patch 1", "patch 2"])
def test_a_packed_forward_equals_separate_forwards(awake, size):
    denoiser = awake(Denoiser(size, 6, scores=("motion",)))
    p = size.patch
    items = [
        item((4, 4), 2, 4, patch=p),
        item((4, 1), 2, 4, seed=1, known=3, patch=p),
        item((1,), 4, 6, seed=2, patch=p),
        item((1, 4, 1), 4, 2, seed=3, known=5 // p**2, fps=5.0, patch=p),
    ]
    prompts = ["a red square", "", "one", "a very long prompt about a green circle"]
    scores, timesteps = [{"motion": 2.0}, {}, {"motion": -1.0}, {}], [0.1, 0.9, 0.5, 1.0]
    together = forward(denoiser, items, prompts, timesteps, scores)
    alone = [
        forward(denoiser, [one], [prompt], [t], [score])
        for one, prompt, t, score in zip(items, prompts, timesteps, scores, strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [TINY, PATCHED], ids=["patch 1", "patch 2"])
def test_a_fresh_transformer_returns_zero(size, monkeypatch):
    alone = lambda timesteps: (torch.zeros_like(timesteps), torch.ones_like(timesteps))  # noqa: E731
    monkeypatch.setattr(flow, "linear_guess", alone)
    out = forward(Denoiser(size, 6), [item(patch=size.patch)], ["a red square"], [0.5])
    assert out.shape == (16 // size.patch**2, 6 * size.patch**2)
    assert out.dtype == torch.float32
    assert (out == 0).all()


def test_each_token_has_its_own_timestep(awake, monkeypatch):
    # Where tokens do not meet, each shows its own timestep and no other.
    monkeypatch.setattr(dit, "attend", lambda q, k, v, where: torch.zeros_like(q))
    monkeypatch.setattr(dit, "around", lambda tokens_NC, grids: tokens_NC.repeat(1, 27))
    denoiser = awake(Denoiser(TINY, 6))
    packed = pack([item((4, 4), 2, 2)])
    told = denoiser.tell(["a"])
    known, noisy, mixed = torch.zeros(8), torch.full((8,), 0.7), torch.tensor([0, 0.7] * 4)
    as_known, as_noisy, as_mixed = (denoiser(packed, t, told) for t in (known, noisy, mixed))
    torch.testing.assert_close(as_mixed[0::2], as_known[0::2])
    torch.testing.assert_close(as_mixed[1::2], as_noisy[1::2])
    assert not torch.allclose(as_known, as_noisy, atol=1e-2)


def test_every_token_finds_its_clip_and_timestep():
    rng = torch.Generator().manual_seed(0)
    lengths = (7, 1, 12, 5)
    clips = torch.repeat_interleave(torch.tensor(lengths))
    # Known tokens lie scattered, as they do outside of a box; one clip is noise, one is data.
    timesteps = torch.tensor([0.3, 1.0, 1e-4, 0.0])[clips]
    timesteps = timesteps.masked_fill(torch.rand(25, generator=rng) < 0.5, 0.0)
    clip_R, timestep_R, row_N = dit._rows(timesteps, lengths)
    assert torch.equal(clip_R[row_N], clips)
    torch.testing.assert_close(timestep_R[row_N], timesteps, atol=1e-9, rtol=1e-6)
    assert len(clip_R) <= 2 * len(lengths)


@pytest.mark.parametrize("column", [SECONDS, ROW, COLUMN, DURATION, IS_SINGLE])
def test_every_part_of_a_position_changes_the_prediction(awake, column):
    denoiser = awake(Denoiser(TINY, 6))
    packed = pack([item()])
    told, timesteps = denoiser.tell(["a red square"]), torch.full((16,), 0.5)
    base = denoiser(packed, timesteps, told)
    packed.positions_N5[3, column] += 0.3
    assert not torch.allclose(base, denoiser(packed, timesteps, told), atol=1e-4)


def test_the_prompt_changes_the_prediction(awake):
    denoiser = awake(Denoiser(TINY, 6))
    base = forward(denoiser, [item()], ["a red square"], [0.5])
    assert not torch.allclose(base, forward(denoiser, [item()], ["a blue"], [0.5]), atol=1e-4)


def test_scores_change_the_prediction_where_they_are_told(awake):
    denoiser = awake(Denoiser(TINY, 6, scores=("motion", "zoom")))

    def told(scores):
        return forward(denoiser, [item()], ["a"], [0.5], scores)

    none = told(None)
    for same in ([{}], [{"unknown": 3.0}]):
        torch.testing.assert_close(told(same), none)
    # A score of zero is told: it is not the same as none.
    for other in ([{"motion": 0.0}], [{"motion": 1.0}], [{"zoom": 1.0}]):
        assert not torch.allclose(told(other), none, atol=1e-4)
    assert not torch.allclose(told([{"motion": 1.0}]), told([{"motion": 2.0}]), atol=1e-4)


def test_a_fresh_network_does_not_heed_scores():
    denoiser = Denoiser(TINY, 6, scores=("motion",))
    plain, told = denoiser.tell(["a"]), denoiser.tell(["a"], [{"motion": 5.0}])
    assert torch.equal(plain.pooled_BD, told.pooled_BD)


def test_activations_computed_twice_give_the_same_gradients(awake):
    denoiser = awake(Denoiser(TINY, 6))
    gradients = []
    for flag in (False, True):
        denoiser.dit.checkpoint_blocks = flag
        denoiser.zero_grad()
        out = forward(denoiser, [item(), item((1,), 2, 2)], ["a red square", ""], [0.5, 0.2])
        out.square().sum().backward()
        gradients.append([p.grad.clone() for p in denoiser.parameters()])
    for plain, again in zip(*gradients, strict=True):
        assert torch.equal(plain, again)


def test_rotated_products_depend_on_relative_position_only():
    torch.manual_seed(0)
    q, k = torch.randn(1, 1, 48), torch.randn(1, 1, 48)
    here, there = torch.tensor([[0.5, 0.1, -0.3]]), torch.tensor([[1.5, -0.2, 0.4]])
    move = torch.tensor([[2.0, 0.3, 0.9]])

    def product(a, b):
        turned = []
        for x, where in ((q, a), (k, b)):
            angles = rope_angles(where, 48)[:, None]
            turned.append(rotate(x, angles.cos(), angles.sin()))
        return (turned[0] * turned[1]).sum()

    torch.testing.assert_close(
        product(here, there), product(here + move, there + move), atol=1e-4, rtol=1e-4
    )
    assert (product(here, there) - product(here, here)).abs() > 1e-3


def test_our_norm_and_its_gradients_equal_the_library_ones():
    torch.manual_seed(0)
    x = torch.randn(5, 2, 3, 8, dtype=torch.float64, requires_grad=True)
    gain = torch.randn(2, 3, 1, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 2, 3, 8, dtype=torch.float64)
    ours = torch.autograd.grad((rms_norm(x, gain) * weight).sum(), (x, gain))
    reference = torch.nn.functional.rms_norm(x, (8,), eps=1e-6) * gain
    theirs = torch.autograd.grad((reference * weight).sum(), (x, gain))
    torch.testing.assert_close(rms_norm(x, gain), reference, atol=1e-6, rtol=1e-5)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("matmul_up_to", [0, 512])
def test_attention_stays_within_each_clip(monkeypatch, matmul_up_to):
    monkeypatch.setattr(attention, "_MATMUL_UP_TO", matmul_up_to)
    torch.manual_seed(0)
    lengths = (5, 5, 3, 5)
    q, k, v = torch.randn(3, 18, 2, 8)
    clip = torch.repeat_interleave(torch.tensor(lengths))
    scores = torch.einsum("nhd,mhd->hnm", q, k)
    scores = scores.masked_fill(clip[:, None] != clip[None, :], -torch.inf)
    dense = torch.einsum("hnm,mhd->nhd", scores.softmax(-1), v)
    torch.testing.assert_close(attend(q, k, v, lengths), dense)


@pytest.mark.parametrize("matmul_up_to", [0, 512])
def test_masked_words_are_not_seen(monkeypatch, matmul_up_to):
    monkeypatch.setattr(attention, "_MATMUL_UP_TO", matmul_up_to)
    torch.manual_seed(0)
    q, (k, v) = torch.randn(6, 2, 8), torch.randn(2, 2, 4, 2, 8)
    mask = torch.tensor([[True, True, True, False], [True, False, False, False]])
    seen = attend_text(q, k, v, mask, (4, 2))
    k[~mask], v[~mask] = 100.0, 100.0
    torch.testing.assert_close(attend_text(q, k, v, mask, (4, 2)), seen)
    torch.testing.assert_close(seen[4:], v[1, 0].expand(2, 2, 8))


def test_sizes_grow_and_their_parameters_are_counted():
    counts = [num_parameters(size, 16) for size in SIZES.values()]
    assert counts == sorted(counts)
    real = sum(p.numel() for p in DiT(SIZES["nano"], 16).parameters())
    assert counts[0] == real


@pytest.mark.parametrize("patch", [1, 2])
def test_operations_are_counted_as_torch_counts_them(patch):
    from torch.utils.flop_counter import FlopCounterMode

    size = Size(width=96, depth=4, head_width=48, patch=patch, text_buckets=64)
    denoiser = Denoiser(size, 48)
    items = [
        item(layout, 3 * patch, columns * patch, channels=48, patch=patch)
        for layout, columns in (((4, 4), 4), ((4, 4), 4), ((1,), 5))
    ]
    packed = pack(items, patch)
    told = denoiser.tell([" one two three four" * 4] * 3)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        denoiser(packed, packed.timesteps(torch.rand(3)), told)
    ours = flops_forward(size, 48, packed.lengths, (NUM_SUMMARIES + 16) / 2)
    assert packed.lengths == (24, 24, 15)
    assert ours == pytest.approx(counter.get_total_flops(), rel=0.1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A red Shape, moving!", ["a", "red", "shape", ",", "moving", "!"]),
        ("Ein grüner Würfel", ["ein", "grüner", "würfel"]),
        ("赤い円", ["赤", "い", "円"]),
        ("Красный круг", ["красный", "круг"]),
        ("🙂 ok", ["🙂", "ok"]),
        (" \n", []),
    ],
)
def test_text_of_any_language_becomes_words(text, expected):
    assert words(text) == expected
    ids, mask = tokenize([text], 4096)
    assert mask.sum() == max(1, len(expected))
    assert (ids[mask] == 0).all() == (not expected)


def test_odd_text_is_read_and_long_text_is_cut():
    ids, mask = tokenize(["word " * 500, "\ud800 lone", "\x00"], 4096)
    assert ids.shape == (3, MAX_WORDS, 2)
    assert mask[0].all()


def test_padding_does_not_change_text_states():
    encoder = TextEncoder(32, depth=2, head_width=16, num_buckets=64)
    ((summary, _), (words, _)), pooled = encoder(*tokenize(["a red square"], 64))
    texts = ["a red square", "a much longer text than that one, so that its words are padded"]
    ((one, _), (padded, mask)), both = encoder(*tokenize([*texts, "word " * 40], 64))
    assert mask.sum(1).tolist() == [3, 14, 40]
    torch.testing.assert_close(one[:1], summary)
    torch.testing.assert_close(padded[0, :3], words[0, :3])
    torch.testing.assert_close(both[:1], pooled)


def test_buckets_are_within_their_number_and_none_is_the_null_text_s():
    ids, mask = tokenize([" ".join(f"word{i}" for i in range(200))], 16)
    assert ids[mask].min() == 1
    assert ids[mask].max() == 15
    null, _ = tokenize([""], 16)
    assert (null == 0).all()
