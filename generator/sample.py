"""Sample video from a checkpoint: any prompt, any size, any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from generator import checkpoint, flow
from generator.codec import Codec, codec_named, grid_of
from generator.dit import SIZES
from generator.pack import Pack, pack, unpack
from generator.train import TrainSettings, autocast, autocast_dtype
from schemas.errors import UserError
from schemas.settings import Settings

_TOKENS_AT_ONCE = 8192


class SampleSettings(Settings):
    """What to sample and how."""

    width_px: int = Field(48, ge=1)
    """Width of the video."""
    height_px: int = Field(48, ge=1)
    """Height of the video."""
    seconds: float = Field(2.0, gt=0)
    """Length of the video; at least one frame."""
    fps: float = Field(8.0, gt=0)
    """Frames a second of the video."""
    seed: int = Field(0, ge=0)
    """Seed of the noise; the same seed gives the same pixels."""
    num_steps: int = Field(30, ge=1)
    """Euler steps from noise to video."""
    guidance_scale: float = Field(2.0, ge=0)
    """How far to go from the prediction without the prompt to the one with it; 1 is no guidance."""

    @property
    def num_frames(self) -> int:
        """Frames in the video."""
        return max(1, round(self.seconds * self.fps))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedCheckpoint:
    """A model ready to sample: the averaged weights, the codec, and how it was trained."""

    checkpoint_id: str
    path: Path
    denoiser: flow.Denoiser
    codec: Codec
    train_settings: TrainSettings


def load_checkpoint(path: Path) -> LoadedCheckpoint:
    """Load the averaged weights of a checkpoint folder.

    Raises UserError when it is missing or damaged.
    """
    found = checkpoint.load(path, with_optimizer=False)
    settings = TrainSettings.model_validate(found.state["settings"])
    named = found.state["codec"]
    try:
        codec = codec_named(named["name"], named["revision"], tuple(named["stride"]))
    except KeyError as error:
        raise UserError(
            f"checkpoint {path} wants the codec {error.args[0]}, which is not here",
            "use the version of rushes that trained it",
        ) from error
    denoiser = flow.Denoiser(SIZES[settings.size], codec.num_channels)
    denoiser.load_state_dict(found.ema)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return LoadedCheckpoint(
        checkpoint_id=found.checkpoint_id,
        path=path,
        denoiser=denoiser.eval().to(device),
        codec=codec,
        train_settings=settings,
    )


def sample(loaded: LoadedCheckpoint, prompt: str, settings: SampleSettings) -> NDArray[np.uint8]:
    """Return one video T,H,W,3 of exactly the size asked for."""
    return sample_batch(loaded, [prompt], settings)[0]


def sample_batch(
    loaded: LoadedCheckpoint,
    prompts: Sequence[str],
    settings: SampleSettings,
    *,
    seeds: Sequence[int] | None = None,
) -> list[NDArray[np.uint8]]:
    """Return one video per prompt, each from its own seed if `seeds` are given."""
    codec = loaded.codec
    grid = grid_of(
        codec,
        num_frames=settings.num_frames,
        width_px=settings.width_px,
        height_px=settings.height_px,
    )
    per_clip = grid[0] * grid[1] * grid[2]
    at_once = max(1, _TOKENS_AT_ONCE // (2 * per_clip))
    every_seed = [settings.seed] * len(prompts) if seeds is None else list(seeds)
    videos: list[NDArray[np.uint8]] = []
    for first in range(0, len(prompts), at_once):
        chosen = slice(first, first + at_once)
        noise = [_noise(codec, grid, seed) for seed in every_seed[chosen]]
        noisy = pack(noise, [codec.stride[0] / settings.fps] * len(noise))
        latents = _denoise(loaded, noisy, prompts[chosen], settings)
        videos += [
            codec.decode(
                x,
                num_frames=settings.num_frames,
                width_px=settings.width_px,
                height_px=settings.height_px,
            )
            for x in latents
        ]
    return videos


def _noise(codec: Codec, grid: tuple[int, int, int], seed: int) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn((codec.num_channels, *grid), generator=rng)


@torch.no_grad()
def _denoise(
    loaded: LoadedCheckpoint, noisy: Pack, prompts: Sequence[str], settings: SampleSettings
) -> list[Tensor]:
    """Walk from t = 1 to t = 0 and return the clean latents of every clip, on the CPU."""
    denoiser = loaded.denoiser
    device = denoiser.dit.head.weight.device
    train_settings = loaded.train_settings
    guided = settings.guidance_scale != 1.0
    texts = [*prompts, *[""] * len(prompts)] if guided else list(prompts)
    shift = flow.shift_of(noisy.lengths[0], train_settings.shift_base_tokens)
    times = flow.shifted(torch.linspace(1.0, 0.0, settings.num_steps + 1), shift)
    noisy = noisy.to(device)
    tokens_NC = noisy.tokens_NC
    with autocast(device, autocast_dtype(train_settings.precision, device)):
        text = denoiser.encode_text(texts)
        for t, t_next in zip(times.tolist(), times.tolist()[1:], strict=False):
            velocity_NC = _velocity(denoiser, noisy, tokens_NC, t, text, settings.guidance_scale)
            tokens_NC = euler_step(tokens_NC, velocity_NC, t, t_next)
    return unpack(tokens_NC.cpu(), noisy.grids)


def _velocity(
    denoiser: flow.Denoiser,
    noisy: Pack,
    tokens_NC: Tensor,
    t: float,
    text: tuple[Tensor, Tensor, Tensor],
    guidance_scale: float,
) -> Tensor:
    """Return the velocity at t; guided, clips run twice in one pack: with and without prompt."""
    copies = 1 if guidance_scale == 1.0 else 2
    doubled = Pack(
        tokens_NC=tokens_NC.repeat(copies, 1),
        positions_N3=noisy.positions_N3.repeat(copies, 1),
        grids=noisy.grids * copies,
    )
    timesteps_N = torch.full((len(doubled.tokens_NC),), t, device=tokens_NC.device)
    clean_NC = denoiser(doubled, timesteps_N, text)
    velocity_NC = flow.velocity_of(doubled.tokens_NC, clean_NC, timesteps_N)
    if copies == 1:
        return velocity_NC
    with_prompt, without = velocity_NC.chunk(2)
    return guide(with_prompt, without, guidance_scale)


def guide(conditional: Tensor, unconditional: Tensor, guidance_scale: float) -> Tensor:
    """Return unconditional + scale * (conditional - unconditional) (arXiv 2207.12598)."""
    return torch.lerp(unconditional, conditional, guidance_scale)


def euler_step(tokens_NC: Tensor, velocity_NC: Tensor, t: float, t_next: float) -> Tensor:
    """Follow the velocity from t to t_next."""
    return tokens_NC + (t_next - t) * velocity_NC
