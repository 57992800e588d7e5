"""Measure how long the transformers backend waits for frames while it captions.

OMP_NUM_THREADS=1 python benchmarks/captioner_waiting.py --clips 12

Draws footage of 1280x720, 25 frames a second, keyframes 250 frames apart, and captions its clips
of four seconds by a SmolVLM with random weights (small, so that it needs its frames sooner than
a real one) through the same pieces as `captioner/stage.py`: `make_requests` over `ClipReader`,
`prefetch`, `TransformersCaptioner.answer`. Beside it the same without reading ahead.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from captioner.backends.transformers import TransformersCaptioner
from captioner.prefetch import prefetch
from captioner.request import Attempt, CaptionRequest
from captioner.requests import ClipRow, make_requests
from captioner.settings import CaptionSettings, TransformersSettings
from pipeline.media import Decoding, write_video
from pipeline.reader import ClipReader
from schemas.frames import ClipRef
from tests.captioner.checkpoints import Size, make_smolvlm

RESULT = Path(__file__).parent / "results" / "captioner_waiting.json"
WIDTH_PX, HEIGHT_PX, FPS = 1280, 720, 25
CLIP_S, CLIPS_PER_VIDEO = 4, 6
SIZE = Size(
    hidden=384,
    layers=12,
    heads=6,
    mlp=1024,
    vision_hidden=384,
    vision_layers=8,
    image_px=256,
    patch_px=16,
    vocabulary=4000,
)
"""About a tenth of SmolVLM2-500M, in both its parts."""


def main() -> None:
    """Print the shares of time spent waiting, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument(
        "--out", type=Path, default=Path("benchmarks/results/captioner_waiting.json")
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = draw(folder, arguments.clips)
        settings = CaptionSettings(
            backend="transformers",
            batch_size=arguments.batch,
            transformers=TransformersSettings(
                model=str(make_smolvlm(folder / "model", size=SIZE)),
                device="cpu",
                dtype="float32",
                batch_size=arguments.batch,
            ),
        )
        captioner = TransformersCaptioner(settings)
        attempt = Attempt(prompting="prose", max_new_tokens=arguments.new_tokens)
        weights = sum(w.numel() for w in captioner._loaded.model.parameters())
        found: dict[str, object] = {
            "clips": len(clips),
            "model_weights_millions": round(weights / 1e6, 1),
            "load_average": [round(load, 1) for load in os.getloadavg()],
        }
        # One way, the other twice, the first again: a machine that others use drifts.
        runs = [
            (depth, run(captioner, clips, settings, attempt, depth=depth)) for depth in (0, 2, 2, 0)
        ]
        for name, depth in (("one_after_the_other", 0), ("reading_ahead", 2)):
            found[name] = told = shares([spent for way, spent in runs if way == depth])
            print(name, told)
        arguments.out.write_text(json.dumps(found, indent=2) + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of one run over `num_clips` clips, and its wait for each batch."""

    num_clips: int
    num_frames: int
    seconds: float
    waits_s: tuple[float, ...]


def shares(runs: Sequence[Spent]) -> dict[str, float]:
    """Return what several runs of one kind took together."""
    seconds = sum(spent.seconds for spent in runs)
    waited = sum(sum(spent.waits_s) for spent in runs)
    first = sum(spent.waits_s[0] for spent in runs)
    clips = sum(spent.num_clips for spent in runs)
    return {
        "clips_per_s": round(clips / seconds, 3),
        "frames_per_clip": round(sum(spent.num_frames for spent in runs) / clips, 1),
        "waited_share": round(waited / seconds, 4),
        "waited_share_after_first_batch": round((waited - first) / (seconds - first), 4),
    }


def run(
    captioner: TransformersCaptioner,
    clips: Sequence[ClipRow],
    settings: CaptionSettings,
    attempt: Attempt,
    *,
    depth: int,
) -> Spent:
    """Caption all clips once, reading `depth` batches ahead."""
    reader = ClipReader()
    size = settings.batch_size
    batches = [clips[i : i + size] for i in range(0, len(clips), size)]

    def read(batch: Sequence[ClipRow]) -> list[CaptionRequest]:
        return [
            request
            for clip in batch
            for request in make_requests(clip, captioner.view, settings, reader)
        ]

    reader.read(clips[0].ref, frame_offsets=[0], width_px=64, height_px=36)  # start its process
    ready: Iterator[list[CaptionRequest]] = (
        prefetch(batches, read, depth=depth) if depth else map(read, batches)
    )
    waits, answered, num_frames = [], 0, 0
    begun = time.perf_counter()
    for _ in batches:
        asked = time.perf_counter()
        requests = next(ready)
        waits.append(time.perf_counter() - asked)
        answers = captioner.answer(requests, attempt)
        answered += sum(answer.status == "ok" for answer in answers)
        num_frames += sum(len(request.frame_indices) for request in requests)
    seconds = time.perf_counter() - begun
    reader.close()
    assert answered == len(clips)
    return Spent(num_clips=answered, num_frames=num_frames, seconds=seconds, waits_s=tuple(waits))


def draw(folder: Path, count: int) -> list[ClipRow]:
    """Write videos that hold `count` clips of a texture that moves, and return the clips."""
    rng = np.random.default_rng(0)
    clips: list[ClipRow] = []
    for number in range(-(-count // CLIPS_PER_VIDEO)):
        path = folder / f"video_{number}.mp4"
        coarse = rng.integers(0, 255, (HEIGHT_PX // 8, WIDTH_PX // 4, 3), dtype=np.uint8)
        canvas = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
        num_frames = CLIPS_PER_VIDEO * CLIP_S * FPS
        shifts = (3 * np.arange(num_frames)) % WIDTH_PX
        write_video(path, (canvas[:, s : s + WIDTH_PX] for s in shifts), fps=FPS, crf=23)
        decoding = Decoding(path)
        pts = [picture.pts for picture in decoding]
        length = CLIP_S * FPS
        for start in range(0, num_frames, length):
            ref = ClipRef(
                clip_id=f"clip_{number}_{start}",
                video_id=f"video_{number}",
                uri=str(path),
                start_frame=start,
                frame_pts=tuple(pts[start : start + length]),
                end_pts=2 * pts[start + length - 1] - pts[start + length - 2],
                time_base_num=decoding.time_base.num,
                time_base_den=decoding.time_base.den,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                reader="decord",
            )
            clips.append(ClipRow(ref=ref, start_s=0.0, end_s=CLIP_S, fps=FPS, scores={}, stored=()))
    return clips[:count]


if __name__ == "__main__":
    main()
