"""Train the tiny captioner on scenes that a world draws meanwhile, on a CPU."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from captioner.tiny.certainty import calibrate
from captioner.tiny.losses import losses, total
from captioner.tiny.match import train_matching
from captioner.tiny.measure import measure
from captioner.tiny.network import NetworkShape, TinyNetwork, mixed
from captioner.tiny.optimizer import Optimizer
from captioner.tiny.progress import TinyStep
from captioner.tiny.settings import TinySettings
from captioner.tiny.shards import Shard, pack
from captioner.tiny.stream import Drawer, Stream
from captioner.tiny.targets import Batch
from captioner.tiny.weights import load_run, load_weights, newest_run, save_run, save_weights
from captioner.tiny.writing import Written, write
from schemas.frames import World

CURVE = "curve.jsonl"
FIRST_VALIDATION_SEED = 5_000_000
_MAX_GRADIENT_NORM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyResult:
    """What a training run left behind."""

    weights_path: Path
    curve_path: Path
    step: int
    loss: float
    f1: dict[str, float]
    """Per attribute of `measure.ATTRIBUTES`, at the last look at the validation scenes."""


def train_tiny(
    settings: TinySettings,
    world: World,
    folder: Path,
    *,
    resume: bool = False,
    init: Path | None = None,
    negatives: Sequence[NDArray[np.uint8]] = (),
    on_step: Callable[[TinyStep], None] | None = None,
) -> TinyResult:
    """Train until the step or minute limit, then match text and clips; return the weights.

    `folder` gets `tiny.safetensors` (the averaged weights, which `TinyReader.load` opens),
    `curve.jsonl` (losses, and facts read right on fixed validation scenes), the newest
    checkpoint and the scenes in use. With `resume` the run goes on from the checkpoint there.
    `init` starts from weights instead of from nothing. `negatives` are clips (T x H x W x 3,
    uint8, sides of 64 pixels and more) that show no scene of the world.
    """
    if settings.num_threads is not None:
        torch.set_num_threads(settings.num_threads)
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(settings, world, folder, resume=resume, init=init, negatives=negatives)
    return run.train(on_step)


class _Run:
    """The state of one run: network, average, optimizer and counters."""

    def __init__(
        self,
        settings: TinySettings,
        world: World,
        folder: Path,
        *,
        resume: bool,
        init: Path | None,
        negatives: Sequence[NDArray[np.uint8]],
    ) -> None:
        self.settings = settings
        self.world = world
        self.folder = folder
        self.negatives = negatives
        torch.manual_seed(settings.seed)
        self.network = TinyNetwork(network_shape(settings))
        self.network.stem.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = TinyNetwork(self.network.shape)
        self.optimizer = Optimizer(self.network, weight_decay=settings.weight_decay)
        self.step = 0
        self.seconds = 0.0
        self.loss = math.nan
        self.f1: dict[str, float] = {}
        newest = newest_run(folder) if resume else None
        if newest is not None:
            self._load(newest)
        elif init is not None:
            load_weights(init).fill(self.network)
            self.average.load_state_dict(self.network.state_dict())
        else:
            self.average.load_state_dict(self.network.state_dict())

    def train(self, on_step: Callable[[TinyStep], None] | None) -> TinyResult:
        """Step until the limit; write the curve and the checkpoints."""
        settings = self.settings
        validation = self._validation()
        curve_path = self.folder / CURVE
        self._keep_curve(curve_path)
        stream = Stream(settings, self.folder / "pool", negatives=self.negatives)
        first = stream.shards_of(self.step).start
        drawer = stream.drawer = Drawer(self.world, settings, self.folder / "pool", first)
        try:
            with ThreadPoolExecutor(1) as loader, curve_path.open("a") as curve:
                following = loader.submit(stream.batch, self.step)
                while self._progress() < 1:
                    batch = following.result()
                    following = loader.submit(stream.batch, self.step + 1)
                    report = self._step(batch)
                    curve.write(json.dumps(asdict(report)) + "\n")
                    is_last = self._progress() >= 1
                    if self.step % settings.validate_every == 0 or is_last:
                        self._validate(validation, curve)
                    if self.step % settings.checkpoint_every == 0 or is_last:
                        curve.flush()
                        self._save()
                    if on_step is not None:
                        on_step(report)
            path = self._finish(stream, validation, on_step)
        finally:
            drawer.stop()
        return TinyResult(
            weights_path=path, curve_path=curve_path, step=self.step, loss=self.loss, f1=self.f1
        )

    def _finish(
        self, stream: Stream, validation: Shard, on_step: Callable[[TinyStep], None] | None
    ) -> Path:
        """Match texts and clips, ask for certainty, and write the weights."""
        self.average.eval()
        about: dict[str, Any] = {
            "settings": self.settings.model_dump(mode="json"),
            "steps": self.step,
            "least": calibrate(zip(self._captions(validation), validation.facts, strict=True)),
        }
        matcher = None
        if self.settings.match_steps:
            matcher, vocabulary = train_matching(
                self.settings,
                self.average,
                stream,
                stream.shards_of(self.step).start,
                curve=self.folder / CURVE,
                on_step=on_step,
            )
            about |= {"matcher": asdict(matcher.shape), "words": vocabulary.words}
        return save_weights(
            self.folder / "tiny.safetensors", self.average, match=matcher, about=about
        )

    def _progress(self) -> float:
        minutes = self.settings.max_minutes
        by_time = 0.0 if minutes is None else self.seconds / (60 * minutes)
        return max(self.step / self.settings.steps, by_time)

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / (self.settings.warmup_steps + 1))
        return warm * min(1.0, (1 - self._progress()) / self.settings.cooldown_share)

    def _step(self, batch: Batch) -> TinyStep:
        started = time.perf_counter()
        rate = self._rate()
        with mixed():
            seen = self.network.encode(batch.frames_BTHWC, batch.times_T)
            logits = self.network.next_words(batch.tokens_BN[:, :-1], seen.memory_BND)
        found = losses(seen, logits, batch)
        loss = total(found)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), _MAX_GRADIENT_NORM)
        if math.isfinite(norm.item()):
            self.optimizer.step(
                matrix_rate=rate * self.settings.matrix_rate,
                other_rate=rate * self.settings.other_rate,
            )
        else:
            self.network.zero_grad()
        self.step += 1
        self._average()
        self.loss = loss.item()
        self.seconds += time.perf_counter() - started
        return TinyStep(
            step=self.step,
            num_steps=self.settings.steps,
            loss=self.loss,
            losses={name: round(value.item(), 5) for name, value in found.items()},
            rate=rate,
            seconds=self.seconds,
        )

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.settings.average_decay, self.step / (self.step + 20))
        ours: list[Tensor] = [*self.average.parameters()]
        theirs: list[Tensor] = [*self.network.parameters()]
        torch._foreach_lerp_(ours, theirs, 1 - keep)

    def _validation(self) -> Shard:
        count = self.settings.validation_scenes
        clips = [
            self.world.draw_tracked(
                seed=FIRST_VALIDATION_SEED + i,
                split="seen",
                width_px=64,
                height_px=64,
                num_frames=16,
                fps=8,
            )
            for i in range(count)
        ]
        return pack(clips)

    def _validate(self, shard: Shard, curve: TextIO) -> None:
        started = time.perf_counter()
        facts = [item.facts for item in self._captions(shard)]
        found = measure(zip(facts, shard.facts, strict=True))
        self.f1 = {
            name: round(2 * t.num_right / max(t.num_stated + t.num_true, 1), 4)
            for name, t in found.by_attribute.items()
        }
        row = {
            "step": self.step,
            "seconds": self.seconds,
            "validation_f1": self.f1,
            "false_share": found.false_share,
            "made_up_share": found.made_up_share,
            "exact_share": found.exact_share,
            "took_s": time.perf_counter() - started,
        }
        curve.write(json.dumps(row) + "\n")
        curve.flush()

    def _captions(self, shard: Shard) -> list[Written]:
        captions = []
        for start in range(0, len(shard.facts), 32):
            frames = torch.from_numpy(shard.frames_NTHWC[start : start + 32])
            with torch.inference_mode(), mixed():
                seen = self.average.encode(frames, torch.from_numpy(shard.times_T).float())
                captions += write(self.average, seen.memory_BND, "long")
        return captions

    def _keep_curve(self, path: Path) -> None:
        """Drop what a broken run wrote after its last checkpoint."""
        rows = path.read_text().splitlines() if path.is_file() else []
        kept = [row for row in rows if json.loads(row)["step"] <= self.step]
        path.write_text("".join(f"{row}\n" for row in kept if self.step))

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {}
        for start, module in (("network", self.network), ("average", self.average)):
            tensors |= {f"{start}/{name}": value for name, value in module.state_dict().items()}
        tensors |= {f"optimizer/{name}": value for name, value in self.optimizer.state().items()}
        state = {"step": self.step, "seconds": self.seconds, "loss": self.loss}
        save_run(self.folder, tensors, state | {"settings": self.settings.model_dump(mode="json")})

    def _load(self, path: Path) -> None:
        tensors, state = load_run(path)

        def part(start: str) -> dict[str, Tensor]:
            begin = f"{start}/"
            return {k.removeprefix(begin): v for k, v in tensors.items() if k.startswith(begin)}

        self.network.load_state_dict(part("network"))
        self.average.load_state_dict(part("average"))
        self.optimizer.load(part("optimizer"))
        self.step, self.seconds, self.loss = state["step"], state["seconds"], state["loss"]


def network_shape(settings: TinySettings) -> NetworkShape:
    """Return the sizes of the network that the settings ask for."""
    return NetworkShape(
        width=settings.width,
        stem_widths=settings.stem_widths,
        heads=settings.heads,
        mix_blocks=settings.mix_blocks,
        slot_blocks=settings.slot_blocks,
        decoder_width=settings.decoder_width,
        decoder_blocks=settings.decoder_blocks,
    )
