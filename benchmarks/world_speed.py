"""Measure how fast scenes are planned, drawn and read: one core, one process.

python benchmarks/world_speed.py --clips 200
"""

from __future__ import annotations

import argparse
import time

import cv2

from pipeline.world.rushes_world import RushesWorld, frames_of


def main() -> None:
    """Print clips per second of drawing and of reading."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--fps", type=float, default=8)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    world = RushesWorld()
    spent = {"draw": 0.0, "read": 0.0}
    for seed in range(arguments.clips):
        start = time.perf_counter()
        drawn = world.scene(
            seed=seed,
            split="train",
            width_px=arguments.size,
            height_px=arguments.size,
            num_frames=arguments.frames,
            fps=arguments.fps,
        )
        middle = time.perf_counter()
        world.read(frames_of(drawn))
        spent["draw"] += middle - start
        spent["read"] += time.perf_counter() - middle
    for name, seconds in spent.items():
        print(f"{name}: {arguments.clips / seconds:.0f} clips/s")


if __name__ == "__main__":
    main()
