"""Fine-tune a model of the hub on a frozen dataset: LoRA, or all of its language part.

The model sees a clip's frames and prompt as it does in captioning, and learns to give the
clip's caption; tokens of the prompt do not count. Everything random comes from the seed and the
number of the step, so that a run that was stopped and resumed ends as one that never stopped.
"""

from __future__ import annotations

import csv
import json
import logging
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from captioner.backends.transformers_inputs import Prepared, batches
from captioner.backends.transformers_model import Loaded, load_model
from captioner.finetuning.examples import (
    Lesson,
    Teacher,
    answer_loss,
    divide,
    make_lesson,
    num_answer_tokens,
)
from captioner.finetuning.model import make_trainable, save_trained
from captioner.finetuning.settings import FinetuneResult, FinetuneSettings, FinetuneStep
from captioner.finetuning.state import load_state, save_state
from captioner.prefetch import prefetch
from schemas.datasets import Dataset
from schemas.errors import UserError
from schemas.frames import FrameReader

log = logging.getLogger(__name__)


_MAY_CHANGE_ON_RESUME = {"checkpoint_every", "keep_checkpoints", "max_held_out"}


def finetune(
    settings: FinetuneSettings,
    dataset: Dataset,
    reader: FrameReader,
    folder: Path,
    *,
    resume: bool = False,
    on_step: Callable[[FinetuneStep], None] | None = None,
) -> FinetuneResult:
    """Train on the dataset's captions and return where the adapter or model lies.

    Writes `folder/adapter` or `folder/model`, `folder/losses.csv`, `folder/finetune.json` and
    `folder/checkpoints`. With `resume`, goes on from the newest checkpoint there, or starts
    where there is none. Raises UserError for a dataset without captions or readable clips, a
    model that cannot be had, too little memory, and a run that was begun otherwise.
    """
    import torch

    found = [make_lesson(clip, settings.prompting) for clip in dataset.clips]
    lessons = [lesson for lesson in found if lesson is not None]
    if not lessons:
        raise UserError(
            f"no clip of dataset {dataset.name} has a caption to learn from",
            "caption the clips first and freeze the dataset again, or set prompting to `auto`",
        )
    try:
        return _Run(settings, dataset, lessons, reader, folder, resume=resume).run(on_step)
    except torch.OutOfMemoryError as error:
        raise UserError(
            "the device has too little memory to fine-tune this model",
            "set micro_batch_size to 1 and gradient_checkpointing to true, lower "
            "transformers.max_frames or max_side_px, or choose the method `lora`",
        ) from error


class _Run:
    """The state of one run."""

    def __init__(
        self,
        settings: FinetuneSettings,
        dataset: Dataset,
        lessons: Sequence[Lesson],
        reader: FrameReader,
        folder: Path,
        *,
        resume: bool,
    ) -> None:
        import torch

        self._settings = settings
        self._folder = folder
        self._lessons, held_out = divide(lessons, settings.held_out, settings.seed)
        self._held_out = held_out[: settings.max_held_out]
        self._steps = settings.steps or math.ceil(
            settings.epochs * len(self._lessons) / settings.batch_size
        )
        torch.manual_seed(settings.seed)
        self._loaded = self._load()
        own = settings.transformers
        self._teacher = Teacher(
            self._loaded,
            reader,
            own,
            language=settings.language,
            max_tokens=min(settings.max_tokens, _limit(self._loaded)),
        )
        self._trained = [p for p in self._loaded.model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._trained, lr=0.0, betas=(0.9, 0.99), weight_decay=settings.weight_decay
        )
        self._identity = {
            "settings": settings.model_dump(mode="json", exclude=_MAY_CHANGE_ON_RESUME),
            "dataset_id": dataset.dataset_id,
            "model": self._loaded.name,
            "revision": self._loaded.revision,
        }
        self._first = 0
        self._losses: list[float] = []
        self._before: float | None = None
        if resume:
            self._take_up()
        else:
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)

    def run(self, on_step: Callable[[FinetuneStep], None] | None) -> FinetuneResult:
        """Train from where the run stands to its end."""
        if self._first == 0:
            self._before = self._measure()
        reports = self._folder / "losses.csv"
        _cut_curve(reports, self._first)
        with reports.open("a", newline="") as file:
            curve = csv.writer(file, lineterminator="\n")
            for report in self._train():
                numbers = (report.loss, report.learning_rate)
                curve.writerow([report.step, *(f"{number:.6g}" for number in numbers)])
                file.flush()
                if on_step is not None:
                    on_step(report)
        if not any(math.isfinite(loss) for loss in self._losses):
            raise UserError(
                "no clip of the dataset could be learnt from",
                "check that the videos still lie where they were, and raise max_tokens",
            )
        path = save_trained(self._loaded, self._folder, self._settings.method)
        result = FinetuneResult(
            path=path,
            steps=self._steps,
            num_clips=len(self._lessons),
            num_held_out=len(self._held_out),
            loss=float(np.nanmean(self._losses[-20:])),
            held_out_before=self._before,
            held_out_after=self._measure(),
        )
        told = {**asdict(result), "path": str(path.relative_to(self._folder)), **self._identity}
        (self._folder / "finetune.json").write_text(json.dumps(told, indent=2) + "\n")
        return result

    def _load(self) -> Loaded:
        own = self._settings.transformers
        is_full = self._settings.method == "full"
        # Small steps vanish in bfloat16: weights that are trained are kept in float32.
        dtype = {"dtype": "float32"} if is_full else {}
        loaded = load_model(own.model_copy(update={"adapter": None, **dtype}))
        make_trainable(loaded, self._settings)
        return loaded

    def _take_up(self) -> None:
        state = load_state(self._folder / "checkpoints", self._loaded.model, self._optimizer)
        if state is None:
            return
        if state["identity"] != self._identity:
            raise UserError(
                f"the run in {self._folder} was begun with other settings, clips or weights",
                "resume it with the same ones, or start anew in another folder",
            )
        self._first = int(state["step"])
        self._losses = [math.nan if loss is None else loss for loss in state["losses"]]
        self._before = state["held_out_before"]

    def _train(self) -> Iterator[FinetuneStep]:
        self._loaded.model.train()
        steps = range(self._first, self._steps)
        with closing(prefetch(steps, self._batch, depth=2)) as shown:
            for step, batch in zip(steps, shown, strict=True):
                report = self._step(step, batch)
                self._losses.append(report.loss)
                is_last = report.step == self._steps
                if is_last or report.step % self._settings.checkpoint_every == 0:
                    self._save(report.step)
                yield report

    def _batch(self, step: int) -> list[Prepared]:
        """Return the lessons of a step, prepared; those that cannot be are missing."""
        size, count = self._settings.batch_size, len(self._lessons)
        places = range(step * size, (step + 1) * size)
        orders = {
            epoch: np.random.default_rng([self._settings.seed, epoch]).permutation(count)
            for epoch in {place // count for place in places}
        }
        chosen = [self._lessons[orders[place // count][place % count]] for place in places]
        return [one for lesson in chosen if (one := self._teacher.prepare(lesson)) is not None]

    def _step(self, step: int, batch: Sequence[Prepared]) -> FinetuneStep:
        import torch

        started = time.perf_counter()
        torch.manual_seed(int(np.random.default_rng([self._settings.seed, step]).integers(2**62)))
        rate = self._rate(step)
        tokens = sum(num_answer_tokens(one) for one in batch)
        total = 0.0
        for micro in batches(batch, self._loaded.kind, self._settings.micro_batch_size):
            with self._precision():
                loss = answer_loss(self._loaded.model, micro, self._loaded)
            (loss / tokens).backward()
            total += float(loss.detach())
        norm = torch.nn.utils.clip_grad_norm_(self._trained, self._settings.max_grad_norm)
        is_sound = bool(batch) and math.isfinite(total) and math.isfinite(float(norm))
        if is_sound:
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            self._optimizer.step()
        else:
            log.warning("step %d is skipped: no clip, or a loss that is no number", step + 1)
        self._optimizer.zero_grad(set_to_none=True)
        return FinetuneStep(
            step=step + 1,
            num_steps=self._steps,
            loss=total / tokens if is_sound else math.nan,
            learning_rate=rate,
            num_clips=len(batch),
            num_tokens=tokens,
            seconds=time.perf_counter() - started,
        )

    def _rate(self, step: int) -> float:
        peak = self._settings.learning_rate or (1e-4 if self._settings.method == "lora" else 1e-5)
        warm = max(1, round(self._settings.warmup * self._steps))
        if step < warm:
            return peak * (step + 1) / warm
        return peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self._steps - warm)))

    def _precision(self) -> Any:
        """Return bfloat16 arithmetic for float32 weights on a GPU; elsewhere as the weights are."""
        import torch

        device = self._loaded.device.split(":")[0]
        wanted = self._settings.transformers.dtype in ("auto", "bfloat16")
        is_mixed = self._settings.method == "full" and device == "cuda" and wanted
        return torch.autocast(device, torch.bfloat16, enabled=is_mixed)

    def _measure(self) -> float | None:
        """Return the loss on the held-out clips, in nats a token; None where there are none."""
        import torch

        if not self._held_out:
            return None
        self._loaded.model.eval()
        total, tokens = 0.0, 0
        with torch.inference_mode(), self._precision():
            for one in prefetch(self._held_out, self._teacher.prepare, depth=2):
                if one is not None:
                    total += float(answer_loss(self._loaded.model, [one], self._loaded))
                    tokens += num_answer_tokens(one)
        return total / tokens if tokens else None

    def _save(self, step: int) -> None:
        more = {
            "identity": self._identity,
            "losses": [None if math.isnan(loss) else loss for loss in self._losses],
            "held_out_before": self._before,
        }
        save_state(
            self._folder / "checkpoints",
            step,
            self._loaded.model,
            self._optimizer,
            more,
            keep=self._settings.keep_checkpoints,
        )


def _limit(loaded: Loaded) -> int:
    config = loaded.model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or 1 << 30)


def _cut_curve(path: Path, step: int) -> None:
    """Keep the curve up to a step: what came after it is trained again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines()[1 : step + 1] if path.is_file() else []
    path.write_text("\n".join(["step,loss,learning_rate", *lines]) + "\n")
