"""Train the codec on a frozen dataset: what it reads and writes, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.datasets import open_dataset
from orchestration.progress import say, stage_progress
from orchestration.weights import clip_weights
from schemas.catalog import Catalog
from schemas.errors import UserError

if TYPE_CHECKING:
    from generator.settings import CodecSettings
    from generator.train_codec import CodecResult


def train_codec_on(
    catalog_path: Path, name: str, settings: CodecSettings, out: Path, *, resume: bool
) -> CodecResult:
    """Train on a dataset of the catalogue into the folder `out`.

    Raises UserError where training was begun there and `resume` does not say to go on.
    """
    from generator.train_codec import train_codec
    from pipeline.reader import ClipReader

    catalog = Catalog.open(catalog_path)
    dataset = open_dataset(catalog, name)
    if (out / "checkpoints").is_dir() and not resume:
        raise UserError(
            f"training a codec was begun in {out} already",
            "go on with --resume, or name another folder: --out DIR",
        )
    weights = clip_weights(catalog, dataset, settings.weights)
    reader = ClipReader()
    try:
        with stage_progress("codec", 100) as progress:
            result = train_codec(
                dataset,
                reader,
                settings,
                out,
                resume=resume,
                weights=weights,
                on_step=lambda step: progress.advance(
                    int(100 * step.progress) - progress.done,
                    f"% done, step {step.step}, {step.psnr_db:.1f} dB",
                ),
            )
    finally:
        reader.close()
    say(
        f"  codec    {result.step:>6} steps   {progress.elapsed_s:7.1f} s   "
        f"{result.psnr_db:.2f} dB on crops of {result.num_clips} clips"
    )
    for clip_id in result.unreadable:
        say(f"  codec    cannot be read: {clip_id}")
    return result
