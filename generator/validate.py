"""Validation while training: fixed clips, noise and timesteps, so that numbers compare.

The flow loss at ten equidistant timesteps of clips never trained on is the number that goes with
quality (Open-Sora 1.2, docs/report_03.md); whether samples show what their prompts say
is read by the parser that `orchestration` lends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from generator import flow
from generator.clips import BadLatentsError, TrainingClip
from generator.codec import Codec
from generator.data import Draw, item_of
from generator.dit import SIZES
from generator.flow import Denoiser
from generator.pack import Pack, pack
from generator.parallel import autocast
from generator.settings import SampleSettings, TrainSettings, ValidationSettings
from generator.tasks import draw_picture
from schemas.frames import World
from schemas.mix import choose_kind

_TIMESTEPS = tuple((i + 0.5) / 10 for i in range(10))


def split_off(
    clips: Sequence[TrainingClip], settings: ValidationSettings
) -> tuple[tuple[TrainingClip, ...], tuple[TrainingClip, ...]]:
    """Return the clips to train on and those to validate on, chosen by a hash of their ids.

    A clip so stays on its side whatever else the dataset holds, as long as fewer than
    `max_clips` are held out. Nothing is held out of a dataset of fewer than ten clips.
    """
    if len(clips) < 10 or settings.share == 0:
        return tuple(clips), ()
    places = {
        c.clip_id: int.from_bytes(hashlib.sha256(c.clip_id.encode()).digest()[:6], "big") / 2**48
        for c in clips
    }
    held = [c for c in clips if places[c.clip_id] < settings.share]
    chosen = {
        c.clip_id
        for c in sorted(held, key=lambda c: places[c.clip_id])[
            : min(settings.max_clips, len(clips) - 1)
        ]
    }
    return (
        tuple(c for c in clips if c.clip_id not in chosen),
        tuple(c for c in clips if c.clip_id in chosen),
    )


class Validation:
    """Measures a network on held-out clips; the same clips and noise each time."""

    def __init__(
        self,
        clips: Sequence[TrainingClip],
        settings: TrainSettings,
        codec: Codec,
        world: World | None,
        units: Mapping[str, float],
        longest_s: float,
    ) -> None:
        self.clips = tuple(clips)
        self._settings = settings
        self._codec = codec
        self._world = world
        self._units = units
        self._longest_s = longest_s

    def measure(
        self, denoiser: Denoiser, device: torch.device, dtype: torch.dtype | None
    ) -> dict[str, float]:
        """Return `loss`, `loss/t=...`, `loss/SIZE`, `text/t=...` and the prompts' accuracy.

        `text/t=...` is what the caption is worth at a noise level: how much larger the loss is
        under the caption of the next clip. Where it stays near 0, prompts are not learned.
        """
        sums: dict[str, list[float]] = {}
        draws = [self._drawn(clip, number) for number, clip in enumerate(self.clips)]
        patch = SIZES[self._settings.size].patch
        for number, (clip, drawn) in enumerate(zip(self.clips, draws, strict=True)):
            try:
                item = item_of(clip, drawn, patch)
            except BadLatentsError:
                continue
            one = pack([item], patch)
            rng = torch.Generator().manual_seed(number)
            noise_NC = flow.draw_noise(one, rng, self._settings.shared_noise).to(device)
            noise_NC = noise_NC.repeat(len(_TIMESTEPS), 1)
            ten = one.to(device).repeated(len(_TIMESTEPS))
            timesteps_N = ten.timesteps(torch.tensor(_TIMESTEPS, device=device))
            means = self._losses(denoiser, ten, timesteps_N, noise_NC, drawn.caption, dtype)
            size = "x".join(map(str, one.grids[0]))
            for t, loss in zip(_TIMESTEPS, means, strict=True):
                for name in ("loss", f"loss/t={t:.2f}", f"loss/{size}"):
                    sums.setdefault(name, []).append(loss)
            other = draws[(number + 1) % len(draws)].caption
            if drawn.caption and other not in ("", drawn.caption):
                under_other = self._losses(denoiser, ten, timesteps_N, noise_NC, other, dtype)
                for t, loss, worse in zip(_TIMESTEPS, means, under_other, strict=True):
                    sums.setdefault(f"text/t={t:.2f}", []).append(worse - loss)
        measured = {name: sum(values) / len(values) for name, values in sums.items()}
        return measured | self._read_prompts(denoiser, device, dtype)

    @staticmethod
    def _losses(
        denoiser: Denoiser,
        pack: Pack,
        timesteps_N: Tensor,
        noise_NC: Tensor,
        caption: str,
        dtype: torch.dtype | None,
    ) -> list[float]:
        """Return the loss of each clip of a pack under one caption."""
        with torch.no_grad(), autocast(timesteps_N.device, dtype):
            told = denoiser.tell([caption] * len(pack.grids))
            total, count = flow.clip_losses(denoiser, pack, timesteps_N, noise_NC, told)
        means: list[float] = (total / count).tolist()
        return means

    def _drawn(self, clip: TrainingClip, number: int) -> Draw:
        """Return a clip as text to video, from its start, with the caption first in the mix."""
        frames = min(self._settings.max_frames, clip.num_frames)
        captions = dict(clip.captions)
        kind = choose_kind(self._settings.captions, captions, 0.5)
        return Draw(
            counter=number,
            index=number,
            start_frame=0,
            task="video",
            picture=draw_picture(
                "video",
                frames,
                clip.group_frames,
                np.random.default_rng(0),
                is_local=clip.is_local,
            ),
            kind=kind,
            caption=captions[kind] if kind else "",
            scores={},
        )

    def _read_prompts(
        self, denoiser: Denoiser, device: torch.device, dtype: torch.dtype | None
    ) -> dict[str, float]:
        count = self._settings.validation.num_prompts
        if self._world is None or not count:
            return {}
        from generator.measure_prompts import share_right
        from generator.sample import LoadedCheckpoint, sample_batch

        loaded = LoadedCheckpoint.of(
            denoiser, self._codec, self._settings, self._units, self._longest_s, device
        )
        rights: list[float] = []
        for number, clip in enumerate(self.clips[:count]):
            drawn = self._drawn(clip, number)
            rows, columns = clip.grid
            _, sh, sw = self._codec.stride
            settings = SampleSettings(
                width_px=columns * sw,
                height_px=rows * sh,
                seconds=drawn.picture.num_frames / clip.fps,
                fps=clip.fps,
                seed=number,
                num_steps=self._settings.validation.num_steps,
                guidance_scale=self._settings.validation.guidance_scale,
            )
            pixels = sample_batch(loaded, [drawn.caption], settings)[0]
            right = share_right(drawn.caption, pixels, clip.fps, self._world)
            if right is not None:
                rights.append(right)
        return {"prompt_accuracy": sum(rights) / len(rights)} if rights else {}
