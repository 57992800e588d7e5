"""Is anything in the chain made for the world alone? Real clips, learned by heart and sampled.

rushes run recipes/curate.toml --catalog real       # with your footage; freeze a few clips
rushes train generator --dataset few --catalog real --set train.max_minutes=15 ...
python benchmarks/real_overfit.py --catalog real --dataset few --out overfit.png

Each clip of the dataset is sampled from its own caption. A sample is recognised where the clip
that it is most like, of all clips in the dataset, is its own; chance is one in their number.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.clips import box_of, frame_offsets, training_size
from generator.measure_codec import psnr_db, reconstruct
from generator.sample import load_checkpoint, sample
from generator.settings import SampleSettings
from generator.setup import clip_size
from orchestration.datasets import open_dataset
from orchestration.evaluate import contact_sheet
from orchestration.sampling import find_checkpoint
from pipeline.media import write_picture
from pipeline.reader import ClipReader
from schemas.catalog import Catalog
from schemas.mix import choose_kind, shown_captions

Pixels = NDArray[np.uint8]


def likeness(one: Pixels, other: Pixels) -> float:
    """Return the correlation of two clips' pixels, the other brought to the one's size."""
    from generator.make import resized

    _, height, width, _ = one.shape
    frames = np.linspace(0, len(other) - 1, len(one)).round().astype(int)
    scaled = resized(np.ascontiguousarray(other[frames]), width, height)
    return float(np.corrcoef(one.ravel().astype(float), scaled.ravel().astype(float))[0, 1])


def main() -> None:
    """Sample every clip's caption and print how many samples are recognised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--checkpoint")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--guidance-scale", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=Path("overfit.png"))
    args = parser.parse_args()
    catalog = Catalog.open(args.catalog)
    dataset = open_dataset(catalog, args.dataset)
    path, checkpoint_id = find_checkpoint(catalog, args.checkpoint)
    loaded = load_checkpoint(path)
    settings = loaded.train_settings
    size = clip_size(settings, loaded.codec)
    reader = ClipReader()
    clips: list[Pixels] = []
    captions: list[str] = []
    rates: list[float] = []
    for item in dataset.clips:
        width, height = training_size(
            *box_of(item.ref), max_pixels=size.max_pixels, multiple=size.multiple
        )
        offsets, fps = frame_offsets(item.ref, item.fps, settings.fps)
        offsets = offsets[: settings.max_frames]
        frames = reader.read(item.ref, frame_offsets=offsets, width_px=width, height_px=height)
        clips.append(frames.pixels_THWC)
        rates.append(fps)
        texts = shown_captions(item.captions)
        captions.append(texts[choose_kind(settings.captions, texts, 0.5) or next(iter(texts))])
    reader.close()
    samples = [
        sample(
            loaded,
            caption,
            SampleSettings(
                width_px=clip.shape[2],
                height_px=clip.shape[1],
                seconds=len(clip) / fps,
                fps=fps,
                num_steps=args.steps,
                guidance_scale=args.guidance_scale,
            ),
        )
        for clip, caption, fps in zip(clips, captions, rates, strict=True)
    ]
    found = [int(np.argmax([likeness(made, clip) for clip in clips])) for made in samples]
    own = [likeness(made, clip) for made, clip in zip(samples, clips, strict=True)]
    print(
        json.dumps(
            {
                "checkpoint_id": checkpoint_id,
                "num_clips": len(clips),
                "recognised": sum(i == f for i, f in enumerate(found)),
                "correlation_median": float(np.median(own)),
                "codec_psnr_db_median": float(
                    np.median([psnr_db(clip, reconstruct(loaded.codec, clip)) for clip in clips])
                ),
            },
            indent=1,
        )
    )
    rows = []
    for clip, made in zip(clips, samples, strict=True):
        every = max(1, len(clip) // 8)
        rows += [(clip[::every], (True,) * len(clip[::every]))]
        rows += [(made[::every], (False,) * len(made[::every]))]
    write_picture(args.out, contact_sheet(rows))


if __name__ == "__main__":
    main()
