"""Train the video autoencoder on the clips of a frozen dataset, resumable at any step.

Clips are decoded once, at up to `max_pixels`. Each step sees crops of them at many sizes and
frame rates: three groups of frames in a row, so that the decoder learns to use the groups
before and after. The loss counts every crop alike (the logarithm of its error), as PSNR does.
"""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from generator import checkpoint
from generator.autoencoder import GROUP_FRAMES, PATCH_PX, Autoencoder, to_patches
from generator.clips import box_of, frame_offsets, training_size, write_array
from generator.codec import from_bytes
from generator.learned_codec import (
    ENCODER,
    group_flags,
    named_codec,
    neighbours,
    read_weights,
    save_codec,
)
from generator.optimizer import Optimizer
from generator.parallel import autocast, autocast_dtype
from generator.schedule import average_decay, progress_of, share_of_rate
from generator.settings import CodecSettings, changes
from schemas.datasets import Dataset
from schemas.errors import MediaError, UserError
from schemas.frames import FrameReader
from schemas.ids import content_id

log = logging.getLogger(__name__)

_GROUPS = 3
"""Groups of a crop: one with both neighbours, two at an end."""
_FRAMES = _GROUPS * GROUP_FRAMES


_MAY_CHANGE_ON_RESUME = {"steps", "max_minutes", "checkpoint_every", "num_threads"}
_MAX_GRAD_NORM = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecStep:
    """One step; `psnr_db` is the mean over its crops."""

    step: int
    loss: float
    psnr_db: float
    seconds: float
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecResult:
    """The trained codec: its file and the hash that names it."""

    path: Path
    revision: str
    step: int
    psnr_db: float
    """Mean over the crops of the last 100 steps."""
    num_clips: int
    unreadable: tuple[str, ...]


def train_codec(
    dataset: Dataset,
    reader: FrameReader,
    settings: CodecSettings,
    out_dir: Path,
    *,
    resume: bool = False,
    weights: Mapping[str, float] | None = None,
    on_step: Callable[[CodecStep], None] | None = None,
) -> CodecResult:
    """Train until the step or minute limit and write `out_dir/codec.safetensors`.

    Writes `out_dir/frames` (decoded clips), `out_dir/checkpoints` and `out_dir/losses.csv`.
    `weights` say how often a clip is drawn beside others of its length (missing: 1).
    Raises UserError where no clip is large and long enough, and for a checkpoint that
    was trained otherwise.
    """
    if settings.num_threads is not None:
        torch.set_num_threads(settings.num_threads)
    footage, unreadable = decode(dataset, reader, settings, out_dir / "frames")
    if not footage:
        raise UserError(
            f"no clip of dataset {dataset.name} is at least {PATCH_PX} pixels and "
            f"{GROUP_FRAMES} frames large",
            "freeze a dataset of longer clips",
        )
    shares = [1.0 if weights is None else weights.get(clip_id, 1.0) for clip_id, _ in footage]
    crops = Crops([path for _, path in footage], settings, shares)
    run = _CodecRun(dataset.dataset_id, crops, settings, out_dir, resume=resume)
    path, revision = run.train(on_step)
    return CodecResult(
        path=path,
        revision=revision,
        step=run.step,
        psnr_db=sum(run.recent) / len(run.recent) if run.recent else math.nan,
        num_clips=len(footage),
        unreadable=unreadable,
    )


def decode(
    dataset: Dataset, reader: FrameReader, settings: CodecSettings, folder: Path
) -> tuple[list[tuple[str, Path]], tuple[str, ...]]:
    """Decode clips into `folder`, unless they are there.

    Returns (clip id, file) of those long enough, and the ids of those that cannot be read.
    """
    every = max(1, -(-len(dataset.clips) // settings.max_clips))
    paths, unreadable = [], []
    for item in dataset.clips[::every]:
        width, height = training_size(
            *box_of(item.ref), max_pixels=settings.max_pixels, multiple=PATCH_PX
        )
        offsets, _ = frame_offsets(item.ref, item.fps, settings.fps)
        first = max(0, (len(offsets) - settings.max_frames) // 2)
        offsets = offsets[first : first + settings.max_frames]
        path = folder / f"{content_id('frames', repr(item.ref), width, height, *offsets)}.npy"
        if not path.is_file():
            try:
                frames = reader.read(
                    item.ref, frame_offsets=offsets, width_px=width, height_px=height
                )
            except MediaError:
                unreadable.append(item.ref.clip_id)
                continue
            write_array(path, frames.pixels_THWC)
        if len(offsets) >= GROUP_FRAMES:
            paths.append((item.ref.clip_id, path))
    return paths, tuple(unreadable)


class Crops:
    """Draws crops from decoded clips: a pure function of the seed and the step."""

    def __init__(
        self, paths: Sequence[Path], settings: CodecSettings, weights: Sequence[float]
    ) -> None:
        self._clips = [np.load(path, mmap_mode="r") for path in paths]
        self._settings = settings
        # Long clips hold more to learn from, but not in proportion.
        shares = np.sqrt([min(len(clip), 10 * _FRAMES) for clip in self._clips]) * weights
        self._shares = shares / shares.sum()

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return pixels B,12,H,W,3 in [-1, 1] and which of the B,3 groups show one frame."""
        settings = self._settings
        rng = np.random.default_rng([settings.seed, 1, step])
        chosen = rng.choice(len(self._clips), settings.batch, p=self._shares)
        crops = [self._crop(self._clips[i], rng) for i in chosen]
        single = rng.random((len(crops), _GROUPS)) < settings.single_share
        return torch.stack(crops), torch.from_numpy(single)

    def _crop(self, clip: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
        """Return 12 frames of a crop at a scale by lot, mirrored and turned by lot."""
        size = self._settings.crop_px
        num_frames, height, width, _ = clip.shape
        stride = int(rng.integers(1, 1 + max(1, min(3, (num_frames - 1) // (_FRAMES - 1)))))
        span = min(num_frames, (_FRAMES - 1) * stride + 1)
        start = int(rng.integers(num_frames - span + 1))
        largest = max(1.0, min(height, width) / size)
        side = size * math.exp(rng.uniform(0.0, math.log(largest)))
        side_y, side_x = min(height, round(side)), min(width, round(side))
        top, left = (int(rng.integers(n - s + 1)) for n, s in ((height, side_y), (width, side_x)))
        part = clip[start : start + span : stride, top : top + side_y, left : left + side_x]
        pixels = torch.from_numpy(part.copy()).float().permute(0, 3, 1, 2)
        if (side_y, side_x) != (size, size):
            enlarge = side_y < size or side_x < size
            pixels = F.interpolate(pixels, (size, size), mode="bilinear" if enlarge else "area")
        pixels = pixels.permute(0, 2, 3, 1)
        if len(pixels) < _FRAMES:
            pixels = torch.cat((pixels, pixels[-1:].expand(_FRAMES - len(pixels), -1, -1, -1)))
        for axis in (0, 1, 2):
            if rng.random() < 0.5:
                pixels = pixels.flip(axis)
        if rng.random() < 0.3:
            pixels = pixels[..., torch.from_numpy(rng.permutation(3))]
        return from_bytes(pixels)


def reconstruct(
    network: Autoencoder, pixels_BTHWC: Tensor, single_BG: Tensor, noise: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return reconstruction and target, both B,T,H,W,3, and the latents.

    A single group's target is its first frame, four times. `noise` is added to the latents.
    """
    batch, num_frames, height, width, _ = pixels_BTHWC.shape
    num_groups = num_frames // GROUP_FRAMES
    groups = pixels_BTHWC.reshape(-1, GROUP_FRAMES, height, width, 3)
    single = single_BG.flatten()
    where = single[:, None, None, None, None]
    groups = torch.where(where, groups[:, :1].expand_as(groups), groups)
    latents = network.encode(groups, single)
    noisy = latents if noise is None else latents + noise
    clips = torch.split(noisy, num_groups)
    around = [torch.cat(neighbours(clip), 1) for clip in clips]
    flags = torch.cat([group_flags(row) for row in single_BG])
    out = network.decode(noisy, torch.cat(around), flags)
    out = torch.where(where, out.mean(1, keepdim=True).expand_as(out), out)
    shape = (batch, num_frames, height, width, 3)
    return out.reshape(shape), groups.reshape(shape), latents


class _CodecRun:
    def __init__(
        self,
        dataset_id: str,
        crops: Crops,
        settings: CodecSettings,
        out_dir: Path,
        *,
        resume: bool,
    ) -> None:
        self.dataset_id = dataset_id
        self.settings = settings
        self.out_dir = out_dir
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = autocast_dtype("auto", self.device)
        self.crops = crops
        torch.manual_seed(settings.seed)
        self.network = Autoencoder()
        newest = checkpoint.checkpoints(out_dir / "checkpoints") if resume else []
        if settings.init and not newest:
            self.network.load_state_dict(read_weights(named_codec(settings.init)))
        elif not newest:
            self.network.start_linear(self._patches())
        if settings.decoder_only:
            for name, parameter in self.network.named_parameters():
                parameter.requires_grad_(not name.startswith(ENCODER))
        channels_last = torch.channels_last
        self.network.to(self.device).to(memory_format=channels_last)  # type: ignore[call-overload]
        self.ema = {k: v.detach().clone() for k, v in self.network.named_parameters()}
        self.optimizer = Optimizer(self.network)
        self.step = 0
        self.seconds = 0.0
        self.recent: list[float] = []
        if newest:
            self._load(newest[-1])

    def _patches(self) -> Tensor:
        """Return patches of many crops, for the linear codec that training starts from."""
        found = []
        for number in range(60):
            pixels, _ = self.crops.batch(-number - 1 + 2**31)
            groups = pixels.reshape(-1, GROUP_FRAMES, *pixels.shape[2:])
            found.append(to_patches(groups).permute(0, 2, 3, 1).flatten(0, 2)[::3])
        return torch.cat(found)

    def train(self, on_step: Callable[[CodecStep], None] | None) -> tuple[Path, str]:
        """Step until the limit; return the file of the codec and its revision."""
        self.out_dir.mkdir(parents=True, exist_ok=True)
        path = self.out_dir / "losses.csv"
        rows: list[list[str]] = []
        if self.step and path.is_file():
            with path.open(newline="") as file:
                rows = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= self.step]
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "loss", "psnr_db", "seconds"])
            writer.writerows(rows)
            while self._progress() < 1.0:
                report = self._train_step()
                writer.writerow([report.step, report.loss, report.psnr_db, report.seconds])
                if self.step % self.settings.checkpoint_every == 0:
                    file.flush()
                    self._save()
                if on_step is not None:
                    on_step(report)
        self._save()
        final = Autoencoder()
        final.load_state_dict({**self.network.state_dict(), **self.ema})
        out = self.out_dir / "codec.safetensors"
        notes = {
            "dataset_id": self.dataset_id,
            "steps": str(self.step),
            "minutes": f"{self.seconds / 60:.1f}",
            "settings": self.settings.model_dump_json(),
        }
        return out, save_codec(final, out, notes=notes)

    def _progress(self) -> float:
        settings = self.settings
        return progress_of(self.step, settings.steps, self.seconds, settings.max_minutes)

    def _train_step(self) -> CodecStep:
        started = time.perf_counter()
        settings = self.settings
        share = share_of_rate(settings.warmup, self.step, self._progress())
        pixels, single = (x.to(self.device) for x in self.crops.batch(self.step))
        noise = self._noise(pixels).to(self.device) if settings.latent_noise else None
        with autocast(self.device, self.dtype):
            out, target, latents = reconstruct(self.network, pixels, single, noise)
        loss, psnr_db = codec_loss(out.float(), target)
        (loss + 1e-3 * latents.float().square().mean()).backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _MAX_GRAD_NORM)
        if math.isfinite(norm.item()) and math.isfinite(loss.item()):
            self.optimizer.step(
                learning_rate=share * settings.learning_rate,
                matrix_learning_rate=share * settings.matrix_learning_rate,
            )
            decay = average_decay(settings.ema, self.step)
            with torch.no_grad():
                torch._foreach_lerp_(
                    list(self.ema.values()), list(self.network.parameters()), 1.0 - decay
                )
        else:
            log.warning("step %d skipped: its loss or gradient is no number", self.step)
            self.optimizer.forget()
        self.step += 1
        self.seconds += time.perf_counter() - started
        self.recent = [*self.recent[-99:], psnr_db]
        return CodecStep(
            step=self.step,
            loss=loss.item(),
            psnr_db=psnr_db,
            seconds=self.seconds,
            progress=self._progress(),
        )

    def _noise(self, pixels: Tensor) -> Tensor:
        """Return noise for the latents of a batch, of a strength by lot for each group."""
        rng = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + self.step)
        batch, num_frames, height, width, _ = pixels.shape
        count = batch * num_frames // GROUP_FRAMES
        shape = (count, 16, height // PATCH_PX, width // PATCH_PX)
        strength = self.settings.latent_noise * torch.rand(count, 1, 1, 1, generator=rng)
        return strength * torch.randn(shape, generator=rng)

    def _save(self) -> None:
        state: dict[str, Any] = {
            "dataset_id": self.dataset_id,
            "codec_settings": self.settings.model_dump(mode="json"),
            "step": self.step,
            "seconds": self.seconds,
            "recent": self.recent,
        }
        buffers = {k: v.cpu() for k, v in self.network.named_buffers()}
        checkpoint.save(
            self.out_dir / "checkpoints",
            step=self.step,
            weights={k: v.detach().cpu() for k, v in self.network.named_parameters()} | buffers,
            ema={k: v.cpu() for k, v in self.ema.items()},
            optimizer={k: v.cpu() for k, v in self.optimizer.tensors().items()},
            state=state,
            keep=2,
        )

    def _load(self, path: Path) -> None:
        state = checkpoint.read_state(path)
        ours, theirs = self.settings.model_dump(mode="json"), state.get("codec_settings", {})
        changed = changes(
            {**ours, "dataset": self.dataset_id},
            {**theirs, "dataset": state["dataset_id"]},
            _MAY_CHANGE_ON_RESUME,
        )
        if changed:
            raise UserError(
                f"cannot resume {path}: {', '.join(changed)}",
                "set it back, or train into another folder",
            )
        found = checkpoint.load(path, with_optimizer=True)
        self.network.load_state_dict(found.weights)
        for name, value in found.ema.items():
            self.ema[name].copy_(value)
        self.optimizer.load(found.optimizer)
        self.step, self.seconds = found.state["step"], found.state["seconds"]
        self.recent = found.state["recent"]


def codec_loss(out_BTHWC: Tensor, target_BTHWC: Tensor) -> tuple[Tensor, float]:
    """Return the mean over crops of the log of squared and absolute error, and the mean PSNR.

    Values are in [-1, 1], so the peak is 2.
    """
    error = out_BTHWC - target_BTHWC
    square = error.square().mean((1, 2, 3, 4))
    absolute = error.abs().mean((1, 2, 3, 4))
    loss = (square + 1e-5).log().mean() + 0.3 * (absolute + 2e-3).log().mean()
    psnr_db = (10.0 * (4.0 / square.detach().clamp_min(1e-9)).log10()).mean().item()
    return loss, psnr_db
