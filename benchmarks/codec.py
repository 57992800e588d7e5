"""Measure the codec beside a linear one: world clips of new seeds, real clips never trained on.

python benchmarks/codec.py --codec shipped --media MEDIA_FOLDER
python benchmarks/codec.py --codec codec/codec.safetensors --fit 60 --clips 40 --out codec.json

The linear codec is fitted to other clips of the same kind and size, so it is at its best. Real
files in `HELD_OUT` are measured, all others in the folder are what it is fitted to.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from generator.autoencoder import GROUP_FRAMES, PATCH_PX
from generator.codec import Codec
from generator.codecs import open_codec
from generator.measure_codec import Kept, LinearCodec, measure
from pipeline.containment import Contained
from pipeline.reader import read_start
from pipeline.world.rushes_world import RushesWorld
from schemas.errors import MediaError

SIDES = (64, 128, 256)
FRAMES = 16
FPS = 8.0
FIRST_SEED = 2_000_000
HELD_OUT = (
    "dvr_traffic_camera.mp4",
    "mdn_rabbit.webm",
    "mdn_rabbit320.mp4",
    "mdn_rabbit320.webm",
    "sam2_02_cups.mp4",
    "te_chair22_orig_sd_bar.mp4",
    "te_chair22_large_logo_bar.mp4",
    "te_chair20_sd_bar.mp4",
    "mp_chaplin.mp4",
    "pop_trailer.ogv",
    "pop_trailer.webm",
    "st_sideways_movie.mov",
    "intel_asl_again.mkv",
)
"""Real files, with all copies of them, that the shipped codec was never trained on."""
_TIMEOUT_S = 120.0

Pixels = NDArray[np.uint8]


def world_clips(side: int, count: int, first_seed: int) -> list[Pixels]:
    """Draw clips of held-out scenes."""
    world = RushesWorld()
    found = []
    for seed in range(first_seed, first_seed + count):
        frames, _ = world.draw(
            seed=seed,
            split="held_out",
            width_px=side,
            height_px=side,
            num_frames=FRAMES,
            fps=FPS,
        )
        found.append(frames.pixels_THWC)
    return found


def real_clips(folder: Path, side: int, *, held_out: bool) -> list[Pixels]:
    """Read up to three clips of 16 frames of each file whose shorter side is large enough."""
    found: list[Pixels] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.name in HELD_OUT) == held_out:
            found += _clips_of(path, side)
    return found


def _clips_of(path: Path, side: int) -> Iterator[Pixels]:
    with Contained() as child:
        try:
            native, _ = child.call(read_start, _TIMEOUT_S, path, max_frames=1)
            if min(native.shape[1:3]) < side:
                return
            pixels, _ = child.call(
                read_start,
                _TIMEOUT_S,
                path,
                max_frames=3 * FRAMES,
                short_side_px=side,
                every_s=1 / FPS - 1e-3,
            )
        except MediaError:
            return
    height, width = (n // PATCH_PX * PATCH_PX for n in pixels.shape[1:3])
    for start in range(0, len(pixels) - GROUP_FRAMES + 1, FRAMES):
        part = pixels[start : start + FRAMES]
        part = part[: len(part) // GROUP_FRAMES * GROUP_FRAMES]
        yield np.ascontiguousarray(part[:, :height, :width])


def summary(kept: list[Kept]) -> dict[str, float]:
    """Return the medians over clips, and the median gain over the linear codec."""
    if not kept:
        return {"n": 0}
    rows = {name: [getattr(k, name) for k in kept] for name in Kept.__dataclass_fields__}
    found = {name: round(float(np.median(values)), 3) for name, values in rows.items()}
    gains = [k.psnr_db - k.linear_psnr_db for k in kept]
    return {
        "n": len(kept),
        **found,
        "gain_db": round(float(np.median(gains)), 3),
        "least_gain_db": round(min(gains), 3),
    }


def main() -> None:
    """Print a row per kind and size; write all of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codec", default="shipped")
    parser.add_argument("--media", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--fit", type=int, default=60)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    codec = open_codec(arguments.codec)
    rows = []
    for side in SIDES:
        kinds = {
            "world": (
                world_clips(side, arguments.fit, FIRST_SEED + 100_000),
                world_clips(side, arguments.clips, FIRST_SEED),
            )
        }
        if arguments.media is not None:
            kinds["real"] = (
                real_clips(arguments.media, side, held_out=False),
                real_clips(arguments.media, side, held_out=True),
            )
        for kind, (fitted, tested) in kinds.items():
            linear = LinearCodec(fitted)
            kept = [measure(codec, linear, clip) for clip in tested]
            row = {"kind": kind, "side_px": side, **summary(kept)}
            rows.append({**row, "clips": [asdict(k) for k in kept]})
            print(json.dumps(row), flush=True)
    speed = _speed(codec)
    print(json.dumps(speed))
    if arguments.out is not None:
        document = {"codec": f"{codec.name}-{codec.revision}", "rows": rows, "speed": speed}
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")


def _speed(codec: Codec) -> dict[str, float]:
    """Return frames a second of encoding and decoding at 256x256."""
    pixels = world_clips(256, 1, FIRST_SEED)[0]
    layout = codec.layout(len(pixels))
    codec.encode(pixels, layout)
    started = time.perf_counter()
    for _ in range(3):
        latents = codec.encode(pixels, layout)
    encoded = time.perf_counter()
    for _ in range(3):
        codec.decode(latents, layout, width_px=256, height_px=256)
    decoded = time.perf_counter()
    return {
        "side_px": 256,
        "encode_frames_per_s": round(3 * len(pixels) / (encoded - started), 1),
        "decode_frames_per_s": round(3 * len(pixels) / (decoded - encoded), 1),
        "threads": torch.get_num_threads(),
    }


if __name__ == "__main__":
    main()
