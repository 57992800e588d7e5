import pytest
import torch

from generator import flow
from generator.dit import SIZES
from generator.pack import Pack, pack
from generator.sample import euler_step, guide


def test_noising_starts_at_data_and_ends_at_noise():
    data, noise = torch.randn(3, 4), torch.randn(3, 4)
    noisy = flow.noised(data, noise, torch.tensor([0.0, 1.0, 0.25]))
    torch.testing.assert_close(noisy[0], data[0])
    torch.testing.assert_close(noisy[1], noise[1])
    torch.testing.assert_close(noisy[2], 0.75 * data[2] + 0.25 * noise[2])


@pytest.mark.parametrize("t", [1.0, 0.6, 0.05])
def test_one_euler_step_with_the_true_velocity_lands_on_data(t):
    data, noise = torch.randn(3, 4), torch.randn(3, 4)
    timesteps = torch.full((3,), t)
    noisy = flow.noised(data, noise, timesteps)
    velocity = flow.velocity_of(noisy, data, timesteps)
    torch.testing.assert_close(velocity, noise - data, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(euler_step(noisy, velocity, t, 0.0), data, atol=1e-5, rtol=1e-5)


def test_the_loss_is_the_squared_error_of_the_velocity():
    data, noise, clean = torch.randn(3, 5, 4)
    timesteps = torch.tensor([0.05, 0.1, 0.5, 0.9, 1.0])
    noisy = flow.noised(data, noise, timesteps)
    error = flow.velocity_of(noisy, clean, timesteps) - (noise - data)
    torch.testing.assert_close(
        flow.loss_per_token(clean, data, timesteps), error.square().mean(1), atol=1e-3, rtol=1e-3
    )


def test_guidance_scale_one_is_the_conditional_and_zero_the_unconditional():
    with_prompt, without = torch.randn(2, 5)
    torch.testing.assert_close(guide(with_prompt, without, 1.0), with_prompt)
    torch.testing.assert_close(guide(with_prompt, without, 0.0), without)
    torch.testing.assert_close(guide(with_prompt, without, 3.0), 3 * with_prompt - 2 * without)


def test_more_tokens_shift_timesteps_towards_noise():
    assert flow.shift_of(64, 64) == 1.0
    assert flow.shift_of(16, 64) == 1.0
    assert flow.shift_of(256, 64) == 2.0
    t = torch.linspace(0, 1, 11)
    torch.testing.assert_close(flow.shifted(t, 1.0), t)
    moved = flow.shifted(t, 2.0)
    assert (moved[[0, -1]] == t[[0, -1]]).all()
    assert (moved[1:-1] > t[1:-1]).all()


def test_timesteps_cover_their_distribution_in_every_pack():
    rng = torch.Generator().manual_seed(0)
    t = flow.draw_timesteps(torch.ones(8), rng)
    assert ((t > 0) & (t < 1)).all()
    assert (t < 0.5).sum() == 4
    many = torch.cat([flow.draw_timesteps(torch.ones(3), rng) for _ in range(2000)])
    logits = torch.logit(many)
    assert logits.mean().abs() < 0.05
    assert (logits.std() - 1.0).abs() < 0.05


def test_nano_overfits_one_batch():
    torch.manual_seed(0)
    denoiser = flow.Denoiser(SIZES["nano"], 12)
    shapes = ((2, 3, 4), (2, 4, 3), (1, 2, 2))
    packed = pack([torch.rand(12, *shape) * 2 - 1 for shape in shapes], [0.5] * 3)
    prompts = ["a red square", "a blue circle", "snow"]
    timesteps = packed.per_token(torch.tensor([0.9, 0.8, 1.0]))
    noise = torch.randn(packed.tokens_NC.shape)
    noisy = Pack(
        tokens_NC=flow.noised(packed.tokens_NC, noise, timesteps),
        positions_N3=packed.positions_N3,
        grids=packed.grids,
    )
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=3e-3)
    losses = []
    for _ in range(120):
        clean = denoiser(noisy, timesteps, denoiser.encode_text(prompts))
        loss = flow.loss_per_token(clean, packed.tokens_NC, timesteps).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 * losses[0]
