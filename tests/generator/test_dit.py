import pytest
import torch

from generator import attend as attention
from generator import dit
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
from generator.pack import Pack, pack
from generator.text import MAX_WORDS, TextEncoder, tokenize, words

TINY = Size(width=32, depth=2, head_width=16)


def awake(module):
    """Give every parameter a random part, so that nothing is hidden behind a zero."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return module


def clips(*grids, channels=6):
    torch.manual_seed(0)
    return [torch.randn(channels, *grid) for grid in grids]


def forward(denoiser, latents, seconds, prompts, timesteps):
    packed = pack(latents, seconds)
    return denoiser(
        packed, packed.per_token(torch.tensor(timesteps)), denoiser.encode_text(prompts)
    )


def test_a_packed_forward_equals_separate_forwards():
    denoiser = awake(Denoiser(TINY, 6))
    latents = clips((2, 3, 4), (2, 3, 4), (1, 2, 5), (2, 4, 3))
    prompts = ["a red square", "", "one", "a very long prompt about a green circle"]
    seconds, timesteps = [0.5, 0.4, 1.0, 0.5], [0.1, 0.9, 0.5, 1.0]
    together = forward(denoiser, latents, seconds, prompts, timesteps)
    alone = [
        forward(denoiser, [x], [s], [p], [t])
        for x, s, p, t in zip(latents, seconds, prompts, timesteps, strict=True)
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_a_fresh_transformer_returns_zero():
    out = forward(Denoiser(TINY, 6), clips((2, 3, 4)), [0.5], ["a red square"], [0.5])
    assert out.shape == (24, 6)
    assert (out == 0).all()


def test_each_token_has_its_own_timestep(monkeypatch):
    # Without attention tokens do not meet, so each shows its own timestep and no other.
    monkeypatch.setattr(dit, "attend", lambda q, k, v, lengths: torch.zeros_like(q))
    denoiser = awake(Denoiser(TINY, 6))
    packed = pack(clips((2, 2, 2)), [0.5])
    text = denoiser.encode_text(["a"])
    known, noisy, mixed = torch.zeros(8), torch.full((8,), 0.7), torch.tensor([0, 0.7] * 4)
    as_known, as_noisy, as_mixed = (denoiser(packed, t, text) for t in (known, noisy, mixed))
    torch.testing.assert_close(as_mixed[0::2], as_known[0::2])
    torch.testing.assert_close(as_mixed[1::2], as_noisy[1::2])
    assert not torch.allclose(as_known, as_noisy, atol=1e-2)


def test_the_prompt_and_the_position_change_the_prediction():
    denoiser = awake(Denoiser(TINY, 6))
    latents = clips((2, 2, 2))
    base = forward(denoiser, latents, [0.5], ["a red square"], [0.5])
    assert not torch.allclose(base, forward(denoiser, latents, [0.5], ["a blue"], [0.5]))
    assert not torch.allclose(base, forward(denoiser, latents, [0.3], ["a red square"], [0.5]))


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
    counts = [num_parameters(size, 768) for size in SIZES.values()]
    assert counts == sorted(counts)
    real = sum(p.numel() for p in DiT(SIZES["nano"], 768).parameters())
    assert counts[0] == real


def test_operations_are_counted_as_torch_counts_them():
    from torch.utils.flop_counter import FlopCounterMode

    denoiser, lengths = Denoiser(SIZES["nano"], 96), (24, 24, 10)
    packed = Pack(
        tokens_NC=torch.randn(58, 96),
        positions_N3=torch.randn(58, 3),
        grids=((2, 3, 4), (2, 3, 4), (1, 2, 5)),
    )
    text = denoiser.encode_text(["one two three"] * 3)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        denoiser(packed, packed.per_token(torch.rand(3)), text)
    ours = flops_forward(SIZES["nano"], 96, lengths, 3)
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
    ids, mask = tokenize([text])
    assert mask.sum() == max(1, len(expected))
    assert (ids[mask] == 0).all() == (not expected)


def test_odd_text_is_read_and_long_text_is_cut():
    ids, mask = tokenize(["word " * 500, "\ud800 lone", "\x00"])
    assert ids.shape == (3, MAX_WORDS, 2)
    assert mask[0].all()


def test_padding_does_not_change_text_states():
    encoder = TextEncoder(32, depth=2, head_width=16)
    alone, pooled = encoder(*tokenize(["a red square"]))
    padded, both = encoder(*tokenize(["a red square", "a much longer text than that one"]))
    torch.testing.assert_close(padded[:1, :3], alone)
    torch.testing.assert_close(both[:1], pooled)
