"""Train in this process or in several: what each worker does, and how they are started.

A worker opens the dataset and its own reader of clips; the one who starts the workers follows
their loss curve and writes to the catalogue when they are done. Workers that torchrun started
run this whole command each; the first of them speaks and writes for all.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestration.progress import StageProgress, console, stage_progress
from orchestration.run import Run
from schemas.datasets import load_dataset
from schemas.frames import World

if TYPE_CHECKING:
    from generator.clips import Encoded, Unreadable
    from generator.settings import TrainSettings
    from generator.train import StepReport, TrainResult

Launcher = Literal["torchrun", "ray"]
_LOOK_EVERY_S = 1.0


def rank() -> int:
    """Return which of the workers that torchrun started this process is; 0 where none did."""
    return int(os.environ.get("RANK", "0")) if num_started() > 1 else 0


def num_started() -> int:
    """Return how many workers torchrun started, this one included; 1 where it started none."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def was_restarted() -> bool:
    """Return whether torchrun has started the workers again after it lost one."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def hush_unless_first() -> None:
    """Make this process say errors only, unless it is the first of the workers."""
    if rank() > 0:
        console.quiet = True
        logging.disable(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainJob:
    """The training that each worker joins; sent to processes, so it names what they then open."""

    dataset_folder: Path
    settings: TrainSettings
    out_dir: Path
    latents_dir: Path | None = None
    resume: bool
    weights: Mapping[str, float] | None = None
    make_world: Callable[[], World] | None = None
    current_dir: Path
    """From where relative paths in the settings are read, also on other nodes."""

    def __call__(self) -> Trained:
        """Train in a process that was started for this."""
        if self.current_dir.is_dir():
            os.chdir(self.current_dir)
        hush_unless_first()
        return self.train()

    def train(self, on_step: Callable[[StepReport], None] | None = None) -> Trained:
        """Train in this process; with others, where it is one of several workers."""
        from generator.train import train
        from pipeline.reader import ClipReader

        found: list[Encoded | Unreadable] = []
        reader = ClipReader()
        try:
            result = train(
                load_dataset(self.dataset_folder),
                reader,
                self.settings,
                self.out_dir,
                latents_dir=self.latents_dir,
                resume=self.resume,
                weights=self.weights,
                world=self.make_world() if self.make_world is not None else None,
                on_step=on_step,
                on_clip=found.append,
            )
        finally:
            reader.close()
        return Trained(result=result, encoded=tuple(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Where training ended, and every clip as it was found or encoded."""

    result: TrainResult
    encoded: tuple[Encoded | Unreadable, ...]


def run_job(run: Run, job: TrainJob, num_workers: int, launcher: Launcher) -> tuple[Trained, float]:
    """Train with progress; return where it ended and the seconds that it took.

    One worker of `torchrun` is this process. Raises UserError as the trainer does, before anything
    is started where the packs of a step cannot be shared out.
    """
    from generator.setup import check_workers

    with stage_progress("train", 100) as progress:
        if num_started() > 1 or (num_workers == 1 and launcher == "torchrun"):
            trained = job.train(
                lambda report: _show(progress, report.progress, report.step, report.loss)
            )
            return trained, progress.elapsed_s
        check_workers(job.settings, num_workers)
        with _following(job, progress):
            if launcher == "ray":
                run.start_ray()
                from generator.stage import train_on_ray

                # After the loss of a worker all begin again, from the last checkpoint.
                again = replace(job, resume=True)
                trained = train_on_ray(again, num_workers=num_workers, folder=job.out_dir)
            else:
                from generator.launch import launch

                trained = launch(job, num_workers)
        return trained, progress.elapsed_s


def _show(progress: StageProgress, share: float, step: int, loss: float) -> None:
    progress.advance(int(100 * share) - progress.done, f"% done, step {step}, loss {loss:.4f}")


@contextmanager
def _following(job: TrainJob, progress: StageProgress) -> Iterator[None]:
    """Show how far the workers are by the loss curve that the first of them writes."""
    done = threading.Event()

    def follow() -> None:
        while not done.wait(_LOOK_EVERY_S):
            try:
                with (job.out_dir / "losses.csv").open() as file:
                    names = file.readline().strip().split(",")
                    file.seek(max(0, os.fstat(file.fileno()).st_size - 1000))
                    last = file.read().split("\n")[-2]
                row = dict(zip(names, last.split(","), strict=True))
                step, loss, seconds = int(row["step"]), float(row["loss"]), float(row["seconds"])
            except (OSError, ValueError, IndexError, KeyError):
                continue
            minutes = job.settings.max_minutes
            by_time = seconds / (60 * minutes) if minutes else 0.0
            _show(progress, min(1.0, max(step / job.settings.steps, by_time)), step, loss)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
