"""Caption 1,000 clips and kill the run in the middle; measure the rate beside plain decoding.

python benchmarks/captioner_run.py --folder thousand --out captioner_run.json

Draws footage of the world (shots of 1.5 seconds, 320x180, 24 frames a second), curates it,
captions it with `--backend`, kills that run with SIGKILL when about half is committed, runs it
again, and counts captions per clip. Then every clip is decoded once more at the size that the
captioner asks for, and nothing else is done: the rate of captioning is told as a share of that.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# As `rushes` sets it for its workers; it counts only before the first import of torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from captioner.backends.tiny import FPS, SHORT_SIDE_PX
from captioner.request import FrameView
from captioner.requests import ClipRows, make_requests
from captioner.settings import CaptionSettings
from pipeline.media import write_video
from pipeline.reader import ClipReader
from pipeline.world.rushes_world import RushesWorld
from schemas.catalog import Catalog
from schemas.errors import UserError

SHOTS_PER_VIDEO = 30
WIDTH_PX, HEIGHT_PX, NUM_FRAMES, RATE = 320, 180, 36, 24.0
FIRST_SEED = 3_000_000
SHOTS_PER_CLIP = 1.4
"""Shots drawn for every clip wanted: still and alike ones are dropped, some cuts not found."""


def main() -> None:
    """Print and write what was counted and measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for footage and catalogue")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--backend", default="tiny")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    footage, root = arguments.folder / "footage", arguments.folder / "catalog"
    draw(footage, arguments.clips)
    rushes("curate", str(footage), "--catalog", str(root), "--set", "split.min_clip_s=0.5")
    catalog = Catalog.open(root)
    num_clips = len(catalog.column("select clip_id from survivors"))
    caption = ["caption", "--catalog", str(root), "--backend", arguments.backend]
    at_kill = kill_half_way(caption, root, num_clips)
    started = time.monotonic()
    rushes(*caption)
    second_s = time.monotonic() - started
    catalog.refresh()
    counts = catalog.rows(
        """
        select clip_id, kind, count(*) as n, min(captioner) as captioner from captions
        where status = 'ok' group by clip_id, kind
        """
    )
    long = [row for row in counts if row["kind"] == "long"]
    found: dict[str, Any] = {
        "backend": arguments.backend,
        "num_clips": num_clips,
        "committed_at_kill": at_kill,
        "captioned": len(long),
        "twice": sum(row["n"] > 1 for row in counts),
        "by_captioner": {
            name: sum(row["captioner"] == name for row in long)
            for name in sorted({row["captioner"] for row in long})
        },
        "second_run_s": round(second_s, 1),
    }
    found |= rates(catalog, root, num_clips, arguments.backend)
    print(json.dumps(found, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n")


def draw(folder: Path, num_clips: int) -> None:
    """Write videos of hard-cut shots, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    world = RushesWorld()
    for video in range(math.ceil(SHOTS_PER_CLIP * num_clips / SHOTS_PER_VIDEO)):
        path = folder / f"{video:03d}.mp4"
        if path.exists():
            continue
        shots = []
        for shot in range(SHOTS_PER_VIDEO):
            frames, _ = world.draw(
                seed=FIRST_SEED + video * SHOTS_PER_VIDEO + shot,
                split="seen",
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                num_frames=NUM_FRAMES,
                fps=RATE,
            )
            shots.append(frames.pixels_THWC)
        write_video(path, iter(np.concatenate(shots)), fps=RATE)


def rushes(*arguments: str) -> None:
    """Run a command to its end."""
    subprocess.run([str(Path(sys.executable).with_name("rushes")), *arguments], check=True)


def kill_half_way(command: list[str], root: Path, num_clips: int) -> int:
    """Start a command; kill it with all its processes when half is done; return how much."""
    name = str(Path(sys.executable).with_name("rushes"))
    run = subprocess.Popen([name, *command], start_new_session=True)
    done = 0
    while run.poll() is None:
        time.sleep(0.2)
        done = len(set(Catalog.open(root).column("select clip_id from captions")))
        if done >= num_clips // 2:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            break
    return done


def rates(catalog: Catalog, root: Path, num_clips: int, backend: str) -> dict[str, float]:
    """Return clips per second of one worker captioning, and of decoding alone."""
    from captioner.stage import CaptionWorker

    ids = catalog.column("select clip_id from survivors order by clip_id")[:256]
    settings = CaptionSettings(backend=backend)
    view = FrameView(source="clip", max_frames=4096, fps=FPS, max_short_side_px=SHORT_SIDE_PX)
    clips, reader = ClipRows(root, catalog.choices()).read(ids), ClipReader()
    list(make_requests(clips[0], view, settings, reader))  # the child process starts
    started = time.monotonic()
    for clip in clips:
        list(make_requests(clip, view, settings, reader))
    decode_s = time.monotonic() - started
    reader.close()
    worker = CaptionWorker(root, settings, catalog.choices(), ClipReader)
    list(worker(ids[:8]))
    worker.waited_s = 0.0
    started = time.monotonic()
    list(worker(ids))
    caption_s = time.monotonic() - started
    return {
        "decoded_clips_per_s": round(len(ids) / decode_s, 1),
        "captioned_clips_per_s": round(len(ids) / caption_s, 1),
        "share_of_decoding": round(decode_s / caption_s, 3),
        "waited_for_frames_share": round(worker.waited_s / caption_s, 3),
    }


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error.message}")
