import pytest
import torch

from generator import flow
from generator.dit import SIZES
from generator.pack import Item, pack


def test_noising_starts_at_data_and_ends_at_noise():
    data, noise = torch.randn(3, 4), torch.randn(3, 4)
    noisy = flow.noised(data, noise, torch.tensor([0.0, 1.0, 0.25]))
    torch.testing.assert_close(noisy[0], data[0])
    torch.testing.assert_close(noisy[1], noise[1])
    torch.testing.assert_close(noisy[2], 0.75 * data[2] + 0.25 * noise[2])


def test_the_loss_is_the_squared_error_of_the_velocity():
    data, noise, clean = torch.randn(3, 5, 4)
    timesteps = torch.tensor([0.05, 0.1, 0.5, 0.9, 1.0])
    noisy = flow.noised(data, noise, timesteps)
    error = flow.velocity_of(noisy, clean, timesteps) - (noise - data)
    torch.testing.assert_close(
        flow.loss_per_token(clean, data, timesteps), error.square().mean(1), atol=1e-3, rtol=1e-3
    )


def test_the_linear_guess_is_the_best_one_and_its_error_the_usual_one():
    rng = torch.Generator().manual_seed(0)
    data, noise = torch.randn(2, 200_000, generator=rng)
    for t in (0.1, 0.5, 0.9):
        (keep,), (spread,) = flow.linear_guess(torch.tensor([t]))
        noisy = (1 - t) * data + t * noise
        best = (noisy * data).mean() / noisy.square().mean()
        assert keep.item() == pytest.approx(best.item(), abs=0.01)
        assert spread.item() == pytest.approx((data - keep * noisy).std().item(), abs=0.01)
    ends = flow.linear_guess(torch.tensor([0.0, 1.0]))
    assert [x.tolist() for x in ends] == [[1.0, 0.0], [0.0, 1.0]]


def test_an_untrained_network_gives_the_linear_guess_and_leaves_known_tokens_alone():
    denoiser = flow.Denoiser(SIZES["nano"], 4)
    item = Item(
        latents_CGHW=torch.randn(4, 2, 3, 3),
        layout=(4, 4),
        fps=8.0,
        known_GHW=torch.tensor([True, False])[:, None, None].expand(2, 3, 3),
    )
    one = pack([item])
    timesteps = one.timesteps(torch.tensor([0.6]))
    with torch.no_grad():
        clean = denoiser(one, timesteps, denoiser.tell([""]))
    keep, _ = flow.linear_guess(timesteps)
    torch.testing.assert_close(clean, keep[:, None] * one.tokens_NC)
    assert torch.equal(clean[:9], one.tokens_NC[:9])


def test_known_tokens_stay_data_at_timestep_zero():
    data, noise = torch.randn(2, 3, 4)
    assert torch.equal(flow.noised(data, noise, torch.zeros(3)), data)


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


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_timesteps_have_the_spread_asked_for(spread):
    rng = torch.Generator().manual_seed(0)
    many = torch.cat([flow.draw_timesteps(torch.ones(4), rng, spread=spread) for _ in range(1000)])
    assert torch.logit(many).std().item() == pytest.approx(spread, rel=0.05)


def test_a_clip_s_loss_is_summed_over_its_unknown_tokens():
    def item(known):
        flags = torch.tensor(known).reshape(1, 1, -1)
        return Item(
            latents_CGHW=torch.zeros(2, 1, 1, len(known)),
            layout=(4,),
            fps=8.0,
            known_GHW=flags,
        )

    packed = pack([item([False, True, False]), item([True, True]), item([False])])
    losses = torch.tensor([1.0, 10.0, 2.0, 20.0, 30.0, 5.0])
    sums, counts = flow.loss_per_clip(losses, packed)
    assert sums.tolist() == [3.0, 0.0, 5.0]
    assert counts.tolist() == [2.0, 0.0, 1.0]


def test_nano_overfits_one_batch():
    torch.manual_seed(0)
    denoiser = flow.Denoiser(SIZES["nano"], 12)
    rng = torch.Generator().manual_seed(0)
    items = [
        Item(
            latents_CGHW=torch.rand(12, len(layout), *grid, generator=rng) * 2 - 1,
            layout=layout,
            fps=8.0,
            known_GHW=torch.arange(len(layout) * grid[0] * grid[1]).reshape(-1, *grid) < known,
        )
        for layout, grid, known in (((4, 4), (3, 4), 0), ((1, 4), (4, 3), 12), ((1,), (2, 2), 0))
    ]
    packed = pack(items)
    prompts = ["a red square", "a blue circle", "snow"]
    timesteps = packed.timesteps(torch.tensor([0.9, 0.8, 1.0]))
    noise = torch.randn(packed.tokens_NC.shape, generator=rng)
    noisy = packed.with_tokens(flow.noised(packed.tokens_NC, noise, timesteps))
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=3e-3)
    losses = []
    for _ in range(80):
        clean = denoiser(noisy, timesteps, denoiser.tell(prompts))
        sums, counts = flow.loss_per_clip(
            flow.loss_per_token(clean, packed.tokens_NC, timesteps), packed
        )
        loss = sums.sum() / counts.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_groups_of_a_clip_share_as_much_of_their_noise_as_asked():
    rng = torch.Generator().manual_seed(0)
    shapes = [(3, 20, 30), (1, 10, 10), (2, 40, 20)]
    packed = pack(
        [
            Item(
                latents_CGHW=torch.zeros(16, *shape),
                layout=(4,) * shape[0],
                fps=8.0,
                known_GHW=torch.zeros(shape, dtype=torch.bool),
            )
            for shape in shapes
        ]
    )
    noise = flow.draw_noise(packed, rng, 0.8)
    assert noise.var().item() == pytest.approx(1.0, abs=0.02)
    first, one, second = (
        part.reshape(shape[0], -1)
        for part, shape in zip(noise.split(packed.lengths), shapes, strict=True)
    )
    found = torch.corrcoef(first)[[0, 0, 1], [1, 2, 2]]
    assert torch.allclose(found, torch.tensor(0.8), atol=0.03)
    assert torch.corrcoef(second)[0, 1].item() == pytest.approx(0.8, abs=0.03)
    # Clips share nothing with each other.
    size = one.numel()
    between = torch.corrcoef(torch.stack([one.flatten(), second.flatten()[:size]]))
    assert abs(between[0, 1].item()) < 0.1


def test_noise_of_its_own_for_every_group_is_what_it_was():
    packed = pack(
        [
            Item(
                latents_CGHW=torch.zeros(4, 2, 3, 3),
                layout=(4, 4),
                fps=8.0,
                known_GHW=torch.zeros(2, 3, 3, dtype=torch.bool),
            )
        ]
    )
    plain = torch.randn(packed.tokens_NC.shape, generator=torch.Generator().manual_seed(4))
    assert torch.equal(flow.draw_noise(packed, torch.Generator().manual_seed(4)), plain)
