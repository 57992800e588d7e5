import numpy as np
import pytest
import torch

from generator.autoencoder import (
    DECODER_REACH,
    ENCODER_REACH,
    GROUP_FRAMES,
    NUM_CHANNELS,
    PATCH_PX,
    Autoencoder,
    principal_components,
    to_patches,
    to_pixels,
)


@pytest.fixture(scope="module")
def patches():
    """Return patches N,768 with twenty directions of different strength, and some noise."""
    rng = torch.Generator().manual_seed(0)
    strengths = torch.linspace(3.0, 0.5, 20)
    directions = torch.randn(20, 768, generator=rng)
    mixed = torch.randn(800, 20, generator=rng) * strengths
    return 0.05 * (mixed @ directions + torch.randn(800, 768, generator=rng)) + 0.3


@pytest.fixture
def wild_network(awake):
    torch.manual_seed(0)
    network = awake(Autoencoder(), 0.03)
    network.basis.normal_(std=0.05, generator=torch.Generator().manual_seed(2))
    return network.double()


def distances(changed_HW, row, column):
    """Return how far, in rows or columns, the changed places lie from one."""
    rows, columns = changed_HW.nonzero(as_tuple=True)
    return torch.maximum((rows - row).abs(), (columns - column).abs())


def test_pixels_are_patches_cut_up():
    pixels = torch.randn(2, GROUP_FRAMES, 16, 24, 3)
    patches = to_patches(pixels)
    assert patches.shape == (2, 768, 2, 3)
    assert torch.equal(to_pixels(patches), pixels)
    own = pixels[1, :, 8:16, 16:24].flatten()
    assert torch.equal(patches[1, :, 1, 2], own)


def test_principal_components_are_orthonormal_and_the_strongest_come_first(patches):
    mean, basis, spread = principal_components(patches, 8)
    torch.testing.assert_close(basis @ basis.T, torch.eye(8), atol=1e-4, rtol=0)
    assert (spread.diff() < 0).all()
    along = (patches - mean) @ basis.T
    torch.testing.assert_close(along.std(0), spread, atol=1e-3, rtol=1e-3)
    covariance = torch.cov(along.T)
    assert (covariance - covariance.diagonal().diag()).abs().max() < 1e-3 * covariance.max()


def test_a_fresh_autoencoder_is_the_linear_codec_of_its_start(patches):
    network = Autoencoder()
    network.start_linear(patches)
    mean, basis, spread = principal_components(patches, NUM_CHANNELS)
    pixels = to_pixels(patches[:12].reshape(2, 2, 3, 768).permute(0, 3, 1, 2))
    with torch.no_grad():
        latents = network.encode(pixels, torch.tensor([False, True]))
        around = torch.randn(2, 2 * NUM_CHANNELS, 2, 3)
        back = network.decode(latents, around, torch.ones(2, 5))
    flat = (patches[:12] - mean) @ basis.T / spread
    expected = flat.reshape(2, 2, 3, NUM_CHANNELS).permute(0, 3, 1, 2)
    torch.testing.assert_close(latents, expected, atol=1e-4, rtol=1e-4)
    linear = ((flat * spread) @ basis + mean).reshape(2, 2, 3, 768).permute(0, 3, 1, 2)
    torch.testing.assert_close(back, to_pixels(linear), atol=1e-4, rtol=1e-4)


def test_latents_of_the_linear_codec_have_unit_variance(patches):
    network = Autoencoder()
    network.start_linear(patches)
    pixels = to_pixels(patches[:, :, None, None])
    with torch.no_grad():
        latents = network.encode(pixels, torch.zeros(800, dtype=torch.bool)).flatten(1)
    torch.testing.assert_close(latents.std(0), torch.ones(NUM_CHANNELS), atol=1e-2, rtol=0)
    assert latents.mean(0).abs().max() < 1e-3


def test_the_linear_codec_loses_what_lies_outside_its_components(patches):
    network = Autoencoder()
    network.start_linear(patches)
    pixels = to_pixels(patches[:500, :, None, None])
    with torch.no_grad():
        latents = network.encode(pixels, torch.zeros(500, dtype=torch.bool))
        around = torch.zeros(500, 2 * NUM_CHANNELS, 1, 1)
        back = network.decode(latents, around, torch.zeros(500, 5))
    mean, basis, _ = principal_components(patches, NUM_CHANNELS)
    centred = patches[:500] - mean
    lost = centred - centred @ basis.T @ basis
    assert (back - pixels).square().mean().item() == pytest.approx(
        lost.square().mean().item(), rel=1e-3
    )


def test_a_latent_depends_on_patches_within_the_encoder_s_reach(wild_network):
    side = 2 * ENCODER_REACH + 5
    middle = side // 2
    pixels = torch.randn(1, GROUP_FRAMES, side * PATCH_PX, side * PATCH_PX, 3).double()
    changed = pixels.clone()
    changed[0, 2, middle * PATCH_PX + 3, middle * PATCH_PX + 5] += 1.0
    single = torch.tensor([False])
    with torch.no_grad():
        differs = wild_network.encode(pixels, single) != wild_network.encode(changed, single)
    assert distances(differs[0].any(0), middle, middle).max() == ENCODER_REACH


def test_a_pixel_depends_on_latents_within_the_decoder_s_reach(wild_network):
    side = 2 * DECODER_REACH + 3
    middle = side // 2
    latents = torch.randn(1, NUM_CHANNELS, side, side).double()
    around = torch.randn(1, 2 * NUM_CHANNELS, side, side).double()
    flags = torch.tensor([[0, 1, 0, 1, 0]]).double()
    changed = latents.clone()
    changed[0, :, middle, middle] += 1.0
    with torch.no_grad():
        base = wild_network.decode(latents, around, flags)
        differs = base != wild_network.decode(changed, around, flags)
    per_pixel = differs[0].any(0).any(-1)
    per_latent = per_pixel.reshape(side, PATCH_PX, side, PATCH_PX).any(3).any(1)
    assert distances(per_latent, middle, middle).max() == DECODER_REACH


@pytest.mark.parametrize("which", range(5))
def test_the_decoder_heeds_every_flag(wild_network, which):
    latents = torch.randn(1, NUM_CHANNELS, 2, 2).double()
    around = torch.randn(1, 2 * NUM_CHANNELS, 2, 2).double()
    flags = torch.zeros(1, 5).double()
    raised = flags.clone()
    raised[0, which] = 1.0
    with torch.no_grad():
        base = wild_network.decode(latents, around, flags)
        assert not torch.allclose(base, wild_network.decode(latents, around, raised), atol=1e-3)


def test_the_encoder_heeds_that_a_group_is_one_frame(wild_network):
    pixels = torch.randn(1, 1, 16, 16, 3).double().expand(1, GROUP_FRAMES, 16, 16, 3)
    with torch.no_grad():
        as_single, as_group = (
            wild_network.encode(pixels, torch.tensor([flag])) for flag in (True, False)
        )
    assert not torch.allclose(as_single, as_group, atol=1e-3)
    assert np.isfinite(as_single.numpy()).all()
