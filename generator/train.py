"""Train the video model on a frozen dataset, and resume exactly where it stopped.

Everything random comes from the seed, the step and the counter of clips drawn, none of it
from hidden state. A run limited by steps therefore gives the same weights, to the last bit
on the same CPU and with the same number of workers, whether it ran through or was stopped and
resumed. A run limited by minutes depends on the machine's speed.

One function for every machine: started plainly it trains in this process; started by torchrun
or Ray Train, in all of theirs (`generator/parallel.py`).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from generator import checkpoint, flow
from generator.clips import (
    Account,
    Encoded,
    TrainingClip,
    TrainingSet,
    Unreadable,
    collect,
    encode_dataset,
)
from generator.codec import Codec
from generator.codecs import open_codec
from generator.data import Batch, PackBuilder
from generator.dit import SIZES, num_parameters
from generator.guard import GradientNorms
from generator.loss_log import ClipLoss, LossLog
from generator.optimizer import Optimizer
from generator.pack import Pack
from generator.parallel import (
    Workers,
    autocast,
    autocast_dtype,
    like,
    load_whole,
    local,
    whole,
)
from generator.reading import ReadingReport, learn_to_read
from generator.schedule import average_decay, progress_of, share_of_rate
from generator.settings import TrainSettings
from generator.setup import (
    check,
    check_workers,
    checked_weights,
    clip_size,
    draw_settings,
    score_units,
)
from generator.tallies import PREFIX, ClipRecord, Tallies
from generator.text import TextEncoder
from generator.validate import Validation, split_off
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.frames import FrameReader, World
from schemas.mix import MixReport, mix_report

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """One step, as written to the loss curve; `loss` is NaN for a step that was skipped."""

    step: int
    loss: float
    grad_norm: float
    clips_seen: int
    seconds: float
    tokens: int
    learning_rate: float
    progress: float
    """Share of the run that is done, by steps or minutes, whichever is further."""
    skipped_clips: tuple[str, ...] = ()
    """Clips left out of the step: bad latents, or a loss or gradient that is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """Where the run ended. `loss` is the mean over its last 20 steps."""

    checkpoint_path: Path
    checkpoint_id: str
    best_path: Path | None
    """The checkpoint with the lowest validation loss."""
    step: int
    num_clips_seen: int
    loss: float
    losses_path: Path
    account: Account
    mix: MixReport
    num_skipped_steps: int
    reading: ReadingReport | None
    """How well the text encoder had learned to read; None where it was trained along."""
    clips: tuple[ClipRecord, ...]
    validation: dict[str, float]
    """What the last validation measured."""


def train(
    dataset: Dataset,
    reader: FrameReader,
    settings: TrainSettings,
    out_dir: Path,
    *,
    latents_dir: Path | None = None,
    resume: bool = False,
    weights: Mapping[str, float] | None = None,
    world: World | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    on_clip: Callable[[Encoded | Unreadable], None] | None = None,
) -> TrainResult:
    """Train until the step or minute limit and return the last checkpoint.

    Writes `out_dir/checkpoints`, the loss curves, and latents into `latents_dir`
    (`out_dir/latents` if none is given). With `resume`, goes on from the newest checkpoint
    there, or starts where there is none. `weights` say how often each clip is drawn (missing: 1),
    `world` reads validation samples. Raises UserError for a dataset without clips or captions,
    settings that cannot be trained, and a checkpoint that is damaged or was trained otherwise.
    """
    codec = open_codec(settings.codec)
    check(dataset, settings, codec)
    if settings.num_threads is not None:
        torch.set_num_threads(settings.num_threads)
    workers = Workers()
    try:
        check_workers(settings, workers.count)
        folder = latents_dir or out_dir / "latents"
        training_set = _encode(dataset, reader, settings, codec, folder, workers, on_clip)
        run = _Run(
            dataset,
            training_set,
            settings,
            codec,
            out_dir,
            workers,
            weights,
            world,
            texts_dir=folder / "texts",
            resume=resume,
        )
        return run.train(on_step)
    finally:
        workers.close()


def _encode(
    dataset: Dataset,
    reader: FrameReader,
    settings: TrainSettings,
    codec: Codec,
    folder: Path,
    workers: Workers,
    on_clip: Callable[[Encoded | Unreadable], None] | None,
) -> TrainingSet:
    """Encode what is not cached, shared out among the workers, who then tell each other.

    So a clip that one of them could not read is left out by all.
    """
    size = clip_size(settings, codec)
    share = replace(dataset, clips=dataset.clips[workers.rank :: workers.count])
    encoded: Iterable[Encoded | Unreadable] = encode_dataset(share, reader, codec, size, folder)
    if workers.count > 1:
        parts = workers.gather(list(encoded))
        encoded = (parts[i % workers.count][i // workers.count] for i in range(len(dataset.clips)))
    found = collect(encoded, size, mix=settings.captions, on_clip=on_clip)
    if not found.clips:
        reasons = sorted({u.reason for u in found.account.unreadable})
        raise UserError(
            f"no clip of dataset {dataset.name} can be read: {', '.join(reasons)}",
            "check that the videos still lie where they were when they were ingested",
        )
    return found


class _Run:
    """The state of one training run: network, average, optimizer and counters."""

    def __init__(
        self,
        dataset: Dataset,
        training_set: TrainingSet,
        settings: TrainSettings,
        codec: Codec,
        out_dir: Path,
        workers: Workers,
        weights: Mapping[str, float] | None,
        world: World | None,
        *,
        texts_dir: Path,
        resume: bool,
    ) -> None:
        self.dataset_id = dataset.dataset_id
        self.training_set = training_set
        self.settings = settings
        self.codec = codec
        self.out_dir = out_dir
        self.workers = workers
        self.device = workers.device
        self.autocast_dtype = autocast_dtype(settings.precision, self.device)
        self.size = SIZES[settings.size]
        torch.manual_seed(settings.seed)
        self.denoiser = new_denoiser(settings, codec, texts_dir).to(self.device)
        newest = checkpoint.checkpoints(self._checkpoints)[-1:] if resume else []
        seen = workers.gather([path.name for path in newest])
        if any(names != seen[0] for names in seen):
            raise UserError(
                f"the workers do not find the same checkpoints in {self._checkpoints}",
                "train into a folder that all of them share",
            )
        trained, held = split_off(training_set.clips, settings.validation)
        self.seconds = 0.0
        self._open_text(newest[0] if newest else None, trained, held)
        self._speed_up()
        workers.shard(self.denoiser)
        self.ema = {k: v.detach().clone() for k, v in self.denoiser.named_parameters()}
        self.optimizer = Optimizer(
            self.denoiser,
            weight_decay=settings.weight_decay,
            use_muon=settings.optimizer == "muon",
        )
        self.clips: tuple[TrainingClip, ...] = trained
        self.units = score_units(training_set.clips, settings.scores)
        self.longest_s = max((c.num_frames / c.fps for c in training_set.clips), default=0.0)
        self.packs = PackBuilder(
            trained,
            draw_settings(settings, codec),
            token_budget=settings.token_budget,
            first_token_budget=settings.first_token_budget,
            images_first=settings.images_first,
            patch=self.size.patch,
            weights=checked_weights(weights, trained),
        )
        self.validation = Validation(held, settings, codec, world, self.units, self.longest_s)
        self.mix = mix_report(dataset, settings.captions)
        self.step = 0
        self.counter = 0
        self.num_skipped = 0
        self.recent: list[float] = []
        self.norms = GradientNorms()
        self.measured: dict[str, float] = {}
        self.best = math.inf
        self.earlier: list[dict[str, Any]] = []
        self.tallies = Tallies(len(trained))
        if settings.init and not newest:
            self._start_from(checkpoint.named(settings.init))
        if newest:
            self._load(newest[0])

    @property
    def _checkpoints(self) -> Path:
        return self.out_dir / "checkpoints"

    def _open_text(
        self,
        newest: Path | None,
        trained: Sequence[TrainingClip],
        held: Sequence[TrainingClip],
    ) -> None:
        """Teach a fresh text encoder to read, or keep one that can as it is.

        The time counts, on one clock for all.
        """
        before = newest or (checkpoint.named(self.settings.init) if self.settings.init else None)
        if before is not None:
            found = checkpoint.read_state(before)["reading"]
            self.reading = None if found is None else ReadingReport(**found)
            if self.reading is not None and isinstance(self.denoiser.text, TextEncoder):
                self.denoiser.text.freeze()
            return
        self.reading = learn_to_read(
            self.denoiser,
            [dict(clip.captions) for clip in trained],
            [dict(clip.captions) for clip in held],
            self.settings.captions,
            steps=self.settings.reading_steps,
            learning_rate=self.settings.learning_rate,
            matrix_learning_rate=self.settings.matrix_learning_rate,
            use_muon=self.settings.optimizer == "muon",
            seed=self.settings.seed,
            dtype=self.autocast_dtype,
        )
        taken = 0.0 if self.reading is None else self.reading.seconds
        self.seconds = self.workers.gather(taken)[0]

    def _speed_up(self) -> None:
        """Wrap the blocks as the settings ask: compiled, or computed twice to save memory."""
        if self.settings.activation_checkpointing:
            self.denoiser.dit.checkpoint_blocks = True
        if self.settings.compile:
            self.denoiser.dit.compile_blocks()

    def train(self, on_step: Callable[[StepReport], None] | None) -> TrainResult:
        """Step until the limit; write the loss curve and the checkpoints."""
        log.info(
            "training %s: %.2f M parameters, %d clips, %d for validation, %s",
            self.settings.size,
            num_parameters(self.size, self.codec.num_channels) / 1e6,
            len(self.clips),
            len(self.validation.clips),
            "bfloat16" if self.autocast_dtype else "float32",
        )
        for line in self.mix.lines():
            log.info("captions: %s", line)
        saved: tuple[Path, str] | None = None
        with (
            LossLog(self.out_dir, keep_steps=self.step)
            if self.workers.is_first
            else nullcontext() as losses
        ):
            while self._progress() < 1.0:
                report, clips = self._train_step()
                if losses is not None:
                    losses.step(
                        {name: getattr(report, name) for name in report.__dataclass_fields__}, clips
                    )
                saved = None
                every = self.settings.validation.every
                is_due = bool(every) and self.step % every == 0
                if is_due:
                    self._validate(losses)
                if is_due or self.step % self.settings.checkpoint_every == 0:
                    saved = self._save(losses)
                if on_step is not None:
                    on_step(report)
            if saved is None:
                if self.measured.get("step") != self.step:
                    self._validate(losses)
                saved = self._save(losses)
        path, checkpoint_id = saved
        return TrainResult(
            checkpoint_path=path,
            checkpoint_id=checkpoint_id,
            best_path=checkpoint.best_checkpoint(self._checkpoints),
            step=self.step,
            num_clips_seen=self.counter,
            loss=sum(self.recent) / len(self.recent) if self.recent else math.nan,
            losses_path=self.out_dir / "losses.csv",
            account=self.training_set.account,
            mix=self.mix,
            num_skipped_steps=self.num_skipped,
            reading=self.reading,
            clips=self.tallies.records(self.clips),
            validation=self.measured,
        )

    def _progress(self) -> float:
        settings = self.settings
        return progress_of(self.step, settings.steps, self.seconds, settings.max_minutes)

    def _train_step(self) -> tuple[StepReport, list[ClipLoss]]:
        """Do one optimizer step, or none where loss or gradient is no number."""
        started = time.perf_counter()
        share = share_of_rate(
            self.settings.warmup, self.step, self._progress(), self.settings.cooldown
        )
        mine, next_counter = self._batches()
        bad = [error for batch in mine for error in batch.bad]
        total = self.workers.sum(torch.tensor([sum(unknown(b.pack) for b in mine)])).item()
        clips: list[ClipLoss] = []
        suspects: list[int] = []
        for number, batch in mine_numbered(mine, self.workers):
            found = self._backward(batch, number, total)
            clips += found
            suspects += [c.index for c in found if not math.isfinite(c.loss)]
        norm = nn.utils.clip_grad_norm_(
            self.denoiser.parameters(), self.norms.limit(self.settings.max_grad_norm)
        )
        norm_value = float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
        told = self.workers.gather((clips, suspects, [(e.clip_id, e.message) for e in bad]))
        clips = [clip for part, _, _ in told for clip in part]
        suspects = [index for _, part, _ in told for index in part]
        bad_ids = [clip_id for _, _, part in told for clip_id, _ in part]
        value = sum(c.loss * c.tokens for c in clips) / max(1, sum(c.tokens for c in clips))
        finite = bool(clips) and math.isfinite(value) and math.isfinite(norm_value)
        for error in bad:
            log.warning("left out: %s", error)
        if finite:
            self.norms.add(norm_value)
            self.optimizer.step(
                learning_rate=share * self.settings.learning_rate,
                matrix_learning_rate=share * self.settings.matrix_learning_rate,
            )
            self._average()
            self.tallies.add(clips)
        else:
            self.optimizer.forget()
            self.num_skipped += 1
            # Where no clip's own loss says whose fault it was, all are named.
            suspects = suspects or [c.index for c in clips]
            log.warning(
                "step %d skipped: loss or gradient is no number; clips %s",
                self.step,
                [self.clips[i].clip_id for i in suspects],
            )
        named = [] if finite else [self.clips[i].clip_id for i in suspects]
        self.tallies.skip(self.clips, [*bad_ids, *named])
        self.step += 1
        self.counter = next_counter
        # One clock for all, since the learning rate and the end may hang on it.
        self.seconds += self.workers.gather(time.perf_counter() - started)[0]
        self.recent = [*self.recent[-19:], value] if finite else self.recent
        report = StepReport(
            step=self.step,
            loss=value if finite else math.nan,
            grad_norm=norm_value,
            clips_seen=self.counter,
            seconds=self.seconds,
            tokens=int(total),
            learning_rate=share * self.settings.learning_rate,
            progress=self._progress(),
            skipped_clips=(*bad_ids, *named),
        )
        return report, clips if finite else []

    def _batches(self) -> tuple[list[Batch], int]:
        """Return this worker's packs of the step, and where the next step begins."""
        counter, mine = self.counter, []
        progress = self._progress()
        for number in range(self.settings.packs_per_step):
            if number % self.workers.count == self.workers.rank:
                batch = self.packs.build(counter, progress)
                mine.append(batch)
                counter = batch.next_counter
            else:
                counter += len(self.packs.draws(counter, progress))
        return mine, counter

    def _backward(self, batch: Batch, number: int, total: float) -> list[ClipLoss]:
        """Add the gradients of one pack; return the loss of each of its clips."""
        if not batch.draws:
            self._keep_in_step()
            return []
        rng = torch.Generator().manual_seed(
            (self.settings.seed * 1_000_003 + self.step) * 1_009 + number
        )
        shift_B = torch.tensor(
            [flow.shift_of(n, self.settings.shift_base_tokens) for n in batch.pack.lengths]
        )
        t_B = flow.draw_timesteps(shift_B, rng, spread=self.settings.timestep_spread)
        noise_NC = flow.draw_noise(batch.pack, rng, self.settings.shared_noise).to(self.device)
        pack = batch.pack.to(self.device)
        with autocast(self.device, self.autocast_dtype):
            told = self.denoiser.tell(
                [d.caption for d in batch.draws],
                [{n: v / self.units[n] for n, v in d.scores.items()} for d in batch.draws],
            )
            sums_B, counts_B = flow.clip_losses(
                self.denoiser, pack, pack.timesteps(t_B.to(self.device)), noise_NC, told
            )
        # Sharded gradients are means over the workers, so the sum is made up for here.
        (sums_B.sum() * (self.workers.count / total)).backward()  # type: ignore[no-untyped-call]
        means = (sums_B.detach() / counts_B.clamp_min(1)).tolist()
        return [
            ClipLoss(
                index=drawn.index,
                t=t,
                task=drawn.task,
                size="x".join(map(str, grid)),
                loss=loss,
                tokens=int(tokens),
            )
            for drawn, t, grid, loss, tokens in zip(
                batch.draws, t_B.tolist(), batch.pack.grids, means, counts_B.tolist(), strict=True
            )
        ]

    def _keep_in_step(self) -> None:
        """Go through the network for nothing where other workers cannot go on without this one."""
        if self.workers.count == 1:
            return
        blank = Pack(
            tokens_NC=torch.zeros(1, self.denoiser.dit.num_channels),
            positions_N5=torch.ones(1, 5),
            known_N=torch.zeros(1, dtype=torch.bool),
            grids=((1, 1, 1),),
        ).to(self.device)
        with autocast(self.device, self.autocast_dtype):
            told = self.denoiser.tell([""], [{}])
            clean_NC = self.denoiser(blank, torch.ones(1, device=self.device), told)
        (clean_NC.sum() * 0.0).backward()

    def _average(self) -> None:
        """Move the average towards the weights; early on it follows them more closely."""
        decay = average_decay(self.settings.ema, self.step)
        means = [local(mean) for mean in self.ema.values()]
        with torch.no_grad():
            torch._foreach_lerp_(
                means, [local(value) for value in self.denoiser.parameters()], 1.0 - decay
            )

    def _validate(self, losses: LossLog | None) -> None:
        """Measure with the average weights; remember whether they are the best so far."""
        if not self.validation.clips:
            return
        raw = {k: v.detach().clone() for k, v in self.denoiser.named_parameters()}
        with torch.no_grad():
            for name, parameter in self.denoiser.named_parameters():
                parameter.copy_(self.ema[name])
        self.denoiser.eval()
        measured = self.validation.measure(self.denoiser, self.device, self.autocast_dtype)
        self.workers.settle(self.denoiser)
        with torch.no_grad():
            for name, parameter in self.denoiser.named_parameters():
                parameter.copy_(raw[name])
        self.denoiser.train()
        if losses is not None:
            losses.validation(self.step, measured)
        self.measured = {**measured, "step": self.step}

    def _save(self, losses: LossLog | None) -> tuple[Path, str]:
        if losses is not None:
            losses.flush(self.step)
        measured = self.measured.get("loss", math.inf)
        is_best = self.measured.get("step") == self.step and measured < self.best
        if is_best:
            self.best = measured
        named = {k: whole(v) for k, v in self.denoiser.named_parameters()}
        ema = {k: whole(v) for k, v in self.ema.items()}
        optimizer = {k: v.cpu() for k, v in self.optimizer.tensors().items()}
        optimizer |= self.tallies.tensors()
        state: dict[str, Any] = {
            "dataset_id": self.dataset_id,
            "settings": self.settings.model_dump(mode="json"),
            "codec": {
                "source": self.settings.codec,
                "name": self.codec.name,
                "revision": self.codec.revision,
                "stride": self.codec.stride,
                "num_channels": self.codec.num_channels,
            },
            "text_revision": text_revision(self.denoiser),
            "reading": None if self.reading is None else asdict(self.reading),
            "score_units": self.units,
            "longest_s": self.longest_s,
            "step": self.step,
            "clips_seen": self.counter,
            "seconds": self.seconds,
            "num_skipped_steps": self.num_skipped,
            "recent_losses": self.recent,
            "norms": self.norms.state(),
            "validation": self.measured,
            "best": self.best,
            "earlier": self.earlier,
        }
        told: tuple[str, str] | None = None
        if self.workers.is_first:
            path, checkpoint_id = checkpoint.save(
                self._checkpoints,
                step=self.step,
                weights=named,
                ema=ema,
                optimizer=optimizer,
                state=state,
                keep=self.settings.keep_checkpoints,
            )
            if is_best:
                checkpoint.mark_best(path, self.best)
            told = (str(path), checkpoint_id)
        first = self.workers.gather(told)[0]
        assert first is not None
        return Path(first[0]), first[1]

    def _start_from(self, path: Path) -> None:
        """Begin with the averaged weights of another training, and with its units of scores."""
        found = checkpoint.load(path, with_optimizer=False)
        theirs = found.state["codec"]["revision"]
        if theirs != self.codec.revision:
            raise UserError(
                f"cannot start from {path}: it was trained with codec revision {theirs}, "
                f"`{self.settings.codec}` is {self.codec.revision}",
                f"train with its codec: --set train.codec={found.state['codec']['source']}",
            )
        shapes = {name: p.shape for name, p in self.denoiser.named_parameters()}
        if shapes != {name: value.shape for name, value in found.ema.items()}:
            raise UserError(
                f"cannot start from {path}: it is of another shape than {self.settings.size}",
                f"train at its size: --set train.size={found.state['settings']['size']}",
            )
        load_whole(self.denoiser, found.ema)
        for name, parameter in self.denoiser.named_parameters():
            self.ema[name].copy_(parameter.detach())
        self.units.update(found.state["score_units"])
        one = {name: found.state[name] for name in ("step", "clips_seen", "seconds")}
        one["checkpoint_id"] = found.checkpoint_id
        one["images_first"] = found.state["settings"]["images_first"]
        self.earlier = [*found.state["earlier"], one]

    def _load(self, path: Path) -> None:
        """Take up the state of a checkpoint of the same dataset and settings."""
        self._check_same(path, checkpoint.read_state(path))
        found = checkpoint.load(path, with_optimizer=True)
        try:
            load_whole(self.denoiser, found.weights)
        except (KeyError, RuntimeError) as error:
            raise UserError(
                f"checkpoint {path} is of another shape than {self.settings.size}",
                "train into another folder",
            ) from error
        for name, value in found.ema.items():
            self.ema[name].copy_(like(value, self.ema[name]))
        clips = {k: v for k, v in found.optimizer.items() if k.startswith(PREFIX)}
        num_clips = len(clips[f"{PREFIX}seen"])
        if num_clips != len(self.clips):
            raise UserError(
                f"cannot resume {path}: it was trained on {num_clips} clips of the dataset, and "
                f"{len(self.clips)} can be read now",
                "bring back the videos that are missing, or train into another folder",
            )
        self.optimizer.load({k: v for k, v in found.optimizer.items() if k not in clips})
        self.tallies.load(clips)
        self.units.update(found.state["score_units"])
        self.step = found.state["step"]
        self.counter = found.state["clips_seen"]
        self.seconds = found.state["seconds"]
        self.num_skipped = found.state["num_skipped_steps"]
        self.recent = found.state["recent_losses"]
        self.norms.load(found.state["norms"])
        self.measured = found.state["validation"]
        self.best = found.state["best"]
        self.earlier = found.state["earlier"]

    def _check_same(self, path: Path, state: dict[str, Any]) -> None:
        if changed := self.settings.changes_from(state["settings"]):
            raise UserError(
                f"cannot resume {path}: {', '.join(changed)}",
                "set these back, or train into another folder",
            )
        if state["dataset_id"] != self.dataset_id:
            raise UserError(
                f"cannot resume {path}: it was trained on dataset {state['dataset_id']}, "
                f"not {self.dataset_id}",
                "train into another folder, or name the dataset it was trained on",
            )
        if state["codec"]["revision"] != self.codec.revision:
            raise UserError(
                f"cannot resume {path}: its codec was {state['codec']['name']} revision "
                f"{state['codec']['revision']}, this one is {self.codec.revision}",
                "train with the codec it began with, or into another folder",
            )
        check_text(path, state, self.denoiser)


def new_denoiser(
    settings: TrainSettings, codec: Codec, texts_dir: Path | None = None
) -> flow.Denoiser:
    """Return the network that settings describe, with fresh weights.

    States of an encoder trained elsewhere are kept in `texts_dir`, where one is given.
    """
    from generator.text_states import open_text

    text = open_text(settings.text, texts_dir)
    denoiser = flow.Denoiser(
        SIZES[settings.size],
        codec.num_channels,
        scores=settings.scores,
        text_width=None if text is None else text.width,
    )
    denoiser.lookup = text
    return denoiser


def text_revision(denoiser: flow.Denoiser) -> str:
    """Return the revision of a text encoder trained elsewhere; empty for our own."""
    return "" if denoiser.lookup is None else str(getattr(denoiser.lookup, "revision", ""))


def check_text(path: Path, state: Mapping[str, Any], denoiser: flow.Denoiser) -> None:
    """Raise UserError where the text encoder is another than the checkpoint's."""
    theirs, ours = state.get("text_revision", ""), text_revision(denoiser)
    if theirs != ours:
        raise UserError(
            f"checkpoint {path} was trained with revision {theirs} of its text encoder, here is "
            f"{ours}",
            "use the text encoder that it was trained with",
        )


def unknown(pack: Pack) -> int:
    """Return how many tokens of a pack are to be predicted."""
    return int((~pack.known_N).sum())


def mine_numbered(mine: Sequence[Batch], workers: Workers) -> list[tuple[int, Batch]]:
    """Return this worker's packs with their numbers within the step."""
    return [(workers.rank + i * workers.count, batch) for i, batch in enumerate(mine)]
