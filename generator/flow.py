"""Rectified flow: noising, timesteps, shift, loss.

The convention, everywhere: t = 0 is data, t = 1 is noise, x_t = (1 - t) * data + t * noise,
and the velocity is noise - data, so that dx/dt = velocity and sampling walks from t = 1 to 0
(arXiv 2209.03003). The network returns clean tokens and the loss is taken on the velocity
that follows from them. What its transformer learns is of unit scale at every t: what is left
of the data once the best linear guess from x_t is taken away (the preconditioning of EDM,
arXiv 2206.00364, for this path and data of unit variance).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generator.attend import even_rows
from generator.dit import DiT, Size
from generator.pack import Pack
from generator.step_cache import StepCache
from generator.text import TextEncoder, Texts, mean_state, tokenize

MIN_TIMESTEP = 0.05
"""Below this the division by t is held, so that nearly clean tokens do not rule the loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the network is told of each clip: text states, and one vector of text and scores."""

    texts: Texts
    pooled_BD: Tensor


Lookup = Callable[[Sequence[str]], tuple[Tensor, Tensor]]
"""Prompts to states B,L,D and mask B,L of a text encoder that was trained elsewhere."""


class Denoiser(nn.Module):
    """The whole network: from a noisy pack and its prompts to clean tokens.

    `scores` name the measurements that it can be told. With `text_width`, prompts are read by an
    encoder trained elsewhere, whose states of that width `lookup` returns.
    """

    def __init__(
        self,
        size: Size,
        num_channels: int,
        *,
        scores: Sequence[str] = (),
        text_width: int | None = None,
    ) -> None:
        super().__init__()
        self.scores = tuple(scores)
        self.lookup: Lookup | None = None
        self.text: TextEncoder | _Adapter = (
            TextEncoder(
                size.width,
                depth=size.text_depth,
                head_width=size.head_width,
                num_buckets=size.text_buckets,
            )
            if text_width is None
            else _Adapter(text_width, size.width)
        )
        if scores:
            self.embed_scores = nn.Linear(2 * len(scores), size.width, bias=False)
            nn.init.zeros_(self.embed_scores.weight)
        self.dit = DiT(size, num_channels)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.dit.head.weight.device

    def tell(
        self, prompts: Sequence[str], scores: Sequence[Mapping[str, float]] | None = None
    ) -> Told:
        """Return what is told of one prompt per clip, and of its scores where there are any.

        Scores come in units of their usual spread (see `score_units`); absent ones are not told.
        """
        count = len(prompts)
        prompts = [*prompts, *[""] * (even_rows(count) - count)]
        if self.lookup is not None:
            inputs, mask_BL = (x.to(self.device) for x in self.lookup(prompts))
        else:
            assert isinstance(self.text, TextEncoder)
            inputs, mask_BL = (x.to(self.device) for x in tokenize(prompts, self.text.num_buckets))
        texts, pooled_BD = self.text(inputs, mask_BL)
        texts = tuple((states_BLD[:count], mask_BL[:count]) for states_BLD, mask_BL in texts)
        pooled_BD = pooled_BD[:count]
        if self.scores and scores is not None:
            rows = [
                [value for n in self.scores for value in ((s[n], 1.0) if n in s else (0.0, 0.0))]
                for s in scores
            ]
            pooled_BD = pooled_BD + self.embed_scores(torch.tensor(rows, device=self.device))
        return Told(texts=texts, pooled_BD=pooled_BD)

    def forward(
        self, pack: Pack, timesteps_N: Tensor, told: Told, cache: StepCache | None = None
    ) -> Tensor:
        """Return the clean tokens N,C predicted from the noisy tokens of `pack`."""
        residual_NC = self.dit(
            pack.tokens_NC,
            pack.positions_N5,
            timesteps_N,
            pack.grids,
            told.texts,
            told.pooled_BD,
            cache,
        )
        keep_N, spread_N = linear_guess(timesteps_N)
        clean_NC: Tensor = keep_N[:, None] * pack.tokens_NC + spread_N[:, None] * residual_NC
        return clean_NC


class _Adapter(nn.Module):
    """States of another encoder, brought to the network's width; and their mean."""

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(text_width, width)
        self.pool = nn.Linear(width, width)

    def forward(self, states_BLT: Tensor, mask_BL: Tensor) -> tuple[Texts, Tensor]:
        states_BLD = nn.functional.rms_norm(self.project(states_BLT), (self.project.out_features,))
        return ((states_BLD, mask_BL),), self.pool(mean_state(states_BLD, mask_BL))


def linear_guess(timesteps_N: Tensor) -> tuple[Tensor, Tensor]:
    """Return how much of x_t the best linear guess of the data keeps, and its usual error.

    For data and noise of unit variance: (1 - t) / s and t / sqrt(s), s = (1 - t)^2 + t^2.
    """
    variance_N = (1.0 - timesteps_N).square() + timesteps_N.square()
    return (1.0 - timesteps_N) / variance_N, timesteps_N / variance_N.sqrt()


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


def draw_noise(pack: Pack, rng: torch.Generator, shared: float = 0.0) -> Tensor:
    """Return noise N,C for a pack, on the CPU; see `share_noise`."""
    own_NC = torch.randn(pack.tokens_NC.shape, generator=rng)
    if not shared:
        return own_NC
    parts = torch.split(own_NC, list(pack.lengths))
    clips = [
        share_noise(own_nC.reshape(g, h, w, -1), rng, shared).flatten(0, 2)
        for own_nC, (g, h, w) in zip(parts, pack.grids, strict=True)
    ]
    return torch.cat(clips)


def share_noise(own: Tensor, rng: torch.Generator, shared: float) -> Tensor:
    """Mix a clip's noise, of groups along its first dimension, with noise that all of them share.

    `shared` is the share of the variance that is common (the mixed noise of arXiv 2305.10474). A
    network of single frames draws the groups of a clip nearly alike from such noise, so what is
    left to be learned of clips is how they differ.
    """
    if not shared:
        return own
    common = torch.randn(own[:1].shape, generator=rng)
    return math.sqrt(1.0 - shared) * own + math.sqrt(shared) * common


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


def loss_per_clip(loss_N: Tensor, pack: Pack) -> tuple[Tensor, Tensor]:
    """Return the summed loss of each clip's unknown tokens, B, and how many they are, B."""
    index_N = torch.repeat_interleave(torch.tensor(pack.lengths, device=loss_N.device))
    counted = (~pack.known_N).to(loss_N.dtype)
    zeros = loss_N.new_zeros(len(pack.grids))
    return zeros.index_add(0, index_N, loss_N * counted), zeros.index_add(0, index_N, counted)


def clip_losses(
    denoiser: Denoiser, pack: Pack, timesteps_N: Tensor, noise_NC: Tensor, told: Told
) -> tuple[Tensor, Tensor]:
    """Noise a pack, predict it, and return what `loss_per_clip` does."""
    noisy = pack.with_tokens(noised(pack.tokens_NC, noise_NC, timesteps_N))
    clean_NC = denoiser(noisy, timesteps_N, told)
    return loss_per_clip(loss_per_token(clean_NC, pack.tokens_NC, timesteps_N), pack)
