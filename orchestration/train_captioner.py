"""`rushes train captioner`: our own on footage drawn afresh, or a model of the hub on a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from orchestration.progress import say, stage_progress
from pipeline.containment import Contained
from pipeline.ingest import find_files
from pipeline.reader import read_start
from schemas.errors import MediaError, UserError

if TYPE_CHECKING:
    from captioner.finetuning.settings import FinetuneSettings
    from captioner.tiny.settings import TinySettings
    from captioner.tiny.train import TinyResult

NEGATIVE_FRAMES = 240
NEGATIVE_EVERY_S = 0.11
NEGATIVE_SHORT_SIDE_PX = 80
MIN_NEGATIVE_FRAMES = 8
_READ_LIMIT_S = 300.0


def train_tiny_captioner(
    settings: TinySettings,
    folder: Path,
    *,
    resume: bool,
    init: str | None,
    negatives: Sequence[Path],
) -> TinyResult:
    """Train our own captioner on scenes drawn meanwhile; the weights go to `folder`.

    `init` is a file of weights to start from, or `shipped` for those that come with Rushes.
    `negatives` are files and folders of other footage, which it learns to refuse. Raises
    UserError where `folder` holds a run that was begun and is not to be gone on with.
    """
    from captioner.tiny.train import train_tiny
    from pipeline.world.rushes_world import RushesWorld

    if (folder / "curve.jsonl").exists() and not resume:
        raise UserError(
            f"training was begun already in {folder}", "go on with --resume, or name another --out"
        )
    others = read_negatives(negatives)
    with stage_progress("train", 100) as progress:
        result = train_tiny(
            settings,
            RushesWorld(),
            folder,
            resume=resume,
            init=_weights(init),
            negatives=others,
            on_step=lambda step: progress.advance(
                int(100 * step.step / max(1, step.num_steps)) - progress.done,
                f"% done, step {step.step}, loss {step.loss:.3f}",
            ),
        )
    say(f"  train    {result.step:>6} steps   {progress.elapsed_s:7.1f} s   loss {result.loss:.3f}")
    return result


def _weights(name: str | None) -> Path | None:
    if name is None:
        return None
    if name == "shipped":
        from captioner.tiny.reader import SHIPPED

        return SHIPPED
    if not Path(name).is_file():
        raise UserError(f"no weights at {name}", "name a .safetensors file, or `shipped`")
    return Path(name)


def finetune_captioner(
    settings: FinetuneSettings, catalog: Path, dataset: str, folder: Path, *, resume: bool
) -> dict[str, Any]:
    """Fine-tune a model of the hub on a frozen dataset; say where it is and what it learned.

    The entry `use` holds the options by which `rushes caption` takes what was learned.
    """
    from captioner.finetune import finetune
    from orchestration.datasets import open_dataset
    from pipeline.reader import ClipReader
    from schemas.catalog import Catalog

    data = open_dataset(Catalog.open(catalog), dataset)
    reader = ClipReader()
    try:
        with stage_progress("train", 100) as progress:
            result = finetune(
                settings,
                data,
                reader,
                folder,
                resume=resume,
                on_step=lambda step: progress.advance(
                    int(100 * step.step / max(1, step.num_steps)) - progress.done,
                    f"% done, step {step.step}, loss {step.loss:.3f}",
                ),
            )
    finally:
        reader.close()
    say(
        f"  train    {result.steps:>6} steps   {progress.elapsed_s:7.1f} s   loss "
        f"{result.loss:.3f}, held out {result.held_out_before} -> {result.held_out_after}"
    )
    model = settings.transformers.model
    use = f"--model {result.path}"
    if settings.method == "lora":
        use = f"--set caption.transformers.adapter={result.path}"
        use += f" --model {model}" if model else ""
    return {**asdict(result), "use": use}


def read_negatives(paths: Sequence[Path]) -> list[NDArray[np.uint8]]:
    """Return the starts of other footage: T x H x W x 3 RGB, about nine frames a second.

    Files that cannot be read, or are too short, are left out.
    """
    if not paths:
        return []
    found = find_files(paths)
    child = Contained(memory_limit_mb=8192)
    clips = []
    try:
        for file in found:
            try:
                pixels, _ = child.call(
                    read_start,
                    _READ_LIMIT_S,
                    Path(file.path),
                    max_frames=NEGATIVE_FRAMES,
                    short_side_px=NEGATIVE_SHORT_SIDE_PX,
                    every_s=NEGATIVE_EVERY_S,
                )
            except MediaError:
                continue
            if len(pixels) >= MIN_NEGATIVE_FRAMES:
                clips.append(pixels)
    finally:
        child.close()
    return clips
