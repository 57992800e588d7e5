"""Train the video model on a frozen dataset, and resume exactly where it stopped.

Everything random comes from the seed, the step and the counter of clips drawn, none of it
from hidden state. A run limited by steps therefore gives the same weights, to the last bit
on the same CPU, whether it ran through or was stopped and resumed. A run limited by
minutes depends on the machine's speed.
"""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from generator import checkpoint, flow
from generator.codec import Codec, PixelCodec
from generator.data import Account, Batch, PackBuilder, TrainingSet, prepare
from generator.dit import SIZES, num_parameters
from generator.optimizer import Optimizer
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.frames import FrameReader
from schemas.mix import CaptionMix, MixReport, mix_report, shares_of, shown_captions
from schemas.settings import Settings

log = logging.getLogger(__name__)


class TrainSettings(Settings):
    """How to train; the defaults suit two CPU cores and a few minutes."""

    size: Literal["nano", "tiny", "small", "base", "large"] = "tiny"
    """Size of the transformer."""
    max_pixels: int = Field(48 * 48, ge=64)
    """Pixels of one training frame at most; clips keep their aspect."""
    fps: float = Field(8.0, gt=0)
    """Frames a second to train at; slower clips keep their own rate."""
    max_frames: int = Field(16, ge=1)
    """Frames of one training sample at most; longer clips show a window, each time another."""
    token_budget: int = Field(2048, ge=1)
    """Tokens in one step at most."""
    steps: int = Field(1000, ge=1)
    """Optimizer steps at most."""
    max_minutes: float | None = Field(None, gt=0)
    """Minutes of training at most, counted over resumes; None for no limit."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak learning rate of all but the matrices inside the blocks (AdamW)."""
    matrix_learning_rate: float = Field(6e-3, gt=0)
    """Peak learning rate of the matrices inside the blocks (Muon)."""
    warmup: int = Field(20, ge=0)
    """Steps over which the learning rate rises from zero."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay of the matrices inside the blocks."""
    ema: float = Field(0.99, ge=0, lt=1)
    """Decay of the moving average of the weights, less during the first steps."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    shift_base_tokens: float = Field(1.0, gt=0)
    """Clips of more tokens than this train and sample with more noise (see flow.py).

    Patches of pixels need far more noise than latents of an autoencoder do before the prompt
    matters: with 64 here, samples after 1,000 steps still ignored their prompts.
    """
    timestep_spread: float = Field(1.25, gt=0)
    """Standard deviation of the timesteps' logit."""
    caption_dropout: float = Field(0.1, ge=0, le=1)
    """Share of clips shown without their caption, for guidance."""
    captions: CaptionMix = CaptionMix()
    """Which kind of caption a clip is shown with, and how often."""
    seed: int = Field(0, ge=0)
    """Seeds weights, order, windows, captions, timesteps and noise."""
    checkpoint_every: int = Field(200, ge=1)
    """Steps between checkpoints; the last step always writes one."""
    keep_checkpoints: int = Field(2, ge=1)
    """Checkpoints to keep."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the matrices; `auto` takes bfloat16 where the machine is fast at it."""
    num_threads: int | None = Field(None, ge=1)
    """CPU threads; None leaves torch's own choice."""


_MAY_CHANGE_ON_RESUME = {
    "steps",
    "max_minutes",
    "checkpoint_every",
    "keep_checkpoints",
    "num_threads",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One step, as written to the loss curve; `loss` is NaN for a step that was skipped."""

    step: int
    loss: float
    clips_seen: int
    seconds: float
    tokens: int
    learning_rate: float
    progress: float
    """Share of the run that is done, by steps or minutes, whichever is further."""
    skipped_clips: tuple[str, ...] = ()
    """Clips of a step that gave a loss or gradient that is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """Where the run ended. `loss` is the mean over its last 20 steps."""

    checkpoint_path: Path
    checkpoint_id: str
    step: int
    num_clips_seen: int
    loss: float
    losses_path: Path
    account: Account
    mix: MixReport
    num_skipped_steps: int


def train(
    dataset: Dataset,
    reader: FrameReader,
    settings: TrainSettings,
    out_dir: Path,
    *,
    resume: bool = False,
    on_step: Callable[[StepReport], None] | None = None,
) -> TrainResult:
    """Train until the step or minute limit and return the last checkpoint.

    Writes `out_dir/cache` (decoded clips), `out_dir/checkpoints` and `out_dir/losses.csv`.
    With `resume`, goes on from the newest checkpoint there, or starts where there is none.
    Raises UserError for a dataset without clips or captions, and for a checkpoint that is
    damaged or was trained otherwise.
    """
    codec = PixelCodec()
    _check(dataset, settings, codec)
    if settings.num_threads is not None:
        torch.set_num_threads(settings.num_threads)
    training_set = prepare(
        dataset,
        reader,
        folder=out_dir / "cache",
        max_pixels=settings.max_pixels,
        multiple=codec.stride[1],
        fps=settings.fps,
        max_frames=settings.max_frames,
        mix=settings.captions,
    )
    if not training_set.clips:
        reasons = sorted({u.reason for u in training_set.account.unreadable})
        raise UserError(
            f"no clip of dataset {dataset.name} can be read: {', '.join(reasons)}",
            "check that the videos still lie where they were when they were ingested",
        )
    run = _Run(dataset, training_set, settings, codec, out_dir, resume=resume)
    return run.train(on_step)


def _check(dataset: Dataset, settings: TrainSettings, codec: Codec) -> None:
    """Refuse what cannot be trained, before anything is decoded."""
    if not dataset.clips:
        raise UserError(
            f"dataset {dataset.name} holds no clips", "freeze it again with a wider selection"
        )
    kinds = {kind for clip in dataset.clips for kind in shown_captions(clip.captions)}
    if not kinds:
        raise UserError(
            f"no clip of dataset {dataset.name} has a caption",
            "caption the clips first (rushes caption), then freeze the dataset again",
        )
    if not shares_of(settings.captions, kinds):
        raise UserError(
            f"dataset {dataset.name} has captions of the kinds {', '.join(sorted(kinds))} only, "
            "and train.captions gives none of them a share",
            "give one a share: --set train.captions."
            + ("source=0.05" if settings.captions.source == 1 else f"{min(kinds)}=1"),
        )
    st, sh, sw = codec.stride
    largest = -(-settings.max_frames // st) * (settings.max_pixels // (sh * sw))
    if largest > settings.token_budget:
        raise UserError(
            f"one clip may take {largest} tokens, but token_budget is {settings.token_budget}",
            f"set token_budget to {largest} or more, or lower max_pixels or max_frames",
        )


class _Run:
    """The state of one training run: network, average, optimizer and counters."""

    def __init__(
        self,
        dataset: Dataset,
        training_set: TrainingSet,
        settings: TrainSettings,
        codec: Codec,
        out_dir: Path,
        *,
        resume: bool,
    ) -> None:
        self.dataset_id = dataset.dataset_id
        self.training_set = training_set
        self.settings = settings
        self.codec = codec
        self.out_dir = out_dir
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.autocast_dtype = autocast_dtype(settings.precision, self.device)
        torch.manual_seed(settings.seed)
        size = SIZES[settings.size]
        self.denoiser = flow.Denoiser(size, codec.num_channels).to(self.device)
        self.ema = {k: v.detach().clone() for k, v in self.denoiser.named_parameters()}
        self.optimizer = Optimizer(self.denoiser, weight_decay=settings.weight_decay)
        self.packs = PackBuilder(
            training_set.clips,
            codec,
            seed=settings.seed,
            max_frames=settings.max_frames,
            token_budget=settings.token_budget,
            caption_dropout=settings.caption_dropout,
            mix=settings.captions,
        )
        self.mix = mix_report(dataset, settings.captions)
        self.step = 0
        self.counter = 0
        self.seconds = 0.0
        self.num_skipped = 0
        self.recent: list[float] = []
        newest = checkpoint.checkpoints(self._checkpoints) if resume else []
        if newest:
            self._load(newest[-1])

    @property
    def _checkpoints(self) -> Path:
        return self.out_dir / "checkpoints"

    @property
    def _losses_path(self) -> Path:
        return self.out_dir / "losses.csv"

    def train(self, on_step: Callable[[StepReport], None] | None) -> TrainResult:
        """Step until the limit; write the loss curve and the checkpoints."""
        log.info(
            "training %s: %.2f M parameters, %d clips",
            self.settings.size,
            num_parameters(SIZES[self.settings.size], self.codec.num_channels) / 1e6,
            len(self.training_set.clips),
        )
        for line in self.mix.lines():
            log.info("captions: %s", line)
        saved: tuple[Path, str] | None = None
        with _LossCurve(self._losses_path, keep_steps=self.step) as curve:
            while self._progress() < 1.0:
                report = self._train_step()
                curve.write(report)
                saved = None
                if self.step % self.settings.checkpoint_every == 0:
                    saved = self._save()
                if on_step is not None:
                    on_step(report)
        path, checkpoint_id = saved or self._save()
        return TrainResult(
            checkpoint_path=path,
            checkpoint_id=checkpoint_id,
            step=self.step,
            num_clips_seen=self.counter,
            loss=sum(self.recent) / len(self.recent) if self.recent else math.nan,
            losses_path=self._losses_path,
            account=self.training_set.account,
            mix=self.mix,
            num_skipped_steps=self.num_skipped,
        )

    def _progress(self) -> float:
        minutes = self.settings.max_minutes
        by_time = 0.0 if minutes is None else self.seconds / (60.0 * minutes)
        return max(self.step / self.settings.steps, by_time)

    def _train_step(self) -> StepReport:
        """Do one optimizer step, or none where loss or gradient is no number."""
        started = time.perf_counter()
        progress = self._progress()
        batch = self.packs.build(self.counter)
        share = _share_of_rate(self.settings.warmup, self.step, progress)
        loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(
            self.denoiser.parameters(), self.settings.max_grad_norm, foreach=True
        )
        value = loss.item()
        finite = math.isfinite(value) and math.isfinite(norm.item())
        if finite:
            self.optimizer.step(
                learning_rate=share * self.settings.learning_rate,
                matrix_learning_rate=share * self.settings.matrix_learning_rate,
            )
            self._average()
        else:
            self.optimizer.forget()
        skipped = () if finite else self._skipped(batch)
        self.step += 1
        self.counter = batch.next_counter
        self.seconds += time.perf_counter() - started
        self.recent = [*self.recent[-19:], value] if finite else self.recent
        return StepReport(
            step=self.step,
            loss=value if finite else math.nan,
            clips_seen=self.counter,
            seconds=self.seconds,
            tokens=sum(batch.pack.lengths),
            learning_rate=share * self.settings.learning_rate,
            progress=self._progress(),
            skipped_clips=skipped,
        )

    def _loss(self, batch: Batch) -> Tensor:
        """Return the mean loss over the tokens of a batch, noised from seed and step."""
        rng = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + self.step)
        pack = batch.pack
        shift_B = torch.tensor(
            [flow.shift_of(n, self.settings.shift_base_tokens) for n in pack.lengths]
        )
        timesteps_N = pack.per_token(
            flow.draw_timesteps(shift_B, rng, spread=self.settings.timestep_spread)
        ).to(self.device)
        noise_NC = torch.randn(pack.tokens_NC.shape, generator=rng).to(self.device)
        pack = pack.to(self.device)
        noisy = type(pack)(
            tokens_NC=flow.noised(pack.tokens_NC, noise_NC, timesteps_N),
            positions_N3=pack.positions_N3,
            grids=pack.grids,
        )
        with autocast(self.device, self.autocast_dtype):
            text = self.denoiser.encode_text([d.caption for d in batch.draws])
            clean_NC = self.denoiser(noisy, timesteps_N, text)
        return flow.loss_per_token(clean_NC, pack.tokens_NC, timesteps_N).mean()

    def _average(self) -> None:
        """Move the average towards the weights; early on it follows them more closely."""
        decay = min(self.settings.ema, (1.0 + self.step) / (10.0 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.ema.values()), list(self.denoiser.parameters()), 1.0 - decay
            )

    def _skipped(self, batch: Batch) -> tuple[str, ...]:
        """Count a step without a number and name the clips that it held."""
        self.num_skipped += 1
        clips = tuple(self.training_set.clips[d.index].clip_id for d in batch.draws)
        log.warning("step %d skipped: loss or gradient is no number; clips %s", self.step, clips)
        return clips

    def _save(self) -> tuple[Path, str]:
        named = self.denoiser.named_parameters()
        return checkpoint.save(
            self._checkpoints,
            step=self.step,
            weights={k: v.detach().cpu() for k, v in named},
            ema={k: v.cpu() for k, v in self.ema.items()},
            optimizer={k: v.cpu() for k, v in self.optimizer.tensors().items()},
            state={
                "dataset_id": self.dataset_id,
                "settings": self.settings.model_dump(mode="json"),
                "codec": {
                    "name": self.codec.name,
                    "revision": self.codec.revision,
                    "stride": self.codec.stride,
                },
                "step": self.step,
                "clips_seen": self.counter,
                "seconds": self.seconds,
                "num_skipped_steps": self.num_skipped,
                "recent_losses": self.recent,
            },
            keep=self.settings.keep_checkpoints,
        )

    def _load(self, path: Path) -> None:
        """Take up the state of a checkpoint of the same dataset and settings."""
        self._check_same(path, checkpoint.read_state(path))
        found = checkpoint.load(path, with_optimizer=True)
        self.denoiser.load_state_dict(found.weights)
        for name, value in found.ema.items():
            self.ema[name].copy_(value)
        self.optimizer.load(found.optimizer)
        self.step = found.state["step"]
        self.counter = found.state["clips_seen"]
        self.seconds = found.state["seconds"]
        self.num_skipped = found.state["num_skipped_steps"]
        self.recent = found.state["recent_losses"]

    def _check_same(self, path: Path, state: dict[str, Any]) -> None:
        ours = self.settings.model_dump(mode="json")
        theirs = state["settings"]
        changed = sorted(
            key
            for key in ours.keys() | theirs.keys()
            if key not in _MAY_CHANGE_ON_RESUME and ours.get(key) != theirs.get(key)
        )
        if changed:
            values = ", ".join(f"{k} was {theirs.get(k)}, is {ours.get(k)}" for k in changed)
            raise UserError(
                f"cannot resume {path}: {values}",
                "set these back, or train into another folder",
            )
        if state["dataset_id"] != self.dataset_id:
            raise UserError(
                f"cannot resume {path}: it was trained on dataset {state['dataset_id']}, "
                f"not {self.dataset_id}",
                "train into another folder, or name the dataset it was trained on",
            )


class _LossCurve:
    """The CSV file of steps: opened once, a line a step, steps after the resumed one cut off."""

    def __init__(self, path: Path, *, keep_steps: int) -> None:
        self._path = path
        self._keep_steps = keep_steps

    def __enter__(self) -> _LossCurve:
        rows = []
        if self._keep_steps and self._path.is_file():
            with self._path.open(newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["step"]) <= self._keep_steps]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", newline="")
        self._writer = csv.DictWriter(
            self._file, ["step", "loss", "clips_seen", "seconds", "tokens"], extrasaction="ignore"
        )
        self._writer.writeheader()
        self._writer.writerows(rows)
        return self

    def write(self, report: StepReport) -> None:
        """Append a step; the line is on disk when this returns."""
        self._writer.writerow(asdict(report))
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _share_of_rate(warmup: int, step: int, progress: float) -> float:
    """Return the share of the peak learning rate: linear warmup by steps, then a cosine to 2 %."""
    warm = min(1.0, (step + 1) / (warmup + 1))
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return warm * (0.02 + 0.98 * cosine)


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """Return the dtype of matrix products, or None for float32."""
    if precision == "auto":
        if device.type == "cuda":
            fast = torch.cuda.is_bf16_supported()
        else:
            fast = bool(torch.cpu._is_avx512_bf16_supported())
        precision = "bfloat16" if fast else "float32"
    return torch.bfloat16 if precision == "bfloat16" else None


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    """Return a context in which matrix products run in `dtype`."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)
