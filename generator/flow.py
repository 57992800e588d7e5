"""Rectified flow: noising, timesteps, shift, loss.

The convention, everywhere: t = 0 is data, t = 1 is noise, x_t = (1 - t) * data + t * noise,
and the velocity is noise - data, so that dx/dt = velocity and sampling walks from t = 1 to 0
(arXiv 2209.03003). The network predicts the clean tokens and the loss is taken on the
velocity that follows from them, which in pixel space trains better than predicting the
velocity itself (arXiv 2511.13720, "Back to Basics: Let Denoising Generative Models Denoise").
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from generator.dit import DiT, Size
from generator.pack import Pack
from generator.text import TextEncoder, tokenize

MIN_TIMESTEP = 0.05
"""Below this the division by t is held, so that nearly clean tokens do not rule the loss."""


class Denoiser(nn.Module):
    """The whole network: from a noisy pack and its prompts to clean tokens."""

    def __init__(self, size: Size, num_channels: int) -> None:
        super().__init__()
        self.text = TextEncoder(size.width, depth=size.text_depth, head_width=size.head_width)
        self.dit = DiT(size, num_channels)

    def encode_text(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Return states B,L,D, pooled B,D and mask B,L of one prompt per clip."""
        device = self.dit.head.weight.device
        ids_BL2, mask_BL = (x.to(device) for x in tokenize(prompts))
        states_BLD, pooled_BD = self.text(ids_BL2, mask_BL)
        return states_BLD, pooled_BD, mask_BL

    def forward(
        self, pack: Pack, timesteps_N: Tensor, text: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        """Return the clean tokens N,C predicted from the noisy tokens of `pack`."""
        states_BLD, pooled_BD, mask_BL = text
        clean_NC: Tensor = self.dit(
            pack.tokens_NC,
            pack.positions_N3,
            timesteps_N,
            pack.lengths,
            states_BLD,
            pooled_BD,
            mask_BL,
        )
        return clean_NC


def noised(data_NC: Tensor, noise_NC: Tensor, timesteps_N: Tensor) -> Tensor:
    """Return x_t = (1 - t) * data + t * noise, with a timestep for every token."""
    return torch.lerp(data_NC, noise_NC, timesteps_N[:, None])


def velocity_of(noisy_NC: Tensor, clean_NC: Tensor, timesteps_N: Tensor) -> Tensor:
    """Return the velocity that leads from the clean tokens to x_t: (x_t - data) / t."""
    return (noisy_NC - clean_NC) / timesteps_N.clamp_min(MIN_TIMESTEP)[:, None]


def shift_of(num_tokens: int, base_tokens: float) -> float:
    """Return how far timesteps lean to noise: sqrt(tokens / base), at least 1.

    More tokens of one scene hide it less under the same noise (arXiv 2403.03206, section 5.3.2).
    """
    return max(1.0, math.sqrt(num_tokens / base_tokens))


def shifted(t: Tensor, shift: float | Tensor) -> Tensor:
    """Map [0, 1] onto itself, towards 1 for a shift above 1."""
    return shift * t / (1.0 + (shift - 1.0) * t)


def draw_timesteps(shift_B: Tensor, rng: torch.Generator, *, spread: float = 1.0) -> Tensor:
    """Return one timestep per clip: logit-normal, shifted, spread evenly over the pack.

    `spread` is the standard deviation of the logit.

    Clip i of B draws from its own 1/B of the distribution, in shuffled order: each
    timestep has the same distribution as if drawn alone, their mean varies far less.
    """
    count = len(shift_B)
    strata = torch.randperm(count, generator=rng)
    quantiles = (strata + torch.rand(count, generator=rng)) / count
    normal = torch.special.ndtri(quantiles.clamp(1e-4, 1.0 - 1e-4))
    return shifted(torch.sigmoid(spread * normal), shift_B)


def loss_per_token(clean_NC: Tensor, data_NC: Tensor, timesteps_N: Tensor) -> Tensor:
    """Return the mean squared velocity error of each token.

    Predicted and true velocity start from the same x_t, so their difference is that of the
    clean tokens divided by t; the noise need not be kept.
    """
    error_N = (clean_NC - data_NC).square().mean(1)
    return error_N / timesteps_N.clamp_min(MIN_TIMESTEP).square()
